import { randomUUID } from 'node:crypto';
import { Client, type Connection } from '@temporalio/client';
import type { PayloadCodec } from '@temporalio/common';
import { type NativeConnection, Worker } from '@temporalio/worker';
import { AnaplanTemporalClient, AnaplanTemporalError, IntegrationFailed } from '../../src/client';
import { FAILURES, type UploadImportInput } from '../../src/contracts';
import { installRuntime, WorkerLogger } from '../../src/worker';
import { connectWorker } from '../../src/worker/temporal';
import { testAddress, testConnection, testNativeConnection } from '../support/namespace';

const taskQueue = `client-${randomUUID()}`;
const MODEL = '75A40874E6B64FA3AE0743278996850F';
const input = (source: string): UploadImportInput => ({ model: MODEL, import: 'Load "sales"', source });

let connection: Connection;
let native: NativeConnection;
let worker: Worker;
let running: Promise<void>;
let client: AnaplanTemporalClient;

beforeAll(async () => {
  installRuntime(new WorkerLogger('text', 'ERROR', () => undefined));
  const address = testAddress();
  connection = await testConnection({ address });
  native = await testNativeConnection({ address });
  worker = await Worker.create({
    connection: native,
    taskQueue,
    workflowsPath: require.resolve('./stub-workflows'),
  });
  running = worker.run();
  client = new AnaplanTemporalClient(new Client({ connection }), { taskQueue, address });
});

afterAll(async () => {
  worker.shutdown();
  await running;
  await native.close();
  await connection.close();
});

/** The typed error that a call ends with. */
async function errorOf(call: Promise<unknown>): Promise<AnaplanTemporalError> {
  const error = await call.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(AnaplanTemporalError);
  return error as AnaplanTemporalError;
}

const described = (id: string) => client.temporal.workflow.getHandle(id).describe();

