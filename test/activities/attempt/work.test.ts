import {
  ActivityCancelledError,
  ActivityNotFoundError,
  ActivityPausedError,
  ActivityResetError,
} from '@temporalio/client';
import { ActivityCancellationDetails, CancelledFailure } from '@temporalio/common';

import { AnaplanError, type Refusals } from '../../../src/anaplan';
import type { AnaplanErrorInit } from '../../../src/anaplan/errors';
import { waitBeats } from '../../../src/activities/attempt/beats';
import { LEASE_AT_MOST_MS } from '../../../src/activities/attempt/lease';
import { work, type Work, type WorkSpec } from '../../../src/activities/attempt/work';
import { StorageError } from '../../../src/storage';
import { FAST } from '../../support/rig';
import { attempt, shutDown, type AttemptOptions } from '../support';

const BOUNDS = { modelUnavailable: 60_000, unavailable: 60_000 };
const spec = (over: Partial<WorkSpec> = {}): WorkSpec => ({
  what: 'File "sales.csv"',
  bounds: BOUNDS,
  timing: { ...FAST, retryScale: 1 },
  ...over,
});
const answer = (status: number, init: Partial<AnaplanErrorInit> = {}) =>
  new AnaplanError('said', {
    kind: 'status',
    method: 'GET',
    path: '/files',
    sent: 'answered',
    status,
    ...init,
  });
const failing = (error: unknown, over: Partial<WorkSpec> = {}, o: AttemptOptions = {}) =>
  attempt(() => work(spec(over), () => Promise.reject(error as Error)), o);
const outage = (kind: string, sinceMs: number, count = 3) => {
  const since = Date.now() - sinceMs;
  const refusals: Refusals = {
    since,
    count,
    last: { at: since, class: kind },
    classes: { [kind]: { count, ms: 0 } },
  };
  return { resume: { outage: { ...refusals, message: 'earlier' } } };
};

