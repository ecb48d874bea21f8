import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { createWorker, loadConfig } from '../../src/worker';
import { testAddress, testNativeConnection } from '../support/namespace';
import type { Rig } from '../support/rig';
import { openChains, runsOf } from '../../src/worker/run-states';
import type { SweepTiming } from '../../src/worker/sweep';
import { ownRig, until } from '../workflows/support';

describe('a worker that starts where another one has left files', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  const lines: string[] = [];
  const sweep: Partial<SweepTiming> = { closedForMs: 200 };
  beforeAll(async () => {
    ({ rig, close } = await ownRig({
      pace: { sweep },
      worker: {
        log: (level, message, fields) => void lines.push(`${level} ${message} ${JSON.stringify(fields)}`),
      },
    }));
  });
  afterAll(() => close());

  const parts = (target: string): string[] =>
    readdirSync(rig.root).filter((name) => name.startsWith(`${target}.`) && name.endsWith('.part'));
  const slowExport = async (target: string, over: object = {}) => {
    rig.sandbox.faults.add({
      method: 'GET',
      path: '/models/*/exports/*/tasks/*',
      action: { kind: 'stall', ms: 3_000, when: 'before' },
    });
    const handle = await rig.begin('exportDownload', { export: 'Export Sales', target, ...over });
    await until(() => parts(target).length > 0);
    return handle;
  };

  /** A run that goes on after a reset, with the worker stopped: it waits, and its file is that of its first run. */
  const resetExport = async (target: string) => {
    // A reset run that must not start its task again would end at once.
    const handle = await slowExport(target, { startAgainIfUnknown: true });
    await rig.stopWorkers();
    const { events } = await handle.fetchHistory();
    const first = events?.find((event) => event.workflowTaskCompletedEventAttributes);
    const { runId } = await rig.client.workflowService.resetWorkflowExecution({
      namespace: rig.namespace,
      workflowExecution: { workflowId: handle.workflowId, runId: handle.firstExecutionRunId },
      workflowTaskFinishEventId: first?.eventId ?? null,
      requestId: target,
      reason: 'test',
    });
    expect(runId).not.toBe(handle.firstExecutionRunId);
    expect(parts(target)).toEqual([`${target}.${handle.firstExecutionRunId}.part`]);
    return handle;
  };
  const terminated = async () => {
    const handle = await rig.begin('exportDownload', { export: 'Export Sales', target: 'nobody.csv' });
    await handle.terminate('test');
    const query = `RunId = '${handle.firstExecutionRunId}' AND ExecutionStatus = 'Terminated'`;
    await until(async () => (await rig.client.workflow.count(query)).count === 1);
    return handle;
  };
  const removed = (): string[] => lines.splice(0).filter((line) => line.includes('left behind'));
  const unknownPart = (name: string): string => {
    const path = join(rig.root, `${name}.00000000-0000-4000-8000-000000000000.part`);
    writeFileSync(path, 'half', { mode: 0o600 });
    return path;
  };

  it('removes those of closed runs and keeps those of open ones, which finish', async () => {
    const dead = await slowExport('dead.csv');
    const [left] = parts('dead.csv');
    await dead.terminate('test');
    const open = await slowExport('open.csv');
    const again = await resetExport('again.csv');
    const unknown = unknownPart('lately.csv');
    expect(parts('open.csv')).toHaveLength(1);

    await rig.startWorker();
    // What is removed is logged a moment later.
    await until(() => lines.some((line) => line.includes('left behind')));
    expect(parts('dead.csv')).toEqual([]);
    expect(removed()).toEqual([
      `info Removed a file that a closed run left behind ${JSON.stringify({
        file: join(rig.root, left ?? ''),
        runId: dead.firstExecutionRunId,
        workflowId: dead.workflowId,
      })}`,
    ]);
    // Waits for the lease of the run before it.
    expect(parts('again.csv')).toHaveLength(1);
    expect(existsSync(unknown)).toBe(true);
    expect((await rig.ending(open.workflowId)).result.outcome).toBe('succeeded');
    expect(existsSync(join(rig.root, 'open.csv'))).toBe(true);
    await again.terminate('test');
  });

  it('removes an old one of an unknown run, and knows the open runs by their first run IDs', async () => {
    const again = await resetExport('kept.csv');
    const dead = await terminated();
    const chains = await openChains(runsOf(rig.native, rig.namespace, new AbortController().signal));
    expect(chains?.has(again.firstExecutionRunId)).toBe(true);
    expect(chains?.has(dead.firstExecutionRunId)).toBe(false);
    const unknown = unknownPart('old.csv');
    sweep.now = () => Date.now() + 8 * 86_400_000;
    await rig.startWorker();
    await until(() => !existsSync(unknown));
    expect(parts('kept.csv')).toHaveLength(1);
    await again.terminate('test');
  });
});

describe('a worker that cannot be made', () => {
  it('leaves no part of it open: its connection can be closed', async () => {
    const env = { ANAPLAN_USER: 'demo@example.com', ANAPLAN_PASSWORD: 'sandbox' };
    const config = loadConfig({ cwd: process.cwd(), env, overrides: { taskQueue: 'never' } });
    const workflowBundle = { codePath: '/nowhere/bundle.js' };
    // One that it made itself, which it closes, and one that it was given.
    await expect(
      createWorker(config, { env, workflowBundle, temporal: { address: testAddress() } }),
    ).rejects.toThrow(/ENOENT.*nowhere/);
    const connection = await testNativeConnection();
    await expect(createWorker(config, { env, workflowBundle, connection })).rejects.toThrow(
      /ENOENT.*nowhere/,
    );
    await connection.close();
  });
});
