/** What a thread of the pool runs, and the messages to and from it. */
import type { Hash } from 'node:crypto';
import type { MessagePort } from 'node:worker_threads';

/** Work for a thread. The bytes are handed over: who asks has them no more. */
export type Task =
  | { id: number; kind: 'deflate'; bytes: Uint8Array }
  /** Takes a part into a digest; `end` gives it, `drop` forgets it. */
  | { id: number; kind: 'hash'; digest: number; bytes: Uint8Array }
  | { id: number; kind: 'end'; digest: number }
  | { id: number; kind: 'drop'; digest: number };

/** What a thread answers. `back`: the memory it was given, to be used again. */
export interface Answer {
  id: number;
  out?: Uint8Array;
  crc32?: number;
  hex?: string;
  back?: ArrayBuffer;
  error?: string;
}

/**
 * The program of a thread, as text: a file of its own would have to be found wherever a user bundles the package to. It is
 * made of a function, so that the compiler reads it, which therefore uses nothing from outside of itself.
 */
export function programOf(): string {
  return `(${serve.toString()})(process.getBuiltinModule('node:worker_threads').parentPort)`;
}

function serve(port: MessagePort): void {
  const zlib = process.getBuiltinModule('node:zlib');
  const crypto = process.getBuiltinModule('node:crypto');
  const digests = new Map<number, Hash>();

  function answer(task: Task): Answer {
    if (task.kind === 'drop') {
      digests.delete(task.digest);
      return { id: task.id };
    }
    if (task.kind === 'end') {
      const hash = digests.get(task.digest) ?? crypto.createHash('sha256');
      digests.delete(task.digest);
      return { id: task.id, hex: hash.digest('hex') };
    }
    const back = task.bytes.buffer as ArrayBuffer;
    if (task.kind === 'hash') {
      const hash = digests.get(task.digest) ?? crypto.createHash('sha256');
      digests.set(task.digest, hash.update(task.bytes));
      return { id: task.id, back };
    }
    const packed = zlib.deflateRawSync(task.bytes, {
      level: 1,
      // Ends at a whole byte, so that other pieces can follow.
      finishFlush: zlib.constants.Z_SYNC_FLUSH,
      chunkSize: 512 * 1024,
    });
    // Handed over with all that zlib has allocated for it, and not left to this thread's collector, which comes late. What
    // is smaller by far is copied: it would keep all of that with it.
    const out = packed.length > 256 * 1024 ? packed : new Uint8Array(packed);
    return { id: task.id, crc32: zlib.crc32(task.bytes), out, back };
  }

  port.on('message', (task: Task) => {
    try {
      const said = answer(task);
      const moved = [said.out?.buffer as ArrayBuffer | undefined, said.back];
      port.postMessage(
        said,
        moved.filter((buffer) => buffer !== undefined),
      );
    } catch (error) {
      port.postMessage({ id: task.id, error: String(error) });
    }
  });
}
