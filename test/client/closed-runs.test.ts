/** What a workflow ID means whose run has ended, and what a run that our client starts is found by. */
import { randomUUID } from 'node:crypto';
import { Client, type Connection } from '@temporalio/client';
import { type NativeConnection, Worker } from '@temporalio/worker';
import {
  AnaplanTemporalClient,
  AnaplanTemporalError,
  type IntegrationHandle,
  type OnClosed,
} from '../../src/client';
import type { UploadImportInput } from '../../src/contracts';
import { LockWatch, waitOf } from '../../src/client/waiting';
import { installRuntime, WorkerLogger } from '../../src/worker';
import { ownNamespace, testAddress, testConnection, testNativeConnection } from '../support/namespace';

const taskQueue = `closed-${randomUUID()}`;
const MODEL = '75A40874E6B64FA3AE0743278996850F';
const input = (source: string): UploadImportInput => ({ model: MODEL, import: 'Load sales', source });

let connection: Connection;
let native: NativeConnection;
let namespace: string;
let stop: () => Promise<unknown>;
let client: AnaplanTemporalClient;

beforeAll(async () => {
  installRuntime(new WorkerLogger('text', 'ERROR', () => undefined));
  const address = testAddress();
  connection = await testConnection({ address });
  native = await testNativeConnection({ address });
  namespace = await ownNamespace();
  const worker = await Worker.create({
    connection: native,
    namespace,
    taskQueue,
    workflowsPath: require.resolve('./stub-workflows'),
  });
  const running = worker.run();
  stop = () => {
    worker.shutdown();
    return running;
  };
  client = new AnaplanTemporalClient(new Client({ connection, namespace }), { taskQueue, address });
}, 240_000);

afterAll(async () => {
  await stop();
  await native.close();
  await connection.close();
});

async function errorOf(call: Promise<unknown>): Promise<AnaplanTemporalError> {
  const error = await call.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(AnaplanTemporalError);
  return error as AnaplanTemporalError;
}

/** A run that has ended. */
async function ended(source: string): Promise<{ id: string; handle: IntegrationHandle }> {
  const id = `夜間 load-${randomUUID()}`;
  const handle = await client.start('uploadImport', input(source), { id });
  await handle.result().catch(() => undefined);
  return { id, handle };
}

const start = (id: string, onClosed?: OnClosed, source = 'a.csv') =>
  client.start('uploadImport', input(source), { id, ...(onClosed === undefined ? {} : { onClosed }) });

describe('the ID of a run that has ended', () => {
  test.each([[undefined], ['rerun' as const]])(
    '%s: a new run, for a job that runs again and again',
    async (o) => {
      const { id, handle } = await ended('a.csv');
      const again = await start(id, o);
      expect(again).toMatchObject({ joined: false, ended: false });
      expect(again.runId).not.toBe(handle.runId);
    },
  );

  test('return: the result of that run, and nothing is loaded a second time', async () => {
    const { id, handle } = await ended('a.csv');
    const again = await start(id, 'return');
    expect(again).toMatchObject({ joined: false, ended: true, runId: handle.runId });
    expect((await again.result()).outcome).toBe('succeeded');
    expect((await client.temporal.workflow.getHandle(id).describe()).runId).toBe(handle.runId);
  });

  test('return: also of a run that failed, which is what a caller who asks again must know', async () => {
    const { id } = await ended('fail');
    expect(await errorOf((await start(id, 'return', 'fail')).result())).toMatchObject({
      type: 'RowsRejected',
      result: { outcome: 'failed' },
    });
  });

  test("return: another input's result is not given for this one", async () => {
    const { id } = await ended('a.csv');
    const error = await errorOf(start(id, 'return', 'b.csv'));
    expect(error).toMatchObject({ type: 'Conflict' });
    expect(error.message).toMatch(/has ended, and had another input/);
  });

  test('return: a run that another language started is known by its input, nulls or not', async () => {
    const id = `foreign-${randomUUID()}`;
    const foreign = await client.temporal.workflow.start('uploadImport', {
      workflowId: id,
      taskQueue,
      args: [{ ...input('a.csv'), dumps: null, timeouts: null }],
    });
    await foreign.result();
    expect(await start(id, 'return')).toMatchObject({ ended: true, runId: foreign.firstExecutionRunId });
  });

  test('refuse: a Conflict that says when and how it ended', async () => {
    const { id } = await ended('fail');
    const error = await errorOf(start(id, 'refuse', 'fail'));
    expect(error).toMatchObject({ type: 'Conflict' });
    expect(error.message).toMatch(/has already ended \(FAILED at \d{4}-.*\), and a second one is refused/);
    expect(error.remedy).toContain('--on-closed');
  });

  test.each(['return', 'refuse'] as const)(
    '%s: an ID that nobody used starts a run; an open one is joined',
    async (o) => {
      const id = randomUUID();
      const first = await start(id, o, 'wait');
      expect(first).toMatchObject({ joined: false, ended: false });
      expect(await start(id, o, 'wait')).toMatchObject({ joined: true, ended: false, runId: first.runId });
      expect(await errorOf(start(id, o, 'other.csv'))).toMatchObject({
        type: 'Conflict',
        message: expect.stringContaining('is open and has another input') as string,
      });
      await first.cancel();
    },
  );

  test('an ending that means nothing is refused before anything starts', async () => {
    expect(await errorOf(start(randomUUID(), 'join' as OnClosed))).toMatchObject({
      type: 'InvalidInput',
      issues: [{ path: 'onClosed', message: 'must be one of rerun, return, refuse' }],
    });
    const without = client.start('uploadImport', input('a.csv'), { onClosed: 'refuse' });
    expect(await errorOf(without)).toMatchObject({
      type: 'InvalidInput',
      issues: [{ path: 'onClosed', message: expect.stringMatching(/needs an id/) as string }],
    });
    expect(await errorOf(start('a\ud800'))).toMatchObject({ type: 'InvalidInput', issues: [{ path: 'id' }] });
  });
});