describe('starting', () => {
  test('a run is described in the UI, has no server-side time-outs, and gives its document', async () => {
    const handle = await client.start('uploadImport', input('data/sales.csv'));
    expect(handle.workflowId).toMatch(/^anaplan-upload-import-Load__sales_-[0-9a-f-]{36}$/);
    expect(handle).toMatchObject({ joined: false, runId: handle.firstRunId });
    expect(await handle.result()).toEqual({ outcome: 'succeeded', transfers: [], dumps: [] });
    const raw = (await described(handle.workflowId)).raw;
    const [summary, details] = [
      raw.executionConfig?.userMetadata?.summary,
      raw.executionConfig?.userMetadata?.details,
    ];
    expect(Buffer.from(summary?.data ?? []).toString()).toContain('from data/sales.csv');
    expect(Buffer.from(details?.data ?? []).toString()).toContain('**source**: `data/sales.csv`');
    expect(Number(raw.executionConfig?.workflowRunTimeout?.seconds ?? 0)).toBe(0);
    expect(Number(raw.executionConfig?.workflowExecutionTimeout?.seconds ?? 0)).toBe(0);
  });

  test('the method of an integration starts and waits', async () => {
    expect((await client.uploadImport(input('a.csv'))).outcome).toBe('succeeded');
    expect((await client.runAction({ model: MODEL, action: 'Do' })).outcome).toBe('succeeded');
  });

  test.each([3_000_000, 6_000_000])('an input of %s bytes is said to be too large', async (bytes) => {
    const mappingParameters = Array.from({ length: bytes / 1000 }, (_, i) => ({
      entityType: `${'V'.repeat(450)}${i}`,
      entityName: 'A'.repeat(500),
    }));
    const large = { model: MODEL, action: 'Do', mappingParameters };
    const size = JSON.stringify(large).length.toLocaleString('en-US');
    const schedule = { integration: 'runAction' as const, input: large, cron: '0 0 1 1 *' };
    for (const call of [
      () => client.start('runAction', large),
      () => client.schedules.create(randomUUID(), schedule),
    ]) {
      const error = await errorOf(call());
      expect(error).toMatchObject({ type: 'InvalidInput', effects: 'none' });
      expect(error.message).toContain(`${size} bytes as JSON`);
    }
  });

  test('a configuration of Temporal that cannot be used is no defect and no outage', async () => {
    const error = await errorOf(AnaplanTemporalClient.connect({ profile: 'no-such-profile' }));
    expect(error).toMatchObject({ type: 'InvalidInput', effects: 'none' });
    expect(error.message).toContain('no-such-profile');
    expect(error.remedy).toContain('temporal.toml');
    await expect(connectWorker({ profile: 'no-such-profile' })).rejects.toThrow(
      /^Configuration: that of Temporal cannot be used \(Profile 'no-such-profile' not found/,
    );
  });

  test('a certificate or key for Temporal that cannot be used is no defect and no outage', async () => {
    const given = {
      TEMPORAL_TLS_CLIENT_CERT_DATA: 'no certificate',
      TEMPORAL_TLS_CLIENT_KEY_DATA: 'no key',
    };
    Object.assign(process.env, given);
    try {
      const error = await errorOf(AnaplanTemporalClient.connect());
      expect(error).toMatchObject({ type: 'InvalidInput', effects: 'none' });
      expect(error.message).toMatch(/certificate or key .* cannot be used/);
      expect(error.remedy).toContain('TEMPORAL_TLS_CLIENT_CERT_PATH');
      await expect(connectWorker()).rejects.toThrow(
        /^Configuration: the certificate or key .* cannot be used \(\w+\): .*TEMPORAL_TLS_/,
      );
    } finally {
      for (const name of Object.keys(given)) delete process.env[name];
    }
  });

  test('a wrong input starts nothing', async () => {
    const id = randomUUID();
    const wrong = { ...input('a.csv'), sorce: 'x' } as UploadImportInput;
    const error = await errorOf(client.uploadImport(wrong, { id }));
    expect(error).toMatchObject({
      type: 'InvalidInput',
      issues: [{ path: 'sorce', message: 'is not known here; did you mean "source"?' }],
    });
    await expect(described(id)).rejects.toThrow(/not found/i);
  });

  test('an open run of the ID with the same input is joined, whatever the order of its keys', async () => {
    const id = `join-${randomUUID()}`;
    const first = await client.start('uploadImport', input('wait'), { id });
    const again = await client.start(
      'uploadImport',
      { source: 'wait', import: 'Load "sales"', model: MODEL },
      { id },
    );
    expect(again).toMatchObject({ joined: true, runId: first.runId, firstRunId: first.runId });
    await first.cancel();
    await errorOf(again.result());
  });

  test('an open run of the ID with another input, or of another type, is a Conflict and goes on', async () => {
    const id = `conflict-${randomUUID()}`;
    const first = await client.start('uploadImport', input('wait'), { id });
    const other = await errorOf(client.start('uploadImport', input('other.csv'), { id }));
    expect(other).toMatchObject({ type: 'Conflict', message: expect.stringContaining(id) });
    const type = await errorOf(client.start('runAction', { model: MODEL, action: 'Do' }, { id }));
    expect(type).toMatchObject({ type: 'Conflict', message: expect.stringContaining('uploadImport') });
    expect((await first.progress()).status).toBe('RUNNING');
    await first.cancel();
  });

  test('a closed run of the ID is followed by a new one', async () => {
    const id = `again-${randomUUID()}`;
    const first = await client.start('uploadImport', input('a.csv'), { id });
    await first.result();
    const second = await client.start('uploadImport', input('a.csv'), { id });
    expect(second.joined).toBe(false);
    expect(second.runId).not.toBe(first.runId);
    await second.result();
  });

  test('a run that another language started without our memo is known by its input', async () => {
    const id = `foreign-${randomUUID()}`;
    await client.temporal.workflow.start('uploadImport', {
      workflowId: id,
      taskQueue,
      args: [input('wait')],
    });
    expect((await client.start('uploadImport', input('wait'), { id })).joined).toBe(true);
    expect(await errorOf(client.start('uploadImport', input('x'), { id }))).toMatchObject({
      type: 'Conflict',
    });
    await client.cancel(id);
  });
});

describe('payloads of a codec that this client does not have', () => {
  const codec: PayloadCodec = {
    encode: async (payloads) =>
      payloads.map(() => ({
        metadata: { encoding: Buffer.from('binary/encrypted') },
        data: Buffer.from('?'),
      })),
    decode: async (payloads) => payloads,
  };

  test('are no defect of ours: the message says what is missing', async () => {
    const coded = new AnaplanTemporalClient(
      new Client({ connection, dataConverter: { payloadCodecs: [codec] } }),
      // Nobody serves it: what is looked at is what the client has sent.
      { taskQueue: `nobody-${randomUUID()}` },
    );
    const id = randomUUID();
    await coded.start('uploadImport', input('a.csv'), { id });
    await coded.schedules.create(id, {
      integration: 'uploadImport',
      input: input('a.csv'),
      cron: '0 0 1 1 *',
      paused: true,
    });
    try {
      for (const call of [
        () => client.start('uploadImport', input('a.csv'), { id }),
        () => client.schedules.describe(id),
      ]) {
        const error = await errorOf(call());
        expect(error.message).toContain('is encoded by a codec or converter that this client does not have');
        expect(error.remedy).not.toMatch(/defect/);
        expect(error.remedy).toContain('data converter');
      }
    } finally {
      await client.temporal.schedule.getHandle(id).delete();
      await client.temporal.workflow.getHandle(id).terminate();
    }
  });
});

describe('endings', () => {
  test('a failure carries its type, its sentence and the document', async () => {
    const error = await errorOf(client.uploadImport(input('fail')));
    expect(error).toBeInstanceOf(IntegrationFailed);
    expect(error).toMatchObject({
      type: 'RowsRejected',
      message: 'Two rows',
      remedy: 'Correct them.',
      result: { outcome: 'failed', failure: { effects: 'applied' } },
    });
  });

  test('a failure that is none of ours still has a document', async () => {
    const error = await errorOf(client.uploadImport(input('fail-foreign')));
    expect(error).toMatchObject({
      type: 'InternalError',
      result: {
        outcome: 'failed',
        failure: { message: `odd. ${FAILURES.InternalError.remedy}`, effects: 'unknown' },
      },
    });
  });

  test('a cancelled run gives the document of its memo', async () => {
    const handle = await client.start('uploadImport', input('wait'));
    await client.cancel(handle.workflowId);
    const error = await errorOf(handle.result());
    expect(error).toMatchObject({
      type: 'Cancelled',
      result: { outcome: 'cancelled', failure: { type: 'Cancelled' } },
    });
  });

  test('a terminated run says so, and that nobody knows what it did', async () => {
    const handle = await client.start('uploadImport', input('wait'));
    await client.temporal.workflow.getHandle(handle.workflowId).terminate('by an operator');
    const error = await errorOf(handle.result());
    expect(error.message).toMatch(/terminated in Temporal/);
    expect(error).toMatchObject({ result: { outcome: 'failed', failure: { effects: 'unknown' } } });
  });

  test('a reset run is waited for in the run that follows it', async () => {
    const handle = await client.start('uploadImport', input('wait'));
    const ended = errorOf(handle.result());
    // The first workflow task must have completed to be reset to.
    for (let i = 0; i < 100 && (await described(handle.workflowId)).historyLength < 4; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await client.temporal.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: handle.workflowId, runId: handle.runId ?? '' },
      workflowTaskFinishEventId: 4 as never, // typed as a Long, sent as any number
      requestId: randomUUID(),
      reason: 'test',
    });
    await handle.cancel();
    expect(await ended).toMatchObject({ type: 'Cancelled', result: { outcome: 'cancelled' } });
  });

  test('there is no such run', async () => {
    const id = randomUUID();
    expect(await errorOf(client.cancel(id))).toMatchObject({
      type: 'NotFound',
      message: expect.stringContaining(id),
    });
    expect(await errorOf(client.handle(id).result())).toMatchObject({ type: 'NotFound' });
    expect(await errorOf(client.handle(id).progress())).toMatchObject({ type: 'NotFound' });
  });

  test('Temporal out of reach is a sentence with a remedy', async () => {
    const error = await errorOf(
      AnaplanTemporalClient.connect({ address: '127.0.0.1:1', connectTimeoutMs: 1_000 }),
    );
    expect(error).toMatchObject({ type: 'ServiceUnavailable' });
    expect(error.message).toMatch(/cannot be reached at 127\.0\.0\.1:1/);
    expect(error.remedy).toMatch(/TEMPORAL_ADDRESS/);
    // A server that wants TLS, or a key, looks the same from here as one that is not there.
    expect(error.remedy).toMatch(/TEMPORAL_API_KEY or the TLS files/);
  });
});

