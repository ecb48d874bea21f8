import { RateLimiter, type LimiterClock } from '../../src/anaplan';
import { shareOut, type BudgetAsk, type BudgetLease } from '../../src/contracts';
import {
  emptyBudget,
  expire,
  isAsk,
  lease,
  LEASE_MS,
  nextAt,
  viewOf,
  type BudgetState,
} from '../../src/workflows/budget/state';

const MINUTE = 60_000;

const ask = (worker: string, o: Partial<BudgetAsk> = {}): BudgetAsk => ({
  worker,
  want: 'all',
  used: 0,
  perMinute: 540,
  ...o,
});

/** What is leased in all. */
const leased = (s: BudgetState, now: number): number =>
  Object.values(s.members)
    .filter((m) => m.until > now)
    .reduce((sum, m) => sum + m.perMinute, 0);

describe('sharing out', () => {
  test('nobody has less than another who wants more, and nothing is left while somebody wants it', () => {
    expect(shareOut(90, [100, 100, 100])).toEqual([30, 30, 30]);
    expect(shareOut(90, [10, 100, 100])).toEqual([10, 40, 40]);
    expect(shareOut(90, [100, 0, 20])).toEqual([70, 0, 20]);
    expect(shareOut(10, [])).toEqual([]);
  });
});

describe('the budget of a tenant', () => {
  test('a lone worker gets nearly all of it, and a burst at once', () => {
    const s = emptyBudget(0);
    const first = lease(s, ask('a'), 0);
    expect(first).toMatchObject({ ttlMs: LEASE_MS, pauseMs: 0, fresh: true });
    expect(first.perMinute).toBeGreaterThan(0.9 * 540);
  });

  test('a worker that joins has a little at once, and its fair part when the others have asked again', () => {
    const s = emptyBudget(0);
    lease(s, ask('a'), 0);
    const joined = lease(s, ask('b'), 1_000);
    expect(joined.perMinute).toBeGreaterThan(10);
    expect(joined).toMatchObject({ contended: true, fresh: false });
    const again = lease(s, ask('a'), 20_000);
    const second = lease(s, ask('b'), 21_000);
    expect(again.perMinute).toBeCloseTo(second.perMinute, 0);
    expect(again.perMinute + second.perMinute).toBeGreaterThan(0.9 * 540);
  });

  test('who wants little gets it, and the rest goes to the others', () => {
    const s = emptyBudget(0);
    for (let round = 0; round < 3; round++) {
      lease(s, ask('a', { want: 30 }), round * 20_000);
      lease(s, ask('b'), round * 20_000 + 1);
      lease(s, ask('c'), round * 20_000 + 2);
    }
    const { members } = viewOf(s, 41_000);
    const of = (worker: string): number => members.find((m) => m.worker === worker)?.perMinute ?? 0;
    expect(of('a')).toBeGreaterThanOrEqual(30);
    expect(of('b')).toBeGreaterThan(220);
    expect(Math.abs(of('b') - of('c'))).toBeLessThan(30);
  });

  test('the part of a killed worker is nobody’s until its lease has ended', () => {
    const s = emptyBudget(0);
    lease(s, ask('a'), 0);
    lease(s, ask('b'), 1);
    lease(s, ask('a'), 20_000);
    lease(s, ask('b'), 20_001);
    const killed = s.members['b']?.perMinute ?? 0;
    expect(killed).toBeGreaterThan(200);
    expect(lease(s, ask('a'), 40_000).perMinute).toBeLessThanOrEqual(540 - killed);
    expect(lease(s, ask('a'), 20_001 + LEASE_MS).perMinute).toBeGreaterThan(0.9 * 540);
  });

  test('what is given back is another’s at once', () => {
    const s = emptyBudget(0);
    lease(s, ask('a'), 0);
    expect(lease(s, ask('a', { want: 0 }), 5_000).perMinute).toBe(0);
    const next = lease(s, ask('b'), 5_001);
    expect(next.perMinute).toBeGreaterThan(0.9 * 540);
    // Its user may have spent all of its burst a moment ago.
    expect(next.fresh).toBe(false);
  });

  test('a 429 pauses all; where our own use does not explain it, half is left and comes back by and by', () => {
    const s = emptyBudget(0);
    lease(s, ask('a', { used: 100 }), 0);
    expect(lease(s, ask('b', { used: 20, throttledMs: 30_000 }), 1_000).pauseMs).toBe(30_000);
    expect(lease(s, ask('a', { used: 20 }), 2_000).pauseMs).toBe(29_000);
    expect(viewOf(s, 2_000).perMinute).toBeCloseTo(270, -1);
    // Another worker tells of the same overload.
    lease(s, ask('a', { used: 20, throttledMs: 10_000 }), 3_000);
    expect(viewOf(s, 3_000).perMinute).toBeGreaterThan(260);
    for (let at = 20_000; at <= 11 * MINUTE; at += 20_000) lease(s, ask('a', { used: 100 }), at);
    expect(viewOf(s, 11 * MINUTE).perMinute).toBe(540);
    expect(s.lowered).toBeUndefined();
  });

  test('a 429 that our own use explains pauses, and lowers nothing', () => {
    const s = emptyBudget(0);
    lease(s, ask('a'), 0);
    lease(s, ask('a', { used: 520, throttledMs: 10_000 }), 50_000);
    expect(viewOf(s, 50_000)).toMatchObject({ perMinute: 540, pausedUntil: 60_000 });
  });

  test('the lowest of what workers are configured with holds for all', () => {
    const s = emptyBudget(0);
    lease(s, ask('a', { perMinute: 540 }), 0);
    lease(s, ask('b', { perMinute: 300 }), 1);
    lease(s, ask('a', { perMinute: 540 }), 20_000);
    lease(s, ask('b', { perMinute: 300 }), 20_001);
    expect(leased(s, 20_001)).toBeLessThanOrEqual(300);
  });

  test('it ends a minute after the last lease, and not before a lowered budget has come back', () => {
    const s = emptyBudget(0);
    lease(s, ask('a'), 0);
    expect(nextAt(s)).toBe(LEASE_MS);
    expire(s, LEASE_MS);
    expect(nextAt(s)).toBe(LEASE_MS + MINUTE);
    lease(s, ask('a', { throttledMs: 1_000 }), 2 * MINUTE);
    expire(s, 3 * MINUTE);
    expect(nextAt(s)).toBeGreaterThan(11 * MINUTE);
  });

  test.each([
    [[]],
    [null],
    [7],
    [{}],
    [{ worker: 'a', want: -1, used: 0, perMinute: 540 }],
    [{ worker: 'a', want: 'all', used: NaN, perMinute: 540 }],
  ])('anything else than an ask is refused: %j', (value) => {
    expect(isAsk(value)).toBe(false);
    expect(isAsk(ask('a'))).toBe(true);
  });
});

