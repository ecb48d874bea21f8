import { randomUUID } from 'node:crypto';

import { Client, WithStartWorkflowOperation, WorkflowUpdateFailedError } from '@temporalio/client';
import { Worker, type NativeConnection } from '@temporalio/worker';

import type { BudgetAsk, BudgetLease, BudgetView } from '../../src/contracts';
import { installRuntime, WorkerLogger } from '../../src/worker';
import { ownNamespace, testConnection, testNativeConnection } from '../support/namespace';
import { bundleWith } from './support';

describe('the budget of a tenant, asked by its workers', () => {
  let client: Client;
  let native: NativeConnection;
  let namespace: string;
  beforeAll(async () => {
    installRuntime(new WorkerLogger('text', 'ERROR', () => undefined));
    namespace = await ownNamespace([]);
    client = new Client({ connection: await testConnection(), namespace });
    native = await testNativeConnection();
  });
  afterAll(async () => {
    await client.connection.close();
    await native.close();
  });

  async function withBudget(
    constants: Record<string, string | number>,
    body: (o: {
      ask: (worker: string, over?: object) => Promise<BudgetLease>;
      workflowId: string;
    }) => Promise<void>,
  ): Promise<void> {
    const taskQueue = `budget-${randomUUID().slice(0, 8)}`;
    const workflowId = `anaplan-budget:${randomUUID()}`;
    const worker = await Worker.create({
      connection: native,
      namespace,
      taskQueue,
      workflowBundle: { code: bundleWith(constants) },
    });
    const ask = (name: string, over: object = {}): Promise<BudgetLease> =>
      client.workflow.executeUpdateWithStart<() => Promise<void>, BudgetLease, [BudgetAsk]>('lease', {
        args: [{ worker: name, want: 'all', used: 0, perMinute: 540, ...over }],
        startWorkflowOperation: new WithStartWorkflowOperation('anaplanBudget', {
          workflowId,
          taskQueue,
          args: [],
          workflowIdConflictPolicy: 'USE_EXISTING',
        }),
      });
    await worker.runUntil(() => body({ ask, workflowId }));
  }

  test('it answers at once, and shows who has what', () =>
    withBudget({}, async ({ ask, workflowId }) => {
      const first = await ask('a');
      expect(first.perMinute).toBeGreaterThan(490);
      const handle = client.workflow.getHandle(workflowId);
      const second = await ask('b');
      expect(first.perMinute + second.perMinute).toBeLessThanOrEqual(540);
      const view = await handle.query<BudgetView>('state');
      expect(view).toMatchObject({ configured: 540, members: [{ worker: 'a' }, { worker: 'b' }] });
      await handle.terminate();
    }));

  test('it ends by itself some time after the last lease, and the next one to ask begins anew', () =>
    withBudget({ LEASE_MS: 1_500, MINUTE: 1_500 }, async ({ ask, workflowId }) => {
      await ask('a');
      await client.workflow.getHandle(workflowId).result();
      expect(await ask('b')).toMatchObject({ fresh: true });
    }));

  test('what is no ask is refused without a word in the history, and a cancellation ends no lease', () =>
    withBudget({}, async ({ ask, workflowId }) => {
      await ask('a');
      const handle = client.workflow.getHandle(workflowId);
      const length = async (): Promise<number> => (await handle.describe()).historyLength;
      const before = await length();
      for (const wanted of [null, 7, [], {}, { worker: 'a' }]) {
        await expect(handle.executeUpdate('lease', { args: [wanted] })).rejects.toThrow(
          WorkflowUpdateFailedError,
        );
      }
      expect(await length()).toBe(before);
      await handle.cancel();
      expect((await ask('a')).perMinute).toBeGreaterThan(490);
      await handle.terminate();
    }));

  test('continuing as new loses no lease', () =>
    withBudget({ MAX_UPDATES: 3 }, async ({ ask, workflowId }) => {
      const got = await ask('a', { want: 100 });
      for (const name of ['b', 'c', 'd', 'e']) {
        // One that meets the end of a run is sent again, as a worker does.
        for (let tries = 0; ; tries++) {
          try {
            await ask(name, { want: 60 });
            break;
          } catch (error) {
            if (!(error instanceof WorkflowUpdateFailedError) || tries > 20) throw error;
          }
        }
      }
      const handle = client.workflow.getHandle(workflowId);
      const view = await handle.query<BudgetView>('state');
      expect(view.members.map(({ worker }) => worker).sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
      expect(view.members.find(({ worker }) => worker === 'a')?.perMinute).toBe(got.perMinute);
      expect(view.leased).toBeLessThanOrEqual(540);
      await handle.terminate();
    }));
});
