/** A task of Anaplan: started exactly once, followed to its end, cancelled when the run is. */
import { CancellationScope, CancelledFailure, isCancellation, sleep } from '@temporalio/workflow';
import type { ActionObject } from '../../activities/attempt/contract';
import type {
  EarlierStarts,
  ReconcileResult,
  SettledTask,
  StartResult,
  TaskActivities,
  TaskBaseline,
} from '../../activities/task/contract';
import { type ActionInput, type FailureType, type TimeoutsMs } from '../../contracts';
import { activities, throughOutages, untilDeadline } from '../run/proxies';
import { keepDumps } from './dump';
import { NOT_SEEN } from '../run/document';
import type { FinishedTask } from '../run/verdict';
import {
  failedAs,
  fellSilent,
  lastBaseline,
  lastState,
  readFailure,
  stepFailure,
  timeoutType,
} from '../run/failures';
import { shielded, type Run } from '../run/frame';
import { renewUploads, uploadsUntil } from './upload';

/** Of the one attempt to start a task: a busy model holds the request open. */
const START_MS = 30 * 60_000;

const { startTask, reconcileStart, followTask, cancelTask } = activities<
  Omit<TaskActivities, 'anaplan.newerTasks'>
>({
  startTask: { summary: ({ action }) => `start ${action.name}`, onceWithin: START_MS },
  reconcileStart: {
    summary: ({ action }) => `look for the task of ${action.name}: the answer to its start was lost`,
    within: throughOutages,
  },
  followTask: { summary: ({ action, taskId }) => `task ${taskId} of ${action.name}`, within: untilDeadline },
  cancelTask: { summary: ({ taskId }) => `cancel task ${taskId}`, within: untilDeadline },
});

/** A task that Anaplan has accepted. */
interface StartedTask {
  taskId: string;
  /** Found in the task list after the answer to its start was lost. */
  adopted: boolean;
}

/** What is said of a task by who wants it. */
type TaskInput = Pick<ActionInput, 'localeName' | 'mappingParameters' | 'startAgainIfUnknown'>;

/** Starts the action and waits for its end. */
export async function runTask(run: Run, action: ActionObject, input: TaskInput): Promise<FinishedTask> {
  run.state(`running ${kindOf(action)}`, `Starting **${action.name}**`);
  const { taskId, adopted } = await startOnce(run, action, input);
  run.record({ is: 'started', taskId, adopted });
  return follow(run, { taskId, adopted, action, steps: run.prepared.steps ?? [] });
}

/**
 * Starts the action exactly once. Only an answer tells that it started or did not; without one the task list decides,
 * and where it cannot, the run fails as `AmbiguousTaskStart`.
 */
async function startOnce(run: Run, action: ActionObject, input: TaskInput): Promise<StartedTask> {
  let earlier: EarlierStarts = {};
  let baseline: TaskBaseline | undefined;
  for (;;) {
    await renewUploads(run, action);
    if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('cancelled');
    if (run.effects !== 'none') earlier.mayHaveStarted = true;
    // A cancellation must not lose the ID of a task that starts.
    const start = await shielded(() => startAndKnow(run, action, input, earlier, baseline));
    baseline = undefined;
    switch (start.outcome) {
      case 'started':
        return { taskId: start.taskId, adopted: start.adopted };
      case 'stale':
        break;
      case 'listed':
        ({ baseline } = start);
        break;
      case 'refused':
        earlier = { refusals: start.refusals };
        run.state(`waiting: ${start.type}`, start.message);
        await sleep(start.delayMs, { summary: start.message.slice(0, 150) });
        break;
      case 'unanswered': {
        // Without a delay: it took longer to find out. The next try judges whether it is one too many.
        const { type, message } = start;
        const at = [...(earlier.unanswered?.at ?? []), Date.now()];
        earlier = { ...earlier, unanswered: { at, type, message } };
      }
    }
  }
}

/** What became of a start, where the run can go on. */
type KnownStart =
  | { outcome: 'started'; taskId: string; adopted: boolean }
  | Extract<StartResult, { outcome: 'refused' | 'stale' | 'listed' }>
  /** Nobody answered, and certainly nothing was started. */
  | { outcome: 'unanswered'; type: FailureType; message: string };