describe('schedules', () => {
  const id = `sched-${randomUUID()}`;
  const definition = {
    integration: 'uploadImport',
    input: input('a.csv'),
    cron: '0 6 * * 1-5',
    timeZone: 'Europe/London',
    overlap: 'BUFFER_ONE',
    catchupWindow: '10m',
    jitter: '30s',
    paused: true,
    note: 'not yet',
  } as const;

  afterAll(async () => {
    await client.schedules.delete(id).catch(() => undefined);
  });

  test('create, describe, pause, unpause, update, trigger, backfill, list, delete', async () => {
    await client.schedules.create(id, definition);
    expect(await client.schedules.describe(id)).toMatchObject({
      id,
      integration: 'uploadImport',
      input: definition.input,
      cron: ['0 6 * * 1-5'],
      timeZone: 'Europe/London',
      overlap: 'BUFFER_ONE',
      catchupWindowMs: 600_000,
      jitterMs: 30_000,
      paused: true,
      note: 'not yet',
      taskQueue,
    });
    expect(await errorOf(client.schedules.create(id, definition))).toMatchObject({ type: 'Conflict' });

    await client.schedules.update(id, { ...definition, cron: ['0 7 * * *'], input: input('b.csv') });
    expect(await client.schedules.describe(id)).toMatchObject({
      cron: ['0 7 * * *'],
      paused: true,
      note: 'not yet',
      input: { source: 'b.csv' },
    });
    await client.schedules.unpause(id, 'go');
    await client.schedules.pause(id, 'holiday');
    expect(await client.schedules.describe(id)).toMatchObject({ paused: true, note: 'holiday' });

    await client.schedules.trigger(id);
    await client.schedules.backfill(id, {
      start: new Date('2025-06-02T00:00:00Z'),
      end: new Date('2025-06-04T00:00:00Z'),
    });
    const until = Date.now() + 30_000;
    let runs: string[] = [];
    while (runs.length < 3 && Date.now() < until) {
      runs = (await client.schedules.describe(id)).recentRuns.map((run) => run.workflowId);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(runs).toHaveLength(3);
    const run = runs[0] ?? '';
    expect(run).toContain(`anaplan-${id}-`);
    expect((await client.handle(run).result()).outcome).toBe('succeeded');
    const memo = (await described(run)).memo;
    expect(memo).toMatchObject({ anaplanInput: expect.stringMatching(/^[0-9a-f]{64}$/) });

    let listed = false;
    while (!listed && Date.now() < until) {
      for await (const one of client.schedules.list()) if (one.id === id) listed = one.paused;
    }
    expect(listed).toBe(true);
    await client.schedules.delete(id);
    expect(await errorOf(client.schedules.describe(id))).toMatchObject({ type: 'NotFound' });
  });

  test('schedules whose names differ in any letter do not share the IDs of their runs', async () => {
    const ids = ['夜間', '月次', 'a b', 'a_b', 'A b'].map((name) => `${name}-${randomUUID()}`);
    for (const one of ids) await client.schedules.create(one, definition);
    try {
      const runs = new Set<string>();
      for (const one of ids) {
        await client.schedules.trigger(one);
        const until = Date.now() + 30_000;
        let run: string | undefined;
        while (run === undefined && Date.now() < until) {
          run = (await client.schedules.describe(one)).recentRuns[0]?.workflowId;
          if (run === undefined) await new Promise((resolve) => setTimeout(resolve, 200));
        }
        expect(run).toContain(`anaplan-${one}-`);
        runs.add((run ?? '').replace(/-[^-]*-[^-]*-[^-]*$/, ''));
        expect((await client.handle(run ?? '').result()).outcome).toBe('succeeded');
      }
      expect(runs.size).toBe(ids.length);
    } finally {
      for (const one of ids) await client.schedules.delete(one);
    }
  });

  test.each<[string, RegExp]>([
    [' ', /id: must not be empty/],
    ['a\ud800', /id: must be well-formed Unicode/],
    ['x'.repeat(951), /id: must have at most 950 bytes/],
  ])('the ID %j is refused before anything is asked', async (wrong, message) => {
    for (const call of [
      client.schedules.create(wrong, definition),
      client.schedules.describe(wrong),
      client.schedules.delete(wrong),
    ]) {
      const error = await errorOf(call);
      expect(error.type).toBe('InvalidInput');
      expect(error.message).toMatch(message);
    }
  });

  test.each<[string, object, RegExp]>([
    ['cron', { cron: '99 6 * * *' }, /Minute|minute|cron/],
    ['an empty cron', { cron: [] }, /cron: must not be empty/],
    ['no cron', { cron: undefined }, /cron: must be a text or a list of texts/],
    [
      'time zone',
      { timeZone: 'Europe/Londn' },
      /timeZone: must be an IANA time zone.*did you mean "Europe\/London"/,
    ],
    ['jitter', { jitter: 'much' }, /jitter: must be a duration/],
    ['catch-up window', { catchupWindow: '1s' }, /catchupWindow: must be at least 10s/],
    ['input', { input: { ...input('a'), source: '' } }, /source: must not be empty/],
  ])('a wrong %s is InvalidInput', async (_what, wrong, message) => {
    const error = await errorOf(client.schedules.create(`bad-${randomUUID()}`, { ...definition, ...wrong }));
    expect(error.type).toBe('InvalidInput');
    expect(error.message).toMatch(message);
  });

  test("somebody else's schedule is left alone", async () => {
    const other = `other-${randomUUID()}`;
    const handle = await client.temporal.schedule.create({
      scheduleId: other,
      spec: { cronExpressions: ['0 6 * * *'] },
      action: { type: 'startWorkflow', workflowType: 'x', taskQueue, args: [] },
      state: { paused: true },
    });
    expect(await errorOf(client.schedules.delete(other))).toMatchObject({ type: 'Conflict' });
    expect((await handle.describe()).scheduleId).toBe(other);
    await handle.delete();
  });
});
