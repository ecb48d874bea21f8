import { request, type IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { SALES_MODEL, type FaultAction, type Sandbox } from '../../src/sandbox';
import { closeAll, tenant, type Client } from './client';

afterEach(closeAll);

const FILE = '116000000002';
const CHUNK = `/models/{m}/files/${FILE}/chunks/0`;
const BODY = 'Product,Region,Month,Units,Revenue,Last Order\n';

interface Raw {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
  /** Node's error code, or `aborted` where the body ended early. */
  error?: string;
}

/** A GET over plain http, which hides nothing. */
function get(client: Client, path: string): Promise<Raw> {
  return new Promise((resolve) => {
    const asked = request(`${client.sandbox.url}/2/0/models/${SALES_MODEL}${path}`, {
      headers: { authorization: `AnaplanAuthToken ${client.token}` },
      agent: false,
    });
    const parts: Buffer[] = [];
    let raw: Raw = { status: 0, headers: {}, body: Buffer.alloc(0) };
    const end = (error?: string) =>
      resolve({ ...raw, body: Buffer.concat(parts), ...(error === undefined ? {} : { error }) });
    asked.on('error', (error: NodeJS.ErrnoException) => end(error.code));
    asked.on('response', (answer) => {
      raw = { ...raw, status: answer.statusCode ?? 0, headers: answer.headers };
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => end());
      answer.on('error', (error: NodeJS.ErrnoException) => end(error.code));
    });
    asked.end();
  });
}

async function struck(action: FaultAction): Promise<{ raw: Raw; sandbox: Sandbox; client: Client }> {
  const { sandbox, client } = await tenant();
  await client.run('exports', FILE);
  const id = sandbox.faults.add({ method: 'GET', path: CHUNK, action });
  const raw = await get(client, `/files/${FILE}/chunks/0`);
  expect(sandbox.faults.hits(id)).toBe(1);
  expect((await get(client, `/files/${FILE}/chunks/0`)).body.toString()).toBe(BODY);
  return { raw, sandbox, client };
}

test('status: with headers and body of choice', async () => {
  const { raw } = await struck({ kind: 'status', status: 429, headers: { 'retry-after': '3' } });
  expect(raw).toMatchObject({ status: 429, headers: { 'retry-after': '3' } });
  expect(JSON.parse(raw.body.toString())).toMatchObject({ status: { code: 429 } });
  const { raw: html } = await struck({ kind: 'status', status: 502, body: '<html>' });
  expect(html.body.toString()).toBe('<html>');
});

test('reset: before an answer, and in the middle of one', async () => {
  expect((await struck({ kind: 'reset', when: 'before' })).raw.error).toBe('ECONNRESET');
  const { raw } = await struck({ kind: 'reset', when: { atByte: 10 } });
  expect(raw).toMatchObject({ status: 200, error: 'ECONNRESET' });
  expect(raw.body.toString()).toBe(BODY.slice(0, 10));
});

test('fin and truncate: the body ends before its length or its last chunk', async () => {
  for (const action of [
    { kind: 'fin', atByte: 5 },
    { kind: 'truncate', bytes: 5 },
    { kind: 'truncate', bytes: 5, framing: 'chunked' },
  ] as const) {
    const { raw } = await struck(action);
    expect(raw.body.toString()).toBe(BODY.slice(0, 5));
    expect(raw.error).toBe('ECONNRESET');
  }
});

test('corrupt: one byte differs', async () => {
  const { raw } = await struck({ kind: 'corrupt', atByte: 3 });
  expect(
    raw.body.map((byte, i) => byte ^ (Buffer.from(BODY)[i] ?? 0)).filter((difference) => difference !== 0),
  ).toHaveLength(1);
});

