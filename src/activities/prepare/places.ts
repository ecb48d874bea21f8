/** Where the files of an input are: the names of their roots, by which a run finds the workers that have them. */
import { setTimeout as delay } from 'node:timers/promises';

import type { CommonInput } from '../../contracts';
import type { Place } from '../../storage';
import type { ActivityDeps, Timing } from '../attempt/deps';
import { fail } from '../attempt/failures';
import { workersOf } from '../shared/roots';
import type { Places } from './contract';

/** A worker that has just been started is listed a moment later. */
const LOOKS = 4;
const LOOK_EVERY_MS = 4_000;

/** The fields of inputs that hold paths. */
interface Paths {
  source?: string;
  target?: string;
  dumps?: string;
  uploads?: readonly { source: string }[];
  downloads?: readonly { target: string }[];
}

/**
 * Finds the place of every path of an input, and of the directory where dumps go.
 *
 * @throws ApplicationFailure InvalidInput where a path is none, or its root is unknown here and nobody else serves it;
 * StorageError
 */
export async function placesOf(deps: ActivityDeps, input: CommonInput, timing: Timing): Promise<Places> {
  const { source, target, dumps = deps.dumps, uploads = [], downloads = [] } = input as Paths;
  const texts = [source, target, ...uploads.map((u) => u.source), ...downloads.map((d) => d.target)];
  const files: Record<string, Place> = {};
  for (const text of texts) if (text !== undefined) files[text] ??= await placeOf(deps, text, timing);
  return { files, dumps: await placeOf(deps, dumps, timing) };
}

async function placeOf(deps: ActivityDeps, text: string, timing: Timing): Promise<Place> {
  const place = await deps.storage.placeOf(text);
  const known = deps.storage.roots.map((root) => root.name);
  if (known.includes(place.root) || (await isServed(deps, place.root, timing))) return place;
  throw fail(
    'InvalidInput',
    `${text}: root "${place.root}" is unknown: this worker has ${known.join(', ')}, and no other worker serves one of that name.`,
    { remedy: 'Correct the name, or start the worker that has it.' },
  );
}

/** Another worker may have the root. Where the server does not tell, the run waits for one. */
async function isServed(deps: ActivityDeps, root: string, timing: Timing): Promise<boolean> {
  for (let look = 1; ; look++) {
    const workers = await workersOf(deps, root).catch(() => undefined);
    if (workers === undefined || workers.length > 0) return true;
    if (look >= LOOKS) return false;
    await delay(LOOK_EVERY_MS * timing.retryScale);
  }
}
