import type { Rig } from '../support/rig';
import { asked, expectClean, GOOD, hold, ownRig, sha, until } from './support';

const PRODUCTS = 'Code,Name,Category,Launch Date,Active\n,No key,Bakery,2024-01-15,true\n';

describe('a run ends as what really happened', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ rig, close } = await ownRig());
  });
  afterAll(() => close());
  beforeEach(() => {
    rig.sandbox.reset();
    rig.write('products.csv', PRODUCTS);
    rig.write('sales.csv', GOOD);
  });
  afterEach(() => expectClean(rig));

  /** What Anaplan answers to a poll of a process whose second action failed although the process says it did not. */
  const halfFailed = {
    task: {
      taskId: 'T',
      taskState: 'COMPLETE',
      currentStep: 'Complete.',
      progress: 1,
      result: {
        successful: true,
        failureDumpAvailable: false,
        objectId: '118000000003',
        nestedResults: [
          { objectId: '117000000001', successful: true, failureDumpAvailable: false },
          {
            objectId: '117000000002',
            successful: false,
            failureDumpAvailable: false,
            details: [{ type: 'actionFailed', localMessageText: 'Action failed. The list is locked' }],
          },
        ],
      },
    },
  };

  it.each([
    ['processWithDumps', { process: 'Housekeeping', acceptRejections: true }],
    ['runAction', { action: 'Housekeeping', acceptRejections: true }],
  ] as const)(
    '%s fails when an action of the process failed, whatever the process says',
    async (name, input) => {
      rig.sandbox.faults.add({
        method: 'GET',
        path: '/models/*/processes/118000000003/tasks/*',
        occurrence: 'every',
        action: { kind: 'status', status: 200, body: halfFailed },
      });
      const end = await rig.run(name, input as never);
      expect(end.type).toBe('ActionFailed');
      expect(end.result.failure).toMatchObject({ effects: 'applied', code: 'actionFailed' });
      expect(end.message).toContain('"Order Products" failed: Action failed. The list is locked');
      expect(end.message).toContain('Already applied: "Delete Inactive Products"');
    },
  );

  it('keeps the exports that a process wrote although rows were rejected', async () => {
    const end = await rig.run('processWithDumps', {
      process: 'Nightly Load',
      uploads: [
        { file: 'products.csv', source: 'products.csv' },
        { file: 'sales.csv', source: 'sales.csv' },
      ],
      downloads: [{ export: 'Export Sales', target: 'nightly.csv' }],
    });
    expect(end.type).toBe('RowsRejected');
    expect(end.result.transfers.map((t) => t.name)).toContain('Export Sales');
    expect(sha(rig.read('nightly.csv'))).toBe(rig.sandbox.files('116000000001')?.sha256);
  });

  it('says that an export was not written when the process failed before it', async () => {
    const end = await rig.run('processWithDumps', {
      process: 'Nightly Load',
      downloads: [{ export: 'Export Sales', target: 'nightly.csv' }],
    });
    expect(end.type).toBe('ActionFailed');
    expect(end.result.warnings).toEqual([
      'export "Export Sales" (116000000001) was not written by this run of the process, so its file was not downloaded',
    ]);
  });

  it.each(['/etc/anaplan-dumps', '../outside', 'sales.csv'])(
    'refuses dumps at %s before anything has an effect, for afterwards the rejected rows would be lost',
    async (dumps) => {
      const end = await rig.run('uploadImport', { import: 'Load Sales', source: 'sales.csv', dumps });
      expect(end.type).toBe('InvalidInput');
      expect(end.result.failure?.effects).toBe('none');
      expect(asked(rig, 'POST', /tasks$/)).toBe(0);
      expect(asked(rig, 'POST', /files/)).toBe(0);
    },
  );

  it('runs an action whose task list says it is longer than it is, as the API reference shows one', async () => {
    rig.sandbox.faults.add({
      method: 'GET',
      path: '/models/*/actions/117000000002/tasks',
      occurrence: 'every',
      action: {
        kind: 'status',
        status: 200,
        body: {
          meta: { paging: { currentPageSize: 2, offset: 0, totalSize: 2 } },
          tasks: [
            {
              taskId: '08990C16C3464583B6E16BD851E0F8AE',
              taskState: 'COMPLETE',
              creationTime: 1535145394668,
            },
          ],
        },
      },
    });
    const end = await rig.run('runAction', { action: 'Order Products' });
    expect(end.message).toBeUndefined();
    expect(end.result.outcome).toBe('succeeded');
  });

  it('takes the shorter model IDs of the API reference for IDs', async () => {
    const end = await rig.run('runAction', { model: 'FC12345678912343455667', action: 'Order Products' });
    expect(end.type).toBe('NotFound');
    expect(end.message).toContain('FC12345678912343455667');
  });

  it('gives up on a body that is broken every time as TransferCorrupt, not after an hour', async () => {
    rig.sandbox.faults.add({
      method: 'GET',
      path: '/models/*/files/*/chunks/*',
      occurrence: 'every',
      action: { kind: 'no-framing' },
    });
    const end = await rig.run('exportDownload', { export: 'Export Sales', target: 'broken.csv' });
    expect(end.type).toBe('TransferCorrupt');
    expect(asked(rig, 'GET', /chunks\/0$/)).toBe(9);
  });

  it.each([17, 'soon'])('refuses timeouts %j as InvalidInput instead of hanging', async (timeouts) => {
    const end = await rig.run('runAction', { action: 'Order Products', timeouts } as never);
    expect(end.type).toBe('InvalidInput');
    expect(end.message).toContain('timeouts');
  });

  it('cancels the task when the cancellation meets a poll that fails', async () => {
    rig.sandbox.configure({ taskDurationMs: 600_000 });
    const path = '/models/*/actions/117000000002/tasks/*';
    const poll = hold(rig, { method: 'GET', path });
    const deletion = hold(rig, { method: 'DELETE', path });
    rig.sandbox.faults.add({
      method: 'GET',
      path,
      occurrence: [2, 3, 4],
      action: { kind: 'status', status: 503 },
    });
    const handle = await rig.begin('runAction', { action: 'Order Products' });
    await poll.came();
    await handle.cancel();
    await deletion.came();
    await poll.letGo();
    await until(() => asked(rig, 'GET', /117000000002\/tasks\/[0-9A-F]+$/) > 1);
    await deletion.letGo();
    const end = await rig.ending(handle.workflowId);
    // Never a failure that forgets the task.
    expect([end.cancelled, end.result.outcome]).toEqual([true, 'cancelled']);
    expect(rig.sandbox.tasks('117000000002').map((t) => t.state)).toEqual(['CANCELLED']);
  });
});
