import { gzipSync } from 'node:zlib';

import type { Rig } from '../support/rig';
import { asked, expectClean, GOOD, ownRig } from './support';

const PRODUCTS = 'Code,Name,Category,Launch Date,Active\nP0001,Bread,Bakery,2024-01-15,true\n';

describe("checkHeader: another import's file is not loaded as if all were well", () => {
  let rig: Rig;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ rig, close } = await ownRig());
    rig.write('sales.csv', GOOD);
    rig.write('products.csv', PRODUCTS);
    rig.write('products.csv.gz', gzipSync(PRODUCTS));
    rig.write('more.csv', GOOD.replace('Last Order', 'Last Order,Extra').replace(/06\n/g, '06,x\n'));
  });
  afterEach(() => {
    expectClean(rig);
    rig.sandbox.reset();
  });
  afterAll(() => close());
  const touched = () => asked(rig, 'PUT', /./) + asked(rig, 'POST', /files|tasks/);

  it.each(['products.csv', 'products.csv.gz'])('refuses %s before its first byte is sent', async (source) => {
    const end = await rig.run('uploadImport', { import: 'Load Sales', source });
    expect(end).toMatchObject({
      type: 'InvalidInput',
      result: { failure: { effects: 'none' }, transfers: [] },
    });
    expect(end.message).toMatch(
      /lacks 6 of the 6 columns that import "Load Sales" was made with: "Product", .* Nothing was uploaded\..*--check-header warn/,
    );
    expect(end.message).not.toMatch(/Launch|Bread/);
    expect(touched()).toBe(0);
  });

  it('refuses the whole process, before any of its files is sent', async () => {
    const end = await rig.run('processWithDumps', {
      process: 'Nightly Load',
      uploads: [
        { file: 'products.csv', source: 'products.csv' },
        { file: 'sales.csv', source: 'products.csv' },
      ],
    });
    expect(end.type).toBe('InvalidInput');
    expect(end.message).toMatch(/import "Load Sales"/);
    expect(touched()).toBe(0);
  });

  it('goes on with a warning where told to, and without a word where told so', async () => {
    const warned = await rig.run('uploadImport', {
      import: 'Load Sales',
      source: 'products.csv',
      checkHeader: 'warn',
    });
    expect(warned.result.warnings?.join()).toMatch(/lacks 6 of the 6 columns/);
    expect(warned.result.transfers).toHaveLength(1);
    const off = await rig.run('uploadImport', {
      import: 'Load Sales',
      source: 'products.csv',
      checkHeader: 'off',
    });
    expect(off.result.warnings ?? []).toEqual([]);
    expect(off.result.transfers).toHaveLength(1);
  });

  it('loads a file with a column more, with a warning', async () => {
    const end = await rig.run('uploadImport', { import: 'Load Sales', source: 'more.csv' });
    expect(end.result.outcome).toBe('succeeded');
    expect(end.result.warnings).toEqual([
      'The source has 7 columns, the import was made with 6 (import "Load Sales"). Anaplan maps columns by name or position; check the result.',
    ]);
  });
});
