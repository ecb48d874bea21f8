/** The calls that change a model a little: their documented rules, and that effects are seen by the other calls. */
import { type Client, closeAll, tenant } from './client';

const STORES = '/lists/101000000005/items';
const TRANSACTIONS = '/lists/101000000006';
const PRODUCTS = '/lists/101000000001/items';
const TARGETS = '/modules/102000000003/data';
const OTHER = '8BA821045BB34083B467C0082781DA69';

afterEach(closeAll);

type Answer = { status: number; body: Record<string, unknown> };
const types = ({ body }: Answer): [unknown, unknown][] => {
  const failures = (body.failures ??
    (body.result as Record<string, unknown> | undefined)?.failures ??
    []) as {
    requestIndex: number;
    failureType: string;
  }[];
  return failures.map(({ requestIndex, failureType }) => [requestIndex, failureType]);
};
const add = (client: Client, path: string, items: object[]) =>
  client.model('POST', `${path}?action=add`, { items }) as Promise<Answer>;
const update = (client: Client, path: string, items: object[]) =>
  client.model('PUT', path, { items }) as Promise<Answer>;
const remove = (client: Client, path: string, items: object[]) =>
  client.model('POST', `${path}?action=delete`, { items }) as Promise<Answer>;
const itemsOf = async (client: Client, path: string) =>
  ((await client.model('GET', `${path}?includeAll=true`)).body.listItems ?? []) as Record<string, unknown>[];

test('items are added to a general list, each by itself', async () => {
  const { client } = await tenant();
  const properties = {
    Manager: 'Ada',
    Size: '12',
    Flagship: 'true',
    Opened: '2025-01-31',
    'Main Category': 'Dairy',
    'First Month': 'Jan 25',
  };
  const answer = await add(client, STORES, [
    { name: 'Oslo', code: 'S1', parent: 'Europe', properties, subsets: { 'Open Stores': true } },
    { name: 'Oslo', code: 'S2' },
    { name: 'Rome', code: 'S1' },
    { code: 'S3' },
    { name: 'Lima', parent: 'Atlantis' },
    { name: 'Lima', properties: { Size: 'large' } },
    { name: 'Lima', properties: { Opened: '2025-02-30' } },
    { name: 'Lima', properties: { 'Main Category': 'Toys' } },
  ]);
  expect(answer.body).toMatchObject({ added: 1, ignored: 7, total: 8 });
  expect(types(answer)).toEqual([
    [1, 'DUPLICATE'],
    [2, 'DUPLICATE'],
    [3, 'INCOMPLETE_DATA'],
    [4, 'INCORRECT_FORMAT'],
    [5, 'INCORRECT_FORMAT'],
    [6, 'INCORRECT_FORMAT'],
    [7, 'INCORRECT_FORMAT'],
  ]);
  expect((answer.body.failures as object[])[4]).toMatchObject({
    failureMessageDetails: 'incorrect format -- column name:Size, value:large',
  });
  expect(await itemsOf(client, STORES)).toEqual([
    {
      id: expect.any(String),
      name: 'Oslo',
      code: 'S1',
      parent: 'Europe',
      parentId: expect.any(String),
      listId: '101000000002',
      listName: 'Regions',
      subsets: { 'Open Stores': true },
      properties: { ...properties, Size: '12.0' },
    },
  ]);
  const subset = await client.model('GET', '/dimensions/109000000002/items');
  expect(subset.body.items).toMatchObject([{ name: 'Oslo', code: 'S1' }]);
});

test('a numbered list makes its own names, and its index begins anew once it is empty', async () => {
  const { client } = await tenant();
  const path = `${TRANSACTIONS}/items`;
  const answer = await add(client, path, [{ code: 'c1' }, { name: 'n1', code: 'c2' }, { code: 'c1' }, {}]);
  expect(types(answer)).toEqual([
    [1, 'INCOMPLETE_DATA'],
    [2, 'DUPLICATE'],
  ]);
  expect((await itemsOf(client, path)).map(({ name }) => name)).toEqual(['#1', '#2']);
  expect((await client.model('GET', TRANSACTIONS)).body.metadata).toMatchObject({
    numberedList: true,
    nextitemIndex: 3,
  });
  const ids = (await itemsOf(client, path)).map(({ id }) => ({ id }));
  expect((await client.model('POST', `${TRANSACTIONS}/resetIndex`)).status).toBe(400);
  expect((await remove(client, path, ids)).body).toMatchObject({ deleted: 2 });
  expect(await client.model('POST', `${TRANSACTIONS}/resetIndex`)).toEqual({ status: 200, body: {} });
  await add(client, path, [{}]);
  expect((await itemsOf(client, path)).map(({ name }) => name)).toEqual(['#1']);
});

