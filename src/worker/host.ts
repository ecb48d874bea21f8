import { createHash } from 'node:crypto';
import { realpathSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { isAbsolute, join, relative } from 'node:path';
import { nameRoots, type StorageRoot } from '../storage';
import { ConfigError } from './config-error';

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
 * The name under which this host serves its own roots: `{host}.{8 hex digits of the roots}`, so that two workers on one
 * host share a queue only where they see the same files. Undefined when every root is shared: any worker will do.
 *
 * @param roots canonical, see {@link canonicalRoots}
 */
export function hostName(roots: readonly StorageRoot[], host: string = hostname()): string | undefined {
  if (roots.every((root) => root.shared === true)) return undefined;
  const safe =
    host
      .toLowerCase()
      .replace(/[^a-z0-9.-]/g, '-')
      .slice(0, 63) || 'host';
  // The order counts: relative paths start at the first root.
  const paths = roots.map((root) => root.path).join('\0');
  return `${safe}.${createHash('sha256').update(paths).digest('hex').slice(0, 8)}`;
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
