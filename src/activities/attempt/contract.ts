/** What every call of an activity carries. */
import type { TimeoutsMs } from '../../contracts';
import type { ActionKind } from '../../contracts/kinds';
import type { Held } from '../hold/contract';

export type { ActionKind };

/** An Anaplan object with what a message needs to name it. */
export interface Named {
  id: string;
  name: string;
}

/** The model a run works on. */
export interface ModelContext {
  connection: string;
  workspace: Named;
  model: Named;
}

/** An action that can be started as a task. */
export interface ActionObject extends Named {
  kind: ActionKind;
}

/** A root by its name, with the marker of the file system that the run found there at first. */
export interface RootPin {
  name: string;
  /** Absent: nothing is known yet, or the root is only read. */
  marker?: string;
}

/** Dumps may have to be stored: of actions with these names, in the run's own directory below this one. */
export interface DumpTrial {
  directory: string;
  names: string[];
}

/** What every call that talks to Anaplan carries: where, for what (in words), and how long it may go on. */
export interface Call extends ModelContext {
  /**
   * Milliseconds from when the activity was scheduled until it gives up as `DeadlineExceeded`, over all its attempts: a
   * span, because the clocks of workers differ.
   */
  leftMs?: number;
  /** Name of the time-out behind `leftMs`, for the message. */
  deadlineName?: keyof TimeoutsMs;
  bounds: Pick<TimeoutsMs, 'modelUnavailable' | 'unavailable'>;
  /** What the run holds of its model's lock. */
  held?: Held;
}