/** The table of the guide: what is there, what is sent, and what is there then or why not. */
test.each<[string, object, (id: string) => object, object | string]>([
  ['nothing new', { name: 'n1', code: 'c1' }, () => ({ name: 'n1', code: 'c1' }), { name: 'n1', code: 'c1' }],
  [
    'another name',
    { name: 'n1', code: 'c1' },
    () => ({ name: 'n2', code: 'c1' }),
    { name: 'n2', code: 'c1' },
  ],
  [
    'another code',
    { name: 'n1', code: 'c1' },
    (id) => ({ id, name: 'n1', code: 'c2' }),
    { name: 'n1', code: 'c2' },
  ],
  ['a first code', { name: 'n1' }, (id) => ({ id, name: 'n1', code: 'c2' }), { name: 'n1', code: 'c2' }],
  ['no code', { name: 'n1', code: 'c1' }, (id) => ({ id, name: 'n1', code: '' }), 'INCOMPLETE_DATA'],
  ['a first code by name', { name: 'n1' }, () => ({ name: 'n1', code: 'c1' }), { name: 'n1', code: 'c1' }],
  ['another code by name', { name: 'n1', code: 'c1' }, () => ({ name: 'n1', code: 'c2' }), 'INCOMPLETE_DATA'],
  [
    'a value by code',
    { name: 'n1', code: 'c1' },
    () => ({ code: 'c1', properties: { Manager: 'Bo' } }),
    { code: 'c1', properties: { Manager: 'Bo' } },
  ],
  [
    'a value by name where there is a code',
    { name: 'n1', code: 'c1' },
    () => ({ name: 'n1', properties: { Manager: 'Bo' } }),
    'INCOMPLETE_DATA',
  ],
  [
    'a value by name',
    { name: 'n1', properties: { Manager: 'Al' } },
    () => ({ name: 'n1', properties: { Manager: 'Bo' } }),
    { name: 'n1', properties: { Manager: 'Bo' } },
  ],
])('an item is updated: %s', async (_, before, sent, expected) => {
  const { client } = await tenant();
  await add(client, STORES, [before]);
  const [item] = await itemsOf(client, STORES);
  const answer = await update(client, STORES, [sent(String(item?.id))]);
  if (typeof expected === 'string') {
    expect(types(answer)).toEqual([[0, expected]]);
    expect(await itemsOf(client, STORES)).toEqual([item]);
  } else {
    expect(answer.body).toMatchObject({ total: 1, updated: 1, ignored: 0 });
    expect(await itemsOf(client, STORES)).toMatchObject([{ ...expected, id: item?.id }]);
  }
});

test('items are deleted by ID, also a number, or by code, and not by both; their sales go with them', async () => {
  const { client, sandbox } = await tenant();
  await client.upload(
    '113000000002',
    'Product,Region,Month,Units,Revenue,Last Order\nP0001,EMEA,Jan 25,1,1,\nP0002,EMEA,Jan 25,2,2,\n',
  );
  await client.run('imports', '112000000002');
  const [first] = await itemsOf(client, PRODUCTS);
  const answer = await remove(client, PRODUCTS, [
    { id: Number(first?.id) },
    { code: 'Region 1' },
    { id: 201000000001, code: 'i1' },
  ]);
  expect(answer.body).not.toHaveProperty('deleted');
  expect(answer.body.result).toEqual({
    numberOfItemsDeleted: 1,
    failures: [
      { requestIndex: 1, failureType: 'Not found', failureMessageDetails: "Code 'Region 1' not found" },
      {
        requestIndex: 2,
        failureType: 'Ambiguous criteria',
        failureMessageDetails: 'Specifying both ID and code not supported (201000000001:i1)',
      },
    ],
  });
  expect(sandbox.rows().products).toHaveLength(204);
  expect(sandbox.rows().sales.map(({ product }) => product)).toEqual(['P0002']);
});

