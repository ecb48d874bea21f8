/** Sends the chunks of a batch, some at a time. */
import type { AnaplanClient } from '../../anaplan';
import { SLICE_BYTES, type ByteSource } from '../../storage';
import { refOf } from '../attempt/calls';
import type { Call, Named } from '../attempt/contract';
import type { Work } from '../attempt/work';
import type { ChunkPlan } from './chunk-plan';
import type { UploadPosition } from './contract';
import { Packer, type Compressor, type ReadyChunk } from './packer';
import { Window } from './window';

/** How long chunks before one that failed are waited for. */
const GRACE_MS = 20_000;

/** What a batch is made of. */
export interface BatchOptions {
  client: AnaplanClient;
  call: Call;
  file: Named;
  source: ByteSource;
  plan: ChunkPlan;
  /** Chunks that are on the wire at a time. */
  parallel: number;
  threads: Compressor;
  w: Work<UploadPosition>;
}

/**
 * One batch of one attempt. A position is promised only for chunks before which none is missing, whatever came after
 * them: a later attempt sends again what follows it, and sending a chunk again is harmless. The chunk that makes the file
 * whole is sent when all others have been answered.
 */
export class UploadBatch {
  private position: UploadPosition;
  private readonly window: Window;
  private readonly packer: Packer;
  /** On the wire, by index. */
  private readonly sending = new Map<number, { done: Promise<void>; stop: AbortController }>();
  /** Answered, while one before them is not. */
  private readonly answered = new Map<number, UploadPosition>();
  private failure: { error: unknown } | undefined;
  private grace: NodeJS.Timeout | undefined;

  constructor(
    private readonly o: BatchOptions,
    start: UploadPosition,
  ) {
    this.position = start;
    const { source, plan, threads, w, parallel } = o;
    this.window = new Window(parallel);
    this.packer = new Packer({ source, plan, threads, window: this.window, signal: w.signal });
  }

  /** @returns where it ended; `done`: the source has no more */
  async send(until: number): Promise<{ position: UploadPosition; done: boolean }> {
    let done = false;
    this.packer.start(this.position, until);
    try {
      for (;;) {
        const chunk = await this.packer.next();
        if (chunk === undefined || this.failure) break;
        done = chunk.last;
        await this.room(chunk);
        if (this.failure) break;
        this.put(chunk);
      }
      await this.settled(0);
    } catch (error) {
      // Of the source: what was packed before can still arrive.
      this.fail(Infinity, error);
    } finally {
      await this.packer.close();
      await this.settled(0);
      clearTimeout(this.grace);
    }
    if (this.failure) throw this.failure.error;
    const { size } = this.o.source;
    const ended = this.position.next < until || (size !== undefined && this.position.offset >= size);
    return { position: this.position, done: done || ended };
  }

  /** Waits until the chunk may be sent. */
  private async room({ index }: ReadyChunk): Promise<void> {
    const completes = index === this.o.plan.count - 1;
    await this.settled(completes ? 0 : this.o.parallel - 1);
  }

  /** Waits until so many are on the wire at most. */
  private async settled(most: number): Promise<void> {
    while (this.sending.size > most) {
      await Promise.race([...this.sending.values()].map(({ done }) => done));
    }
  }

  private put(chunk: ReadyChunk): void {
    const stop = new AbortController();
    const done = this.sent(chunk, stop.signal)
      .catch((error: unknown) => this.fail(chunk.index, error))
      .finally(() => {
        this.sending.delete(chunk.index);
        chunk.release();
      });
    this.sending.set(chunk.index, { done, stop });
  }

  private async sent(chunk: ReadyChunk, stop: AbortSignal): Promise<void> {
    const { w, client, call, file } = this.o;
    w.assertInTime();
    w.assertAlive();
    async function* guarded() {
      for (const slice of chunk.slices) {
        w.assertAlive();
        for (let i = 0; i < slice.length; i += SLICE_BYTES) yield slice.subarray(i, i + SLICE_BYTES);
      }
    }
    await client.files.putChunk(
      refOf(call),
      file.id,
      chunk.index,
      { slices: guarded, length: chunk.length, gzip: true },
      { signal: AbortSignal.any([w.signal, stop]), atSend: () => w.assertAlive() },
    );
    w.answered();
    this.answered.set(chunk.index, chunk.after);
    this.advance();
  }

  private advance(): void {
    const { w, plan } = this.o;
    for (;;) {
      const after = this.answered.get(this.position.next);
      if (after === undefined) return;
      this.answered.delete(this.position.next);
      this.position = { ...after, sentAt: w.now() };
      w.at(this.position);
      w.note(`chunk ${after.next}${plan.count > 0 ? ` of ${plan.count}` : ''}`);
    }
  }

  /**
   * Nothing more is begun. Chunks before the one that failed are let go on, so that progress is made however often a
   * later one fails, yet not for long; those after it are of no use. All have ended before the attempt does.
   */
  private fail(index: number, error: unknown): void {
    if (this.failure) return;
    this.failure = { error };
    const stopAfter = (least: number): void => {
      for (const [other, { stop }] of this.sending) if (other > least) stop.abort(error);
    };
    stopAfter(index);
    this.grace = setTimeout(() => stopAfter(-1), GRACE_MS);
    void this.packer.close();
  }
}
