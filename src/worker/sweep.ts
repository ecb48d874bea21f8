/**
 * A run that is terminated, or whose host is gone while it ends, cannot remove its `.part` files. So each worker looks, once
 * after its start, for those below its roots whose runs are closed.
 */
import { lstat, realpath, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LEASE_AT_MOST_MS } from '../activities';
import type { StorageRoot } from '../storage';
import { findParts, WALK_BOUNDS, type Leftover, type WalkBounds } from './leftovers';
import type { Log } from './logging';
import {
  chainOf,
  openChains,
  runsOf,
  type ChainState,
  type RunQuestions,
  type RunsConnection,
} from './run-states';

const DAY_MS = 86_400_000;

/** The times of a sweep. */
export interface SweepTiming {
  /**
   * How long a run has to be seen closed before its files go: an attempt that the server has given up, as it does with
   * those of a run that is closed, writes no longer than its lease. Waited for, because clocks need not agree.
   */
  closedForMs: number;
  /** How long nobody has touched a file of a run that the server does not know (any more). */
  untouchedForMs: number;
  /** Waits between tries of a question that is not answered. */
  askAgainMs: readonly number[];
  now: () => number;
  walk: WalkBounds;
}

const TIMING: SweepTiming = {
  closedForMs: LEASE_AT_MOST_MS + 5_000,
  untouchedForMs: 7 * DAY_MS,
  askAgainMs: [1_000, 5_000, 30_000],
  now: () => Date.now(),
  walk: WALK_BOUNDS,
};

/** What a sweep needs. */
export interface SweepOptions {
  roots: readonly StorageRoot[];
  log: Log;
  signal: AbortSignal;
  timing?: Partial<SweepTiming>;
}

/** Begins a sweep. Nothing waits for it, and it never fails; the answer ends it. */
export function startSweep(
  connection: RunsConnection,
  namespace: string,
  o: Omit<SweepOptions, 'signal'>,
): () => void {
  const controller = new AbortController();
  const { signal } = controller;
  void sweep(runsOf(connection, namespace, signal), { ...o, signal });
  return () => controller.abort();
}

/** Removes the `.part` files of closed runs. Never throws. */
export async function sweep(server: RunQuestions, o: SweepOptions): Promise<void> {
  try {
    await new Sweep(server, o).run();
  } catch (error) {
    if (o.signal.aborted) return;
    o.log(
      'warn',
      'Files that closed runs may have left behind stay, because looking for them failed. The next worker that starts looks again.',
      { reason: reasonOf(error) },
    );
  }
}

class Sweep {
  private readonly timing: SweepTiming;
  /** Of this look. */
  private states = new Map<string, ChainState>();
  private chains: { ids: Set<string> | undefined } | undefined;

  constructor(
    private readonly server: RunQuestions,
    private readonly o: SweepOptions,
  ) {
    this.timing = { ...TIMING, ...o.timing };
  }

  async run(): Promise<void> {
    const { signal, log } = this.o;
    const { files, cut } = await findParts(this.o.roots, signal, this.timing.walk);
    if (cut) {
      log('info', 'Not all directories were searched for files that closed runs have left behind', {
        found: files.length,
      });
    }
    const over: Leftover[] = [];
    for (const file of files) if (await this.isOver(file)) over.push(file);
    if (over.length === 0) return;
    await delay(this.timing.closedForMs, undefined, { signal, ref: false });
    // Again: a run that was closed may have been reset meanwhile.
    this.states = new Map();
    this.chains = undefined;
    for (const file of over) {
      if (!(await this.isOver(file))) continue;
      signal.throwIfAborted();
      await this.remove(file);
    }
  }

  /** Nobody will need the file any more. */
  private async isOver(file: Leftover): Promise<boolean> {
    const { state } = await this.stateOf(file.runId);
    if (state !== 'unknown') return state === 'closed';
    // A name proves little. Of what we write nobody else may read anything until it is whole.
    if ((file.stats.mode & 0o077n) !== 0n) return false;
    const touched = Math.max(Number(file.stats.mtimeMs), Number(file.stats.ctimeMs));
    if (this.timing.now() - touched <= this.timing.untouchedForMs) return false;
    this.chains ??= { ids: await this.ask(() => openChains(this.server)) };
    return this.chains.ids !== undefined && !this.chains.ids.has(file.runId);
  }

  private async stateOf(runId: string): Promise<ChainState> {
    let state = this.states.get(runId);
    if (state === undefined) {
      state = await this.ask(() => chainOf(this.server, runId));
      this.states.set(runId, state);
    }
    return state;
  }

  /** @throws what the server's silence throws, at last */
  private async ask<T>(question: () => Promise<T>): Promise<T> {
    for (const waitMs of this.timing.askAgainMs) {
      try {
        return await question();
      } catch {
        await delay(waitMs, undefined, { signal: this.o.signal, ref: false });
      }
    }
    return question();
  }

  private async remove({ path, runId, stats }: Leftover): Promise<void> {
    const fields = { file: path, runId, workflowId: this.states.get(runId)?.workflowId };
    try {
      const now = await lstat(path, { bigint: true });
      const same = now.ino === stats.ino && now.dev === stats.dev && now.ctimeNs === stats.ctimeNs;
      if (!same || (await realpath(dirname(path))) !== dirname(path)) {
        this.o.log(
          'warn',
          'A file that a closed run left behind is kept: somebody has touched it meanwhile',
          fields,
        );
        return;
      }
      await unlink(path);
      this.o.log('info', 'Removed a file that a closed run left behind', fields);
    } catch (error) {
      const reason = reasonOf(error);
      // Another worker with the same root was quicker.
      if (reason === 'ENOENT') return;
      this.o.log('warn', 'A file that a closed run left behind cannot be removed: remove it yourself', {
        ...fields,
        reason,
      });
    }
  }
}

/** The system's code, or what a server said. */
function reasonOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { code, message } = error as { code?: unknown; message?: unknown };
  return typeof code === 'string' ? code : (String(message).split('\n', 1)[0] ?? '');
}