test('a product that gets another code keeps its ID and its sales; an import and the view see it', async () => {
  const { client, sandbox } = await tenant();
  await client.upload(
    '113000000002',
    'Product,Region,Month,Units,Revenue,Last Order\nP0001,EMEA,Jan 25,5,1,\n',
  );
  await client.run('imports', '112000000002');
  const [first] = await itemsOf(client, PRODUCTS);
  await update(client, PRODUCTS, [{ id: first?.id, name: 'Bread', code: 'X1' }]);
  expect((await itemsOf(client, PRODUCTS)).find(({ code }) => code === 'X1')).toMatchObject({
    id: first?.id,
    name: 'Bread',
  });
  expect(sandbox.rows().sales).toMatchObject([{ product: 'X1', units: 5 }]);
  const text = (await client.text('/views/102000000001/data', { accept: 'text/csv' })).text;
  expect(text).toContain('Bread,Europe,Jan 25,5,1,');
});

const at = (month: string, version = 'Actual') => [
  { dimensionName: 'Regions', itemCode: 'EMEA' },
  { dimensionName: 'Time', itemName: month },
  { dimensionName: 'Version', itemName: version },
];

test('cells are written each by itself, read back, summed, and why others were not is said', async () => {
  const { client } = await tenant();
  const write = (value: unknown, lineItemName = 'Target', dimensions: object[] = at('Feb 25')) => ({
    lineItemName,
    dimensions,
    value,
  });
  const answer = (await client.model('POST', TARGETS, [
    write(10),
    write('2.5', 'Target', at('Mar 25')),
    write('Good', 'Comment'),
    write(true, 'Approved'),
    write('2025-03-31', 'Due Date'),
    write('Q1 FY25', 'Compared With'),
    write('Product 1', 'Main Product'),
    write(1, 'Stretch Target'),
    write(1, 'Target', at('Q1 FY25')),
    write('many'),
    write('2025-02-30', 'Due Date'),
    write('Smarch 25', 'Compared With'),
    write('Nobody', 'Main Product'),
    write(1, 'Nothing'),
    write(1, 'Target', [{ dimensionName: 'Products', itemCode: 'P0001' }]),
    write(1, 'Target', [{ dimensionName: 'Regions', itemCode: 'XX' }]),
    write(1, 'Target', at('Feb 25').slice(1)),
    write('yes', 'Approved'),
  ])) as Answer;
  expect(answer.body.numberOfCellsChanged).toBe(7);
  expect(types(answer).map(([, type]) => type)).toEqual([
    'cellIsCalculated',
    'cellIsCalculated',
    'valueDataTypeMismatch',
    'invalidDateValue',
    'invalidTimeScaleValue',
    'invalidListItemValue',
    'invalidLineItem',
    'invalidDimension',
    'invalidItem',
    'cellIsInvalid',
    'valueDataTypeMismatch',
  ]);
  const { rows, columnCoordinates, pages } = JSON.parse(
    (await client.text('/views/102000000003/data?format=v1', { accept: 'application/json' })).text,
  ) as {
    rows: { rowCoordinates: string[]; cells: string[] }[];
    columnCoordinates: string[][];
    pages: string[];
  };
  expect([pages, columnCoordinates[0]]).toEqual([['Actual'], ['Target']]);
  const cells = (month: string) =>
    rows.find(({ rowCoordinates: [region, time] }) => region === 'Europe' && time === month)?.cells;
  expect(cells('Feb 25')).toEqual(['10', 'Good', 'true', '2025-03-31', 'Q1 FY25', 'Product 1', '20']);
  expect(cells('Q1 FY25')?.[0]).toBe('12.5');
  expect(cells('FY26')?.[0]).toBe('0');
});

