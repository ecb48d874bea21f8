/** Finding the `.part` files below the roots of a worker: what its runs are writing, or have left behind. */
import type { BigIntStats } from 'node:fs';
import { lstat, opendir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { StorageRoot } from '../storage';

/** `{target}.{run ID}.part`, as a storage names what it writes; of a file of somebody else not even the name is looked at. */
const OURS = /^.+\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.part$/;

/** How much is looked at: a root can be anything, and a sweep is no reason to keep a disk busy. */
export interface WalkBounds {
  depth: number;
  /** Directory entries, of all roots together. */
  entries: number;
  /** Files that are found. */
  files: number;
  ms: number;
}

/** The bounds of a worker. */
export const WALK_BOUNDS: WalkBounds = { depth: 16, entries: 200_000, files: 1_000, ms: 60_000 };

/** A `.part`, as it was when it was found. */
export interface Leftover {
  path: string;
  /** The run ID in its name. */
  runId: string;
  stats: BigIntStats;
}

/** What a walk found. */
export interface Walked {
  files: Leftover[];
  /** A bound ended it: there may be more. */
  cut: boolean;
}

/**
 * The `.part` files below the roots that may be written. Follows no links, so that it stays below them, and leaves out
 * directories with a dot and `node_modules`. What cannot be read is passed over.
 */
export async function findParts(
  roots: readonly StorageRoot[],
  signal: AbortSignal,
  bounds: WalkBounds = WALK_BOUNDS,
): Promise<Walked> {
  const end = performance.now() + bounds.ms;
  const files: Leftover[] = [];
  const real: { path: string; writable: boolean }[] = [];
  for (const root of roots) {
    const path = await realpath(root.path).catch(() => undefined);
    if (path !== undefined) real.push({ path, writable: root.access !== 'read' });
  }
  // A root within another one is walked for itself, or not at all.
  const tops = new Set(real.map((root) => root.path));
  const readOnly = new Set(real.filter((root) => !root.writable).map((root) => root.path));
  const queue = [...tops].filter((path) => !readOnly.has(path)).map((path) => ({ path, depth: 0 }));
  let entries = 0;
  let cut = false;
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    const { path: directory, depth } = at;
    try {
      for await (const entry of await opendir(directory)) {
        signal.throwIfAborted();
        entries += 1;
        if (entries > bounds.entries || files.length >= bounds.files || performance.now() > end) {
          return { files, cut: true };
        }
        const path = join(directory, entry.name);
        if (entry.isDirectory()) {
          if (entry.name.startsWith('.') || entry.name === 'node_modules' || tops.has(path)) continue;
          if (depth < bounds.depth) queue.push({ path, depth: depth + 1 });
          else cut = true;
          continue;
        }
        const runId = OURS.exec(entry.name)?.[1];
        if (runId === undefined || !entry.isFile()) continue;
        const stats = await lstat(path, { bigint: true });
        if (stats.isFile() && stats.nlink === 1n) files.push({ path, runId, stats });
      }
    } catch (error) {
      signal.throwIfAborted();
      // Not readable, or gone meanwhile: what it holds stays.
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    }
  }
  return { files, cut };
}
