import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import type { FaultAction } from '../../src/sandbox';
import type { Rig } from '../support/rig';
import { asked, BAD, expectClean, GOOD, ownRig, sha } from './support';

type Edit = NonNullable<Extract<FaultAction, { kind: 'edit' }>['set']>;

const BULK = '116000000003';
/** What the tenant below writes: whole rows up to 40,000 bytes. */
const BYTES = 39_913;
const PRODUCTS = 'Code,Name,Category,Launch Date,Active\nP0001,Bread,Bakery,2024-01-15,true\n';
const OLD = 'yesterday\n';

describe('nothing is not a success: an empty answer never replaces a good file', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ rig, close } = await ownRig({
      // The waits for a body that stays empty are long.
      timing: { retryScale: 0.001 },
      sandbox: { model: { exportBytes: 40_000, exportChunkBytes: 10_000 } },
    }));
  });
  afterAll(() => close());
  beforeEach(() => {
    rig.sandbox.reset();
    rig.write('out.csv', OLD);
  });
  afterEach(() => {
    rig.sandbox.faults.clear();
    expectClean(rig);
  });

  const edit = (path: string, set: Edit) =>
    rig.sandbox.faults.add({ method: 'GET', path, occurrence: 'every', action: { kind: 'edit', set } });
  const answer = (path: string, body = '') =>
    rig.sandbox.faults.add({
      method: 'GET',
      path,
      occurrence: 'every',
      action: { kind: 'status', status: 200, body },
    });
  const noChunks = () => edit('/models/*/files/*/chunks', { chunks: [], 'meta.paging.totalSize': 0 });
  const wrote = (fileSize: string, place = 'task.result') =>
    edit('**/tasks/*', {
      [`${place}.details`]: [{ type: 'exportSucceeded', values: ['exportName', 'x', 'fileSize', fileSize] }],
    });
  const saysNoSize = () => edit('**/tasks/*', { 'task.result.details': [] });
  const exported = (over: object = {}) =>
    rig.run('exportDownload', { export: 'Export Bulk', target: 'out.csv', ...over });
  const downloaded = (over: object = {}) => {
    rig.sandbox.replaceExport(BULK);
    return rig.run('downloadFile', { file: BULK, target: 'out.csv', ...over });
  };
  const untouched = () => expect(rig.read('out.csv').toString()).toBe(OLD);

  describe('a file without chunks', () => {
    it('that Anaplan gives whole is downloaded whole', async () => {
      noChunks();
      for (const end of [await exported(), await downloaded()]) {
        expect(end.result).toMatchObject({ outcome: 'succeeded', transfers: [{ bytes: BYTES }] });
        expect(sha(rig.read('out.csv'))).toBe(rig.sandbox.files(BULK)?.sha256);
      }
      await downloaded({ target: 'out.csv.gz', compress: true });
      expect(sha(gunzipSync(rig.read('out.csv.gz')))).toBe(rig.sandbox.files(BULK)?.sha256);
    });

    it.each([200, 404])(
      'that Anaplan does not give whole either (%p) is NotFound, and the target stays',
      async (status) => {
        noChunks();
        saysNoSize();
        rig.sandbox.faults.add({
          method: 'GET',
          path: '/models/*/files/*',
          occurrence: 'every',
          action: { kind: 'status', status, body: '' },
        });
        for (const end of [await downloaded(), await exported({ compress: true })]) {
          expect(end.type).toBe('NotFound');
          expect(end.message).toMatch(/has no content.*Nothing was written\. Upload it, or run the export/);
          expect(end.result.failure?.effects).toBe('none');
          untouched();
        }
      },
    );

    it('is TransferCorrupt where the export says that it wrote some', async () => {
      noChunks();
      answer('/models/*/files/*');
      const end = await exported();
      expect(end.type).toBe('TransferCorrupt');
      expect(end.message).toContain(`although Anaplan says that ${BYTES} bytes were written`);
      untouched();
    });

    it('is right where the export says that it wrote no byte: an empty target, a valid gzip, and a warning', async () => {
      noChunks();
      wrote('0');
      const end = await exported();
      expect(end.result).toMatchObject({ outcome: 'succeeded', transfers: [{ bytes: 0, sha256: sha('') }] });
      expect(end.result.warnings).toEqual(['export "Export Bulk" wrote no byte, so its target is empty']);
      expect(rig.read('out.csv')).toHaveLength(0);
      expect(asked(rig, 'GET', /files\/116000000003$/)).toBe(0);
      const zipped = await exported({ target: 'out.csv.gz', compress: true });
      expect(gunzipSync(rig.read('out.csv.gz'))).toHaveLength(0);
      expect(zipped.result.transfers[0]).toMatchObject({ bytes: rig.read('out.csv.gz').length });
    });
  });

  describe('a chunk without a byte', () => {
    it.each([false, true])('is TransferCorrupt, compressed %p, and the target stays', async (compress) => {
      saysNoSize();
      answer('/models/*/files/*/chunks/*');
      edit('/models/*/files/*/chunks', {
        chunks: [{ id: '0', name: 'Chunk 0' }],
        'meta.paging.totalSize': 1,
      });
      const end = compress ? await downloaded({ compress }) : await exported();
      expect(end.type).toBe('TransferCorrupt');
      expect(end.message).toContain('an existing target stays as it is');
      untouched();
    });

    it('is right where the export says that it wrote no byte', async () => {
      wrote('0');
      answer('/models/*/files/*/chunks/*');
      edit('/models/*/files/*/chunks', {
        chunks: [{ id: '0', name: 'Chunk 0' }],
        'meta.paging.totalSize': 1,
      });
      expect((await exported()).result).toMatchObject({ outcome: 'succeeded', transfers: [{ bytes: 0 }] });
    });
  });

  describe('an error page or a list with a hole', () => {
    const CHUNK = '/models/*/files/*/chunks/1';
    const LIST = '/models/*/files/*/chunks';
    const ids = (...all: string[]) => ({
      chunks: all.map((id) => ({ id })),
      'meta.paging.totalSize': all.length,
    });
    const html = { 'content-type': 'text/html' };
    const kinds: [string, string, FaultAction][] = [
      [
        'a page for a chunk',
        CHUNK,
        { kind: 'status', status: 200, headers: html, body: '<html>Soon</html>' },
      ],
      ['an envelope for a chunk', CHUNK, { kind: 'status', status: 200, body: { status: { code: 500 } } }],
      ['a part for a chunk', CHUNK, { kind: 'status', status: 206, body: 'a,b\n' }],
      ['an envelope for the list', LIST, { kind: 'status', status: 200, body: { status: { code: 503 } } }],
      ['a list that names a chunk twice', LIST, { kind: 'edit', set: ids('0', '1', '1') }],
      ['a list that leaves one out', LIST, { kind: 'edit', set: ids('0', '2') }],
    ];

    it.each(kinds)('%s is asked again, and the target is what Anaplan has', async (_, path, action) => {
      for (const run of [exported, downloaded]) {
        rig.sandbox.faults.add({ method: 'GET', path, occurrence: 1, action });
        const end = await run();
        expect(end.result).toMatchObject({ outcome: 'succeeded', transfers: [{ bytes: BYTES }] });
        expect(sha(rig.read('out.csv'))).toBe(rig.sandbox.files(BULK)?.sha256);
        rig.sandbox.faults.clear();
      }
    });

    it.each(kinds)('%s that stays is TransferCorrupt, and the target stays', async (_, path, action) => {
      rig.sandbox.faults.add({ method: 'GET', path, occurrence: 'every', action });
      expect((await downloaded()).type).toBe('TransferCorrupt');
      untouched();
    });

    it('a page for the dump of an import is not stored as the dump', async () => {
      rig.write('bad.csv', BAD);
      rig.sandbox.faults.add({
        method: 'GET',
        path: '**/dump/chunks/*',
        occurrence: 1,
        action: { kind: 'status', status: 200, headers: html, body: '<html>Soon</html>' },
      });
      const end = await rig.run('uploadImport', { import: 'Load Sales', source: 'bad.csv' });
      expect([end.type, end.result.dumps[0]?.rows]).toEqual(['RowsRejected', 2]);
      expect(end.result.warnings).toBeUndefined();
    });

    it('a page for a page of a large read is asked again', async () => {
      const good = await rig.run('largeListRead', { list: 'Bulk Items', target: 'good.csv' });
      rig.sandbox.faults.add({
        method: 'GET',
        path: '**/pages/0',
        occurrence: 1,
        action: {
          kind: 'status',
          status: 200,
          headers: { 'content-type': 'text/csv' },
          body: '<!DOCTYPE html>',
        },
      });
      const end = await rig.run('largeListRead', { list: 'Bulk Items', target: 'out.csv' });
      expect([good.result.outcome, end.result.outcome]).toEqual(['succeeded', 'succeeded']);
      expect(sha(rig.read('out.csv'))).toBe(sha(rig.read('good.csv')));
    });
  });

  it.each(['39912', '39914', '0'])(
    'an export that says %p bytes and has 39913 is TransferCorrupt, and the target stays',
    async (size) => {
      wrote(size);
      const end = await exported({ compress: true });
      expect(end.type).toBe('TransferCorrupt');
      expect(end.message).toContain(`has ${BYTES} bytes: Anaplan says that ${size} bytes were written`);
      expect(end.result.failure?.effects).toBe('none');
      untouched();
    },
  );

  it('the exports of a process are held to their size, too', async () => {
    wrote('7', 'task.result.nestedResults.2');
    const end = await rig.run('processWithDumps', {
      process: 'Nightly Load',
      acceptRejections: true,
      uploads: [
        { file: 'products.csv', source: rig.write('products.csv', PRODUCTS) },
        { file: 'sales.csv', source: rig.write('sales.csv', GOOD) },
      ],
      downloads: [{ export: 'Export Sales', target: 'out.csv' }],
    });
    expect(end.type).toBe('TransferCorrupt');
    expect(end.message).toContain('Anaplan says that 7 bytes were written');
    // The process itself has changed the model.
    expect(end.result.failure?.effects).toBe('applied');
    untouched();
  });

  it('an export whose target fails does not say that the model was changed', async () => {
    const run = exported({ target: 'away/out.csv' });
    while (asked(rig, 'POST', /tasks$/) === 0) await new Promise((r) => setTimeout(r, 5));
    rmSync(join(rig.root, 'away'), { recursive: true, force: true });
    writeFileSync(join(rig.root, 'away'), '');
    const end = await run;
    rmSync(join(rig.root, 'away'));
    expect(end.result.outcome).toBe('failed');
    expect(end.result.task?.successful).toBe(true);
    expect(end.result.failure?.effects).toBe('none');
  });

  describe('a large read', () => {
    const read = (over: object = {}) =>
      rig.run('largeViewRead', { view: 'Bulk.All', target: 'out.csv', ...over });

    it.each([false, true])(
      'without a page is begun again, then ReadRequestFailed (compressed %p)',
      async (compress) => {
        edit('/models/*/views/*/readRequests/*', { 'viewReadRequest.availablePages': 0 });
        const end = await read({ compress });
        expect(end.type).toBe('ReadRequestFailed');
        expect(end.message).toContain('Anaplan finished the read without a page');
        untouched();
      },
    );

    it('with a single empty page is TransferCorrupt, and the target stays', async () => {
      edit('/models/*/lists/*/readRequests/*', { 'listReadRequest.availablePages': 1 });
      answer('/models/*/lists/*/readRequests/*/pages/*');
      const end = await rig.run('largeListRead', { list: 'Bulk Items', target: 'out.csv' });
      expect(end.type).toBe('TransferCorrupt');
      untouched();
    });

    it('with nothing but a header is content', async () => {
      edit('/models/*/lists/*/readRequests/*', { 'listReadRequest.availablePages': 1 });
      answer('/models/*/lists/*/readRequests/*/pages/*', ',Parent,Code\n');
      const end = await rig.run('largeListRead', { list: 'Bulk Items', target: 'out.csv' });
      expect(end.result).toMatchObject({ outcome: 'succeeded', transfers: [{ rows: 0 }] });
      expect(rig.read('out.csv').toString()).toBe(',Parent,Code\n');
    });
  });
});
