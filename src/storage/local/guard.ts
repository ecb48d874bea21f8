/** What is no source and no target, wherever it lies: what runs and configures the worker, and what is hidden. */
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';

import { invalid, type StorageError } from '../errors';

/** Names that mean configuration or code wherever they stand: a worker that is started there next would take them. */
const RESERVED_NAMES = new Set([
  'anaplan-temporal.yaml',
  'temporal.toml',
  'package.json',
  'package-lock.json',
]);

/**
 * Endings that mean the same: variables for a container or for `node --env-file` (`prod.env`, `app.env.local`), what Node
 * loads as code of a worker of the user's own, what a container is made with.
 */
const RESERVED_ENDING =
  /(?:\.env(?:\.[^.]*)?|\.[cm]?[jt]sx?|\.node|\.wasm|\.sh|^(?:docker-)?compose(?:\.[^/]*)?\.ya?ml|^Dockerfile)$/i;

/** Which file a handle or a path leads to. */
export interface FileId {
  dev: bigint;
  ino: bigint;
}

/** Refuses the worker's own files. */
export class Guard {
  private readonly files: readonly string[];

  /** @param files files and directories that belong to the worker; they need not exist (yet) */
  constructor(files: readonly string[] = []) {
    this.files = files.map((file) => resolve(file));
  }

  /**
   * @param named as the user wrote it, for the message
   * @param real without links; nothing need be there
   * @param root the real path of the root that it lies below
   * @throws StorageError InvalidInput
   */
  async check(named: string, real: string, root: string): Promise<void> {
    const steps = relative(root, real).split(sep);
    const name = basename(real);
    if (steps.some(isHidden) || RESERVED_NAMES.has(name.toLowerCase()) || RESERVED_ENDING.test(name))
      throw refused(named);
    const place = real.toLowerCase();
    for (const file of this.files) {
      for (const own of new Set([file, await realPlace(file)])) {
        // On some file systems the case of a name makes no difference.
        const at = own.toLowerCase();
        if (place === at || place.startsWith(`${at}${sep}`)) throw refused(named);
      }
    }
  }

  /** Refuses other names of the same files: hard links, mounts. @throws StorageError InvalidInput */
  async checkFile(named: string, opened: FileId): Promise<void> {
    for (const file of this.files) {
      const own = await stat(file, { bigint: true }).catch(() => undefined);
      if (own !== undefined && own.ino === opened.ino && own.dev === opened.dev) throw refused(named);
    }
  }
}

function isHidden(name: string): boolean {
  return name.startsWith('.') || name.toLowerCase() === 'node_modules';
}

/** Where a path leads, also where it does not exist yet: the nearest parent that does decides. */
async function realPlace(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    try {
      return join(await realpath(at), relative(at, path));
    } catch {
      if (at === dirname(at)) return path;
    }
  }
}

function refused(named: string): StorageError {
  return invalid(
    `${named} is refused: what configures and runs the worker, and hidden files (dot files, node_modules), can be neither read nor written by a run.`,
    'Name another file.',
  );
}
