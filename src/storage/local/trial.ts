/** Trying to write, before anything depends on it. */
import { readdir, rm, rmdir, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { errnoOf, targetError } from '../errors';
import type { OtherPart } from '../ports';
import { fileUri, partPath, type LocalPaths } from './paths';
import { checkTarget, CREATE, inParents, openPart, writeAll, type Modes } from './sink';

/** File systems allocate late: only bytes that reached the disk show that there is room for some. */
const PROBE = Buffer.alloc(4096, '\n');

/** The token of a run's `.part`: a target whose own name ends alike is none. */
const RUN_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Creates the `.part` of a target. See `Store.tryTarget`. */
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
    const file = await inParents(dirname(part), modes.directory, () => openPart(part, CREATE), made);
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

/** See `Store.otherParts`. */
export async function otherLocalParts(paths: LocalPaths, uri: string, token: string): Promise<OtherPart[]> {
  const path = await checkTarget(paths, uri);
  const own = partPath(path.real, token);
  const directory = dirname(own);
  const [before, after] = [`${basename(path.real)}.`, '.part'];
  const found: OtherPart[] = [];
  try {
    const since = (await stat(own)).birthtimeMs;
    for (const name of await readdir(directory)) {
      if (!name.startsWith(before) || !name.endsWith(after) || join(directory, name) === own) continue;
      const other = name.slice(before.length, -after.length);
      if (!RUN_ID.test(other)) continue;
      const its = (await stat(join(directory, name)).catch(() => undefined))?.birthtimeMs;
      // Gone meanwhile: it has become the target, or was given up.
      if (its === undefined) continue;
      found.push({ token: other, older: its < since || (its === since && other < token) });
    }
    return found;
  } catch (error) {
    throw targetError(error, path.named);
  }
}

/** See `Store.tryOnce`. */
export async function tryLocalOnce(paths: LocalPaths, uri: string, token: string): Promise<void> {
  const path = await checkTarget(paths, uri);
  const part = partPath(path.real, token);
  const made: string[] = [];
  try {
    const file = await inParents(dirname(part), 0o700, () => openPart(part, CREATE), made);
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
