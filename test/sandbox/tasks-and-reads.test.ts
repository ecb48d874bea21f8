import { SALES_MODEL } from '../../src/sandbox';
import { closeAll, tenant, type Task } from './client';

const csv = { accept: 'text/csv' };
const HEADER = 'Product,Region,Month,Units,Revenue,Last Order\n';

afterEach(closeAll);

/** A clock that the test moves. */
function clock() {
  let now = Date.parse('2026-01-05T00:51:00Z');
  return { read: () => now, move: (ms: number) => void (now += ms) };
}

test('a task waits, runs with progress and completes; the model status names it; one runs at a time', async () => {
  const time = clock();
  const { client, sandbox } = await tenant({
    taskDurationMs: 1_000,
    taskStartDelayMs: 100,
    clock: time.read,
  });
  const first = await client.start('exports', '116000000001');
  const second = await client.start('actions', '117000000002');
  expect((await client.task('exports', '116000000001', first)).taskState).toBe('NOT_STARTED');
  time.move(600);
  const running = await client.task('exports', '116000000001', first);
  expect(running).toMatchObject({ taskState: 'IN_PROGRESS', progress: 0.5 });
  expect((await client.task('actions', '117000000002', second)).taskState).toBe('NOT_STARTED');
  const status = (await client.model('POST', '/status')).body.requestStatus;
  expect(status).toMatchObject({
    currentStep: 'Processing ...',
    taskId: first,
    tooltip: expect.stringContaining(
      'Export started by user Demo User (demo@example.com)\n\nExport started at 00:51 (UTC)',
    ),
  });
  expect((await client.model('GET', '/files/116000000001/chunks')).body).not.toHaveProperty('chunks');
  time.move(600);
  const done = await client.task('exports', '116000000001', first);
  expect(done.result?.details?.[0]?.type).toBe('exportSucceeded');
  expect((await client.task('actions', '117000000002', second)).taskState).toBe('IN_PROGRESS');
  time.move(1_000);
  expect((await client.task('actions', '117000000002', second)).taskState).toBe('COMPLETE');
  expect((await client.model('GET', '/status')).body).toMatchObject({ progress: -1, currentStep: 'Open' });
  expect(sandbox.misuse).toEqual([]);
});

test('DELETE cancels a task and rolls it back, unless it ends first', async () => {
  const time = clock();
  const { client, sandbox } = await tenant({ taskDurationMs: 1_000, taskCancelMs: 200, clock: time.read });
  const before = sandbox.rows().products.length;
  const start = () => client.start('actions', '117000000001');
  const taskId = await start();
  const path = `/actions/117000000001/tasks/${taskId}`;
  expect((await client.model('DELETE', path)).body.task?.taskState).toBe('CANCELLING');
  time.move(200);
  expect(await client.task('actions', '117000000001', taskId)).toMatchObject({
    taskState: 'CANCELLED',
    result: { successful: false },
  });
  expect(sandbox.rows().products).toHaveLength(before);
  const late = await start();
  time.move(900);
  await client.model('DELETE', `/actions/117000000001/tasks/${late}`);
  time.move(200);
  const end = await client.task('actions', '117000000001', late);
  expect(end).toMatchObject({ taskState: 'COMPLETE', result: { successful: true } });
  expect(end.result?.details?.[0]?.localMessageText).toBe(
    '5 items were deleted from the list Products using Inactive',
  );
});

test('a start needs localeName; mapping parameters are kept and change the envelope', async () => {
  const { client, sandbox } = await tenant();
  expect((await client.model('POST', '/imports/112000000005/tasks', {})).status).toBe(400);
  expect((await client.model('POST', '/imports/112000000099/tasks', { localeName: 'en_US' })).status).toBe(
    404,
  );
  const bare = await client.model('POST', '/imports/112000000005/tasks', { localeName: 'en_US' });
  expect(Object.keys(bare.body)).toEqual(['taskId']);
  await sandbox.settle();
  const mappingParameters = [{ entityType: 'Version', entityName: 'Actual' }];
  const mapped = await client.model('POST', '/imports/112000000005/tasks', {
    localeName: 'en_GB',
    mappingParameters,
  });
  expect(mapped.body.task?.taskId).toBeDefined();
  expect(sandbox.tasks('112000000005')[1]).toMatchObject({ localeName: 'en_GB', mappingParameters });
});

