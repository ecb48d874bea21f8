import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { Client, Connection } from '@temporalio/client';

import {
  defaultCacheDir,
  findTemporalBinary,
  getTemporalBinary,
  getTemporalServer,
} from '../../src/dev-server/server';
import type { Installer } from '../../src/dev-server/binary';

const SCRIPT = '#!/bin/sh\necho "temporal version 9.9.9 (fake)"\n';

describe('finding and installing the Temporal server', () => {
  let directory: string;
  let env: NodeJS.ProcessEnv;
  let cacheDir: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'temporal-'));
    await mkdir(join(directory, 'bin'));
    cacheDir = join(directory, 'cache');
    env = { PATH: ['/usr/bin', '/bin'].join(delimiter) };
  });
  afterEach(() => rm(directory, { recursive: true }));

  const binary = async (path: string, script = SCRIPT): Promise<string> => {
    await writeFile(path, script);
    await chmod(path, 0o755);
    return path;
  };
  let installs = 0;
  const works: Installer = {
    name: 'fake',
    file: 'temporal-fake-1',
    install: async (into) => {
      installs++;
      await delay(300);
      return binary(join(into, 'whatever'));
    },
  };
  const fails = (name: string): Installer => ({
    name,
    file: `temporal-${name}`,
    install: async () => {
      throw new Error(`no ${name} here`);
    },
  });

  it('takes the one on PATH first, if it is one that runs', async () => {
    await binary(join(directory, 'bin', 'temporal'), '#!/bin/sh\nexit 1\n');
    env['PATH'] = [join(directory, 'bin'), join(directory, 'more'), env['PATH']].join(delimiter);
    expect(await findTemporalBinary({ env, cacheDir })).toBeUndefined();
    await mkdir(join(directory, 'more'));
    const path = await binary(join(directory, 'more', 'temporal'));
    expect(await findTemporalBinary({ env, cacheDir })).toMatchObject({ path });
    expect(await getTemporalBinary({ env, cacheDir, installers: [] })).toMatchObject({ path });
  });

  it('installs once, however many processes ask at once, and finds it in the cache from then on', async () => {
    installs = 0;
    const o = { env, cacheDir, installers: [fails('sdk'), works] };
    const all = await Promise.all([1, 2, 3].map(() => getTemporalBinary(o)));
    expect(new Set(all.map((found) => found.path))).toEqual(new Set([join(cacheDir, 'temporal-fake-1')]));
    expect(installs).toBe(1);
    expect(await readdir(cacheDir)).toEqual(['temporal-fake-1']);
    expect((await findTemporalBinary(o))?.how).toContain('cached');
  });

  it('takes over the lock of a process that died', async () => {
    await mkdir(cacheDir);
    const dead = Number(execFileSync('sh', ['-c', 'echo $$']).toString());
    await writeFile(join(cacheDir, 'install.lock'), String(dead));
    await getTemporalBinary({ env, cacheDir, installers: [works] });
    expect(await readdir(cacheDir)).toEqual(['temporal-fake-1']);
  });

  it('lists every way with its reason when none works, and leaves nothing behind', async () => {
    const broken: Installer = {
      ...works,
      name: 'broken',
      install: (into) => binary(join(into, 'x'), '#!/bin/sh\nexit 3\n'),
    };
    const failing = getTemporalBinary({ env, cacheDir, installers: [fails('python'), fails('go'), broken] });
    await expect(failing).rejects.toThrow(
      /TEMPORAL_ADDRESS: not set\n.*PATH.*\n.*cached.*\n.*python: no python here\n.*go: no go here\n.*broken: .*does not run/,
    );
    expect(await readdir(cacheDir)).toEqual([]);
  });

  it('keeps its cache in the checkout', () => {
    expect(defaultCacheDir({})).toBe(join(process.cwd(), '.cache', 'temporal'));
  });
});

