import { resolve } from 'node:path';

import { Worker } from '@temporalio/worker';

import { loadConfig } from '../../src/worker';
import { pacedActivities } from '../../src/worker/activities';
import type { Rig } from '../support/rig';
import { ownRig } from '../workflows/support';

describe('a worker of a user, with our workflows and activities beside their own', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ rig, close } = await ownRig());
    await rig.stopWorkers();
  });
  afterAll(() => close());

  it('runs an integration on all of their queues', async () => {
    rig.write('products.csv', 'Code,Name,Category,Launch Date,Active\nP0001,Bread,Bakery,2024-01-15,true\n');
    const env = {
      ANAPLAN_USER: 'demo@example.com',
      ANAPLAN_PASSWORD: 'sandbox',
      ANAPLAN_API_URL: rig.sandbox.url,
      ANAPLAN_AUTH_URL: rig.sandbox.url,
    };
    const config = loadConfig({ cwd: rig.root, env, overrides: { taskQueue: rig.taskQueue } });
    const anaplan = pacedActivities(config, { env }, { timing: { pollIntervalMs: 100, firstPollMs: 200 } });
    const files = `${rig.taskQueue}-files.default`;
    expect(anaplan.transferQueues).toEqual([files, `${files}.small`, `${rig.taskQueue}-transfer`]);
    expect(anaplan.identityOn(files, 'mine')).toMatch(/^mine root:[0-9a-f]{16}$/);
    expect(anaplan.identityOn(rig.taskQueue, 'mine')).toBe('mine');
    const common = {
      connection: rig.native,
      namespace: rig.namespace,
      activities: { ...anaplan.activities, mine: () => Promise.resolve('mine') },
    };
    const workflowBundle = { codePath: resolve(__dirname, '../../.cache/test/workflow-bundle.js') };
    const workers = await Promise.all([
      Worker.create({ ...common, taskQueue: anaplan.taskQueue, workflowBundle }),
      ...anaplan.transferQueues.map((taskQueue) =>
        Worker.create({ ...common, taskQueue, identity: anaplan.identityOn(taskQueue, 'mine') }),
      ),
    ]);
    const running = Promise.all(workers.map((worker) => worker.run()));
    const end = await rig.run('uploadImport', { import: 'Load Products', source: 'products.csv' });
    for (const worker of workers) worker.shutdown();
    await running;
    await anaplan.close();
    expect(end.message).toBeUndefined();
    expect(end.result.outcome).toBe('succeeded');
  });
});
