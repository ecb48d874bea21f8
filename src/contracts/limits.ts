/** Sizes, counts and times that are the same everywhere. Units are in the names. */
export const LIMITS = {
  /** anaplan-api: "Upload a file in chunks": no larger than 50 MB of uncompressed data, no more than 1,000 chunks. */
  maxChunkBytes: 50_000_000,
  maxChunks: 1_000,
  /** anaplan-api: "Parameter Types": the default chunk size is 10 MB. */
  defaultChunkBytes: 10_000_000,
  /** A file of known size is cut into about this many chunks once that makes them larger than the default. */
  targetChunks: 400,
  /** `parallelChunks`: more fill no wire and only take memory. */
  maxParallelChunks: 8,
  /** Chunks or pages that one activity carries: bounds the history of a run. */
  chunksPerActivity: 250,
  resultBytes: 256 * 1024,
  resultDetails: 100,
  dumpMessages: 20,
  textBytes: 1024,
} as const;

/**
 * How old an upload may be when what reads it starts. Anaplan drops a private file that nobody has accessed for 48 h, and
 * an import then reads the default file instead, without a word (anaplan-api: "Private and Default Files for Bulk APIs").
 */
export const FILE_AGE_MS = 40 * 3_600_000;

/** Milliseconds of every bounded wait of a run; see `Timeouts` in `inputs.ts` for their meaning. */
export interface TimeoutsMs {
  lock: number;
  modelUnavailable: number;
  unavailable: number;
  task: number;
  transfer: number;
  cancel: number;
}

const HOUR = 3_600_000;

/** The defaults of `timeouts`. */
export const DEFAULT_TIMEOUTS: TimeoutsMs = {
  lock: 12 * HOUR,
  modelUnavailable: 6 * HOUR,
  unavailable: HOUR,
  task: 24 * HOUR,
  transfer: 24 * HOUR,
  cancel: HOUR / 2,
};

/** A region of Anaplan was once down for 15 h: a run that has changed nothing yet waits for it to come back. */
const UNAVAILABLE_BEFORE_EFFECT_MS = 24 * HOUR;

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: HOUR, d: 24 * HOUR };

/** Milliseconds of a duration (`1500`, `'30s'`, `'5 min'`, `'12h'`), or undefined when it is not one. */
export function durationMs(value: number | string): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined;
  const match = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d)\s*$/.exec(value);
  const unit = UNITS[match?.[2] ?? ''];
  return match && unit !== undefined ? Number(match[1]) * unit : undefined;
}

/** The longest bound of a wait: Temporal refuses spans of centuries, and no wait of an integration is meant to be one. */
export const MAX_TIMEOUT_MS = 365 * 24 * HOUR;

/** Whole milliseconds of one of the `timeouts`, or undefined when it is not a duration of at most a year. */
export function timeoutMs(value: number | string): number | undefined {
  const ms = durationMs(value);
  return ms === undefined || ms > MAX_TIMEOUT_MS ? undefined : Math.ceil(ms);
}

/** The time-outs of a run, defaults filled in. Values that are not durations fall back to the default. */
export function resolveTimeouts(given: { [K in keyof TimeoutsMs]?: number | string } = {}): TimeoutsMs {
  const out = { ...DEFAULT_TIMEOUTS };
  for (const key of Object.keys(out) as (keyof TimeoutsMs)[]) {
    const value = given[key];
    if (value !== undefined) out[key] = timeoutMs(value) ?? out[key];
  }
  return out;
}

/** The time-outs until a run's first effect: it has nothing to lose, and others wait for nothing of it. */
export function timeoutsBeforeEffect(given: { [K in keyof TimeoutsMs]?: number | string } = {}): TimeoutsMs {
  const timeouts = resolveTimeouts(given);
  const chosen = given.unavailable !== undefined && timeoutMs(given.unavailable) !== undefined;
  return chosen ? timeouts : { ...timeouts, unavailable: UNAVAILABLE_BEFORE_EFFECT_MS };
}
