import type { WorkflowHandle } from '@temporalio/client';

import { lockId } from '../../src/contracts';
import type { Ending, Rig } from '../support/rig';
import { asked, expectClean, GOOD, ownRig, SALES, stateOf, until } from './support';

const ORDER = '117000000002';

describe('cancelling: nothing is left running, open, locked or half written, and the result is kept', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ rig, close } = await ownRig({
      chunkBytes: 64 * 1024,
      sandbox: {
        taskDurationMs: 600_000,
        taskCancelMs: 50,
        readDurationMs: 60_000,
        model: { exportBytes: 500_000, exportChunkBytes: 50_000, viewPages: 600 },
      },
    }));
    rig.write('sales.csv', SALES);
    rig.write('good.csv', GOOD);
  });
  afterAll(() => close());

  describe('at every step', () => {
    const ends: Record<string, Ending> = {};
    const reader: { open: number } = { open: 0 };
    beforeAll(async () => {
      rig.sandbox.replaceExport('116000000003');
      const stall = { kind: 'stall' as const, when: 'before' as const };
      rig.sandbox.faults.add({
        method: 'PUT',
        path: '/models/*/files/113000000002/chunks/2',
        occurrence: 'every',
        action: stall,
      });
      rig.sandbox.faults.add({
        method: 'GET',
        path: '/models/*/files/116000000003/chunks/4',
        occurrence: 'every',
        action: stall,
      });
      rig.sandbox.faults.add({
        method: 'GET',
        path: '/models/*/lists',
        action: { kind: 'stall', when: 'before' },
      });
      const runs = {
        preparing: await rig.begin('largeListRead', { list: 'Products', target: 'never.csv' }),
        uploading: await rig.begin('uploadImport', { import: 'Load Sales', source: 'sales.csv' }),
        running: await rig.begin('runAction', { action: ORDER }),
        waiting: undefined as WorkflowHandle | undefined,
        downloading: await rig.begin('downloadFile', { file: '116000000003', target: 'down.csv' }),
        reading: await rig.begin('largeViewRead', { view: 'Bulk.All', target: 'view.csv' }),
      };
      await until(() => rig.sandbox.tasks(ORDER).some((t) => t.state === 'IN_PROGRESS'));
      runs.waiting = await rig.begin('runAction', { action: 'Optimize Prices' });
      const { waiting } = runs;
      await until(async () => (await stateOf(waiting)) === 'waiting for model');
      await until(
        () =>
          asked(rig, 'PUT', /chunks\/1$/) > 0 &&
          asked(rig, 'GET', /116000000003\/chunks\/3$/) > 0 &&
          rig.sandbox.openReadRequests().length > 0 &&
          asked(rig, 'GET', /\/lists$/) > 0,
      );
      reader.open = rig.sandbox.openReadRequests().length;
      const all = Object.entries(runs) as [string, WorkflowHandle][];
      // The waiting one first: else the model is free for it.
      await waiting.cancel();
      ends['waiting'] = await rig.ending(waiting.workflowId);
      await Promise.all(all.map(([, handle]) => handle.cancel()));
      for (const [step, handle] of all) ends[step] = await rig.ending(handle.workflowId);
    });
    afterAll(() => rig.sandbox.faults.clear());

    it.each(['preparing', 'uploading', 'running', 'waiting', 'downloading', 'reading'])(
      'while %s: Cancelled, with the result document in the memo',
      (step) =>
        expect(ends[step]).toMatchObject({
          cancelled: true,
          result: {
            outcome: 'cancelled',
            failure: { type: 'Cancelled', effects: 'none', remedy: expect.any(String) },
          },
        }),
    );

    it('cancels the task with DELETE and sees it CANCELLED', () => {
      expect(ends['running']?.result.task).toMatchObject({ state: 'CANCELLED', successful: false });
      expect(rig.sandbox.tasks(ORDER).map((t) => t.state)).toEqual(['CANCELLED']);
      expect(asked(rig, 'DELETE', /\/tasks\//)).toBe(1);
    });

    it('starts nothing that it has not started', () => {
      expect(rig.sandbox.tasks('112000000002')).toEqual([]);
      expect(rig.sandbox.tasks('117000000003')).toEqual([]);
    });

    it('deletes the read request and removes what is half written', () => {
      expect(reader.open).toBe(1);
      expect(asked(rig, 'DELETE', /readRequests/)).toBe(1);
      expectClean(rig);
      for (const name of ['down.csv', 'view.csv', 'never.csv'])
        expect(() => rig.read(name)).toThrow(/ENOENT/);
    });

    it('gives every lock back: nobody holds or waits', async () => {
      expect(await rig.client.workflow.getHandle(lockId(rig.modelId)).query('state')).toMatchObject({
        holders: [],
        waiting: [],
      });
    });
  });

  it('keeps the dumps of the steps that a cancelled process has done: the next run would erase them', async () => {
    rig.sandbox.reset();
    rig.write(
      'products.csv',
      'Code,Name,Category,Launch Date,Active\n,No key,Bakery,2024-01-15,true\nP0001,B,Bakery,2024-01-15,true\n',
    );
    const handle = await rig.begin('processWithDumps', {
      process: 'Nightly Load',
      uploads: [
        { file: 'products.csv', source: 'products.csv' },
        { file: 'sales.csv', source: 'good.csv' },
      ],
      acceptRejections: true,
    });
    await until(() => rig.sandbox.tasks('118000000001').some((t) => t.state === 'IN_PROGRESS'));
    // Anaplan's clock jumps to where the first of four steps is done and the second is not.
    rig.sandbox.configure({ clockOffsetMs: 200_000 });
    await rig.sandbox.settle();
    await handle.cancel();
    const end = await rig.ending(handle.workflowId);
    expect(end).toMatchObject({
      cancelled: true,
      result: { task: { state: 'CANCELLED' }, failure: { effects: 'unknown' } },
    });
    expect(end.result.dumps).toMatchObject([{ action: 'Load Products', rows: 1 }]);
    expect(end.result.transfers).toHaveLength(2);
    expectClean(rig);
  });
});

describe('cancelling too late: a task that finished first ends the run as it finished', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ rig, close } = await ownRig({ sandbox: { taskDurationMs: 600_000, taskCancelMs: 600_000 } }));
  });
  afterAll(() => close());

  it.each([
    ['Order Products', undefined, 'succeeded'],
    ['Delete Locked Products', 'ActionFailed', 'failed'],
  ])('%s', async (action, type, outcome) => {
    rig.sandbox.reset();
    const handle = await rig.begin('runAction', { action });
    await until(() => rig.sandbox.tasks().some((t) => t.state === 'IN_PROGRESS'));
    await handle.cancel();
    await until(() => rig.sandbox.tasks().some((t) => t.state === 'CANCELLING'));
    rig.sandbox.configure({ taskDurationMs: 0 });
    const end = await rig.ending(handle.workflowId);
    expect([end.cancelled, end.type, end.result.outcome, end.result.task?.state]).toEqual([
      false,
      type,
      outcome,
      'COMPLETE',
    ]);
    expect(asked(rig, 'DELETE', /\/tasks\//)).toBe(1);
  });
});
