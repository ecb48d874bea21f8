/** Writes a target in pieces that survive a crash: what a heartbeat promises is on disk. */
import { crc32 } from 'node:zlib';

import { gzipChunk, type Sink, type SinkState, type Storage } from '../../storage';
import type { DownloadPosition, DownloadResult, TargetRef } from '../download/contract';
import type { ActivityDeps } from '../attempt/deps';
import type { Work } from '../attempt/work';
import { enterRoot } from './roots';

/** The most bytes that are written between two syncs. */
const SYNC_BYTES = 64 * 1024 * 1024;
/** The longest time between two syncs. */
const SYNC_MS = 1000;

/** Where nothing is written yet. */
export function startPosition(): DownloadPosition {
  return { next: 0, offset: 0, crc32: 0, received: 0, rows: 0 };
}

/** One target during one attempt. */
export class TargetWriter {
  private syncedAt = performance.now();
  private syncedOffset: number;
  /** What is durable: the position that may be promised. */
  durable: DownloadPosition;
  /** The end of the last whole chunk or page. */
  private boundary: Omit<DownloadPosition, 'sink'>;
  private crc: number;
  private received: number;

  private constructor(
    private readonly sink: Sink,
    private readonly compress: boolean,
    position: DownloadPosition,
  ) {
    this.durable = position;
    this.boundary = position;
    this.crc = position.crc32;
    this.received = position.received;
    this.syncedOffset = position.offset;
  }

  /**
   * Opens a target at a position.
   * @returns undefined when the bytes that the position promises are not there any more: begin again
   */
  static async open(
    storage: Storage,
    target: Omit<TargetRef, 'root'>,
    at: DownloadPosition,
    compress: boolean,
  ): Promise<TargetWriter | undefined> {
    const { uri, token } = target;
    const sink =
      at.sink === undefined
        ? await storage.openTarget(uri, token)
        : await storage.resumeTarget(uri, token, at.sink);
    if (sink?.size === at.offset) return new TargetWriter(sink, compress, at);
    await sink?.close();
    return undefined;
  }

  /** Writes one chunk or page: as it is, or as one gzip member. */
  async writeUnit(slices: AsyncIterable<Buffer>): Promise<void> {
    if (!this.compress) {
      for await (const slice of this.counted(slices)) await this.append(slice);
      return;
    }
    const member = await gzipChunk(this.counted(slices));
    for (const slice of member.slices) await this.append(slice);
  }

  /** Declares that everything up to here is whole; true when it became durable just now. */
  async reached(
    next: number,
    rest: Omit<DownloadPosition, 'next' | 'offset' | 'crc32' | 'received' | 'sink'>,
    force = false,
  ): Promise<boolean> {
    this.boundary = { ...rest, next, offset: this.sink.size, crc32: this.crc, received: this.received };
    const due =
      force ||
      this.sink.size - this.syncedOffset >= SYNC_BYTES ||
      performance.now() - this.syncedAt >= SYNC_MS;
    if (!due) return false;
    this.isDurable(await this.sink.sync());
    return true;
  }

  /**
   * After a failure in the middle of a chunk: drops its beginning and keeps the whole ones before it, so that
   * progress is made however often a later one fails. Not every store can go back; nothing is written any more afterwards.
   * @returns true when more is durable than before
   */
  async salvage(): Promise<boolean> {
    if (this.boundary.next === this.durable.next) return false;
    const state = await this.sink.rollBack(this.boundary.offset);
    if (state === undefined) return false;
    this.isDurable(state);
    return true;
  }

  async close(): Promise<void> {
    await this.sink.close();
  }

  private isDurable(sink: SinkState): void {
    this.syncedOffset = this.boundary.offset;
    this.syncedAt = performance.now();
    this.durable = { ...this.boundary, sink };
  }

  private async *counted(slices: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const slice of slices) {
      this.received += slice.length;
      yield slice;
    }
  }

  private async append(slice: Buffer): Promise<void> {
    this.crc = crc32(slice, this.crc);
    await this.sink.write(slice);
  }
}

/** What a batch reads into a target. */
export interface BatchReader {
  read(): Promise<DownloadResult>;
  /** Large reads: what is known of the request, for an attempt that goes on. */
  readonly seen?: Pick<DownloadPosition, 'available' | 'complete' | 'touchedAt'>;
}

/**
 * Writes one batch into a target, from where the last attempt stood, else from where the batch began. What an attempt got
 * whole before it failed is kept.
 *
 * @returns with `restart` where the `.part` of the batches before this one is not here
 */
export async function writeBatch(
  deps: ActivityDeps,
  { target, from, compress }: { target: TargetRef; from?: DownloadPosition; compress: boolean },
  w: Work<DownloadPosition>,
  readerOf: (writer: TargetWriter) => BatchReader,
): Promise<DownloadResult> {
  await enterRoot(deps, target.root, 'write', w.now());
  w.assertAlive();
  const begin = from ?? startPosition();
  const writer =
    (await TargetWriter.open(deps.storage, target, w.resumed ?? begin, compress)) ??
    // A heartbeat is a hint: the `.part` may be shorter than it said, where the disk lost it.
    (await TargetWriter.open(deps.storage, target, begin, compress));
  if (!writer) return { ...startPosition(), done: false, restart: true };
  const reader = readerOf(writer);
  try {
    return await reader.read();
  } catch (error) {
    await keepWhole(writer, w, reader.seen && { ...reader.seen, polledAt: w.now() });
    throw error;
  } finally {
    await writer.close();
  }
}

/** An attempt that was given up touches nothing any more. */
async function keepWhole(
  writer: TargetWriter,
  w: Work<DownloadPosition>,
  seen: Partial<DownloadPosition> | undefined,
): Promise<void> {
  if (w.abandoned) return;
  try {
    if (await writer.salvage()) w.at({ ...writer.durable, ...seen });
  } catch (error) {
    // The failure that led here is the one to report; the next attempt begins at the last durable position.
    if (!(error instanceof Error)) throw error;
  }
}
