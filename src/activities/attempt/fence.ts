/**
 * Whether one attempt may go on, and the heartbeats by which it knows. It may not once the server no longer counts on
 * it, and it stops at once, yet in good order, when its activity is cancelled or its worker stops.
 */
import type { Context } from '@temporalio/activity';

import type { CallOptions } from '../../anaplan';
import { rhythmOf, type Rhythm } from '../../contracts';
import { Pulse } from './beats';
import { GivenUp, Lease, LEASE_AT_MOST_MS, Moment, NotConfirmed, pausedActivity } from './lease';
import { waitAfterReset } from './resets';

/** How long {@link Fence.confirm} asks. */
const CONFIRM_MS = 10_000;
const ASK_AGAIN_MS = 250;

/** The fence around one attempt. */
export class Fence {
  /** Aborts on cancellation, on shutdown, and when the server no longer counts on this attempt. */
  readonly signal: AbortSignal;
  /** Why the server no longer counts on this attempt, as far as that is known. */
  givenUp: GivenUp | undefined;
  /** The server has told that the activity is cancelled, maybe before it told the SDK. */
  cancelled = false;
  private readonly rhythm: Rhythm;
  private readonly stop = new AbortController();
  /** Another attempt may be at work. */
  private readonly replaced = new AbortController();
  private readonly lease: Lease | undefined;
  private readonly pulse: Pulse | undefined;
  private readonly began = new Moment();
  private lastTick = new Moment();

  /** @param details what a heartbeat carries at this moment */
  constructor(
    private readonly context: Context,
    details: () => unknown,
  ) {
    const { cancellationSignal, info } = context;
    this.rhythm = rhythmOf(info.activityType);
    this.signal = AbortSignal.any([cancellationSignal, this.stop.signal]);
    if (cancellationSignal.aborted) this.heed();
    else cancellationSignal.addEventListener('abort', () => this.heed(), { once: true });
    const { timeoutMs } = this;
    if (timeoutMs === undefined) return;
    if (this.rhythm !== 'wait') this.lease = this.askFor(timeoutMs, details);
    this.pulse = new Pulse({
      rhythm: this.rhythm,
      timeoutMs,
      lease: this.lease,
      beat: () => context.heartbeat(details()),
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

  /** Stops the heartbeats of a finished attempt. */
  end(): void {
    this.pulse?.stop();
  }

  /** The heartbeat time-out; undefined where there is none, so that attempts do not know of each other. */
  get timeoutMs(): number | undefined {
    // The SDK says 0.
    return this.context.info.heartbeatTimeoutMs || undefined;
  }

  /** Another attempt may be at work, so that this one must not touch anything any more. */
  get abandoned(): boolean {
    this.check();
    return this.givenUp !== undefined;
  }

  /** @see Work.assertAlive */
  assertAlive(): void {
    this.assertCurrent();
    this.signal.throwIfAborted();
  }

  /** @see Work.assertCurrent */
  assertCurrent(): void {
    this.check();
    if (this.givenUp) throw this.givenUp;
  }

  /** @see Work.confirm */
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

  /** @see Work.assertConfirmed */
  assertConfirmed(): void {
    this.assertCurrent();
    if (this.lease?.isFresh() === false) throw new NotConfirmed('Temporal did not answer in time');
  }

  /** @see Work.fence */
  get options(): Pick<CallOptions, 'beforeSend' | 'atSend' | 'signal'> {
    return {
      beforeSend: () => this.confirm(),
      atSend: () => this.assertConfirmed(),
      signal: this.replaced.signal,
    };
  }

  /** Ends whatever this attempt does: the server no longer counts on it. */
  giveUp(why: GivenUp): void {
    this.givenUp ??= why;
    if (!why.awaited) this.replaced.abort(why);
    this.stop.abort(this.givenUp);
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

  private askFor(timeoutMs: number, details: () => unknown): Lease {
    return new Lease({
      context: this.context,
      // An operator may have made the time-out longer, which those who wait for the lease's end do not know.
      timeoutMs: this.rhythm === 'bytes' ? Math.min(timeoutMs, LEASE_AT_MOST_MS) : timeoutMs,
      details,
      onCancel: () => {
        this.cancelled = true;
        this.stop.abort(new Error('the activity is cancelled'));
      },
      onEnd: (why) => this.giveUp(why),
    });
  }

  /** The SDK was told of a cancellation, or of something that ends this attempt. */
  private heed(): void {
    const { notFound, timedOut, reset, paused } = this.context.cancellationDetails ?? {};
    if (notFound || timedOut) this.giveUp(new GivenUp('the server gave this attempt up'));
    else if (reset) this.giveUp(new GivenUp('the activity was reset', true));
    else if (paused) this.giveUp(pausedActivity());
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
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
