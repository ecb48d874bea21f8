import { constants, type Stats } from 'node:fs';
import { lstat, mkdir, open, realpath, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

import { errnoOf, invalid, StorageError, targetError } from '../errors';
import type { ContentDigest, ExpectedContent, Sink, SinkState } from '../ports';
import { digestOf } from './digest';
import { partPath, type LocalPath, type LocalPaths } from './paths';

/** Modes of what is new. */
export interface Modes {
  file: number;
  directory: number;
}

/** Who may read a file may look into the directories that are made for it. */
export function modesOf(file: number): Modes {
  return { file, directory: file | 0o700 | ((file & 0o444) >> 2) };
}

/** Begins a target's `.part`. See `Store.openTarget`. */
export async function openLocalSink(
  paths: LocalPaths,
  uri: string,
  token: string,
  modes: Modes,
): Promise<Sink> {
  const path = await checkTarget(paths, uri);
  const part = partPath(path.real, token);
  try {
    const file = await inParents(dirname(part), modes.directory, () => openPart(part, CREATE));
    // The parents may have been made, or exchanged, since they were checked.
    return await unlessItFails(file, async () => {
      await checkTarget(paths, uri);
      await file.truncate(0);
      return new LocalSink(path, part, file, 0, modes.file);
    });
  } catch (error) {
    throw targetError(error, path.named);
  }
}

/** Goes on with a target's `.part`. See `Store.resumeTarget`. */
export async function resumeLocalSink(
  paths: LocalPaths,
  uri: string,
  token: string,
  state: SinkState,
  modes: Modes,
): Promise<Sink | undefined> {
  const path = await checkTarget(paths, uri);
  const part = partPath(path.real, token);
  const { offset } = state;
  if (typeof offset !== 'number') return undefined;
  try {
    if ((await statIfAny(part)) === undefined) return undefined;
    const file = await openPart(part, constants.O_RDWR);
    return await unlessItFails(file, async () => {
      if ((await file.stat()).size < offset) {
        await file.close();
        return undefined;
      }
      await file.truncate(offset);
      return new LocalSink(path, part, file, offset, modes.file);
    });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw targetError(error, path.named);
  }
}

async function unlessItFails<T>(file: FileHandle, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function targetOf(paths: LocalPaths, uri: string): Promise<LocalPath> {
  try {
    return await paths.target(uri);
  } catch (error) {
    throw targetError(error, uri);
  }
}

/** Resolves a target and refuses what a rename could not, or must not, replace. */
export async function checkTarget(paths: LocalPaths, uri: string): Promise<LocalPath> {
  const path = await targetOf(paths, uri);
  const there = await statIfAny(path.real).catch((error: unknown) => {
    throw targetError(error, path.named);
  });
  if (there?.isFile()) await paths.guard.checkFile(path.named, await lstat(path.real, { bigint: true }));
  if (there?.isDirectory()) throw invalid(`The target ${path.named} is a directory.`, 'Add a file name.');
  if (there !== undefined && !there.isFile()) {
    throw invalid(`The target ${path.named} exists and is not a regular file.`, 'Name another path.');
  }
  return path;
}

/** Whether a target was committed. See `Store.committed`. */
export async function committedLocally(
  paths: LocalPaths,
  uri: string,
  token: string,
  expected: ExpectedContent,
): Promise<ContentDigest | undefined> {
  const path = await checkTarget(paths, uri);
  try {
    if ((await statIfAny(partPath(path.real, token))) !== undefined) return undefined;
    if ((await statIfAny(path.real))?.size !== expected.size) return undefined;
    const found = await digestOf(path.real);
    if (found.crc32 !== expected.crc32) return undefined;
    // The attempt that renamed it may have died before this.
    await syncDirectory(dirname(path.real));
    return found;
  } catch (error) {
    throw targetError(error, path.named);
  }
}

/** Removes a `.part`. See `Store.discardPart`. */
export async function discardLocalPart(paths: LocalPaths, uri: string, token: string): Promise<void> {
  const path = await targetOf(paths, uri);
  try {
    await rm(partPath(path.real, token), { force: true });
  } catch (error) {
    throw targetError(error, path.named);
  }
}

/** Flags for opening a `.part`, which is created where there is none. */
export const CREATE = constants.O_RDWR | constants.O_CREAT;

/** Opens a `.part` that is a plain file of ours and the one that the path names. */
export async function openPart(part: string, flags: number): Promise<FileHandle> {
  const real = await realpath(dirname(part));
  if (real !== dirname(part)) throw exchanged(part);
  const safe = constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(part, flags | safe, 0o600);
  try {
    const opened = await file.stat();
    const named = await lstat(part);
    // A second link to it would let the bytes appear elsewhere before they are whole.
    if (!opened.isFile() || opened.nlink !== 1) {
      throw invalid(`${part} stands in the way and is not a file of ours: remove it.`);
    }
    if (opened.ino !== named.ino || opened.dev !== named.dev || (await realpath(dirname(part))) !== real) {
      throw exchanged(part);
    }
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Makes names in a directory durable; file systems that cannot sync directories say EINVAL, and need no sync. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } catch (error) {
    if (errnoOf(error) !== 'EINVAL') throw error;
  } finally {
    await directory.close();
  }
}

/**
 * Creates missing directories and makes their names durable. One by one: Node's recursive `mkdir` says ENOENT where the
 * file system is read-only or full.
 * @param made takes those that were created, outermost first, also where a later one fails
 */
async function makeParents(directory: string, mode: number, made: string[]): Promise<void> {
  const missing: string[] = [];
  for (let at = directory; (await statIfAny(at)) === undefined; at = dirname(at)) missing.unshift(at);
  for (const path of missing) {
    try {
      await mkdir(path, { mode });
      made.push(path);
    } catch (error) {
      // Another run may have made it at this moment.
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    await syncDirectory(dirname(path));
  }
}

/**
 * Makes the directories of a file and then the file. A run that only tries removes the directories that it made, so they
 * may vanish in between.
 */
export async function inParents<T>(
  directory: string,
  mode: number,
  make: () => Promise<T>,
  made: string[] = [],
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      await makeParents(directory, mode, made);
      return await make();
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || attempt >= 5) throw error;
    }
  }
}

