/** Sources that cannot be uploaded, and one that changes on the way. Nothing is loaded from any of them. */
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import type { IntegrationResult } from '../../src/contracts';
import { SALES_MODEL } from '../../src/sandbox';
import { bulkCsv } from '../support/content';
import { killAll } from '../support/processes';
import { CHUNK, sha256, Tenant } from '../support/tenant';

const BULK_FILE = '113000000003';
/** A zip of one empty directory: its signature is what counts. */
const ZIP = Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(60)]);

let tenant: Tenant;
let outside: string;
beforeAll(async () => {
  tenant = await Tenant.open();
  outside = mkdtempSync(join(tmpdir(), 'anaplan-outside-'));
  await tenant.worker();
}, 240_000);
afterAll(async () => {
  killAll();
  await tenant.close();
  rmSync(outside, { recursive: true, force: true });
});

async function upload(source: string): Promise<{ exit: number | null; result: IntegrationResult }> {
  const ran = await tenant.cli([
    ...['upload-import', '--model', SALES_MODEL, '--import', 'Load Bulk', '--source', source, '-o', 'json'],
  ]);
  return { exit: ran.exit, result: JSON.parse(ran.stdout) as IntegrationResult };
}

test('a source that cannot be uploaded is refused before anything in Anaplan changes', async () => {
  mkdirSync(join(tenant.root, 'folder'));
  writeFileSync(join(outside, 'secret.csv'), 'Key,Value\n1,2\n');
  symlinkSync(join(outside, 'secret.csv'), join(tenant.root, 'link.csv'));
  symlinkSync(outside, join(tenant.root, 'linked-folder'));
  tenant.write('empty.csv', '');
  tenant.write('empty.csv.gz', gzipSync(''));
  tenant.write('archive.zip', ZIP);
  tenant.write('disguised.csv', ZIP);
  const cases: [string, number, string][] = [
    ['missing.csv', 8, 'SourceNotFound'],
    ['folder', 2, 'InvalidInput'],
    ['empty.csv', 8, 'SourceEmpty'],
    ['empty.csv.gz', 8, 'SourceEmpty'],
    ['archive.zip', 2, 'InvalidInput'],
    ['disguised.csv', 2, 'InvalidInput'],
    [join(outside, 'secret.csv'), 2, 'InvalidInput'],
    ['../secret.csv', 2, 'InvalidInput'],
    ['link.csv', 2, 'InvalidInput'],
    ['linked-folder/secret.csv', 2, 'InvalidInput'],
    ['s3://bucket/key.csv', 2, 'InvalidInput'],
  ];
  const ends = await Promise.all(cases.map(([source]) => upload(source)));
  const seen = ends.map((end, i) => [cases[i]?.[0], end.exit, end.result.failure?.type]);
  expect(seen).toEqual(cases);
  for (const { result } of ends) {
    expect(result).toMatchObject({ outcome: 'failed', failure: { effects: 'none' }, transfers: [] });
    expect(result.failure?.message).not.toMatch(/ENOENT|EISDIR|at Object/);
  }
  const changing = tenant.sandbox.record.filter((r) => r.method !== 'GET' && !r.path.startsWith('/token/'));
  expect(changing).toEqual([]);
  expect(tenant.sandbox.misuse).toEqual([]);
}, 240_000);

test('a .gz is decompressed on the way, a cut one is an error; a changed source is one, too', async () => {
  const content = bulkCsv(24_000_000);
  tenant.write('bulk.csv.gz', gzipSync(content, { level: 1 }));
  const whole = await upload('bulk.csv.gz');
  expect(whole).toMatchObject({ exit: 0, result: { outcome: 'succeeded', transfers: [{ chunks: 3 }] } });
  expect(whole.result.transfers[0]?.sha256).toBe(sha256(tenant.read('bulk.csv.gz')));
  expect(tenant.sandbox.files(BULK_FILE)).toMatchObject({ sha256: sha256(content), completed: true });

  const tasks = tenant.sandbox.tasks().length;
  tenant.write('cut.csv.gz', gzipSync(content, { level: 1 }).subarray(0, 1_000_000));
  const cut = await upload('cut.csv.gz');
  expect(cut).toMatchObject({ exit: 8, result: { failure: { type: 'TransferCorrupt', effects: 'none' } } });

  tenant.sandbox.faults.add({
    method: 'PUT',
    path: '/models/*/files/*/chunks/*',
    occurrence: 'every',
    action: { kind: 'stall', ms: 1_000, when: 'before' },
  });
  tenant.write('bulk.csv', content);
  const before = tenant.asked('PUT', CHUNK).length;
  const changing = upload('bulk.csv');
  await tenant.arrival('PUT', CHUNK, before + 1);
  appendFileSync(join(tenant.root, 'bulk.csv'), 'K,one row more\n');
  expect(await changing).toMatchObject({
    exit: 8,
    result: {
      failure: {
        type: 'SourceChanged',
        effects: 'none',
        message: expect.stringContaining('bulk.csv') as string,
      },
    },
  });

  // The same length, written again: only the time tells.
  const again = tenant.asked('PUT', CHUNK).length;
  tenant.write('bulk.csv', content);
  const touched = upload('bulk.csv');
  await tenant.arrival('PUT', CHUNK, again + 1);
  utimesSync(join(tenant.root, 'bulk.csv'), new Date(), new Date(Date.now() + 2_000));
  expect(await touched).toMatchObject({ exit: 8, result: { failure: { type: 'SourceChanged' } } });
  expect(tenant.sandbox.tasks()).toHaveLength(tasks);
  expect(tenant.sandbox.misuse).toEqual([]);
}, 240_000);
