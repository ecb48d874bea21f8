/** Reads a source ahead and compresses it on all cores, in chunks that come out in their order. */
import { LIMITS } from '../../contracts';
import {
  crc32Of,
  gzipMember,
  inSlices,
  readAhead,
  type ByteSource,
  type Deflated,
  type GzipChunk,
} from '../../storage';
import { fail } from '../attempt/failures';
import type { ChunkPlan } from './chunk-plan';
import type { UploadPosition } from './contract';
import type { ChunkMemory, Window } from './window';

/** Compresses one slice. Of the two promises the outer one waits until there is room for another one. */
export interface Compressor {
  deflate(slice: Buffer): Promise<{ done: Promise<Deflated> }>;
}

/** One chunk that is ready to be sent. */
export interface ReadyChunk extends GzipChunk {
  index: number;
  /** Where the upload stands once it and all before it are sent. */
  after: UploadPosition;
  /** It is the source's last one. */
  last: boolean;
  /** Frees its memory: it is sent, or will not be. */
  release(): void;
}

/** What a packer works on. */
export interface PackerOptions {
  source: ByteSource;
  plan: ChunkPlan;
  threads: Compressor;
  window: Window;
  signal: AbortSignal;
}

/**
 * Packs the chunks of a batch, ahead of whoever sends them. Each is of the pinned version: the source is looked at before
 * its first and after its last byte.
 */
export class Packer {
  private readonly ready: Promise<ReadyChunk | undefined>[] = [];
  private readonly stop = new AbortController();
  private wake: (() => void) | undefined;
  private running: Promise<void> | undefined;

  constructor(private readonly o: PackerOptions) {}

  /** Begins to pack from a position, up to a chunk. */
  start(from: UploadPosition, until: number): void {
    this.running = this.run(from, until).catch((error: unknown) => {
      const failed = Promise.reject<undefined>(error as Error);
      failed.catch(() => undefined);
      this.push(failed);
    });
  }

  /** The next chunk; undefined where the batch or the source has no more. */
  async next(): Promise<ReadyChunk | undefined> {
    while (this.ready.length === 0) await new Promise<void>((resolve) => (this.wake = resolve));
    return this.ready.shift();
  }

  /** Ends the reading, and waits until nothing reads any more. */
  async close(): Promise<void> {
    this.stop.abort();
    this.o.window.close();
    await this.running;
  }

  private push(chunk: Promise<ReadyChunk | undefined>): void {
    this.ready.push(chunk);
    this.wake?.();
  }

  private async run(from: UploadPosition, until: number): Promise<void> {
    let at: Pick<UploadPosition, 'next' | 'offset'> = from;
    let crc = Promise.resolve(from.crc32);
    while (at.next < until && !this.isEnd(at)) {
      const chunk = await this.pack(at, crc);
      if (chunk === undefined) break;
      this.push(chunk.ready);
      at = chunk.after;
      crc = chunk.ready.then(({ after }) => after.crc32);
      crc.catch(() => undefined);
      if (chunk.last) break;
    }
    this.push(Promise.resolve(undefined));
  }

  /** Whether nothing is left, as far as that can be known without reading. */
  private isEnd({ offset }: Pick<UploadPosition, 'offset'>): boolean {
    return this.o.source.size !== undefined && offset >= this.o.source.size;
  }

  /** Reads one chunk; it is compressed meanwhile and afterwards. Undefined where there is not a byte. */
  private async pack(
    from: Pick<UploadPosition, 'next' | 'offset'>,
    crcBefore: Promise<number>,
  ): Promise<
    { after: { next: number; offset: number }; last: boolean; ready: Promise<ReadyChunk> } | undefined
  > {
    const { source, plan } = this.o;
    const planned = plan.bytesOf(from.next);
    const memory = await this.o.window.chunk();
    const { bytes, pieces } = await this.read(from, planned, memory);
    if (bytes === 0) {
      memory.release();
      return undefined;
    }
    if (source.size !== undefined && bytes !== Math.min(planned, source.size - from.offset)) {
      throw fail('SourceChanged', `${source.uri} became shorter while it was uploaded.`);
    }
    const after = { next: from.next + 1, offset: from.offset + bytes };
    const last = bytes < planned || this.isEnd(after);
    const ready = Promise.all([crcBefore, ...pieces]).then(([crc, ...all]): ReadyChunk => {
      const member = gzipMember(all);
      return {
        ...member,
        index: from.next,
        after: { ...after, crc32: crc32Of(crc, member.crc32, bytes) },
        last,
        release: () => memory.release(),
      };
    });
    ready.catch(() => undefined);
    return { after, last, ready };
  }

  private async read(
    from: Pick<UploadPosition, 'next' | 'offset'>,
    length: number,
    memory: ChunkMemory,
  ): Promise<{ bytes: number; pieces: Promise<Deflated>[] }> {
    const { source, threads } = this.o;
    const signal = AbortSignal.any([this.o.signal, this.stop.signal]);
    const pieces: Promise<Deflated>[] = [];
    let bytes = 0;
    await source.verify();
    for await (const slice of inSlices(readAhead(source.read(from.offset, length, signal)))) {
      if (bytes === 0) assertRoom(source, from.next);
      // Read before it is handed over, which empties it.
      const { length: size } = slice;
      bytes += size;
      await memory.take(size);
      const { done } = await threads.deflate(slice);
      const piece = done.then((deflated) => {
        memory.shrink(size - deflated.bytes.buffer.byteLength);
        return deflated;
      });
      piece.catch(() => undefined);
      pieces.push(piece);
    }
    await source.verify();
    return { bytes, pieces };
  }
}

function assertRoom(source: ByteSource, index: number): void {
  if (index < LIMITS.maxChunks) return;
  throw fail('InvalidInput', `source: ${source.uri} does not fit into ${LIMITS.maxChunks} chunks.`, {
    remedy: 'Split it.',
  });
}
