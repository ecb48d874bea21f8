/** Whom a run waits for, as its lock has it now: what the run itself last heard may be minutes old. */
import type { Client } from '@temporalio/client';

/** A run that stands in the way of another. */
export interface ProgressBlocker {
  workflowId: string;
  /** Since when it holds what is waited for, or waits itself. */
  since: Date;
  /** It holds it; otherwise it waits further ahead. */
  holds: boolean;
}

/** A run's place in the line of a lock. */
export interface ProgressWait {
  /** Workflow ID of the lock. */
  lockId: string;
  /** `files` or `model`. */
  for: string;
  /** 1: the next. */
  place: number;
  since: Date;
  behind: ProgressBlocker[];
}

/** A query is work for a worker, and in Temporal Cloud an action: a look every second does not ask every second. */
const ASK_EVERY_MS = 5_000;
/** Answers only improve a line of progress. */
const PATIENCE_MS = 3_000;

const LOCK_ID = /anaplan-lock:[^\s`'",;)]+/;

/** Asks the lock of one run while somebody looks. */
export class LockWatch {
  private lockId: string | undefined;
  private last: ProgressWait | undefined;
  private askedAt = -Infinity;

  constructor(
    private readonly client: Client,
    private readonly workflowId: string,
  ) {}

  /** The run's place in line; undefined when it waits for no lock, or nobody answers. Never throws. */
  async look(run: { runId: string; mayWait: boolean }): Promise<ProgressWait | undefined> {
    if (!run.mayWait) {
      this.last = undefined;
      return undefined;
    }
    const now = performance.now();
    if (now - this.askedAt < ASK_EVERY_MS) return this.last;
    this.askedAt = now;
    try {
      this.last = await this.client.withDeadline(Date.now() + PATIENCE_MS, () => this.ask(run.runId));
    } catch {
      // No worker, no such lock, a wait that is over: the run's own words are shown.
      this.last = undefined;
      this.lockId = undefined;
    }
    return this.last;
  }

  private async ask(runId: string): Promise<ProgressWait | undefined> {
    // What the UI shows of a waiting run names its lock.
    this.lockId ??= LOCK_ID.exec(await this.details(runId))?.[0];
    if (this.lockId === undefined) return undefined;
    const view: unknown = await this.client.workflow.getHandle(this.lockId).query('state', this.workflowId);
    return waitOf(this.lockId, view);
  }

  private async details(runId: string): Promise<string> {
    const metadata: unknown = await this.client.workflow
      .getHandle(this.workflowId, runId)
      .query('__temporal_workflow_metadata');
    const details = record(metadata)?.currentDetails;
    return typeof details === 'string' ? details : '';
  }
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

/** Reads a lock's answer to `state`. Anything of another shape tells nothing. */
export function waitOf(lockId: string, view: unknown): ProgressWait | undefined {
  const waits = record(record(record(view)?.run)?.waits);
  if (typeof waits?.place !== 'number' || typeof waits.since !== 'number') return undefined;
  const behind = Array.isArray(waits.waitsFor) ? waits.waitsFor : [];
  return {
    lockId,
    for: typeof waits.for === 'string' ? waits.for : 'model',
    place: waits.place,
    since: new Date(waits.since),
    behind: behind.flatMap((entry: unknown): ProgressBlocker[] => {
      const { workflowId, since, holds } = record(entry) ?? {};
      if (typeof workflowId !== 'string' || typeof since !== 'number') return [];
      return [{ workflowId, since: new Date(since), holds: holds === true }];
    }),
  };
}
