/** Waiting out what Anaplan refuses for now, within the bounds of the activity. */
import type { ApplicationFailure } from '@temporalio/common';

import { nextDelayMs, type AnaplanError, type RetryRule } from '../../anaplan';
import type { StorageError } from '../../storage';
import { FAILURES, type FailureType, type TimeoutsMs } from '../../contracts';
import { codeOf, fail, failureTypeOf, remedyAfter, sentence } from './failures';

/** A stretch of refusals without a good answer between them. */
export interface Outage {
  class: RetryRule['class'] | 'storage';
  /** By the server's clock, see `Work.now`. */
  since: number;
  count: number;
}

/** What is refused, and how long that may go on. */
export interface OutageBounds {
  what: string;
  bounds: Pick<TimeoutsMs, 'modelUnavailable' | 'unavailable'>;
  /** Milliseconds until the activity's own deadline. */
  leftMs?: number | undefined;
  retryScale: number;
}

/** What becomes of a refusal: the next attempt after a delay, the activity's deadline, or the end. */
export type Verdict =
  | { kind: 'again'; type: FailureType; message: string; delayMs: number; outage: Outage }
  | { kind: 'outOfTime'; message: string }
  | { kind: 'final'; failure: ApplicationFailure };

/** "HTTP responses" 409: as a locked model, but not for hours. */
const CONFLICT_BOUND_MS = 15 * 60_000;

/** How long answers are waited out that nobody has documented. */
const ODD_BOUND_MS = 15 * 60_000;

/** So many broken bodies in a row are not chance. */
const MAX_BROKEN_BODIES = 8;

/** Judges a refusal that is for now; the retry table of the API client has the delays. */
export function judgeRefusal(
  error: AnaplanError,
  rule: RetryRule,
  earlier: Outage | undefined,
  now: number,
  o: OutageBounds,
): Verdict {
  const type = failureTypeOf(error);
  const outage: Outage =
    earlier?.class === rule.class
      ? { class: rule.class, since: earlier.since, count: earlier.count + 1 }
      : { class: rule.class, since: sameTrouble(earlier, rule) ?? now, count: 1 };
  const wanted = nextDelayMs(rule, outage.count, error.retryAfterMs) * o.retryScale;
  // A busy model holds requests open instead of answering ("API behavior when the model is busy").
  const bound = error.kind === 'timeout' ? o.bounds.modelUnavailable : boundOf(rule.class, o);
  const message = sentence(o.what, error);
  const left = outage.since + bound - now;
  // The last try comes when the bound is reached, not before it; but a Retry-After is never shortened.
  const delayMs = error.retryAfterMs === undefined ? Math.min(wanted, left) : wanted;
  // A body that is broken every time stays broken: that is no outage to wait out.
  const broken = error.kind === 'body' || rule.row === 'notAnaplans';
  const hopeless = broken && outage.count > MAX_BROKEN_BODIES;
  if (hopeless || delayMs > left || left < 1000 * o.retryScale) {
    const final = exhausted(type, rule);
    const failure = fail(
      final,
      `${message}. It has done so for ${lasted(now - outage.since)} (${outage.count} times).${remedyAfter(error, final)}`,
      codeOf(error),
      error,
    );
    return { kind: 'final', failure };
  }
  if (o.leftMs !== undefined && delayMs > o.leftMs) return { kind: 'outOfTime', message };
  return { kind: 'again', type, message, delayMs, outage };
}

/** Since when nothing has been well, where a proxy answers now this and now that. */
function sameTrouble(earlier: Outage | undefined, rule: RetryRule): number | undefined {
  const kinds = [earlier?.class, rule.class];
  return kinds.includes('odd') && kinds.includes('unavailable') ? earlier?.since : undefined;
}

/** How long a file system may be full or away, where the activity does not say otherwise. */
const STORAGE_BOUND_MS = 15 * 60_000;
const STORAGE_DELAY_MS = { first: 5_000, longest: 60_000 };

/** Waits out a file system that is full, away or busy: somebody is asked for by the words, and the model is held meanwhile. */
export function judgeStorage(
  error: StorageError,
  waitsFor: string,
  earlier: Outage | undefined,
  now: number,
  o: OutageBounds & { storageMs?: number | undefined },
): Verdict {
  const outage: Outage =
    earlier?.class === 'storage'
      ? { class: 'storage', since: earlier.since, count: earlier.count + 1 }
      : { class: 'storage', since: now, count: 1 };
  const bound = Math.min(outage.since + (o.storageMs ?? STORAGE_BOUND_MS) - now, o.leftMs ?? Infinity);
  const doubled = STORAGE_DELAY_MS.first * 2 ** Math.min(outage.count - 1, 10);
  const wanted = Math.min(doubled, STORAGE_DELAY_MS.longest) * o.retryScale;
  const said = error.message.replace(/\.$/, '');
  if (bound < 1000 * o.retryScale) {
    const message = `${said}. It has been so for ${lasted(now - outage.since)} (${outage.count} times). ${FAILURES[error.type].remedy}`;
    return { kind: 'final', failure: fail(error.type, message, {}, error) };
  }
  return {
    kind: 'again',
    type: error.type,
    message: `waiting: ${waitsFor}. ${said}`,
    delayMs: Math.min(wanted, bound),
    outage,
  };
}

function boundOf(kind: RetryRule['class'], o: OutageBounds): number {
  const { modelUnavailable, unavailable } = o.bounds;
  switch (kind) {
    case 'modelUnavailable':
      return modelUnavailable;
    case 'conflict':
      return CONFLICT_BOUND_MS;
    case 'odd':
      return Math.min(o.bounds.unavailable, ODD_BOUND_MS);
    case 'rateLimited':
      // No limit of attempts; bounded by the activity's own deadline, or as an unavailable model.
      return o.leftMs === undefined ? modelUnavailable : Number.POSITIVE_INFINITY;
    default:
      return unavailable;
  }
}

function exhausted(type: FailureType, rule: RetryRule): FailureType {
  // No data were asked for: it is the answer that is none.
  if (rule.row === 'oddWhileTask' && type === 'TransferCorrupt') return 'ProtocolError';
  return type === 'InternalError' ? 'ServiceUnavailable' : type;
}

function lasted(ms: number): string {
  return ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;
}
