import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { Rig } from '../support/rig';
import { asked, BAD, expectClean, ownRig, sha } from './support';

const PRODUCTS =
  'Code,Name,Category,Launch Date,Active\nP0001,Bread,Bakery,2024-01-15,true\nP7777,New,Bakery,2024-01-15,true\n,No key,Bakery,2024-01-15,true\n';

describe('processWithDumps: not atomic, so every step is reported and every dump kept', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ rig, close } = await ownRig());
  });
  afterAll(() => close());
  beforeEach(() => {
    rig.sandbox.reset();
    rig.write('products.csv', PRODUCTS);
    rig.write('sales.csv', BAD);
  });
  afterEach(() => expectClean(rig));
  const uploads = [
    { file: 'products.csv', source: 'products.csv' },
    { file: 'sales.csv', source: 'sales.csv' },
  ];
  const nightly = (over: object = {}) =>
    rig.run('processWithDumps', { process: 'Nightly Load', uploads, ...over });

  it('uploads, runs, keeps a dump for each import and downloads what the process wrote', async () => {
    const end = await nightly({
      acceptRejections: { 'Load Products': 1, 'Load Sales': 2 },
      downloads: [{ export: 'Export Sales', target: 'nightly.csv' }],
    });
    expect(end.result).toMatchObject({
      outcome: 'succeededWithRejections',
      task: {
        successful: true,
        nested: [
          { name: 'Load Products', rows: { rejected: 1 } },
          { name: 'Load Sales', rows: { rejected: 2 } },
          { name: 'Export Sales' },
          { name: 'Delete Inactive Products' },
        ],
      },
    });
    expect(end.result.dumps.map((d) => [d.objectId, d.action, d.rows])).toEqual([
      ['112000000001', 'Load Products', 1],
      ['112000000002', 'Load Sales', 2],
    ]);
    for (const dump of end.result.dumps)
      expect(readFileSync(fileURLToPath(dump.uri), 'utf8')).toContain('_Status_');
    expect(end.result.transfers.map((t) => t.name)).toEqual(['products.csv', 'sales.csv', 'Export Sales']);
    expect(sha(rig.read('nightly.csv'))).toBe(rig.sandbox.files('116000000001')?.sha256);
    expect(rig.sandbox.tasks('118000000001')).toHaveLength(1);
    expect(end.result.filesNotUploaded).toBeUndefined();
  });

  it('names the one action that rejected more than was accepted', async () => {
    const end = await nightly({ acceptRejections: { 'Load Products': true, '*': 1 } });
    expect(end.type).toBe('RowsRejected');
    expect(end.message).toContain('rejected 2 rows of "Load Sales" (1 accepted)');
    expect(end.message).not.toContain('of "Load Products"');
    expect(end.result.dumps).toHaveLength(2);
  });

  it('says which step failed, which were applied before it, and which did not run', async () => {
    rig.write('prices.csv', 'Code,Price\nP0001,1\n');
    const end = await rig.run('processWithDumps', {
      process: 'Failing Load',
      uploads,
      acceptRejections: true,
    });
    expect(end.type).toBe('ActionFailed');
    expect(end.message).toMatch(
      /^Process "Failing Load" \(118000000002\) failed\. "Load Price List" failed: /,
    );
    expect(end.message).toContain('Already applied: "Load Products".');
    expect(end.message).toContain('Did not run: "Load Sales", "Delete Inactive Products".');
    expect(end.result).toMatchObject({
      failure: { effects: 'applied' },
      dumps: [{ action: 'Load Products', rows: 1 }],
      filesNotUploaded: ['Load Price List'],
    });
  });

  it('does not download an export that the process did not write', async () => {
    const end = await rig.run('processWithDumps', {
      process: 'Housekeeping',
      downloads: [{ export: 'Export Sales', target: 'x.csv' }],
    });
    expect(end.type).toBe('InvalidInput');
    expect(end.message).toMatch(
      /downloads: export "Export Sales" .* is not an action of process "Housekeeping"/,
    );
    expect(rig.sandbox.tasks()).toEqual([]);
  });

  it('lists the file imports that got no upload: Anaplan loads what it had before', async () => {
    const before = await nightly({ acceptRejections: true });
    expect(before.result.filesNotUploaded).toBeUndefined();
    const end = await nightly({ uploads: [uploads[1]], acceptRejections: true });
    expect(end.result.filesNotUploaded).toEqual(['Load Products']);
    expect(end.result.outcome).toBe('succeededWithRejections');
  });

  it('refuses under requireUploads, before anything is sent', async () => {
    const end = await nightly({ uploads: [uploads[1]], requireUploads: true });
    expect(end.type).toBe('InvalidInput');
    expect(end.message).toMatch(
      /requireUploads is set, and "Load Products" of process "Nightly Load" got no upload/,
    );
    expect(asked(rig, 'PUT', /./) + rig.sandbox.tasks().length).toBe(0);
  });

  it('refuses two uploads to one file under two names', async () => {
    const end = await nightly({ uploads: [uploads[1], { file: '113000000002', source: 'products.csv' }] });
    expect(end.type).toBe('InvalidInput');
    expect(end.message).toMatch(/file "sales\.csv" \(113000000002\) is named twice/);
  });
});
