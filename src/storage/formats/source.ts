/** What a source's bytes are, whatever store they come from: sent as they are, decompressed on the way, or refused. */
import { crc32 } from 'node:zlib';

import { invalid, StorageError } from '../errors';
import type { ByteSource, SourceDigest, StoredSource } from '../ports';
import { threads } from '../threads/pool';
import { readAhead } from './ahead';
import { Gunzip } from './gunzip';
import { corruptGzip, isGzipDamage } from './gzip';

/** How a file's bytes begin, as far as it decides whether and how they may be uploaded. */
const MAGIC_BYTES = 4;

/** From the first byte to the last, however many there are. */
const ALL = Number.MAX_SAFE_INTEGER;

/**
 * Reads a stored source by its format: what its name says and its first bytes are.
 *
 * @param workbook the file is a workbook: a zip is then no mistake
 * @throws StorageError SourceEmpty, InvalidInput (a zip, or not what its name says), TransferCorrupt (damaged gzip)
 */
export async function openFormat(stored: StoredSource, workbook: boolean): Promise<ByteSource> {
  const { name } = stored;
  const plain = new PlainSource(stored);
  const magic = await plain.peek(MAGIC_BYTES);
  if (magic.length === 0) throw empty(name);
  const gzip = isGzip(magic);
  if (!name.toLowerCase().endsWith('.gz')) {
    if (gzip) {
      throw invalid(`The source ${name} is gzip data.`, 'Give it a name that ends in .gz, or decompress it.');
    }
    refuseZip(name, magic, workbook);
    return plain;
  }
  if (!gzip) {
    throw invalid(`The source ${name} ends in .gz but is not gzip data.`, 'Rename it, or compress it.');
  }
  const source = new GzipSource(stored);
  const head = await source.peek(MAGIC_BYTES);
  if (head.length === 0) throw empty(name);
  if (isGzip(head)) throw invalid(`The source ${name} is compressed twice.`, 'Decompress it once.');
  refuseZip(name, head, workbook);
  return source;
}

/** The stored bytes are those that are sent. */
class PlainSource implements ByteSource {
  readonly size: number | undefined;

  constructor(private readonly stored: StoredSource) {
    this.size = stored.version.size;
  }

  get uri() {
    return this.stored.uri;
  }

  get version() {
    return this.stored.version;
  }

  peek(bytes: number): Promise<Buffer> {
    return whole(this.stored.read(0, bytes));
  }

  read(fromOffset: number, length: number, signal?: AbortSignal): AsyncIterable<Buffer> {
    return this.stored.read(fromOffset, length, signal);
  }

  async readBack(check?: () => void, look?: (slice: Buffer) => void): Promise<SourceDigest> {
    const stored = new StoredDigest();
    let crc = 0;
    try {
      check?.();
      for await (const slice of readAhead(this.stored.read(0, ALL))) {
        crc = crc32(slice, crc);
        look?.(slice);
        await stored.add(slice);
        check?.();
      }
      return { ...(await stored.end()), crc32: crc };
    } finally {
      stored.drop();
    }
  }

  verify(): Promise<void> {
    return this.stored.verify();
  }

  close(): Promise<void> {
    return this.stored.close();
  }
}

/** A `.gz`: decompressed on the way, so that nobody knows its size before the end. */
class GzipSource implements ByteSource {
  private reader: Gunzip | undefined;

  constructor(private readonly stored: StoredSource) {}

  get uri() {
    return this.stored.uri;
  }

  get version() {
    return this.stored.version;
  }

  async peek(bytes: number): Promise<Buffer> {
    // A decompressor of its own, so that a running sequential read keeps its place.
    const reader = new Gunzip(this.stored.read(0, ALL));
    try {
      return await whole(this.failing(reader.read(0, bytes)));
    } finally {
      reader.close();
    }
  }

  async *read(fromOffset: number, length: number, signal?: AbortSignal): AsyncGenerator<Buffer> {
    if (this.reader === undefined || this.reader.position > fromOffset) {
      this.reader?.close();
      this.reader = new Gunzip(this.stored.read(0, ALL));
    }
    try {
      yield* this.reader.read(fromOffset, length, signal);
    } catch (error) {
      // A failed decompressor is not asked again.
      this.reader.close();
      this.reader = undefined;
      if (signal?.aborted) throw error;
      throw await this.failure(error);
    }
  }

  async readBack(check?: () => void, look?: (slice: Buffer) => void): Promise<SourceDigest> {
    const stored = new StoredDigest();
    let crc = 0;
    // A decompressor of its own, as for a peek.
    const reader = new Gunzip(stored.of(this.stored.read(0, ALL)));
    try {
      check?.();
      for await (const slice of this.failing(reader.read(0, ALL))) {
        crc = crc32(slice, crc);
        look?.(slice);
        check?.();
      }
      return { ...(await stored.end()), crc32: crc };
    } finally {
      reader.close();
      stored.drop();
    }
  }

  verify(): Promise<void> {
    return this.stored.verify();
  }

  close(): Promise<void> {
    this.reader?.close();
    return this.stored.close();
  }

  /** The slices. A failure to read them becomes one of this source; one of the consumer passes unchanged. */
  private async *failing(slices: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    try {
      yield* slices;
    } catch (error) {
      throw await this.failure(error);
    }
  }

  /** A source exchanged or truncated under the decompressor shows as damage; the change is the cause to name. */
  private async failure(error: unknown): Promise<unknown> {
    try {
      await this.verify();
    } catch (cause) {
      return cause;
    }
    return isGzipDamage(error) ? corruptGzip(`The source ${this.stored.name}`, error) : error;
  }
}

/** The digest of the bytes as they are stored, computed beside the reading. */
class StoredDigest {
  private readonly hash = threads().sha256();
  private size = 0;

  /** Takes the slice away. */
  async add(slice: Buffer): Promise<void> {
    this.size += slice.length;
    await this.hash.update(slice);
  }

  async *of(slices: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const slice of slices) {
      await this.add(Buffer.from(slice));
      yield slice;
    }
  }

  async end(): Promise<{ size: number; sha256: string }> {
    return { size: this.size, sha256: await this.hash.hex() };
  }

  drop(): void {
    this.hash.drop();
  }
}

async function whole(slices: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const slice of slices) pieces.push(slice);
  return Buffer.concat(pieces);
}

function isGzip(head: Buffer): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/** A zip starts with a local file header; an empty or a split one with one of the other two marks. */
function refuseZip(name: string, head: Buffer, workbook: boolean): void {
  const mark = head.toString('latin1', 0, 4);
  if (workbook || !['PK\x03\x04', 'PK\x05\x06', 'PK\x07\x08'].includes(mark)) return;
  throw invalid(
    `The source ${name} is a zip (or a workbook, which the import's file is not).`,
    'Extract it and name the text file.',
  );
}

function empty(name: string): StorageError {
  return new StorageError('SourceEmpty', `The source ${name} holds no bytes.`, {
    remedy: 'Check the job that writes it (an empty upload would clear the file).',
  });
}
