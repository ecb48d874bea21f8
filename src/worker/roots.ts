import { realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { MARKER_FILE, markRoots, nameRoots, StorageError, type StorageRoot } from '../storage';
import { ConfigError } from './config-error';
import type { Log } from './logging';

/** Roots with their links resolved. @throws ConfigError when one is missing, no directory, or the same as another one */
export function canonicalRoots(given: readonly StorageRoot[]): (StorageRoot & { name: string })[] {
  const found = new Map<string, string>();
  return nameRoots(given).map((root) => {
    let path: string;
    try {
      path = realpathSync(root.path);
      if (!statSync(path).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      const why =
        code === 'ENOENT'
          ? 'does not exist'
          : code === 'ENOTDIR'
            ? 'is no directory'
            : `cannot be used (${code ?? 'error'})`;
      throw new ConfigError(
        `worker.roots.${root.name}`,
        `${root.path} ${why}: create it, or name another directory`,
      );
    }
    const other = found.get(path);
    if (other !== undefined) {
      throw new ConfigError(
        `worker.roots.${root.name}`,
        `${root.path} is the directory of root "${other}" too: keep one of the two names`,
      );
    }
    found.set(path, root.name);
    return { ...root, path };
  });
}

/**
 * Makes sure that each root that may be written has a marker, by which runs know its file system.
 *
 * @returns the markers by the roots' names
 * @throws ConfigError where one is damaged
 */
export function markedRoots(roots: readonly StorageRoot[], log: Log): Map<string, string> {
  try {
    return markRoots(roots, (root, reason) =>
      log(
        'warn',
        'The marker of a root cannot be written, so runs cannot tell its file system from another one. Let the worker write there, or configure access: read.',
        { root, file: MARKER_FILE, reason },
      ),
    );
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw new ConfigError('worker.roots', error.message.replace(/\.$/, ''));
  }
}

/** A path below one of the given roots, as a path below the same root with its links resolved. */
export function canonicalBelow(
  given: readonly StorageRoot[],
  canonical: readonly StorageRoot[],
  path: string,
): string {
  for (const [i, root] of given.entries()) {
    const way = relative(root.path, path);
    const to = canonical[i];
    if (to !== undefined && !way.startsWith('..') && !isAbsolute(way)) return join(to.path, way);
  }
  return path;
}
