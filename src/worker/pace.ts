import type { Pace } from '../activities/attempt/deps';
import type { SweepTiming } from './sweep';

/**
 * What tests and benchmarks change in a worker: given to `pacedWorker` and `pacedActivities`, which no entry point of the
 * package exports. Users get the pace of production.
 */
export interface WorkerPace extends Pace {
  /** How often it is checked that the search attributes are still there; default: every minute. */
  searchAttributesEveryMs?: number;
  sweep?: Partial<SweepTiming>;
}
