/**
 * The one place that heartbeats, waits out Anaplan's refusals, hands over when the worker stops and stops when the
 * server has given up on this attempt.
 */
import { activityInfo, cancellationDetails, cancellationSignal, heartbeat } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';

import { AnaplanError, nextDelayMs, retryRule, type RetryRule } from '../anaplan';
import { FAILURES, type FailureType, type TimeoutsMs } from '../contracts';
import { isCurrentAttempt } from './attempt';
import type { Timing } from './deps';
import { castError, codeOf, fail, failureTypeOf, refuse, sentence, tryAgain } from './errors';

/** A stretch of refusals without a good answer between them. */
interface Outage {
  class: RetryRule['class'];
  since: number;
  count: number;
}

/** What our heartbeats carry: shown by the Temporal UI, read by the CLI and by the next attempt. */
export interface Beat<P> {
  position?: P;
  /** What the activity does at this moment, in words. */
  note?: string;
  outage?: Outage & { message: string };
}

/** Bounds of one activity's waits. */
export interface WorkSpec {
  /** The object that messages name. */
  what: string;
  bounds: Pick<TimeoutsMs, 'modelUnavailable' | 'unavailable'>;
  deadline?: number;
  deadlineName?: keyof TimeoutsMs;
  timing: Timing;
}

/** seeds "HTTP responses" 409: as a locked model, but not for hours. */
const CONFLICT_BOUND_MS = 15 * 60_000;

/** An attempt that begins later than this after it was scheduled may have been given up: well below a heartbeat time-out. */
const LATE_MS = 5_000;

/** So many broken bodies in a row are not chance. */
const MAX_BROKEN_BODIES = 8;

