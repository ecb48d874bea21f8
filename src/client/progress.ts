import { compact } from '../contracts';
import { decodePayloads } from '../contracts/payloads';
import type { LoadedDataConverter } from '@temporalio/common';
import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { ProgressWait } from './waiting';

/** A stretch in which Anaplan (or a lock) makes an activity wait. */
export interface ProgressOutage {
  message?: string;
  since?: number;
  count?: number;
}

/** What one running activity last told. */
export interface ActivityProgress {
  /** `anaplan.uploadChunks` ... */
  type: string;
  /** 1 for the first. */
  attempt: number;
  /** A worker has it; otherwise it waits for one or for its next attempt. */
  running: boolean;
  /** Somebody has paused it: it goes on once it is unpaused. */
  paused?: true;
  /** Chunks (or pages) and bytes that are done. */
  position?: { next: number; offset: number; rows?: number };
  /** What it does at this moment, in words. */
  note?: string;
  outage?: ProgressOutage;
  /** Why the attempt before this one ended. */
  lastFailure?: string;
}

/** Where a run stands. */
export interface RunProgress {
  workflowId: string;
  runId: string;
  workflowType: string;
  /** Temporal's word: RUNNING, PAUSED, COMPLETED, FAILED, CANCELLED, TERMINATED ... */
  status: string;
  startedAt: Date;
  closedAt?: Date;
  /** The step or the wait, from the search attribute `AnaplanState` where the namespace has it. */
  state?: string;
  /** The first workflow task waits for a worker: probably nobody polls the task queue. */
  unclaimed: boolean;
  taskQueue: string;
  activities: ActivityProgress[];
  /** Its place in the line of a lock, as the lock has it; absent when it waits for none. */
  waiting?: ProgressWait;
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

function positionOf(value: unknown): ActivityProgress['position'] {
  const given = record(value);
  if (typeof given?.next !== 'number' || typeof given.offset !== 'number') return undefined;
  return {
    next: given.next,
    offset: given.offset,
    ...(typeof given.rows === 'number' ? { rows: given.rows } : {}),
  };
}

function outageOf(value: unknown): ProgressOutage | undefined {
  const given = record(value);
  if (given === undefined) return undefined;
  return {
    ...(typeof given.message === 'string' ? { message: given.message } : {}),
    ...(typeof given.since === 'number' ? { since: given.since } : {}),
    ...(typeof given.count === 'number' ? { count: given.count } : {}),
  };
}

/** temporal.api.enums.v1.PendingActivityState.STARTED */
const STARTED = 2;

/** Reads what a description tells about a run's progress. Heartbeats of unknown shape are left out. */
export async function progressOf(
  description: WorkflowExecutionDescription,
  converter: LoadedDataConverter,
): Promise<RunProgress> {
  const activities: ActivityProgress[] = [];
  for (const pending of description.raw.pendingActivities ?? []) {
    const payloads = pending.heartbeatDetails?.payloads;
    // A heartbeat that cannot be read (another codec) must not end the command that shows it.
    const [beat] = payloads ? await decodePayloads(converter, payloads).catch(() => []) : [];
    const given = record(beat);
    const position = positionOf(given?.position);
    const outage = outageOf(given?.outage);
    const failure = pending.lastFailure?.message;
    activities.push({
      type: pending.activityType?.name ?? '',
      attempt: pending.attempt ?? 1,
      running: pending.state === STARTED,
      ...(pending.paused === true ? { paused: true as const } : {}),
      ...compact({ position }),
      ...(typeof given?.note === 'string' ? { note: given.note } : {}),
      ...compact({ outage }),
      ...(failure ? { lastFailure: failure.split('\n', 1)[0] ?? failure } : {}),
    });
  }
  const state: unknown = description.searchAttributes.AnaplanState?.[0];
  return {
    workflowId: description.workflowId,
    runId: description.runId,
    workflowType: description.type,
    status: description.status.name,
    startedAt: description.startTime,
    ...compact({ closedAt: description.closeTime }),
    ...(typeof state === 'string' ? { state } : {}),
    // Two events: started, and the first workflow task scheduled. The third is a worker taking it.
    unclaimed: description.closeTime === undefined && description.historyLength <= 2,
    taskQueue: description.taskQueue,
    activities,
  };
}
