/** Where the files of a run are: on the host that its first activity with files ran on, as long as that is there. */
import { workflowInfo } from '@temporalio/workflow';

import { FAILURES, smallQueue, transferQueue, type TimeoutsMs } from '../../contracts';
import type { HoldActivities } from '../../activities/hold/contract';
import { activities, type CallOptions } from '../run/proxies';
import { nobodyTookIt, stepFailure } from '../run/failures';
import type { Run } from '../run/frame';

const { queueServed } = activities<Pick<HoldActivities, 'anaplan.queueServed'>>({
  queueServed: { summary: ({ taskQueue }) => `is ${taskQueue} served?` },
});

/** A host's queue may be without a free worker for this long before it is asked whether anybody serves it. */
export const HOST_WAIT_MS = 60_000;
/** However busy a host is, whether it is still there is asked this often. */
const MAX_HOST_WAIT_MS = 10 * 60_000;

/** Whether some worker polls a host's queue: a busy one is waited for, a gone one is not. */
export function hostIsServed(run: Run, taskQueue: string): Promise<boolean> {
  return queueServed({ taskQueue }, { scheduleToCloseTimeout: run.lightMs });
}

/** How long to wait for a busy host the next time. */
export function longer(waitMs: number): number {
  return Math.min(waitMs * 2, MAX_HOST_WAIT_MS);
}

/**
 * Ends the waiting for a busy host.
 * @throws `DeadlineExceeded` once the deadline of what waits is over
 */
export function assertTimeLeft(deadline: { name: keyof TimeoutsMs; at: number }, what: string): void {
  if (Date.now() < deadline.at) return;
  throw stepFailure(
    'DeadlineExceeded',
    `${what}; timeouts.${deadline.name} is reached. ${FAILURES.DeadlineExceeded.remedy}`,
    { code: deadline.name },
  );
}

/** The queue for what is short, of a host or of whichever worker is free. */
export function smallQueueOf(hostQueue: string | undefined): string {
  return smallQueue(hostQueue ?? transferQueue(workflowInfo().taskQueue));
}

/**
 * Runs a short activity on the host that has this run's files. Where that host is gone it is forgotten: any other will
 * do, which the activity itself finds fault with where it matters.
 */
export async function onHostOf<T>(run: Run, body: (where: CallOptions) => Promise<T>): Promise<T> {
  const deadline = { name: 'transfer' as const, at: Date.now() + run.timeouts.transfer };
  let waitMs = HOST_WAIT_MS;
  for (;;) {
    const { hostQueue } = run;
    const taskQueue = smallQueueOf(hostQueue);
    try {
      return await body(hostQueue ? { taskQueue, scheduleToStartTimeout: waitMs } : { taskQueue });
    } catch (error) {
      if (!hostQueue || !nobodyTookIt(error)) throw error;
      if (await hostIsServed(run, taskQueue)) {
        waitMs = longer(waitMs);
        assertTimeLeft(deadline, `The workers of queue ${taskQueue} are busy`);
      } else {
        run.hostQueue = undefined;
      }
    }
  }
}
