/**
 * The marker of a file system: a small file in a root that says which one it is. A root's name stands for one file
 * system, and nothing else tells whether that is so: not the path, which another host has too, nor the name of the host.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { errnoOf, invalid, reasonOf, remedyOf, StorageError, targetError } from '../errors';
import type { LocalPaths } from './paths';
import { nameRoots } from './roots';
import type { StorageRoot } from '../ports';

/** Hidden, and so neither a source nor a target of any run. */
export const MARKER_FILE = '.anaplan-temporal-root';

const MARKER = /^[0-9a-f]{16}\n$/;
const LENGTH = 17;
const MAX_ATTEMPTS = 10;
const AGAIN_MS = 100;

/**
 * The marker of a directory, which is made where there is none.
 *
 * @throws the system's error where it can be neither read nor made, StorageError InvalidInput where it is no marker
 */
function markDirectory(directory: string): string {
  const path = join(directory, MARKER_FILE);
  for (let attempt = 1; ; attempt++) {
    try {
      const text = readFileSync(path, 'utf8');
      if (text.length >= LENGTH || attempt >= MAX_ATTEMPTS) return markerIn(text, path);
      // Where it cannot be made at once (see below) somebody may be writing it.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, AGAIN_MS);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || attempt >= MAX_ATTEMPTS) throw error;
      make(path);
    }
  }
}

/** The marker of a directory as it is now; undefined where there is none. @throws as {@link markDirectory} */
async function readMarker(directory: string): Promise<string | undefined> {
  const path = join(directory, MARKER_FILE);
  for (let attempt = 1; ; attempt++) {
    try {
      const text = await readFile(path, 'utf8');
      if (text.length >= LENGTH || attempt >= MAX_ATTEMPTS) return markerIn(text, path);
      await delay(AGAIN_MS);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }
}

function markerIn(text: string, path: string): string {
  if (MARKER.test(text)) return text.slice(0, 16);
  throw invalid(
    `${path} is damaged: it must hold the marker of this file system, 16 hex digits and a line end.`,
    'Restore it, or remove it once no run uses this root.',
  );
}

/** Makes the marker unless somebody else is quicker: never more than one, and never half of one. */
function make(path: string): void {
  const text = `${randomBytes(8).toString('hex')}\n`;
  const own = `${path}.${randomBytes(6).toString('hex')}`;
  write(own, text);
  try {
    linkSync(own, path);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'EEXIST') return;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS' && code !== 'EOPNOTSUPP') throw error;
    // A file system without hard links: exclusive it is all the same.
    try {
      write(path, text);
    } catch (failure) {
      if (errnoOf(failure) !== 'EEXIST') throw failure;
    }
  } finally {
    rmSync(own, { force: true });
  }
}

function write(path: string, text: string): void {
  // Other users of a shared root have to read it.
  const file = openSync(path, 'wx', 0o644);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Marks the file systems of roots that may be written, where that has not been done.
 *
 * @param cannot is told of a root that holds no marker and cannot be given one: runs cannot tell its file system from others
 * @returns the markers by the roots' names
 * @throws StorageError InvalidInput where a marker is damaged
 */
export function markRoots(
  roots: readonly StorageRoot[],
  cannot: (root: string, reason: string) => void,
): Map<string, string> {
  const markers = new Map<string, string>();
  for (const { name, path, access } of nameRoots(roots)) {
    if (access === 'read') continue;
    try {
      markers.set(name, markDirectory(path));
    } catch (error) {
      if (error instanceof StorageError) throw error;
      cannot(name, [`${reasonOf(error)}.`, remedyOf(error) ?? ''].join(' ').trim());
    }
  }
  return markers;
}

/** The markers of one worker's roots. */
export class Markers {
  private readonly known: Map<string, string>;

  constructor(
    private readonly paths: LocalPaths,
    known: ReadonlyMap<string, string> = new Map(),
  ) {
    this.known = new Map(known);
  }

  /** See `Storage.markerOf`. */
  async of(name: string): Promise<string | undefined> {
    const { path, access } = this.paths.root(name);
    if (access === 'read') return undefined;
    const known = this.known.get(name);
    try {
      const found = known === undefined ? markIfPossible(path) : await readMarker(path);
      if (known !== undefined && found !== known) throw exchanged(name, path, found === undefined);
      if (found !== undefined) this.known.set(name, found);
      return found;
    } catch (error) {
      throw targetError(error, path);
    }
  }
}

/** Where no marker can be made nothing can be written either, and what is only read is pinned by its version. */
function markIfPossible(path: string): string | undefined {
  try {
    return markDirectory(path);
  } catch (error) {
    if (error instanceof StorageError) throw error;
    return undefined;
  }
}

function exchanged(name: string, path: string, absent: boolean): StorageError {
  const what = absent ? 'no file system of ours' : 'another file system';
  return new StorageError(
    'TargetFailed',
    `Root "${name}" is ${what} now (${path}): its marker ${MARKER_FILE} is ${absent ? 'gone' : 'not the one'} that it had when this worker started.`,
    {
      remedy: 'Mount it again; or restart the worker where this is meant.',
      transient: `root "${name}" is away`,
    },
  );
}
