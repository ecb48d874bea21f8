/** Where a run's dumps go, and whether they can be stored there. */
import { activityInfo } from '@temporalio/activity';

import { pathSafe } from '../../contracts/path-safe';
import type { Storage } from '../../storage';
import type { DumpTrial } from '../attempt/contract';
import { fail } from '../attempt/failures';

/** The directory of this run's dumps, below the one that all runs share. */
export function dumpDirectory(given: string): string {
  const { workflowId, runId } = activityRun();
  return [given.replace(/\/+$/, ''), pathSafe(workflowId), pathSafe(runId)].join('/');
}

/** Tries whether dumps can be stored, under the longest name that one can get. Leaves nothing. */
export async function tryDumps(storage: Storage, { directory, names }: DumpTrial): Promise<void> {
  const files = names.map((action) => pathSafe(`${'0'.repeat(12)}-${action}`));
  const longest = files.reduce((a, b) => (b.length > a.length ? b : a), '');
  await storage.tryOnce(`${dumpDirectory(directory)}/${longest}.csv`, activityRun().runId);
}

/** The run that this attempt works for. */
function activityRun(): { workflowId: string; runId: string } {
  const execution = activityInfo().workflowExecution;
  if (!execution) throw fail('InternalError', 'Dumps and targets belong to a workflow run');
  return execution;
}
