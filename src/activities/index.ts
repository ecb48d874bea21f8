/** The activities of all integrations, grouped by what they deal with. */
import { allActivities } from './all';
import type { WorkerDeps } from './attempt/deps';
import type { AnaplanActivities } from './contract';

export type { ActivityConnection, WorkerDeps as ActivityDeps } from './attempt/deps';
export { LEASE_AT_MOST_MS } from './attempt/lease';
export { pollersOf } from './shared/pollers';
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
export function createActivities(deps: WorkerDeps): AnaplanActivities {
  return allActivities(deps);
}
