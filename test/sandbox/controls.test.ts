/** What a test can make the tenant do while a run is in flight: each of these is a thing that happens to real users. */
import { SALES_MODEL } from '../../src/sandbox';
import { closeAll, tenant, type Client, type Result } from './client';

const REGIONS = '113000000004';
const LOAD_REGIONS = '112000000004';
const BULK = '113000000003';
const DAY = 24 * 60 * 60_000;

afterEach(closeAll);

const control = (client: Client, path: string, body: object = {}): Promise<Response> =>
  fetch(`${client.sandbox.url}/sandbox/${path}`, { method: 'POST', body: JSON.stringify(body) });

async function logIn(client: Client, password: string): Promise<number> {
  const authorization = `Basic ${Buffer.from(`demo@example.com:${password}`).toString('base64')}`;
  const answer = await fetch(`${client.sandbox.url}/token/authenticate`, {
    method: 'POST',
    headers: { authorization },
  });
  return answer.status;
}

const regions = (client: Client) => client.sandbox.rows().regions.map(({ name }) => name);

test('a private file unused for 48 hours is gone: the import reads the default file and says nothing', async () => {
  let now = Date.now();
  const { sandbox, client } = await tenant({ clock: () => now, tokenLifeMs: 30 * DAY });
  await client.upload(REGIONS, 'Code\tName\nNORD\tPrivate\n');
  now += 1.9 * DAY;
  // A use of the file begins the time anew.
  expect((await client.text(`/files/${REGIONS}/chunks/0`)).text).toContain('Private');
  now += 1.9 * DAY;
  await client.run('imports', LOAD_REGIONS);
  expect(regions(client)).toContain('Private');
  now += 2.1 * DAY;
  expect(sandbox.files(REGIONS)).toMatchObject({ chunks: 0, completed: false });
  expect((await client.run('imports', LOAD_REGIONS)).result).toMatchObject({ successful: true });
  expect(regions(client)).toContain('Latinoamérica');
});

test('a file expires at once where a test says so, alone or with all others', async () => {
  const { sandbox, client } = await tenant();
  await client.upload(REGIONS, 'Code\tName\nNORD\tPrivate\n');
  await client.upload(BULK, 'Key,Value\n1,a\n');
  expect((await control(client, 'expire-files', { fileId: REGIONS })).status).toBe(204);
  await client.run('imports', LOAD_REGIONS);
  expect(regions(client)).not.toContain('Private');
  expect(sandbox.files(BULK)?.completed).toBe(true);
  sandbox.expireFiles();
  const { result } = await client.run('imports', '112000000003');
  expect(result?.details?.[0]?.type).toBe('uploadedFileNoLongerAvailable');
});

test('a default file is downloaded while there is no private one, of exports too', async () => {
  const { sandbox, client } = await tenant({ model: { exportChunkBytes: 20 } });
  expect((await client.model('GET', `/files/${REGIONS}/chunks`)).body.chunks).toHaveLength(4);
  expect((await client.text(`/files/${REGIONS}/chunks/0`)).text).toBe('Code\tName\nEMEA\tEurop');
  expect((await client.text(`/files/${REGIONS}`)).text).toContain('Middle East');
  sandbox.setDefaultFile('116000000001', 'last year');
  expect((await client.text('/files/116000000001/chunks/0')).text).toBe('last year');
  await client.run('exports', '116000000001');
  expect((await client.text('/files/116000000001/chunks/0')).text).toBe('Product,Region,Month'.slice(0, 20));
  sandbox.expireFiles('116000000001');
  expect((await client.text('/files/116000000001')).text).toBe('last year');
  expect((await control(client, 'default-file', { fileId: '116000000001', content: null })).status).toBe(204);
  expect((await client.text('/files/116000000001')).status).toBe(404);
});

test('a password is rotated while tokens live on; reset brings the old one back', async () => {
  const { sandbox, client } = await tenant();
  expect((await control(client, 'password', { password: 'new one' })).status).toBe(204);
  expect(await logIn(client, 'sandbox')).toBe(401);
  expect(await logIn(client, 'new one')).toBe(201);
  expect(sandbox.credentials.password).toBe('new one');
  expect((await client.model('GET', '/files')).status).toBe(200);
  sandbox.setPassword('third', { expireTokens: true });
  expect((await client.model('GET', '/files')).status).toBe(401);
  sandbox.reset();
  expect(await logIn(client, 'sandbox')).toBe(201);
});

test('log-ins are refused while somebody says so, and a client that hammers on is noted', async () => {
  const { sandbox, client } = await tenant();
  sandbox.refuseLogIns();
  for (let i = 0; i < 5; i++) expect(await logIn(client, 'sandbox')).toBe(401);
  expect(sandbox.misuse).toEqual([]);
  await logIn(client, 'sandbox');
  expect(sandbox.misuse[0]).toMatch(/^refused-log-ins: /);
  await control(client, 'refuse-log-ins', { refuse: false });
  expect(await logIn(client, 'sandbox')).toBe(201);
});

