/**
 * Makes the stored histories anew: every integration through a real server and the sandbox, with a failure, a
 * cancellation, an adopted start and a lock that was waited for.
 *
 * To be run only when workflow code changed before it was released; a released history is kept for ever, and the
 * workflow that cannot replay it has to be patched instead:
 * `RECORD_HISTORIES=1 npx jest test/replay`
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { WithStartWorkflowOperation, type WorkflowHandle } from '@temporalio/client';

import { budgetId, lockId, type BudgetAsk, type BudgetLease } from '../../src/contracts';
import { historyToJSON } from '../support/history-json';
import type { Rig } from '../support/rig';
import { BAD, GOOD, ownRig, stateOf, until } from '../workflows/support';

export const HISTORIES = join(__dirname, 'histories');

const PRODUCTS = 'Code,Name,Category,Launch Date,Active\nP0001,Bread,Bakery,2024-01-15,true\n';

/** Records all histories into {@link HISTORIES}. */
export async function record(): Promise<void> {
  const { rig, close } = await ownRig({
    chunkBytes: 64,
    sandbox: {
      taskDurationMs: 400,
      taskCancelMs: 50,
      model: { viewPages: 3, viewRowsPerPage: 5, exportBytes: 30_000, exportChunkBytes: 100 },
    },
  });
  mkdirSync(HISTORIES, { recursive: true });
  rig.write('good.csv', GOOD);
  rig.write('bad.csv', BAD);
  rig.write('products.csv', PRODUCTS);
  // More than 250 chunks of 64 bytes: two batches.
  rig.write('bulk.csv', 'Key,Value\n'.padEnd(300 * 64, 'k,1\n'));
  try {
    await keepAll(rig, {
      uploadImport: await rig.begin('uploadImport', {
        import: 'Load Bulk',
        source: 'bulk.csv',
        acceptRejections: true,
      }),
      uploadImportRejected: await rig.begin('uploadImport', { import: 'Load Sales', source: 'bad.csv' }),
    });
    await keepAll(rig, {
      exportDownload: await rig.begin('exportDownload', { export: 'Export Bulk', target: 'bulk.out' }),
    });
    await keepAll(rig, {
      processWithDumps: await rig.begin('processWithDumps', {
        process: 'Nightly Load',
        uploads: [
          { file: 'products.csv', source: 'products.csv' },
          { file: 'sales.csv', source: 'bad.csv' },
        ],
        downloads: [{ export: 'Export Sales', target: 'sales.out' }],
        acceptRejections: true,
      }),
    });
    rig.sandbox.failNextReads(1);
    await keepAll(rig, {
      largeViewRead: await rig.begin('largeViewRead', { view: 'Bulk.All', target: 'view.out' }),
    });
    await keepAll(rig, {
      largeListRead: await rig.begin('largeListRead', { list: 'Products', target: 'list.out' }),
      runAction: await rig.begin('runAction', { action: 'Order Products', exclusive: false }),
    });
    await keepAll(rig, {
      uploadFile: await rig.begin('uploadFile', { file: 'sales.csv', source: 'good.csv' }),
    });
    await keepAll(rig, {
      downloadFile: await rig.begin('downloadFile', { file: 'sales.csv', target: 'file.out' }),
    });
    await keepAll(rig, {
      runActionFailed: await rig.begin('runAction', { action: 'Delete Locked Products' }),
    });
    await keepAll(rig, { invalidInput: await rig.begin('runAction', { action: 'nothing like it' }) });
    await adopted(rig);
    await waitedAndCancelled(rig);
    await keep(rig, 'anaplanBudget', await leased(rig));
    await keep(rig, 'anaplanLock', rig.client.workflow.getHandle(lockId(rig.modelId)));
  } finally {
    await close();
  }
  execFileSync(process.execPath, [require.resolve('prettier/bin/prettier.cjs'), '--write', HISTORIES]);
}

/** A budget that two workers have asked, one of them twice. */
async function leased(rig: Rig): Promise<WorkflowHandle> {
  const workflowId = budgetId('recorded');
  for (const worker of ['a', 'b', 'a']) {
    await rig.client.workflow.executeUpdateWithStart<() => Promise<void>, BudgetLease, [BudgetAsk]>('lease', {
      args: [{ worker, want: 'all', used: 0, perMinute: 540 }],
      startWorkflowOperation: new WithStartWorkflowOperation('anaplanBudget', {
        workflowId,
        taskQueue: rig.taskQueue,
        args: [],
        workflowIdConflictPolicy: 'USE_EXISTING',
      }),
    });
  }
  return rig.client.workflow.getHandle(workflowId);
}

async function adopted(rig: Rig): Promise<void> {
  rig.sandbox.faults.add({
    method: 'POST',
    path: '/models/*/actions/*/tasks',
    action: { kind: 'reset', when: 'after-effect' },
  });
  await keepAll(rig, { runActionAdopted: await rig.begin('runAction', { action: 'Order Products' }) });
}

async function waitedAndCancelled(rig: Rig): Promise<void> {
  // However long the machine takes, the holder is at work until the other one was seen to wait.
  const following = rig.sandbox.faults.add({
    method: 'GET',
    path: '/models/*/actions/*/tasks/*',
    occurrence: 'every',
    action: { kind: 'stall', when: 'before' },
  });
  const holder = await rig.begin('runAction', { action: 'Optimize Prices' });
  await until(() => rig.sandbox.tasks('117000000003').length > 0);
  const waiting = await rig.begin('runAction', { action: 'Open Sales Dashboard' });
  await until(async () => (await stateOf(waiting)) === 'waiting for model');
  await holder.cancel();
  rig.sandbox.faults.release(following);
  rig.sandbox.faults.remove(following);
  await keepAll(rig, { runActionCancelled: holder, runActionWaited: waiting });
}

async function keepAll(rig: Rig, runs: Record<string, WorkflowHandle>): Promise<void> {
  for (const [name, handle] of Object.entries(runs)) {
    await rig.ending(handle.workflowId);
    await keep(rig, name, handle);
  }
}

async function keep(rig: Rig, name: string, handle: WorkflowHandle): Promise<void> {
  const json: unknown = JSON.parse(historyToJSON(await handle.fetchHistory()));
  const text = JSON.stringify({ workflowId: handle.workflowId, history: scrubbed(json, rig) });
  writeFileSync(join(HISTORIES, `${name}.json`), text);
}

/** Takes out where a history was made: folders, hosts, process IDs and stack traces, none of which replay looks at. */
function scrubbed(value: unknown, rig: Rig): unknown {
  if (Array.isArray(value)) return value.map((v) => scrubbed(v, rig));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => key !== 'stackTrace')
        .map(([key, v]): [string, unknown] => {
          if (key === 'identity') return [key, 'worker'];
          if (key === 'data' && typeof v === 'string') {
            const plain = Buffer.from(v, 'base64').toString('utf8');
            const clean = withoutPlace(plain, rig);
            return [key, clean === plain ? v : Buffer.from(clean).toString('base64')];
          }
          return [key, scrubbed(v, rig)];
        }),
    );
  }
  return typeof value === 'string' ? withoutPlace(value, rig) : value;
}

function withoutPlace(text: string, rig: Rig): string {
  return text
    .replaceAll(rig.root, '/data')
    .replaceAll(new URL(rig.sandbox.url).host, 'api.example.com')
    .replace(/"stack":"(?:[^"\\]|\\.)*"/g, '"stack":""');
}
