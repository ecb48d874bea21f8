/** A task of Anaplan: started exactly once, followed to its end, cancelled when the run is. */
import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow';
import type { ActionObject } from '../../activities/attempt/contract';
import type { ProcessStep } from '../../activities/prepare/contract';
import type { SettledTask, TaskActivities } from '../../activities/task/contract';
import { kindName } from '../../contracts/kinds';
import { activities, untilDeadline } from '../run/proxies';
import { keepDumps } from './dump';
import { NOT_SEEN } from '../run/document';
import type { FinishedTask } from '../run/verdict';
import { failedAs, lastState, readFailure } from '../run/failures';
import { shielded, type Run } from '../run/frame';
import { deadlineOf, type Deadline } from './roots';
import { startOnce, type TaskInput } from './start';

const { followTask, cancelTask } = activities<
  Pick<TaskActivities, 'anaplan.followTask' | 'anaplan.cancelTask'>
>({
  followTask: { summary: ({ action, taskId }) => `task ${taskId} of ${action.name}`, within: untilDeadline },
  cancelTask: { summary: ({ taskId }) => `cancel task ${taskId}`, within: untilDeadline },
});

/**
 * Starts the action and waits for its end.
 *
 * @param steps - of a process: its actions
 */
export async function runTask(
  run: Run,
  action: ActionObject,
  input: TaskInput,
  steps: readonly ProcessStep[] = [],
): Promise<FinishedTask> {
  run.state(running(action), `Starting **${action.name}**`);
  const started = await startOnce(run, action, input);
  run.record({ is: 'started', ...started });
  return follow(run, { ...started, action, steps });
}

function running({ kind }: ActionObject): string {
  return `running ${kindName(kind)}`;
}

/** A task that runs, with what is known of it from its start. */
type RunningTask = Pick<FinishedTask, 'taskId' | 'adopted' | 'action' | 'steps'>;

/** Follows a task to its end. A cancelled run cancels the task, and reports it as it really ended. */
async function follow(run: Run, task: RunningTask): Promise<FinishedTask> {
  const deadline = deadlineOf(run, 'task');
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
  deadline: Deadline,
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
    run.state(running(action), `Task \`${taskId}\` in an unknown state`);
  }
}

/** So many unknown states of one task are told of. */
const MAX_TOLD = 3;

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
  const deadline = deadlineOf(run, 'cancel');
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
