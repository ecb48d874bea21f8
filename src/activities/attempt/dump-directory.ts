/** Where a run's dumps go. */
import { activityInfo } from '@temporalio/activity';

import { pathSafe } from '../../contracts/path-safe';
import { fail } from './failures';

/** The directory of this run's dumps, below the one that all runs share. */
export function dumpDirectory(given: string): string {
  const { workflowId, runId } = activityRun();
  return [given.replace(/\/+$/, ''), pathSafe(workflowId), pathSafe(runId)].join('/');
}

/** The run that this attempt works for. */
export function activityRun(): { workflowId: string; runId: string } {
  const execution = activityInfo().workflowExecution;
  if (!execution) throw fail('InternalError', 'Dumps and targets belong to a workflow run');
  return execution;
}