test('gzip, corrupt-gzip, chunked and no-framing: other ways to send a body', async () => {
  const { raw: gzip } = await struck({ kind: 'gzip' });
  expect(gzip.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(gzip.body).toString()).toBe(BODY);
  const { raw: broken } = await struck({ kind: 'corrupt-gzip' });
  expect(() => gunzipSync(broken.body)).toThrow();
  const { raw: chunked } = await struck({ kind: 'chunked' });
  expect(chunked.headers['transfer-encoding']).toBe('chunked');
  expect(chunked.body.toString()).toBe(BODY);
  const { raw: bare } = await struck({ kind: 'no-framing' });
  expect(bare.headers).not.toHaveProperty('content-length');
  expect(bare.headers).not.toHaveProperty('transfer-encoding');
  expect(bare.body.toString()).toBe(BODY);
});

test('stall: silence before the answer or within it, then it goes on', async () => {
  for (const when of ['before', 'after-effect', { atByte: 7 }] as const) {
    const began = Date.now();
    const { raw } = await struck({ kind: 'stall', ms: 120, when });
    expect(raw.body.toString()).toBe(BODY);
    expect(Date.now() - began).toBeGreaterThanOrEqual(115);
  }
});

test('expire-token: this token dies, and going on with it is noted', async () => {
  const { sandbox, client } = await tenant();
  sandbox.faults.add({ path: '/models/{m}/files', action: { kind: 'expire-token' } });
  expect((await client.model('GET', '/files')).status).toBe(401);
  expect(sandbox.misuse).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect((await client.model('GET', '/files')).status).toBe(401);
  expect(sandbox.misuse[0]).toMatch(/^dead-token: /);
});

test.each<FaultAction>([
  { kind: 'reset', when: 'after-effect' },
  { kind: 'status-after-effect', status: 504 },
  { kind: 'empty-2xx' },
])('a start whose answer is lost (%j) has its effect; starting again at once is noted', async (action) => {
  const { sandbox, client } = await tenant();
  sandbox.faults.add({ method: 'POST', path: '/models/*/exports/*/tasks', action });
  await client.model('POST', `/exports/${FILE}/tasks`, { localeName: 'en_US' }).catch(() => undefined);
  expect(sandbox.tasks(FILE)).toHaveLength(1);
  await sandbox.settle();
  await client.start('exports', FILE);
  await sandbox.settle();
  expect(sandbox.misuses.map((misuse) => misuse.kind)).toEqual(['repeated-start']);
});

test('a start that never had an effect is unanswered too', async () => {
  const { sandbox, client } = await tenant();
  sandbox.faults.add({
    method: 'POST',
    path: '/models/*/exports/*/tasks',
    action: { kind: 'status', status: 503 },
  });
  await client.model('POST', `/exports/${FILE}/tasks`, { localeName: 'en_US' });
  expect(sandbox.tasks(FILE)).toHaveLength(0);
  await client.start('exports', FILE);
  expect(sandbox.misuses.map((misuse) => misuse.kind)).toEqual(['repeated-start']);
});

test('duplicate: the request is carried out twice, which is not the misuse of its client', async () => {
  const { sandbox, client } = await tenant();
  sandbox.faults.add({ method: 'POST', path: '/models/*/exports/*/tasks', action: { kind: 'duplicate' } });
  await client.start('exports', FILE);
  expect(sandbox.tasks(FILE)).toHaveLength(2);
  expect(sandbox.misuse).toEqual([]);
});

test('a chunk cut at a byte of the request changes nothing; one whose answer is lost is there', async () => {
  const { sandbox, client } = await tenant();
  await client.model('POST', '/files/113000000002', { chunkCount: 1 });
  const path = '/models/*/files/*/chunks/*';
  sandbox.faults.add({ method: 'PUT', path, action: { kind: 'reset', when: { atRequestByte: 100_000 } } });
  await expect(client.put('113000000002', 0, Buffer.alloc(3_000_000))).rejects.toThrow();
  expect(sandbox.files('113000000002')).toMatchObject({ chunks: 0 });
  sandbox.faults.add({ method: 'PUT', path, action: { kind: 'reset', when: 'after-effect' } });
  await expect(client.put('113000000002', 0, 'whole')).rejects.toThrow();
  expect(sandbox.files('113000000002')).toMatchObject({ chunks: 1, completed: true });
  expect(await client.put('113000000002', 0, 'whole')).toBe(204);
  expect(sandbox.misuse).toEqual([]);
});

