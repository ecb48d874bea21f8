/**
 * One attempt of an activity: it heartbeats while its body works, and turns whatever the body throws into a failure.
 * What Anaplan refuses for now is waited out as the row of the answer says in the retry table, `anaplan/retry.ts`; the
 * wait is Temporal's, between two attempts.
 */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';

import { AnaplanError, withShare, type CallOptions, type Refusals, type WaitBounds } from '../../anaplan';
import type { TimeoutsMs } from '../../contracts';
import { StorageError } from '../../storage';
import type { Timing } from './deps';
import { castError, tryAgain } from './failures';
import { Fence } from './fence';
import { GivenUp, NotConfirmed } from './lease';
import { outOfTime, saying, tryAnaplanAgain, tryStorageAgain, type Again, type Refused } from './refused';

/** What our heartbeats carry: shown by the Temporal UI, read by the CLI and by the next attempt. */
export interface Beat<P> {
  position?: P;
  /** What the activity does at this moment, in words. */
  note?: string;
  outage?: Refusals & { message?: string };
}

/** Bounds of one activity's waits. */
export interface WorkSpec {
  /** The object that messages name. */
  what: string;
  bounds: WaitBounds;
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

/** One attempt of an activity, for its body. */
export class Work<P> {
  /** Where the attempt before this one stood, as far as its heartbeats told. */
  readonly resumed: P | undefined;
  private readonly context = Context.current();
  private readonly around = new Fence(this.context, () => this.beat());
  private readonly beganAt = performance.now();
  private position: P | undefined;
  private text: string | undefined;
  private outage: Beat<P>['outage'];
  private beats = 0;

  constructor(private readonly spec: WorkSpec) {
    const beat = this.context.info.heartbeatDetails as Beat<P> | undefined;
    this.resumed = beat?.position;
    this.position = beat?.position;
    this.outage = beat?.outage;
  }

  /** Begins to heartbeat. What moves bytes first makes sure that the server counts on it. */
  begin(): Promise<void> {
    return this.around.begin();
  }

