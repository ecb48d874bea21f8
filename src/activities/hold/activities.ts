/** The activities behind the locks, and the questions that only the Temporal server can answer. */
import { setTimeout as delay } from 'node:timers/promises';

import { activityInfo, cancelled, getClient } from '@temporalio/activity';
import {
  ServiceError,
  WithStartWorkflowOperation,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, WorkflowNotFoundError } from '@temporalio/common';

import { LIGHT_BOUNDS, refOf } from '../attempt/calls';
import { DEFAULT_TIMING, type ActivityDeps } from '../attempt/deps';
import { castError, fail, tryAgain } from '../attempt/failures';
import { isOpen } from '../shared/open-runs';
import type { AnaplanActivities } from '../contract';
import type { Call } from '../attempt/contract';
import type { Held, LockAnswer, LockAsk } from './contract';
import { work } from '../attempt/work';

/** A lock answers in a moment where a worker of its queue is there. */
const ANSWER_MS = 15_000;
/** An ask that met the end of a run of the lock is sent again, so often in one attempt. */
const MAX_ASKS = 8;

/** Builds the activities of locks. */
export function createLocks(
  deps: ActivityDeps,
): Pick<AnaplanActivities, 'anaplan.askLock' | 'anaplan.openRuns' | 'anaplan.modelIdle'> {
  const timing = { ...DEFAULT_TIMING, ...deps.timing };

  return {
    'anaplan.askLock': ({ lockId, ask }) =>
      work({ what: `Lock ${lockId}`, bounds: LIGHT_BOUNDS, timing }, () =>
        askLock(lockId, ask, deps.taskQueue),
      ),

    'anaplan.openRuns': ({ runs }) =>
      work({ what: 'Holders of a lock', bounds: LIGHT_BOUNDS, timing }, async () => {
        const open: boolean[] = [];
        for (const { workflowId, firstRunId } of runs) open.push(await isOpen(workflowId, firstRunId));
        return open;
      }),

    'anaplan.modelIdle': ({ model, connections }) =>
      work({ what: `Model "${model.model.name}"`, bounds: LIGHT_BOUNDS, timing }, async (w) => {
        const ref = refOf(model);
        let first: unknown;
        // The dead holder's connection may be one that this worker does not have: those who wait have theirs.
        for (const name of connections) {
          try {
            return (await deps.connection(name).client.models.status(ref, { signal: w.signal })).idle;
          } catch (error) {
            w.signal.throwIfAborted();
            first ??= error;
          }
        }
        throw first;
      }),
  };
}

/**
 * An activity of a run that was reset may have only the copy of a grant, which the run before gave back at its end: it
 * asks for the same again, and does nothing where another run has it now.
 */
export function whileHeld<I extends Call, R>(
  deps: ActivityDeps,
  body: (input: I) => Promise<R>,
): (input: I) => Promise<R> {
  return async (input) => {
    const { held } = input;
    const runId = activityInfo().workflowExecution?.runId;
    if (held && runId !== undefined && held.byRunId !== runId) await holdAgain(held, runId, deps.taskQueue);
    return body(input);
  };
}

async function holdAgain({ lockId, ask }: Held, runId: string, taskQueue: string): Promise<void> {
  const what = `Lock ${lockId}`;
  let answer: LockAnswer;
  try {
    // An ask that was given back is never granted again, so this one has an ID of its own.
    answer = await askLock(lockId, { ...ask, id: `${ask.id}:${runId}` }, taskQueue);
  } catch (error) {
    throw castError(what, error);
  }
  if (answer.granted) return;
  const holder = answer.behind[0]?.workflowId;
  throw fail(
    'Conflict',
    `This run was reset to a point at which it held its files or its model, and ${holder ?? 'another run'} has them now.`,
    { remedy: 'Start a new run instead; it waits for its turn.' },
  );
}

/** Asks a lock, which is started if it is not there. Never waits for the grant: the lock signals it. */
export async function askLock(
  lockId: string,
  given: LockAsk,
  taskQueue: string,
): Promise<LockAnswer & { runId: string }> {
  const runId = activityInfo().workflowExecution?.runId ?? given.runId;
  // An activity that was scheduled before a reset is run again by the run that follows it.
  const wanted = { ...given, runId };
  for (let n = 0; ; n++) {
    try {
      const client = getClient();
      const asked = client.withDeadline(Date.now() + ANSWER_MS, () =>
        client.workflow.executeUpdateWithStart<() => Promise<void>, LockAnswer, [LockAsk]>('ask', {
          args: [wanted],
          // An update ID is answered with its first outcome for ever, so only retries of one ask may share it.
          updateId: `${given.id}.${runId}.${n}`,
          startWorkflowOperation: new WithStartWorkflowOperation('anaplanLock', {
            workflowId: lockId,
            taskQueue,
            args: [],
            workflowIdConflictPolicy: 'USE_EXISTING',
            staticSummary: `One run at a time on model ${given.model.model.name}`,
          }),
        }),
      );
      // The lock may have been on a worker that stops, as this one: the next attempt sends the same ask.
      const answer = await Promise.race([asked, cancelled()]);
      return { ...answer, runId };
    } catch (error) {
      if (error instanceof CancelledFailure)
        throw tryAgain('ServiceUnavailable', `${lockId}: the worker stops`, 500);
      if (refused(error)) {
        throw fail('InternalError', `${lockId} refused an ask: ${String(error.cause?.message)}`, {}, error);
      }
      if (metTheEnd(error) && n < MAX_ASKS) {
        await delay(100 * (n + 1));
        continue;
      }
      if (metTheEnd(error) || error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isPassing(error)) {
        throw tryAgain(
          'ServiceUnavailable',
          `${lockId} does not answer: no worker of the task queue on which it was started takes its tasks (see it in the Temporal UI)`,
          5_000,
        );
      }
      throw error;
    }
  }
}

/** The lock's own word, as opposed to a task of it that failed or ended under the ask. */
function refused(error: unknown): error is WorkflowUpdateFailedError {
  return (
    error instanceof WorkflowUpdateFailedError &&
    error.cause instanceof ApplicationFailure &&
    error.cause.type === 'InvalidInput'
  );
}

/** The run of the lock that was asked ended, by continuing as new or because nobody held it any more. */
function metTheEnd(error: unknown): boolean {
  return error instanceof WorkflowUpdateFailedError || error instanceof WorkflowNotFoundError;
}

/** gRPC: cancelled, invalid argument, permission denied, unimplemented, unauthenticated. */
const LASTING = new Set([1, 3, 7, 12, 16]);

/** The server could not take the ask now: the run of the lock was ending, or too many asked at once. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof ServiceError)) return false;
  const code: unknown = (error.cause as { code?: unknown } | undefined)?.code;
  return typeof code === 'number' && !LASTING.has(code);
}
