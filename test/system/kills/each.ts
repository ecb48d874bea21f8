/** SIGKILL at random moments while all integrations run: whatever the moment, the end is whole, right and single. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

import { MODELS, SALES_MODEL, type SandboxOptions } from '../../../src/sandbox';
import { bulkCsv, randomOf } from '../../support/content';
import { until } from '../../support/processes';
import { sha256, Tenant, type Ending } from '../../support/tenant';

/** `KILL_SEED=7 npm run test:system -- kills` repeats a failure; `KILL_RUNS=20` looks for one. */
const SEED = Number(process.env['KILL_SEED'] ?? 1);
export const RUNS = Number(process.env['KILL_RUNS'] ?? 2);
const KILLS = 2;

const [, , FORECAST = '', FORECAST2 = '', , CONSOLIDATION = ''] = MODELS.map((m) => m.id);
const SOURCES = {
  sales: readFileSync(join(__dirname, '../../../examples/sales.csv')),
  products: Buffer.from(
    'Code,Name,Category,Launch Date,Active\nP9001,Rye,Bakery,2025-01-15,true\nP9001,Twice,Bakery,,true\n',
  ),
  bulk: bulkCsv(35_000_000),
};
const EXPORT_BULK = '116000000003';
const EXPORT_SALES = '116000000001';
/** The action that is started in each model. */
const STARTED: Readonly<Record<string, string>> = {
  [SALES_MODEL]: '112000000002',
  [FORECAST]: EXPORT_BULK,
  [FORECAST2]: '118000000001',
  [CONSOLIDATION]: '117000000001',
};
const PAGES = 12;
const ROWS = 200;

const OPTIONS: SandboxOptions = {
  taskDurationMs: 3_000,
  model: {
    exportBytes: 6_000_000,
    exportChunkBytes: 500_000,
    dumpChunkBytes: 2_000,
    viewPages: PAGES,
    viewRowsPerPage: ROWS,
    listItems: PAGES * ROWS,
    listRowsPerPage: ROWS,
  },
  // Whatever carries bytes takes its time, so that kills find it under way.
  faults: ['/models/*/files/*/chunks/*', '/models/*/*/*/tasks/*/dump/chunks/*', '/models/**/pages/*'].map(
    (path) => ({ path, occurrence: 'every', action: { kind: 'stall', ms: 300, when: 'before' } }),
  ),
};

/**
 * Somebody has run each action before. Of a list of tasks that is empty before and after a kill nobody could say whether
 * the start had arrived, and the run would rightly say so.
 */
async function runEachBefore({ sandbox }: Tenant): Promise<void> {
  for (const [modelId, action] of Object.entries(STARTED)) sandbox.otherUserStarts(action, { modelId });
  await until('the tasks of before', () =>
    Object.keys(STARTED).every((model) =>
      sandbox.tasks(undefined, model).every((t) => t.state === 'COMPLETE'),
    ),
  );
}

/** Starts one run of each integration; those that hold a model have one each, so that none waits for another. */
async function beginAll(tenant: Tenant) {
  return {
    uploadImport: await tenant.begin('uploadImport', {
      model: SALES_MODEL,
      import: 'Load Sales',
      source: 'sales.csv',
      acceptRejections: true,
    }),
    exportDownload: await tenant.begin('exportDownload', {
      model: FORECAST,
      export: 'Export Bulk',
      target: 'out/export.csv',
    }),
    processWithDumps: await tenant.begin('processWithDumps', {
      model: FORECAST2,
      process: 'Nightly Load',
      uploads: [
        { file: 'products.csv', source: 'products.csv' },
        { file: 'sales.csv', source: 'sales.csv' },
      ],
      downloads: [{ export: 'Export Sales', target: 'out/process.csv' }],
      acceptRejections: true,
    }),
    largeViewRead: await tenant.begin('largeViewRead', {
      model: SALES_MODEL,
      module: 'Bulk',
      view: 'All',
      target: 'out/view.csv',
    }),
    largeListRead: await tenant.begin('largeListRead', {
      model: FORECAST,
      list: 'Bulk Items',
      target: 'out/list.csv',
    }),
    runAction: await tenant.begin('runAction', { model: CONSOLIDATION, action: 'Delete Inactive Products' }),
    uploadFile: await tenant.begin('uploadFile', {
      model: CONSOLIDATION,
      file: 'bulk.csv',
      source: 'bulk.csv',
    }),
    downloadFile: await tenant.begin('downloadFile', {
      model: CONSOLIDATION,
      file: EXPORT_BULK,
      target: 'out/file.csv.gz',
      compress: 'gzip',
    }),
  };
}

type Runs = Awaited<ReturnType<typeof beginAll>>;

