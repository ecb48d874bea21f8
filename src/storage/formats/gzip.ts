import { errnoOf, messageOf, StorageError } from '../errors';
import { SLICE_BYTES } from '../ports';
import { crc32Of } from '../threads/crc';
import { newSlice } from '../threads/memory';
import { threads, type Deflated } from '../threads/pool';

/** One whole gzip member, in slices of at most {@link SLICE_BYTES}. */
export interface GzipChunk {
  slices: Buffer[];
  /** Bytes of all slices. */
  length: number;
  /** CRC-32 of what is compressed. */
  crc32: number;
}

/** RFC 1952: deflate, no name, no date, compressed fast, from an unknown system. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255]);
/** An empty last block (RFC 1951, 3.2.3 and 3.2.6): whoever compresses a piece need not know that it is the last one. */
const END = Buffer.from([3, 0]);

/**
 * One gzip member of pieces that were compressed side by side: each ends at a whole byte, and none refers to one before it.
 */
export function gzipMember(pieces: readonly Deflated[]): GzipChunk {
  const trailer = Buffer.alloc(8);
  let crc = 0;
  let size = 0;
  for (const piece of pieces) {
    crc = crc32Of(crc, piece.crc32, piece.length);
    size += piece.length;
  }
  trailer.writeUInt32LE(crc, 0);
  trailer.writeUInt32LE(size % 2 ** 32, 4);
  // What cannot be compressed gets a little longer.
  const slices = [HEADER, ...pieces.flatMap(({ bytes }) => cut(bytes)), END, trailer];
  return { slices, length: slices.reduce((sum, slice) => sum + slice.length, 0), crc32: crc };
}

/**
 * Compresses one chunk into one gzip member (level 1, as the network is rarely slower than it), on as many cores as there
 * are. Members may be written one after the other: together they are a valid gzip file.
 * @param slices each of them is ours from then on
 */
export async function gzipChunk(slices: AsyncIterable<Buffer>): Promise<GzipChunk> {
  const pieces: Promise<Deflated>[] = [];
  for await (const slice of inSlices(slices)) pieces.push((await threads().deflate(slice)).done);
  return gzipMember(await Promise.all(pieces));
}

/** The same bytes in slices that are worth a task of their own. */
export async function* inSlices(parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let slice: Buffer | undefined;
  let filled = 0;
  for await (const part of parts) {
    if (slice === undefined && part.length >= SLICE_BYTES / 2) {
      yield part;
      continue;
    }
    for (let at = 0; at < part.length;) {
      slice ??= newSlice(SLICE_BYTES);
      const copied = part.copy(slice, filled, at);
      at += copied;
      filled += copied;
      if (filled < SLICE_BYTES) continue;
      yield slice;
      slice = undefined;
      filled = 0;
    }
  }
  if (slice !== undefined) yield slice.subarray(0, filled);
}

function cut(bytes: Buffer): Buffer[] {
  if (bytes.length <= SLICE_BYTES) return [bytes];
  return [bytes.subarray(0, SLICE_BYTES), ...cut(bytes.subarray(SLICE_BYTES))];
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
