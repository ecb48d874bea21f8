/** Tasks: started once, followed to their end, cancelled when asked. */
import { ApplicationFailure } from '@temporalio/common';

import {
  outcomeUnknown,
  AnaplanError,
  type AnaplanClient,
  type ModelStatus,
  type TaskSummary,
} from '../../anaplan';
import { DEFAULT_TIMING, type ActivityDeps } from '../attempt/deps';
import { fail, sentence } from '../attempt/failures';
import { GivenUp, NotConfirmed } from '../attempt/lease';
import { assertNotStartedBefore } from '../attempt/past';
import { tryAnaplanAgain, tryUnansweredAgain, type Refused } from '../attempt/refused';
import { settle } from './settle';
import type { ActionObject } from '../attempt/contract';
import type { AnaplanActivities } from '../contract';
import type {
  EarlierStarts,
  ReconcileResult,
  SettledTask,
  StartBeat,
  StartResult,
  TaskBaseline,
} from './contract';
import { refOf, specOf, taskSpecOf } from '../attempt/calls';
import { work, type Work } from '../attempt/work';

/** What followTask remembers from attempt to attempt. */
interface FollowBeat {
  lastPollAt?: number;
  seen?: boolean;
  missingSince?: number;
  progress?: number;
  step?: string;
  state?: string;
  /** How many polls in a row named a state that nobody documents. */
  odd?: number;
}

const KIND_NAMES: Record<ActionObject['kind'], string> = {
  imports: 'Import',
  exports: 'Export',
  processes: 'Process',
  actions: 'Action',
};

/** An action in words: `Import "Load Sales" (112000000001)`. */
function nameOf(action: ActionObject): string {
  return `${KIND_NAMES[action.kind]} "${action.name}" (${action.id})`;
}

/** Builds the activities that deal with tasks. */
export function createTasks(
  deps: ActivityDeps,
): Pick<
  AnaplanActivities,
  | 'anaplan.taskBaseline'
  | 'anaplan.startTask'
  | 'anaplan.reconcileStart'
  | 'anaplan.followTask'
  | 'anaplan.cancelTask'
  | 'anaplan.newerTasks'