test('a malformed cell refuses the whole request, and so do too many', async () => {
  const { client } = await tenant();
  const good = { lineItemName: 'Target', dimensions: at('Feb 25'), value: 1 };
  const answer = (await client.model('POST', TARGETS, [
    good,
    { ...good, value: null },
    { ...good, value: { a: 1 } },
  ])) as Answer;
  expect(answer.status).toBe(400);
  expect(types(answer)).toEqual([
    [1, 'missingRequiredField'],
    [2, 'unsupportedValueType'],
  ]);
  expect((await client.model('POST', TARGETS, good)).status).toBe(400);
  expect((await client.model('POST', TARGETS, Array(100_001).fill({}))).status).toBe(400);
  expect((await client.text('/views/102000000003/data', { accept: 'text/csv' })).text).not.toContain(
    'Feb 25,1,',
  );
});

test('cells of Sales are those that imports and exports have', async () => {
  const { client, sandbox } = await tenant();
  const dimensions = [
    { dimensionName: 'Products', itemCode: 'P0001' },
    { dimensionName: 'Regions', itemName: 'Europe' },
    { dimensionId: '20000000003', itemName: 'Feb 25' },
    { dimensionId: '20000000020', itemName: 'Actual' },
  ];
  await client.model('POST', '/modules/102000000001/data', [
    { lineItemId: '411000000001', dimensions, value: 3 },
  ]);
  expect(sandbox.rows().sales).toEqual([{ product: 'P0001', region: 'EMEA', month: 'Feb 25', units: 3 }]);
});

test('a view is shown by its page, in every layout, and not above a million cells', async () => {
  const { client } = await tenant({ model: { listItems: 200_000 } });
  await client.model('POST', TARGETS, [
    { lineItemName: 'Target', dimensions: at('Jan 25', 'Budget'), value: 9 },
  ]);
  const view = '/views/102000000003/data';
  const lines = async (query: string, accept = 'text/csv') =>
    (await client.text(view + query, { accept })).text.trim().split('\n');
  const grid = await lines('');
  expect(grid.slice(0, 2)).toEqual([
    'Actual',
    ',,Target,Comment,Approved,Due Date,Compared With,Main Product,Stretch Target',
  ]);
  expect(
    (await lines('?pages=20000000020:107000000003')).filter((line) => line.includes('Jan 25,9,')),
  ).toHaveLength(1);
  const table = '?exportType=TABULAR_MULTI_COLUMN&moduleId=102000000003&maxRows=2';
  expect(await lines(table)).toHaveLength(3);
  expect((await lines(table.replace('MULTI', 'SINGLE')))[0]).toBe('Versions,Regions,Time,Line items,Value');
  expect((await lines('?maxRows=1', 'text/csv;escaped=true'))[0]).toBe('"Actual"');
  const status = async (path: string) => (await client.text(path, { accept: 'text/csv' })).status;
  expect(await status(`${view}?exportType=GRID_ALL_PAGES`)).toBe(400);
  expect(await status(`${view}?pages=101000000002:1`)).toBe(400);
  expect(await status('/views/102000000002/data')).toBe(400);
  expect(await status('/views/411000000004/data')).toBe(200);
});

test('names and codes are looked up without regard to case; dimensions are of the model or of a view', async () => {
  const { client } = await tenant();
  const lookup = async (dimension: string, body: object) => {
    const answer = await client.model('POST', `/dimensions/${dimension}/items`, body);
    const items = (answer.body.items ?? []) as { name: string }[];
    return answer.status === 200 ? items.map(({ name }) => name) : answer.status;
  };
  expect(await lookup('101000000002', { names: ['europe', 'nowhere'], codes: ['na'] })).toEqual([
    'North America',
    'Europe',
  ]);
  expect(await lookup('20000000003', { names: ['jan 25'] })).toEqual(['Jan 25']);
  expect(await lookup('20000000020', { names: ['Actual'] })).toEqual(['Actual']);
  expect(await lookup('20000000020', { codes: ['A'] })).toBe(400);
  expect(await lookup('101000000002', { names: [], codes: [] })).toBe(400);
  expect(await lookup('101000000099', { names: ['x'] })).toBe(404);
  const status = async (path: string) => (await client.model('GET', path)).status;
  expect(await status('/dimensions/20000000003/items')).toBe(400);
  expect(await status('/dimensions/101999999998/items')).toBe(200);
  expect(await status('/views/102000000001/dimensions/20000000003/items')).toBe(200);
  expect(await status('/lineItems/411000000001/dimensions/20000000003/items')).toBe(200);
  expect(await status('/lineItems/x/dimensions/20000000003/items')).toBe(400);
  expect(await status('/lineItems/411000000001/dimensions/101000000004/items')).toBe(404);
});

