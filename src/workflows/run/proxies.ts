/** Activities as the sentences of a step: `await uploadChunks({ ... })`, with their options beside their names. */
import {
  ActivityCancellationType,
  ActivityFailure,
  CancelledFailure,
  proxyActivities,
  type ActivityOptions,
} from '@temporalio/workflow';
import type { Call } from '../../activities/attempt/contract';
import { MAX_TIMEOUT_MS, rhythmOf, type Rhythm } from '../../contracts';

/** Heartbeat time-out of what moves bytes: so soon another worker goes on. */
const BYTES_TIMEOUT_MS = 20_000;
/** Of what waits: a run that waits for hours costs a heartbeat a minute, and one that loses its worker this long. */
const WAIT_TIMEOUT_MS = 150_000;
/** One attempt of what does not heartbeat. */
const LIGHT_ATTEMPT_MS = 60_000;
/** An activity ends at its own bounds, with a better message: Temporal's time-out comes so much later, for when no worker is left. */
const MARGIN_MS = 10 * 60_000;

/** After this, an attempt that Temporal has given up changes nothing more: the longest of those that change something. */
export const LONGEST_EFFECT_LEASE_MS = BYTES_TIMEOUT_MS;

/** Characters of a summary: the server takes 400 bytes. */
const SUMMARY_LENGTH = 130;

/** An activity's options that hold for every call of it. */
interface StandingOptions<I> {
  /** What the UI shows beside it. */
  summary: (input: I) => string;
  /** Milliseconds for all its attempts; absent: the call says `scheduleToCloseTimeout`. */
  within?: (input: I) => number;
  /** What must never be sent twice has one attempt, of so many milliseconds. */
  onceWithin?: number;
}

/** What only the call can say: where it runs, and how long that may take. */
export type CallOptions = Pick<
  ActivityOptions,
  'taskQueue' | 'scheduleToStartTimeout' | 'scheduleToCloseTimeout'
>;

type NameOf<K> = K extends `anaplan.${infer N}` ? N : never;
type InputOf<F> = F extends (input: infer I) => unknown ? I : never;
type AnswerOf<F> = F extends (input: never) => Promise<infer A> ? A : never;

type Standing<A> = { [K in keyof A as NameOf<K>]: StandingOptions<InputOf<A[K]>> };
type Sentences<A> = {
  [K in keyof A as NameOf<K>]: (input: InputOf<A[K]>, at?: CallOptions) => Promise<AnswerOf<A[K]>>;
};

/**
 * The activities of a step as functions. Made once, where the step's file begins.
 *
 * @param options - of each activity, by its name without the prefix `anaplan.`
 */
export function activities<A>(options: Standing<A>): Sentences<A> {
  const made = Object.entries<StandingOptions<never>>(options).map(([name, standing]) => [
    name,
    sentence(`anaplan.${name}`, standing),
  ]);
  return Object.fromEntries(made) as Sentences<A>;
}

function sentence(name: string, { summary, within, onceWithin }: StandingOptions<never>) {
  const proxy = proxyActivities({
    ...watchOver(rhythmOf(name)),
    retry:
      onceWithin === undefined
        ? { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '60s' }
        : { maximumAttempts: 1 },
  });
  return async (input: never, at: CallOptions = {}): Promise<unknown> => {
    const options: ActivityOptions = { summary: summary(input).slice(0, SUMMARY_LENGTH) };
    if (onceWithin !== undefined) options.startToCloseTimeout = onceWithin;
    if (within) options.scheduleToCloseTimeout = within(input);
    try {
      return await proxy[name]?.executeWithOptions({ ...options, ...at }, [input]);
    } catch (error) {
      // An attempt that fails while a cancellation is under way is not tried again: what ended the activity is the
      // cancellation, whatever the attempt said at last.
      if (error instanceof ActivityFailure && error.retryState === 'CANCEL_REQUESTED') {
        throw new CancelledFailure('cancelled', [], error);
      }
      throw error;
    }
  };
}

/** How the server finds out that an attempt is gone, and whether a cancellation waits for its end. */
function watchOver(rhythm: Rhythm): ActivityOptions {
  // What changes something must have ended before it is cleaned up after: a transfer before its `.part` is removed, an
  // ask for a lock before the lock is given back.
  const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;
  const startToCloseTimeout = MAX_TIMEOUT_MS;
  switch (rhythm) {
    case 'bytes':
      return { heartbeatTimeout: BYTES_TIMEOUT_MS, startToCloseTimeout, cancellationType };
    case 'effect':
      return { heartbeatTimeout: WAIT_TIMEOUT_MS, startToCloseTimeout, cancellationType };
    case 'wait':
      // Changes nothing, and hears of a cancellation late: nobody waits for it.
      return {
        heartbeatTimeout: WAIT_TIMEOUT_MS,
        startToCloseTimeout,
        cancellationType: ActivityCancellationType.TRY_CANCEL,
      };
    case 'light':
      return { startToCloseTimeout: LIGHT_ATTEMPT_MS, cancellationType };
  }
}

/** For as long as the call's deadline lets it. */
export function untilDeadline(call: Call): number {
  return call.leftMs === undefined ? throughOutages(call) : call.leftMs + MARGIN_MS;
}

/** For as long as Anaplan may be away, of whatever kind that is. */
export function throughOutages({ bounds }: Pick<Call, 'bounds'>): number {
  return Math.max(bounds.modelUnavailable, bounds.unavailable) + MARGIN_MS;
}

/** For as long as Anaplan may be down; a model that is busy for longer is not waited for. */
export function throughDowntime({ bounds }: Call): number {
  return bounds.unavailable + MARGIN_MS;
}