describe('search attributes: a run that fails before its first step is found by them too', () => {
  const attributes = async (c: AnaplanTemporalClient, id: string) =>
    (await c.temporal.workflow.getHandle(id).describe()).searchAttributes;

  test('a start carries connection, workspace, model and object as the input names them', async () => {
    const handle = await client.start('uploadImport', {
      workspace: 'name:Finance',
      model: 'Plan',
      import: 'id:112000000001',
      source: 'a.csv',
    });
    expect(await attributes(client, handle.workflowId)).toMatchObject({
      AnaplanConnection: ['default'],
      AnaplanWorkspace: ['Finance'],
      AnaplanModel: ['Plan'],
      AnaplanObject: ['import 112000000001'],
      AnaplanState: ['starting'],
    });
    await handle.result();
  });

  test('a namespace that does not know them still takes the run', async () => {
    const bare = new AnaplanTemporalClient(new Client({ connection, namespace: await ownNamespace([]) }), {
      taskQueue,
    });
    const handle = await bare.start('uploadImport', input('a.csv'));
    expect(Object.keys(await attributes(bare, handle.workflowId))).toEqual([]);
  });
});

describe('whom a run waits for is asked of the lock itself, for people cancel and force by it', () => {
  const since = Date.parse('2026-01-01T06:00:00Z');
  const view = {
    waits: {
      workflowId: 'me',
      since,
      for: 'model',
      place: 2,
      waitsFor: [{ workflowId: 'nightly', since, holds: true }],
    },
  };
  const begin = async (lockView: object) => {
    const lockId = `anaplan-lock:${randomUUID()}`;
    const lock = await client.temporal.workflow.start('anaplanLock', {
      workflowId: lockId,
      taskQueue,
      args: [lockView],
    });
    const run = await client.start('exportDownload', { model: MODEL, export: 'E', target: lockId });
    return { lockId, run, end: () => Promise.all([lock.terminate(), client.cancel(run.workflowId)]) };
  };

  test('place, holder and since when', async () => {
    const { lockId, run, end } = await begin(view);
    let waiting;
    const until = Date.now() + 60_000;
    while (waiting === undefined && Date.now() < until) {
      // A handle of its own each time: one handle asks every few seconds only.
      // The stub does not keep the search attribute, so the state says that it starts: look without it.
      waiting = await new LockWatch(client.temporal, run.workflowId).look({
        runId: run.runId ?? '',
        mayWait: true,
      });
    }
    expect(waiting).toEqual({
      lockId,
      for: 'model',
      place: 2,
      since: new Date(since),
      behind: [{ workflowId: 'nightly', since: new Date(since), holds: true }],
    });
    await end();
  });

  test('a lock that says nothing of the run, or nothing at all, is no error', async () => {
    const { run, end } = await begin({});
    const watch = new LockWatch(client.temporal, run.workflowId);
    expect(await watch.look({ runId: run.runId ?? '', mayWait: true })).toBeUndefined();
    await end();
    const gone = new LockWatch(client.temporal, randomUUID());
    expect(await gone.look({ runId: '', mayWait: true })).toBeUndefined();
    expect(await gone.look({ runId: '', mayWait: false })).toBeUndefined();
    for (const odd of [null, 7, [], { run: null }, { run: { waits: { place: 'x' } } }])
      expect(waitOf('l', odd)).toBeUndefined();
  });
});
