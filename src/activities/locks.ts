/** The activities behind the locks, and the questions that only the Temporal server can answer. */
import { getClient } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/common';

import { DEFAULT_TIMING, type ActivityDeps } from './deps';
import type { AnaplanActivities, LockView } from './types';
import { work } from './work';

const BOUNDS = { modelUnavailable: 60_000, unavailable: 60_000 };

/** A dead holder's activities stop at the latest at their heartbeat time-out; then a moment more for a slow clock. */
const SETTLE_MS = 20_000;

/** A worker that polled this recently is at work. */
const POLLER_FRESH_MS = 90_000;

/** Builds the activities of locks and queues. */
export function createLocks(
  deps: ActivityDeps,
): Pick<AnaplanActivities, 'anaplan.acquireLock' | 'anaplan.holderState' | 'anaplan.queueServed'> {
  const timing = { ...DEFAULT_TIMING, ...deps.timing };
  const { lockSettleMs: settleMs = SETTLE_MS } = timing;

  return {
    'anaplan.acquireLock': ({ lockId, options, lease }) =>
      work({ what: `Lock ${lockId}`, bounds: BOUNDS, timing }, async () => {
        const handle = await getClient().workflow.signalWithStart('anaplanLock', {
          workflowId: lockId,
          taskQueue: deps.taskQueue,
          args: [options],
          signal: 'acquire',
          signalArgs: [lease],
          staticSummary: options.model
            ? `One run at a time on model ${options.model.model.name}`
            : 'One run at a time on a file',
        });
        return ask(() => handle.query<LockView>('state'));
      }),

    'anaplan.holderState': ({ holder, model }) =>
      work({ what: `Lock holder ${holder.workflowId}`, bounds: BOUNDS, timing }, async (w) => {
        const closedAt = await closeTime(holder.workflowId, holder.firstRunId);
        if (closedAt === 'running') return 'alive';
        if (closedAt !== 'unknown' && Date.now() - closedAt < settleMs) return 'settling';
        if (!model) return 'gone';
        const { client } = deps.connection(model.connection);
        const ref = { workspaceId: model.workspace.id, modelId: model.model.id };
        const status = await client.models.status(ref, { signal: w.signal });
        return status.idle ? 'gone' : 'settling';
      }),

    'anaplan.queueServed': ({ taskQueue }) =>
      work({ what: `Task queue ${taskQueue}`, bounds: BOUNDS, timing }, async () => {
        const client = getClient();
        const described = await client.workflowService.describeTaskQueue({
          namespace: client.options.namespace,
          taskQueue: { name: taskQueue },
          taskQueueType: 2, // activity tasks
        });
        return (described.pollers ?? []).some((p) => {
          const seconds = Number(p.lastAccessTime?.seconds ?? 0);
          return Date.now() - seconds * 1000 < POLLER_FRESH_MS;
        });
      }),
  };
}

/** A query needs a free workflow slot: it only improves a message, so it is not waited for longer than a moment. */
async function ask(query: () => Promise<LockView>): Promise<LockView> {
  try {
    return await Promise.race([
      query(),
      new Promise<LockView>((resolve) => setTimeout(() => resolve({ waiting: 0 }), 3000).unref()),
    ]);
  } catch (error) {
    if (error instanceof Error) return { waiting: 0 };
    throw error;
  }
}

async function closeTime(workflowId: string, firstRunId: string): Promise<number | 'running' | 'unknown'> {
  try {
    const described = await getClient().workflow.getHandle(workflowId).describe();
    const first = described.raw.workflowExecutionInfo?.firstRunId;
    // Another run has this ID now: ours had ended when that one began.
    if (first && first !== firstRunId) return described.startTime.getTime();
    if (described.status.name === 'RUNNING') return 'running';
    return described.closeTime?.getTime() ?? 'unknown';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'unknown';
    throw error;
  }
}
