/** The names of roots, and how a text names a file in one of them. */
import { basename, isAbsolute, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import { invalid, reasonOf, remedyOf } from '../errors';
import type { StorageRoot } from '../ports';

/** The root of a path that names none. */
export const DEFAULT_ROOT = 'default';

/** A root by its name, with an absolute path. */
export type NamedRoot = StorageRoot & { name: string };

/** One letter would be the drive of a Windows path. A name is a part of a task queue's, too. */
const NAME = /^[A-Za-z][A-Za-z0-9_-]{1,63}$/;
/** `NAME:` in front of a path; with two slashes behind it, it is a scheme. */
const PREFIX = /^([A-Za-z][A-Za-z0-9_-]{1,63}):(?!\/\/)/;
const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;
/** What looks like the scheme of a URI. */
const SCHEMES = new Set(['file', 'http', 'https', 's3', 'gs', 'az', 'abfs', 'abfss', 'ftp', 'sftp', 'hdfs']);

/** What is wrong with the name of a root; undefined for a good one. */
export function rootNameFault(name: string): string | undefined {
  if (!NAME.test(name)) return 'must begin with a letter and have 2 to 64 letters, digits, "_" and "-"';
  return SCHEMES.has(name.toLowerCase()) ? 'is what a URI begins with: choose another name' : undefined;
}

/**
 * Names roots that have none: the first one is `default`, each other one is called as its directory is, or by its place
 * in the list (`root2`) where that is no name or is taken.
 */
export function nameRoots<T extends StorageRoot>(roots: readonly T[]): (T & { name: string })[] {
  const taken = new Set(roots.flatMap((root) => root.name ?? []));
  const free = (name: string): boolean => rootNameFault(name) === undefined && !taken.has(name);
  return roots.map((root, i) => {
    const own = basename(resolve(root.path));
    const name =
      root.name ?? (i === 0 && free(DEFAULT_ROOT) ? DEFAULT_ROOT : free(own) ? own : `root${i + 1}`);
    taken.add(name);
    return { ...root, name };
  });
}

/** What a text names, before any look at the disk. */
export type Named =
  /** A path below the root of that name, as it was written. */
  | { kind: 'below'; root: string; path: string; prefixed: boolean }
  /** An absolute path, in whichever root has it. */
  | { kind: 'absolute'; path: string };

/** Reads a path, `NAME:path` or `file:` URI. @throws StorageError InvalidInput */
export function readName(text: string): Named {
  if (text.trim() === '') throw invalid('The path is empty.', 'Give a path or a file:// URI.');
  if (text.includes('\0'))
    throw invalid(`The path ${JSON.stringify(text)} holds a null character.`, 'Correct it.');
  if (/^file:\//i.test(text)) return { kind: 'absolute', path: pathOfUri(text) };
  const scheme = SCHEME.exec(text)?.[1];
  if (scheme !== undefined) {
    throw invalid(
      `${scheme}:// is not supported (${text}).`,
      'Give a local path (data/a.csv), a path in a named root (ROOT:a.csv) or a file:// URI.',
    );
  }
  const root = PREFIX.exec(text)?.[1];
  if (root === undefined) {
    if (isAbsolute(text)) return { kind: 'absolute', path: resolve(text) };
    return { kind: 'below', root: DEFAULT_ROOT, path: text, prefixed: false };
  }
  const path = text.slice(root.length + 1);
  if (isAbsolute(path)) {
    throw invalid(
      `${text} has an absolute path behind the name of a root.`,
      `Give the path below the root (${root}:${path.replace(/^\/+/, '')}).`,
    );
  }
  return { kind: 'below', root, path, prefixed: true };
}

/** How a root's file is named wherever the root is: without the name of the default root where that can be left out. */
export function placeUri(root: string, path: string): string {
  const plain = root === DEFAULT_ROOT && !PREFIX.test(path) && !SCHEME.test(path) && !/^file:\//i.test(path);
  return plain ? path : `${root}:${path}`;
}

function pathOfUri(uri: string): string {
  try {
    const url = new URL(uri);
    if (url.search !== '' || url.hash !== '') {
      throw new Error('write ? as %3F and # as %23, or give the plain path');
    }
    const path = fileURLToPath(url);
    if (path.includes('\0')) throw new Error('it holds a null character');
    return resolve(path);
  } catch (error) {
    throw invalid(`${uri} is no usable file:// URI: ${reasonOf(error)}.`, remedyOf(error));
  }
}

/** Whether a path is a directory or lies below it, by their texts. */
export function isBelow(path: string, directory: string): boolean {
  const way = relative(directory, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}
