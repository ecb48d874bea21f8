/** What a row of the table is. */
import type { Fault } from '../../src/sandbox';
import { callOf, type CallName } from './calls';
import type { Expected } from './expected';
import { faultOf, type FaultName } from './faults';
import type { ScenarioName } from './scenarios';

/** What happens in the tenant once the row's first fault has struck. */
type Meanwhile =
  'another user starts the action' | 'the model is unloaded' | 'the run is cancelled' | 'all reads expire';

/** One row. */
export interface Row {
  id: string;
  scenario: ScenarioName;
  call: CallName;
  fault: string;
  /** Planned in this order; `hits` is how often each must have struck. */
  faults: { plan: Fault; hits: number }[];
  expected: Expected;
  /** Short client time-outs. */
  silent?: true;
  /** No request like the struck one (or `tenant`: none at all) for so long after it, in production's milliseconds. */
  wait?: { ms: number; tenant: boolean };
  /** Overrides of the run's time-outs. */
  timeouts?: Record<string, string>;
  /** A task of the action that is there before. */
  earlierTask?: true;
  /** The task takes so long. */
  taskMs?: number;
  /** The run is cancelled once its task runs. */
  cancel?: true;
  meanwhile?: Meanwhile;
}

/** Bounds with which an endless fault ends soon. */
export const SOON = { unavailable: '2s', modelUnavailable: '2s' };

/** A fault at a call, as the sandbox plans it. */
export function planned(call: CallName, name: FaultName): Fault {
  const { method, path, nth = 1 } = callOf(call);
  const { action, occurrence = 1 } = faultOf(name);
  // "Every time" from the nth on: more often than any row's bounds let it be tried.
  const every = Array.from({ length: 200 }, (_, i) => i + nth);
  const given = typeof occurrence === 'number' ? [occurrence] : occurrence;
  return {
    method,
    path,
    occurrence: given === 'every' ? every : given.map((n) => n + nth - 1),
    action,
  };
}
