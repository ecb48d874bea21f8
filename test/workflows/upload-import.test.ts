import { hostname } from 'node:os';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import type { Rig } from '../support/rig';
import { activitiesOf, asked, BAD, expectClean, GOOD, ownRig, SALES, sha } from './support';

const FILE = '113000000002';
const IMPORT = '112000000002';

describe('uploadImport: exactly these bytes, imported once, no rejected row unheard of', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ rig, close } = await ownRig({ chunkBytes: 64 * 1024 }));
  });
  afterAll(async () => {
    expectClean(rig);
    await close();
  });
  beforeEach(() => {
    rig.sandbox.reset();
    rig.write('good.csv', GOOD);
    rig.write('bad.csv', BAD);
  });
  const run = (over: object = {}) =>
    rig.run('uploadImport', { import: 'Load Sales', source: 'bad.csv', ...over });

  it('loads thousands of rows, counts what was rejected and keeps its dump out of the history', async () => {
    rig.write('sales.csv', SALES);
    const end = await run({ source: 'sales.csv', acceptRejections: true });
    expect(end.result).toMatchObject({
      outcome: 'succeededWithRejections',
      task: { state: 'COMPLETE', successful: true, rows: { unit: 'cells', total: 24_000, rejected: 80 } },
      transfers: [
        {
          name: 'sales.csv',
          uri: `file://${rig.root}/sales.csv`,
          host: hostname(),
          bytes: SALES.length,
          chunks: 5,
          sha256: sha(SALES),
        },
      ],
      dumps: [{ objectId: IMPORT, action: 'Load Sales', rows: 80 }],
    });
    expect(rig.sandbox.files(FILE)).toMatchObject({ sha256: sha(SALES), bytes: SALES.length });
    expect(rig.sandbox.tasks(IMPORT)).toHaveLength(1);
    const [dump] = end.result.dumps;
    const path = fileURLToPath(dump?.uri ?? '');
    expect(path).toMatch(new RegExp(`/${IMPORT}-Load_Sales[-\\w]*\\.csv$`));
    expect(path).toContain(`/dumps/${end.workflowId}`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8').trimEnd().split('\n')).toHaveLength(81);
    expect(dump?.errors.reduce((sum, e) => sum + e.count, 0)).toBe(80);
    expect(dump?.errors.map((e) => e.message)).toContain('Item not located in … list');
  });

  it('fails as RowsRejected by default, after the dump is stored, and says where it is and why', async () => {
    const end = await run();
    expect(end.type).toBe('RowsRejected');
    expect(end.message).toMatch(
      /^Import "Load Sales" \(112000000002\) rejected 2 rows; the rest is loaded\./,
    );
    expect(end.message).toMatch(
      /The rejected rows are in file:\/\/\/.*Load_Sales[-\w]*\.csv\. Correct the rows/,
    );
    expect(end.result).toMatchObject({
      outcome: 'failed',
      failure: { type: 'RowsRejected', effects: 'applied', parameters: { 'Load Sales': '2' } },
      dumps: [{ rows: 2 }],
    });
    expect(readFileSync(fileURLToPath(end.result.dumps[0]?.uri ?? ''), 'utf8')).toContain('P9999');
    expect(rig.sandbox.rows().sales.map((s) => s.product)).toEqual(
      expect.arrayContaining(['P0001', 'P0002']),
    );
  });

  it.each([
    [2, 'succeededWithRejections'],
    [1, 'failed'],
    [{ '*': 0, 'Load Sales': true }, 'succeededWithRejections'],
  ])('acceptRejections %j with 2 rejected rows: %s', async (acceptRejections, outcome) => {
    const end = await run({ acceptRejections });
    expect(end.result.outcome).toBe(outcome);
    expect(end.type).toBe(outcome === 'failed' ? 'RowsRejected' : undefined);
  });

  it('succeeds without a dump where every row is loaded', async () => {
    const end = await run({ source: 'good.csv' });
    expect(end.result).toMatchObject({ outcome: 'succeeded', dumps: [] });
    expect(end.result.warnings).toBeUndefined();
    expect(rig.sandbox.rows().sales).toHaveLength(2);
  });

  it('decompresses a .gz on the way and takes an import by its ID and a file by its name', async () => {
    rig.write('sales.csv.gz', gzipSync(SALES));
    const end = await rig.run('uploadImport', {
      import: IMPORT,
      file: 'sales.csv',
      source: 'sales.csv.gz',
      acceptRejections: { '*': 1000 },
    });
    expect(end.message).toBeUndefined();
    expect(rig.sandbox.files(FILE)).toMatchObject({ sha256: sha(SALES), bytes: SALES.length });
  });

  it('warns, where told to go on, when the header line is not the one the import was made with', async () => {
    rig.write('other.csv', GOOD.replace('Revenue', 'Turnover'));
    const end = await run({ source: 'other.csv', checkHeader: 'warn' });
    expect(end.result.warnings?.[0]).toMatch(
      /lacks 1 of the 6 columns that import "Load Sales" was made with: "Revenue"/,
    );
    expect(end.type).toBe('ActionFailed');
    expect(end.result.failure).toMatchObject({
      code: 'missingFields',
      effects: 'none',
      remedy: expect.stringMatching(/\w+/),
    });
  });

  it.each([
    ['missing.csv', 'SourceNotFound'],
    ['empty.csv', 'SourceEmpty'],
    ['.', 'InvalidInput'],
    ['../outside.csv', 'InvalidInput'],
    ['zip.csv', 'InvalidInput'],
  ])('refuses the source %s as %s before anything in Anaplan is touched', async (source, type) => {
    rig.write('empty.csv', '');
    rig.write('zip.csv', Buffer.from('PK\u0003\u0004 and so on'));
    const end = await run({ source });
    expect([end.type, end.result.failure?.effects]).toEqual([type, 'none']);
    expect(end.message).toMatch(/\w[.)]+$/);
    expect(asked(rig, 'POST', /files|tasks/) + asked(rig, 'PUT', /./)).toBe(0);
  });

  it('uploads again, once, when Anaplan no longer has the file', async () => {
    rig.sandbox.faults.add({
      path: '/models/*/imports/*/tasks/*',
      method: 'GET',
      action: {
        kind: 'status',
        status: 200,
        body: {
          task: {
            taskId: 'x',
            taskState: 'COMPLETE',
            result: {
              successful: false,
              failureDumpAvailable: false,
              details: [
                {
                  type: 'uploadedFileNoLongerAvailable',
                  localMessageText: 'gone',
                  values: [],
                  occurrences: 0,
                },
              ],
            },
          },
        },
      },
    });
    const end = await run({ source: 'good.csv' });
    expect(end.result).toMatchObject({ outcome: 'succeeded', transfers: [{ sha256: sha(GOOD) }] });
    expect(end.result.transfers).toHaveLength(1);
    expect(end.result.warnings?.[0]).toContain('uploaded again');
    const names = await activitiesOf(rig.client.workflow.getHandle(end.workflowId));
    expect(names.filter((n) => n === 'anaplan.uploadChunks')).toHaveLength(2);
    expect(names.filter((n) => n === 'anaplan.startTask')).toHaveLength(2);
    // The first import of the sandbox did end before the second one began, so this is no second task.
    rig.sandbox.reset();
  });

  it('says DumpUnavailable when Anaplan promised a dump and no longer has it', async () => {
    const gone = {
      path: '/models/*/imports/*/tasks/*/dump/**',
      occurrence: 'every' as const,
      action: { kind: 'status' as const, status: 404 },
    };
    rig.sandbox.faults.add({ ...gone, path: '/models/*/imports/*/tasks/*/dump' });
    rig.sandbox.faults.add(gone);
    const strict = await run({ acceptRejections: 1_000 });
    expect([strict.type, strict.result.failure?.effects]).toEqual(['DumpUnavailable', 'applied']);
    const lenient = await run({ acceptRejections: true });
    expect(lenient.result.outcome).toBe('succeededWithRejections');
    expect(lenient.result.warnings?.[0]).toContain('no longer gives it (404)');
  });

  it('asks again for a promised dump that is not found for a moment: rejected rows do not depend on one 404', async () => {
    const path = '/models/*/imports/*/tasks/*/dump/**';
    const fault = rig.sandbox.faults.add({ path, action: { kind: 'status', status: 404 } });
    const end = await run({ acceptRejections: true });
    expect(end.result.outcome).toBe('succeededWithRejections');
    expect(end.result.dumps).toHaveLength(1);
    expect(rig.sandbox.faults.hits(fault)).toBe(1);
  });

  it('keeps rows, names and secrets out of its history, with failures and heartbeats', async () => {
    const end = await run();
    const history = await rig.client.workflow.getHandle(end.workflowId).fetchHistory();
    const plain = JSON.stringify(history, (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value,
    );
    expect(plain).toContain('RowsRejected');
    expect(plain).not.toMatch(/P9999|P0003|2026-03-06|sandbox"|AnaplanAuthToken/);
    expect(readdirSync(join(rig.root, 'dumps')).length).toBeGreaterThan(0);
  });
});
