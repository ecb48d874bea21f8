/** Questions about roots that only the Temporal server can answer. */
import { LIGHT_BOUNDS } from '../attempt/calls';
import { DEFAULT_TIMING, type ActivityDeps } from '../attempt/deps';
import { workersOf } from '../shared/roots';
import { work } from '../attempt/work';
import type { RootsActivities } from './contract';

/** An idle worker asks for work about once a minute. */
const FRESH_MS = 90_000;

/** Builds the activities of roots. */
export function createRoots(deps: ActivityDeps): RootsActivities {
  const timing = { ...DEFAULT_TIMING, ...deps.timing };
  return {
    'anaplan.rootServed': ({ root }) =>
      work({ what: `Root "${root}"`, bounds: LIGHT_BOUNDS, timing }, async (w) =>
        (await workersOf(deps, root)).some(({ at }) => w.now() - at < FRESH_MS),
      ),
  };
}
