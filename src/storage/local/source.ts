import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, realpath, stat, type FileHandle } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import { crc32 } from 'node:zlib';

import { errnoOf, invalid, reasonOf, sourceError, StorageError } from '../errors';
import { SLICE_BYTES, type ByteSource, type SourceDigest, type SourceIdentity } from '../ports';
import { GzipReader } from './gzip-reader';
import { fileUri, type LocalPath, type LocalPaths } from './paths';

/** How a file's bytes begin, as far as it decides whether and how they may be uploaded. */
const MAGIC_BYTES = 4;

/** So much of the beginning and of the end goes into a fingerprint. */
const FINGERPRINT_BYTES = 64 * 1024;

/** Opens a local file as a source. See `Storage.openSource`. */
export async function openLocalSource(
  paths: LocalPaths,
  uri: string,
  o: { pinned?: SourceIdentity; workbook?: boolean },
): Promise<ByteSource> {
  const handle = await openChecked(paths, uri);
  try {
    const { path, file } = handle;
    const identity = await identityOf(file, path.root.shared === true);
    if (o.pinned !== undefined && !isPinned(o.pinned, identity)) throw changed(path.named);
    if (identity.size === 0) throw empty(path.named);
    const source = await chooseEncoding(path, file, identity, o.workbook === true);
    return source;
  } catch (error) {
    await handle.file.close();
    throw sourceError(error, handle.path.named);
  }
}

/**
 * Opens a file so that what was checked is what is open: the checks are repeated on the handle, and path and handle
 * are compared afterwards, so that a file or link exchanged in between is noticed.
 */
async function openChecked(paths: LocalPaths, uri: string): Promise<{ path: LocalPath; file: FileHandle }> {
  const path = await locate(paths, uri);
  try {
    // Looking first keeps us from opening devices, where opening alone can have an effect.
    const before = await lstat(path.real);
    if (!before.isFile()) throw notAFile(path.named, before);
    // O_NONBLOCK: a FIFO that takes the file's place now must not make the open wait for a writer.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
    const file = await open(path.real, flags);
    try {
      const opened = await file.stat({ bigint: true });
      if (!opened.isFile()) throw notAFile(path.named, opened);
      const now = await lstat(path.real, { bigint: true });
      const real = await realpath(path.named);
      if (now.ino !== opened.ino || now.dev !== opened.dev || real !== path.real) throw changed(path.named);
      await paths.guard.checkFile(path.named, opened);
      return { path, file };
    } catch (error) {
      await file.close();
      throw error;
    }
  } catch (error) {
    throw sourceError(error, path.named);
  }
}

async function locate(paths: LocalPaths, uri: string): Promise<LocalPath> {
  try {
    return await paths.existing(uri);
  } catch (error) {
    throw sourceError(error, uri, paths.lookedFor(uri));
  }
}

async function chooseEncoding(
  path: LocalPath,
  file: FileHandle,
  identity: SourceIdentity,
  workbook: boolean,
): Promise<ByteSource> {
  const magic = await readAt(file, 0, MAGIC_BYTES);
  const gzip = isGzip(magic);
  if (!path.named.toLowerCase().endsWith('.gz')) {
    if (gzip) {
      throw invalid(
        `The source ${path.named} is gzip data: give it a name that ends in .gz, or decompress it.`,
      );
    }
    refuseZip(path.named, magic, workbook);
    return new PlainSource(path, file, identity);
  }
  if (!gzip) {
    throw invalid(`The source ${path.named} ends in .gz but is not gzip data: rename it, or compress it.`);
  }
  const source = new GzipSource(path, file, identity);
  const head = await source.peek(MAGIC_BYTES);
  if (head.length === 0) throw empty(path.named);
  if (isGzip(head)) throw invalid(`The source ${path.named} is compressed twice: decompress it once.`);
  refuseZip(path.named, head, workbook);
  return source;
}

abstract class LocalSource implements ByteSource {
  readonly uri: string;
  abstract readonly encoding: 'identity' | 'gzip';
  private closed: Promise<void> | undefined;

