import type { Rig } from '../support/rig';
import { asked, bundleWith, expectClean, GOOD, ownRig, replaceWorker, until } from './support';

const ACTION = '117000000002';
const FILE = '113000000002';

describe('an upload that waits so long for its import that Anaplan may drop the file', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  let stopWorker: () => Promise<void>;
  beforeAll(async () => {
    ({ rig, close } = await ownRig({ sandbox: { taskDurationMs: 600_000 } }));
    // 40 h, which no test can sit out.
    stopWorker = await replaceWorker(rig, bundleWith({ FILE_AGE_MS: 1_500 }), {});
    rig.write('sales.csv', GOOD);
    rig.write('products.csv', 'Code,Name,Category,Launch Date,Active\nP0001,Bread,Bakery,2024-01-15,true\n');
  });
  beforeEach(() => {
    rig.sandbox.reset();
    rig.sandbox.configure({ taskDurationMs: 600_000 });
  });
  afterEach(() => expectClean(rig));
  afterAll(async () => {
    await stopWorker();
    await close();
  });
  const chunks = () => asked(rig, 'PUT', /\/chunks\/\d+$/);

  const begin = {
    uploadImport: () => rig.begin('uploadImport', { import: 'Load Sales', source: 'sales.csv' }),
    processWithDumps: () =>
      rig.begin('processWithDumps', {
        process: 'Nightly Load',
        uploads: [
          { file: 'products.csv', source: 'products.csv' },
          { file: 'sales.csv', source: 'sales.csv' },
        ],
      }),
  };

  it.each([
    ['uploadImport', 1],
    ['processWithDumps', 2],
  ] as const)(
    '%s uploads it again: else the import would read the default file, without a word',
    async (name, files) => {
      // Something else has the model.
      const other = await rig.begin('runAction', { action: ACTION });
      await until(() => rig.sandbox.tasks(ACTION).length === 1);
      const handle = await begin[name]();
      await until(() => rig.sandbox.files(FILE)?.completed === true);
      expect(chunks()).toBe(files);
      const sent = Date.now();
      await until(() => Date.now() - sent > 2_000);
      rig.sandbox.expireFiles();
      rig.sandbox.configure({ taskDurationMs: 50 });
      expect((await rig.ending(other.workflowId)).result.outcome).toBe('succeeded');
      const end = await rig.ending(handle.workflowId);
      expect(end.result.outcome).toBe('succeeded');
      const again = (end.result.warnings ?? []).filter((w) => w.includes('uploaded again'));
      expect(again).toHaveLength(files);
      expect(again.at(-1)).toMatch(/sales\.csv had been sent .* 48 h .* uploaded again/);
      expect(end.result.transfers).toHaveLength(files);
      expect(chunks()).toBe(2 * files);
    },
    60_000,
  );

  it('is not uploaded again where it is young enough', async () => {
    rig.sandbox.configure({ taskDurationMs: 50 });
    const end = await rig.run('uploadImport', { import: 'Load Sales', source: 'sales.csv' });
    expect([end.result.outcome, chunks(), end.result.warnings ?? []]).toEqual(['succeeded', 1, []]);
  });
});
