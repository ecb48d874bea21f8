/** Following a task to its end, poll after poll and attempt after attempt. */
import { isNotFound, type AnaplanClient } from '../../anaplan';
import { actionInWords } from '../../contracts/kinds';
import { refOf } from '../attempt/calls';
import { fail } from '../attempt/failures';
import type { Work } from '../attempt/work';
import type { SettledTask, TaskActivities } from './contract';
import { settle } from './settle';
import type { UsualDurations } from './usual';

/** What followTask remembers from attempt to attempt. */
export interface FollowBeat {
  lastPollAt?: number;
  seen?: boolean;
  missingSince?: number;
  progress?: number;
  step?: string;
  state?: string;
  /** How many polls in a row named an undocumented state. */
  odd?: number;
}

const TERMINAL = new Set(['COMPLETE', 'CANCELLED']);
/** The states that Anaplan documents (anaplan-api: "Monitor the import tasks"). */
const DOCUMENTED = new Set(['NOT_STARTED', 'IN_PROGRESS', 'CANCELLING', ...TERMINAL]);
/** An undocumented state is reported after so many polls in a row: a single one may be a glitch. */
const ODD_POLLS = 3;

/** Polls a task until it has ended, or is in a state that the run must be told of. */
export async function follow(
  client: AnaplanClient,
  input: Parameters<TaskActivities['anaplan.followTask']>[0],
  w: Work<FollowBeat>,
  timing: { pollIntervalMs: number; firstPollMs: number; taskLostMs: number },
  seen: { state?: string },
  usual: UsualDurations,
): Promise<SettledTask> {
  const began = w.now();
  const unregister = client.limiter.registerPoller();
  let beat: FollowBeat = w.resumed ?? {};
  const saw = (state: string | undefined) => {
    if (state) seen.state = state;
  };
  saw(beat.state);
  // Where an earlier attempt or poll knew the task already, it is older than this attempt.
  const fromStart = beat.lastPollAt === undefined && input.polled !== true;
  const action = [input.connection, input.model.id, input.action.id].join('/');
  const hurried = timing.pollIntervalMs < 5_000;
  const age = () => w.now() - began;
  /** Of this attempt, from its begin: the task may be older, and is then looked at by its age. */
  const look = () => (hurried || !fromStart ? undefined : usual.nextLookMs(action, age()));
  const interval = () => {
    // Tests shorten the interval; production never goes below it.
    if (hurried) return timing.pollIntervalMs;
    return Math.max(timing.pollIntervalMs, client.limiter.pollIntervalMs(age()), look() ?? 0);
  };
  let ranAt: number | undefined;
  try {
    // The last poll of an earlier attempt counts: never more often than the interval over all attempts.
    const since = w.now() - (beat.lastPollAt ?? 0);
    const first = input.polled ? interval() : Math.max(timing.firstPollMs, look() ?? 0);
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
        if (TERMINAL.has(taskState)) {
          if (fromStart && taskState === 'COMPLETE') usual.learn(action, age(), ranAt);
          return settle(answered.task, input.steps);
        }
        ranAt = age();
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
  input: Parameters<TaskActivities['anaplan.followTask']>[0],
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
    if (!isNotFound(error)) throw error;
    if (w.now() - (beat.missingSince ?? w.now()) < lostMs) return undefined;
    throw fail(
      'TaskLost',
      `${actionInWords(input.action)}: Anaplan no longer knows task ${input.taskId} (404 for ${Math.round(lostMs / 1000)} s): the model was unloaded.`,
      {
        remedy:
          'Whether the action was applied can only be seen in the model; look there before you start it again.',
      },
    );
  }
}
