import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  verify,
  X509Certificate,
} from 'node:crypto';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnaplanError } from '../../src/anaplan';
import { type AnaplanClient, type Credentials } from '../../src/anaplan';
import { clientOf, json, ref, rejection, TestServer, tokenAnswer } from './server';

const basic: Credentials = { kind: 'basic', user: 'ann@example.com', password: 'pässword-1' };
const me = { user: { id: 'u1' } };

let server: TestServer;
let client: AnaplanClient | undefined;
afterEach(async () => {
  await client?.close();
  client = undefined;
  await server?.stop();
});

/** A tenant with tokens T1, T2 ...; `dead` ones are answered 401. */
async function tenant(
  options: { lifeMs?: number; delayMs?: number } = {},
): Promise<{ dead: Set<string>; logins: () => number }> {
  const dead = new Set<string>();
  let logins = 0;
  server = await TestServer.start(async (req, res) => {
    const token = /^AnaplanAuthToken (.*)$/.exec(req.headers.authorization ?? '')?.[1];
    if (req.url === '/token/authenticate') {
      logins++;
      const mine = `T${logins}-secret`;
      await new Promise((resolve) => setTimeout(resolve, options.delayMs ?? 0));
      return json(res, tokenAnswer(mine, options.lifeMs), 201);
    }
    if (token === undefined || dead.has(token))
      return json(res, { status: { code: 401, message: 'Unauthorized' } }, 401);
    if (req.url === '/token/refresh') return json(res, tokenAnswer(token));
    if (req.url === '/token/logout') return res.writeHead(204).end();
    if (req.url === '/token/validate') {
      return json(res, {
        tokenInfo: { expiresAt: 5 },
        userInfo: { userGuid: 'g', userId: 'u1', customerGuid: 'c' },
      });
    }
    return json(res, me);
  });
  return { dead, logins: () => logins };
}

test('a hundred waiting calls are one log-in, and close logs out on request only', async () => {
  const t = await tenant({ delayMs: 50 });
  client = clientOf(server, { credentials: basic });
  await Promise.all(Array.from({ length: 100 }, () => client?.users.me()));
  expect(t.logins()).toBe(1);
  const login = server.calls('/token/authenticate')[0];
  expect(login?.headers.authorization).toBe(
    `Basic ${Buffer.from('ann@example.com:pässword-1').toString('base64')}`,
  );
  expect(login?.body).toHaveLength(0);
  const careful = clientOf(server, { credentials: basic });
  await careful.users.me();
  await careful.close();
  expect(server.calls('/token/logout')).toEqual([]);
  await client.close({ logOut: true });
  expect(server.calls('/token/logout').map((c) => c.headers.authorization)).toEqual([
    'AnaplanAuthToken T1-secret',
  ]);
  expect(await rejection(client.users.me())).toMatchObject({ kind: 'auth' });
});

test('a hundred calls with a dead token are one new log-in, and each is sent again once', async () => {
  const t = await tenant({ delayMs: 20 });
  client = clientOf(server, { credentials: basic });
  await client.users.me();
  t.dead.add('T1-secret');
  const answers = await Promise.all(Array.from({ length: 100 }, () => client?.users.me()));
  expect(answers).toHaveLength(100);
  expect(t.logins()).toBe(2);
});

test('a chunk PUT is rebuilt after a 401 in the middle of a file', async () => {
  const t = await tenant();
  client = clientOf(server, { credentials: basic });
  await client.users.me();
  t.dead.add('T1-secret');
  let readings = 0;
  const slices = function* () {
    readings++;
    yield Buffer.from('abc');
  };
  await client.files.putChunk(ref, '113', 0, { slices, length: 3, gzip: false });
  expect(readings).toBe(2);
  expect(server.calls('/chunks/0').map((c) => String(c.body))).toEqual(['abc', 'abc']);
});

test('a 401 with the new token as well is an auth error, after one log-in', async () => {
  const t = await tenant();
  client = clientOf(server, { credentials: basic });
  ['T1-secret', 'T2-secret'].forEach((token) => t.dead.add(token));
  const e = await rejection(client.users.me());
  expect(e).toMatchObject({ kind: 'auth', status: 401, path: '/users/me', anaplanMessage: 'Unauthorized' });
  expect(t.logins()).toBe(2);
  // Nor does each further call cost a log-in, which would be one more wrong try each.
  expect(await rejection(client.users.me())).toMatchObject({ kind: 'auth', status: 401 });
  expect(await rejection(client.users.me())).toMatchObject({ kind: 'auth', status: 401 });
  expect(t.logins()).toBe(2);
});

