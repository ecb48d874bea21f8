/** Where a run's dumps go. */
import { activityInfo } from '@temporalio/activity';

import { pathSafe } from '../../contracts/path-safe';
import type { ActivityDeps } from './deps';
import { fail } from './failures';

/** The directory of this run's dumps, on this host: where the input names none, this worker's own. */
export function dumpDirectory(deps: ActivityDeps, given: string | undefined): string {
  const { workflowId, runId } = activityRun();
  return [(given ?? deps.dumps).replace(/\/+$/, ''), pathSafe(workflowId), pathSafe(runId)].join('/');
}

/** The run that this attempt works for. */
export function activityRun(): { workflowId: string; runId: string } {
  const execution = activityInfo().workflowExecution;
  if (!execution) throw fail('InternalError', 'Dumps and targets belong to a workflow run');
  return execution;
}