/** One attempt of an activity. */
export class Work<P> {
  /** Where the attempt before this one stood, as far as its heartbeats told. */
  readonly resumed: P | undefined;
  /** Aborts on cancellation, on shutdown, and when the server must have given up on this attempt. */
  readonly signal: AbortSignal;
  private readonly abandon = new AbortController();
  private readonly deadAfterMs: number;
  private position: P | undefined;
  private text: string | undefined;
  private earlier: Beat<P>['outage'];
  private lastTick = performance.now();
  private lastTickDate = Date.now();
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly spec: WorkSpec) {
    const info = activityInfo();
    const beat = info.heartbeatDetails as Beat<P> | undefined;
    this.resumed = beat?.position;
    this.position = beat?.position;
    this.earlier = beat?.outage;
    this.deadAfterMs = info.heartbeatTimeoutMs ?? Number.POSITIVE_INFINITY;
    this.signal = AbortSignal.any([cancellationSignal(), this.abandon.signal]);
    this.timer = setInterval(() => this.tick(), 1000);
    this.tick();
  }

  /** Promises a position: a later attempt may go on from it. */
  at(position: P): void {
    this.position = position;
    this.answered();
  }

  /** Notes a position for a later attempt, without Anaplan having answered well. */
  remember(position: P): void {
    this.position = position;
  }

  /** The server has given up on this attempt: another one may be at work. */
  get abandoned(): boolean {
    return this.abandon.signal.aborted || this.silentMs() > this.deadAfterMs;
  }

  /** Says what the activity does. */
  note(text: string): void {
    this.text = text;
  }

  /** Anaplan answered well: an outage, if there was one, is over. */
  answered(): void {
    this.earlier = undefined;
  }

  /**
   * Throws when this attempt missed its own heartbeat deadline, for example because its process was stopped and woke
   * up: another attempt may be at work, and not one more byte may be written by this one.
   */
  assertAlive(): void {
    this.assertCurrent();
    this.signal.throwIfAborted();
  }

  /** As {@link assertAlive}, but not on cancellation or shutdown: for what must be finished once it is begun. */
  assertCurrent(): void {
    // Both clocks: the monotonic one stands still while a machine is suspended.
    if (this.silentMs() > this.deadAfterMs) {
      this.abandon.abort(new Error('this attempt missed its heartbeat deadline'));
    }
    this.abandon.signal.throwIfAborted();
  }

  /** Asks the server, where this attempt begins so late that it may have been given up already. */
  async confirm(): Promise<void> {
    const { currentAttemptScheduledTimestampMs, heartbeatTimeoutMs } = activityInfo();
    if (heartbeatTimeoutMs === undefined || Date.now() - currentAttemptScheduledTimestampMs < LATE_MS) return;
    if ((await isCurrentAttempt()) === false) {
      this.abandon.abort(new Error('the server gave this attempt up before it began'));
    }
    this.assertCurrent();
  }

  /** Sleeps, and rejects at once on cancellation, shutdown or the deadline of the activity. */
  async sleep(ms: number): Promise<void> {
    this.assertAlive();
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        clearTimeout(timer);
        reject(this.signal.reason as Error);
      };
      const timer = setTimeout(() => {
        this.signal.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      this.signal.addEventListener('abort', onAbort, { once: true });
    });
    this.assertAlive();
    this.assertInTime();
  }

  /** Throws `DeadlineExceeded` once the activity's own deadline is over. */
  assertInTime(): void {
    const { deadline, what } = this.spec;
    if (deadline !== undefined && Date.now() > deadline) throw this.outOfTime(`${what} took too long`);
  }

  /** The failure to end the attempt with. */
  ending(error: unknown): unknown {
    clearInterval(this.timer);
    if (this.signal.aborted && !(error instanceof ApplicationFailure)) return this.aborted();
    if (error instanceof AnaplanError) return this.refused(error);
    return castError(this.spec.what, error);
  }

  /** Stops the heartbeats of a finished attempt. */
  end(): void {
    clearInterval(this.timer);
  }

  /** Since the last heartbeat of this attempt. */
  private silentMs(): number {
    return Math.max(performance.now() - this.lastTick, Date.now() - this.lastTickDate);
  }

  private tick(): void {
    if (this.silentMs() > this.deadAfterMs) {
      this.abandon.abort(new Error('this attempt missed its heartbeat deadline'));
      clearInterval(this.timer);
      return;
    }
    this.lastTick = performance.now();
    this.lastTickDate = Date.now();
    this.send();
  }

  private send(outage?: Beat<P>['outage']): void {
    const beat: Beat<P> = {};
    if (this.position !== undefined) beat.position = this.position;
    if (this.text !== undefined) beat.note = this.text;
    const trouble = outage ?? this.earlier;
    if (trouble) beat.outage = trouble;
    heartbeat(beat);
  }

  private aborted(): unknown {
    if (this.abandon.signal.aborted)
      return tryAgain('NetworkError', 'given up: another attempt goes on', 1000);
    this.send();
    if (cancellationDetails()?.workerShutdown)
      return tryAgain('WorkerShutdown', 'handed over: the worker stops', 1);
    return this.signal.reason;
  }

  /** Retries what Anaplan refused for now, within the bounds; the retry table of the API client has the delays. */
  private refused(error: AnaplanError): ApplicationFailure {
    const { what, timing } = this.spec;
    const rule = retryRule(error);
    const type = failureTypeOf(error);
    if (rule.class === 'refused') return refuse(what, error);
    const now = Date.now();
    const outage: Outage =
      this.earlier?.class === rule.class
        ? { class: rule.class, since: this.earlier.since, count: this.earlier.count + 1 }
        : { class: rule.class, since: now, count: 1 };
    const wanted = nextDelayMs(rule, outage.count, error.retryAfterMs) * timing.retryScale;
    // A busy model holds requests open instead of answering (seeds: "API behavior when the model is busy").
    const bound = error.kind === 'timeout' ? this.boundOf('modelUnavailable') : this.boundOf(rule.class);
    const message = sentence(what, error);
    const left = outage.since + bound - now;
    // The last try comes when the bound is reached, not before it; but a Retry-After is never shortened.
    const delay = error.retryAfterMs === undefined ? Math.min(wanted, left) : wanted;
    // A body that is broken every time stays broken: that is no outage to wait out.
    const hopeless = error.kind === 'body' && outage.count > MAX_BROKEN_BODIES;
    if (hopeless || delay > left || left < 1000 * timing.retryScale) {
      const final: FailureType =
        type === 'TransferCorrupt' || type === 'NetworkError' || type === 'RateLimited'
          ? type
          : exhausted(type);
      return fail(
        final,
        `${message}. It has done so for ${minutes(now - outage.since)} (${outage.count} times). ${FAILURES[final].remedy}`,
        codeOf(error),
        error,
      );
    }
    if (this.spec.deadline !== undefined && now + delay > this.spec.deadline) return this.outOfTime(message);
    this.send({ ...outage, message });
    return tryAgain(type, `${message}; next try in ${Math.ceil(delay / 1000)} s`, delay);
  }

  private boundOf(kind: RetryRule['class']): number {
    const { modelUnavailable, unavailable } = this.spec.bounds;
    switch (kind) {
      case 'modelUnavailable':
        return modelUnavailable;
      case 'conflict':
        return CONFLICT_BOUND_MS;
      case 'rateLimited':
        // No limit of attempts; bounded by the activity's own deadline, or as an unavailable model.
        return this.spec.deadline === undefined ? modelUnavailable : Number.POSITIVE_INFINITY;
      default:
        return unavailable;
    }
  }

  private outOfTime(message: string): ApplicationFailure {
    const name = this.spec.deadlineName;
    return fail(
      'DeadlineExceeded',
      `${message}; ${name ? `timeouts.${name}` : 'the time-out'} is reached. ${FAILURES.DeadlineExceeded.remedy}`,
      name ? { code: name } : {},
    );
  }
}

function exhausted(type: FailureType): FailureType {
  return type === 'InternalError' ? 'ServiceUnavailable' : type;
}

function minutes(ms: number): string {
  return ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;
}

/** Runs one attempt of an activity: heartbeats while `body` works, and turns whatever it throws into its failure. */
export async function work<P, R>(spec: WorkSpec, body: (work: Work<P>) => Promise<R>): Promise<R> {
  const attempt = new Work<P>(spec);
  try {
    await attempt.confirm();
    const result = await body(attempt);
    attempt.end();
    return result;
  } catch (error) {
    throw attempt.ending(error);
  }
}
