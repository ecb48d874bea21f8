import { createSign, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BEHAVIOURS, describeTenant, MISUSES, SALES_MODEL, type Sandbox } from '../../src/sandbox';
import { closeAll, tenant } from './client';

afterEach(closeAll);

const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', name), 'utf8');
const certificate = fixture('test-certificate.pem');
const key = fixture('test-key.pem');

/** A clock that the test moves, within the life of the certificate. */
function clock() {
  let now = Date.parse('2030-06-20T12:00:00Z');
  return { read: () => now, move: (ms: number) => void (now += ms) };
}

function payload(data: Buffer, format?: 'v2'): Record<string, string> {
  const encodedSignedData = createSign('RSA-SHA512').update(data).sign(key, 'base64');
  return {
    encodedData: data.toString('base64'),
    encodedSignedData,
    ...(format === undefined ? {} : { encodedDataFormat: format }),
  };
}

function stamped(seconds: number): Buffer {
  const stamp = Buffer.alloc(8);
  stamp.writeBigUInt64BE(BigInt(Math.floor(seconds)));
  return Buffer.concat([stamp, randomBytes(100)]);
}

async function byCertificate(sandbox: Sandbox, body: object): Promise<number> {
  const authorization = `CACertificate ${Buffer.from(certificate).toString('base64')}`;
  const answer = await fetch(`${sandbox.url}/token/authenticate`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return answer.status;
}

async function token(
  sandbox: Sandbox,
  method: string,
  path: string,
  value: string,
  scheme = 'AnaplanAuthToken',
) {
  const answer = await fetch(`${sandbox.url}/token/${path}`, {
    method,
    headers: { authorization: `${scheme} ${value}` },
  });
  const text = await answer.text();
  return {
    status: answer.status,
    body: (text === '' ? {} : JSON.parse(text)) as Record<string, Record<string, unknown>>,
  };
}

test('a password logs in; a wrong one and a wrong header are told apart', async () => {
  const { sandbox, client } = await tenant({ password: 'secret' });
  expect(client.token).not.toBe('');
  const bad = await token(
    sandbox,
    'POST',
    'authenticate',
    Buffer.from('demo@example.com:wrong').toString('base64'),
    'Basic',
  );
  expect(bad).toMatchObject({ status: 401, body: { status: 'FAILURE_BAD_CREDENTIAL' } });
  expect(await token(sandbox, 'POST', 'authenticate', 'x', 'Bearer')).toMatchObject({
    status: 400,
    body: { status: 'FAILURE_BAD_HEADER' },
  });
});

test('a certificate logs in by v1; a wrong signature and short data do not', async () => {
  const { sandbox } = await tenant({ certificates: [certificate], clock: clock().read });
  expect(await byCertificate(sandbox, payload(randomBytes(100)))).toBe(201);
  expect(
    await byCertificate(sandbox, {
      ...payload(randomBytes(100)),
      encodedData: randomBytes(100).toString('base64'),
    }),
  ).toBe(401);
  expect(await byCertificate(sandbox, payload(randomBytes(99)))).toBe(401);
  expect(await byCertificate(sandbox, {})).toBe(400);
});

test('v2 wants a fresh time stamp in seconds and a payload that was never used; v1 can be refused', async () => {
  const time = clock();
  const { sandbox } = await tenant({ certificateFormats: ['v2'], clock: time.read });
  const good = payload(stamped(time.read() / 1_000), 'v2');
  expect(await byCertificate(sandbox, good)).toBe(201);
  expect(await byCertificate(sandbox, good)).toBe(401);
  expect(await byCertificate(sandbox, payload(stamped(time.read()), 'v2'))).toBe(401);
  expect(await byCertificate(sandbox, payload(stamped(time.read() / 1_000 - 3_600), 'v2'))).toBe(401);
  expect(await byCertificate(sandbox, payload(randomBytes(120)))).toBe(400);
});

test('a token lives its time, is refreshed in place, validated, and dead after log-out', async () => {
  const time = clock();
  const { sandbox, client } = await tenant({ clock: time.read });
  const status = async (scheme = 'AnaplanAuthToken') =>
    (await client.call('GET', '/users/me', undefined, { authorization: `${scheme} ${client.token}` })).status;
  time.move(34 * 60_000);
  expect(await status('Bearer')).toBe(200);
  const refreshed = await token(sandbox, 'POST', 'refresh', client.token);
  expect(refreshed.body.tokenInfo).toMatchObject({
    tokenValue: client.token,
    expiresAt: time.read() + 35 * 60_000,
  });
  time.move(34 * 60_000);
  expect(await status()).toBe(200);
  expect((await token(sandbox, 'GET', 'validate', client.token)).body.userInfo).toMatchObject({
    userId: 'demo@example.com',
  });
  expect((await token(sandbox, 'GET', 'validate', client.token, 'Bearer')).status).toBe(401);
  time.move(60_001);
  expect(await status()).toBe(401);
  expect(sandbox.misuse).toEqual([]);
  time.move(1_000);
  expect(await status()).toBe(401);
  expect(sandbox.misuses.map((misuse) => misuse.kind)).toEqual(['dead-token']);
  await client.logIn();
  expect((await token(sandbox, 'POST', 'logout', client.token)).status).toBe(204);
  expect(await status()).toBe(401);
});

test('four log-ins in a minute beside a living token are a storm', async () => {
  const { sandbox, client } = await tenant();
  for (let i = 0; i < 2; i++) await client.logIn();
  expect(sandbox.misuse).toEqual([]);
  for (let i = 0; i < 2; i++) await client.logIn();
  expect(sandbox.misuse[0]).toMatch(/^log-in-storm: /);
});

test('the bucket empties, says when to come again, and fills; a flood is noted once', async () => {
  const time = clock();
  const { sandbox, client } = await tenant({ requestsPerMinute: 6, clock: time.read });
  const ask = () => client.call('GET', '/users/me');
  for (let i = 0; i < 6; i++) expect((await ask()).status).toBe(200);
  const refused = await ask();
  expect(refused.status).toBe(429);
  expect(refused.headers.get('retry-after')).toBe('10');
  time.move(10_000);
  expect((await ask()).status).toBe(200);
  expect((await ask()).status).toBe(429);
  expect(sandbox.misuses.map((misuse) => misuse.kind)).toEqual(['too-many-requests']);
});

test('polls closer than 5 s and after the end are noted; 401 and 429 are no polls', async () => {
  const time = clock();
  const { sandbox, client } = await tenant({ taskDurationMs: 7_000, minPollMs: 4_800, clock: time.read });
  const taskId = await client.start('actions', '117000000002');
  const poll = () => client.model('GET', `/actions/117000000002/tasks/${taskId}`);
  await poll();
  time.move(5_000);
  sandbox.faults.add({ path: '/models/*/actions/*/tasks/*', action: { kind: 'status', status: 429 } });
  await poll();
  await poll();
  expect(sandbox.misuse).toEqual([]);
  time.move(1_000);
  await poll();
  expect(sandbox.misuses.map((misuse) => misuse.kind)).toEqual(['polled-too-often']);
  for (let i = 0; i < 3; i++) {
    time.move(5_000);
    await poll();
  }
  expect(sandbox.misuses.map((misuse) => misuse.kind)).toEqual(['polled-too-often', 'polled-after-end']);
});

test('a second task of a running action and an upload under a running import are noted', async () => {
  const time = clock();
  const { sandbox, client } = await tenant({ taskDurationMs: 1_000, clock: time.read });
  await client.upload('113000000002', 'Product\n');
  await client.start('imports', '112000000002');
  await client.start('imports', '112000000002');
  time.move(500);
  await client.model('POST', '/files/113000000002', { chunkCount: 1 });
  expect(sandbox.misuses.map((misuse) => misuse.kind)).toEqual(['second-task', 'upload-while-import-runs']);
  time.move(10_000);
  await sandbox.settle();
});

test('errors have the shape of the API; every misuse is a line with its sentence', async () => {
  const { sandbox, client } = await tenant();
  const path = `/models/${SALES_MODEL}/actions/33`;
  expect(await (await client.call('GET', path)).json()).toEqual({
    status: { code: 404, message: 'Not Found' },
    path: `/2/0${path}`,
    timestamp: expect.stringMatching(/^\d{4}-/),
  });
  await client.put('113000000002', 0, 'x');
  expect(sandbox.misuse[0]).toContain(MISUSES['chunk-before-count']);
  expect(new Set(BEHAVIOURS.map((behaviour) => behaviour.id)).size).toBe(BEHAVIOURS.length);
  expect(describeTenant(sandbox)).toContainEqual({ kind: 'view', id: '206000000002', name: 'Bulk.All' });
});

test('a log-in that sends more than its certificate is noted, and nothing of it repeated', async () => {
  const { sandbox } = await tenant({ clock: clock().read });
  const send = (text: string): Promise<Response> =>
    fetch(`${sandbox.url}/token/authenticate`, {
      method: 'POST',
      headers: { authorization: `CACertificate ${Buffer.from(text).toString('base64')}` },
      body: '{}',
    });
  await send(certificate);
  expect(sandbox.misuse).toEqual([]);
  await send(fixture('test-key.pem') + certificate);
  await send(`Bag Attributes\n    friendlyName: ann\n${certificate}`);
  expect(sandbox.misuses.map(({ kind, what }) => [kind, what])).toEqual([
    ['more-than-certificate', 'a private key'],
    ['more-than-certificate', 'other text'],
  ]);
});
