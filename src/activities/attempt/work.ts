/**
 * The one place that heartbeats, waits out Anaplan's refusals, hands over when the worker stops and stops when the
 * server no longer counts on this attempt.
 */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';

import { AnaplanError, retryRule, withShare, type CallOptions } from '../../anaplan';
import { FAILURES, rhythmOf, type Rhythm, type TimeoutsMs } from '../../contracts';
import { StorageError } from '../../storage';
import { Pulse } from './beats';
import type { Timing } from './deps';
import { castError, fail, refuse, tryAgain } from './failures';
import { GivenUp, Lease, Moment, NotConfirmed } from './lease';
import { judgeRefusal, judgeStorage, type Outage, type Verdict } from './outage';
import { waitAfterReset } from './resets';

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
  /** The first activity of a run: nothing is lost yet, so refused credentials are final. */
  first?: true;
  /** A task exists, which runs on whatever is answered: what would be final otherwise is waited out, too. */
  task?: true;
  /** How long the activity may go on over all its attempts, from when it was scheduled. */
  leftMs?: number;
  deadlineName?: keyof TimeoutsMs;
  /** How long a full or absent file system is waited for. Default 15 min. */
  storageMs?: number;
  timing: Timing;
  /** Whose calls these are: the models of a tenant take turns at the rate limit. */
  share?: string;
}

/** How long {@link Work.confirm} asks. */
const CONFIRM_MS = 10_000;
const ASK_AGAIN_MS = 250;

/** One attempt of an activity. */
export class Work<P> {
  /** Where the attempt before this one stood, as far as its heartbeats told. */
  readonly resumed: P | undefined;
  /** Aborts on cancellation, on shutdown, and when the server no longer counts on this attempt. */
  readonly signal: AbortSignal;
  private readonly context = Context.current();
  private readonly rhythm: Rhythm = rhythmOf(this.context.info.activityType);
  private readonly stop = new AbortController();
  private readonly lease: Lease | undefined;
  private readonly began = new Moment();
  private readonly beganAt = performance.now();
  private readonly pulse: Pulse | undefined;
  private givenUp: GivenUp | undefined;
  private cancelled = false;
  private position: P | undefined;
  private text: string | undefined;
  private earlier: Beat<P>['outage'];
  private lastTick = new Moment();

  constructor(private readonly spec: WorkSpec) {
    const { info, cancellationSignal } = this.context;
    const beat = info.heartbeatDetails as Beat<P> | undefined;
    this.resumed = beat?.position;
    this.position = beat?.position;
    this.earlier = beat?.outage;
    this.signal = AbortSignal.any([cancellationSignal, this.stop.signal]);
    if (cancellationSignal.aborted) this.heed();
    else cancellationSignal.addEventListener('abort', () => this.heed(), { once: true });
    const { timeoutMs } = this;
    if (timeoutMs === undefined) return;
    if (this.rhythm !== 'wait') this.lease = this.askFor(timeoutMs);
    this.pulse = new Pulse({
      rhythm: this.rhythm,
      timeoutMs,
      lease: this.lease,
      beat: () => this.context.heartbeat(this.beat()),
      onTick: () => this.tick(),
      onError: (error) => this.giveUp(new GivenUp(`its heartbeats failed: ${String(error)}`)),
    });
  }

