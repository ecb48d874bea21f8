import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join, normalize, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { errnoOf, invalid, reasonOf, remedyOf, transientOf } from '../errors';
import type { Place, StorageRoot } from '../ports';
import { assertToken } from '../token';
import { Guard } from './guard';
import { DEFAULT_ROOT, isBelow, nameRoots, placeUri, readName, type NamedRoot } from './roots';

/** A path that was checked against the roots. */
export interface LocalPath {
  /** As the user named it, made absolute; its links are not resolved. */
  named: string;
  /** Without links; for a target: the file that the rename will replace. */
  real: string;
  root: NamedRoot;
}

/** What a user means, unchecked. */
interface Meant {
  /** The absolute path. */
  named: string;
  /** The root that it has to lie in; undefined where only its links can tell. */
  root?: NamedRoot;
}

/**
 * Turns paths (`data/a.csv`, `payroll:june.csv`) and `file://` URIs into checked absolute paths. A path counts as below a
 * root by what it *resolves* to, so that neither `..` nor a symbolic link leads out.
 */
export class LocalPaths {
  readonly roots: readonly NamedRoot[];

  constructor(
    roots: readonly StorageRoot[],
    cwd: string,
    readonly guard = new Guard(),
  ) {
    this.roots = nameRoots(roots.map((root) => ({ ...root, path: resolve(cwd, root.path) })));
  }

  /** The root of that name. @throws StorageError InvalidInput that lists the known ones */
  root(name: string): NamedRoot {
    const found = this.roots.find((root) => root.name === name);
    if (found !== undefined) return found;
    const known = this.roots.map((root) => root.name).join(', ');
    throw invalid(
      `Root "${name}" is none of this worker's roots (${known === '' ? 'it has none' : known}).`,
      'Correct the name, or add the root to the configuration.',
    );
  }

  private meant(uri: string): Meant {
    const name = readName(uri);
    const root = name.kind === 'below' ? this.root(name.root) : undefined;
    const named = root === undefined ? name.path : resolve(root.path, name.path);
    if (root === undefined || name.kind === 'absolute' || !name.prefixed) return this.inText(named);
    if (!isBelow(named, root.path)) {
      throw invalid(`${uri} leads out of root "${root.name}".`, 'Give a path below it.');
    }
    return { named, root };
  }

  /** The innermost root that a path begins with. */
  private inText(named: string): Meant {
    const holding = this.roots.filter((root) => isBelow(named, root.path));
    const [root] = holding.sort((a, b) => b.path.length - a.path.length);
    return root === undefined ? { named } : { named, root };
  }

  /**
   * Which root a text means, and how each worker that has this root names the file. Where the root is none of these, it is
   * taken by its name. @throws StorageError InvalidInput, or the system error where the file system is away or busy
   */
  async placeOf(uri: string): Promise<Place> {
    const name = readName(uri);
    if (name.kind === 'below' && !this.roots.some((root) => root.name === name.root)) {
      const path = normalize(name.path);
      if (!isBelow(resolve('/root', path), '/root')) {
        throw invalid(`${uri} leads out of root "${name.root}".`, 'Give a path below it.');
      }
      return { root: name.root, uri: placeUri(name.root, path) };
    }
    const meant = this.meant(uri);
    const parent = await deepestExisting(meant.named);
    const real = join(parent.real, relative(parent.named, meant.named));
    const { root, path } = await this.rootOf(real, meant.named);
    // Its own name, as long as no link leads from one root into another.
    const way = root === meant.root ? relative(root.path, meant.named) : relative(path, real);
    const end = way !== '' && /[/\\]$/.test(uri) ? '/' : '';
    return { root: root.name, uri: placeUri(root.name, `${way === '' ? '.' : way}${end}`) };
  }

  /** Where a source is looked for, in words: its absolute path, and the directories that a worker may use. */
  lookedFor(uri: string): string {
    const { named, root } = this.meant(uri);
    const roots = root === undefined ? this.roots : [root];
    return `looked for at ${named}, below the root${roots.length === 1 ? '' : 's'} ${roots.map(shown).join(', ')}`;
  }

