import {
  AnaplanClient,
  AnaplanError,
  type LimiterClock,
  RateLimiter,
  shareLimiter,
  withShare,
} from '../../src/anaplan';
import { rejection } from './server';

/** A clock that stands still until it is told to go on. */
class FakeClock implements LimiterClock {
  private time = 0;
  private timers = new Map<number, { at: number; run: () => void }>();
  private next = 1;
  now = (): number => this.time;
  setTimer = (run: () => void, ms: number): unknown => {
    this.timers.set(this.next, { at: this.time + ms, run });
    return this.next++;
  };
  clearTimer = (timer: unknown): void => void this.timers.delete(timer as number);

  async advance(ms: number): Promise<void> {
    const until = this.time + ms;
    for (;;) {
      const due = [...this.timers].filter(([, t]) => t.at <= until).sort((a, b) => a[1].at - b[1].at)[0];
      if (due === undefined) break;
      this.timers.delete(due[0]);
      this.time = Math.max(this.time, due[1].at);
      due[1].run();
      await settle();
    }
    this.time = until;
    await settle();
  }
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 4; i++) await Promise.resolve();
};

/** Most grants in any window of 60 s. */
function busiest(times: number[]): number {
  let most = 0;
  let from = 0;
  times.forEach((at, i) => {
    while (at - (times[from] ?? 0) >= 60_000) from++;
    most = Math.max(most, i - from + 1);
  });
  return most;
}

/** Reproducible random numbers. */
function seeded(seed: number): () => number {
  let x = seed;
  return () => {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
    return x / 2 ** 32;
  };
}

test.each([2, 3, 10, 60, 540, 600, 5_000])(
  'never more than %d calls in any minute, and nearly as many',
  async (rpm) => {
    const clock = new FakeClock();
    const limiter = new RateLimiter(rpm, clock);
    const random = seeded(rpm);
    const times: number[] = [];
    const want = (): void =>
      void limiter.acquire(random() < 0.5 ? 'light' : 'bulk').then(() => times.push(clock.now()));
    // Idle, then bursts of random size at random moments, more than the budget allows.
    await clock.advance(random() * 90_000);
    const from = clock.now();
    while (clock.now() - from < 5 * 60_000) {
      for (let i = random() * rpm * 0.4; i > 0; i--) want();
      await settle();
      await clock.advance(random() * 8_000);
    }
    expect(busiest(times)).toBeLessThanOrEqual(rpm);
    expect(times.length).toBeGreaterThan((rpm - limiter.capacity) * 4);
  },
);

test('a killed worker that starts again stays under 600 with the default', async () => {
  const clock = new FakeClock();
  const times: number[] = [];
  for (let life = 0; life < 2; life++) {
    const limiter = new RateLimiter(540, clock);
    if (life === 0) await clock.advance(60_000); // the first life has its whole burst
    const kill = new AbortController();
    for (let i = 0; i < 2_000; i++) {
      limiter.acquire('light', AbortSignal.any([kill.signal])).then(
        () => times.push(clock.now()),
        () => undefined,
      );
    }
    await settle();
    await clock.advance(50_000);
    kill.abort();
  }
  expect(busiest(times)).toBeLessThanOrEqual(600);
});

test('light goes first, and bulk gets at least half when both wait', async () => {
  const clock = new FakeClock();
  const limiter = new RateLimiter(60, clock);
  const order: string[] = [];
  for (let i = 0; i < 40; i++) void limiter.acquire('bulk').then(() => order.push('bulk'));
  await settle();
  const burst = order.length;
  for (let i = 0; i < 40; i++) void limiter.acquire('light').then(() => order.push('light'));
  await clock.advance(20_000);
  const both = order.slice(burst);
  expect(both[0]).toBe('light');
  const bulk = both.filter((lane) => lane === 'bulk').length;
  expect(Math.abs(bulk - both.length / 2)).toBeLessThanOrEqual(1);
});

test('each lane is first come, first served', async () => {
  const clock = new FakeClock();
  const limiter = new RateLimiter(60, clock);
  const order: number[] = [];
  for (let i = 0; i < 30; i++) void limiter.acquire('light').then(() => order.push(i));
  await clock.advance(60_000);
  expect(order).toEqual([...Array(30).keys()]);
});

test('a pause stops everybody, at least 1 s, and no burst follows it', async () => {
  const clock = new FakeClock();
  const limiter = new RateLimiter(540, clock);
  limiter.pause(10_000);
  limiter.pause(50); // a shorter one does not shorten it
  const times: number[] = [];
  for (let i = 0; i < 100; i++) void limiter.acquire().then(() => times.push(clock.now()));
  await clock.advance(9_999);
  expect(times).toEqual([]);
  await clock.advance(1_001);
  expect(times.length).toBeGreaterThan(0);
  expect(times.length).toBeLessThan(12);
  await clock.advance(60_000);
  limiter.pause(0);
  const from = clock.now();
  const after = limiter.acquire().then(() => clock.now());
  await clock.advance(2_000);
  expect((await after) - from).toBeGreaterThanOrEqual(1_000);
});