  /** Stops the heartbeats of a finished attempt. */
  end(): void {
    this.around.end();
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

  /** A heartbeat of this attempt may have reached the server. */
  get heard(): boolean {
    return this.beats > 0;
  }

  /** Says what the activity does. */
  note(text: string): void {
    this.text = text;
  }

  /** Anaplan answered well: an outage, if there was one, is over. */
  answered(): void {
    this.outage = undefined;
  }

  /**
   * The time by the server's clock, epoch ms: when it scheduled this attempt, and what passed since on our monotonic
   * clock. Comparable with other such times of any attempt on any worker, and with workflow time.
   */
  now(): number {
    return this.context.info.currentAttemptScheduledTimestampMs + (performance.now() - this.beganAt);
  }

  /** Aborts on cancellation, on shutdown, and when the server no longer counts on this attempt. */
  get signal(): AbortSignal {
    return this.around.signal;
  }

  /** Another attempt may be at work, so that this one must not touch anything any more. */
  get abandoned(): boolean {
    return this.around.abandoned;
  }

  /**
   * Throws unless this attempt may go on. For what moves bytes that is: unless the server said a moment ago that it
   * counts on this attempt. To be called before every next byte.
   */
  assertAlive(): void {
    this.around.assertAlive();
  }

  /** As {@link assertAlive}, but not on cancellation or shutdown: for what must be finished once it is begun. */
  assertCurrent(): void {
    this.around.assertCurrent();
  }

  /**
   * Makes sure that the server counts on this attempt, right before something that happens at once and for good.
   * @throws GivenUp when it does not, NotConfirmed when it does not answer: nothing was done, and nothing may be
   */
  confirm(): Promise<void> {
    return this.around.confirm();
  }

  /** As {@link confirm}, by its answer of a moment ago. @throws GivenUp, NotConfirmed */
  assertConfirmed(): void {
    this.around.assertConfirmed();
  }

  /**
   * Options of an API call that is sent only while the server counts on this attempt, and taken back from the system when
   * another one may be at work: on a machine without network it would be delivered after that one's. Neither cancellation
   * nor shutdown ends it.
   */
  get fence(): Pick<CallOptions, 'beforeSend' | 'atSend' | 'signal'> {
    return this.around.options;
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
    if (left !== undefined && left < 0)
      throw outOfTime(`${this.spec.what} took too long`, this.spec.deadlineName);
  }

  /** What whoever judges a refusal has to know. */
  refused(): Refused {
    const { what, bounds, deadlineName, timing, first, task, storageMs } = this.spec;
    return {
      what,
      bounds,
      earlier: this.around.timeoutMs === undefined ? this.unseen() : this.outage,
      now: this.now(),
      leftMs: this.leftMs(),
      deadlineName,
      scale: timing.retryScale,
      begun: first !== true,
      task: task === true,
      storageMs,
    };
  }

  /** The failure to end the attempt with. */
  ending(error: unknown): unknown {
    const { what } = this.spec;
    this.end();
    if (error instanceof GivenUp) this.around.giveUp(error);
    if (this.signal.aborted && !(error instanceof ApplicationFailure)) return this.aborted();
    if (error instanceof NotConfirmed) {
      this.context.heartbeat(this.beat());
      return tryAgain('ServiceUnavailable', `${what}: ${error.message}`, 1000);
    }
    try {
      if (error instanceof AnaplanError) return this.again(tryAnaplanAgain(error, this.refused()));
      if (error instanceof StorageError && error.transient !== undefined)
        return this.again(tryStorageAgain(error, error.transient, this.refused()));
    } catch (final) {
      return castError(what, final);
    }
    return castError(what, error);
  }

  /** Attempts without heartbeats do not know of each other: what they deal with is storage, and Temporal itself. */
  private unseen(): Refusals | undefined {
    const { attempt, scheduledTimestampMs: since } = this.context.info;
    const count = attempt - 1;
    if (count === 0) return undefined;
    return { since, count, last: { at: since, class: 'storage' }, classes: { storage: { count, ms: 0 } } };
  }

  /** The failure after which Temporal makes another attempt, which hears of the refusals by the last heartbeat. */
  private again({ type, message, delayMs, refusals }: Again): ApplicationFailure {
    this.outage = { ...refusals, message };
    this.context.heartbeat(this.beat());
    return tryAgain(type, saying({ message, delayMs }), delayMs);
  }

  /** The end of an attempt that was told to stop. */
  private aborted(): unknown {
    const { givenUp, cancelled } = this.around;
    if (givenUp) return tryAgain('NetworkError', `given up (${givenUp.message}): ${givenUp.next}`, 1000);
    const { cancellationDetails, cancellationSignal } = this.context;
    // The SDK sends the last heartbeat with the failure: the next attempt goes on from exactly here.
    this.context.heartbeat(this.beat());
    if (cancellationDetails?.workerShutdown)
      return tryAgain('WorkerShutdown', 'handed over: the worker stops', 1);
    if (cancellationSignal.aborted) return cancellationSignal.reason;
    // The server told us before it told the SDK; of a cancelled activity it makes no further attempt.
    if (cancelled) return tryAgain('Cancelled', `${this.spec.what}: cancelled`, 1);
    return this.signal.reason;
  }

  /** Until the activity's own deadline. */
  private leftMs(): number | undefined {
    if (this.spec.leftMs === undefined) return undefined;
    return this.spec.leftMs - (this.now() - this.context.info.scheduledTimestampMs);
  }

  private beat(): Beat<P> {
    this.beats += 1;
    const beat: Beat<P> = {};
    if (this.position !== undefined) beat.position = this.position;
    if (this.text !== undefined) beat.note = this.text;
    if (this.outage) beat.outage = this.outage;
    return beat;
  }
}
