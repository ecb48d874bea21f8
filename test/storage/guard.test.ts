import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { createStorage, type StorageRoot } from '../../src/storage';
import { contentOf, failure, from } from './contract';

const TOKEN = 'run-1';
const SECRET = 'a password that nobody may see';

describe("the worker's own files: a caller who may start runs neither reads nor replaces them", () => {
  let root: string;
  const at = (name: string) => join(root, name);
  const write = async (name: string, data = SECRET) => {
    await fs.mkdir(dirname(at(name)), { recursive: true });
    await fs.writeFile(at(name), data);
  };
  const storage = (own: string[] = ['anaplan.yaml', 'secrets/password'], roots?: StorageRoot[]) =>
    createStorage({ roots: roots ?? [{ path: root }], cwd: root, own: own.map(at) });
  /** Every way in which a run touches a path. */
  const refused = async (name: string, s = storage()) => {
    for (const action of [
      () => s.openSource(name),
      () => s.openTarget(name, TOKEN),
      () => s.tryTarget(name, TOKEN),
      () => s.tryOnce(name, TOKEN),
      () => s.putOnce(name, from(Buffer.from('x')), TOKEN),
      () => s.resumeTarget(name, TOKEN, { offset: 0 }),
      () => s.committed(name, TOKEN, contentOf('')),
    ]) {
      const message = await failure(action(), 'InvalidInput');
      expect(message).toMatch(/is refused: what configures and runs the worker, and hidden files/);
      expect(message).not.toContain('password that');
    }
  };

  beforeEach(async () => {
    root = await fs.realpath(await fs.mkdtemp(join(tmpdir(), 'guard-')));
  });
  afterEach(() => fs.rm(root, { recursive: true }));

  it.each([
    'anaplan.yaml',
    './data/../anaplan.yaml',
    'secrets/password',
    'Secrets/PASSWORD',
    '.env',
    '.env.production',
    'data/.hidden.csv',
    '.git/config',
    '.config/temporalio/temporal.toml',
    'sub/.aws/credentials',
    'node_modules/anaplan-temporal/lib/index.js',
    'sub/Node_Modules/x.js',
    'anaplan-temporal.yaml',
    'sub/Anaplan-Temporal.yaml',
    'temporal.toml',
    'package.json',
    'deploy/anaplan.env',
    'PROD.env',
    'app.env.local',
    'worker.mjs',
    'dist/helper.js',
    'workflows.ts',
    'start.sh',
    'docker-compose.yml',
    'compose.override.yaml',
    'Dockerfile',
  ])('%s is refused, whether it is there or not', async (name) => {
    await fs.mkdir(at('data'));
    await refused(name);
    await refused(pathToFileURL(at(name)).href);
    await write(name);
    await refused(name);
    expect(await fs.readFile(at(name), 'utf8')).toBe(SECRET);
  });

  it('percent-encoding, links and hard links lead to the same refusal', async () => {
    await write('secrets/password');
    await write('.env');
    await write('plain.csv', 'Code\n');
    await fs.symlink(at('secrets/password'), at('link.csv'));
    await fs.symlink(at('secrets'), at('inputs'));
    await fs.symlink(at('.env'), at('env.csv'));
    await fs.link(at('secrets/password'), at('hard.csv'));
    await refused('link.csv');
    await refused('inputs/password');
    await refused('env.csv');
    await refused('hard.csv');
    await refused(`file://${root}/secrets/p%61ssword`);
    await refused(`file://${root}/%2eenv`);
    await (await storage().openSource('plain.csv')).close();
  });

  it('holds where the configuration is itself a link, as orchestrators mount secrets', async () => {
    await write('mounted/data-1/password');
    await fs.symlink('data-1', at('mounted/current'));
    await fs.symlink('current/password', at('mounted/password'));
    const own = storage(['mounted/password']);
    for (const name of ['mounted/password', 'mounted/current/password', 'mounted/data-1/password'])
      await refused(name, own);
    // The secret is rotated: another directory, the same name.
    await write('mounted/data-2/password');
    await fs.rm(at('mounted/current'));
    await fs.symlink('data-2', at('mounted/current'));
    await refused('mounted/data-2/password', own);
  });

  it('leaves names alone that only look like them', async () => {
    for (const name of [
      'secrets/password2',
      'a.envelope',
      'environment.csv',
      'sales.env.2024.csv',
      'sales.json',
      'composed.yaml',
      'decompose.yml',
      'my.node_modules.csv',
      'anaplan-temporal.yaml.csv',
      'x..y.csv',
    ]) {
      await write(name, 'x');
      await (await storage().openSource(name)).close();
      await (await storage().openTarget(name, TOKEN)).close();
      await storage().discardPart(name, TOKEN);
    }
  });

  it('lets a root in a hidden directory be used, but nothing hidden below it', async () => {
    await write('.data/in.csv', 'x');
    const s = createStorage({ roots: [{ path: at('.data') }], cwd: at('.data') });
    await (await s.openSource('in.csv')).close();
    await failure(s.openTarget('.x.csv', TOKEN), 'InvalidInput');
  });

  it('never writes below a root that is only read, also where it lies in one that may be written', async () => {
    await write('in/a.csv', 'x');
    await fs.mkdir(at('out'));
    const s = storage([], [{ path: root }, { path: at('in'), access: 'read' }]);
    const source = await s.openSource('in/a.csv');
    await source.close();
    expect(await s.placeOf('in/a.csv')).toEqual({ root: 'in', uri: 'in:a.csv' });
    for (const action of [
      () => s.openTarget('in/b.csv', TOKEN),
      () => s.tryTarget('in/b.csv', TOKEN),
      () => s.tryOnce('in/new/b.csv', TOKEN),
      () => s.putOnce('in/b.csv', from(Buffer.from('x')), TOKEN),
    ])
      expect(await failure(action(), 'InvalidInput')).toMatch(/may only read \(access: read\)/);
    await fs.symlink(at('in/a.csv'), at('out/link.csv'));
    await failure(s.openTarget('out/link.csv', TOKEN), 'InvalidInput');
    expect(await fs.readdir(at('in'))).toEqual(['a.csv']);
    await (await s.openTarget('out/b.csv', TOKEN)).close();
  });

  it('gives new targets and their directories the configured mode, and leaves that of a replaced one', async () => {
    const mode = async (name: string) => (await fs.stat(at(name))).mode & 0o777;
    const put = async (s: ReturnType<typeof storage>, name: string) =>
      (await s.openTarget(name, TOKEN)).commit(contentOf(''));
    await put(storage(), 'new/a.csv');
    expect([await mode('new/a.csv'), await mode('new')]).toEqual([0o640, 0o750]);
    await put(createStorage({ roots: [{ path: root }], cwd: root, fileMode: 0o600 }), 'own/a.csv');
    expect([await mode('own/a.csv'), await mode('own')]).toEqual([0o600, 0o700]);
    await fs.chmod(at('new/a.csv'), 0o604);
    await put(storage(), 'new/a.csv');
    expect(await mode('new/a.csv')).toBe(0o604);
  });

  it('refuses pipes and devices as source and target, without waiting for them', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    await failure(storage().openSource('pipe'), 'InvalidInput');
    await failure(storage().openTarget('pipe', TOKEN), 'InvalidInput');
    await failure(storage().tryTarget('pipe', TOKEN), 'InvalidInput');
  });
});
