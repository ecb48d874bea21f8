/** Whether the host that has a run's files is still there. */
import { call } from './calls';
import type { Run } from './run';

/** A host's queue may be without a free worker for this long before it is asked whether anybody serves it. */
export const HOST_WAIT_MS = 60_000;

/** Whether some worker polls a host's queue: a busy one is waited for, a gone one is not. */
export function hostIsServed(run: Run, taskQueue: string): Promise<boolean> {
  return call(
    'anaplan.queueServed',
    { summary: `is ${taskQueue} served?`, withinMs: run.lightMs },
    { taskQueue },
  );
}