async function startAndKnow(
  run: Run,
  action: ActionObject,
  input: TaskInput,
  earlier: EarlierStarts,
  listed: TaskBaseline | undefined,
): Promise<KnownStart> {
  const sentAfter = Date.now();
  const { localeName = 'en_US', mappingParameters, startAgainIfUnknown } = input;
  const filesUntil = uploadsUntil(run);
  let message: string;
  let baseline: TaskBaseline | undefined;
  try {
    const start = await startTask({
      ...run.call(),
      action,
      localeName,
      ...(mappingParameters ? { mappingParameters } : {}),
      ...(filesUntil === undefined ? {} : { filesUntil }),
      firstRunId: run.token,
      ...(startAgainIfUnknown ? { mayRunAgain: true as const } : {}),
      earlier,
      ...(listed ? { baseline: listed } : {}),
    });
    if ((start.outcome === 'started' || start.outcome === 'unknown') && start.again !== undefined) {
      run.warn(
        `this run was reset to before the start of "${action.name}" (${action.id}), and ${start.again}; it was started again, as startAgainIfUnknown says, so it has run twice`,
      );
    }
    if (start.outcome === 'started') return { outcome: 'started', taskId: start.taskId, adopted: false };
    if (start.outcome !== 'unknown') return start;
    ({ message, baseline } = start);
  } catch (error) {
    if (!fellSilent(error)) throw error;
    message = `The worker that started ${action.name} fell silent`;
    // It tells the server the baseline before it sends the start, and waits for the answer.
    baseline = lastBaseline(error);
    if (!baseline && timeoutType(error) === 'HEARTBEAT')
      return { outcome: 'unanswered', type: 'NetworkError', message: `${message} before it sent anything` };
  }
  run.state('looking for the task', message);
  const found = await lookFor(run, action, baseline, sentAfter).catch((error: unknown) => ({
    outcome: 'ambiguous' as const,
    reason: `the task list could not be read: ${readFailure(error).said}`,
  }));
  if (found.outcome === 'adopted') return { outcome: 'started', taskId: found.taskId, adopted: true };
  if (found.outcome === 'ambiguous') {
    if (startAgainIfUnknown !== true) throw ambiguous(action, message, found.reason);
    startAgain(run, action, message, found.reason);
  }
  return { outcome: 'unanswered', type: 'ServiceUnavailable', message };
}

/** Looks for a task that may have been started. */
async function lookFor(
  run: Run,
  action: ActionObject,
  baseline: TaskBaseline | undefined,
  sentAfter: number,
): Promise<ReconcileResult> {
  if (!baseline) return { outcome: 'ambiguous', reason: 'which tasks were there before is not known' };
  const { user } = run.prepared;
  return reconcileStart({ ...run.call(), action, baseline, sentAfter, ...(user ? { user } : {}) });
}

/** Goes on where an operator said that the action may run twice. */
function startAgain(run: Run, action: ActionObject, message: string, reason: string): void {
  run.record({ is: 'startDoubted' });
  run.warn(
    `whether "${action.name}" (${action.id}) had started could not be known (${message}, and ${reason}); it was started again, as startAgainIfUnknown says, so it may have run twice`,
  );
}

function ambiguous(action: ActionObject, message: string, reason: string): Error {
  return stepFailure(
    'AmbiguousTaskStart',
    `Whether "${action.name}" (${action.id}) was started cannot be known. ${message}, and ${reason}`,
    { effects: 'unknown' },
  );
}

/** A task that runs, with what is known of it from its start. */
type RunningTask = Pick<FinishedTask, 'taskId' | 'adopted' | 'action' | 'steps'>;

/** Follows a task to its end. A cancelled run cancels the task, and reports it as it really ended. */
async function follow(run: Run, task: RunningTask): Promise<FinishedTask> {
  const deadline = { name: 'task' as const, at: Date.now() + run.timeouts.task };
  // Out of reach of the run's cancellation, which the poll would hear of with its next heartbeat only: the task is
  // cancelled at once, and the poll that is under way sees how it ends.
  const shield = new CancellationScope({ cancellable: false });
  const polls = new CancellationScope({ cancellable: true, parent: shield });
  const polling = polls.run(() => poll(run, task, deadline));
  // Where nobody waits for it any more, its failure is nobody's.
  polling.catch(() => undefined);
  try {
    return ended(run, task, await Promise.race([polling, CancellationScope.current().cancelRequested]));
  } catch (error) {
    sawLast(run, error);
    if (failedAs(error, 'TaskLost') || hasEnded(run)) throw error;
    // Nobody may start anything beside a task that runs on unseen: whatever ended the following, the task is cancelled
    // before the model is given back.
    const under = isCancellation(error) ? { polls, polling } : undefined;
    const last = ended(run, task, await shielded(() => endTask(run, task, error, under)));
    if (last.state !== 'CANCELLED') return last;
    if (!isCancellation(error) && !failedAs(error, 'DeadlineExceeded'))
      run.warn(`task ${task.taskId} of "${task.action.name}" was cancelled: it could no longer be followed`);
    // The steps of a process that ended before have their dumps, which the next run of the process erases.
    await keepDumps(run, last).catch((lost: unknown) =>
      run.warn(`the dumps of task ${task.taskId} could not be kept (${String(lost)})`),
    );
    throw error;
  }
}