/** A clock that all limiters share, and that goes on by steps. */
class Clock implements LimiterClock {
  time = 0;
  private readonly timers = new Map<number, { at: number; run: () => void }>();
  private next = 1;
  now = (): number => this.time;
  setTimer = (run: () => void, ms: number): unknown => {
    this.timers.set(this.next, { at: this.time + ms, run });
    return this.next++;
  };
  clearTimer = (timer: unknown): void => void this.timers.delete(timer as number);
  advance(ms: number): void {
    this.time += ms;
    for (const [id, t] of [...this.timers]) {
      if (t.at > this.time || !this.timers.delete(id)) continue;
      t.run();
    }
  }
}

describe('workers that come, go, die and are cut off', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'send no more than the tenant may in any minute (seed %i)',
    async (seed) => {
      let x = seed;
      const random = (): number => {
        x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
        return x / 2 ** 32;
      };
      const clock = new Clock();
      const s = emptyBudget(0);
      const sent: number[] = [];
      interface Worker {
        name: string;
        limiter: RateLimiter;
        askAt: number;
        until: number;
        busyUntil: number;
        cutUntil: number;
        pending: number;
      }
      let workers: Worker[] = [];
      let made = 0;
      const join = (): void => {
        const limiter = new RateLimiter(540, clock);
        limiter.setRate(0, (540 * 0.03) / 4);
        workers.push({
          name: `w${made++}`,
          limiter,
          askAt: 0,
          until: 0,
          busyUntil: 0,
          cutUntil: 0,
          pending: 0,
        });
      };
      for (let i = 0; i < 3; i++) join();
      let most = 0;
      for (let step = 0; step < 15 * 60 * 10; step++) {
        if (random() < 0.001 && workers.length < 5) join();
        // kill -9: what waited is lost, what was leased is not given back.
        if (random() < 0.001 && workers.length > 1) workers = workers.slice(1);
        for (const w of workers) {
          if (clock.time > w.busyUntil && random() < 0.005) w.busyUntil = clock.time + random() * 4 * MINUTE;
          if (random() < 0.0005) w.cutUntil = clock.time + random() * 3 * MINUTE;
          if (clock.time < w.busyUntil) {
            while (w.pending < 20) {
              w.pending++;
              void w.limiter.acquire().then(() => {
                w.pending--;
                sent.push(clock.time);
              });
            }
          }
          if (clock.time >= w.until && w.until > 0) {
            w.until = 0;
            w.limiter.setRate(0, (540 * 0.03) / 4);
          }
          if (clock.time >= w.askAt && clock.time >= w.cutUntil && w.limiter.demand().waiting > 0) {
            const { used, waiting } = w.limiter.demand();
            const want = w.limiter.demand().saturated ? 'all' : Math.max(60, used * 1.5 + waiting * 6);
            const given: BudgetLease = lease(s, ask(w.name, { want, used }), clock.time);
            w.limiter.setRate(given.perMinute, given.idlePerMinute, { fresh: given.fresh });
            w.until = clock.time + given.ttlMs;
            w.askAt = clock.time + 20_000;
          }
        }
        expire(s, clock.time);
        most = Math.max(most, leased(s, clock.time));
        clock.advance(100);
        await Promise.resolve();
        await Promise.resolve();
      }
      expect(most).toBeLessThanOrEqual(540);
      let from = 0;
      let busiest = 0;
      sent.forEach((at, i) => {
        while (at - (sent[from] ?? 0) >= MINUTE) from++;
        busiest = Math.max(busiest, i - from + 1);
      });
      // Besides the leases, each worker has a handful of calls that need none.
      expect(busiest).toBeLessThanOrEqual(600);
      expect(sent.length).toBeGreaterThan(2_000);
    },
  );
});