/** Writes all of a buffer at a position; the system may take less at a time. */
export async function writeAll(file: FileHandle, buffer: Buffer, position: number): Promise<void> {
  for (let done = 0; done < buffer.length;) {
    const { bytesWritten } = await file.write(buffer, done, buffer.length - done, position + done);
    done += bytesWritten;
  }
}

/** `lstat`, or undefined where nothing is. */
export async function statIfAny(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

class LocalSink implements Sink {
  private closed: Promise<void> | undefined;

  constructor(
    private readonly path: LocalPath,
    private readonly part: string,
    private readonly file: FileHandle,
    private position: number,
    private readonly mode: number,
  ) {}

  get size(): number {
    return this.position;
  }

  async write(buffer: Buffer): Promise<void> {
    await this.attempt(() => writeAll(this.file, buffer, this.position));
    this.position += buffer.length;
  }

  async sync(): Promise<SinkState> {
    const offset = this.position;
    await this.attempt(() => this.file.datasync());
    return { offset };
  }

  async rollBack(size: number): Promise<SinkState> {
    if (size > this.position) throw new RangeError(`cannot go back to ${size} of ${this.position} bytes`);
    await this.attempt(() => this.file.truncate(size));
    this.position = size;
    return this.sync();
  }

  async commit(
    expected: ExpectedContent,
    beforeAppearing?: () => void | Promise<void>,
  ): Promise<ContentDigest> {
    const content = await this.attempt(async () => {
      const read = await this.check(expected);
      const before = await statIfAny(this.path.real);
      await this.file.chmod(before === undefined ? this.mode : before.mode & 0o777);
      await this.file.sync();
      return read;
    });
    await beforeAppearing?.();
    await this.attempt(async () => {
      await rename(this.part, this.path.real);
      await syncDirectory(dirname(this.path.real));
    });
    await this.close();
    return content;
  }

  close(): Promise<void> {
    this.closed ??= this.file.close();
    return this.closed;
  }

  /** The `.part` must be the file we hold, as long as we wrote it, and of the right digest. */
  private async check(expected: ExpectedContent): Promise<ContentDigest> {
    const held = await this.file.stat();
    const named = await statIfAny(this.part);
    if (named === undefined || named.ino !== held.ino || named.dev !== held.dev) throw exchanged(this.part);
    if (held.size !== this.position || expected.size !== this.position) {
      throw corrupt(this.part, `${held.size} bytes stand in it, ${expected.size} were expected`);
    }
    const read = await digestOf(this.file);
    if (read.crc32 !== expected.crc32) {
      throw corrupt(this.part, 'its CRC-32 is not that of what was written');
    }
    return read;
  }

  private async attempt<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw targetError(error, this.path.named);
    }
  }
}

const SEE = 'See what else uses its directory, and start the run again.';

function exchanged(part: string): StorageError {
  return new StorageError('TargetFailed', `${part} was moved, removed or replaced while it was written.`, {
    remedy: SEE,
  });
}

function corrupt(part: string, why: string): StorageError {
  return new StorageError('TransferCorrupt', `${part} is not what was written to it (${why}).`, {
    remedy: SEE,
  });
}