function ended(run: Run, task: RunningTask, settled: SettledTask): FinishedTask {
  const finished = { ...settled, ...task };
  run.record({ is: 'ended', task: finished });
  return finished;
}

/** Notes the last state of the task that was seen, for a result that cannot tell its end. */
function sawLast(run: Run, error: unknown): void {
  const state = lastState(error);
  if (state !== undefined) run.record({ is: 'seen', state });
}

function hasEnded(run: Run): boolean {
  return ['COMPLETE', 'CANCELLED'].includes(run.task?.state ?? '');
}

/** Follows the task to its end; a state that nobody documents is told in the UI and in the result. */
async function poll(
  run: Run,
  { action, taskId, steps }: RunningTask,
  deadline: { name: keyof TimeoutsMs; at: number },
  polled = false,
): Promise<SettledTask> {
  const told: string[] = [];
  for (;;) {
    const settled = await followTask({
      ...run.call(deadline),
      action,
      taskId,
      ...(steps.length > 0 ? { steps: [...steps] } : {}),
      ...(polled || told.length > 0 ? { polled: true } : {}),
      ...(told.length < MAX_TOLD ? { told } : {}),
    });
    if (!settled.undocumented) return settled;
    told.push(settled.state);
    const named = settled.state === '' ? 'no state at all' : `the state "${settled.state.slice(0, 100)}"`;
    run.warn(
      `Anaplan gives task ${taskId} ${named}, which it does not document; the task is still followed, until it is COMPLETE or CANCELLED or timeouts.task is reached`,
    );
    run.state(`running ${kindOf(action)}`, `Task \`${taskId}\` in an unknown state`);
  }
}

/** So many unknown states of one task are told of. */
const MAX_TOLD = 3;

/** `import`, `export`, `process` or `action`. */
function kindOf(action: ActionObject): string {
  return action.kind.slice(0, -1).replace(/sse$/, 'ss');
}

/** A poll that saw nothing for this long after a DELETE waits for its next try, or for its worker. */
const POLL_SEES_MS = 70_000;

/** Sends DELETE and waits, bounded, for the task's end: by the poll that is under way, else by another one. */
async function endTask(
  run: Run,
  task: RunningTask,
  reason: unknown,
  under: { polls: CancellationScope; polling: Promise<SettledTask> } | undefined,
): Promise<SettledTask> {
  const { action, taskId } = task;
  run.state('cancelling', `Cancelling task \`${taskId}\``);
  const deadline = { name: 'cancel' as const, at: Date.now() + run.timeouts.cancel };
  let asked = false;
  try {
    await cancelTask({ ...run.call(deadline), action, taskId });
    asked = true;
    const seen = under && (await seenBy(under.polling, Math.min(POLL_SEES_MS, run.timeouts.cancel)));
    if (seen) return seen;
    under?.polls.cancel();
    return await poll(run, task, deadline, true);
  } catch (error) {
    under?.polls.cancel();
    sawLast(run, error);
    if (hasEnded(run)) throw reason;
    const tried = asked ? 'it was cancelled, but its end was not seen' : 'cancelling it failed';
    const state = run.task?.state ?? NOT_SEEN;
    const seen = state === NOT_SEEN ? 'its state was not seen' : `it was last seen as ${state}`;
    run.warn(
      `task ${taskId} of "${action.name}" may still run: ${seen}, and ${tried} (${readFailure(error).message})`,
    );
    throw reason;
  }
}

/** What a poll saw, if it did in time. */
async function seenBy(polling: Promise<SettledTask>, withinMs: number): Promise<SettledTask | undefined> {
  const waiting = new CancellationScope({ cancellable: true });
  const tooLate = waiting.run(() => sleep(withinMs, { summary: 'for the end of the cancelled task' }));
  // Another poll finds out what this one could not.
  const ended = polling.catch(() => undefined);
  const seen = await Promise.race([
    ended,
    tooLate.then(
      () => undefined,
      () => undefined,
    ),
  ]);
  waiting.cancel();
  return seen;
}