test('an aborted wait takes no turn and says that nothing was sent', async () => {
  const clock = new FakeClock();
  const limiter = new RateLimiter(4, clock);
  const abort = new AbortController();
  await limiter.acquire();
  const waiting = rejection(limiter.acquire('light', abort.signal));
  const next = limiter.acquire();
  abort.abort(new Error('enough'));
  expect(await waiting).toMatchObject({
    kind: 'network',
    code: 'ABORTED',
    sent: 'no',
    cause: new Error('enough'),
  });
  expect(limiter.waiting).toBe(1);
  await clock.advance(60_000);
  await next;
  expect(await rejection(limiter.acquire('light', AbortSignal.abort()))).toBeInstanceOf(AnaplanError);
});

test('polls are 5 s apart at least, rarer with age, and use at most half of the budget', () => {
  const limiter = new RateLimiter(540, new FakeClock());
  const done = limiter.registerPoller();
  expect(limiter.pollIntervalMs(0)).toBe(5_000);
  expect(limiter.pollIntervalMs(200_000)).toBe(10_000);
  expect(limiter.pollIntervalMs(86_400_000)).toBe(60_000);
  const others = Array.from({ length: 999 }, () => limiter.registerPoller());
  const interval = limiter.pollIntervalMs(0);
  expect((1_000 * 60_000) / interval).toBeLessThanOrEqual(270);
  others.forEach((end) => end());
  done();
  done();
  expect(limiter.pollers).toBe(0);
});

test('clients of one tenant share a limiter until the last lets go', () => {
  const a = shareLimiter('tenant');
  const b = shareLimiter('tenant');
  expect(a.limiter).toBe(b.limiter);
  a.release();
  a.release();
  const c = shareLimiter('tenant');
  expect(c.limiter).toBe(b.limiter);
  b.release();
  c.release();
  const d = shareLimiter('tenant');
  expect(d.limiter).not.toBe(a.limiter);
  d.release();
});

test.each([0, 1, NaN])('refuses %d calls a minute', (rpm) => {
  expect(() => new RateLimiter(rpm)).toThrow(RangeError);
});

test('clients of several users of one API host share a limiter: Anaplan counts the tenant, not the user', async () => {
  const of = (apiUrl: string, user: string) =>
    new AnaplanClient({
      apiUrl,
      authUrl: 'https://auth.anaplan.invalid',
      credentials: { kind: 'basic', user, password: 'x-secret-x' },
    });
  const clients = [
    of('https://api.anaplan.invalid', 'ann@example.com'),
    of('https://API.anaplan.invalid/2/0/', 'ben@example.com'),
    of('https://eu.anaplan.invalid', 'ann@example.com'),
  ];
  const [ann, ben, other] = clients.map((client) => client.limiter);
  expect(ben).toBe(ann);
  expect(other).not.toBe(ann);
  await Promise.all(clients.map((client) => client.close()));
});

test('a model with hundreds of calls does not hold up one with a few: shares take turns, each in its order', async () => {
  const clock = new FakeClock();
  const limiter = new RateLimiter(60, clock);
  const order: string[] = [];
  const ask = (share: string, n: number, lane: 'light' | 'bulk' = 'light'): void =>
    void withShare(share, () => limiter.acquire(lane)).then(() => order.push(`${share}${n}`));
  for (let n = 0; n < 200; n++) ask('busy', n);
  await clock.advance(1_000);
  const before = order.length;
  for (let n = 0; n < 3; n++) ask('idle', n);
  for (let n = 0; n < 2; n++) ask('third', n);
  await clock.advance(60_000);
  const after = order.slice(before, before + 8);
  // Each of the others at most every third turn later.
  expect(after.filter((call) => call.startsWith('idle'))).toEqual(['idle0', 'idle1', 'idle2']);
  expect(after.filter((call) => call.startsWith('third'))).toEqual(['third0', 'third1']);
  const busy = order.filter((call) => call.startsWith('busy'));
  expect(busy).toEqual(busy.map((_, n) => `busy${n}`));
  expect(limiter.waiting).toBe(205 - order.length);
});

test('a call that is given up leaves its share in order', async () => {
  const clock = new FakeClock();
  const limiter = new RateLimiter(4, clock);
  await limiter.acquire();
  const gone = new AbortController();
  const first = withShare('a', () => limiter.acquire('light', gone.signal));
  const second = withShare('a', () => limiter.acquire('light'));
  const other = withShare('b', () => limiter.acquire('bulk'));
  gone.abort();
  await rejection(first);
  expect(limiter.waiting).toBe(2);
  await clock.advance(120_000);
  await Promise.all([second, other]);
  expect(limiter.waiting).toBe(0);
});

test('a call that goes ahead of its turn is paid for by those after it', async () => {
  const clock = new FakeClock();
  const limiter = new RateLimiter(60, clock);
  const left: number[] = [];
  for (let i = 0; i < 20; i++) void limiter.acquire().then(() => left.push(clock.now()));
  await settle();
  const before = left.length;
  limiter.advance();
  await clock.advance(60_000);
  expect(limiter.demand().used).toBeLessThanOrEqual(60);
  expect(left.length).toBeGreaterThan(before);
});