test('the documented envelopes are bare and singular where the guide shows them so', async () => {
  const { client, sandbox } = await tenant({ envelopes: 'documented' });
  expect((await client.model('GET', '/processes')).body).toContainEqual({
    id: '118000000003',
    name: 'Housekeeping',
  });
  const taskId = await client.start('processes', '118000000003');
  await sandbox.settle();
  expect((await client.model('GET', '/processes/118000000003/tasks')).body).toMatchObject({
    taskId,
    taskState: 'COMPLETE',
  });
  const imported = await client.start('imports', '112000000005');
  expect((await client.model('GET', '/imports/112000000005/tasks')).body.task).toMatchObject({
    taskId: imported,
  });
});

test('process details add durations and start times', async () => {
  const { client } = await tenant();
  const taskId = await client.start('processes', '118000000003');
  const { body } = await client.model(
    'GET',
    `/processes/118000000003/tasks/${taskId}?includeProcessDetails=true`,
  );
  expect(body.task?.result).toMatchObject({
    duration: expect.any(String),
    nestedResults: [{ startTime: expect.any(String) }, {}],
  });
});

test('task lists page, sort, hold other users tasks and empty themselves when the model unloads', async () => {
  const { client, sandbox } = await tenant({ pageSize: 2 });
  const own = await client.start('exports', '116000000002');
  await sandbox.settle();
  const other = sandbox.otherUserStarts('116000000002');
  await sandbox.settle();
  const third = await client.start('exports', '116000000002');
  const list = async (query = '') => (await client.model('GET', `/exports/116000000002/tasks${query}`)).body;
  expect(await list()).toMatchObject({
    meta: { paging: { totalSize: 3, currentPageSize: 2, offset: 0 } },
    tasks: [{ taskId: own }, { taskId: other }],
  });
  expect(await list('?offset=2')).toMatchObject({ tasks: [{ taskId: third }] });
  expect(await list('?sort=-creationTime')).toMatchObject({ tasks: [{ taskId: third }, { taskId: other }] });
  expect((await client.model('GET', '/exports/999/tasks')).status).toBe(200);
  sandbox.unloadModel();
  expect(await list()).not.toHaveProperty('tasks');
  expect((await client.model('GET', `/exports/116000000002/tasks/${own}`)).status).toBe(404);
});

test('a process runs its actions in order, keeps dumps per import and is not atomic', async () => {
  const { client, sandbox } = await tenant();
  await client.upload(
    '113000000001',
    'Code,Name,Category,Launch Date,Active\nN1,New,Dairy,2026-01-01,true\n,bad,,,\n',
  );
  await client.upload(
    '113000000002',
    HEADER + 'P0001,EMEA,Jan 25,1,2,2026-01-01\nN1,EMEA,Jan 25,1,2,2026-01-01\n',
  );
  const taskId = await client.start('processes', '118000000001');
  const { result } = await client.task('processes', '118000000001', taskId);
  expect(result?.successful).toBe(true);
  expect(result?.failureDumpAvailable).toBe(true);
  expect(result?.nestedResults?.map((nested) => [nested.objectId, nested.failureDumpAvailable])).toEqual([
    ['112000000001', true],
    ['112000000002', false],
    ['116000000001', false],
    ['117000000001', false],
  ]);
  const dumps = `/processes/118000000001/tasks/${taskId}/dumps`;
  expect((await client.text(`${dumps}/112000000001/chunks/0`)).text).toContain(
    '"E","","bad","","","","3","Error parsing key',
  );
  expect((await client.text(`${dumps}/112000000002/chunks`)).status).toBe(404);
  expect((await client.text('/files/116000000001/chunks/0')).text).toBe(
    HEADER + 'P0001,EMEA,Jan 25,1,2,2026-01-01\nN1,EMEA,Jan 25,1,2,2026-01-01\n',
  );
  const failed: Task = await client.run('processes', '118000000002');
  expect(failed.result?.successful).toBe(false);
  expect(failed.result?.nestedResults?.map((nested) => nested.successful)).toEqual([true, false]);
  expect(sandbox.rows().sales).toHaveLength(2);
});

