/**
 * The one clock of refusals: what was refused since the last good answer, how long that may go on, and what to say when
 * it has gone on for too long. Pure; whoever asks carries {@link Refusals} from try to try.
 */

/** How one kind of refusal is waited out. Kinds of one class share what they may take. */
export interface WaitRule {
  class: string;
  /** Delay after the first refusal, milliseconds; it doubles from one to the next. */
  firstDelayMs: number;
  /** Upper bound of the growing delay, milliseconds. A `Retry-After` may exceed it. */
  maxDelayMs: number;
  /** No delay is shorter than this, whatever a `Retry-After` says. */
  leastDelayMs?: number;
  /** The delay is neither spread nor cut: a `Retry-After` or its substitute. */
  exact?: true;
  /** Which of the run's `timeouts` ends the waiting. */
  bound?: keyof WaitBounds;
  /** What ends it earlier than that. */
  atMostMs?: number;
  /** The step's own time-out takes the place of {@link bound}, where it has one. */
  orStep?: true;
  /** How often it is tried again at most. */
  repeats?: number;
}

/** The `timeouts` of a run that bound refusals, milliseconds. */
export interface WaitBounds {
  modelUnavailable: number;
  unavailable: number;
}

/** What was refused without a good answer between: JSON, carried from try to try and from worker to worker. */
export interface Refusals {
  /** When the first refusal came, by the clock of who asks. */
  since: number;
  /** How many came since, of any class. */
  count: number;
  /** When the last one came, and of which class it was. */
  last: { at: number; class: string };
  /** How often each class came, and how long it has been waited out. */
  classes: Record<string, { count: number; ms: number }>;
}

/** What to do after a refusal. */
export type NextTry =
  | { again: true; delayMs: number; refusals: Refusals }
  /**
   * `step`: the step's own time-out is reached, not a bound of the refusals.
   * @property words - a sentence on how long it has been so; empty where there is nothing to say
   */
  | { again: false; reached: 'bound' | 'step'; words: string };

/** What bounds the waiting besides the rule. */
export interface WaitLimits {
  bounds: WaitBounds;
  /** Milliseconds until the step's own time-out. */
  leftMs?: number | undefined;
  /** Multiplies the delays; 1 but for tests. */
  scale?: number;
  /** 0 <= r < 1; spreads the delays of many callers over the upper fifth below the full delay. */
  random?: () => number;
}

/** No try is worth a shorter wait. */
const LEAST_WAIT_MS = 1_000;

/**
 * What to do after a refusal: wait so long, or give up with these words. Pure.
 *
 * Each class has a bound of its own, and what counts against it is the time that its refusals were waited for. So a
 * refusal of another class between two does not begin it anew, a single 503 in the hours of a locked model costs a
 * second of `timeouts.unavailable`, and only a good answer, after which nobody carries the refusals on, ends the count.
 *
 * @param rule - of the refusal, from the retry table
 * @param earlier - the refusals before it
 * @param now - any clock that all tries share, milliseconds
 * @param retryAfterMs - what the answer asks for; never waited less than that
 */
export function nextTry(
  rule: WaitRule,
  earlier: Refusals | undefined,
  now: number,
  limits: WaitLimits,
  retryAfterMs?: number,
): NextTry {
  const { leftMs = Infinity, scale = 1, random = Math.random } = limits;
  const refusals = withRefusal(earlier, rule.class, now);
  const { count, ms } = refusals.classes[rule.class] ?? { count: 1, ms: 0 };
  const boundLeft = boundOf(rule, limits) - ms;
  const left = Math.min(boundLeft, leftMs);
  const wanted = delayOf(rule, count, random, retryAfterMs) * scale;
  // The last try comes when the bound is reached, not before it; but a Retry-After is never shortened.
  const delayMs = rule.exact || retryAfterMs !== undefined ? wanted : Math.min(wanted, left);
  const worn = rule.repeats !== undefined && count > rule.repeats;
  const fits = delayMs <= left && left >= LEAST_WAIT_MS * scale;
  if (fits && !worn) return { again: true, delayMs, refusals };
  const so = count > 1 ? `It has been so for ${inWords(ms)}, in ${count} tries` : '';
  if (worn) return { again: false, reached: 'bound', words: `${so}: another one would not help.` };
  if (leftMs < boundLeft) return { again: false, reached: 'step', words: so && `${so}.` };
  const name = nameOf(rule, limits);
  if (delayMs > left && left >= LEAST_WAIT_MS * scale) {
    const asked = `wait of ${inWords(delayMs)} is asked for, and ${name} leaves ${inWords(left)}.`;
    return { again: false, reached: 'bound', words: so ? `${so}: a ${asked}` : `A ${asked}` };
  }
  const words = so ? `${so}: ${name} is over.` : `Another try does not fit into ${name}.`;
  return { again: false, reached: 'bound', words };
}

/** The refusals with one more: the time since the last one was waited for by that one's class. */
function withRefusal(earlier: Refusals | undefined, kind: string, now: number): Refusals {
  const classes = { ...earlier?.classes };
  const before = earlier && classes[earlier.last.class];
  if (earlier && before) {
    classes[earlier.last.class] = { ...before, ms: before.ms + Math.max(0, now - earlier.last.at) };
  }
  const own = classes[kind] ?? { count: 0, ms: 0 };
  classes[kind] = { ...own, count: own.count + 1 };
  return {
    since: earlier?.since ?? now,
    count: (earlier?.count ?? 0) + 1,
    last: { at: now, class: kind },
    classes,
  };
}

function delayOf(
  rule: WaitRule,
  count: number,
  random: () => number,
  retryAfterMs: number | undefined,
): number {
  const { firstDelayMs, maxDelayMs, leastDelayMs = 0, exact } = rule;
  if (exact) return Math.max(leastDelayMs, retryAfterMs ?? firstDelayMs);
  const full = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(count - 1, 64));
  return Math.max(Math.round(full * (0.8 + 0.2 * random())), retryAfterMs ?? 0);
}

/** How long the refusals of a class may be waited for in all. */
function boundOf(rule: WaitRule, { bounds, leftMs }: WaitLimits): number {
  // The step's time-out is looked at by itself.
  if (rule.orStep && leftMs !== undefined) return Infinity;
  return Math.min(rule.bound ? bounds[rule.bound] : Infinity, rule.atMostMs ?? Infinity);
}

/** What ends the waiting, in words. */
function nameOf(rule: WaitRule, limits: WaitLimits): string {
  const ms = boundOf(rule, limits);
  const byInput = rule.bound !== undefined && ms === limits.bounds[rule.bound];
  return byInput
    ? `timeouts.${rule.bound} (${inWords(ms)})`
    : `the longest wait for such an answer (${inWords(ms)})`;
}

/** A span as people say it: `40 s`, `15 min`, `1 h 30 min`. */
export function inWords(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (ms < 1000) return 'less than a second';
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)} h${rest === 0 ? '' : ` ${rest} min`}`;
}
