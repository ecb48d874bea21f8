/** The activities of all integrations, grouped by what they deal with. */
import type { ActivityDeps } from './attempt/deps';
import { createDownloads } from './download/activities';
import { createDumps } from './dump/activities';
import { createLocks, whileHeld } from './hold/activities';
import { createPrepare } from './prepare/activities';
import { createReads } from './read/activities';
import { createRoots } from './roots/activities';
import { createTargets } from './download/targets';
import { createTasks } from './task/activities';
import type { AnaplanActivities } from './contract';
import { createUploads } from './upload/activities';

export type { ActivityConnection, ActivityDeps, Timing } from './attempt/deps';
export { DEFAULT_TIMING } from './attempt/deps';
export { LEASE_AT_MOST_MS } from './attempt/lease';
export { pollersOf } from './attempt/pollers';
export type { Beat } from './attempt/work';
export type * from './contract';
export type * from './attempt/contract';
export type * from './prepare/contract';
export type * from './upload/contract';
export type * from './task/contract';
export type * from './dump/contract';
export type * from './download/contract';
export type * from './read/contract';
export type * from './hold/contract';
export type * from './roots/contract';

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
    ...createRoots(deps),
  };
  return {
    ...all,
    'anaplan.uploadChunks': whileHeld(deps, all['anaplan.uploadChunks']),
    'anaplan.completeUpload': whileHeld(deps, all['anaplan.completeUpload']),
    'anaplan.startTask': whileHeld(deps, all['anaplan.startTask']),
    'anaplan.downloadChunks': whileHeld(deps, all['anaplan.downloadChunks']),
  };
}