describe('waiting out refusals: a wrong class gives up at once or waits for ever', () => {
  it.each([
    [429, { retryAfterMs: 3_000 }, 'RateLimited', 3_000, 3_000],
    [429, {}, 'RateLimited', 10_000, 10_000],
    [429, { retryAfterMs: 0 }, 'RateLimited', 1_000, 1_000],
    [410, {}, 'ServiceUnavailable', 800, 1_000],
    [423, {}, 'ModelLocked', 24_000, 30_000],
    [424, {}, 'ModelOffline', 24_000, 30_000],
    [409, {}, 'Conflict', 24_000, 30_000],
    [500, {}, 'ServiceUnavailable', 800, 1_000],
    [503, { retryAfterMs: 20_000 }, 'ServiceUnavailable', 20_000, 20_000],
  ])('%i %p is tried again as %s after %i to %i ms', async (status, init, type, least, most) => {
    const { failure, beats } = await failing(answer(status, init));
    expect(failure).toMatchObject({ type, nonRetryable: false, category: 'BENIGN' });
    expect(failure?.nextRetryDelay).toBeGreaterThanOrEqual(least);
    expect(failure?.nextRetryDelay).toBeLessThanOrEqual(most);
    // The next attempt must know since when: else no bound is ever reached.
    expect(beats.at(-1)?.outage).toMatchObject({
      count: 1,
      message: expect.stringContaining('File "sales.csv"'),
    });
    expect(failure?.message).toMatch(/; next try in (\d+ s|less than a second)$/);
  });

  it.each([{ status: 401 }, { status: 407 }, {}])(
    'a refused log-in %p is waited for like an outage, and fails at once only in the first activity',
    async (said) => {
      const refused = () =>
        new AnaplanError('refused', {
          kind: 'auth',
          method: 'POST',
          path: '/token/authenticate',
          sent: 'no',
          ...said,
        });
      const { failure, beats } = await failing(refused());
      expect(failure).toMatchObject({ type: 'AuthenticationFailed', nonRetryable: false });
      expect(failure?.nextRetryDelay).toBeGreaterThanOrEqual(4_000);
      expect(beats.at(-1)?.outage).toMatchObject({ last: { class: 'unavailable' }, count: 1 });
      const first = await failing(refused(), { first: true });
      expect(first.failure).toMatchObject({ type: 'AuthenticationFailed', nonRetryable: true });
      const last = await failing(refused(), {}, outage('unavailable', 61_000));
      expect(last.failure).toMatchObject({ type: 'AuthenticationFailed', nonRetryable: true });
      expect(last.failure?.message).toMatch(
        /It has been so for 1 min, in 4 tries: timeouts.unavailable \(1 min\) is over\./,
      );
    },
  );

  it('never asks for a delay of 0, which would fail the activity for good', async () => {
    const { failure } = await failing(answer(500), { timing: { ...FAST, retryScale: 0 } });
    expect(failure?.nextRetryDelay).toBe(1);
  });

  it.each([400, 403, 404, 405, 406, 415, 422, 425])('%i is final', async (status) => {
    const { failure } = await failing(answer(status, { anaplanMessage: 'No' }));
    expect(failure).toMatchObject({ nonRetryable: true, details: [{ code: String(status) }] });
    expect(failure?.message).toMatch(/^File "sales.csv": Anaplan answered \d+ "No" to GET \/files\. \w/);
  });

  it.each<[string, AnaplanError, Parameters<typeof outage>, string]>([
    ['5xx', answer(503), ['unavailable', 61_000], 'ServiceUnavailable'],
    [
      'a lost connection',
      new AnaplanError('reset', { kind: 'network', method: 'GET', path: '/x', sent: 'unknown' }),
      ['unavailable', 61_000],
      'NetworkError',
    ],
    ['a damaged body', answer(200, { kind: 'body' }), ['broken', 61_000], 'TransferCorrupt'],
    ['423', answer(423), ['modelUnavailable', 61_000], 'ModelLocked'],
    ['409', answer(409), ['conflict', 61_000], 'Conflict'],
    ['429 without a deadline', answer(429), ['rateLimited', 61_000], 'RateLimited'],
  ])('%s gives up at its bound, and says for how long', async (_, error, before, type) => {
    const { failure } = await failing(error, {}, outage(...before));
    expect(failure).toMatchObject({ type, nonRetryable: true });
    expect(failure?.message).toMatch(
      /\. It has been so for 1 min, in 4 tries: timeouts\.\w+ \(1 min\) is over\. \w+/,
    );
  });

  it('waits for another class of refusals as long as for itself, and forgets all once Anaplan answered', async () => {
    const other = await failing(answer(503), {}, outage('modelUnavailable', 61_000));
    expect(other.failure?.nonRetryable).toBe(false);
    // The hours of a locked model go on where they stood, whatever came between.
    expect(other.beats.at(-1)?.outage).toMatchObject({
      count: 4,
      classes: { modelUnavailable: { count: 3 } },
    });
    const back = await failing(answer(423), {}, { resume: other.beats.at(-1) as object });
    expect(back.failure).toMatchObject({ type: 'ModelLocked', nonRetryable: true });
    const answered = await attempt(
      () =>
        work(spec(), async (w) => {
          w.answered();
          throw answer(503);
        }),
      outage('unavailable', 61_000),
    );
    expect(answered.failure?.nonRetryable).toBe(false);
    expect(answered.beats.at(-1)?.outage?.count).toBe(1);
  });

  it('never waits beyond the deadline of the activity: it says which time-out is reached', async () => {
    const { failure } = await failing(answer(429), {
      leftMs: 5_000,
      deadlineName: 'transfer',
    });
    expect(failure).toMatchObject({
      type: 'DeadlineExceeded',
      nonRetryable: true,
      details: [{ code: 'transfer' }],
    });
    expect(failure?.message).toContain('timeouts.transfer is reached');
    const patient = await failing(
      answer(429),
      { leftMs: 50_000, deadlineName: 'transfer' },
      outage('rateLimited', 3_600_000, 500),
    );
    expect(patient.failure?.nonRetryable).toBe(false);
  });

  it.each<[unknown, string]>([
    [new StorageError('SourceChanged', 'file:///a changed'), 'SourceChanged'],
    [new Error('boom'), 'InternalError'],
    ['a text', 'InternalError'],
  ])('%p is final as %s', async (error, type) =>
    expect((await failing(error)).failure).toMatchObject({ type, nonRetryable: true }),
  );
});

