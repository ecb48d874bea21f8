import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttp, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { clientOf, json, rejection, TestServer } from './server';

const run = promisify(execFile);
const listen = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};

/** Runs what reads the environment with another one, and puts the old one back. */
async function withEnv(env: Record<string, string>, body: () => Promise<void>): Promise<void> {
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];
  const before = names.map((name) => [name, process.env[name]] as const);
  names.forEach((name) => delete process.env[name]);
  Object.assign(process.env, env);
  try {
    await body();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

describe('a proxy', () => {
  let api: TestServer;
  let proxy: Server;
  let port: number;
  let refuse: string | undefined;
  const connects: { host: string; auth: string | undefined }[] = [];
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    api = await TestServer.start((_, res) => json(res, { user: { id: 'u' } }));
    proxy = createHttp();
    proxy.on('connection', (socket) => sockets.add(socket.on('error', () => undefined)));
    proxy.on('connect', (req, client: Socket) => {
      connects.push({ host: req.url ?? '', auth: req.headers['proxy-authorization'] });
      if (refuse !== undefined) return client.end(`HTTP/1.1 ${refuse}\r\n\r\n`);
      // It alone knows where the name leads.
      const upstream = connect(api.port, '127.0.0.1', () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.pipe(client).pipe(upstream);
      });
      sockets.add(upstream.on('error', () => undefined));
    });
    port = await listen(proxy);
  });
  afterAll(async () => {
    sockets.forEach((socket) => socket.destroy());
    proxy.close();
    await api.stop();
  });
  beforeEach(() => {
    connects.length = 0;
    api.seen.length = 0;
    refuse = undefined;
  });

  test('is used by CONNECT, with its credentials, and the host is never looked up here', async () => {
    await withEnv({ HTTP_PROXY: `http://pat:s3cret@127.0.0.1:${port}` }, async () => {
      const client = clientOf(api, { apiUrl: 'http://api.anaplan.invalid' });
      expect(await client.users.me()).toEqual({ id: 'u' });
      await client.close();
    });
    expect(connects).toEqual([
      { host: 'api.anaplan.invalid:80', auth: `Basic ${Buffer.from('pat:s3cret').toString('base64')}` },
    ]);
    expect(api.seen[0]?.headers['proxy-authorization']).toBeUndefined();
  });

  test('is named without a scheme too, with a user and an escaped password', async () => {
    await withEnv({ http_proxy: `pat:s3%2Fcr%40t@127.0.0.1:${port}` }, async () => {
      const client = clientOf(api, { apiUrl: 'http://api.anaplan.invalid' });
      expect(await client.users.me()).toEqual({ id: 'u' });
      await client.close();
    });
    expect(connects[0]?.auth).toBe(`Basic ${Buffer.from('pat:s3/cr@t').toString('base64')}`);
  });

  test('that is none stops the client at its start, by the name of the variable', async () => {
    await withEnv({ HTTPS_PROXY: 'http://pat:s3/cret@127.0.0.1:1' }, async () => {
      expect(() => clientOf(api)).toThrow(/HTTPS_PROXY has "\/" in its user or password/);
      await Promise.resolve();
    });
  });

  test('is asked for https as well', async () => {
    refuse = '403 Forbidden';
    await withEnv({ HTTPS_PROXY: `http://127.0.0.1:${port}` }, async () => {
      const client = clientOf(api, { apiUrl: 'https://api.anaplan.invalid' });
      // It refuses: nothing of the request itself was sent.
      expect(await rejection(client.users.me())).toMatchObject({ kind: 'network', sent: 'no' });
      await client.close();
    });
    expect(connects.map((c) => c.host)).toContain('api.anaplan.invalid:443');
  });

  test.each(['HTTP', 'HTTPS'])(
    'that refuses its user is asked once, not until the account is locked (%s)',
    async (name) => {
      refuse = '407 Proxy Authentication Required';
      await withEnv({ [`${name}_PROXY`]: `http://pat:s3cret@127.0.0.1:${port}` }, async () => {
        const client = clientOf(api, { apiUrl: `${name.toLowerCase()}://api.anaplan.invalid` });
        const first = await rejection(client.users.me());
        expect(first).toMatchObject({ kind: 'auth', status: 407, sent: 'no' });
        expect((first as Error).message).toMatch(/proxy.*407.*HTTPS_PROXY/);
        expect((first as Error).message).not.toContain('s3cret');
        for (let i = 0; i < 5; i++)
          expect(await rejection(client.users.me())).toMatchObject({ status: 407, sent: 'no' });
        await client.close();
      });
      expect(connects).toHaveLength(1);
    },
  );

  test.each(['NO_PROXY', 'no_proxy'])('is left out for %s', async (name) => {
    await withEnv({ HTTP_PROXY: `127.0.0.1:${port}`, [name]: 'example.com,127.0.0.1' }, async () => {
      const client = clientOf(api);
      await client.users.me();
      await client.close();
    });
    expect(connects).toEqual([]);
    expect(api.seen).toHaveLength(1);
  });
});

const openssl = spawnSync('openssl', ['version']).status === 0;
if (!openssl) console.warn('the private CA test is skipped: there is no openssl command to make one');

(openssl ? describe : describe.skip)('a private CA', () => {
  let dir: string;
  let server: Server;
  let port: number;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'anaplan-ca-'));
    const at = (name: string): string => join(dir, name);
    const ssl = (...args: string[]): unknown => execFileSync('openssl', args, { stdio: 'ignore', cwd: dir });
    ssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=ca',
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
    );
    ssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=DNS:localhost',
      '-keyout',
      'k',
      '-out',
      'csr',
    );
    ssl(
      'x509',
      '-req',
      '-in',
      'csr',
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-copy_extensions',
      'copy',
      '-out',
      'c',
    );
    server = createHttps({ key: readFileSync(at('k')), cert: readFileSync(at('c')) }, (_, res) =>
      json(res, { user: { id: 'u' } }),
    );
    port = await listen(server);
  });
  afterAll(() => {
    server.close();
    rmSync(dir, { recursive: true, force: true });
  });

  /** The client in a process of its own: node reads NODE_EXTRA_CA_CERTS when it starts. */
  const child = async (env: Record<string, string>): Promise<string> => {
    const program = `
      const swc = require('@swc/core'); const Module = require('module'); const fs = require('fs');
      Module._extensions['.ts'] = (m, file) => m._compile(swc.transformSync(fs.readFileSync(file, 'utf8'), {
        filename: file, jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } }).code, file);
      const { AnaplanClient, retryRule } = require('./src/anaplan/index.ts');
      const url = 'https://localhost:${port}';
      const client = new AnaplanClient({ apiUrl: url, authUrl: url, credentials: { kind: 'token', value: 'token' } });
      client.users.me().then((u) => u.id, (e) => e.code + ' ' + e.sent + ' ' + retryRule(e).row)
        .then((said) => console.log(said)).finally(() => client.close());`;
    const clean = { PATH: process.env['PATH'] ?? '', NO_PROXY: '*', ...env };
    const { stdout } = await run(process.execPath, ['-e', program], {
      env: clean,
      cwd: join(__dirname, '../..'),
    });
    return stdout.trim();
  };

  test('is trusted through NODE_EXTRA_CA_CERTS', async () => {
    expect(await child({ NODE_EXTRA_CA_CERTS: join(dir, 'ca.pem') })).toBe('u');
  });

  test('without it the server is refused before anything is sent, for good', async () => {
    expect(await child({})).toMatch(/^(UNABLE_TO_|SELF_SIGNED_)\w+ no certificate$/);
  });
});