/** One round: all integrations side by side, one worker, killed and replaced. */
export async function killedAtRandom(round: number): Promise<void> {
  const seed = SEED + round;
  const random = randomOf(seed);
  const moments: number[] = [];
  const kills: number[] = [];
  try {
    await Tenant.with(OPTIONS, async (tenant) => {
      tenant.write('sales.csv', SOURCES.sales);
      tenant.write('products.csv', SOURCES.products);
      tenant.write('bulk.csv', SOURCES.bulk);
      tenant.sandbox.replaceExport(EXPORT_BULK, { modelId: CONSOLIDATION });
      await runEachBefore(tenant);
      let worker = await tenant.worker();
      const runs = await beginAll(tenant);
      for (let kill = 0; kill < KILLS; kill++) {
        // After a kill nothing goes on until the heartbeats have timed out.
        moments.push((kill === 0 ? 300 : 13_000) + Math.round(random() * 6_000));
        await delay(moments[kill]);
        kills.push(Date.now());
        await worker.killed();
        worker = await tenant.worker();
      }
      const ends = await Promise.all(Object.values(runs).map((id) => tenant.ending(id)));
      const byName = Object.fromEntries(Object.keys(runs).map((name, i) => [name, ends[i]]));
      expectRight(tenant, byName as Record<keyof Runs, Ending>, kills);
    });
  } catch (error) {
    if (error instanceof Error) {
      error.message = `With KILL_SEED=${seed} KILL_RUNS=1, killed after ${moments.join(', ')} ms: ${error.message}`;
    }
    throw error;
  }
}

/** An ID that died with its worker on the way to Temporal is lost: Anaplan lists tasks, but no read requests. */
const LOST_WITH_WORKER_MS = 2_000;

function expectRight(tenant: Tenant, ends: Record<keyof Runs, Ending>, kills: readonly number[]): void {
  const { sandbox } = tenant;
  for (const [name, { result }] of Object.entries(ends)) {
    expect([name, result.outcome, result.failure]).toEqual([
      name,
      expect.stringMatching(/^succeeded/) as string,
      undefined,
    ]);
  }
  const fileOf = (id: string, model: string) => sandbox.files(id, model)?.sha256;

  expect(fileOf('113000000002', SALES_MODEL)).toBe(sha256(SOURCES.sales));
  expect(fileOf('113000000002', FORECAST2)).toBe(sha256(SOURCES.sales));
  expect(fileOf('113000000001', FORECAST2)).toBe(sha256(SOURCES.products));
  expect(fileOf('113000000003', CONSOLIDATION)).toBe(sha256(SOURCES.bulk));
  expect(sha256(tenant.read('out/export.csv'))).toBe(fileOf(EXPORT_BULK, FORECAST));
  expect(sha256(tenant.read('out/process.csv'))).toBe(fileOf(EXPORT_SALES, FORECAST2));
  const stored = tenant.read('out/file.csv.gz');
  expect(sha256(gunzipSync(stored))).toBe(fileOf(EXPORT_BULK, CONSOLIDATION));
  expect(ends.downloadFile.result.transfers[0]?.sha256).toBe(sha256(stored));
  expectEveryRowOnce(tenant.read('out/view.csv'), 'Bulk Items,Regions,Time,Amount,Number', /,(\d+)$/);
  expectEveryRowOnce(tenant.read('out/list.csv'), ',Parent,Code', /,B(\d+)$/);

  for (const model of [SALES_MODEL, FORECAST, FORECAST2, CONSOLIDATION]) {
    // The one of before, and the run's.
    expect(sandbox.tasks(undefined, model)).toHaveLength(2);
    const lost = (at: number) => kills.some((kill) => at <= kill && kill - at < LOST_WITH_WORKER_MS);
    expect(sandbox.openReadRequests(model).filter((read) => !lost(read.createdAt))).toEqual([]);
  }
  const dumps = [ends.uploadImport, ends.processWithDumps].flatMap((end) => end.result.dumps);
  expect(dumps.length).toBeGreaterThan(0);
  for (const dump of dumps) expect(statSync(fileURLToPath(dump.uri)).size).toBeGreaterThan(0);
  expect(tenant.parts()).toEqual([]);
  expect(sandbox.misuse).toEqual([]);
}

/** One header, then every row of every page once and in order: the number at a row's end is its index. */
function expectEveryRowOnce(bytes: Buffer, header: string, number: RegExp): void {
  const lines = bytes.toString('utf8').split('\n');
  expect(lines.pop()).toBe('');
  expect(lines.shift()).toBe(header);
  expect(lines.map((line) => Number(number.exec(line)?.[1]))).toEqual([...Array(PAGES * ROWS).keys()]);
}