/** Lets the monotonic clock jump while `body` runs. */
async function later(ms: number, body: () => Promise<void>): Promise<void> {
  const real = performance.now.bind(performance);
  const spy = jest.spyOn(performance, 'now').mockImplementation(() => real() + ms);
  try {
    await body();
  } finally {
    spy.mockRestore();
  }
}

describe('a rotated password', () => {
  const MINUTE = 60_000;
  let password: string;
  let known: string;
  let logins: string[];
  let dead: boolean;
  let unreadable = false;
  const rotating = async (): Promise<AnaplanClient> => {
    logins = [];
    dead = false;
    server = await TestServer.start((req, res) => {
      if (req.url === '/token/authenticate') {
        const sent = Buffer.from(String(req.headers.authorization).slice(6), 'base64').toString();
        logins.push(sent.slice(sent.indexOf(':') + 1));
        if (!sent.endsWith(`:${known}`)) return json(res, { statusMessage: 'FAILURE_BAD_CREDENTIAL' }, 401);
        dead = false;
        return json(res, tokenAnswer(`T${logins.length}-secret`), 201);
      }
      return dead ? json(res, {}, 401) : json(res, me);
    });
    return clientOf(server, {
      credentials: () => {
        if (unreadable) throw new Error('ENOENT');
        return { kind: 'basic', user: 'ann@example.com', password };
      },
    });
  };
  beforeEach(() => {
    password = known = 'first-password';
    unreadable = false;
  });

  test('is read again from its place before the next log-in: nobody notices', async () => {
    client = await rotating();
    await client.users.me();
    password = known = 'second-password';
    dead = true;
    expect(await client.users.me()).toEqual({ id: 'u1' });
    expect(logins).toEqual(['first-password', 'second-password']);
  });

  test('that is not known yet is one wrong try in 5 min, whoever asks, and is found once it is there', async () => {
    client = await rotating();
    await client.users.me();
    known = 'second-password';
    dead = true;
    const asked = client;
    const ask = () => Promise.all(Array.from({ length: 30 }, () => rejection(asked.users.me())));
    for (const e of await ask()) expect(e).toMatchObject({ kind: 'auth', status: 401 });
    await later(4 * MINUTE, async () => {
      const [e] = await ask();
      expect(e).toMatchObject({ kind: 'auth', status: 401, sent: 'no' });
      expect((e as AnaplanError).message).toMatch(/24\d s ago.*not locked.*waits \d+ s/);
    });
    expect(logins).toEqual(['first-password', 'first-password']);
    await later(5 * MINUTE + 1_000, async () => void (await ask()));
    expect(logins).toHaveLength(3);
    password = 'second-password';
    // A secret that was never tried is no repeated wrong try.
    await later(6 * MINUTE, async () => void expect(await asked.users.me()).toEqual({ id: 'u1' }));
    expect(logins).toEqual([...Array(3).fill('first-password'), 'second-password']);
  });

  test('whose file cannot be read for the moment does not end the client', async () => {
    client = await rotating();
    await client.users.me();
    dead = true;
    unreadable = true;
    expect(await client.users.me()).toEqual({ id: 'u1' });
    expect(logins).toHaveLength(2);
  });
});

test('a given token is not replaced: the refusal is told at once', async () => {
  const t = await tenant();
  t.dead.add('given-token');
  client = clientOf(server);
  expect(await rejection(client.users.me())).toMatchObject({ kind: 'auth', status: 401, path: '/users/me' });
  await client.close();
  expect(t.logins()).toBe(0);
  expect(server.calls('/token/logout')).toEqual([]);
});

