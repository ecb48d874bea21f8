import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { errnoOf, invalid, reasonOf, transientOf } from '../errors';
import type { StorageRoot } from '../ports';
import { Guard } from './guard';

const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;

/** A path that was checked against the roots. */
export interface LocalPath {
  /** As the user named it, made absolute; its links are not resolved. */
  named: string;
  /** Without links; for a target: the file that the rename will replace. */
  real: string;
  root: StorageRoot;
}

/**
 * Turns paths and `file://` URIs into checked absolute paths. A path counts as below a root by what it *resolves* to, so
 * that neither `..` nor a symbolic link leads out.
 */
export class LocalPaths {
  constructor(
    private readonly roots: readonly StorageRoot[],
    private readonly cwd: string,
    readonly guard = new Guard(),
  ) {}

  /** The absolute path a user means, unchecked. @throws StorageError InvalidInput */
  parse(uri: string): string {
    if (uri.trim() === '') throw invalid('The path is empty: give a path or a file:// URI.');
    if (uri.includes('\0'))
      throw invalid(`The path ${JSON.stringify(uri)} holds a null character: correct it.`);
    if (!/^file:\//i.test(uri)) {
      const scheme = SCHEME.exec(uri)?.[1];
      if (scheme === undefined) return resolve(this.cwd, uri);
      throw invalid(`${scheme}:// is not supported (${uri}): give a local path or a file:// URI.`);
    }
    try {
      const url = new URL(uri);
      if (url.search !== '' || url.hash !== '') {
        throw new Error('write ? as %3F and # as %23, or give the plain path');
      }
      const path = fileURLToPath(url);
      if (path.includes('\0')) throw new Error('it holds a null character');
      return resolve(path);
    } catch (error) {
      throw invalid(`${uri} is no usable file:// URI: ${reasonOf(error)}.`);
    }
  }

  /** Where a source is looked for, in words: its absolute path, and the directories that a worker may use. */
  lookedFor(uri: string): string {
    const roots = this.roots.map((root) => resolve(this.cwd, root.path));
    return `looked for at ${this.parse(uri)}, below the root${roots.length === 1 ? '' : 's'} ${roots.join(', ')}`;
  }

  /**
   * Resolves an existing source. @throws StorageError InvalidInput when outside of the roots, otherwise the system error
   * of the look-up (ENOENT, EACCES, ...)
   */
  async existing(uri: string): Promise<LocalPath> {
    const named = this.parse(uri);
    let real: string;
    try {
      real = await realpath(named);
    } catch (error) {
      if (transientOf(error) !== undefined) throw error;
      // Whether a file outside of the roots, or one of the worker's own, exists is nobody's business: refusals come first.
      const parent = await deepestExisting(named);
      await this.below(join(parent.real, relative(parent.named, named)), named);
      throw error;
    }
    return { named, real, root: await this.below(real, named) };
  }

  /** The root of a path that may exist or not. @throws StorageError InvalidInput */
  async rootFor(uri: string): Promise<StorageRoot> {
    const named = this.parse(uri);
    return (await this.rootOf((await deepestExisting(named)).real, named)).root;
  }

  /**
   * Resolves a target that may not exist yet, nor its parents. A target that is a symbolic link stands for the file
   * it leads to, which must lie below a root as well. Nothing is created.
   * @throws StorageError InvalidInput, or the system error where the file system is away or busy
   */
  async target(uri: string): Promise<LocalPath> {
    if (/[/\\]$/.test(uri) || uri === '.' || uri === '..') {
      throw invalid(`The target ${uri} names a directory: add a file name.`);
    }
    const named = this.parse(uri);
    const link = await lstat(named).catch(() => undefined);
    if (link?.isSymbolicLink()) {
      const real = await realpath(named).catch((error: unknown) => {
        throw invalid(
          `The target ${named} is a symbolic link that leads nowhere (${reasonOf(error)}): remove it.`,
        );
      });
      return { named, real, root: writable(await this.below(real, named), named) };
    }
    const parent = await deepestExisting(dirname(named));
    const real = join(parent.real, relative(parent.named, named));
    const root = writable(await this.below(real, named), named);
    if (!(await lstat(parent.real)).isDirectory()) {
      throw invalid(`The target ${named} lies below a file (${parent.named}): correct the path.`);
    }
    return { named, real, root };
  }

  /** The root that holds a real path which is none of the worker's own. @throws StorageError InvalidInput */
  private async below(real: string, named: string): Promise<StorageRoot> {
    const { root, path } = await this.rootOf(real, named);
    if (real === path) throw invalid(`${named} is a root directory, not a file: name a file in it.`);
    await this.guard.check(named, real, path);
    return root;
  }

  /** The root that holds a real path; of roots within each other the innermost. @throws StorageError InvalidInput */
  private async rootOf(real: string, named: string): Promise<{ root: StorageRoot; path: string }> {
    let found: { root: StorageRoot; path: string } | undefined;
    for (const root of this.roots) {
      const path = await realpath(resolve(this.cwd, root.path)).catch((error: unknown) => {
        // A root that is away for now is no root that is not there.
        if (transientOf(error) !== undefined) throw error;
        return undefined;
      });
      if (path === undefined || !isBelow(real, path)) continue;
      if (found === undefined || path.length > found.path.length) found = { root, path };
    }
    if (found !== undefined) return found;
    const allowed = this.roots.map((root) => resolve(this.cwd, root.path)).join(', ');
    throw invalid(
      `${named} lies outside of the directories this worker may use (${allowed === '' ? 'none is configured' : allowed}): ` +
        'use a path below one of them, or add its directory to the roots.',
    );
  }
}

function writable(root: StorageRoot, named: string): StorageRoot {
  if (root.access !== 'read') return root;
  throw invalid(
    `${named} lies below ${root.path}, from which this worker may only read (access: read): name a path below a root that may be written.`,
  );
}

/** `file://` form of an absolute path. */
export function fileUri(path: string): string {
  return pathToFileURL(path).href;
}

/** The name of the file in which a target gathers. @throws StorageError InvalidInput for an unsafe token */
export function partPath(target: string, token: string): string {
  if (!/^[A-Za-z0-9_-]{1,128}$/.test(token)) {
    throw invalid(`The token ${JSON.stringify(token)} is not made of letters, digits, - and _ only.`);
  }
  return join(dirname(target), `${basename(target)}.${token}.part`);
}

function isBelow(path: string, root: string): boolean {
  const way = relative(root, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/** The path itself or the nearest parent that exists: as the user wrote it, and without links. */
async function deepestExisting(path: string): Promise<{ named: string; real: string }> {
  for (let at = path; ; at = dirname(at)) {
    try {
      return { named: at, real: await realpath(at) };
    } catch (error) {
      if (transientOf(error) !== undefined) throw error;
      const code = errnoOf(error);
      // A link that leads nowhere must not count as "not there yet": creating below it would follow it.
      const link = await lstat(at).catch(() => undefined);
      if (link?.isSymbolicLink())
        throw invalid(`${at} is a symbolic link that leads nowhere: correct the path.`, error);
      if ((code !== 'ENOENT' && code !== 'ENOTDIR') || dirname(at) === at) {
        throw invalid(`${path} cannot be used: ${reasonOf(error)}.`, error);
      }
    }
  }
}
