/** The activities of all integrations, grouped by what they deal with. */
import type { ActivityDeps } from './deps';
import { createDownloads } from './downloads';
import { createDumps } from './dumps';
import { createLocks, whileHeld } from './locks';
import { createPrepare } from './prepare';
import { createReads } from './reads';
import { createTargets } from './targets';
import { createTasks } from './tasks';
import type { AnaplanActivities } from './types';
import { createUploads } from './uploads';

export type { ActivityConnection, ActivityDeps, Timing } from './deps';
export { DEFAULT_TIMING } from './deps';
export { LEASE_AT_MOST_MS } from './lease';
export type { Beat } from './work';
export type * from './types';

/**
 * All activities, to be registered in a worker. Their names begin with `anaplan.`, so that they do not collide with a
 * user's own.
 */
export function createActivities(deps: ActivityDeps): AnaplanActivities {
  const all = {
    'anaplan.prepare': createPrepare(deps),
    ...createUploads(deps),
    ...createTasks(deps),
    ...createDumps(deps),
    ...createTargets(deps),
    ...createDownloads(deps),
    ...createReads(deps),
    ...createLocks(deps),
  };
  return {
    ...all,
    'anaplan.uploadChunks': whileHeld(deps, all['anaplan.uploadChunks']),
    'anaplan.completeUpload': whileHeld(deps, all['anaplan.completeUpload']),
    'anaplan.startTask': whileHeld(deps, all['anaplan.startTask']),
    'anaplan.downloadChunks': whileHeld(deps, all['anaplan.downloadChunks']),
  };
}
