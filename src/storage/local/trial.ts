/** Trying to write, before anything depends on it. */
import { constants } from 'node:fs';
import { rm, rmdir, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

import { errnoOf, targetError } from '../errors';
import { fileUri, partPath, type LocalPaths } from './paths';
import { checkTarget, inParents, openPart, writeAll, type Modes } from './sink';

/** File systems allocate late: only bytes that reached the disk show that there is room for some. */
const PROBE = Buffer.alloc(4096, '\n');

/** Creates the `.part` of a target. See `Storage.tryTarget`. */
export async function tryLocalTarget(
  paths: LocalPaths,
  uri: string,
  token: string,
  modes: Modes,
): Promise<{ uri: string }> {
  const path = await checkTarget(paths, uri);
  const part = partPath(path.real, token);
  const made: string[] = [];
  try {
    const file = await inParents(
      dirname(part),
      modes.directory,
      () => openPart(part, constants.O_RDWR),
      made,
    );
    try {
      await checkTarget(paths, uri);
      if ((await file.stat()).size === 0) await probe(file);
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    return { uri: fileUri(path.named) };
  } catch (error) {
    await removeEmpty(made);
    throw targetError(error, path.named);
  }
}

/** See `Storage.tryOnce`. */
export async function tryLocalOnce(paths: LocalPaths, uri: string, token: string): Promise<void> {
  const path = await checkTarget(paths, uri);
  const part = partPath(path.real, token);
  const made: string[] = [];
  try {
    const file = await inParents(dirname(part), 0o700, () => openPart(part, constants.O_RDWR), made);
    try {
      await probe(file);
    } finally {
      await file.close();
      await rm(part, { force: true });
    }
  } catch (error) {
    throw targetError(error, path.named);
  } finally {
    await removeEmpty(made);
  }
}

async function probe(file: FileHandle): Promise<void> {
  await writeAll(file, PROBE, 0);
  await file.datasync();
  await file.truncate(0);
}

/** Takes back the directories of a trial, innermost first, as far as nobody uses them. */
async function removeEmpty(made: readonly string[]): Promise<void> {
  for (const path of [...made].reverse()) {
    try {
      await rmdir(path);
    } catch (error) {
      // Somebody has put something there, or took it away: what is left is theirs.
      if (errnoOf(error) === undefined) throw error;
      return;
    }
  }
}
