import { ApplicationFailure } from '@temporalio/common';

import type { ModelContext } from './attempt/contract';
import type { ActivityDeps } from './attempt/deps';
import type { AnaplanActivities } from './contract';
import { createDownloads } from './download/activities';
import { createTargets } from './download/targets';
import { createDumps } from './dump/activities';
import { createLocks, whileHeld } from './hold/activities';
import { createPrepare } from './prepare/activities';
import { forgetModel } from './prepare/catalogue';
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
  return forgetting(deps, {
    ...all,
    'anaplan.uploadChunks': whileHeld(deps, all['anaplan.uploadChunks']),
    'anaplan.completeUpload': whileHeld(deps, all['anaplan.completeUpload']),
    'anaplan.startTask': whileHeld(deps, all['anaplan.startTask']),
    'anaplan.downloadChunks': whileHeld(deps, all['anaplan.downloadChunks']),
  });
}

/** What fails for good may do so because a definition is not any more as it was told: the next run reads it anew. */
function forgetting(deps: ActivityDeps, all: AnaplanActivities): AnaplanActivities {
  const wrapped = Object.entries(all).map(([name, activity]) => [
    name,
    async (input: unknown): Promise<unknown> => {
      try {
        return await (activity as (input: unknown) => Promise<unknown>)(input);
      } catch (error) {
        const { connection, model } = (input ?? {}) as Partial<ModelContext>;
        const final = error instanceof ApplicationFailure && error.nonRetryable;
        if (final && connection !== undefined && typeof model?.id === 'string')
          forgetModel(deps.connection(connection).client, model.id);
        throw error;
      }
    },
  ]);
  return Object.fromEntries(wrapped) as AnaplanActivities;
}
