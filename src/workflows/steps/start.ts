/** Starting a task exactly once. */
import { CancellationScope, CancelledFailure, sleep } from '@temporalio/workflow';
import type { ActionObject } from '../../activities/attempt/contract';
import type {
  EarlierStarts,
  ReconcileResult,
  StartResult,
  TaskActivities,
  TaskBaseline,
} from '../../activities/task/contract';
import { compact, type ActionInput, type FailureType } from '../../contracts';
import { activities, throughOutages } from '../run/proxies';
import { fellSilent, lastBaseline, readFailure, stepFailure, timeoutType } from '../run/failures';
import { shielded, type Run } from '../run/frame';
import { renewUploads, uploadsUntil } from './upload';

/** Of the one attempt to start a task: a busy model holds the request open. */
const START_MS = 30 * 60_000;

const { startTask, reconcileStart } = activities<
  Pick<TaskActivities, 'anaplan.startTask' | 'anaplan.reconcileStart'>
>({
  startTask: { summary: ({ action }) => `start ${action.name}`, onceWithin: START_MS },
  reconcileStart: {
    summary: ({ action }) => `look for the task of ${action.name}: the answer to its start was lost`,
    within: throughOutages,
  },
});

/** A task that Anaplan has accepted. */
export interface StartedTask {
  taskId: string;
  /** Found in the task list after the answer to its start was lost. */
  adopted: boolean;
}

/** What is said of a task by who wants it. */
export type TaskInput = Pick<ActionInput, 'localeName' | 'mappingParameters' | 'startAgainIfUnknown'>;

/**
 * Starts the action exactly once. Only an answer tells that it started or did not; without one the task list decides,
 * and where it cannot, the run fails as `AmbiguousTaskStart`.
 */
export async function startOnce(run: Run, action: ActionObject, input: TaskInput): Promise<StartedTask> {
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
      firstRunId: run.token,
      earlier,
      ...compact({ mappingParameters, filesUntil, baseline: listed }),
      ...(startAgainIfUnknown ? { mayRunAgain: true as const } : {}),
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
  return reconcileStart({ ...run.call(), action, baseline, sentAfter, ...compact({ user }) });
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
