import { createGzip } from 'node:zlib';
import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { errnoOf, messageOf, StorageError } from '../errors';
import { SLICE_BYTES } from '../ports';

/** One whole gzip member, in slices of at most {@link SLICE_BYTES}. */
export interface GzipChunk {
  slices: Buffer[];
  /** Bytes of all slices. */
  length: number;
}

/**
 * Compresses one chunk into one gzip member, off the main thread. Members may be written one after the other: together
 * they are a valid gzip file.
 * @param level 1 (fastest) to 9; 1 by default, as the network is rarely slower than it
 */
export async function gzipChunk(slices: AsyncIterable<Buffer>, level = 1): Promise<GzipChunk> {
  const out: GzipChunk = { slices: [], length: 0 };
  await transform(slices, createGzip({ level, chunkSize: SLICE_BYTES }), (piece) => {
    out.slices.push(piece);
    out.length += piece.length;
  });
  return out;
}

/** Whether an error says that gzip data is damaged or ends early (zlib codes: `Z_DATA_ERROR`, `Z_BUF_ERROR`). */
export function isGzipDamage(error: unknown): boolean {
  return errnoOf(error)?.startsWith('Z_') === true;
}

/** The failure for damaged gzip data. */
export function corruptGzip(what: string, cause: unknown): StorageError {
  return new StorageError(
    'TransferCorrupt',
    `${what} is damaged or incomplete gzip data (${messageOf(cause)}).`,
    { remedy: 'Write the file again.', cause },
  );
}

async function transform(
  slices: AsyncIterable<Buffer>,
  through: Transform,
  take: (piece: Buffer) => void,
): Promise<void> {
  await pipeline(
    Readable.from(slices, { objectMode: true }),
    through,
    async (pieces: AsyncIterable<Buffer>) => {
      for await (const piece of pieces) take(piece);
    },
  );
}
