/** Calling activities: their options beside their names, so that steps read as sentences. */
import {
  ActivityCancellationType,
  ActivityFailure,
  CancelledFailure,
  proxyActivities,
  type ActivityOptions,
} from '@temporalio/workflow';

import type { AnaplanActivities } from '../activities/types';

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

const HEARTBEAT = '15s';

/** After this, an attempt that Temporal has given up changes nothing more: the longest of those that change something. */
export const LONGEST_EFFECT_LEASE_MS = 15_000;

/** Runs an activity. */
export function call<K extends keyof AnaplanActivities>(
  name: K,
  settings: CallSettings,
  input: Parameters<AnaplanActivities[K]>[0],
): Promise<Awaited<ReturnType<AnaplanActivities[K]>>> {
  const options: ActivityOptions = {
    summary: settings.summary,
    heartbeatTimeout: HEARTBEAT,
    startToCloseTimeout: settings.withinMs,
    // A transfer must have ended before its `.part` is removed, a poll before the next one begins.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
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
