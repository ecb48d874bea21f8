/**
 * What the past of a run did that was reset. A reset copies the history up to a point and goes on from there as a new
 * run, which knows nothing of what came after that point: the start of a task may be there.
 */
import { activityInfo, getClient, type Info } from '@temporalio/activity';
import { WorkflowNotFoundError, type ApplicationFailure } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';

import { decodePayloads } from '../../contracts/payloads';
import { fail } from '../attempt/failures';
import type { StartResult } from '../task/contract';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

const START = 'anaplan.startTask';
/** How many runs of one workflow ID are looked at. */
const MAX_RUNS = 50;

/** What a run's history tells of the starts of its task. */
interface Past {
  /** The run whose start event the history begins with: all resets of a run share it. */
  original: string;
  /** The runs that this one was reset from. */
  bases: string[];
  starts: {
    key: string;
    scheduledId: string;
    activityId: string;
    start?: StartResult;
    ended: boolean;
    refused?: boolean;
  }[];
}

/**
 * In words, the earlier run of the chain that has started the task or may have, in a run that was reset to before its
 * start; undefined where there is none.
 */
export async function startedBefore(firstRunId: string | undefined): Promise<string | undefined> {
  const info = activityInfo();
  const runId = info.workflowExecution?.runId;
  // Only a run that follows another one can have such a past.
  if (!info.workflowExecution || runId === undefined || firstRunId === undefined || runId === firstRunId)
    return undefined;
  return earlierStart({ ...info.workflowExecution, activityId: info.activityId });
}

/**
 * Refuses to go on in a run that was reset to before the start of its task, where that start may have happened.
 *
 * @param what the action, for the message
 * @throws ApplicationFailure AmbiguousTaskStart
 */
export async function assertNotStartedBefore(what: string, firstRunId: string | undefined): Promise<void> {
  const found = await startedBefore(firstRunId);
  if (found) throw startedAlready(what, found);
}

/** The failure of a run that was reset to before a start which {@link startedBefore} found. */
export function startedAlready(what: string, found: string): ApplicationFailure {
  return fail(
    'AmbiguousTaskStart',
    `${what} was not started again: this run was reset to before the start, and ${found}.`,
    {
      effects: 'unknown',
      remedy:
        'Look at the tasks of the action in Anaplan. If it may run again, start a new run instead of resetting this one.',
    },
  );
}

/** In words, what an earlier run of the chain did; undefined where none of them started the task. */
async function earlierStart(own: {
  workflowId: string;
  runId: string;
  activityId: Info['activityId'];
}): Promise<string | undefined> {
  const mine = await pastOf(own.workflowId, own.runId);
  if (!mine || mine.original === own.runId) return undefined;
  // What is in this run's own history has been seen by it; but one that was under way at the reset is done anew.
  const known = new Set(
    mine.starts.filter((s) => s.ended && s.activityId !== own.activityId).map((s) => s.key),
  );
  const queue = [...mine.bases, ...(await siblings(own.workflowId, own.runId))];
  const looked = new Set([own.runId]);
  for (let runId = queue.shift(); runId !== undefined && looked.size <= MAX_RUNS; runId = queue.shift()) {
    if (looked.has(runId)) continue;
    looked.add(runId);
    const past = await pastOf(own.workflowId, runId);
    if (!past) {
      if (mine.bases.includes(runId)) return `run ${runId}, which it was reset from, is not kept any more`;
      continue;
    }
    if (past.original !== mine.original) continue;
    queue.push(...past.bases);
    const start = past.starts.find((s) => !known.has(s.key) && s.refused !== true);
    if (start?.start?.outcome === 'started')
      return `run ${runId} before it started task ${start.start.taskId}`;
    if (start) return `run ${runId} before it may have started a task`;
  }
  return undefined;
}

async function pastOf(workflowId: string, runId: string): Promise<Past | undefined> {
  let events: HistoryEvent[];
  try {
    events = (await getClient().workflow.getHandle(workflowId, runId).fetchHistory()).events ?? [];
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
  const past: Past = { original: runId, bases: [], starts: [] };
  for (const event of events) {
    const {
      workflowExecutionStartedEventAttributes: began,
      workflowTaskFailedEventAttributes: failed,
      activityTaskScheduledEventAttributes: scheduled,
      activityTaskCompletedEventAttributes: completed,
    } = event;
    if (began?.originalExecutionRunId) past.original = began.originalExecutionRunId;
    if (failed?.baseRunId && failed.newRunId) past.bases.push(failed.baseRunId);
    if (scheduled?.activityType?.name === START) {
      past.starts.push({
        key: `${String(event.eventId)}@${String(event.eventTime?.seconds)}.${String(event.eventTime?.nanos)}`,
        scheduledId: String(event.eventId),
        activityId: scheduled.activityId ?? '',
        ended: false,
      });
    }
    const ended =
      completed ??
      event.activityTaskFailedEventAttributes ??
      event.activityTaskTimedOutEventAttributes ??
      event.activityTaskCanceledEventAttributes;
    const of = ended && past.starts.find((s) => s.scheduledId === String(ended.scheduledEventId));
    if (!of) continue;
    of.ended = true;
    const [result] = await decodePayloads(
      getClient().options.loadedDataConverter,
      completed?.result?.payloads,
      // A history that cannot be read may hold a start.
    ).catch((): unknown[] => []);
    if (completed && result !== undefined) of.start = result as StartResult;
    // A start that fails was refused, for good; one that this check stopped is one of them.
    const type = event.activityTaskFailedEventAttributes?.failure?.applicationFailureInfo?.type;
    of.refused =
      of.start?.outcome === 'refused' ||
      of.start?.outcome === 'stale' ||
      of.start?.outcome === 'listed' ||
      (type !== undefined && type !== null && type !== 'InternalError');
  }
  return past;
}

/** Other runs of a workflow ID, as far as the server lists them: a run may have been reset several times. */
async function siblings(workflowId: string, runId: string): Promise<string[]> {
  const ids: string[] = [];
  try {
    const query = `WorkflowId = '${workflowId.replace(/'/g, "''")}'`;
    for await (const run of getClient().workflow.list({ query })) {
      if (run.runId !== runId) ids.push(run.runId);
      if (ids.length >= MAX_RUNS) break;
    }
  } catch (error) {
    // The runs that this one was reset from are known without a list.
    if (!(error instanceof Error)) throw error;
  }
  return ids;
}
