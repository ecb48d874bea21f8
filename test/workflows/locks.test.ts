import type { WorkflowHandle } from '@temporalio/client';

import type { LockView } from '../../src/activities';
import { lockId } from '../../src/contracts';
import type { Rig } from '../support/rig';
import { asked, bundleWith, expectClean, GOOD, hold, ownRig, replaceWorker, stateOf, until } from './support';

/** Actions of the sample model that change nothing, so that each run's task can be told from the others'. */
const [A, B, C] = ['Order Products', 'Optimize Prices', 'Open Sales Dashboard'];
const ID: Record<string, string> = { [A]: '117000000002', [B]: '117000000003', [C]: '117000000004' };
const TASK_MS = 1_200;

describe('one run at a time on a model and on a file', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  let stopWorker: () => Promise<void>;
  beforeAll(async () => {
    ({ rig, close } = await ownRig({ sandbox: { taskDurationMs: TASK_MS, taskCancelMs: 50 } }));
    // A dead holder is looked for every 30 s, and succeeded 20 s after its end; no test can sit that out.
    stopWorker = await replaceWorker(
      rig,
      bundleWith({ SWEEP_MS: 1_000, SETTLE_MS: 1_500, IDLE_EVERY_MS: 500 }),
      {},
    );
    rig.write('sales.csv', GOOD);
  });
  afterAll(async () => {
    await stopWorker();
    await close();
  });
  beforeEach(() => rig.sandbox.reset());
  afterEach(() => expectClean(rig));

  const lock = () => rig.client.workflow.getHandle(lockId(rig.modelId));
  /** The first poll of a run's task is not answered before the others have come to wait. */
  const holds = (action: string) =>
    hold(rig, { method: 'GET', path: `/models/*/actions/${ID[action]}/tasks/*` });
  /** Tasks take until {@link ends} ends them. */
  const takeLong = () => rig.sandbox.configure({ taskDurationMs: 600_000 });
  /** The task that runs ends now; the next ones take as long as ever. */
  const ends = async (action: string) => {
    const { startedAt = 0 } = task(action) ?? {};
    rig.sandbox.configure({ taskDurationMs: Date.now() - startedAt });
    await until(() => task(action)?.state === 'COMPLETE');
    rig.sandbox.configure({ taskDurationMs: TASK_MS });
  };
  const begin = (action: string, over: object = {}) => rig.begin('runAction', { action, ...over });
  const task = (action: string) => rig.sandbox.tasks(ID[action])[0];
  const runs = (action: string) => until(() => task(action)?.state === 'IN_PROGRESS');
  const waits = async (handle: WorkflowHandle) =>
    until(async () => (await stateOf(handle)) === 'waiting for model');
  const succeeded = async (...handles: WorkflowHandle[]) => {
    for (const handle of handles)
      expect((await rig.ending(handle.workflowId)).result.outcome).toBe('succeeded');
  };
  /** No task of the model was asked for before the one before it had ended. */
  function expectOneByOne(...actions: string[]): void {
    const tasks = actions.map(task);
    tasks
      .slice(1)
      .forEach((next, i) => expect(next?.createdAt).toBeGreaterThanOrEqual(tasks[i]?.endedAt ?? Infinity));
  }

  it('serves runs in the order in which they came, one strictly after the other', async () => {
    const held = holds(A);
    const a = await begin(A);
    await held.came();
    const b = await begin(B);
    await waits(b);
    const c = await begin(C);
    await waits(c);
    const state = await lock().query<LockView, [string]>('state', c.workflowId);
    expect(state).toMatchObject({
      holders: [{ workflowId: a.workflowId, whole: true }],
      waiting: [
        { workflowId: b.workflowId, place: 1, for: 'model' },
        { workflowId: c.workflowId, place: 2 },
      ],
      run: {
        waits: {
          place: 2,
          waitsFor: [
            { workflowId: a.workflowId, holds: true },
            { workflowId: b.workflowId, holds: false },
          ],
        },
      },
    });
    const details = await b.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    expect(details.currentDetails).toMatch(
      new RegExp(
        `Waiting for model "Sales Planning" since 20.*Z, at place 1 behind \`${a.workflowId}\`, which holds the model since 20.*Z, as of 20.*Z\\. Who holds and waits now: workflow \`anaplan-lock:${rig.modelId}\``,
      ),
    );
    expect(
      (await lock().query<{ currentDetails: string }>('__temporal_workflow_metadata')).currentDetails,
    ).toMatch(
      new RegExp(`Held:\n\n- \`${a.workflowId}\` holds the model since 20[^]*1\\. \`${b.workflowId}\``),
    );
    expect(task(B)).toBeUndefined();
    await held.letGo();
    await succeeded(a, b, c);
    expectOneByOne(A, B, C);
  });

  it('lets uploads to one file follow each other: no chunk of one is mixed with those of the other', async () => {
    const upload = () => rig.begin('uploadFile', { file: 'sales.csv', source: 'sales.csv' });
    const all = await Promise.all([upload(), upload(), upload()]);
    await succeeded(...all);
    const record = rig.sandbox.record.filter((r) => r.path.includes('/files/113000000002'));
    // Each begins by the chunk count and ends with its last chunk before the next one begins.
    expect(record.map((r) => (r.method === 'POST' ? 'begin' : 'chunk')).join(' ')).toBe(
      'begin chunk begin chunk begin chunk',
    );
  });

  describe('an upload to the file that an import reads', () => {
    const FILE = '113000000002';
    const chunk = (r: { method: string; path: string }) =>
      r.method === 'PUT' && r.path.includes(`/files/${FILE}/chunks/`);
    const TASKS = /\/(imports\/112000000002|processes\/118000000001)\/tasks$/;
    /** A run that uploads, and whose only chunk hangs until it is let go. */
    const slowUpload = async () => {
      const held = hold(rig, { method: 'PUT', path: `/models/*/files/${FILE}/chunks/*` });
      const upload = await rig.begin('uploadFile', { file: 'sales.csv', source: 'sales.csv' });
      await held.came();
      return { upload, held };
    };
    const waitsForFile = (handle: WorkflowHandle) =>
      until(async () => (await stateOf(handle)) === 'waiting for file');
    beforeAll(() => {
      rig.write('products.csv', 'Code,Name,Category,Launch Date,Active\nP0001,B,Bakery,2024-01-15,true\n');
    });

    it.each([
      [
        'an import of runAction',
        () => rig.begin('runAction', { action: 'Load Sales', acceptRejections: true }),
      ],
      [
        'a process of runAction',
        () => rig.begin('runAction', { action: 'Nightly Load', acceptRejections: true }),
      ],
      [
        'a process without an upload for it',
        () =>
          rig.begin('processWithDumps', {
            process: 'Nightly Load',
            uploads: [{ file: 'products.csv', source: 'products.csv' }],
            acceptRejections: true,
          }),
      ],
      [
        'an import whose upload goes to another file',
        () =>
          rig.begin('uploadImport', {
            import: 'Load Sales',
            file: 'products.csv',
            source: 'sales.csv',
            acceptRejections: true,
          }),
      ],
    ])('is not read half way by %s', async (_, start) => {
      const { upload, held } = await slowUpload();
      const reader = await start();
      await waitsForFile(reader);
      const { waiting } = await lock().query<LockView>('state');
      expect(waiting).toMatchObject([{ for: 'files', waitsFor: [{ workflowId: upload.workflowId }] }]);
      await held.letGo();
      await succeeded(upload);
      await rig.ending(reader.workflowId);
      const calls = rig.sandbox.record.filter((r) => chunk(r) || (r.method === 'POST' && TASKS.test(r.path)));
      expect(calls.map((r) => (chunk(r) ? 'chunk' : 'task')).join(' ')).toBe('chunk task');
    });

    it('waits until the import is through that reads it, and the download of it too', async () => {
      // Without a file of its own the import has nothing to read.
      await succeeded(await rig.begin('uploadFile', { file: 'sales.csv', source: 'sales.csv' }));
      const held = hold(rig, { method: 'GET', path: '/models/*/imports/112000000002/tasks/*' });
      const reader = await rig.begin('runAction', { action: 'Load Sales', acceptRejections: true });
      await held.came();
      const upload = await rig.begin('uploadFile', { file: 'sales.csv', source: 'sales.csv' });
      await waitsForFile(upload);
      // Behind the upload, although it could read beside the import: nobody who replaces a file waits for ever.
      const download = await rig.begin('downloadFile', { file: 'sales.csv', target: 'copy.csv' });
      await waitsForFile(download);
      await held.letGo();
      await succeeded(reader, upload, download);
      expect(rig.read('copy.csv').toString()).toBe(GOOD);
      const ended = rig.sandbox.tasks('112000000002')[0]?.endedAt;
      const begun = rig.sandbox.record.findLast(
        (r) => r.method === 'POST' && r.path.endsWith(`/files/${FILE}`),
      );
      expect(begun?.at).toBeGreaterThanOrEqual(ended ?? Infinity);
    });

    it('does not wait for an import that reads a model', async () => {
      const { upload, held } = await slowUpload();
      const { result } = await rig.run('runAction', {
        action: 'Products from Consolidation',
        acceptRejections: true,
      });
      expect(result.outcome).toMatch(/^succeeded/);
      expect((await upload.describe()).status.name).toBe('RUNNING');
      await held.letGo();
      await succeeded(upload);
    });
  });

  it('takes no lock under exclusive: false', async () => {
    takeLong();
    const a = await begin(A);
    await runs(A);
    const b = await begin(B, { exclusive: false });
    await until(() => rig.sandbox.tasks(ID[B]).length > 0);
    expect(task(A)?.state).toBe('IN_PROGRESS');
    await ends(A);
    await succeeded(a, b);
  });

  it('skips a waiting run that was terminated, and forgets one that was cancelled', async () => {
    const held = holds(A);
    const a = await begin(A);
    await held.came();
    const dead = await begin(C);
    await waits(dead);
    const cancelled = await begin(C);
    await waits(cancelled);
    const b = await begin(B);
    await waits(b);
    await dead.terminate('test');
    await cancelled.cancel();
    expect((await rig.ending(cancelled.workflowId)).cancelled).toBe(true);
    await held.letGo();
    await succeeded(a, b);
    expect(rig.sandbox.tasks(ID[C])).toEqual([]);
    expectOneByOne(A, B);
  });

  it('goes on after a holder that was terminated, but only once its task has ended in Anaplan', async () => {
    takeLong();
    const a = await begin(A);
    await runs(A);
    const b = await begin(B);
    await waits(b);
    const asks = asked(rig, 'POST', /\/status$/);
    await a.terminate('test');
    // The lock asks whether the model is idle, and once more.
    await until(() => asked(rig, 'POST', /\/status$/) > asks + 1);
    expect(task(B)).toBeUndefined();
    await ends(A);
    await succeeded(b);
    expectOneByOne(A, B);
  });

  it('lets an operator take the lock from a holder that hangs', async () => {
    rig.sandbox.faults.add({
      path: `/models/*/actions/${ID[A]}/tasks`,
      method: 'GET',
      occurrence: 'every',
      action: { kind: 'stall', when: 'before' },
    });
    const a = await begin(A);
    await until(() => asked(rig, 'GET', new RegExp(`${ID[A]}/tasks$`)) > 0);
    const b = await begin(B);
    await waits(b);
    await lock().signal('forceRelease');
    await succeeded(b);
    await a.terminate('test');
  });
});