  /** Begins to heartbeat. What moves bytes first makes sure that the server counts on it. */
  async begin(): Promise<void> {
    while (this.rhythm === 'bytes' && this.lease?.holds() === false) {
      this.assertCurrent();
      await this.lease.renew();
      if (!this.lease.holds()) await pause(ASK_AGAIN_MS);
    }
    this.lastTick = new Moment();
    this.pulse?.start();
    if (this.rhythm === 'bytes') await this.outlastOthers();
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

  /** Another attempt may be at work, so that this one must not touch anything any more. */
  get abandoned(): boolean {
    this.check();
    return this.givenUp !== undefined;
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
   * The time by the server's clock, epoch ms: when it scheduled this attempt, and what passed since on our monotonic
   * clock. Comparable with other such times of any attempt on any worker, and with workflow time.
   */
  now(): number {
    return this.context.info.currentAttemptScheduledTimestampMs + (performance.now() - this.beganAt);
  }

  /**
   * Throws unless this attempt may go on. For what moves bytes that is: unless the server said a moment ago that it
   * counts on this attempt. To be called before every next byte.
   */
  assertAlive(): void {
    this.assertCurrent();
    this.signal.throwIfAborted();
  }

  /** As {@link assertAlive}, but not on cancellation or shutdown: for what must be finished once it is begun. */
  assertCurrent(): void {
    this.check();
    this.assertNotGivenUp();
  }

  /**
   * Makes sure that the server counts on this attempt, right before something that happens at once and for good.
   * @throws GivenUp when it does not, NotConfirmed when it does not answer: nothing was done, and nothing may be
   */
  async confirm(): Promise<void> {
    await this.outlastOthers();
    const from = performance.now();
    for (;;) {
      this.assertCurrent();
      await this.lease?.renew();
      this.assertCurrent();
      if (this.lease?.isFresh() !== false) return;
      // The SDK's client makes no call any more for an activity that is told to stop.
      if (this.context.cancellationSignal.aborted) throw new NotConfirmed('the worker stops');
      if (performance.now() - from > CONFIRM_MS) throw new NotConfirmed('Temporal does not answer');
      await pause(ASK_AGAIN_MS);
    }
  }

  /** As {@link confirm}, by its answer of a moment ago. @throws GivenUp, NotConfirmed */
  assertConfirmed(): void {
    this.assertCurrent();
    if (this.lease?.isFresh() === false) throw new NotConfirmed('Temporal did not answer in time');
  }

  /** Options of an API call that is sent only while the server counts on this attempt. */
  get fence(): Pick<CallOptions, 'beforeSend' | 'atSend'> {
    return { beforeSend: () => this.confirm(), atSend: () => this.assertConfirmed() };
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
    const left = this.leftMs();
    if (left !== undefined && left < 0) throw this.outOfTime(`${this.spec.what} took too long`);
  }

  /** The failure to end the attempt with. */
  ending(error: unknown): unknown {
    this.end();
    if (error instanceof GivenUp) this.giveUp(error);
    if (this.signal.aborted && !(error instanceof ApplicationFailure)) return this.aborted();
    if (error instanceof NotConfirmed) {
      this.context.heartbeat(this.beat());
      return tryAgain('ServiceUnavailable', `${this.spec.what}: ${error.message}`, 1000);
    }
    if (error instanceof AnaplanError) return this.refused(error);
    if (error instanceof StorageError && error.transient !== undefined)
      return this.blocked(error, error.transient);
    return castError(this.spec.what, error);
  }

  /** Stops the heartbeats of a finished attempt. */
  end(): void {
    this.pulse?.stop();
  }

  /** Of a run that was reset: until no attempt of the run before can be at work any more. */
  private async outlastOthers(): Promise<void> {
    if (!this.lease) return;
    const ms = await waitAfterReset(this.context).catch((error: unknown) => {
      throw new NotConfirmed(`Temporal does not answer (${String(error)})`);
    });
    for (const from = performance.now(); performance.now() - from < ms;) {
      this.assertCurrent();
      if (this.rhythm === 'bytes') this.signal.throwIfAborted();
      // Nothing can be confirmed any more: another attempt waits for the rest.
      if (this.context.cancellationSignal.aborted) throw new NotConfirmed('the worker stops');
      await pause(ASK_AGAIN_MS);
    }
  }

  /** The heartbeat time-out; the SDK says 0 where there is none. */
  private get timeoutMs(): number | undefined {
    return this.context.info.heartbeatTimeoutMs || undefined;
  }

  private askFor(timeoutMs: number): Lease {
    return new Lease({
      context: this.context,
      timeoutMs,
      details: () => this.beat(),
      onCancel: () => {
        this.cancelled = true;
        this.stop.abort(new Error('the activity is cancelled'));
      },
      onEnd: (why) => this.giveUp(why),
    });
  }

  /** Until the activity's own deadline. */
  private leftMs(): number | undefined {
    if (this.spec.leftMs === undefined) return undefined;
    return this.spec.leftMs - (this.now() - this.context.info.scheduledTimestampMs);
  }

  private assertNotGivenUp(): void {
    if (this.givenUp) throw this.givenUp;
  }

  private giveUp(why: GivenUp): void {
    this.givenUp ??= why;
    this.stop.abort(this.givenUp);
  }

  /** The SDK was told of a cancellation, or of something that ends this attempt. */
  private heed(): void {
    const { notFound, timedOut, reset, paused } = this.context.cancellationDetails ?? {};
    if (notFound || timedOut) this.giveUp(new GivenUp('the server gave this attempt up'));
    else if (reset) this.giveUp(new GivenUp('the activity was reset'));
    else if (paused) this.giveUp(new GivenUp('the activity is paused'));
  }

  /** Finds out what this attempt can know by itself. */
  private check(): void {
    const { timeoutMs } = this;
    if (timeoutMs !== undefined && this.lastTick.elapsed() > timeoutMs) {
      this.giveUp(new GivenUp('it stood still for longer than its heartbeat time-out'));
    }
    // Without heartbeats an attempt has the time of one attempt, and is then given up.
    if (timeoutMs === undefined && this.began.elapsed() > this.context.info.startToCloseTimeoutMs) {
      this.giveUp(new GivenUp('its time is over'));
    }
    this.lease?.lives();
  }

  private tick(): void {
    this.check();
    if (this.givenUp) this.end();
    else this.lastTick = new Moment();
  }

  private beat(outage?: Beat<P>['outage']): Beat<P> {
    const beat: Beat<P> = {};
    if (this.position !== undefined) beat.position = this.position;
    if (this.text !== undefined) beat.note = this.text;
    const trouble = outage ?? this.earlier;
    if (trouble) beat.outage = trouble;
    return beat;
  }

  private aborted(): unknown {
    if (this.givenUp)
      return tryAgain('NetworkError', `given up (${this.givenUp.message}): another attempt goes on`, 1000);
    const { cancellationDetails, cancellationSignal } = this.context;
    // The SDK sends the last heartbeat with the failure: the next attempt goes on from exactly here.
    this.context.heartbeat(this.beat());
    if (cancellationDetails?.workerShutdown)
      return tryAgain('WorkerShutdown', 'handed over: the worker stops', 1);
    if (cancellationSignal.aborted) return cancellationSignal.reason;
    // The server told us before it told the SDK; of a cancelled activity it makes no further attempt.
    if (this.cancelled) return tryAgain('Cancelled', `${this.spec.what}: cancelled`, 1);
    return this.signal.reason;
  }

  /** Retries what Anaplan refused for now, within the bounds. */
  private refused(error: AnaplanError): ApplicationFailure {
    const { what, timing, bounds, first, task } = this.spec;
    const rule = retryRule(error, { begun: first !== true, task: task === true });
    if (rule.class === 'refused') return refuse(what, error);
    const limits = { what, bounds, leftMs: this.leftMs(), retryScale: timing.retryScale };
    return this.follow(judgeRefusal(error, rule, this.earlier, this.now(), limits));
  }

  /** Retries what a file system cannot do for now. */
  private blocked(error: StorageError, waitsFor: string): ApplicationFailure {
    const { what, timing, bounds, storageMs } = this.spec;
    const limits = { what, bounds, leftMs: this.leftMs(), retryScale: timing.retryScale, storageMs };
    // Attempts without heartbeats do not know of each other.
    const since = this.context.info.scheduledTimestampMs;
    const earlier: Outage | undefined =
      this.timeoutMs === undefined
        ? { class: 'storage', since, count: this.context.info.attempt - 1 }
        : this.earlier;
    return this.follow(judgeStorage(error, waitsFor, earlier, this.now(), limits));
  }

  private follow(verdict: Verdict): ApplicationFailure {
    switch (verdict.kind) {
      case 'final':
        return verdict.failure;
      case 'outOfTime':
        return this.outOfTime(verdict.message);
      case 'again': {
        const { type, message, delayMs, outage } = verdict;
        this.context.heartbeat(this.beat({ ...outage, message }));
        return tryAgain(type, `${message}; next try in ${Math.ceil(delayMs / 1000)} s`, delayMs);
      }
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

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Runs one attempt of an activity: heartbeats while `body` works, and turns whatever it throws into its failure. */
export async function work<P, R>(spec: WorkSpec, body: (work: Work<P>) => Promise<R>): Promise<R> {
  const attempt = new Work<P>(spec);
  try {
    await attempt.begin();
    const result = await withShare(spec.share ?? spec.what, () => body(attempt));
    attempt.end();
    return result;
  } catch (error) {
    throw attempt.ending(error);
  }
}
