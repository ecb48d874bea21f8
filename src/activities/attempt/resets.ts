/**
 * A run that was reset goes on at once, while an attempt of the run before may still be at work within its lease: on the
 * same file, the same `.part`, the same start of a task. So what changes something waits until such a lease is over.
 */
import type { Context } from '@temporalio/activity';

import { LEASE_AT_MOST_MS } from './lease';

/** How many runs are remembered: more than one worker has at once. */
const MAX_KNOWN = 10_000;

/** When this process saw a run for the first time, by its monotonic clock; 0 for one that follows none. */
const firstSeen = new Map<string, number>();

/**
 * Milliseconds to wait before the activity changes anything: 0 but for the runs that a reset made.
 * @throws whatever the Temporal server's silence throws
 */
export async function waitAfterReset(context: Context): Promise<number> {
  const { workflowExecution } = context.info;
  if (workflowExecution === undefined) return 0;
  const { workflowId, runId } = workflowExecution;
  let seen = firstSeen.get(runId);
  if (seen === undefined) {
    const { raw } = await context.client.workflow.getHandle(workflowId, runId).describe();
    const first = raw.workflowExecutionInfo?.firstRunId;
    seen = first && first !== runId ? performance.now() : 0;
    for (const old of firstSeen.keys()) {
      if (firstSeen.size < MAX_KNOWN) break;
      firstSeen.delete(old);
    }
    firstSeen.set(runId, seen);
  }
  return seen === 0 ? 0 : Math.max(0, seen + LEASE_AT_MOST_MS - performance.now());
}
