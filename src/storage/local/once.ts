import { link, lstat, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

import { errnoOf, targetError } from '../errors';
import type { StoredFile } from '../ports';
import { fileUri, partPath, type LocalPaths } from './paths';
import { checkTarget, CREATE, inParents, openPart, statIfAny, syncDirectory, writeAll } from './sink';

/** Stores a new file that nothing overwrites. See `Store.putOnce`. */
export async function putLocalOnce(
  paths: LocalPaths,
  uri: string,
  slices: AsyncIterable<Buffer>,
  token: string,
): Promise<StoredFile> {
  const path = await checkTarget(paths, uri);
  const part = partPath(path.real, token);
  const existing = async (): Promise<StoredFile> => ({
    uri: fileUri(path.named),
    size: (await lstat(path.real)).size,
  });
  return inTarget(path.named, async () => {
    if ((await statIfAny(path.real)) !== undefined) {
      // An attempt that died between link and removal left both names.
      await rm(part, { force: true });
      return existing();
    }
    await rm(part, { force: true });
    const file = await inParents(dirname(part), 0o700, () => openPart(part, CREATE));
    const size = await writePart(path.named, part, file, slices);
    try {
      if (!(await appear(part, path.real))) return await existing();
    } finally {
      await rm(part, { force: true });
    }
    await syncDirectory(dirname(path.real));
    return { uri: fileUri(path.named), size };
  });
}

async function writePart(
  named: string,
  part: string,
  file: FileHandle,
  slices: AsyncIterable<Buffer>,
): Promise<number> {
  let whole = false;
  try {
    let size = 0;
    // Only our own writes are the target's failures: an error of the slices (the download's) passes as it is.
    for await (const slice of slices) {
      await inTarget(named, () => writeAll(file, slice, size));
      size += slice.length;
    }
    await inTarget(named, () => file.sync());
    whole = true;
    return size;
  } catch (error) {
    throw new Passed(error);
  } finally {
    await file.close();
    if (!whole) await rm(part, { force: true });
  }
}

/** Carries an error through `inTarget` that is not the target's. */
class Passed extends Error {
  constructor(readonly error: unknown) {
    super('passed on');
  }
}

async function inTarget<T>(named: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof Passed) throw error.error;
    throw targetError(error, named);
  }
}

/** Gives the finished file its name unless that is taken; false when it is. */
async function appear(part: string, final: string): Promise<boolean> {
  try {
    await link(part, final);
    return true;
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'EEXIST') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
    // File systems without hard links: the name is checked and then taken, which is as near as they come.
    if ((await statIfAny(final)) !== undefined) return false;
    await rename(part, final);
    return true;
  }
}