> {
  const timing = { ...DEFAULT_TIMING, ...deps.timing };

  return {
    'anaplan.taskBaseline': (input) =>
      work(specOf(input, `Task list of ${nameOf(input.action)}`, timing), async (w) => {
        const { client } = deps.connection(input.connection);
        const { tasks, serverDate } = await client.tasks.list(refOf(input), input.action, {
          signal: w.signal,
        });
        return baselineOf(tasks, serverDate);
      }),

    'anaplan.startTask': (input) =>
      work<StartBeat, StartResult>(specOf(input, nameOf(input.action), timing), async (w) => {
        await assertNotStartedBefore(nameOf(input.action), input.firstRunId);
        const refused = afterEarlier(input.action, input.earlier, w.refused());
        const { client } = deps.connection(input.connection);
        if (input.filesUntil !== undefined && w.now() > input.filesUntil) return { outcome: 'stale' };
        const body = {
          localeName: input.localeName,
          ...(input.mappingParameters?.length ? { mappingParameters: input.mappingParameters } : {}),
        };
        try {
          // No signal: a cancelled or handed-over start would leave nobody who knows whether it happened. Yet whoever is
          // slow on the way, cut off or frozen, must not send it: the run has looked for the task already, and may have
          // started it anew.
          const { taskId } = await client.tasks.start(refOf(input), input.action, body, {
            ...w.fence,
            beforeSend: async () => {
              // The server has a heartbeat before anything is sent. Where an attempt dies without any, nothing ever was.
              w.remember({ sending: true });
              await w.confirm();
            },
          });
          if (taskId) return { outcome: 'started', taskId };
          return {
            outcome: 'unknown',
            message: `${nameOf(input.action)}: Anaplan accepted the start without naming a task`,
          };
        } catch (error) {
          if (error instanceof GivenUp || error instanceof NotConfirmed)
            return unsent(error, { ...refused, now: w.now() });
          if (!(error instanceof AnaplanError)) throw error;
          return startOutcome(error, { ...refused, now: w.now() });
        }
      }),

    'anaplan.reconcileStart': (input) =>
      work<{ since: number }, ReconcileResult>(
        taskSpecOf(input, `Looking for the task of ${nameOf(input.action)}`, timing),
        async (w) => {
          const { client } = deps.connection(input.connection);
          const since = w.resumed?.since ?? w.now();
          w.at({ since });
          let last: ReconcileResult = { outcome: 'notStarted' };
          for (;;) {
            w.note('the answer to the start was lost: reading the task list');
            const { tasks, whole } = await client.tasks.list(refOf(input), input.action, {
              signal: w.signal,
            });
            last = judgeList(tasks, input.baseline, whole);
            // All else may change: a start that is late is listed late.
            if (last.outcome === 'adopted') break;
            if (w.now() - since >= timing.reconcileMs) break;
            // Not before the last look: a status that is never answered has a bound, too.
            w.answered();
            await w.sleep(timing.reconcileEveryMs);
          }
          const status = await client.models.status(refOf(input), { signal: w.signal });
          const passedMs = w.now() - input.sentAfter;
          return contradiction(last, status, { ...input, passedMs }, timing.reconcileLimitMs);
        },
      ),

    'anaplan.followTask': async (input) => {
      const seen: { state?: string } = {};
      try {
        return await work<FollowBeat, SettledTask>(
          taskSpecOf(input, `${nameOf(input.action)}, task ${input.taskId}`, timing),
          (w) => follow(deps.connection(input.connection).client, input, w, timing, seen),
        );
      } catch (error) {
        throw withLastState(error, seen.state);
      }
    },

    'anaplan.cancelTask': (input) =>
      work(
        taskSpecOf(input, `Cancelling ${nameOf(input.action)}, task ${input.taskId}`, timing),
        async (w) => {
          const { client } = deps.connection(input.connection);
          try {
            const options = { signal: w.signal, ...w.fence };
            await client.tasks.cancel(refOf(input), input.action, input.taskId, options);
          } catch (error) {
            // Finished meanwhile, or unloaded: following it tells which.
            const late =
              error instanceof AnaplanError &&
              error.sent === 'answered' &&
              [400, 404, 409].includes(error.status ?? 0);
            if (!late) throw error;
          }
        },
      ),

    'anaplan.newerTasks': (input) =>
      work(taskSpecOf(input, `Task list of ${nameOf(input.action)}`, timing), async (w) => {
        const { client } = deps.connection(input.connection);
        const { tasks } = await client.tasks.list(refOf(input), input.action, { signal: w.signal });
        const ours = tasks.find((t) => t.taskId === input.taskId);
        const known = new Set([...input.known, input.taskId]);
        return tasks
          .filter(
            (t) =>
              !known.has(t.taskId) &&
              (t.creationTime ?? 0) >= (ours?.creationTime ?? 0) &&
              ours !== undefined,
          )
          .map((t) => t.taskId)
          .slice(0, 50);
      }),
  };
}

/** The newest tasks of a list, whatever order it came in (the documents disagree on it). */
export function baselineOf(tasks: readonly TaskSummary[], serverDate: number | undefined): TaskBaseline {
  const newest = tasks.reduce<number | null>(
    (max, t) =>
      t.creationTime !== undefined && (max === null || t.creationTime > max) ? t.creationTime : max,
    null,
  );
  return {
    newest,
    idsAtNewest: tasks
      .filter((t) => t.creationTime === undefined || t.creationTime === newest)
      .map((t) => t.taskId)
      .slice(0, 200),
    known: tasks.length,
    serverDate: serverDate ?? null,
  };
}

/**
 * What judging a refusal of a start takes: all that was refused before it, by Anaplan or by silence.
 * @throws ApplicationFailure where so many starts were not answered that a bound is reached
 */
export function afterEarlier(action: ActionObject, earlier: EarlierStarts = {}, given: Refused): Refused {
  const { refusals, unanswered, mayHaveStarted } = earlier;
  const besides = mayHaveStarted
    ? `Whether an earlier start of "${action.name}" arrived is not known`
    : `"${action.name}" was not started`;
  let o: Refused = { ...given, earlier: refusals, besides };
  if (!unanswered) return o;
  // No delay between them: finding out that nothing was started takes longer.
  for (const now of unanswered.at) {
    const again = tryUnansweredAgain(unanswered.type, unanswered.message, { ...o, now });
    o = { ...o, earlier: again.refusals };
  }
  return o;
}

