/** Tasks: started once, followed to their end, cancelled when asked. */
import { AnaplanError, isAborted, NOT_ANAPLANS } from '../../anaplan';
import { actionInWords } from '../../contracts/kinds';
import { refOf, specOf, taskSpecOf } from '../attempt/calls';
import { DEFAULT_TIMING, type ActivityDeps } from '../attempt/deps';
import { withFacts } from '../attempt/failures';
import { GivenUp, NotConfirmed } from '../attempt/lease';
import { startedAlready, startedBefore } from '../shared/past';
import { work } from '../attempt/work';
import type { ReconcileResult, SettledTask, StartBeat, StartResult, TaskActivities } from './contract';
import { follow, type FollowBeat } from './follow';
import { afterEarlier, listBefore, startOutcome, unsent } from './start';
import { contradiction, judgeList } from './task-list';
import { UsualDurations } from './usual';

/** Builds the activities that deal with tasks. */
export function createTasks(deps: ActivityDeps): TaskActivities {
  const timing = { ...DEFAULT_TIMING, ...deps.timing };
  const usual = new UsualDurations();

  return {
    'anaplan.startTask': (input) =>
      work<StartBeat, StartResult>(specOf(input, actionInWords(input.action), timing), async (w) => {
        const before = await startedBefore(input.firstRunId);
        if (before && !input.mayRunAgain) throw startedAlready(actionInWords(input.action), before);
        const again = before === undefined ? {} : { again: before };
        const refused = afterEarlier(input.action, input.earlier, w.refused());
        const { client } = deps.connection(input.connection);
        if (input.filesUntil !== undefined && w.now() > input.filesUntil) return { outcome: 'stale' };
        // An operator has reset the activity: the attempt before may have sent the start.
        if (w.resumed)
          return {
            outcome: 'unknown',
            message: `${actionInWords(input.action)}: the attempt before this one fell silent`,
            baseline: w.resumed.baseline,
          };
        let { baseline } = input;
        if (!baseline) {
          const listed = await listBefore(client, input, w, refused);
          if (listed.outcome !== 'ready') return listed;
          baseline = listed.baseline;
        }
        // From here on every heartbeat carries it.
        w.remember({ baseline });
        const body = {
          localeName: input.localeName,
          ...(input.mappingParameters?.length ? { mappingParameters: input.mappingParameters } : {}),
        };
        try {
          // A cancellation does not end it: a start that is cancelled or handed over would leave nobody who knows whether
          // it happened. Yet whoever is slow on the way, cut off or frozen, must not send it: the run has looked for the
          // task already, and may have started it anew.
          const { taskId } = await client.tasks.start(refOf(input), input.action, body, w.fence);
          if (taskId) return { outcome: 'started', taskId, ...again };
          return {
            outcome: 'unknown',
            message: `${actionInWords(input.action)}: Anaplan accepted the start without naming a task`,
            baseline,
            ...again,
          };
        } catch (error) {
          if (error instanceof GivenUp || error instanceof NotConfirmed)
            return unsent(error, { ...refused, now: w.now() });
          if (!(error instanceof AnaplanError)) throw error;
          if (isAborted(error) && error.sent === 'no') {
            const why = new GivenUp('the server no longer counts on this attempt');
            return unsent(why, { ...refused, now: w.now() });
          }
          const outcome = startOutcome(error, { ...refused, now: w.now() }, baseline);
          return outcome.outcome === 'unknown' ? { ...outcome, ...again } : outcome;
        }
      }),

    'anaplan.reconcileStart': (input) =>
      work<{ since: number }, ReconcileResult>(
        taskSpecOf(input, `Looking for the task of ${actionInWords(input.action)}`, timing),
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
          taskSpecOf(input, `${actionInWords(input.action)}, task ${input.taskId}`, timing),
          (w) => follow(deps.connection(input.connection).client, input, w, timing, seen, usual),
        );
      } catch (error) {
        // The result of the run shall tell it.
        throw seen.state ? withFacts(error, { lastState: seen.state }) : error;
      }
    },

    'anaplan.cancelTask': (input) =>
      work(
        taskSpecOf(input, `Cancelling ${actionInWords(input.action)}, task ${input.taskId}`, timing),
        async (w) => {
          const { client } = deps.connection(input.connection);
          try {
            const options = { ...w.fence, signal: w.signal };
            await client.tasks.cancel(refOf(input), input.action, input.taskId, options);
          } catch (error) {
            // Finished meanwhile, or unloaded: following it tells which.
            const late =
              error instanceof AnaplanError &&
              error.sent === 'answered' &&
              error.code !== NOT_ANAPLANS &&
              [400, 404, 409].includes(error.status ?? 0);
            if (!late) throw error;
          }
        },
      ),

    'anaplan.newerTasks': (input) =>
      work(taskSpecOf(input, `Task list of ${actionInWords(input.action)}`, timing), async (w) => {
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