test('exports are read in chunks; every run differs; an empty one has its header', async () => {
  const { client, sandbox } = await tenant({ model: { exportBytes: 25_000, exportChunkBytes: 10_000 } });
  await client.run('exports', '116000000003');
  const chunks = (await client.model('GET', '/files/116000000003/chunks')).body.chunks as { id: string }[];
  expect(chunks).toEqual([0, 1, 2].map((i) => ({ id: String(i), name: `Chunk ${i}` })));
  const texts = await Promise.all(
    chunks.map(async ({ id }) => (await client.text(`/files/116000000003/chunks/${id}`)).text),
  );
  const lines = texts.join('').split('\n');
  expect(lines[0]).toBe('Run,Row,Text');
  expect(
    lines
      .slice(1, -1)
      .every((row, i) => row.startsWith(`R00001,${String(i).padStart(12, '0')},`) && row.length === 99),
  ).toBe(true);
  const before = sandbox.files('116000000003')?.sha256;
  expect(sandbox.replaceExport('116000000003').sha256).not.toBe(before);
  await client.run('exports', '116000000002');
  expect((await client.text('/files/116000000002/chunks/0')).text).toBe(HEADER);
});

test('a large read grows, repeats its header on every page, and is gone after DELETE', async () => {
  const time = clock();
  const options = {
    readDurationMs: 1_000,
    readStartDelayMs: 100,
    clock: time.read,
    model: { viewPages: 4, viewRowsPerPage: 3 },
  };
  const { client, sandbox } = await tenant(options);
  const base = '/views/206000000002/readRequests';
  const made = (await client.model('POST', `${base}/`, { exportType: 'TABULAR_MULTI_COLUMN' })).body;
  const { requestId } = made.viewReadRequest as { requestId: string };
  const status = async () => (await client.model('GET', `${base}/${requestId}`)).body.viewReadRequest;
  expect(await status()).toMatchObject({ requestState: 'NOT_STARTED', viewId: 206000000002 });
  time.move(600);
  expect(await status()).toMatchObject({ requestState: 'IN_PROGRESS', availablePages: 2 });
  const page = (number: number) => client.text(`${base}/${requestId}/pages/${number}`, csv);
  const rows = (await page(1)).text.split('\n');
  expect(rows).toHaveLength(5);
  expect(rows[0]).toBe('Bulk Items,Regions,Time,Amount,Number');
  expect(rows[1]).toMatch(/^Item 000000003,/);
  expect((await page(2)).status).toBe(404);
  expect(sandbox.misuse[0]).toMatch(/^page-out-of-range: /);
  time.move(600);
  expect(await status()).toMatchObject({ requestState: 'COMPLETE', availablePages: 4, successful: true });
  expect(sandbox.openReadRequests()).toHaveLength(1);
  expect((await client.model('DELETE', `${base}/${requestId}`)).body.viewReadRequest).toMatchObject({
    requestState: 'CANCELLED',
  });
  expect((await client.model('GET', `${base}/${requestId}`)).status).toBe(404);
  expect(sandbox.openReadRequests()).toEqual([]);
});

test('only pages divisible by 100 keep a read alive', async () => {
  const time = clock();
  const { client } = await tenant({
    clock: time.read,
    tokenLifeMs: 10 ** 9,
    model: { viewPages: 200, viewRowsPerPage: 1 },
  });
  const base = '/views/206000000002/readRequests';
  const made = (await client.model('POST', base, { exportType: 'GRID_ALL_PAGES' })).body;
  const url = `${base}/${(made.viewReadRequest as { requestId: string }).requestId}/pages`;
  const page = async (number: number) => {
    time.move(20 * 60_000);
    return (await client.text(`${url}/${number}`, csv)).status;
  };
  expect(await page(100)).toBe(200);
  expect(await page(1)).toBe(200);
  expect(await page(0)).toBe(404);
});