/** What a failed POST `/tasks` means: refused for good (thrown), refused for now, or nobody knows. */
export function startOutcome(error: AnaplanError, o: Refused): StartResult {
  if (outcomeUnknown(error)) return { outcome: 'unknown', message: sentence(o.what, error) };
  return { outcome: 'refused', ...tryAnaplanAgain(error, o) };
}

/** A start that was not sent, because the server does not count on the attempt: the run begins it anew. */
function unsent(error: GivenUp | NotConfirmed, o: Refused): StartResult {
  const message = `${o.what} was not started: ${error.message}, so nothing was sent`;
  return { outcome: 'refused', ...tryUnansweredAgain('NetworkError', message, o) };
}

/** Anaplan's clock has whole seconds in its `Date`, and a task may be stamped a moment before its answer. */
const CLOCK_SLACK_MS = 5_000;

/** What a task list says about a start whose answer was lost. */
export function judgeList(
  tasks: readonly TaskSummary[],
  baseline: TaskBaseline,
  whole = true,
): ReconcileResult {
  if (baseline.newest !== null || baseline.idsAtNewest.length > 0) {
    const present = new Set(tasks.map((t) => t.taskId));
    if (!baseline.idsAtNewest.some((id) => present.has(id))) {
      return {
        outcome: 'ambiguous',
        reason:
          'the tasks that were listed before are gone: the model was unloaded meanwhile, and the task with it',
      };
    }
  }
  const old = new Set(baseline.idsAtNewest);
  const fresh = tasks.filter((t) => {
    if (old.has(t.taskId)) return false;
    if (t.creationTime === undefined) return true;
    if (baseline.newest !== null && t.creationTime < baseline.newest) return false;
    return baseline.serverDate === null || t.creationTime >= baseline.serverDate - CLOCK_SLACK_MS;
  });
  if (fresh.length === 1 && fresh[0]) return { outcome: 'adopted', taskId: fresh[0].taskId };
  if (fresh.length > 1) {
    return {
      outcome: 'ambiguous',
      reason: `${fresh.length} tasks were started since, and Anaplan does not say by whom`,
    };
  }
  if (!whole) {
    return { outcome: 'ambiguous', reason: 'Anaplan lists fewer tasks than it says there are' };
  }
  return { outcome: 'notStarted' };
}

/** Checks a verdict against what the model says it is doing. */
export function contradiction(
  verdict: ReconcileResult,
  status: ModelStatus,
  input: { user?: { email: string; name: string }; passedMs: number; baseline: Pick<TaskBaseline, 'known'> },
  limitMs: number,
): ReconcileResult {
  if (verdict.outcome === 'adopted') {
    const running = status.taskId?.replace(/-\d+$/, '');
    const email = /\(([^()\s]+@[^()\s]+)\)/.exec(status.tooltip ?? '')?.[1];
    if (
      running === verdict.taskId &&
      email &&
      input.user &&
      email.toLowerCase() !== input.user.email.toLowerCase()
    ) {
      return {
        outcome: 'ambiguous',
        reason: `the one new task, ${verdict.taskId}, was started by another user`,
      };
    }
    return verdict;
  }
  if (verdict.outcome === 'ambiguous') return verdict;
  if (input.baseline.known === 0) {
    // Anaplan: "If GET does not return any tasks, the import is not running or might have completed."
    return {
      outcome: 'ambiguous',
      reason: 'the task list is empty, as it was before, which can also mean that the task has completed',
    };
  }
  if (!status.idle) {
    return {
      outcome: 'ambiguous',
      reason: 'no new task is listed, yet the model is busy, so the start may still be on its way',
    };
  }
  if (input.passedMs >= limitMs) {
    return {
      outcome: 'ambiguous',
      reason: 'no new task is listed, but too much time passed to be sure that there was none',
    };
  }
  return verdict;
}

const TERMINAL = new Set(['COMPLETE', 'CANCELLED']);
/** The states that Anaplan documents ("Monitor the import tasks"). */
const DOCUMENTED = new Set(['NOT_STARTED', 'IN_PROGRESS', 'CANCELLING', ...TERMINAL]);
/** A state that nobody documents is told after so many polls: one may be chance. */
const ODD_POLLS = 3;