  /**
   * Resolves an existing source. @throws StorageError InvalidInput when outside of the roots, otherwise the system error
   * of the look-up (ENOENT, EACCES, ...)
   */
  async existing(uri: string): Promise<LocalPath> {
    const meant = this.meant(uri);
    const { named } = meant;
    let real: string;
    try {
      real = await realpath(named);
    } catch (error) {
      if (transientOf(error) !== undefined) throw error;
      // Whether a file outside of the roots, or one of the worker's own, exists is nobody's business: refusals come first.
      const parent = await deepestExisting(named);
      await this.below(join(parent.real, relative(parent.named, named)), meant);
      throw error;
    }
    return { named, real, root: await this.below(real, meant) };
  }

  /**
   * Resolves a target that may not exist yet, nor its parents. A target that is a symbolic link stands for the file
   * it leads to, which must lie below a root as well. Nothing is created.
   * @throws StorageError InvalidInput, or the system error where the file system is away or busy
   */
  async target(uri: string): Promise<LocalPath> {
    if (/[/\\]$/.test(uri) || uri === '.' || uri === '..') {
      throw invalid(`The target ${uri} names a directory.`, 'Add a file name.');
    }
    const meant = this.meant(uri);
    const { named } = meant;
    const link = await lstat(named).catch(() => undefined);
    if (link?.isSymbolicLink()) {
      const real = await realpath(named).catch((error: unknown) => {
        throw invalid(
          `The target ${named} is a symbolic link that leads nowhere (${reasonOf(error)}).`,
          'Remove it.',
        );
      });
      return { named, real, root: writable(await this.below(real, meant), named) };
    }
    const parent = await deepestExisting(dirname(named));
    const real = join(parent.real, relative(parent.named, named));
    const root = writable(await this.below(real, meant), named);
    if (!(await lstat(parent.real)).isDirectory()) {
      throw invalid(`The target ${named} lies below a file (${parent.named}).`, 'Correct the path.');
    }
    return { named, real, root };
  }

  /** The root that holds a real path which is none of the worker's own. @throws StorageError InvalidInput */
  private async below(real: string, { named, root: meant }: Meant): Promise<NamedRoot> {
    const { root, path } = await this.rootOf(real, named);
    if (real === path) throw invalid(`${named} is a root directory, not a file.`, 'Name a file in it.');
    // Of the file system that it leads to, nothing is known to the run.
    if (meant !== undefined && meant !== root) {
      throw invalid(
        `${named} leads out of root "${meant.name}" into root "${root.name}".`,
        `Name it ${placeUri(root.name, relative(path, real))}.`,
      );
    }
    await this.guard.check(named, real, path);
    return root;
  }

  /** The root that holds a real path; of roots within each other the innermost. @throws StorageError InvalidInput */
  private async rootOf(real: string, named: string): Promise<{ root: NamedRoot; path: string }> {
    let found: { root: NamedRoot; path: string } | undefined;
    for (const root of this.roots) {
      const path = await realpath(root.path).catch((error: unknown) => {
        // A root that is away for now is no root that is not there.
        if (transientOf(error) !== undefined) throw error;
        return undefined;
      });
      if (path === undefined || !isBelow(real, path)) continue;
      if (found === undefined || path.length > found.path.length) found = { root, path };
    }
    if (found !== undefined) return found;
    const allowed = this.roots.map(shown).join(', ');
    throw invalid(
      `${named} lies outside of the directories this worker may use (${allowed === '' ? 'none is configured' : allowed}).`,
      'Use a path below one of them, or add its directory to the roots.',
    );
  }
}

/** A root in words: a single one needs no name. */
function shown(root: NamedRoot, _: number, all: readonly NamedRoot[]): string {
  return all.length === 1 && root.name === DEFAULT_ROOT ? root.path : `${root.name} = ${root.path}`;
}

function writable(root: NamedRoot, named: string): NamedRoot {
  if (root.access !== 'read') return root;
  throw invalid(
    `${named} lies below ${root.path}, from which this worker may only read (access: read).`,
    'Name a path below a root that may be written.',
  );
}

/** `file://` form of an absolute path. */
export function fileUri(path: string): string {
  return pathToFileURL(path).href;
}

/** The name of the file in which a target gathers. @throws StorageError InvalidInput for an unsafe token */
export function partPath(target: string, token: string): string {
  assertToken(token);
  return join(dirname(target), `${basename(target)}.${token}.part`);
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
        throw invalid(`${at} is a symbolic link that leads nowhere.`, 'Correct the path.', error);
      if ((code !== 'ENOENT' && code !== 'ENOTDIR') || dirname(at) === at) {
        throw invalid(`${path} cannot be used: ${reasonOf(error)}.`, remedyOf(error), error);
      }
    }
  }
}
