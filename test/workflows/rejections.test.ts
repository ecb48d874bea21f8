import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { FaultAction } from '../../src/sandbox';
import type { Rig } from '../support/rig';
import { asked, BAD, GOOD, hold, ownRig } from './support';

type Edit = Extract<FaultAction, { kind: 'edit' }>;

const IMPORT = '112000000002';
const PRODUCTS =
  'Code,Name,Category,Launch Date,Active\nP0001,Bread,Bakery,2024-01-15,true\n,No key,Bakery,2024-01-15,true\n';
const code = (type: string, occurrences?: number) => ({
  type,
  localMessageText: type,
  ...(occurrences === undefined ? {} : { occurrences }),
});

describe('rejections however Anaplan tells them, and verdicts that nothing hides', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ rig, close } = await ownRig());
  });
  afterAll(() => close());
  beforeEach(() => {
    rig.sandbox.reset();
    rig.write('sales.csv', GOOD);
    rig.write('bad.csv', BAD);
    rig.write('products.csv', PRODUCTS);
    rmSync(join(rig.root, 'dumps'), { recursive: true, force: true });
  });
  afterEach(() => rig.sandbox.faults.clear());

  /** Edits what Anaplan says of every task. */
  const says = (set: Edit['set'], remove: readonly string[] = []) =>
    rig.sandbox.faults.add({
      method: 'GET',
      path: '**/tasks/*',
      occurrence: 'every',
      action: { kind: 'edit', set: set ?? {}, remove },
    });
  const load = (over: object = {}) =>
    rig.run('uploadImport', { import: 'Load Sales', source: 'sales.csv', ...over });
  const nightly = (over: object = {}) =>
    rig.run('processWithDumps', {
      process: 'Nightly Load',
      uploads: [
        { file: 'products.csv', source: 'products.csv' },
        { file: 'sales.csv', source: 'bad.csv' },
      ],
      ...over,
    });

  it.each([
    [[code('moduleImportNumberFormat', 12)], 12, 'cells'],
    [[code('hierarchyImportInvalidParent', 7)], 7, 'rows'],
    [[code('hierarchyImportInvalidParent')], 1, 'row'],
  ])('fails as RowsRejected where only data codes tell of rejected rows: %j', async (details, n, unit) => {
    says({ 'task.result.details': details });
    const end = await load();
    expect(end.type).toBe('RowsRejected');
    expect(end.message).toContain(
      `Import "Load Sales" (112000000002) rejected ${n} ${unit}; the rest is loaded.`,
    );
    expect(end.message).toContain(`Most frequent reason: ${details[0]?.type} (${n}).`);
    expect(end.message).not.toContain('in the dump');
    expect(end.result).toMatchObject({ task: { rows: { rejected: n } }, failure: { effects: 'applied' } });
    const accepted = await load({ acceptRejections: n });
    expect(accepted.result.outcome).toBe('succeededWithRejections');
    expect((await rig.run('runAction', { action: 'Load Sales' })).type).toBe('RowsRejected');
  });

  it.each([
    ['no error', '_Status_,a,_Line_,_Error_1_\nW,x,2,doubtful\n', 'none'],
    ['one error', '_Status_,a,_Line_,_Error_1_\nE,x,2,bad\n', '1'],
  ])('believes that 500 rows failed, and warns, where the dump has %s', async (_, body, lines) => {
    const failed = {
      type: 'hierarchyRowsProcessedWithFailures',
      values: ['failedCount', '500', 'successRowCount', '1'],
    };
    says({ 'task.result.details': [failed], 'task.result.failureDumpAvailable': true });
    rig.sandbox.faults.add({
      method: 'GET',
      path: '**/dump/chunks/*',
      occurrence: 'every',
      action: { kind: 'edit', body },
    });
    const end = await load({ source: 'bad.csv', acceptRejections: 499 });
    expect(end.type).toBe('RowsRejected');
    expect(end.message).toContain('rejected 500 rows (499 accepted)');
    expect(end.result.task?.rows?.rejected).toBe(500);
    expect(end.result.warnings).toEqual([
      `Anaplan counts 500 rejected rows of "Load Sales", and its failure dump has ${lines}: the larger number counts`,
    ]);
  });

  it('does so for an import within a process, and for what only the process says', async () => {
    const rejected = [code('moduleImportNumberFormat', 12)];
    says({ 'task.result.nestedResults.0.details': rejected });
    const nested = await rig.run('runAction', { action: 'Housekeeping' });
    expect(nested.type).toBe('RowsRejected');
    expect(nested.message).toContain('rejected 12 cells of "Delete Inactive Products"');
    rig.sandbox.faults.clear();
    says({ 'task.result.details': rejected });
    const whole = await rig.run('runAction', { action: 'Housekeeping' });
    expect(whole.message).toContain(
      'Process "Housekeeping" (118000000003) rejected 12 cells; the rest is loaded.',
    );
  });

  it('warns of columns that were left out and of codes that nobody documents, and succeeds', async () => {
    says({
      'task.result.details': [
        { ...code('moduleImportLineItemIdentifiersUnmapped', 2), localMessageText: '' },
        code('missingFields'),
        code('somethingNew'),
      ],
    });
    const end = await load();
    expect(end.result.outcome).toBe('succeeded');
    expect(end.result.warnings).toEqual([
      expect.stringMatching(/^"Load Sales": .*Line Item identifier.*not mapped and ignored \(2 times\)$/),
      '"Load Sales": Anaplan calls it successful, yet says: missingFields (missingFields)',
      '"Load Sales": Anaplan says what its documentation does not explain: somethingNew',
    ]);
  });

  it('says ProtocolError, effects unknown, where a complete task has no result', async () => {
    says({}, ['task.result']);
    for (const end of [await load(), await rig.run('runAction', { action: 'Housekeeping' })]) {
      expect(end.type).toBe('ProtocolError');
      expect(end.result.failure?.effects).toBe('unknown');
      expect(end.message).toMatch(/gives no result.*Look in the model/);
    }
  });

  it.each<[string, Edit['set'], string[]]>([
    ['null', { 'task.result.successful': null }, []],
    ['absent', {}, ['task.result.successful']],
  ])(
    'keeps the dump of a complete task whose "successful" is %s, and does not say that it may still run',
    async (_, set, remove) => {
      says(set, remove);
      for (const end of [
        await load({ source: 'bad.csv', acceptRejections: true }),
        await nightly({ acceptRejections: true }),
      ]) {
        expect([end.type, end.result.failure?.effects]).toEqual(['ProtocolError', 'unknown']);
        expect(end.message).toMatch(
          /is COMPLETE and does not say whether it was successful.*Look in the model/,
        );
        expect(end.result.task).toMatchObject({ state: 'COMPLETE', successful: false });
        expect(end.result.warnings?.join() ?? '').not.toMatch(/may still run|last seen/);
        expect(end.result.dumps.length).toBeGreaterThan(0);
        for (const { uri } of end.result.dumps) {
          expect(readFileSync(fileURLToPath(uri), 'utf8')).toContain('_Status_');
          expect(end.message).toContain(uri);
        }
      }
    },
  );

  it('does not claim that nothing was applied where a failed process names no action', async () => {
    says({ 'task.result.successful': false }, ['task.result.nestedResults']);
    const end = await rig.run('runAction', { action: 'Housekeeping' });
    expect(end.type).toBe('ActionFailed');
    expect(end.result.failure?.effects).toBe('unknown');
    expect(end.message).toContain('Anaplan does not say which of its actions were applied before.');
    expect(end.message).not.toContain('Nothing was applied');
  });

  it('says unknown, not none, of an import that failed without a documented reason', async () => {
    says({ 'task.result.successful': false, 'task.result.details': [code('somethingNew')] });
    const end = await load();
    expect([end.type, end.result.failure?.effects]).toEqual(['ActionFailed', 'unknown']);
  });

  it('does not call an action failed, or applied, of which Anaplan does not say so', async () => {
    says({ 'task.result.successful': false, 'task.result.details': [code('actionFailed')] }, [
      'task.result.nestedResults.*.successful',
    ]);
    const end = await rig.run('runAction', { action: 'Housekeeping' });
    expect(end.type).toBe('ActionFailed');
    expect(end.message).toContain('Not known whether applied: "Delete Inactive Products", ');
    expect(end.message).not.toContain('Nothing was applied');
    expect(end.result.failure?.effects).toBe('unknown');
  });

  it('says applied of an import that failed after it had loaded rows', async () => {
    says({
      'task.result.successful': false,
      'task.result.details': [
        code('hierarchyImportFailed'),
        { type: 'hierarchyRowsProcessed', values: ['successCreateCount', '3'] },
      ],
    });
    const end = await load();
    expect([end.type, end.result.failure?.effects]).toEqual(['ActionFailed', 'applied']);
  });

  it('keeps the dumps of a process that says only as a whole that it has some', async () => {
    says({ 'task.result.nestedResults.*.failureDumpAvailable': false });
    const end = await nightly();
    expect(end.type).toBe('RowsRejected');
    expect(end.result.dumps.map((d) => [d.action, d.rows])).toEqual([
      ['Load Products', 1],
      ['Load Sales', 2],
    ]);
    expect(asked(rig, 'GET', /dumps\/118/)).toBe(0);
  });

  it('says DumpUnavailable where none of them is there any more', async () => {
    says({
      'task.result.nestedResults.*.failureDumpAvailable': false,
      'task.result.nestedResults.*.details': [],
    });
    rig.sandbox.faults.add({
      method: 'GET',
      path: '/models/*/processes/*/tasks/*/dumps/**',
      occurrence: 'every',
      action: { kind: 'status', status: 404 },
    });
    const end = await nightly();
    expect(end.type).toBe('DumpUnavailable');
    expect(end.message).toContain('gives none for any of its imports');
    const accepted = await nightly({ acceptRejections: true });
    expect(accepted.result.outcome).toBe('succeeded');
    expect(accepted.result.warnings).toEqual([expect.stringContaining('gives none for any of its imports')]);
  });

  it('counts the one dump of an import that ran twice in a process once, and warns of the other', async () => {
    says({
      'task.result.nestedResults.0.objectId': IMPORT,
      'task.result.nestedResults.0.failureDumpAvailable': true,
    });
    const end = await nightly();
    expect(end.result.dumps).toHaveLength(1);
    expect(end.message).toContain('1 row of "Load Sales", 2 rows of "Load Sales"');
    expect(end.result.task?.nested?.slice(0, 2).map((n) => n.rows?.rejected)).toEqual([1, 2]);
    expect(end.result.warnings).toEqual([
      expect.stringMatching(/^"Load Sales" ran more than once .* Anaplan counts 1 rejected/),
    ]);
  });

  it('tells when the steps of a process started and how long they took', async () => {
    const end = await nightly({ acceptRejections: true });
    const steps = end.result.task?.nested ?? [];
    expect(steps).toHaveLength(4);
    for (const step of [end.result.task, ...steps]) {
      expect(step?.startTime).toBeGreaterThan(1.7e12);
      expect(step?.duration).toBeGreaterThanOrEqual(0);
    }
  });

  describe('a dump that cannot be stored', () => {
    /** A file stands where the directory of the dumps should be. */
    const blocked = { source: 'bad.csv', dumps: 'blocked/dumps' };
    beforeEach(() => {
      rmSync(join(rig.root, 'blocked'), { recursive: true, force: true });
    });
    /** Once the run is on its way: before, it would be refused. */
    const block = async (over: object) => {
      const held = hold(rig, { method: 'GET', path: '**/dump/chunks' });
      const run = load({ ...blocked, ...over });
      await held.came();
      rmSync(join(rig.root, 'blocked'), { recursive: true, force: true });
      writeFileSync(join(rig.root, 'blocked'), '');
      await held.letGo();
      return run;
    };

    it('does not hide that rows were rejected, and the message says how to get it', async () => {
      const end = await block({});
      expect(end.type).toBe('RowsRejected');
      // Without the dump these are cells, by Anaplan's count.
      expect(end.message).toMatch(/rejected \d+ cells; the rest/);
      expect(end.message).toContain('The dump of "Load Sales" could not be stored: ');
      expect(end.message).toMatch(
        /GET \/workspaces\/\S+\/imports\/112000000002\/tasks\/[0-9A-F]+\/dump\/chunks/,
      );
      expect(end.result.warnings).toEqual([expect.stringContaining('could not be stored')]);
      expect(end.result.task?.rows?.rejected).toBeGreaterThan(0);
    });

    it('fails a run whose rejections were accepted, and still tells them', async () => {
      const end = await block({ acceptRejections: true });
      expect(end.type).toBe('TargetFailed');
      expect(end.result.failure?.effects).toBe('applied');
      expect(end.message).toMatch(/is applied\. It rejected \d+ cells, which is accepted\./);
    });
  });

  it.each([
    ['ends inside a quoted value', '"_Status_","_Line_"\n"E","2"\n"E","3"\n"E","4'],
    ['is no dump at all', 'nothing\n'],
  ])('a dump that %s is stored, and hides no verdict', async (_, text) => {
    rig.sandbox.faults.add({
      method: 'GET',
      path: '**/dump/chunks/*',
      occurrence: 'every',
      action: { kind: 'status', status: 200, body: text },
    });
    const end = await load({ source: 'bad.csv' });
    expect(end.type).toBe('RowsRejected');
    const [dump] = end.result.dumps;
    expect(dump?.partial).toBe(true);
    expect(readFileSync(fileURLToPath(dump?.uri ?? ''), 'utf8')).toBe(text);
    expect(end.result.task?.rows?.rejected).toBeGreaterThan(0);
    expect(end.result.warnings).toEqual([expect.stringContaining('could not be counted to its end')]);
    const accepted = await load({ source: 'bad.csv', acceptRejections: true });
    expect(accepted.result.outcome).toBe('succeededWithRejections');
  });

  it('says DumpUnavailable, with its place, where a dump tells nothing and nothing else does', async () => {
    says({ 'task.result.details': [] });
    rig.sandbox.faults.add({
      method: 'GET',
      path: '**/dump/chunks/*',
      occurrence: 'every',
      action: { kind: 'status', status: 200, body: 'nothing\n' },
    });
    const end = await load({ source: 'bad.csv' });
    expect(end.type).toBe('DumpUnavailable');
    expect(end.message).toContain(end.result.dumps[0]?.uri);
  });
});
