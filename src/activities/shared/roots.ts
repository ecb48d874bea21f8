/**
 * A root's name stands for one file system. A run pins the one that it finds there at first, by its marker; a worker that
 * has another one under the name leaves the work to one that has the right one.
 */
import { activityInfo, getClient } from '@temporalio/activity';

import { filesQueue, ROOT_READ, smallQueue } from '../../contracts';
import type { RootPin } from '../attempt/contract';
import type { ActivityDeps } from '../attempt/deps';
import { fail, tryAgain } from '../attempt/failures';
import { pollersOf, type Poller } from './pollers';

/** How long only workers with another file system may have served a root before a run gives up. */
const FOREIGN_ROOT_MS = 120_000;
/** After a refusal another worker may take the activity; this one only leaves it a moment. */
const AGAIN_MS = 1_000;
const LONGEST_AGAIN_MS = 5_000;

/**
 * Makes sure that this worker has the root of a run as the run knows it. To be called before anything is read or written.
 *
 * @param use what will be done there; nothing is ever written by a worker that only reads the root
 * @param now by the server's clock
 * @returns the root with its marker, where it has one: what the run pins
 * @throws ApplicationFailure to be tried again where another worker may have it; else SourceChanged or TargetFailed
 */
export async function enterRoot(
  deps: ActivityDeps,
  pin: RootPin,
  use: 'read' | 'write',
  now: number,
): Promise<RootPin> {
  const readOnly = deps.storage.roots.some((root) => root.name === pin.name && root.access === 'read');
  if (readOnly) {
    // Version and fingerprint pin what is read. Of what would be written here the storage says that it cannot be.
    if (use === 'read' || (await nobodyWrites(deps, pin.name, now))) return pin;
    throw leave(`${deps.host} may only read root "${pin.name}"`);
  }
  const marker = await deps.storage.markerOf(pin.name);
  if (pin.marker === undefined) return marker === undefined ? pin : { ...pin, marker };
  if (marker === pin.marker) return pin;
  const found = `Root "${pin.name}" is another file system on ${deps.host} (marker ${marker ?? 'absent'}) than where this run began (marker ${pin.marker})`;
  const foreignRootMs = deps.timing?.foreignRootMs ?? FOREIGN_ROOT_MS;
  // Not before this worker has waited as long itself: the right one may be about to start.
  const waited = performance.now() - deps.since >= foreignRootMs;
  if (!waited || !(await allForeign(deps, { name: pin.name, marker: pin.marker }, use, now - foreignRootMs)))
    throw leave(found);
  throw fail(
    use === 'read' ? 'SourceChanged' : 'TargetFailed',
    `${found}, and no worker that has that one has polled ${filesQueue(deps.taskQueue, pin.name)} for ${Math.round(foreignRootMs / 1000)} s. Nothing was read or written here.`,
    {
      remedy:
        'Start the worker that has it, then start the run again; give file systems that differ names that differ.',
    },
  );
}

function leave(why: string): Error {
  const delay = Math.min(LONGEST_AGAIN_MS, AGAIN_MS * 1.3 ** (activityInfo().attempt - 1));
  return tryAgain('TargetFailed', `${why}: left to another worker`, delay);
}

/** The workers of a root: on both of its queues, for one whose slots are all in use asks for nothing on that queue. */
export async function workersOf(deps: ActivityDeps, root: string): Promise<Poller[]> {
  const bytes = filesQueue(deps.taskQueue, root);
  const { workflowService, options } = getClient();
  const all = await Promise.all(
    [bytes, smallQueue(bytes)].map((queue) => pollersOf(workflowService, options.namespace, queue)),
  );
  return all.flat();
}

/** Whether all recent workers are known to have another file system; false where the server does not tell. */
async function allForeign(
  deps: ActivityDeps,
  pin: Required<RootPin>,
  use: 'read' | 'write',
  since: number,
): Promise<boolean> {
  const workers = await workersOf(deps, pin.name).catch(() => undefined);
  if (workers === undefined) return false;
  return workers
    .filter(({ at }) => at >= since)
    .every(({ tag }) => tag !== undefined && tag !== pin.marker && !(use === 'read' && tag === ROOT_READ));
}

async function nobodyWrites(deps: ActivityDeps, root: string, now: number): Promise<boolean> {
  const foreignRootMs = deps.timing?.foreignRootMs ?? FOREIGN_ROOT_MS;
  const workers = await workersOf(deps, root).catch(() => []);
  return workers.filter(({ at }) => at >= now - foreignRootMs).every(({ tag }) => tag === ROOT_READ);
}