test('periods, years and switchovers are set by the documented rules; a year that goes takes its cells along', async () => {
  const { client, sandbox } = await tenant();
  const put = (path: string, body: object) => client.model('PUT', path, body);
  expect((await client.model('GET', '/currentPeriod')).body.currentPeriod).toMatchObject({ periodText: '' });
  expect((await put('/currentPeriod', { date: '2025-02-20' })).body.currentPeriod).toMatchObject({
    periodText: 'Feb 25',
    lastDay: '2025-02-28',
  });
  const message = async (path: string, body: object) =>
    ((await put(path, body)).body.status as { code: number; message: string }).message;
  expect(await message('/currentPeriod', { date: '20 Feb' })).toBe(
    "Invalid ISO date format '20 Feb'. Date should match format YYYY-MM-DD",
  );
  expect(await message('/currentPeriod', { date: '2029-01-01' })).toMatch(
    /out of timescale range 2025-01-01 - 2026-12-31/,
  );
  const switchover = (date: string, version = '107000000002') =>
    put(`/versions/${version}/switchover`, { date });
  expect((await switchover('2026-05-20')).body.versionSwitchover).toMatchObject({
    periodText: 'May 26',
    date: '2026-05-01',
  });
  expect((await switchover('2026-05-20')).status).toBe(400);
  expect((await switchover('2025-06-20')).status).toBe(400);
  expect((await switchover('2026-06-20', '107000000001')).status).toBe(400);
  await client.model('POST', TARGETS, [{ lineItemName: 'Target', dimensions: at('Apr 26'), value: 4 }]);
  const forecast = await client.text('/views/102000000003/data?pages=20000000020:107000000002', {
    accept: 'text/csv',
  });
  expect(forecast.text).toContain('Europe,Apr 26,4,');
  expect((await switchover('')).body.versionSwitchover).toMatchObject({ periodText: '', date: '' });
  await client.upload(
    '113000000002',
    'Product,Region,Month,Units,Revenue,Last Order\nP0001,EMEA,Jan 25,5,1,\n',
  );
  await client.run('imports', '112000000002');
  expect(await message('/modelCalendar/fiscalYear', { year: 'FY40' })).toBe(
    'Specified year is out of range: 2040',
  );
  expect((await put('/modelCalendar/fiscalYear', { year: 'FY27' })).body.modelCalendar).toEqual({
    fiscalYear: { year: 'FY27', startDate: '2027-01-01', endDate: '2027-12-31' },
  });
  expect(sandbox.rows().sales).toEqual([]);
  expect((await client.model('GET', '/currentPeriod')).body.currentPeriod).toMatchObject({ periodText: '' });
});

test('a model is deleted once it is closed, and each of several by itself', async () => {
  const { client } = await tenant();
  const workspace = '/workspaces/8a8196b15b7dbae6015b8694411d13fe';
  const json = { 'content-type': 'application/json' };
  const bulk = async (ids: string[]) =>
    (await (
      await client.call(
        'POST',
        `${workspace}/bulkDeleteModels`,
        JSON.stringify({ modelIdsToDelete: ids }),
        json,
      )
    ).json()) as Record<string, unknown>;
  expect((await bulk([OTHER])).bulkDeleteModelsFailures).toEqual([
    { modelId: OTHER, message: 'Model is open. Please close the model before trying again.' },
  ]);
  expect((await client.call('GET', `${workspace}/models/${OTHER}/close`)).status).toBe(204);
  const status = await (await client.call('GET', `/models/${OTHER}/status`)).json();
  expect(status).toMatchObject({ currentStep: 'Closed' });
  const answer = await bulk([OTHER, 'Incorrect_Model_Id']);
  expect(answer).toMatchObject({
    modelsDeleted: 1,
    bulkDeleteModelsFailures: [{ modelId: 'Incorrect_Model_Id', message: 'Model ID does not exist.' }],
  });
  expect((await client.call('GET', `/models/${OTHER}`)).status).toBe(404);
});