test('lists are read alike, previewed, and failed reads say so', async () => {
  const { client, sandbox } = await tenant({ readDurationMs: 0, model: { listItems: 2_500 } });
  sandbox.failNextReads(1);
  const base = '/lists/101000000003/readRequests';
  const create = async () =>
    ((await client.model('POST', base)).body.listReadRequest as { requestId: string }).requestId;
  const failed = await create();
  expect((await client.model('GET', `${base}/${failed}`)).body.listReadRequest).toMatchObject({
    requestState: 'COMPLETE',
    successful: false,
  });
  const id = await create();
  expect((await client.model('GET', `${base}/${id}`)).body.listReadRequest).toMatchObject({
    availablePages: 3,
    listId: 101000000003,
  });
  expect((await client.text(`${base}/${id}/pages/2`, csv)).text.trim().split('\n')).toHaveLength(501);
  expect((await client.text(`${base}/${id}/pages/2`, { accept: 'application/json' })).status).toBe(406);
  expect((await client.text('/lists/101000000003/preview', csv)).text.trim().split('\n')).toHaveLength(1_001);
});

test('the catalog answers names and IDs, with and without a workspace; wrong case is unknown', async () => {
  const { client, sandbox } = await tenant();
  const get = async (path: string) => {
    const answer = await client.call('GET', path);
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  expect((await get('/models?s=sales%20planning')).body.models).toMatchObject([
    { activeState: 'ARCHIVED' },
    { id: SALES_MODEL, activeState: 'UNLOCKED' },
  ]);
  expect((await get('/users/me')).body.user).toMatchObject({ email: 'demo@example.com' });
  const inDemo = `/workspaces/8a8196b15b7dbae6015b8694411d13fe/models/${SALES_MODEL}`;
  expect((await get(`${inDemo}/imports/`)).status).toBe(200);
  expect(
    (await get(`/workspaces/8a8196a258539d4c0158b0f9abe70bfd/models/${SALES_MODEL}/imports`)).status,
  ).toBe(404);
  expect((await get(`/models/${SALES_MODEL.toLowerCase()}/imports`)).status).toBe(404);
  expect((await get(`/models/${SALES_MODEL}/views`)).body.views).toContainEqual({
    code: '',
    id: '206000000002',
    name: 'Bulk.All',
    moduleId: '102000000002',
  });
  expect((await get(`/models/${SALES_MODEL}/imports/112000000005`)).body.importMetadata).toMatchObject({
    type: 'MODEL',
  });
  expect(
    (await get(`/models/${SALES_MODEL}/processes/118000000001?showImportDataSource=true`)).body
      .processMetadata,
  ).toMatchObject({
    actions: [
      { actionType: 'IMPORT', importDataSource: { type: 'FILE' } },
      {},
      { actionType: 'EXPORT' },
      { actionType: 'DELETE_BY_SELECTION' },
    ],
  });
  expect((await client.call('PATCH', `/models/${SALES_MODEL}/imports`)).status).toBe(405);
  expect(sandbox.misuse).toEqual([]);
});

test.each([
  ['locked', 423],
  ['offline', 424],
  ['archived', 422],
  ['deployed', 425],
] as const)('a model that is %s refuses a chunk with %i, for a time', async (status, code) => {
  const time = clock();
  const { client, sandbox } = await tenant({ clock: time.read });
  await client.model('POST', '/files/113000000002', { chunkCount: 1 });
  sandbox.setModelState({ status, forMs: 1_000 });
  expect(await client.put('113000000002', 0, 'x')).toBe(code);
  time.move(1_000);
  expect(await client.put('113000000002', 0, 'x')).toBe(204);
});

test('a busy model answers the starts and polls and holds the files', async () => {
  const { client } = await tenant({ taskDurationMs: 300, holdWhileBusy: true });
  const taskId = await client.start('actions', '117000000002');
  const held = client.model('GET', '/files');
  let answered = false;
  void held.then(() => (answered = true));
  expect((await client.task('actions', '117000000002', taskId)).taskState).toBe('IN_PROGRESS');
  expect(answered).toBe(false);
  expect((await held).status).toBe(200);
  expect((await client.task('actions', '117000000002', taskId)).taskState).toBe('COMPLETE');
});