describe('a Temporal server that does not answer for the moment', () => {
  it.each([4, 8, 14])('is waited for (gRPC code %i): the run is not at fault', async (code) => {
    const { failure } = await failing(
      new Error('ServiceError', { cause: Object.assign(new Error('busy'), { code }) }),
    );
    expect(failure).toMatchObject({ type: 'ServiceUnavailable', nonRetryable: false });
  });
});

describe('heartbeats and hand-over: where the next attempt goes on', () => {
  type P = { next: number };
  const step = (
    body: (w: Work<P>) => Promise<unknown>,
    o: AttemptOptions = {},
    over: Partial<WorkSpec> = {},
  ) => attempt(() => work<P, unknown>(spec(over), body), o);

  it('carries position and words to the server while one request runs, and waits for its answers', async () => {
    const told: unknown[] = [];
    await step(
      async (w) => {
        w.at({ next: 3 });
        w.note('chunk 3 of 9');
        await w.sleep(1_200);
      },
      { heartbeatTimeoutMs: 2_000, server: (beat) => Promise.resolve(void told.push(beat)) },
    );
    expect(told.length).toBeGreaterThan(2);
    expect(told.at(-1)).toEqual({ position: { next: 3 }, note: 'chunk 3 of 9' });
  });

  it('goes on from the last position that was promised', async () => {
    const { result } = await step((w) => Promise.resolve(w.resumed), { resume: { position: { next: 7 } } });
    expect(result).toEqual({ next: 7 });
  });

  it('hands over at once when the worker stops, with the exact position, after 1 ms and not 0', async () => {
    const { failure, beats } = await step(
      async (w) => {
        w.at({ next: 5 });
        await w.sleep(60_000);
      },
      { onBeat: (env) => setTimeout(() => shutDown(env), 20) },
    );
    expect(failure).toMatchObject({
      type: 'WorkerShutdown',
      nonRetryable: false,
      nextRetryDelay: 1,
      category: 'BENIGN',
    });
    expect(beats.at(-1)?.position).toEqual({ next: 5 });
  });

  it('ends a cancelled one as cancelled', async () => {
    const { thrown } = await step((w) => w.sleep(60_000), {
      onBeat: (env) => setTimeout(() => env.cancel('CANCELLED'), 20),
    });
    expect(thrown).toBeInstanceOf(CancelledFailure);
  });

  it('counts the time before this attempt: a deadline that began anew with each would never come', async () => {
    const { failure } = await step(
      (w) => w.sleep(1),
      { scheduledMsAgo: 60_000 },
      { leftMs: 50_000, deadlineName: 'task' },
    );
    expect(failure?.type).toBe('DeadlineExceeded');
  });

  it('stops at the deadline in the middle of a sleep', async () => {
    const { failure } = await step((w) => w.sleep(50), {}, { leftMs: 20, deadlineName: 'task' });
    expect(failure?.type).toBe('DeadlineExceeded');
  });
});