/** Adds the last state of the task to a failure that ends the following of it: the result shall tell it. */
function withLastState(error: unknown, state: string | undefined): unknown {
  if (!(error instanceof ApplicationFailure) || error.nonRetryable !== true || !state) return error;
  const [facts, ...more] = error.details ?? [];
  return ApplicationFailure.create({
    ...(error.type ? { type: error.type } : {}),
    message: error.message,
    nonRetryable: true,
    details: [{ ...(facts as object | undefined), lastState: state }, ...more],
    ...(error.cause === undefined ? {} : { cause: error.cause }),
  });
}

async function follow(
  client: AnaplanClient,
  input: Parameters<AnaplanActivities['anaplan.followTask']>[0],
  w: Work<FollowBeat>,
  timing: { pollIntervalMs: number; firstPollMs: number; taskLostMs: number },
  seen: { state?: string },
): Promise<SettledTask> {
  const began = w.now();
  const unregister = client.limiter.registerPoller();
  let beat: FollowBeat = w.resumed ?? {};
  const saw = (state: string | undefined) => {
    if (state) seen.state = state;
  };
  saw(beat.state);
  const interval = () => {
    const asked = client.limiter.pollIntervalMs(w.now() - began);
    // Tests shorten the interval; production never goes below it.
    return timing.pollIntervalMs < 5_000 ? timing.pollIntervalMs : Math.max(timing.pollIntervalMs, asked);
  };
  try {
    // The last poll of an earlier attempt counts: never more often than the interval over all attempts.
    const since = w.now() - (beat.lastPollAt ?? 0);
    const first = input.polled ? interval() : timing.firstPollMs;
    await w.sleep(beat.lastPollAt === undefined ? first : Math.max(0, interval() - since));
    for (;;) {
      beat = { ...beat, lastPollAt: w.now() };
      // Before the answer: where none comes, the next attempt waits as long.
      w.remember(beat);
      const answered = await poll(client, input, w, beat, timing.taskLostMs);
      if (answered) {
        const { taskId, taskState } = answered.task;
        saw(taskState);
        const odd = DOCUMENTED.has(taskState) ? 0 : (beat.odd ?? 0) + 1;
        beat = { ...answered.beat, lastPollAt: w.now(), ...(odd === 0 ? {} : { odd }) };
        w.at(beat);
        w.note(
          `${answered.task.taskState}${beat.progress === undefined ? '' : ` ${Math.round(beat.progress * 100)} %`}${beat.step ? `, ${beat.step}` : ''}`,
        );
        if (TERMINAL.has(taskState)) return settle(answered.task, input.steps);
        // Told to the run, which goes on following the task: it alone can say so in the UI.
        if (odd >= ODD_POLLS && input.told?.includes(taskState) === false)
          return { taskId, state: taskState, undocumented: true };
      } else {
        beat = { ...beat, missingSince: beat.missingSince ?? w.now() };
        w.at(beat);
      }
      await w.sleep(interval());
    }
  } finally {
    unregister();
  }
}

/** One poll; undefined when a task that was seen before is not found for the moment. */
async function poll(
  client: AnaplanClient,
  input: Parameters<AnaplanActivities['anaplan.followTask']>[0],
  w: Work<FollowBeat>,
  beat: FollowBeat,
  lostMs: number,
) {
  try {
    const task = await client.tasks.get(refOf(input), input.action, input.taskId, { signal: w.signal });
    const next: FollowBeat = { seen: true, state: task.taskState };
    if (task.progress !== undefined) next.progress = task.progress;
    if (task.currentStep) next.step = task.currentStep.slice(0, 100);
    return { task, beat: next };
  } catch (error) {
    if (!(error instanceof AnaplanError) || error.status !== 404) throw error;
    if (w.now() - (beat.missingSince ?? w.now()) < lostMs) return undefined;
    throw fail(
      'TaskLost',
      `${nameOf(input.action)}: Anaplan no longer knows task ${input.taskId} (404 for ${Math.round(lostMs / 1000)} s): the model was unloaded. Whether the action was applied can only be seen in the model; look there before you start it again.`,
    );
  }
}