  constructor(
    protected readonly path: LocalPath,
    protected readonly file: FileHandle,
    readonly identity: SourceIdentity,
  ) {
    this.uri = fileUri(path.named);
  }

  abstract peek(bytes: number): Promise<Buffer>;
  abstract read(fromOffset: number, length: number, signal?: AbortSignal): AsyncIterable<Buffer>;
  abstract readBack(check?: () => void): Promise<SourceDigest>;

  protected async slice(at: number, length: number): Promise<Buffer> {
    try {
      return await readAt(this.file, at, length);
    } catch (error) {
      throw sourceError(error, this.path.named);
    }
  }

  async verify(): Promise<void> {
    const shared = this.path.root.shared === true;
    const handle = await this.file.stat({ bigint: true });
    if (!sameVersion(this.identity, versionOf(handle, shared))) throw changed(this.path.named);
    let named: BigIntStats;
    try {
      named = await stat(this.path.named, { bigint: true });
    } catch (error) {
      throw changed(this.path.named, error);
    }
    // The same inode, even where inodes are no part of the identity: this is one host at one moment.
    if (named.ino !== handle.ino || named.dev !== handle.dev) throw changed(this.path.named);
    if (!sameVersion(this.identity, versionOf(named, shared))) throw changed(this.path.named);
  }

  close(): Promise<void> {
    this.closed ??= this.release();
    return this.closed;
  }

  protected release(): Promise<void> {
    return this.file.close();
  }
}

class PlainSource extends LocalSource {
  readonly encoding = 'identity';

  get size(): number {
    return this.identity.size;
  }

  async peek(bytes: number): Promise<Buffer> {
    try {
      return await readAt(this.file, 0, Math.min(bytes, this.size));
    } catch (error) {
      throw sourceError(error, this.path.named);
    }
  }

  async *read(fromOffset: number, length: number, signal?: AbortSignal): AsyncGenerator<Buffer> {
    // Bounded by the pinned size: bytes appended meanwhile are of another version.
    const end = Math.min(fromOffset + length, this.size);
    for (let at = fromOffset; at < end;) {
      signal?.throwIfAborted();
      const slice = await this.slice(at, Math.min(SLICE_BYTES, end - at));
      if (slice.length === 0) throw changed(this.path.named);
      at += slice.length;
      yield slice;
    }
  }

  async readBack(check?: () => void): Promise<SourceDigest> {
    const hash = createHash('sha256');
    let crc = 0;
    check?.();
    for await (const slice of this.read(0, this.size)) {
      hash.update(slice);
      crc = crc32(slice, crc);
      check?.();
    }
    return { size: this.size, sha256: hash.digest('hex'), crc32: crc };
  }
}

class GzipSource extends LocalSource {
  readonly encoding = 'gzip';
  private reader: GzipReader | undefined;

  async peek(bytes: number): Promise<Buffer> {
    // A decompressor of its own, so that a running sequential read keeps its place.
    const reader = new GzipReader(this.file);
    const pieces: Buffer[] = [];
    try {
      for await (const piece of reader.read(0, bytes)) pieces.push(piece);
    } catch (error) {
      throw await this.failure(error);
    } finally {
      reader.close();
    }
    return Buffer.concat(pieces);
  }

