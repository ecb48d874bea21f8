/** Before a run has an effect: whether what it will have to write can be written, where it will be written. */
import { setTimeout as delay } from 'node:timers/promises';

import { getClient } from '@temporalio/activity';

import { LIGHT_BOUNDS } from '../attempt/calls';
import { DEFAULT_TIMING, type ActivityDeps } from '../attempt/deps';
import { tryDumps } from '../shared/dump-directory';
import { fail } from '../attempt/failures';
import { enterRoot } from '../shared/roots';
import { isOpen } from '../shared/open-runs';
import type { AnaplanActivities } from '../contract';
import type { TryTargetsInput } from './contract';
import { work } from '../attempt/work';

/** How often, and how long after each other, a run is looked for that the server does not list. */
const LIST_LOOKS = 3;
const LIST_EVERY_MS = 1_000;

/** Builds `anaplan.tryTargets`. */
export function createTargets(deps: ActivityDeps): Pick<AnaplanActivities, 'anaplan.tryTargets'> {
  const timing = { ...DEFAULT_TIMING, ...deps.timing };
  return {
    'anaplan.tryTargets': ({ root, targets, dumps }) =>
      work({ what: whatOf(targets, dumps), bounds: LIGHT_BOUNDS, timing }, async (w) => {
        const uris: string[] = [];
        const entered = await enterRoot(deps, root, 'write', w.now());
        await w.confirm();
        try {
          for (const { uri, token } of targets) {
            w.assertAlive();
            uris.push((await deps.storage.tryTarget(uri, token)).uri);
            await assertAlone(deps, uri, token);
          }
          if (dumps) {
            w.assertAlive();
            await tryDumps(deps.storage, dumps);
          }
        } catch (error) {
          // The run does not know what was made here, so it is removed now.
          for (const { uri, token } of targets.slice(0, uris.length)) {
            await deps.storage.discardPart(uri, token);
          }
          throw error;
        }
        return { host: deps.host, uris, root: entered };
      }),
  };
}

/**
 * Two runs to one target would each replace the other's file: the later one does not begin.
 *
 * @throws ApplicationFailure Conflict
 */
async function assertAlone(deps: ActivityDeps, uri: string, token: string): Promise<void> {
  for (const other of await deps.storage.otherParts(uri, token)) {
    if (!other.older) continue;
    const workflowId = await openChain(other.token);
    if (workflowId === undefined) continue;
    throw fail('Conflict', `${uri} is being written by another run, ${workflowId}.`, {
      remedy: 'Wait for it or cancel it, then start again; or give this run another target.',
    });
  }
}

/** The workflow ID of a run that is open, by the first run ID of its chain; a `.part` of a closed run is just left over. */
async function openChain(firstRunId: string): Promise<string | undefined> {
  const query = `RunId = '${firstRunId}'`;
  for (let look = 0; ; look++) {
    for await (const { workflowId } of getClient().workflow.list({ query })) {
      return (await isOpen(workflowId, firstRunId)) ? workflowId : undefined;
    }
    // A run that began a moment ago may not be listed yet.
    if (look >= LIST_LOOKS) return undefined;
    await delay(LIST_EVERY_MS);
  }
}

function whatOf(targets: TryTargetsInput['targets'], dumps: TryTargetsInput['dumps']): string {
  const all = [
    ...targets.map((t) => t.uri),
    ...(dumps ? [`the directory for dumps ${dumps.directory}`] : []),
  ];
  return `Trying to write ${all.slice(0, 3).join(', ')}`;
}