test('a client that gives up during a stall leaves nothing behind, and its start counts as unanswered', async () => {
  const { sandbox, client } = await tenant();
  sandbox.faults.add({
    method: 'POST',
    path: '/models/*/exports/*/tasks',
    action: { kind: 'stall', when: 'after-effect' },
  });
  const stalled = fetch(`${sandbox.url}/2/0/models/${SALES_MODEL}/exports/${FILE}/tasks`, {
    method: 'POST',
    headers: { authorization: `AnaplanAuthToken ${client.token}` },
    body: JSON.stringify({ localeName: 'en_US' }),
    signal: AbortSignal.timeout(150),
  });
  await expect(stalled).rejects.toThrow();
  await sandbox.settle();
  expect(sandbox.tasks(FILE)).toMatchObject([{ state: 'COMPLETE' }]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await client.start('exports', FILE);
  await sandbox.settle();
  expect(sandbox.misuses.map((misuse) => misuse.kind)).toEqual(['repeated-start']);
});

test('occurrence, times and expressions choose the requests', async () => {
  const { sandbox, client } = await tenant();
  const fail = { kind: 'status', status: 503 } as const;
  const statuses = async (path: string, count: number) => {
    const found: number[] = [];
    for (let i = 0; i < count; i++) found.push((await client.model('GET', path)).status);
    return found;
  };
  sandbox.faults.add({ path: '/models/*/files', occurrence: [2, 4], action: fail });
  expect(await statuses('/files', 5)).toEqual([200, 503, 200, 503, 200]);
  sandbox.faults.add({ path: /\/modules$/, times: 2, action: fail });
  expect(await statuses('/modules', 3)).toEqual([503, 503, 200]);
  const id = sandbox.faults.add({ path: '/models/**', occurrence: 'every', action: fail });
  expect(await statuses('/lists/101000000001', 2)).toEqual([503, 503]);
  expect(sandbox.faults.remove(id)).toBe(true);
  expect(await statuses('/lists', 1)).toEqual([200]);
});

test('over HTTP: faults, record, misuse, state, model and reset', async () => {
  const { sandbox, client } = await tenant();
  const control = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${sandbox.url}/sandbox/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
  };
  const path = { source: '/files$' };
  const { body } = await control('POST', 'faults', {
    method: 'GET',
    path,
    action: { kind: 'status', status: 410 },
  });
  expect((await client.model('GET', '/files')).status).toBe(410);
  expect((await control('GET', 'faults')).body.faults).toMatchObject([
    { id: (body.ids as string[])[0], hits: 1 },
  ]);
  expect((await control('POST', 'faults', { path: '/x' })).status).toBe(400);
  await client.upload('113000000002', 'abc');
  expect((await control('GET', 'record?summary')).body.counts).toMatchObject({
    'PUT /models/{m}/files/{f}/chunks/{i}': 1,
  });
  expect((await control('GET', 'state')).body.models).toContainEqual(
    expect.objectContaining({
      id: SALES_MODEL,
      files: [expect.objectContaining({ bytes: 3, completed: true })],
    }),
  );
  await control('POST', 'model', { status: 'locked' });
  expect(await client.put('113000000002', 0, 'abc')).toBe(423);
  expect((await control('GET', 'misuse')).body.misuse).toEqual([]);
  await control('POST', 'reset');
  expect(sandbox.record).toHaveLength(0);
  expect((await client.model('GET', '/files')).status).toBe(401);
});
