import { gzipSync } from 'node:zlib';
import { type ActionRef, AnaplanClient, type Task } from '../../src/anaplan';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox';
import { bytesOf, fast } from './server';

const SALES_HEADER = 'Product,Region,Month,Units,Revenue,Last Order\n';
const load: ActionRef = { kind: 'imports', id: '112000000002' };

let sandbox: Sandbox;
let client: AnaplanClient;
const start = async (options: SandboxOptions = {}): Promise<void> => {
  sandbox = await startSandbox({
    requestsPerMinute: false,
    taskDurationMs: 0,
    minPollMs: 0,
    pageSize: 2,
    ...options,
  });
  client = new AnaplanClient({
    apiUrl: sandbox.url,
    authUrl: sandbox.url,
    credentials: { kind: 'basic', ...sandbox.credentials },
    limiter: fast(),
  });
};
afterEach(async () => {
  await client.close();
  await sandbox.close();
});

async function model() {
  const [workspace] = await client.workspaces.list();
  const models = await client.models.list(workspace?.id);
  const found = models.find((m) => m.name === 'Sales Planning' && m.activeState !== 'ARCHIVED');
  return { workspaceId: workspace?.id ?? '', modelId: found?.id ?? '' };
}

async function run(ref: Awaited<ReturnType<typeof model>>, action: ActionRef): Promise<Task> {
  const before = await client.tasks.list(ref, action);
  const { taskId, serverDate } = await client.tasks.start(ref, action, { localeName: 'en_US' });
  expect(before.tasks.some((t) => t.taskId === taskId)).toBe(false);
  expect(serverDate).toBeGreaterThan(0);
  for (let polls = 0; polls < 100; polls++) {
    await sandbox.settle();
    const task = await client.tasks.get(ref, action, taskId ?? '');
    if (task.taskState === 'COMPLETE') return task;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('the task does not end');
}

const chunkOf = (text: string, gzip: boolean) => {
  const bytes = gzip ? gzipSync(text, { level: 1 }) : Buffer.from(text);
  return { slices: () => [bytes], length: bytes.length, gzip };
};

test.each([
  ['live', 'omitted'],
  ['documented', 'omitted'],
  ['live', 'null'],
  ['documented', 'null'],
] as const)(
  'a walk through the whole API, answers in the %s form, with what is absent %s',
  async (envelopes, absent) => {
    await start({
      envelopes,
      absent,
      model: { viewPages: 3, viewRowsPerPage: 2, listItems: 5, listRowsPerPage: 2, dumpChunkBytes: 60 },
    });
    expect(await client.users.me()).toMatchObject({ email: sandbox.credentials.user });
    const ref = await model();
    expect((await client.models.get(ref.modelId)).name).toBe('Sales Planning');
    expect((await client.models.status(ref)).idle).toBe(true);

    const imports = await client.imports.list(ref);
    expect(imports).toContainEqual(
      expect.objectContaining({ id: load.id, importDataSourceId: '113000000002' }),
    );
    expect((await client.imports.get(ref, load.id)).source?.headerNames).toContain('Units');
    expect((await client.exports.list(ref)).map((e) => e.id)).toContain('116000000001');
    expect((await client.exports.get(ref, '116000000001')).headerNames).toContain('Units');
    const processes = await client.processes.list(ref);
    expect((await client.processes.get(ref, processes[0]?.id ?? '')).actions.length).toBeGreaterThan(0);
    const actions = await client.actions.list(ref);
    expect((await client.actions.get(ref, actions[0]?.id ?? '')).id).toBe(actions[0]?.id);

    const file = (await client.files.list(ref)).find((f) => f.id === '113000000002');
    expect(file?.name).toBe('sales.csv');
    expect((await client.files.setChunkCount(ref, '113000000002', -1)).id).toBe('113000000002');
    const rows =
      'P0001,EMEA,Jan 25,10,20.50,2026-01-05\nP9999,EMEA,Jan 25,1,1,2026-01-05\nP0002,EMEA,Jan 25,many,1,2026-01-05\n';
    await client.files.putChunk(ref, '113000000002', 0, chunkOf(SALES_HEADER, true));
    await client.files.putChunk(ref, '113000000002', 1, chunkOf(rows, true));
    await client.files.complete(ref, '113000000002', { ...file, chunkCount: 2 });
    expect(sandbox.files('113000000002')).toMatchObject({ chunks: 2, completed: true });

    const task = await run(ref, load);
    expect(task.result).toMatchObject({ successful: true, failureDumpAvailable: true });
    const chunks = await client.dumps.chunks(ref, load, task.taskId, undefined);
    expect(chunks.length).toBeGreaterThan(1);
    const parts: Buffer[] = [];
    for (const { id } of chunks) {
      parts.push(await bytesOf(await client.dumps.getChunk(ref, load, task.taskId, undefined, id)));
    }
    const whole = await bytesOf(await client.dumps.getWhole(ref, load, task.taskId, undefined));
    expect(Buffer.concat(parts).equals(whole)).toBe(true);
    expect(String(whole)).toContain('P9999');

    const exported = await run(ref, { kind: 'exports', id: '116000000001' });
    expect(exported.result?.successful).toBe(true);
    const text: string[] = [];
    for (const { id } of await client.files.chunks(ref, '116000000001')) {
      text.push(String(await bytesOf(await client.files.getChunk(ref, '116000000001', id))));
    }
    expect(text.join('')).toContain('P0001');

    const [module] = await client.modules.list(ref);
    expect((await client.views.listInModule(ref, module?.id ?? '')).length).toBeGreaterThan(0);
    const view = (await client.views.list(ref)).find((v) => v.name.includes('Bulk'));
    const list = (await client.lists.list(ref)).find((l) => l.name.includes('Bulk'));
    for (const target of [
      { kind: 'views', id: view?.id ?? '' },
      { kind: 'lists', id: list?.id ?? '' },
    ] as const) {
      const options = target.kind === 'views' ? { exportType: 'TABULAR_MULTI_COLUMN' } : {};
      const { requestId } = await client.reads.create(ref, target, options);
      await sandbox.settle();
      let status = await client.reads.status(ref, target, requestId);
      while (status.requestState !== 'COMPLETE') status = await client.reads.status(ref, target, requestId);
      expect(status).toMatchObject({ successful: true, availablePages: 3 });
      for (let n = 0; n < 3; n++) {
        expect((await bytesOf(await client.reads.page(ref, target, requestId, n))).length).toBeGreaterThan(0);
      }
      await client.reads.delete(ref, target, requestId);
    }
    expect(sandbox.openReadRequests()).toEqual([]);
    expect(sandbox.misuse).toEqual([]);
  },
);

test('tokens that die in the middle cost one new log-in and nothing else', async () => {
  await start();
  const ref = await model();
  await client.files.setChunkCount(ref, '113000000002', 2);
  await client.files.putChunk(ref, '113000000002', 0, chunkOf(SALES_HEADER, false));
  sandbox.expireTokens();
  await client.files.putChunk(ref, '113000000002', 1, chunkOf('P0001,EMEA,Jan 25,1,1,2026-01-05\n', false));
  expect(sandbox.files('113000000002')).toMatchObject({ chunks: 2, completed: true });
  expect(sandbox.misuse).toEqual([]);
});
