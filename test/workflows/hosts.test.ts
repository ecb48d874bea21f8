import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { type NativeConnection } from '@temporalio/worker';

import { createWorker, loadConfig, type AnaplanWorker, type ConfigOverrides } from '../../src/worker';
import { testNativeConnection } from '../support/namespace';
import { FAST, type Rig } from '../support/rig';
import { BAD, expectClean, ownRig, until } from './support';

/** A worker with a root of its own, as one on another host would be. */
class Host {
  readonly root = mkdtempSync(join(tmpdir(), 'anaplan-host-'));
  private worker: AnaplanWorker | undefined;
  private running: Promise<void> | undefined;
  private connection: NativeConnection | undefined;

  constructor(private readonly rig: Rig) {}

  async start(overrides: ConfigOverrides = {}): Promise<this> {
    const env = {
      ANAPLAN_USER: this.rig.sandbox.credentials.user,
      ANAPLAN_PASSWORD: this.rig.sandbox.credentials.password,
      ANAPLAN_API_URL: this.rig.sandbox.url,
      ANAPLAN_AUTH_URL: this.rig.sandbox.url,
    };
    const config = loadConfig({
      cwd: this.root,
      env,
      overrides: { taskQueue: this.rig.taskQueue, ...overrides },
    });
    for (const connection of config.connections) connection.requestsPerMinute = 1_000_000;
    // One connection can serve a queue once.
    this.connection ??= await testNativeConnection();
    this.worker = await createWorker(config, {
      connection: this.connection,
      namespace: this.rig.namespace,
      env,
      timing: FAST,
      chunkBytes: 64 * 1024,
      workflowBundle: { codePath: resolve(__dirname, '../../.cache/test/workflow-bundle.js') },
    });
    this.running = this.worker.run();
    return this;
  }

  async stop(): Promise<void> {
    this.worker?.shutdown();
    await this.running;
    this.worker = undefined;
  }

  write(name: string, content: string): void {
    mkdirSync(join(this.root, name, '..'), { recursive: true });
    writeFileSync(join(this.root, name), content);
  }

  files(): string[] {
    return readdirSync(this.root, { recursive: true, encoding: 'utf8' })
      .filter((name) => !statSync(join(this.root, name)).isDirectory())
      .sort();
  }

  async close(): Promise<void> {
    await this.stop();
    await this.connection?.close();
    rmSync(this.root, { recursive: true, force: true });
  }
}

describe('workers of one queue on hosts with other files', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  let hosts: Host[] = [];
  beforeAll(async () => {
    ({ rig, close } = await ownRig({
      sandbox: { model: { exportBytes: 2_000_000, exportChunkBytes: 100_000 } },
    }));
    await rig.stopWorkers();
  });
  beforeEach(() => {
    hosts = [new Host(rig), new Host(rig)];
  });
  afterEach(async () => {
    for (const host of hosts) await host.close();
    expectClean(rig);
    rig.sandbox.reset();
  });
  afterAll(() => close());

  it('no dump is lost: it is stored by the worker that fetches it, in its own directory, and the result says where', async () => {
    for (const host of hosts) {
      host.write('bad.csv', BAD);
      await host.start();
    }
    for (let i = 0; i < 6; i++) {
      const end = await rig.run('uploadImport', {
        import: 'Load Sales',
        source: 'bad.csv',
        acceptRejections: true,
      });
      expect(end.message).toBeUndefined();
      const [dump] = end.result.dumps;
      const [transfer] = end.result.transfers;
      const path = fileURLToPath(dump?.uri ?? '');
      expect(statSync(path).size).toBeGreaterThan(0);
      const host = hosts.find((h) => path.startsWith(`${h.root}/dumps/`));
      expect(transfer?.uri).toBe(`file://${host?.root}/bad.csv`);
      expect(dump?.host).toBeTruthy();
      expect(transfer?.host).toBe(dump?.host);
    }
  });

  it('a download that outlives its host leaves nothing on the others: the first activity fixes where it goes', async () => {
    for (const host of hosts) await host.start();
    rig.sandbox.replaceExport('116000000003');
    // Every chunk takes two attempts, which any worker could take.
    rig.sandbox.faults.add({
      method: 'GET',
      path: '/models/*/files/*/chunks/*',
      occurrence: Array.from({ length: 12 }, (_, i) => 2 * i + 1),
      action: { kind: 'reset', when: { atByte: 10_000 } },
    });
    const ends = await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        rig.run('downloadFile', { file: 'Bulk - export.csv', target: `${name}.csv`, exclusive: false }),
      ),
    );
    expect(ends.map((end) => end.message)).toEqual([undefined, undefined, undefined]);
    expect(hosts.flatMap((host) => host.files()).sort()).toEqual(['a.csv', 'b.csv', 'c.csv']);
    for (const { result } of ends) {
      expect(statSync(fileURLToPath(result.transfers[0]?.uri ?? '')).size).toBe(result.transfers[0]?.bytes);
    }
  });

  it('a dump does not wait behind the bytes of other runs: the model is held meanwhile', async () => {
    const [host] = hosts;
    await host?.start({ transferSlots: 1 });
    host?.write('bad.csv', BAD);
    host?.write('bulk.csv', 'Key,Value\n1,2\n');
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
    const [host] = hosts;
    await host?.start();
    host?.write('bad.csv', BAD);
    host?.write('taken', 'a file');
    const end = await rig.run('uploadImport', {
      import: 'Load Sales',
      source: 'bad.csv',
      dumps: 'taken/dumps',
    });
    expect(end).toMatchObject({ type: 'InvalidInput', result: { failure: { effects: 'none' } } });
    expect(end.message).toMatch(/taken.*below a file/);
    const run = await rig.run('runAction', { action: 'Load Sales', dumps: 'taken/dumps' });
    expect(run.type).toBe('InvalidInput');
    const exported = await rig.run('exportDownload', { export: 'Export Bulk', target: 'taken/out.csv' });
    expect(exported.type).toBe('InvalidInput');
    expect(rig.sandbox.record.filter((r) => r.method !== 'GET' && !r.path.includes('token'))).toEqual([]);
    expect(host?.files()).toEqual(['bad.csv', 'taken']);
  });
});