test('a token is refreshed before its end, once for all, and keeps its value', async () => {
  const t = await tenant({ lifeMs: 3_000 });
  client = clientOf(server, { credentials: basic });
  await client.users.me();
  // Date has a resolution of a second: the rest of the life is 2 to 3 s from now, renewed in its last 15 %.
  await new Promise((resolve) => setTimeout(resolve, 2_700));
  await Promise.all(Array.from({ length: 20 }, () => client?.users.me()));
  expect([t.logins(), server.calls('/token/refresh').length]).toEqual(
    server.calls('/token/refresh').length === 1 ? [1, 1] : [2, 0],
  );
  expect(server.calls('/users/me')).toHaveLength(21);
});

test('a refresh that fails is answered by a log-in', async () => {
  let logins = 0;
  server = await TestServer.start((req, res) => {
    if (req.url === '/token/authenticate')
      return json(res, tokenAnswer(`T${++logins}`, logins === 1 ? 20_000 : 2_100_000));
    if (req.url === '/token/refresh') return json(res, {}, 401);
    return json(res, me);
  });
  client = clientOf(server, { credentials: basic });
  await client.users.me();
  jest.spyOn(performance, 'now').mockImplementation(
    (
      (real: number) => () =>
        real + 18_500
    )(performance.now()),
  );
  try {
    await client.users.me();
  } finally {
    jest.restoreAllMocks();
  }
  expect(server.calls('/token/refresh')).toHaveLength(1);
  expect(server.calls('/users/me')[1]?.headers.authorization).toBe('AnaplanAuthToken T2');
});

test('a refused log-in is told with its remedy, remembered for a while, and names no secret', async () => {
  server = await TestServer.start((req, res) =>
    json(res, { status: 'FAILURE_BAD_CREDENTIAL', statusMessage: `bad ${req.headers.authorization}` }, 401),
  );
  client = clientOf(server, { credentials: basic });
  const errors = await Promise.all(
    Array.from({ length: 100 }, () => rejection(client?.users.me() ?? Promise.resolve())),
  );
  expect(server.seen).toHaveLength(1);
  expect(await rejection(client.users.me())).toMatchObject({ kind: 'auth', status: 401, sent: 'no' });
  expect(server.seen).toHaveLength(1);
  const e = errors[0] as AnaplanError;
  expect(e).toMatchObject({ kind: 'auth', status: 401, path: '/token/authenticate' });
  expect(e.remedy).toContain('exception user');
  expect(e.message + JSON.stringify(e)).not.toContain(
    Buffer.from('ann@example.com:pässword-1').toString('base64'),
  );
});

test.each([503, 429])('%d on log-in is an ordinary error that can be retried', async (status) => {
  server = await TestServer.start((_, res) => json(res, {}, status, { 'retry-after': '0' }));
  client = clientOf(server, { credentials: basic });
  expect(await rejection(client.users.me())).toMatchObject({
    kind: 'status',
    status,
    path: '/token/authenticate',
  });
});

test('one call that is aborted does not end the log-in of the others', async () => {
  const t = await tenant({ delayMs: 100 });
  client = clientOf(server, { credentials: basic });
  const abort = new AbortController();
  const impatient = rejection(client.users.me({ signal: abort.signal }));
  const patient = client.users.me();
  abort.abort();
  expect(await impatient).toMatchObject({ code: 'ABORTED', sent: 'no' });
  expect(await patient).toEqual({ id: 'u1' });
  expect(t.logins()).toBe(1);
});

test('validate tells whose token it is', async () => {
  await tenant();
  client = clientOf(server, { credentials: basic });
  expect(await client.auth.validate()).toEqual({
    userId: 'u1',
    userGuid: 'g',
    customerGuid: 'c',
    expiresAt: 5,
  });
});

test('the log carries no secret', async () => {
  await tenant();
  const events: unknown[] = [];
  client = clientOf(server, { credentials: basic, onLog: (e) => events.push(e) });
  await client.users.me();
  await client.close();
  expect(events).toContainEqual(expect.objectContaining({ event: 'login' }));
  expect(JSON.stringify(events)).not.toMatch(/secret|p.ssword/);
});

const openssl = spawnSync('openssl', ['version']).status === 0;
if (!openssl) console.warn('certificate tests are skipped: there is no openssl command to make one');

