/** Lists, views and line items as the documentation shows them. */
import { closeAll, tenant, type Client } from './client';

const PRODUCTS = '/lists/101000000001';
const csv = { accept: 'text/csv' };

afterEach(closeAll);

const get = async (client: Client, path: string): Promise<Record<string, unknown>> =>
  (await client.model('GET', path)).body;

test('list items have parents; subsets and properties come only where they are asked for', async () => {
  const { client } = await tenant();
  const [first] = (await get(client, `${PRODUCTS}/items`)).listItems as object[];
  const bare = {
    id: expect.stringMatching(/^203\d{9}$/),
    name: 'Product 1',
    code: 'P0001',
    parent: 'Dairy',
    parentId: expect.any(String),
    listId: '101000000004',
    listName: 'Categories',
  };
  expect(first).toEqual(bare);
  const all = (await get(client, `${PRODUCTS}/items?includeAll=true`)).listItems as object[];
  expect(all[0]).toEqual({
    ...bare,
    subsets: { 'Active Products': true },
    properties: { 'Launch Date': '2024-01-15' },
  });
  expect(all.at(-1)).toMatchObject({ code: 'P0905', subsets: { 'Active Products': false } });
  const categories = (await get(client, '/lists/101000000004/items')).listItems as {
    id: string;
    name: string;
  }[];
  expect(categories.find(({ name }) => name === 'Dairy')?.id).toBe((first as { parentId: string }).parentId);
  expect(categories[0]).toEqual({ id: expect.any(String), name: 'Bakery' });
});

test('list items are CSV for who accepts that: the columns are all there, the values may be empty', async () => {
  const { client } = await tenant();
  const text = (await client.text(`${PRODUCTS}/items?includeAll=true`, csv)).text.split('\n');
  expect(text[0]).toBe('id,name,code,parent,parentId,listId,listName,Active Products,Launch Date');
  expect(text[1]).toMatch(/^\d+,Product 1,P0001,Dairy,\d+,101000000004,Categories,true,2024-01-15$/);
  const regions = (await client.text('/lists/101000000002/items', csv)).text.split('\n');
  expect(regions[0]).toBe('id,name,code,parent,parentId,listId,listName');
  expect(regions[1]).toMatch(/^\d+,North America,NA,,,,$/);
});

test('the ID of an item stays when others go; a list of a million items is answered, a longer one refused', async () => {
  const { client } = await tenant({ model: { listItems: 1_000_001 } });
  const ids = async () =>
    new Map(
      ((await get(client, `${PRODUCTS}/items`)).listItems as { id: string; code: string }[]).map((item) => [
        item.code,
        item.id,
      ]),
    );
  const before = await ids();
  await client.run('actions', '117000000001');
  const after = await ids();
  expect(after.size).toBe(before.size - 5);
  expect([...after].every(([code, id]) => before.get(code) === id)).toBe(true);
  expect((await client.model('GET', '/lists/101000000003/items')).status).toBe(400);
});

test('the metadata of a list name its parent, subsets and properties where there are any', async () => {
  const { client } = await tenant();
  expect((await get(client, PRODUCTS)).metadata).toMatchObject({
    parent: { id: '101000000004', name: 'Categories' },
    subsets: [{ name: 'Active Products' }],
    properties: [{ name: 'Launch Date', format: 'DATE' }],
    itemCount: 205,
  });
  const regions = (await get(client, '/lists/101000000002')).metadata;
  expect(regions).not.toHaveProperty('parent');
  expect(regions).not.toHaveProperty('properties');
});

test('a view has pages; the ID of a line item stands for its own view or for its module', async () => {
  const { client } = await tenant();
  expect(await get(client, '/views/102000000001')).toMatchObject({
    viewName: 'Sales',
    pages: [{ name: 'Versions' }],
    rows: [{ name: 'Products' }, { name: 'Regions' }, { name: 'Time' }],
  });
  expect(await get(client, '/views/411000000001')).toMatchObject({
    viewName: 'Sales',
    viewId: '102000000001',
  });
  const own = await get(client, '/views/411000000004');
  expect(own).toMatchObject({
    viewName: 'Launch Price',
    viewId: '411000000004',
    rows: [{ name: 'Products' }],
  });
  expect(own).not.toHaveProperty('pages');
  expect((await client.model('GET', '/views/411000000099')).status).toBe(404);
});

test('views of line items are listed only where they are asked for, and read like others', async () => {
  const { client } = await tenant({ readDurationMs: 0 });
  const names = async (path: string) =>
    ((await get(client, path)).views as { name: string }[]).map((v) => v.name);
  expect(await names('/views')).not.toContain('Sales.Launch Price');
  expect(await names('/views?includeSubsidiaryViews=true')).not.toContain('Sales.Launch Price');
  expect(await names('/views?includesubsidiaryviews=true')).toContain('Sales.Launch Price');
  expect(await names('/modules/102000000001/views?includesubsidiaryviews=true')).toContain('Launch Price');
  const base = '/views/411000000004/readRequests';
  const create = (exportType: string) => client.model('POST', base, { exportType });
  const { requestId } = (await create('TABULAR_MULTI_COLUMN')).body.viewReadRequest as { requestId: string };
  await get(client, `${base}/${requestId}`);
  const page = (await client.text(`${base}/${requestId}/pages/0`, csv)).text;
  expect(page.split('\n').slice(0, 2)).toEqual(['Products,Launch Price', 'P0001,1']);
  expect((await create('GRID_CURRENT_PAGE')).status).toBe(400);
  expect((await create('TABULAR_SINGLE_ITEMS')).status).toBe(400);
});

test('an import that was made with other columns is refused whatever reads the file, kept or not', async () => {
  for (const uploads of ['disk', 'digest'] as const) {
    const { client, sandbox } = await tenant({ uploads });
    await client.upload('113000000003', 'Product,Region\nP0001,EMEA\n');
    const { result } = await client.run('imports', '112000000003');
    expect(result).toMatchObject({ successful: false, details: [{ type: 'missingFields' }] });
    expect(result?.details?.[0]?.values).toEqual(['fields', 'Key, Value']);
    expect(sandbox.rows().bulk).toBe(0);
    // A header that is cut by the end of a chunk is one header.
    await client.upload('113000000003', '\uFEFFKe', 'y,Val', 'ue\n1,a\n2,b\n');
    expect((await client.run('imports', '112000000003')).result?.successful).toBe(true);
    expect(sandbox.rows().bulk).toBe(2);
  }
  const { client } = await tenant();
  await client.upload('113000000005', 'Something\n1\n');
  expect((await client.run('imports', '112000000006')).result?.details?.[0]?.type).toBe('missingFields');
});

test('rows with an invalid name are among the failed ones', async () => {
  const { client } = await tenant();
  const rows = [`N1,${'x'.repeat(61)},,,`, ',No code,,,', 'N2,Good,,,'];
  await client.upload('113000000001', `Code,Name,Category,Launch Date,Active\n${rows.join('\n')}\n`);
  const [summary] = (await client.run('imports', '112000000001')).result?.details ?? [];
  expect(summary?.type).toBe('hierarchyRowsProcessedWithInvalidNamesAndFailures');
  expect(summary?.localMessageText).toBe(
    'Products: 1 created / 0 renamed (1 invalid), 0 properties updated, 2 failed',
  );
});
