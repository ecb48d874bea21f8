import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { NativeConnection } from '@temporalio/worker';

import type { Timing } from '../../src/activities/attempt/deps';
import { MARKER_FILE, type StorageRoot } from '../../src/storage';
import { loadConfig, type AnaplanWorker, type ConfigOverrides } from '../../src/worker';
import { pacedWorker } from '../../src/worker/worker';
import { testNativeConnection } from '../support/namespace';
import { FAST, type Rig } from '../support/rig';
import { activitiesOf, BAD, bundleWith, expectClean, GOOD, hold, ownRig, sha, until } from './support';

/** A worker with a directory of its own, as one on another machine would be. */
class Host {
  readonly root = mkdtempSync(join(tmpdir(), 'anaplan-host-'));
  readonly warnings: { message: string; fields?: Record<string, unknown> | undefined }[] = [];
  private worker: AnaplanWorker | undefined;
  private running: Promise<void> | undefined;
  private connection: NativeConnection | undefined;

  constructor(private readonly rig: Rig) {}

  async start(
    o: {
      roots?: StorageRoot[];
      overrides?: ConfigOverrides;
      timing?: Partial<Timing>;
      identity?: string;
      constants?: Record<string, number>;
    } = {},
  ): Promise<this> {
    const env = {
      ANAPLAN_USER: this.rig.sandbox.credentials.user,
      ANAPLAN_PASSWORD: this.rig.sandbox.credentials.password,
      ANAPLAN_API_URL: this.rig.sandbox.url,
      ANAPLAN_AUTH_URL: this.rig.sandbox.url,
    };
    const config = loadConfig({
      cwd: this.root,
      env,
      overrides: { taskQueue: this.rig.taskQueue, ...o.overrides },
    });
    if (o.roots) config.worker.roots = o.roots;
    if (o.roots) config.worker.dumps = join(o.roots[0]?.path ?? '', 'dumps');
    for (const connection of config.connections) {
      connection.requestsPerMinute = connection.budgetPerMinute = 1_000_000;
    }
    // One connection can serve a queue once.
    this.connection ??= await testNativeConnection();
    const options = {
      connection: this.connection,
      namespace: this.rig.namespace,
      env,
      identity: o.identity ?? this.root,
      log: (level: string, message: string, fields?: Record<string, unknown>) =>
        void (level === 'warn' && this.warnings.push({ message, fields })),
      workflowBundle: { code: bundleWith(o.constants ?? {}) },
    };
    const pace = { timing: { ...FAST, ...o.timing }, chunkBytes: 64 * 1024 };
    this.worker = await pacedWorker(config, options, pace);
    this.running = this.worker.run();
    return this;
  }

  async stop(): Promise<void> {
    this.worker?.shutdown();
    await this.running;
    this.worker = undefined;
  }

  write(name: string, content: string | Buffer): void {
    mkdirSync(join(this.root, name, '..'), { recursive: true });
    writeFileSync(join(this.root, name), content);
  }

  files(): string[] {
    return readdirSync(this.root, { recursive: true, encoding: 'utf8' })
      .filter((name) => !name.endsWith(MARKER_FILE) && !statSync(join(this.root, name)).isDirectory())
      .sort();
  }

  async close(): Promise<void> {
    await this.stop();
    await this.connection?.close();
    rmSync(this.root, { recursive: true, force: true });
  }
}

