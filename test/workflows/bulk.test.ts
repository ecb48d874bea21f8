import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { join } from 'node:path';

import { Rig } from '../support/rig';

const SALES = readFileSync(join(__dirname, '../../examples/sales.csv'));
const sha = (b: Buffer) => createHash('sha256').update(b).digest('hex');

describe('the other bulk integrations', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await Rig.start({
      chunkBytes: 64 * 1024,
      sandbox: { model: { exportBytes: 3_000_000, exportChunkBytes: 100_000, viewPages: 30, viewRowsPerPage: 200 } },
    });
  });
  afterAll(async () => {
    expect(readdirSync(rig.root).filter((f) => f.endsWith('.part'))).toEqual([]);
    expect(rig.sandbox.openReadRequests()).toEqual([]);
    console.log(rig.sandbox.misuse);
    await rig.close();
  });

  it('exportDownload', async () => {
    const end = await rig.run('exportDownload', { export: 'Export Bulk', target: 'out/bulk.csv' });
    expect(end.message).toBeUndefined();
    const bytes = rig.read('out/bulk.csv');
    expect(end.result.transfers[0]).toMatchObject({ bytes: bytes.length, sha256: sha(bytes), chunks: 30 });
  });

  it('exportDownload compressed', async () => {
    const end = await rig.run('exportDownload', { export: 'Export Bulk', target: 'out/bulk.csv.gz', compress: 'gzip' });
    expect(end.message).toBeUndefined();
    expect(gunzipSync(rig.read('out/bulk.csv.gz')).length).toBeGreaterThan(2_900_000);
  });

  it('exportDownload of no rows', async () => {
    const end = await rig.run('exportDownload', { export: 'Export Empty', target: 'empty.csv' });
    expect(end.message).toBeUndefined();
    expect(rig.read('empty.csv').toString()).toBe('Product,Region,Month,Units,Revenue,Last Order\n');
  });

  it('largeViewRead', async () => {
    const end = await rig.run('largeViewRead', { module: 'Bulk', view: 'All', target: 'view.csv' });
    expect(end.message).toBeUndefined();
    const lines = rig.read('view.csv').toString().trimEnd().split('\n');
    expect(lines.length).toBe(30 * 200 + 1);
    expect(new Set(lines).size).toBe(lines.length);
    expect(end.result.transfers[0]).toMatchObject({ rows: 6000, pages: 30 });
  });

  it('largeListRead', async () => {
    const end = await rig.run('largeListRead', { list: 'Bulk Items', target: 'list.csv' });
    expect(end.message).toBeUndefined();
    expect(end.result.transfers[0]).toMatchObject({ rows: 5000, pages: 5 });
  });

  it('runAction', async () => {
    const end = await rig.run('runAction', { action: 'Order Products' });
    expect(end.message).toBeUndefined();
    const failed = await rig.run('runAction', { action: 'Delete Locked Products' });
    expect(failed.type).toBe('ActionFailed');
    console.log(failed.message);
  });

  it('uploadFile, then downloadFile gives the same bytes', async () => {
    rig.write('sales.csv', SALES);
    const up = await rig.run('uploadFile', { file: 'sales.csv', source: 'sales.csv' });
    expect(up.message).toBeUndefined();
    const down = await rig.run('downloadFile', { file: 'sales.csv', target: 'copy.csv' });
    expect(down.message).toBeUndefined();
    expect(sha(rig.read('copy.csv'))).toBe(sha(SALES));
  });

  it('processWithDumps', async () => {
    rig.write('sales.csv', SALES);
    const end = await rig.run('processWithDumps', {
      process: 'Nightly Load',
      uploads: [{ file: 'sales.csv', source: 'sales.csv' }],
      downloads: [{ export: 'Export Sales', target: 'nightly.csv' }],
      acceptRejections: true,
    });
    console.log(JSON.stringify(end, null, 1));
    const failing = await rig.run('processWithDumps', { process: 'Failing Load', acceptRejections: true });
    console.log(JSON.stringify(failing, null, 1));
  });
});
