/** Calling activities: their options beside their names, so that steps read as sentences. */
import {
  ActivityCancellationType,
  ActivityFailure,
  CancelledFailure,
  proxyActivities,
  type ActivityOptions,
} from '@temporalio/workflow';
import type { AnaplanActivities } from '../../activities/contract';
import { RHYTHMS, type Rhythm } from '../../contracts';

/** How one activity is called. Times in milliseconds. */
export interface CallSettings {
  /** What the UI shows beside the activity. */
  summary: string;
  /** The activity's own bounds end it earlier, with a better message; this one is for when no worker is left. */
  withinMs: number;
  taskQueue?: string;
  /** How long the queue may be without a worker that takes the activity. */
  startWithinMs?: number;
  /** One attempt only: what must never be sent twice. */
  once?: boolean;
}

/** Heartbeat time-out of what moves bytes: so soon another worker goes on. */
const BYTES_TIMEOUT_MS = 20_000;
/** Of what waits: a run that waits for hours costs a heartbeat a minute, and one that loses its worker this long. */
const WAIT_TIMEOUT_MS = 150_000;
/** One attempt of what does not heartbeat. */
const LIGHT_ATTEMPT_MS = 60_000;

/** After this, an attempt that Temporal has given up changes nothing more: the longest of those that change something. */
export const LONGEST_EFFECT_LEASE_MS = BYTES_TIMEOUT_MS;

/** Runs an activity. */
export function call<K extends keyof AnaplanActivities>(
  name: K,
  settings: CallSettings,
  input: Parameters<AnaplanActivities[K]>[0],
): Promise<Awaited<ReturnType<AnaplanActivities[K]>>> {
  const options: ActivityOptions = {
    summary: settings.summary,
    ...watchOver(RHYTHMS[name], settings.withinMs),
    retry: settings.once
      ? { maximumAttempts: 1 }
      : { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '60s' },
  };
  if (!settings.once) options.scheduleToCloseTimeout = settings.withinMs;
  if (settings.taskQueue !== undefined) options.taskQueue = settings.taskQueue;
  if (settings.startWithinMs !== undefined) options.scheduleToStartTimeout = settings.startWithinMs;
  const activity = proxyActivities<AnaplanActivities>(options)[name] as unknown as (
    input: Parameters<AnaplanActivities[K]>[0],
  ) => Promise<Awaited<ReturnType<AnaplanActivities[K]>>>;
  return activity(input).catch((error: unknown) => {
    // An attempt that fails while a cancellation is under way is not tried again: what ended the activity is the
    // cancellation, whatever the attempt said at last.
    if (error instanceof ActivityFailure && error.retryState === 'CANCEL_REQUESTED') {
      throw new CancelledFailure('cancelled', [], error);
    }
    throw error;
  });
}

/** How the server finds out that an attempt is gone, and whether a cancellation waits for its end. */
function watchOver(rhythm: Rhythm, withinMs: number): ActivityOptions {
  // What changes something must have ended before it is cleaned up after: a transfer before its `.part` is removed, an
  // ask for a lock before the lock is given back.
  const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;
  switch (rhythm) {
    case 'bytes':
      return { heartbeatTimeout: BYTES_TIMEOUT_MS, startToCloseTimeout: withinMs, cancellationType };
    case 'effect':
      return { heartbeatTimeout: WAIT_TIMEOUT_MS, startToCloseTimeout: withinMs, cancellationType };
    case 'wait':
      // Changes nothing, and hears of a cancellation late: nobody waits for it.
      return {
        heartbeatTimeout: WAIT_TIMEOUT_MS,
        startToCloseTimeout: withinMs,
        cancellationType: ActivityCancellationType.TRY_CANCEL,
      };
    case 'light':
      return { startToCloseTimeout: Math.min(LIGHT_ATTEMPT_MS, withinMs), cancellationType };
  }
}