describe('a Temporal server', () => {
  it.each([
    [{ TEMPORAL_ADDRESS: 'localhost:7233' }, { namespace: 'default', uiUrl: 'http://localhost:8233' }],
    [
      {
        TEMPORAL_ADDRESS: 'ns.tmprl.cloud:7233',
        TEMPORAL_NAMESPACE: 'ns',
        TEMPORAL_UI_URL: 'https://cloud.temporal.io/',
      },
      { namespace: 'ns', uiUrl: 'https://cloud.temporal.io' },
    ],
    [{ TEMPORAL_ADDRESS: 'temporal:7233' }, { namespace: 'default', uiUrl: undefined }],
  ])('that runs already is used and left alone: %j', async (env, expected) => {
    const server = await getTemporalServer({ ui: true, searchAttributes: [], env });
    const { address, namespace, uiUrl } = server;
    expect({ address, namespace, uiUrl }).toEqual({ address: env.TEMPORAL_ADDRESS, ...expected });
    await server.stop();
  });

  describe('of our own', () => {
    const env = { ...process.env };
    delete env['TEMPORAL_ADDRESS'];
    const o = { env, ui: true, searchAttributes: ['TestOne', 'TestTwo'] };

    it('answers with namespace, search attributes and UI, keeps its data, and is gone after stop', async () => {
      const directory = await mkdtemp(join(tmpdir(), 'temporal-'));
      const dbFile = join(directory, 'temporal.db');
      const first = await getTemporalServer({ ...o, dbFile });
      expect(first.address).toMatch(/^127\.0\.0\.1:\d+$/);
      expect((await fetch(`${first.uiUrl}/`)).status).toBe(200);
      await withClient(first.address, async (client) => {
        await client.workflow.start('nobody', {
          workflowId: 'kept',
          taskQueue: 'none',
          searchAttributes: { TestOne: ['x'] },
        });
      });
      await first.stop();
      await first.stop();
      await expect(Connection.connect({ address: first.address, connectTimeout: 300 })).rejects.toThrow();
      const second = await getTemporalServer({ ...o, ui: false, dbFile });
      expect(second.uiUrl).toBeUndefined();
      await withClient(second.address, async (client) => {
        expect((await client.workflow.getHandle('kept').describe()).status.name).toBe('RUNNING');
      });
      await second.stop();
      await rm(directory, { recursive: true });
    });

    it('says why it does not start', async () => {
      const busy = createServer().listen(0, '127.0.0.1');
      await once(busy, 'listening');
      const { port } = busy.address() as AddressInfo;
      await expect(getTemporalServer({ ...o, port })).rejects.toThrow(`port ${port}`);
      busy.close();
      const dbFile = join(tmpdir(), 'no', 'such', 'directory', 'temporal.db');
      await expect(getTemporalServer({ ...o, ui: false, dbFile })).rejects.toThrow(
        /did not start, 5 times in a row: .*no such file/s,
      );
    });

    describe('that ends before it answers', () => {
      let directory: string;
      let fake: { env: NodeJS.ProcessEnv; portsOfStarts: () => (string | undefined)[] };
      beforeEach(async () => {
        directory = await mkdtemp(join(tmpdir(), 'temporal-'));
      });
      afterEach(() => rm(directory, { recursive: true }));

      /** A `temporal` whose starts run these lines of shell; `$start` counts them, `$real` is the true one. */
      const standIn = async (lines: string): Promise<void> => {
        const real = (await getTemporalBinary({ env })).path;
        const log = join(directory, 'starts');
        await writeFile(log, '');
        await writeFile(
          join(directory, 'temporal'),
          `#!/bin/sh
real='${real}'
[ "$1" = --version ] && exec "$real" --version
echo "$@" >>'${log}'
start=$(wc -l <'${log}')
${lines}
`,
          { mode: 0o755 },
        );
        fake = {
          env: { ...env, PATH: `${directory}${delimiter}${env['PATH']}` },
          portsOfStarts: () =>
            readFileSync(log, 'utf8')
              .trim()
              .split('\n')
              .map((line) => / --port (\d+)/.exec(line)?.[1]),
        };
      };
      const PANIC = `echo "panic: the cause" >&2
i=0; while [ $i -lt 400 ]; do echo "  goroutine $i of somewhere in the server" >&2; i=$((i+1)); done
echo "exit status of the end" >&2; exit 2`;

      it('is started again on other ports, whatever it said', async () => {
        await standIn(`if [ "$start" -lt 5 ]; then\n${PANIC}\nfi\nexec "$real" "$@"`);
        const said: string[] = [];
        const server = await getTemporalServer({ ...o, env: fake.env, log: (line) => said.push(line) });
        await withClient(server.address, async () => undefined);
        await server.stop();
        expect(new Set(fake.portsOfStarts()).size).toBe(5);
        expect(server.address).toBe(`127.0.0.1:${fake.portsOfStarts()[4]}`);
        expect(said).toHaveLength(4);
      });

      it('says the beginning and the end of what it said when it never starts', async () => {
        await standIn(PANIC);
        const failed = await getTemporalServer({ ...o, env: fake.env }).catch(
          (error: Error) => error.message,
        );
        expect(failed).toMatch(
          /5 times in a row: panic: the cause\n.*characters left out.*exit status of the end$/s,
        );
        expect(String(failed).length).toBeLessThan(7_000);
        expect(fake.portsOfStarts()).toHaveLength(5);
      });

      it('keeps to the ports that it was given', async () => {
        const [port, uiPort] = await Promise.all([anyPort(), anyPort()]);
        await standIn(`if [ "$start" -lt 3 ]; then\n${PANIC}\nfi\nexec "$real" "$@"`);
        const server = await getTemporalServer({ ...o, env: fake.env, port, uiPort });
        await server.stop();
        expect(server).toMatchObject({
          address: `127.0.0.1:${port}`,
          uiUrl: `http://127.0.0.1:${uiPort}`,
        });
        expect(fake.portsOfStarts()).toEqual([port, port, port].map(String));
      });

      it('is not taken for another one that got its port', async () => {
        const other = join(directory, 'other.pid');
        await standIn(`if [ "$start" = 1 ]; then
  "$real" "$@" >/dev/null 2>&1 </dev/null &
  echo $! >'${other}'
  sleep 5
  echo "can't set frontend port" >&2; exit 1
fi
exec "$real" "$@"`);
        try {
          const server = await getTemporalServer({ ...o, env: fake.env });
          expect(server.address).toBe(`127.0.0.1:${fake.portsOfStarts()[1]}`);
          await server.stop();
        } finally {
          process.kill(Number(readFileSync(other, 'utf8')), 'SIGKILL');
        }
      });
    });

    it('ends when our process dies without a word', async () => {
      const script = `
        const { transformFileSync } = require('@swc/core');
        require.extensions['.ts'] = (m, file) => m._compile(transformFileSync(file, {
          jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } }).code, file);
        require('./src/dev-server/server.ts').getTemporalServer({ ui: false, searchAttributes: [] })
          .then((s) => { console.log(s.address); setInterval(() => {}, 1000); });`;
      const parent = spawn(process.execPath, ['-e', script], {
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const address = String(await new Promise((resolve) => parent.stdout.once('data', resolve))).trim();
      await withClient(address, async () => undefined);
      parent.kill('SIGKILL');
      for (let tries = 0; ; tries++) {
        try {
          await (await Connection.connect({ address, connectTimeout: 300 })).close();
        } catch {
          break;
        }
        if (tries > 100) throw new Error('the server is still there');
        await delay(100);
      }
    });
  });
});

async function anyPort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  await new Promise((closed) => probe.close(closed));
  return port;
}

async function withClient(address: string, use: (client: Client) => Promise<void>): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    await use(new Client({ connection }));
  } finally {
    await connection.close();
  }
}
