/**
 * Threads of our own for what takes a processor: compressing, and digests. Node's own (four, by `UV_THREADPOOL_SIZE`) also
 * read and sync files and look up hosts, which must not wait behind it, and are no more where there are more cores.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

import { giveBack } from './memory';
import { programOf, type Answer, type Task } from './program';
import { Slots } from './slots';

/** Threads beyond these only take memory. */
const MOST_THREADS = 16;
/** Slices that are in the hands of the pool, for each thread: the one it works on, and the next. */
const EACH = 2;
/** A thread that had nothing to do for so long ends. */
const IDLE_MS = 10_000;

/** One slice, compressed so that other pieces can be before and after it. */
export interface Deflated {
  bytes: Buffer;
  /** Of the slice as it was, as its length. */
  crc32: number;
  length: number;
}

/** A bounded number of threads, which hold a bounded number of slices. */
export class ThreadPool {
  /** Slices that are being compressed, or wait for it. */
  readonly slots: Slots;
  private readonly threads = new Set<Thread>();

  /** @param size threads: as many as there are cores */
  constructor(
    readonly size = Math.min(MOST_THREADS, availableParallelism()),
    private readonly idleMs = IDLE_MS,
  ) {
    this.slots = new Slots(size * EACH);
  }

  /**
   * Compresses one slice (gzip level 1). The outer promise waits until the pool has room: who awaits it before the next
   * slice is read never holds more than one.
   * @param slice is the pool's from now on: its memory is taken away, unless it is a part of a larger one
   */
  async deflate(slice: Buffer): Promise<{ done: Promise<Deflated> }> {
    const { length } = slice;
    await this.slots.take();
    const done = this.leastBusy()
      .ask({ kind: 'deflate', bytes: ownBytes(slice) })
      .then(({ out = new Uint8Array(), crc32 = 0 }) => {
        return { bytes: Buffer.from(out.buffer, out.byteOffset, out.byteLength), crc32, length };
      })
      .finally(() => this.slots.give());
    // Whoever asked looks at it later, or has failed before.
    done.catch(() => undefined);
    return { done };
  }

  /** Begins a SHA-256, which one of the threads computes. */
  sha256(): ThreadHash {
    return new ThreadHash(this.leastBusy());
  }

  /** How many threads there are now. */
  get running(): number {
    return this.threads.size;
  }

  private leastBusy(): Thread {
    let best: Thread | undefined;
    for (const thread of this.threads) {
      if (best === undefined || thread.load < best.load) best = thread;
    }
    if (best !== undefined && (best.load === 0 || this.threads.size >= this.size)) return best;
    const thread = new Thread(this.idleMs, () => this.threads.delete(thread));
    this.threads.add(thread);
    return thread;
  }
}

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/** A task as it is asked for. */
type Asked = Task extends infer T ? (T extends Task ? Omit<T, 'id'> : never) : never;

/** One thread, which ends by itself when it is not used. */
class Thread {
  private readonly worker: Worker;
  private readonly asked = new Map<number, Waiting>();
  private ids = 0;
  private held = 0;
  private ended: Error | undefined;
  private idle: NodeJS.Timeout | undefined;

  /** @param onEnd called once, before it can be asked for anything in vain */
  constructor(
    private readonly idleMs: number,
    private readonly onEnd: () => void,
  ) {
    this.worker = new Worker(programOf(), {
      eval: true,
      name: 'anaplan-bytes',
      // Nothing of what the process was started with: no secret, no module that is loaded first.
      env: {},
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 32, stackSizeMb: 1 },
    });
    this.worker.on('error', (error: Error) => this.end(error));
    this.worker.on('exit', () => this.end(new Error('a thread that compresses has ended')));
    this.worker.on('message', (answer: Answer) => this.take(answer));
  }

  /** What it has to do, and keeps for others. */
  get load(): number {
    return this.asked.size + this.held;
  }

  /** Keeps it from ending until `release`, because it holds a digest. @returns the digest's number */
  hold(): number {
    this.held += 1;
    clearTimeout(this.idle);
    return ++this.ids;
  }

  release(): void {
    this.held -= 1;
    this.rest();
  }

  ask(task: Asked): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      if (this.ended) {
        reject(this.ended);
        return;
      }
      clearTimeout(this.idle);
      const id = ++this.ids;
      this.asked.set(id, { resolve, reject });
      this.worker.ref();
      this.worker.postMessage({ ...task, id }, 'bytes' in task ? [task.bytes.buffer as ArrayBuffer] : []);
    });
  }

  private take(answer: Answer): void {
    const waiting = this.asked.get(answer.id);
    this.asked.delete(answer.id);
    this.rest();
    if (answer.back) giveBack(answer.back);
    if (answer.error === undefined) waiting?.resolve(answer);
    else waiting?.reject(new Error(answer.error));
  }

  /** An idle thread keeps no process alive, and ends after a while. */
  private rest(): void {
    if (this.load > 0 || this.ended) return;
    this.worker.unref();
    clearTimeout(this.idle);
    this.idle = setTimeout(() => {
      this.end(new Error('an idle thread has ended'));
      void this.worker.terminate();
    }, this.idleMs);
    this.idle.unref();
  }

  private end(error: Error): void {
    if (this.ended) return;
    this.ended = error;
    clearTimeout(this.idle);
    this.onEnd();
    for (const waiting of this.asked.values()) waiting.reject(error);
    this.asked.clear();
  }
}

/** A SHA-256 that a thread computes, while the next bytes are read. */
export class ThreadHash {
  private readonly digest: number;
  private readonly under: Promise<unknown>[] = [];
  private over = false;

  constructor(private readonly thread: Thread) {
    this.digest = thread.hold();
  }

  /**
   * Takes in the next bytes. Waits until no more than one slice before it is unread.
   * @param slice is the thread's from now on, as with {@link ThreadPool.deflate}
   */
  async update(slice: Buffer): Promise<void> {
    const taken = this.thread.ask({ kind: 'hash', digest: this.digest, bytes: ownBytes(slice) });
    taken.catch(() => undefined);
    this.under.push(taken);
    if (this.under.length >= EACH) await this.under.shift();
  }

  /** In lower-case hex. */
  async hex(): Promise<string> {
    await Promise.all(this.under);
    const { hex } = await this.thread.ask({ kind: 'end', digest: this.digest });
    this.drop();
    if (hex === undefined) throw new Error('a thread gave no digest');
    return hex;
  }

  /** Forgets it, where it is not over. Idempotent. */
  drop(): void {
    if (this.over) return;
    this.over = true;
    this.thread.ask({ kind: 'drop', digest: this.digest }).catch(() => undefined);
    this.thread.release();
  }
}

/** The bytes with memory of their own, so that it can be handed over. */
function ownBytes(slice: Buffer): Uint8Array {
  const whole = slice.byteLength === slice.buffer.byteLength && slice.buffer instanceof ArrayBuffer;
  return whole ? slice : Uint8Array.from(slice);
}

let shared: ThreadPool | undefined;

/** The pool of this process. */
export function threads(): ThreadPool {
  shared ??= new ThreadPool();
  return shared;
}