(openssl ? describe : describe.skip)('certificate', () => {
  let dir: string;
  let certificate: string;
  let plain: string;
  let encrypted: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'anaplan-auth-'));
    const file = (name: string): string => join(dir, name);
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=test',
        '-keyout',
        file('k'),
        '-out',
        file('c'),
      ],
      { stdio: 'ignore' },
    );
    certificate = readFileSync(file('c'), 'utf8');
    plain = readFileSync(file('k'), 'utf8');
    encrypted = createPrivateKey(plain)
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' })
      .toString();
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const bodies = (): Record<string, string>[] =>
    server.calls('/token/authenticate').map((c) => JSON.parse(String(c.body)) as Record<string, string>);

  test.each([
    ['v1', 's'],
    ['v2', 's'],
    ['v2', 'ms'],
  ] as const)(
    '%s (%s) is signed over its raw bytes with the key of the certificate',
    async (payload, timestampUnit) => {
      const t = await tenant();
      client = clientOf(server, {
        credentials: {
          kind: 'certificate',
          certificate,
          privateKey: encrypted,
          passphrase: 'open sesame',
          payload,
          timestampUnit,
        },
      });
      await client.users.me();
      t.dead.add('T1-secret');
      await client.users.me();
      const header = server.calls('/token/authenticate')[0]?.headers.authorization ?? '';
      expect(header.startsWith('CACertificate ')).toBe(true);
      const pem = Buffer.from(header.slice('CACertificate '.length), 'base64').toString();
      expect(pem).toBe(certificate);
      const key = createPublicKey(new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'pem' }));
      expect(bodies()).toHaveLength(2);
      for (const body of bodies()) {
        const data = Buffer.from(body['encodedData'] ?? '', 'base64');
        const signature = Buffer.from(body['encodedSignedData'] ?? '', 'base64');
        expect(verify('sha512', data, { key, padding: constants.RSA_PKCS1_PADDING }, signature)).toBe(true);
        expect(data.length).toBeGreaterThanOrEqual(payload === 'v2' ? 108 : 100);
        expect(body['encodedDataFormat']).toBe(payload === 'v2' ? 'v2' : undefined);
        if (payload === 'v2') {
          const stamp = Number(data.readBigUInt64BE(0)) * (timestampUnit === 's' ? 1000 : 1);
          expect(Math.abs(stamp - Date.now())).toBeLessThan(60_000);
        }
      }
      // Never the same payload twice.
      expect(bodies()[0]?.['encodedData']).not.toBe(bodies()[1]?.['encodedData']);
    },
  );

  test('v2 with seconds is the default, and an unencrypted key needs no passphrase', async () => {
    await tenant();
    client = clientOf(server, { credentials: { kind: 'certificate', certificate, privateKey: plain } });
    await client.users.me();
    expect(bodies()[0]?.['encodedDataFormat']).toBe('v2');
  });

  const pem = (type: 'rsa' | 'ec'): string =>
    (type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' })
    ).privateKey
      .export({ type: 'pkcs8', format: 'pem' })
      .toString();

  test.each<[string, () => Partial<Extract<Credentials, { kind: 'certificate' }>>, RegExp]>([
    [
      'a wrong passphrase',
      () => ({ privateKey: encrypted, passphrase: 'wrong-word' }),
      /passphrase does not open/,
    ],
    ['no passphrase', () => ({ privateKey: encrypted }), /encrypted and there is no passphrase/],
    ['no key', () => ({ privateKey: 'hello' }), /not a readable PEM key/],
    ['no certificate', () => ({ certificate: 'hello' }), /not a readable PEM certificate/],
    [
      'the key of another certificate',
      () => ({ privateKey: pem('rsa') }),
      /does not belong to the certificate/,
    ],
    ['a key that is not RSA', () => ({ privateKey: pem('ec') }), /not an RSA key/],
  ])('%s is told at once, without a call', async (_, change, message) => {
    await tenant();
    const make = (): unknown =>
      clientOf(server, { credentials: { kind: 'certificate', certificate, privateKey: plain, ...change() } });
    expect(make).toThrow(message);
    try {
      make();
    } catch (e) {
      expect(e).toMatchObject({ kind: 'auth', sent: 'no' });
      expect(String((e as Error).stack)).not.toMatch(/wrong-word|BEGIN/);
    }
    expect(server.seen).toEqual([]);
  });
});
