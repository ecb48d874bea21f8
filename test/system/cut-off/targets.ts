/** A worker that is cut off from Temporal while it writes a target: the other one's bytes stay as they are. */
import { statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

import type { SandboxOptions } from '../../../src/sandbox';
import { CHUNK, sha256, type Tenant } from '../../support/tenant';
import { withSides } from './sides';

const EXPORT_BULK = '116000000003';
const PAGES = 50;
const ROWS = 40;

/** Each request to such a path takes so long: 30 s and more for the whole, past any time-out. */
const slow = (path: string, ms: number): NonNullable<SandboxOptions['faults']> => [
  { path, occurrence: 'every', action: { kind: 'stall', ms, when: 'before' } },
];

/** Cut off after a few pieces; the other one ends what was begun, and the first one is silent from then on. */
function cutInTarget(
  options: SandboxOptions,
  begin: (tenant: Tenant) => Promise<string>,
  arrival: (tenant: Tenant) => Promise<void>,
  expectWhole: (tenant: Tenant) => void,
): Promise<void> {
  return withSides(options, async ({ tenant, first, cut }) => {
    const id = await begin(tenant);
    await arrival(tenant);
    const second = await cut();
    await second.sends();
    const then = first.sent;
    tenant.sandbox.faults.clear();
    const end = await tenant.ending(id);
    expect(end.result).toMatchObject({ outcome: expect.stringMatching(/^succeeded/) as string });
    expect(first.sent).toBe(then);
    expectWhole(tenant);
    first.temporal.restore();
    await delay(3_000);
    expectWhole(tenant);
    expect(tenant.parts()).toEqual([]);
    expect(tenant.sandbox.openReadRequests()).toEqual([]);
    expect(tenant.sandbox.misuse).toEqual([]);
    for (const dump of end.result.dumps) expect(statSync(fileURLToPath(dump.uri)).size).toBeGreaterThan(0);
  });
}

const exported: SandboxOptions['model'] = { exportBytes: 25_000_000, exportChunkBytes: 500_000 };
const stored = (tenant: Tenant) => tenant.sandbox.files(EXPORT_BULK)?.sha256;

export const inExport = () =>
  cutInTarget(
    { model: exported, faults: slow('/models/*/files/*/chunks/*', 700) },
    (tenant) => tenant.begin('exportDownload', { export: 'Export Bulk', target: 'out/bulk.csv' }),
    (tenant) => tenant.arrival('GET', CHUNK, 4),
    (tenant) => {
      expect(sha256(tenant.read('out/bulk.csv'))).toBe(stored(tenant));
      expect(tenant.sandbox.tasks()).toHaveLength(1);
    },
  );

export const inDownload = () =>
  cutInTarget(
    { model: exported, faults: slow('/models/*/files/*/chunks/*', 700) },
    async (tenant) => {
      tenant.sandbox.replaceExport(EXPORT_BULK);
      return tenant.begin('downloadFile', { file: EXPORT_BULK, target: 'out/file.csv.gz', compress: 'gzip' });
    },
    (tenant) => tenant.arrival('GET', CHUNK, 4),
    (tenant) => expect(sha256(gunzipSync(tenant.read('out/file.csv.gz')))).toBe(stored(tenant)),
  );

export const inPages = () =>
  cutInTarget(
    { model: { viewPages: PAGES, viewRowsPerPage: ROWS }, faults: slow('/models/**/pages/*', 700) },
    (tenant) => tenant.begin('largeViewRead', { module: 'Bulk', view: 'All', target: 'out/view.csv' }),
    async (tenant) => {
      const pages = () => tenant.sandbox.record.filter((r) => r.path.includes('/pages/')).length;
      while (pages() < 4) await delay(50);
    },
    (tenant) => {
      const lines = tenant.read('out/view.csv').toString('utf8').split('\n');
      expect(lines.pop()).toBe('');
      expect(lines.slice(1).map((line) => Number(/,(\d+)$/.exec(line)?.[1]))).toEqual([
        ...Array(PAGES * ROWS).keys(),
      ]);
    },
  );

const PRODUCTS =
  'Code,Name,Category,Launch Date,Active\nP9001,Rye,Bakery,2025-01-15,true\nP9001,Twice,Bakery,,true\n';
const SALES = `Product,Region,Month,Units,Revenue,Last Order\n${'P9999,NA,Jan 25,1,1.00,2026-03-06\n'.repeat(300)}`;

/** In a dump of a process: the dump is whole, the process ran once. */
export const inDump = () =>
  cutInTarget(
    { model: { dumpChunkBytes: 1_000 }, faults: slow('/models/*/*/*/tasks/*/dump*/**/chunks/*', 700) },
    async (tenant) => {
      tenant.write('products.csv', PRODUCTS);
      tenant.write('sales.csv', SALES);
      return tenant.begin('processWithDumps', {
        process: 'Nightly Load',
        uploads: [
          { file: 'products.csv', source: 'products.csv' },
          { file: 'sales.csv', source: 'sales.csv' },
        ],
        acceptRejections: true,
      });
    },
    async (tenant) => {
      const chunks = () => tenant.sandbox.record.filter((r) => /\/dump.*\/chunks\//.test(r.path)).length;
      while (chunks() < 2) await delay(50);
    },
    (tenant) => expect(tenant.sandbox.tasks()).toHaveLength(1),
  );
