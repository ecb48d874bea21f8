import { hostname } from 'node:os';
import { gunzipSync } from 'node:zlib';

import type { Rig } from '../support/rig';
import { activitiesOf, asked, expectClean, hold, ownRig, SALES, sha } from './support';

const BULK = '116000000003';

describe('the other bulk integrations: whole files, single headers, nothing left behind', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ rig, close } = await ownRig({
      chunkBytes: 64 * 1024,
      sandbox: {
        model: { exportBytes: 1_000_000, exportChunkBytes: 50_000, viewPages: 30, viewRowsPerPage: 200 },
      },
    }));
  });
  afterEach(() => expectClean(rig));
  afterAll(() => close());

  describe('exportDownload', () => {
    const run = (over: object = {}) =>
      rig.run('exportDownload', { export: 'Export Bulk', target: 'out/bulk.csv', ...over });

    it('writes exactly what Anaplan wrote', async () => {
      const end = await run();
      const bytes = rig.read('out/bulk.csv');
      expect(end.result).toMatchObject({ outcome: 'succeeded', task: { successful: true } });
      expect(sha(bytes)).toBe(rig.sandbox.files(BULK)?.sha256);
      expect(end.result.transfers).toEqual([
        {
          name: 'Export Bulk',
          uri: `file://${rig.root}/out/bulk.csv`,
          host: hostname(),
          bytes: bytes.length,
          chunks: 20,
          sha256: sha(bytes),
        },
      ]);
    });

    it('writes gzip where asked, with the digest of the stored bytes', async () => {
      const end = await run({ target: 'out/bulk.csv.gz', compress: 'gzip' });
      const stored = rig.read('out/bulk.csv.gz');
      expect(sha(gunzipSync(stored))).toBe(rig.sandbox.files(BULK)?.sha256);
      expect(end.result.transfers[0]).toMatchObject({ bytes: stored.length, sha256: sha(stored) });
    });

    it('writes what Anaplan sends for no rows', async () => {
      const end = await run({ export: 'Export Empty', target: 'empty.csv' });
      expect(end.result.outcome).toBe('succeeded');
      expect(rig.read('empty.csv').toString()).toBe('Product,Region,Month,Units,Revenue,Last Order\n');
    });

    it('reads again, and says so, when somebody runs the export meanwhile', async () => {
      const held = hold(rig, { path: `/models/*/files/${BULK}/chunks/9` });
      const body = rig.run('exportDownload', { export: 'Export Bulk', target: 'mixed.csv' });
      await held.came();
      const other = rig.sandbox.otherUserStarts(BULK);
      await held.letGo();
      const end = await body;
      rig.sandbox.faults.clear();
      expect(end.result.outcome).toBe('succeeded');
      expect(end.result.warnings?.join()).toMatch(
        new RegExp(`another run of export "Export Bulk" \\(task ${other}\\).*read again`),
      );
      expect(sha(rig.read('mixed.csv'))).toBe(rig.sandbox.files(BULK)?.sha256);
    });

    it('refuses a target it could not write before the export is run', async () => {
      const before = rig.sandbox.tasks().length;
      const end = await run({ target: '../outside.csv' });
      expect(end.type).toBe('InvalidInput');
      expect(rig.sandbox.tasks()).toHaveLength(before);
    });
  });

  describe('large reads', () => {
    it('merges the pages of a view under one header', async () => {
      const end = await rig.run('largeViewRead', { module: 'Bulk', view: 'All', target: 'view.csv' });
      const lines = rig.read('view.csv').toString().trimEnd().split('\n');
      expect(lines).toHaveLength(30 * 200 + 1);
      expect(new Set(lines).size).toBe(lines.length);
      expect(end.result.transfers[0]).toMatchObject({
        name: 'Bulk.All',
        rows: 6000,
        pages: 30,
        chunks: 30,
        sha256: sha(rig.read('view.csv')),
      });
      expect(asked(rig, 'DELETE', /readRequests/)).toBe(1);
    });

    it.each(['Bulk.All', '206000000002', "Sales.'Plan/Actual'", 'Sales.Plan/Actual'])(
      'finds the view %s',
      async (view) =>
        expect((await rig.run('largeViewRead', { view, target: 'v.csv' })).result.outcome).toBe('succeeded'),
    );

    it('reads a list, compressed', async () => {
      const end = await rig.run('largeListRead', {
        list: 'Bulk Items',
        target: 'list.csv.gz',
        compress: true,
      });
      expect(end.result.transfers[0]).toMatchObject({ rows: 5000, pages: 5 });
      expect(gunzipSync(rig.read('list.csv.gz')).toString().trimEnd().split('\n')).toHaveLength(5001);
    });

    it('begins again, and says so, when Anaplan could not finish or lost the read', async () => {
      rig.sandbox.failNextReads(1);
      const end = await rig.run('largeViewRead', { view: 'Bulk.All', target: 'again.csv' });
      expect(end.result).toMatchObject({ outcome: 'succeeded', transfers: [{ rows: 6000 }] });
      expect(end.result.warnings).toEqual(['Anaplan could not finish the read; the read was begun again']);
    });

    it('fails as ReadRequestFailed after three, and leaves neither request nor file', async () => {
      rig.sandbox.failNextReads(3);
      const end = await rig.run('largeListRead', { list: 'Bulk Items', target: 'never.csv' });
      expect(end.type).toBe('ReadRequestFailed');
      expect(end.message).toContain('failed 3 times');
      expect(() => rig.read('never.csv')).toThrow(/ENOENT/);
    });
  });

  describe('runAction', () => {
    it.each([
      ['Order Products', 'succeeded'],
      ['117000000001', 'succeeded'],
      ['Products from Consolidation', 'succeeded'],
      ['Export Sales', 'succeeded'],
      ['Housekeeping', 'succeeded'],
    ])('runs %s', async (action, outcome) => {
      const end = await rig.run('runAction', { action });
      expect([end.message, end.result.outcome]).toEqual([undefined, outcome]);
      expect(end.result.transfers).toEqual([]);
    });

    it('says what Anaplan said when an action failed', async () => {
      const end = await rig.run('runAction', { action: 'Delete Locked Products' });
      expect(end.type).toBe('ActionFailed');
      expect(end.result.failure).toMatchObject({ code: 'deleteFromSelectionFailed', effects: 'none' });
      expect(end.message).toMatch(
        /^Action "Delete Locked Products" \(117000000005\) failed: \w.*Check if the list is set up correctly\.$/,
      );
    });
  });

  it('uploadFile, then downloadFile gives the same bytes', async () => {
    rig.write('sales.csv', SALES);
    const up = await rig.run('uploadFile', { file: 'sales.csv', source: 'sales.csv' });
    expect(up.result).toMatchObject({
      outcome: 'succeeded',
      transfers: [{ bytes: SALES.length, sha256: sha(SALES) }],
    });
    expect(up.result.task).toBeUndefined();
    const down = await rig.run('downloadFile', { file: 'sales.csv', target: 'copy.csv' });
    expect(down.result.outcome).toBe('succeeded');
    expect(sha(rig.read('copy.csv'))).toBe(sha(SALES));
    // Neither starts anything, so neither keeps others from the model.
    const names = await activitiesOf(rig.client.workflow.getHandle(down.workflowId));
    expect(names.filter((n) => n === 'anaplan.askLock')).toHaveLength(1);
  });
});