test('when the last user has logged out the task IDs are gone, unless the tenant is told otherwise', async () => {
  const { sandbox, client } = await tenant({ taskDurationMs: 60_000 });
  const taskId = await client.start('imports', LOAD_REGIONS);
  const second = client.token;
  await client.logIn();
  const logOut = (token: string) =>
    fetch(`${sandbox.url}/token/logout`, {
      method: 'POST',
      headers: { authorization: `AnaplanAuthToken ${token}` },
    });
  await logOut(second);
  const get = () => client.model('GET', `/imports/${LOAD_REGIONS}/tasks/${taskId}`);
  expect((await get()).status).toBe(200);
  sandbox.configure({ unloadOnLogOut: false });
  await logOut(client.token);
  await client.logIn();
  expect((await get()).status).toBe(200);
  sandbox.configure({ unloadOnLogOut: true });
  await logOut(client.token);
  await client.logIn();
  expect((await get()).status).toBe(404);
});

test('all users can be logged out from outside', async () => {
  const { client } = await tenant({ taskDurationMs: 60_000 });
  const taskId = await client.start('imports', LOAD_REGIONS);
  await control(client, 'log-out-all');
  expect((await client.model('GET', '/files')).status).toBe(401);
  await client.logIn();
  expect((await client.model('GET', `/imports/${LOAD_REGIONS}/tasks/${taskId}`)).status).toBe(404);
});

test('durations change while tasks run; what cannot change is refused', async () => {
  const { sandbox, client } = await tenant({ taskDurationMs: 3_600_000 });
  const taskId = await client.start('imports', LOAD_REGIONS);
  expect((await client.task('imports', LOAD_REGIONS, taskId)).taskState).toBe('IN_PROGRESS');
  expect((await control(client, 'options', { taskDurationMs: 0 })).status).toBe(204);
  expect((await client.task('imports', LOAD_REGIONS, taskId)).taskState).toBe('COMPLETE');
  expect((await control(client, 'options', { port: 1 })).status).toBe(400);
  expect((await control(client, 'options', { taskDurationMs: 'long' })).status).toBe(400);
  expect((await control(client, 'options', { absent: 'nothing' })).status).toBe(400);
  expect((await control(client, 'options', { taskDurationMs: 60_000, readIdleMs: -1 })).status).toBe(400);
  expect((await control(client, 'options', { model: { pages: 1 } })).status).toBe(400);
  sandbox.reset();
  await client.logIn();
  const again = await client.start('imports', LOAD_REGIONS);
  expect((await client.task('imports', LOAD_REGIONS, again)).taskState).toBe('IN_PROGRESS');
});

test('the clock of the tenant is moved: its dates, its tokens, its files', async () => {
  const { sandbox, client } = await tenant();
  await client.upload(BULK, 'Key,Value\n1,a\n');
  expect((await control(client, 'options', { clockOffsetMs: -3_600_000 })).status).toBe(204);
  const answer = await client.call('GET', `/models/${SALES_MODEL}/files`);
  const date = Date.parse(answer.headers.get('date') ?? '');
  expect(Math.abs(date - (Date.now() - 3_600_000))).toBeLessThan(60_000);
  sandbox.configure({ clockOffsetMs: 2.5 * DAY });
  expect((await client.model('GET', '/files')).status).toBe(401);
  expect(sandbox.files(BULK)?.chunks).toBe(0);
});

test('sizes change for what is made next', async () => {
  const { sandbox, client } = await tenant({ readDurationMs: 0 });
  const base = '/views/206000000002/readRequests';
  const pages = async () => {
    const { body } = await client.model('POST', base, { exportType: 'TABULAR_MULTI_COLUMN' });
    const { requestId } = body.viewReadRequest as { requestId: string };
    const status = (await client.model('GET', `${base}/${requestId}`)).body.viewReadRequest;
    return (status as { availablePages: number }).availablePages;
  };
  expect(await pages()).toBe(5);
  await control(client, 'options', { model: { viewPages: 0 } });
  expect(await pages()).toBe(0);
  sandbox.reset();
  await client.logIn();
  expect(await pages()).toBe(5);
});

