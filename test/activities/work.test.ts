import { CancelledFailure } from '@temporalio/common';

import { AnaplanError } from '../../src/anaplan';
import type { AnaplanErrorInit } from '../../src/anaplan/errors';
import { work, type Work, type WorkSpec } from '../../src/activities/work';
import { StorageError } from '../../src/storage';
import { FAST } from '../support/rig';
import { attempt, shutDown, type AttemptOptions } from './support';

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
const outage = (kind: string, sinceMs: number, count = 3) => ({
  resume: { outage: { class: kind, since: Date.now() - sinceMs, count, message: 'earlier' } },
});

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
    expect(failure?.message).toMatch(/next try in \d+ s$/);
  });

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
    ['a damaged body', answer(200, { kind: 'body' }), ['unavailable', 61_000], 'TransferCorrupt'],
    ['423', answer(423), ['modelUnavailable', 61_000], 'ModelLocked'],
    ['409, for 15 min', answer(409), ['conflict', 15 * 60_000], 'Conflict'],
    ['429 without a deadline', answer(429), ['rateLimited', 61_000], 'RateLimited'],
  ])('%s gives up at its bound, and says for how long', async (_, error, before, type) => {
    const { failure } = await failing(error, {}, outage(...before));
    expect(failure).toMatchObject({ type, nonRetryable: true });
    expect(failure?.message).toMatch(/has done so for (61 s|15 min) \(4 times\)\. \w+/);
  });

  it('counts an outage of another class anew, and forgets one once Anaplan answered', async () => {
    expect((await failing(answer(503), {}, outage('modelUnavailable', 61_000))).failure?.nonRetryable).toBe(
      false,
    );
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
      deadline: Date.now() + 5_000,
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
      { deadline: Date.now() + 50_000, deadlineName: 'transfer' },
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

  it('carries position and words every second while one request runs', async () => {
    const { beats } = await step(async (w) => {
      w.at({ next: 3 });
      w.note('chunk 3 of 9');
      await w.sleep(1_200);
    });
    expect(beats.at(-1)).toEqual({ position: { next: 3 }, note: 'chunk 3 of 9' });
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

  it('stops before its next byte once it missed its own heartbeat deadline: another attempt may be at work', async () => {
    let wrote = 0;
    const { failure } = await step(
      async (w) => {
        await new Promise((resolve) => setTimeout(resolve, 80));
        expect(w.abandoned).toBe(true);
        w.assertAlive();
        wrote += 1;
      },
      { heartbeatTimeoutMs: 50 },
    );
    expect(wrote).toBe(0);
    expect(failure?.nonRetryable).toBe(false);
    expect(failure?.message).toContain('another attempt goes on');
  });

  it('sends no heartbeat any more from an attempt that was given up', async () => {
    const { beats } = await step(
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 2_100));
      },
      { heartbeatTimeoutMs: 500 },
    );
    expect(beats).toHaveLength(1);
  });

  it('stops at the deadline in the middle of a sleep', async () => {
    const { failure } = await step(
      (w) => w.sleep(50),
      {},
      { deadline: Date.now() + 20, deadlineName: 'task' },
    );
    expect(failure?.type).toBe('DeadlineExceeded');
  });
});
