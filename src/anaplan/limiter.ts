import { AsyncLocalStorage } from 'node:async_hooks';

import { ABORTED, AnaplanError } from './errors';
import { MIN_RETRY_AFTER_MS } from './retry';
import type { Priority } from './types';

/** Where the limiter reads the time and sets its timer; replaced in tests. */
export interface LimiterClock {
  /** Monotonic milliseconds. */
  now(): number;
  setTimer(run: () => void, ms: number): unknown;
  clearTimer(timer: unknown): void;
}

const SYSTEM_CLOCK: LimiterClock = {
  now: () => performance.now(),
  setTimer: (run, ms) => setTimeout(run, ms),
  clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

/** Under Anaplan's 600 a minute per tenant (anaplan-api: "API rate limitation"), so that a customer's other tools have room. */
export const DEFAULT_REQUESTS_PER_MINUTE = 540;

/** The most calls that may leave in one burst. */
const MAX_BURST = 50;
/**
 * The burst of a leased rate, as a part of it. It is in proportion, so that the bursts of all workers together are never
 * more than that part of the tenant's budget, however the rates move between them.
 */
const LEASED_BURST = 1 / 27;
/** What may be sent at once without a lease: a log-in and what a run begins with. */
const IDLE_BURST = 4;
/** Calls that wait for longer than this could use more than the rate. */
const SATURATED_MS = 1_000;
const MIN_POLL_MS = 5_000;
const MAX_AGE_POLL_MS = 60_000;
const MAX_PAUSE_MS = 60 * 60_000;

interface Waiter {
  grant(): void;
}

/** What calls want. */
export interface LimiterDemand {
  /** Calls that were let go in the last minute. */
  used: number;
  waiting: number;
  /** Calls have been waiting all the time for a while. */
  saturated: boolean;
}

/** Whoever sets the rate hears when it should look. Neither may throw or take long. */
export interface LimiterWatcher {
  /** Calls wait. Comes often, and may come again from within {@link RateLimiter.setRate}. */
  waiting(): void;
  /** Anaplan has answered 429. */
  throttled(): void;
}

/** Counts what happened in the last minute, second by second. */
class LastMinute {
  private readonly seconds = new Map<number, number>();

  add(now: number): void {
    const second = Math.floor(now / 1000);
    this.seconds.set(second, (this.seconds.get(second) ?? 0) + 1);
    if (this.seconds.size > 61) this.trim(second);
  }

  count(now: number): number {
    this.trim(Math.floor(now / 1000));
    let sum = 0;
    for (const n of this.seconds.values()) sum += n;
    return sum;
  }

  private trim(second: number): void {
    for (const at of this.seconds.keys()) if (second - at >= 60) this.seconds.delete(at);
  }
}

/** For whom a call is made. */
const sharer = new AsyncLocalStorage<string>();

/**
 * Makes the calls of `run` in the share of `name`, e.g. of a model: where many calls wait, each share gets its turn, so
 * that one with hundreds of them does not hold up another with a few.
 */
export function withShare<T>(name: string, run: () => T): T {
  return sharer.run(name, run);
}

/** Calls that wait, by share; the share that comes next is the first. */
class Lane {
  size = 0;
  private readonly shares = new Map<string, Set<Waiter>>();

  add(share: string, waiter: Waiter): void {
    const waiters = this.shares.get(share) ?? new Set();
    this.shares.set(share, waiters.add(waiter));
    this.size++;
  }

  delete(share: string, waiter: Waiter): void {
    const waiters = this.shares.get(share);
    if (waiters?.delete(waiter) !== true) return;
    this.size--;
    if (waiters.size === 0) this.shares.delete(share);
  }

  /** Takes out the call whose turn it is. */
  take(): Waiter | undefined {
    for (const [share, waiters] of this.shares) {
      for (const waiter of waiters) {
        this.delete(share, waiter);
        // To the end: the other shares come first.
        if (this.shares.delete(share)) this.shares.set(share, waiters);
        return waiter;
      }
    }
    return undefined;
  }
}

/**
 * Rate limiter of one tenant: a token bucket that never lets more than `requestsPerMinute` calls pass in any 60 s,
 * wherever the window is laid.
 *
 * The bucket holds `c = min(50, rpm / 4)` tokens and refills with `(rpm - c)` a minute, so a window sees at most the
 * c that were there and the rpm - c that came. A new limiter starts with c / 2, so that a worker that is killed and
 * started again does not spend its burst twice.
 *
 * Two lanes share it: `light` goes first, and when both wait they alternate, so that transfers cannot starve
 * polls nor polls transfers. Within a lane the shares of {@link withShare} take turns, and each is FIFO.
 */
export class RateLimiter {
  /** What all of the tenant may send together, as far as this process is configured. */
  readonly requestsPerMinute: number;
  private size: number;
  private refillPerMs: number;
  private readonly clock: LimiterClock;
  private readonly sent = new LastMinute();
  private waitsSince: number | undefined;
  private watcher: LimiterWatcher | undefined;
  private readonly lanes: Record<Priority, Lane> = { light: new Lane(), bulk: new Lane() };
  private lastLane: Priority = 'bulk';
  private tokens: number;
  private refilledAt: number;
  private pausedUntil = 0;
  private timer: unknown;
  private pollerCount = 0;

  /** @param requestsPerMinute - 2 or more */
  constructor(requestsPerMinute = DEFAULT_REQUESTS_PER_MINUTE, clock: LimiterClock = SYSTEM_CLOCK) {
    if (!Number.isFinite(requestsPerMinute) || requestsPerMinute < 2) {
      throw new RangeError(`requestsPerMinute must be a number of at least 2, not ${requestsPerMinute}`);
    }
    this.requestsPerMinute = requestsPerMinute;
    this.size = Math.max(1, Math.floor(Math.min(MAX_BURST, requestsPerMinute / 4)));
    this.refillPerMs = (requestsPerMinute - this.size) / 60_000;
    this.clock = clock;
    this.tokens = Math.max(1, this.size / 2);
    this.refilledAt = clock.now();
  }

  /** Capacity of the bucket: the largest burst. */
  get capacity(): number {
    return this.size;
  }

  /** Hands the rate over to somebody who shares it out among processes; until then it is the configured one. */
  watch(watcher: LimiterWatcher): void {
    this.watcher = watcher;
  }

  /**
   * From now on calls leave at this rate.
   * @param perMinute - what is leased; 0 where nothing is
   * @param idlePerMinute - what may be sent without a lease
   * @param o.fresh - nobody of the tenant has sent lately: a burst may leave at once
   */
  setRate(perMinute: number, idlePerMinute: number, o: { fresh?: boolean } = {}): void {
    this.refill();
    const burst = Math.min(MAX_BURST, perMinute * LEASED_BURST);
    this.size = perMinute > idlePerMinute ? Math.max(1, burst) : IDLE_BURST;
    this.refillPerMs = Math.max(idlePerMinute, perMinute * (1 - LEASED_BURST), 0.01) / 60_000;
    this.tokens = o.fresh === true ? this.size : Math.min(this.tokens, this.size);
    this.serve();
  }

  /** What was sent in the last minute, and what waits. */
  demand(): LimiterDemand {
    const { waiting } = this;
    const waitedMs = this.waitsSince === undefined ? 0 : this.clock.now() - this.waitsSince;
    return { used: this.sent.count(this.clock.now()), waiting, saturated: waitedMs > SATURATED_MS };
  }

  /** How long nobody may send, after a 429; 0: they may. */
  get pausedMs(): number {
    return Math.max(0, this.pausedUntil - this.clock.now());
  }

  /** Calls that wait for their turn now. */
  get waiting(): number {
    return this.lanes.light.size + this.lanes.bulk.size;
  }

  /** Pollers registered now, see {@link registerPoller}. */
  get pollers(): number {
    return this.pollerCount;
  }

  /**
   * Waits for the right to make one call.
   * @throws AnaplanError with code `ABORTED` and `sent: 'no'` when the signal ends the wait
   */
  acquire(priority: Priority = 'light', signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(abortedWaiting(signal));
    return new Promise((resolve, reject) => {
      const lane = this.lanes[priority];
      const share = sharer.getStore() ?? '';
      const waiter: Waiter = {
        grant: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      const onAbort = (): void => {
        lane.delete(share, waiter);
        reject(abortedWaiting(signal));
        this.serve();
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      lane.add(share, waiter);
      this.serve();
    });
  }

  /** One call leaves at once, and those that wait are let go that much later: see `WireRequest.ahead`. */
  advance(): void {
    this.refill();
    this.tokens -= 1;
    this.sent.add(this.clock.now());
  }

  /**
   * Stops every call of the tenant for `ms` (at least 1 s): Anaplan answered 429. Longer of two pauses counts. The
   * bucket is empty afterwards: its server-side twin is, so the calls that waited must not leave as a burst.
   */
  pause(ms: number): void {
    this.stop(ms);
    this.watcher?.throttled();
  }

  /** As {@link pause}, where somebody else of the tenant was told to. */
  stop(ms: number): void {
    const length = Math.min(MAX_PAUSE_MS, Math.max(MIN_RETRY_AFTER_MS, Number.isFinite(ms) ? ms : 0));
    this.refill();
    this.pausedUntil = Math.max(this.pausedUntil, this.clock.now() + length);
    this.tokens = 0;
    this.refilledAt = this.pausedUntil;
    this.serve();
  }

  /** Counts one more task poll loop in; call the answer once when it ends. */
  registerPoller(): () => void {
    this.pollerCount++;
    let open = true;
    return () => {
      if (open) this.pollerCount--;
      open = false;
    };
  }

  /**
   * How long a poll loop waits between two polls, milliseconds: at least 5 s (anaplan-api: "Monitor the import tasks"), a
   * twentieth of the task's age up to 60 s, and never so short that all registered pollers together use more than
   * half of the budget.
   */
  pollIntervalMs(ageMs: number): number {
    const byAge = Math.min(MAX_AGE_POLL_MS, ageMs / 20);
    const byShare = (this.pollerCount * 60_000) / (this.requestsPerMinute / 2);
    return Math.max(MIN_POLL_MS, Math.ceil(byAge), Math.ceil(byShare));
  }

  private refill(): void {
    const now = this.clock.now();
    if (now <= this.refilledAt) return;
    this.tokens = Math.min(this.size, this.tokens + (now - this.refilledAt) * this.refillPerMs);
    this.refilledAt = now;
  }

  /** Grants what can be granted now and sets the timer for the next. */
  private serve(): void {
    if (this.timer !== undefined) this.clock.clearTimer(this.timer);
    this.timer = undefined;
    this.refill();
    if (this.clock.now() >= this.pausedUntil) {
      while (this.waiting > 0 && this.tokens >= 1) {
        this.tokens -= 1;
        this.lastLane = this.nextLane();
        this.lanes[this.lastLane].take()?.grant();
        this.sent.add(this.clock.now());
      }
    }
    if (this.waiting === 0) {
      this.waitsSince = undefined;
      return;
    }
    this.waitsSince ??= this.clock.now();
    const untilToken = Math.max(0, 1 - this.tokens) / this.refillPerMs;
    const from = Math.max(this.clock.now(), this.refilledAt);
    const delay = Math.max(1, Math.ceil(from + untilToken - this.clock.now()));
    this.timer = this.clock.setTimer(() => {
      this.timer = undefined;
      this.serve();
    }, delay);
    // Last: it may set another rate.
    this.watcher?.waiting();
  }

  private nextLane(): Priority {
    const other = this.lastLane === 'light' ? 'bulk' : 'light';
    return this.lanes[other].size > 0 ? other : this.lastLane;
  }
}

function abortedWaiting(signal: AbortSignal | undefined): AnaplanError {
  return new AnaplanError('The call was aborted while it waited for the rate limiter; nothing was sent.', {
    kind: 'network',
    method: '',
    path: '',
    sent: 'no',
    code: ABORTED,
    cause: signal?.reason,
  });
}

interface SharedLimiter {
  limiter: RateLimiter;
  uses: number;
}
const shared = new Map<string, SharedLimiter>();

/**
 * The limiter that all clients of this process with the same key share, until the last of them releases it.
 * @param key - names the tenant, e.g. by its API host; the first caller's `requestsPerMinute` counts
 */
export function shareLimiter(
  key: string,
  requestsPerMinute = DEFAULT_REQUESTS_PER_MINUTE,
): { limiter: RateLimiter; release(): void } {
  const entry = shared.get(key) ?? { limiter: new RateLimiter(requestsPerMinute), uses: 0 };
  shared.set(key, entry);
  entry.uses++;
  let held = true;
  return {
    limiter: entry.limiter,
    release() {
      if (!held) return;
      held = false;
      entry.uses--;
      if (entry.uses === 0) shared.delete(key);
    },
  };
}