test('a request is held until somebody lets it go', async () => {
  const { sandbox, client } = await tenant();
  const id = sandbox.faults.add({ path: '**/files', action: { kind: 'stall', when: 'before' } });
  let answered = false;
  const held = client.model('GET', '/files').then((answer) => {
    answered = true;
    return answer;
  });
  while (sandbox.faults.hits(id) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect((await client.model('GET', '/imports')).status).toBe(200);
  expect(answered).toBe(false);
  await fetch(`${sandbox.url}/sandbox/faults/release?id=${id}`, { method: 'POST' });
  expect((await held).status).toBe(200);
});

describe('answers are edited', () => {
  const edit = (set: Record<string, unknown>, remove: string[] = []) => ({
    path: '**/tasks/*',
    occurrence: 'every' as const,
    action: { kind: 'edit' as const, set, remove },
  });

  test('a task that is complete without a result, or in a state that nobody documents', async () => {
    const { sandbox, client } = await tenant();
    const taskId = await client.start('imports', LOAD_REGIONS);
    sandbox.faults.add(edit({ 'task.taskState': 'SUSPENDED' }, ['task.result']));
    const task = await client.task('imports', LOAD_REGIONS, taskId);
    expect(task).toMatchObject({ taskId, taskState: 'SUSPENDED' });
    expect(task).not.toHaveProperty('result');
    expect(sandbox.tasks()[0]?.result).toMatchObject({ successful: true });
  });

  test('a process of which only the container says that there is a dump', async () => {
    const { client } = await tenant();
    await client.upload('113000000001', 'Code,Name,Category,Launch Date,Active\n,No code,Dairy,,\n');
    const taskId = await client.start('processes', '118000000004');
    const place = 'task.result.nestedResults.*.failureDumpAvailable';
    await control(client, 'faults', edit({ [place]: false }));
    const { result } = await client.task('processes', '118000000004', taskId);
    expect(result?.failureDumpAvailable).toBe(true);
    expect(result?.nestedResults?.map((nested: Result) => nested.failureDumpAvailable)).toEqual([
      false,
      false,
    ]);
    const dump = `/processes/118000000004/tasks/${taskId}/dumps/112000000001`;
    expect((await client.text(dump)).text).toContain('"E","","No code"');
  });

  test('an empty chunk list of a file that has content, which a GET of the whole still answers', async () => {
    const { sandbox, client } = await tenant();
    await client.upload(BULK, 'Key,Value\n', '1,a\n');
    sandbox.faults.add({
      path: '**/chunks',
      action: { kind: 'edit', set: { chunks: [], 'meta.paging.totalSize': 0 } },
    });
    expect((await client.model('GET', `/files/${BULK}/chunks`)).body.chunks).toEqual([]);
    expect((await client.text(`/files/${BULK}`)).text).toBe('Key,Value\n1,a\n');
  });

  test('a chunk of 0 bytes, whole as far as its framing says', async () => {
    const { sandbox, client } = await tenant();
    await client.upload(BULK, 'Key,Value\n');
    sandbox.faults.add({ path: '**/chunks/*', action: { kind: 'edit', body: '' } });
    const answer = await client.call('GET', `/models/${SALES_MODEL}/files/${BULK}/chunks/0`);
    expect(answer.headers.get('content-length')).toBe('0');
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    expect(await answer.text()).toBe('');
  });

  test('entries of lists by number, headers, and objects that were not there', async () => {
    const { sandbox, client } = await tenant();
    sandbox.faults.add({
      path: '**/imports',
      action: {
        kind: 'edit',
        set: { 'imports.0.name': 'First', 'extra.deep': 1, 'imports.99.name': 'not made' },
        remove: ['imports.1', 'meta'],
        headers: { date: 'Thu, 01 Jan 2026 00:00:00 GMT' },
      },
    });
    const answer = await client.call('GET', `/models/${SALES_MODEL}/imports`);
    expect(answer.headers.get('date')).toBe('Thu, 01 Jan 2026 00:00:00 GMT');
    const body = (await answer.json()) as {
      imports: { id: string; name: string }[];
      meta?: object;
      extra: object;
    };
    expect(body.imports[0]).toMatchObject({ id: '112000000001', name: 'First' });
    expect(body.imports[1]?.id).toBe('112000000003');
    expect(body).not.toHaveProperty('meta');
    expect(body.extra).toEqual({ deep: 1 });
  });
});

test('absent fields are null where the tenant is told so', async () => {
  const { client } = await tenant({ absent: 'null', taskDurationMs: 60_000 });
  expect((await client.model('GET', `/files/${BULK}/chunks`)).body.chunks).toBeNull();
  expect((await client.model('GET', `/imports/${LOAD_REGIONS}/tasks`)).body.tasks).toBeNull();
  const taskId = await client.start('imports', LOAD_REGIONS);
  expect((await client.task('imports', LOAD_REGIONS, taskId)).result).toBeNull();
  const { body } = await client.model('GET', '/imports');
  const imports = body.imports as { id: string; importDataSourceId: unknown }[];
  expect(imports.find(({ id }) => id === '112000000005')?.importDataSourceId).toBeNull();
  expect(body.meta).toMatchObject({ paging: { next: null, previous: null } });
});

test('exports and views of nothing at all: no byte, no chunk, no page', async () => {
  const { client } = await tenant({ model: { exportBytes: 0, viewPages: 0 } });
  const { result } = await client.run('exports', '116000000003');
  const values = result?.details?.[0]?.values ?? [];
  expect(values[values.indexOf('fileSize') + 1]).toBe('0');
  expect((await client.model('GET', '/files/116000000003/chunks')).body).not.toHaveProperty('chunks');
  expect((await client.text('/files/116000000003')).text).toBe('');
  const read = await client.model('POST', '/views/206000000002/readRequests', {
    exportType: 'TABULAR_MULTI_COLUMN',
  });
  const { requestId } = read.body.viewReadRequest as { requestId: string };
  const status = await client.model('GET', `/views/206000000002/readRequests/${requestId}`);
  expect(status.body.viewReadRequest).toMatchObject({
    requestState: 'COMPLETE',
    availablePages: 0,
    successful: true,
  });
});
