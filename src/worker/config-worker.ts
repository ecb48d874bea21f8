/** What a worker may hold and where it may read and write: flags over environment over file. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { isAbsolute, relative, resolve } from 'node:path';
import { compact, DEFAULT_TASK_QUEUE } from '../contracts';
import { DEFAULT_ROOT, nameRoots, rootNameFault, type StorageRoot } from '../storage';
import { ConfigError } from './config-error';
import type { ConfigFile } from './config-schema';

/** What one worker process is allowed to hold. */
export interface WorkerConfig {
  taskQueue: string;
  /** Absolute, each with its name. Paths of inputs that name no root are below the one called `default`. */
  roots: StorageRoot[];
  /** Absolute, below a root. */
  dumps: string;
  /** Mode of new targets, default 0640; dumps always get 0600. */
  fileMode?: number;
  /** Transfers at a time on each transfer queue. Times a few MB, this bounds the memory that transfers take. */
  transferSlots: number;
  /** Light activities at a time: polls and waits. */
  maxConcurrentWaits: number;
  /** Workflow runs kept in memory; others are replayed when they go on. */
  maxCachedWorkflows: number;
}

/** What command line flags say; they win over the environment and the file. */
export interface ConfigOverrides {
  taskQueue?: string;
  /** Directories, with or without a name in front: `payroll=/data/payroll`. */
  roots?: string[];
  dumps?: string;
  transferSlots?: number;
}

/** gzip and digests run on all cores; more transfers than these only take memory. */
function defaultTransferSlots(): number {
  return Math.min(16, Math.max(2, availableParallelism()));
}

/** The worker's part of a configuration. @throws ConfigError */
export function workerOf(
  given: ConfigFile,
  flags: ConfigOverrides,
  env: NodeJS.ProcessEnv,
  directory: string,
  cwd: string,
): WorkerConfig {
  const w = given.worker ?? {};
  const roots = rootsOf(w.roots, flags.roots, directory, cwd);
  // A root that is only read holds no dumps.
  const writable = roots.filter((root) => root.access !== 'read');
  const base = writable.find((root) => root.name === DEFAULT_ROOT) ?? writable[0] ?? roots[0];
  const dumps =
    flags.dumps === undefined
      ? below(base?.path ?? cwd, roots, w.dumps ?? 'dumps')
      : below(cwd, roots, flags.dumps);
  if (!roots.some((root) => isBelow(root.path, dumps))) {
    throw new ConfigError(
      'worker.dumps',
      `${dumps} is below none of the roots: choose a directory in one of them`,
    );
  }
  const way = relative(rootOf(roots, dumps)?.path ?? cwd, dumps);
  if (/(^|[/\\])(\.|node_modules($|[/\\]))/.test(way)) {
    throw new ConfigError('worker.dumps', `${dumps} is hidden: choose a directory that runs may write to`);
  }
  if ((flags.dumps ?? w.dumps) !== undefined && rootOf(roots, dumps)?.access === 'read') {
    throw new ConfigError(
      'worker.dumps',
      `${dumps} is below a root that is only read (access: read): choose a directory in another one`,
    );
  }
  return {
    taskQueue:
      flags.taskQueue ??
      (env.ANAPLAN_TEMPORAL_TASK_QUEUE?.trim() || undefined) ??
      w.taskQueue ??
      DEFAULT_TASK_QUEUE,
    roots,
    dumps,
    ...compact({ fileMode: w.fileMode }),
    transferSlots: flags.transferSlots ?? w.transferSlots ?? defaultTransferSlots(),
    maxConcurrentWaits: w.maxConcurrentWaits ?? 2_000,
    maxCachedWorkflows: w.maxCachedWorkflows ?? 200,
  };
}

type Named = StorageRoot & { name: string };

/** The roots of flags or of the file, all of them with names. */
function rootsOf(
  given: NonNullable<ConfigFile['worker']>['roots'],
  flags: readonly string[] | undefined,
  directory: string,
  cwd: string,
): Named[] {
  if (flags !== undefined) {
    const named = nameRoots(flags.map((text) => rootOfFlag(text, cwd)));
    const twice = named.find(({ name }, i) => named.findIndex((root) => root.name === name) < i)?.name;
    if (twice === undefined) return named;
    throw new ConfigError('--root', `two directories are named "${twice}": give each a name of its own`);
  }
  if (given === undefined) return [{ name: DEFAULT_ROOT, path: cwd }];
  const at = <T extends { path: string }>(root: T): T => ({ ...root, path: resolve(directory, root.path) });
  if (Array.isArray(given)) return nameRoots(given.map(at));
  return Object.entries(given).map(([name, root]) => ({ name, ...at(root) }));
}

/** `DIR` or `NAME=DIR`; a directory that is there keeps its `=`. */
function rootOfFlag(text: string, cwd: string): StorageRoot {
  const [, name, path] = /^([^=/\\]+)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || path === undefined || existsSync(resolve(cwd, text))) {
    return { path: resolve(cwd, text) };
  }
  const fault = rootNameFault(name);
  if (fault !== undefined) throw new ConfigError('--root', `the name "${name}" ${fault}`);
  return { name, path: resolve(cwd, path) };
}

/** A path of the configuration, which may name a root. */
function below(start: string, roots: readonly Named[], path: string): string {
  const [, name, rest] = /^([^:/\\]+):(.*)$/s.exec(path) ?? [];
  const root = roots.find((one) => one.name === name);
  return root === undefined ? resolve(start, path) : resolve(root.path, rest ?? '');
}

/** Of roots within each other the innermost counts. */
function rootOf(roots: readonly StorageRoot[], path: string): StorageRoot | undefined {
  const holding = roots.filter((root) => isBelow(root.path, path));
  return holding.sort((a, b) => b.path.length - a.path.length)[0];
}

function isBelow(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === '' || (!way.startsWith('..') && !isAbsolute(way));
}
