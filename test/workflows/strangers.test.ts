import { randomUUID } from 'node:crypto';

import { INTEGRATIONS, type IntegrationName } from '../../src/contracts';
import type { Rig } from '../support/rig';
import { ownRig } from './support';

const MALFORMED: [string, unknown[]][] = [
  ['nothing', []],
  ['null', [null]],
  ['a number', [7]],
  ['a list', [[]]],
  ['an object', [{}]],
  ['texts where warnings belong', ['an ask', 'a text']],
  ['a list of anything', ['an ask', [7, null, {}]]],
];

const INPUTS: Record<IntegrationName, object> = {
  uploadImport: { import: 'Load Sales', source: 's.csv' },
  exportDownload: { export: 'Export Sales', target: 't.csv' },
  processWithDumps: { process: 'Nightly Load' },
  largeViewRead: { view: 'Sales.All', target: 't.csv' },
  largeListRead: { list: 'Products', target: 't.csv' },
  runAction: { action: 'Order Products' },
  uploadFile: { file: 'sales.csv', source: 's.csv' },
  downloadFile: { file: 'sales.csv', target: 't.csv' },
};

describe('a run that strangers signal, query and update', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ rig, close } = await ownRig());
    // The first activity hangs, so that the run is open while it is spoken to.
    rig.sandbox.faults.add({
      method: 'GET',
      path: '/models/*',
      occurrence: 'every',
      action: { kind: 'stall', when: 'before' },
    });
  });
  afterAll(() => close());

  it.each(INTEGRATIONS)('%s: no malformed argument fails a workflow task', async (name) => {
    const handle = await rig.client.workflow.start(name, {
      workflowId: `${name}-${randomUUID().slice(0, 8)}`,
      taskQueue: rig.taskQueue,
      args: [{ model: rig.modelId, ...INPUTS[name] }],
    });
    for (const [, args] of MALFORMED) {
      await handle.signal('anaplanLockGranted', ...args);
      await handle.signal('no such signal', ...args);
      await expect(handle.query('no such query', ...args)).rejects.toThrow();
      await expect(handle.executeUpdate('no such update', { args: args as [unknown] })).rejects.toThrow();
    }
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow();
    const { events } = await handle.fetchHistory();
    expect((events ?? []).filter((e) => e.workflowTaskFailedEventAttributes)).toEqual([]);
  });
});