describe('roots: the bytes of a run go where its data is, by a name', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  let a: Host;
  let b: Host;
  beforeAll(async () => {
    ({ rig, close } = await ownRig({
      sandbox: { model: { exportBytes: 2_000_000, exportChunkBytes: 100_000 } },
    }));
    await rig.stopWorkers();
  });
  beforeEach(() => {
    a = new Host(rig);
    b = new Host(rig);
  });
  afterEach(async () => {
    await a.close();
    await b.close();
    expectClean(rig);
    rig.sandbox.reset();
  });
  afterAll(() => close());

  it('two workers with roots of their own: whoever prepares a run, each file is read and written at its own', async () => {
    for (const host of [a, b]) host.write('x.csv', `${host === a ? 'A' : 'B'},Value\n1,2\n`);
    await a.start({ roots: [{ name: 'east', path: a.root }] });
    await b.start({ roots: [{ name: 'west', path: b.root }] });
    for (let i = 0; i < 4; i++) {
      const [name, host] = i % 2 === 0 ? (['east', a] as const) : (['west', b] as const);
      const sent = await rig.run('uploadFile', { file: 'bulk.csv', source: `${name}:x.csv` });
      expect(sent.message).toBeUndefined();
      const content = readFileSync(join(host.root, 'x.csv'));
      expect(sent.result.transfers).toMatchObject([
        { uri: `file://${host.root}/x.csv`, bytes: content.length, sha256: sha(content) },
      ]);
      const got = await rig.run('downloadFile', { file: 'bulk.csv', target: `${name}:out/${i}.csv` });
      expect(got.message).toBeUndefined();
      expect(readFileSync(join(host.root, 'out', `${i}.csv`))).toEqual(content);
    }
    expect(a.files()).toEqual(['out/0.csv', 'out/2.csv', 'x.csv']);
    expect(b.files()).toEqual(['out/1.csv', 'out/3.csv', 'x.csv']);
  });

  it('dumps that go to another root than the source are tried there, before anything is sent', async () => {
    a.write('bad.csv', BAD);
    b.write('taken', 'a file');
    await a.start({ roots: [{ name: 'east', path: a.root }] });
    await b.start({ roots: [{ name: 'west', path: b.root }] });
    const input = { import: 'Load Sales', source: 'east:bad.csv', acceptRejections: true };
    const refused = await rig.run('uploadImport', { ...input, dumps: 'west:taken/dumps' });
    expect(refused).toMatchObject({ type: 'InvalidInput', result: { failure: { effects: 'none' } } });
    expect(rig.sandbox.record.filter((r) => r.method === 'PUT')).toEqual([]);
    const end = await rig.run('uploadImport', { ...input, dumps: 'west:dumps' });
    expect(end.result.outcome).toBe('succeededWithRejections');
    expect(end.result.dumps[0]?.uri).toMatch(`file://${b.root}/dumps/`);
    expect(a.files()).toEqual(['bad.csv']);
  });

  it('a name that nobody has is InvalidInput at once, with the names that are known', async () => {
    await a.start();
    const end = await rig.run('uploadFile', { file: 'bulk.csv', source: 'payrol:x.csv' });
    expect(end).toMatchObject({ type: 'InvalidInput', result: { failure: { effects: 'none' } } });
    expect(end.message).toMatch(/root "payrol" is unknown: this worker has default, and no other worker/);
    const stored = await rig.run('uploadFile', { file: 'bulk.csv', source: 's3://bucket/x.csv' });
    expect(stored.type).toBe('InvalidInput');
    expect(stored.message).toMatch(/s3:\/\/ is not supported/);
  });

  it('a shared root: another worker goes on where the first one stood, wherever it is mounted', async () => {
    const content = Buffer.from(`Key,Value\n${'1,2\n'.repeat(100_000)}`);
    mkdirSync(join(a.root, 'shared'));
    a.write('shared/bulk.csv', content);
    // Another path to the same file system.
    const shared = (path: string): StorageRoot[] => [
      { name: 'default', path: path === a.root ? a.root : b.root },
      { name: 'exchange', path: join(a.root, 'shared'), shared: true },
    ];
    await a.start({ roots: shared(a.root), constants: { UNSERVED_MS: 500 } });
    const held = hold(rig, { method: 'PUT', path: '/models/*/files/*/chunks/3', occurrence: 1 });
    const run = await rig.begin('uploadFile', { file: 'bulk.csv', source: 'exchange:bulk.csv' });
    await held.came();
    await a.stop();
    await b.start({ roots: shared(b.root), constants: { UNSERVED_MS: 500 } });
    const end = await rig.ending(run.workflowId);
    expect(end.message).toBeUndefined();
    expect(end.result.transfers).toMatchObject([{ sha256: sha(content) }]);
    await held.letGo();
    const first = rig.sandbox.record.filter((r) => r.method === 'PUT' && r.path.endsWith('/chunks/0'));
    expect(first.length).toBe(1);
  });

  it('a worker that only reads a root leaves to others what is written there, and serves what is read', async () => {
    a.write('x.csv', 'Key,Value\n1,2\n');
    await a.start({ roots: [{ name: 'pay', path: a.root, access: 'read' }] });
    await b.start({ roots: [{ name: 'pay', path: a.root }] });
    rig.sandbox.replaceExport('116000000003');
    for (let i = 0; i < 4; i++) {
      const got = await rig.run('downloadFile', {
        file: 'Bulk - export.csv',
        target: `pay:out/${i}.csv`,
      });
      expect(got.message).toBeUndefined();
    }
    await b.stop();
    const sent = await rig.run('uploadFile', { file: 'bulk.csv', source: 'pay:x.csv' });
    expect(sent.message).toBeUndefined();
    expect(existsSync(join(a.root, MARKER_FILE))).toBe(true);
  });

  it('a worker that is gone in the middle is waited for, and the run says so; back with the same disk it goes on', async () => {
    const content = Buffer.from(`Key,Value\n${'1,2\n'.repeat(100_000)}`);
    a.write('bulk.csv', content);
    await b.start({ roots: [{ name: 'other', path: b.root }], constants: { UNSERVED_MS: 500 } });
    await a.start({ constants: { UNSERVED_MS: 500 } });
    const held = hold(rig, { method: 'PUT', path: '/models/*/files/*/chunks/3', occurrence: 1 });
    const run = await rig.begin('uploadFile', { file: 'bulk.csv', source: 'bulk.csv', exclusive: false });
    await held.came();
    await a.stop();
    await until(async () => (await activitiesOf(run)).includes('anaplan.rootServed'));
    await until(async () => /waiting for root \*\*default\*\*: /.test(await detailsOf(rig, run.workflowId)));
    // Another process, perhaps on another machine, with the same disk.
    await a.start({ constants: { UNSERVED_MS: 500 }, identity: 'another-machine' });
    const end = await rig.ending(run.workflowId);
    expect(end.message).toBeUndefined();
    expect(end.result.transfers).toMatchObject([{ sha256: sha(content) }]);
    await held.letGo();
    const puts = rig.sandbox.record.filter((r) => r.method === 'PUT').map((r) => r.path);
    // It went on from the last chunk that had been sent.
    expect(puts.filter((path) => path.endsWith('/chunks/0')).length).toBe(1);
    expect((await activitiesOf(run)).filter((name) => name === 'anaplan.uploadChunks').length).toBe(2);
  });

  describe('another file system under the name', () => {
    /** An upload of which the worker that began it is gone; the other one has a file of the same path. */
    async function begunAndLost() {
      a.write('bulk.csv', GOOD);
      b.write('bulk.csv', GOOD);
      await a.start();
      const held = hold(rig, { method: 'PUT', path: '/models/*/files/*/chunks/0', occurrence: 1 });
      const run = await rig.begin('uploadFile', { file: 'bulk.csv', source: 'bulk.csv', exclusive: false });
      await held.came();
      await a.stop();
      return { held, run };
    }

    it('is never taken, also where it has a file of the same path: the run waits for the right one', async () => {
      const { held, run } = await begunAndLost();
      await b.start();
      await until(async () =>
        (await refusals(rig, run.workflowId)).some((m) => /another file system/.test(m)),
      );
      await until(() => b.warnings.some((w) => /different file system under the name/.test(w.message)));
      await a.start();
      const end = await rig.ending(run.workflowId);
      expect(end.message).toBeUndefined();
      expect(end.result.transfers).toMatchObject([{ uri: `file://${a.root}/bulk.csv` }]);
      await held.letGo();
    });

    it('is a failure once only workers with another one have served the root for a while', async () => {
      const { held, run } = await begunAndLost();
      await b.start({ timing: { foreignRootMs: 3_000 } });
      const end = await rig.ending(run.workflowId);
      expect(end.type).toBe('SourceChanged');
      expect(end.message).toMatch(/Root "default" is another file system on .* no worker that has that one/);
      await held.letGo();
    });

    it('is not written to by a download that began elsewhere, and keeps what it has', async () => {
      rig.sandbox.replaceExport('116000000003');
      await a.start();
      b.write('out.csv', 'of somebody else');
      const held = hold(rig, { method: 'GET', path: '/models/*/files/*/chunks/*', occurrence: 3 });
      const run = await rig.begin('downloadFile', {
        file: 'Bulk - export.csv',
        target: 'out.csv',
        exclusive: false,
      });
      await held.came();
      await a.stop();
      await b.start();
      await until(async () =>
        (await refusals(rig, run.workflowId)).some((m) => /another file system/.test(m)),
      );
      await a.start();
      const end = await rig.ending(run.workflowId);
      expect(end.message).toBeUndefined();
      expect(readFileSync(join(b.root, 'out.csv'), 'utf8')).toBe('of somebody else');
      expect(statSync(join(a.root, 'out.csv')).size).toBe(end.result.transfers[0]?.bytes);
      expect([a.files(), b.files()]).toEqual([['out.csv'], ['out.csv']]);
      await held.letGo();
    });
  });

  it('a dump does not wait behind the bytes of other runs: the model is held meanwhile', async () => {
    const host = a;
    await host.start({ overrides: { transferSlots: 1 } });
    host.write('bad.csv', BAD);
    host.write('bulk.csv', 'Key,Value\n1,2\n');
    await rig.run('uploadFile', { file: 'sales.csv', source: 'bad.csv' });
    // The only slot for bytes, on either queue, is taken by a chunk that does not end.
    const stuck = rig.sandbox.faults.add({
      method: 'PUT',
      path: '/models/*/files/113000000003/chunks/*',
      occurrence: 'every',
      action: { kind: 'stall', when: 'before' },
    });
    const slow = await rig.begin('uploadFile', { file: 'bulk.csv', source: 'bulk.csv', exclusive: false });
    await until(() => rig.sandbox.record.some((r) => r.path.endsWith('/113000000003')));
    const end = await rig.run('runAction', { action: 'Load Sales', acceptRejections: true });
    expect(end.result.outcome).toBe('succeededWithRejections');
    expect(statSync(fileURLToPath(end.result.dumps[0]?.uri ?? '')).size).toBeGreaterThan(0);
    expect((await slow.describe()).status.name).toBe('RUNNING');
    expect(stuck).toBeTruthy();
    await slow.cancel();
    await rig.ending(slow.workflowId);
  });

  it('what cannot be written is refused before the upload: a dump is not lost after the import', async () => {
    const host = a;
    await host.start();
    host.write('bad.csv', BAD);
    host.write('taken', 'a file');
    const end = await rig.run('uploadImport', {
      import: 'Load Sales',
      source: 'bad.csv',
      dumps: 'taken/dumps',
    });
    expect(end).toMatchObject({ type: 'InvalidInput', result: { failure: { effects: 'none' } } });
    expect(end.message).toMatch(/taken.*below a file/);
    expect(await activitiesOf(rig.client.workflow.getHandle(end.workflowId))).toEqual([
      'anaplan.prepare',
      'anaplan.openSource',
    ]);
    const run = await rig.run('runAction', { action: 'Load Sales', dumps: 'taken/dumps' });
    expect(run.type).toBe('InvalidInput');
    const exported = await rig.run('exportDownload', { export: 'Export Bulk', target: 'taken/out.csv' });
    expect(exported.type).toBe('InvalidInput');
    expect(rig.sandbox.record.filter((r) => r.method !== 'GET' && !r.path.includes('token'))).toEqual([]);
    expect(host.files()).toEqual(['bad.csv', 'taken']);
  });
});

/** What the UI shows of an open run. */
async function detailsOf(rig: Rig, workflowId: string): Promise<string> {
  const shown: unknown = await rig.client.workflow
    .getHandle(workflowId)
    .query('__temporal_workflow_metadata');
  return (shown as { currentDetails?: string }).currentDetails ?? '';
}

/** What the pending activities of a run failed with last. */
async function refusals(rig: Rig, workflowId: string): Promise<string[]> {
  const { raw } = await rig.client.workflow.getHandle(workflowId).describe();
  return (raw.pendingActivities ?? []).map((activity) => activity.lastFailure?.message ?? '');
}
