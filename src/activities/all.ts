import type { ActivityDeps } from './attempt/deps';
import type { AnaplanActivities } from './contract';
import { createDownloads } from './download/activities';
import { createTargets } from './download/targets';
import { createDumps } from './dump/activities';
import { createLocks, whileHeld } from './hold/activities';
import { createPrepare } from './prepare/activities';
import { createReads } from './read/activities';
import { createRoots } from './roots/activities';
import { createTasks } from './task/activities';
import { createUploads } from './upload/activities';

/** All activities, at the pace that is given. */
export function allActivities(deps: ActivityDeps): AnaplanActivities {
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