describe('the fence: an attempt that Temporal has given up changes nothing more', () => {
  type P = { next: number };
  const silent = () =>
    new Promise<void>((_, reject) => setTimeout(() => reject(new Error('UNAVAILABLE')), 20));
  const bytes = (body: (w: Work<P>) => Promise<unknown>, o: AttemptOptions = {}) =>
    attempt(() => work<P, unknown>(spec(), body), { type: 'anaplan.uploadChunks', ...o });
  const effect = (body: (w: Work<P>) => Promise<unknown>, o: AttemptOptions = {}) =>
    attempt(() => work<P, unknown>(spec(), body), {
      type: 'anaplan.startTask',
      heartbeatTimeoutMs: 150_000,
      ...o,
    });
  const forever = (w: Work<P>) => async (each: () => void) => {
    for (;;) {
      w.assertAlive();
      each();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const given: [string, Error][] = [
    ['gave it up', new ActivityNotFoundError('Not found')],
    ['paused it', new ActivityPausedError('paused')],
    ['reset it', new ActivityResetError('reset')],
  ];

  it('sends no byte before the server said that it counts on the attempt', async () => {
    let wrote = 0;
    let asked = 0;
    await bytes(
      async (w) => {
        w.assertAlive();
        wrote += 1;
        expect(asked).toBeGreaterThan(2);
      },
      { server: () => ((asked += 1) > 2 ? Promise.resolve() : silent()) },
    );
    expect(wrote).toBe(1);
  });

  it.each(given)('ends before its first byte where the server %s', async (_, error) => {
    let wrote = 0;
    const { failure } = await bytes(async () => Promise.resolve((wrote += 1)), {
      server: () => Promise.reject(error),
    });
    expect(wrote).toBe(0);
    expect(failure).toMatchObject({ nonRetryable: false, category: 'BENIGN' });
    expect(failure?.message).toContain('another attempt goes on');
  });

  it.each(given)('sends no byte more once the server %s', async (_, error) => {
    let over = false;
    let after = 0;
    let told = 0;
    const { failure } = await bytes((w) => forever(w)(() => (after += told > 0 ? 1 : 0)), {
      heartbeatTimeoutMs: 1_000,
      server: async () => {
        if (!over) {
          over = true;
          return;
        }
        queueMicrotask(() => (told += 1));
        throw error;
      },
    });
    expect(after).toBe(0);
    expect(failure?.message).toContain('another attempt goes on');
  });

  it('sends no byte more when the server stays silent, before it would give the attempt up, and asks no more', async () => {
    const from = performance.now();
    let last = 0;
    let asked = 0;
    let cut = false;
    const { failure } = await bytes((w) => forever(w)(() => (last = performance.now() - from)), {
      heartbeatTimeoutMs: 2_000,
      server: () => {
        asked += 1;
        if (asked > 1) cut = true;
        return cut ? silent() : Promise.resolve();
      },
    });
    // Counted from before the one heartbeat that was answered, which was the first.
    expect(last).toBeLessThan(2_000);
    const then = asked;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(asked).toBe(then);
    expect(failure?.message).toContain('Temporal did not answer');
  });

  it('ends after the time that others count on, however long somebody has made its heartbeat time-out', async () => {
    const from = performance.now();
    let last = 0;
    let asked = 0;
    const { failure } = await bytes((w) => forever(w)(() => (last = performance.now() - from)), {
      // As by "temporal activity update-options".
      heartbeatTimeoutMs: 600_000,
      server: () => ((asked += 1) > 1 ? silent() : Promise.resolve()),
    });
    expect(last).toBeLessThan(LEASE_AT_MOST_MS);
    expect(failure?.message).toContain('Temporal did not answer');
  });

  it('outlasts a server that is silent for a moment', async () => {
    let asked = 0;
    const { result } = await bytes(
      async (w) => {
        await w.sleep(3_000);
        return 'done';
      },
      {
        heartbeatTimeoutMs: 3_000,
        server: () => ((asked += 1) % 3 === 0 ? Promise.resolve() : asked < 3 ? Promise.resolve() : silent()),
      },
    );
    expect(result).toBe('done');
  });

  it.each(['bytes', 'effect'])(
    'goes on where the server answers each heartbeat, but later than the next one is sent (%s)',
    async (rhythm) => {
      const LATE_MS = 4_500;
      let answered = 0;
      const server = () =>
        new Promise<void>((resolve) =>
          setTimeout(() => {
            answered += 1;
            resolve();
          }, LATE_MS),
        );
      const body = async (w: Work<P>): Promise<string> => {
        await w.confirm();
        w.assertConfirmed();
        while (rhythm === 'bytes' && answered < 3) await w.sleep(50);
        return 'done';
      };
      const { result } = await (rhythm === 'bytes' ? bytes : effect)(body, {
        ...(rhythm === 'bytes' ? { heartbeatTimeoutMs: 20_000 } : {}),
        server,
      });
      expect(result).toBe('done');
    },
  );

  it('goes on with what is begun when the activity is cancelled, and ends what can be ended', async () => {
    let asked = 0;
    const server = () =>
      (asked += 1) > 1 ? Promise.reject(new ActivityCancelledError('cancelled')) : Promise.resolve();
    const { failure } = await bytes((w) => w.sleep(60_000), { heartbeatTimeoutMs: 1_000, server });
    expect(failure).toMatchObject({ type: 'Cancelled', nonRetryable: false });
    const begun = await effect(
      async (w) => {
        await w.confirm();
        w.assertConfirmed();
        return 'sent';
      },
      { server: () => Promise.reject(new ActivityCancelledError('cancelled')) },
    );
    expect(begun.result).toBe('sent');
  });

  it.each(given)('does not do what happens once where the server %s', async (_, error) => {
    let sent = 0;
    const { failure } = await effect(
      async (w) => {
        await w.confirm();
        sent += 1;
      },
      { server: () => Promise.reject(error) },
    );
    expect(sent).toBe(0);
    expect(failure?.message).toContain('another attempt goes on');
  });

  it('does not do what happens once on an answer of some time ago', async () => {
    const { result } = await effect(
      async (w) => {
        await w.confirm();
        w.assertConfirmed();
        await w.sleep(450);
        expect(() => w.assertConfirmed()).toThrow('Temporal did not answer');
        return 'refused';
      },
      { heartbeatTimeoutMs: 600 },
    );
    expect(result).toBeUndefined();
  });

  it.each<[string, ConstructorParameters<typeof ActivityCancellationDetails>[0]]>([
    ['notFound', { notFound: true }],
    ['timedOut', { timedOut: true }],
    ['reset', { reset: true }],
    ['paused', { paused: true }],
  ])('heeds what the SDK says by itself: %s', async (_, details) => {
    let beats = 0;
    const { failure } = await bytes((w) => w.sleep(60_000), {
      onBeat: (env) => {
        beats += 1;
        setTimeout(() => env.cancel('CANCELLED', new ActivityCancellationDetails(details)), 20);
      },
    });
    expect(failure?.message).toContain('another attempt goes on');
    // Without that somebody waits for it in vain.
    expect(failure?.message.endsWith('once it is unpaused')).toBe(details?.paused === true);
    expect(beats).toBe(1);
  });

  it('tells the next attempt nothing any more: what it knows may be older than what another one did', async () => {
    const { beats } = await bytes(
      async (w) => {
        w.at({ next: 9 });
        await w.sleep(60_000);
      },
      {
        onBeat: (env) =>
          setTimeout(() => env.cancel('CANCELLED', new ActivityCancellationDetails({ notFound: true })), 20),
      },
    );
    expect(beats.filter((beat) => beat.position?.['next'] === 9)).toEqual([]);
  });
});

describe('heartbeats are paid for', () => {
  const waiting = (
    type: 'anaplan.followTask' | 'anaplan.startTask',
    ms: number,
    heartbeatTimeoutMs: number,
  ) => attempt(() => work<never, void>(spec(), (w) => w.sleep(ms)), { type, heartbeatTimeoutMs });

  it('a wait that ends before half its time-out has none', async () =>
    expect((await waiting('anaplan.followTask', 400, 1_000)).beats).toEqual([]));

  it('a wait has the first after half its time-out, the next ones further and further apart', () => {
    const beats = waitBeats(150_000);
    const first = Array.from({ length: 8 }, () => beats.next().value / 1000);
    expect(first).toEqual([75, 90, 105, 120, 150, 210, 270, 330]);
  });

  it('two hours of waiting are fewer than 130', () => {
    let count = 0;
    for (const at of waitBeats(150_000)) {
      if (at > 7_200_000) break;
      count += 1;
    }
    expect(count).toBeLessThan(130);
  });
});
