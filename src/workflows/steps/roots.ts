/** Running what reads or writes files where they are: at a worker that has their root. */
import { ActivityFailure, ApplicationFailure, TimeoutFailure, workflowInfo } from '@temporalio/workflow';

import type { RootsActivities } from '../../activities/roots/contract';
import { FAILURES, filesQueue, smallQueue, type TimeoutsMs } from '../../contracts';
import { stepFailure } from '../run/failures';
import type { Run } from '../run/frame';
import { activities, type CallOptions } from '../run/proxies';

const { rootServed } = activities<RootsActivities>({
  rootServed: { summary: ({ root }) => `is root ${root} served?` },
});

/** So long work may lie before the run looks why, and says so. */
const UNSERVED_MS = 60_000;
/** The activity ends at its own bounds, with a better message. */
const MARGIN_MS = 10 * 60_000;

/** Until when something may take, and by which of the time-outs. */
export interface Deadline {
  name: keyof TimeoutsMs;
  at: number;
}

/** The deadline of something that begins now. */
export function deadlineOf(run: Run, name: keyof TimeoutsMs = 'transfer'): Deadline {
  return { name, at: Date.now() + run.timeouts[name] };
}

/** How something is run in a root. */
export interface InRoot {
  /** The root's name. */
  root: string;
  /** It moves bytes, and takes one of the few slots for that. */
  bytes?: true;
  deadline: Deadline;
}

/**
 * Runs an activity at a worker that has a root. While there is none the run waits, and says for what: a worker that is
 * gone comes back with its disk, or another one has the same.
 *
 * It is asked for twice at most: each time costs events and the place in the queue, so the second one waits to the end.
 *
 * @param send - gets the options of the call, and the position of an attempt that was handed over to nobody
 * @throws `DeadlineExceeded` that names the root
 */
export async function inRoot<T, P = undefined>(
  run: Run,
  { root, bytes, deadline }: InRoot,
  send: (at: CallOptions, from: P | undefined) => Promise<T>,
): Promise<T> {
  const files = filesQueue(workflowInfo().taskQueue, root);
  const taskQueue = bytes ? files : smallQueue(files);
  let from: P | undefined;
  for (let patience = UNSERVED_MS; ; patience = Infinity) {
    const left = Math.max(1, deadline.at - Date.now());
    try {
      const scheduleToStartTimeout = Math.min(patience, left);
      return await send(
        { taskQueue, scheduleToStartTimeout, scheduleToCloseTimeout: left + MARGIN_MS },
        from,
      );
    } catch (error) {
      const untaken = leftLying(error);
      if (!untaken) throw error;
      from = (untaken.lastHeartbeatDetails as { position?: P } | undefined)?.position ?? from;
      const served = await rootServed({ root }, { scheduleToCloseTimeout: run.lightMs });
      const why = served ? 'its workers are busy' : 'no worker serves it';
      if (Date.now() >= deadline.at) {
        throw stepFailure(
          'DeadlineExceeded',
          `Waited for root "${root}": ${lastWord(untaken) ?? why} (task queue ${taskQueue}); timeouts.${deadline.name} is reached.`,
          {
            code: deadline.name,
            remedy: `Start a worker that has this root. ${FAILURES.DeadlineExceeded.remedy}`,
          },
        );
      }
      run.waits(`waiting for root **${root}**: ${why} (as of ${new Date().toISOString().slice(0, 19)}Z)`);
    }
  }
}

/** What the last attempt failed with, where there was one. */
function lastWord({ cause }: TimeoutFailure): string | undefined {
  return cause instanceof ApplicationFailure ? cause.message.replace(/\.$/, '') : undefined;
}

/** The time-out of work that no worker took, or took over, in time. */
function leftLying(error: unknown): TimeoutFailure | undefined {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof TimeoutFailure)) return undefined;
  const { timeoutType } = error.cause;
  return timeoutType === 'SCHEDULE_TO_START' || timeoutType === 'SCHEDULE_TO_CLOSE' ? error.cause : undefined;
}
