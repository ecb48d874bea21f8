import { createHash } from 'node:crypto';
import { constants, type BigIntStats } from 'node:fs';
import { lstat, open, realpath, stat, type FileHandle } from 'node:fs/promises';

import { invalid, sourceChanged, sourceError, transientOf, type StorageError } from '../errors';
import { SLICE_BYTES, type SourceVersion, type StoredSource } from '../ports';
import { newSlice } from '../threads/memory';
import { fileUri, type LocalPath, type LocalPaths } from './paths';

/** How much of the beginning and of the end goes into a fingerprint. */
const FINGERPRINT_BYTES = 64 * 1024;

/** Opens a local file as a source. See `Store.openSource`. */
export async function openLocalSource(
  paths: LocalPaths,
  uri: string,
  pinned: SourceVersion | undefined,
): Promise<StoredSource> {
  const { path, file } = await openChecked(paths, uri);
  try {
    const seen = lookOf(await file.stat({ bigint: true }));
    const version = await versionOf(file, seen);
    if (pinned !== undefined && (pinned.size !== version.size || pinned.stamp !== version.stamp)) {
      throw sourceChanged(path.named);
    }
    return new LocalSource(path, file, seen, version);
  } catch (error) {
    await file.close();
    throw sourceError(error, path.named);
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
      if (now.ino !== opened.ino || now.dev !== opened.dev || real !== path.real)
        throw sourceChanged(path.named);
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

class LocalSource implements StoredSource {
  readonly uri: string;
  readonly name: string;
  private closed: Promise<void> | undefined;

  constructor(
    private readonly path: LocalPath,
    private readonly file: FileHandle,
    private readonly seen: Look,
    readonly version: SourceVersion,
  ) {
    this.uri = fileUri(path.named);
    this.name = path.named;
  }

  async *read(fromOffset: number, length: number, signal?: AbortSignal): AsyncGenerator<Buffer> {
    // Bounded by the pinned size: bytes appended meanwhile are of another version.
    const end = Math.min(fromOffset + length, this.seen.size);
    for (let at = fromOffset; at < end;) {
      signal?.throwIfAborted();
      const slice = await this.slice(at, Math.min(SLICE_BYTES, end - at));
      if (slice.length === 0) throw sourceChanged(this.name);
      at += slice.length;
      yield slice;
    }
  }

  async verify(): Promise<void> {
    let handle: BigIntStats;
    let named: BigIntStats;
    try {
      handle = await this.file.stat({ bigint: true });
      named = await stat(this.path.named, { bigint: true });
    } catch (error) {
      // A file system that is away says nothing of the file.
      if (transientOf(error) !== undefined) throw sourceError(error, this.name);
      throw sourceChanged(this.name, error);
    }
    const same = named.ino === handle.ino && named.dev === handle.dev;
    if (!same || !looksAs(handle, this.seen) || !looksAs(named, this.seen)) throw sourceChanged(this.name);
  }

  close(): Promise<void> {
    this.closed ??= this.file.close();
    return this.closed;
  }

  private async slice(at: number, length: number): Promise<Buffer> {
    try {
      return await readAt(this.file, at, length);
    } catch (error) {
      throw sourceError(error, this.name);
    }
  }
}

/** Reads up to `length` bytes; fewer only at the end of the file. */
async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = newSlice(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

/** What a look at a file tells of its version. */
interface Look {
  size: number;
  /** Time of the last modification: of all that a file system keeps. */
  mtimeNs: bigint;
}

function lookOf(stats: BigIntStats): Look {
  return { size: Number(stats.size), mtimeNs: stats.mtimeNs };
}

function looksAs(stats: BigIntStats, seen: Look): boolean {
  return Number(stats.size) === seen.size && stats.mtimeNs === seen.mtimeNs;
}

/** Size and date can be the same by chance, or by a copy that keeps the date: what the file holds decides too. */
async function versionOf(file: FileHandle, { size, mtimeNs }: Look): Promise<SourceVersion> {
  const hash = createHash('sha256').update(`${size}\n`);
  hash.update(await readAt(file, 0, Math.min(FINGERPRINT_BYTES, size)));
  const end = Math.max(FINGERPRINT_BYTES, size - FINGERPRINT_BYTES);
  if (end < size) hash.update(await readAt(file, end, size - end));
  return { size, stamp: `${mtimeNs}-${hash.digest('hex')}` };
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
    `The source ${path} is ${kind}, not a file.`,
    'Name a regular file: it must be possible to read it again after an interruption.',
  );
}