  async *read(fromOffset: number, length: number, signal?: AbortSignal): AsyncGenerator<Buffer> {
    if (this.reader === undefined || this.reader.position > fromOffset) {
      this.reader?.close();
      this.reader = new GzipReader(this.file);
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

  async readBack(check?: () => void): Promise<SourceDigest> {
    const hash = createHash('sha256');
    let size = 0;
    let crc = 0;
    // A decompressor of its own, as for a peek.
    const reader = new GzipReader(this.file, (piece) => {
      hash.update(piece);
      size += piece.length;
    });
    try {
      check?.();
      for await (const slice of this.failing(reader.read(0, Number.MAX_SAFE_INTEGER))) {
        crc = crc32(slice, crc);
        check?.();
      }
    } finally {
      reader.close();
    }
    return { size, sha256: hash.digest('hex'), crc32: crc };
  }

  protected override release(): Promise<void> {
    this.reader?.close();
    return super.release();
  }

  /** The slices; a failure of reading them becomes that of this source, one of their consumer stays what it is. */
  private async *failing(slices: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    try {
      yield* slices;
    } catch (error) {
      throw await this.failure(error);
    }
  }

  /** A file exchanged or truncated under the decompressor shows as damage; the change is the cause to name. */
  private async failure(error: unknown): Promise<unknown> {
    try {
      await this.verify();
    } catch (cause) {
      return cause;
    }
    return GzipReader.failure(error, `The source ${this.path.named}`) ?? sourceError(error, this.path.named);
  }
}

/** Reads up to `length` bytes; fewer only at the end of the file. */
async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

/** What a look at the file tells. */
type Version = Omit<SourceIdentity, 'fingerprint'>;

function versionOf(stats: BigIntStats, shared: boolean): Version {
  return {
    size: Number(stats.size),
    mtimeMs: Number(stats.mtimeMs),
    mtimeNs: stats.mtimeNs.toString(),
    ...(shared ? {} : { ino: stats.ino.toString() }),
  };
}

async function identityOf(file: FileHandle, shared: boolean): Promise<SourceIdentity> {
  const version = versionOf(await file.stat({ bigint: true }), shared);
  const hash = createHash('sha256').update(`${version.size}\n`);
  hash.update(await readAt(file, 0, Math.min(FINGERPRINT_BYTES, version.size)));
  const end = Math.max(FINGERPRINT_BYTES, version.size - FINGERPRINT_BYTES);
  if (end < version.size) hash.update(await readAt(file, end, version.size - end));
  return { ...version, fingerprint: hash.digest('hex') };
}

function sameVersion(a: Version, b: Version): boolean {
  const both = (x: string | undefined, y: string | undefined): boolean =>
    x === undefined || y === undefined || x === y;
  return a.size === b.size && a.mtimeMs === b.mtimeMs && both(a.mtimeNs, b.mtimeNs) && both(a.ino, b.ino);
}

/** Size and date can be the same by chance, or by a copy that keeps the date: what the file holds decides too. */
function isPinned(pinned: SourceIdentity, found: SourceIdentity): boolean {
  return sameVersion(pinned, found) && pinned.fingerprint === found.fingerprint;
}

function isGzip(head: Buffer): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/** A zip starts with a local file header; an empty or a split one with one of the other two marks. */
function refuseZip(path: string, head: Buffer, workbook: boolean): void {
  const mark = head.toString('latin1', 0, 4);
  if (workbook || !['PK\x03\x04', 'PK\x05\x06', 'PK\x07\x08'].includes(mark)) return;
  throw invalid(
    `The source ${path} is a zip (or a workbook, which the import's file is not): extract it and name the text file.`,
  );
}

function notAFile(path: string, stats: BigIntStats | Awaited<ReturnType<typeof lstat>>): StorageError {
  const kind = stats.isDirectory()
    ? 'a directory'
    : stats.isFIFO()
      ? 'a named pipe'
      : stats.isSocket()
        ? 'a socket'
        : 'a device';
  return invalid(
    `The source ${path} is ${kind}, not a file: name a regular file. (It must be possible to read it again after an interruption.)`,
  );
}

function changed(path: string, cause?: unknown): StorageError {
  const gone = errnoOf(cause) === 'ENOENT' ? 'was removed' : 'changed';
  const why = cause === undefined || gone === 'was removed' ? '' : ` (${reasonOf(cause)})`;
  return new StorageError(
    'SourceChanged',
    `The source ${path} ${gone} since the run started${why}: start the run again once nothing writes to it any more.`,
    { cause },
  );
}

function empty(path: string): StorageError {
  return new StorageError(
    'SourceEmpty',
    `The source ${path} holds no bytes: check the job that writes it (an empty upload would clear the file).`,
  );
}
