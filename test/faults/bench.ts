/** One worker and as many tenants as rows run at a time, each row with a tenant and a client of its own. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { Client } from '@temporalio/client';
import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';

import type { AnaplanActivities } from '../../src/activities';
import { allActivities } from '../../src/activities/all';
import type { Timing } from '../../src/activities/attempt/deps';
import { AnaplanClient, RateLimiter, type LimiterClock, type Timeouts } from '../../src/anaplan';
import { filesQueue, smallQueue } from '../../src/contracts';
import { SALES_MODEL, startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox';
import { createStorage } from '../../src/storage';
import { installRuntime, WorkerLogger } from '../../src/worker';
import { testAddress, testConnection, testNativeConnection } from '../support/namespace';
import { CHUNK_BYTES, SIZES } from './scenarios';

/** The waits of production, so many times shorter. */
export const SCALE = 0.02;
// Longer than a retry takes, so that a retry that does not keep to it shows.
const POLL_MS = 2_000;
/** Least time between two polls that the tenant takes: a little less than the configured interval. */
export const MIN_POLL_MS = 1_600;

const TIMING: Timing = {
  pollIntervalMs: POLL_MS,
  firstPollMs: 250,
  reconcileMs: 700,
  reconcileEveryMs: 150,
  reconcileLimitMs: 60_000,
  taskLostMs: 3_000,
  retryScale: SCALE,
  readTouchMs: 60_000,
  rememberMs: 0,
};

/** The limiter's clock: its pauses are as much shorter as the retries' delays. */
const CLOCK: LimiterClock = {
  now: () => performance.now() / SCALE,
  setTimer: (run, ms) => setTimeout(run, ms * SCALE),
  clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

/** For faults that are silence. Without them: the client's own. */
const SHORT: Partial<Timeouts> = { headersMs: 1_500, bodyMs: 900, completeMs: 1_500 };

/** One row's tenant. */
export interface Tenant {
  /** Connection name, and directory below the root. */
  tag: string;
  sandbox: Sandbox;
  client: AnaplanClient;
  /** The row's own directory, absolute. */
  directory: string;
  /** The model's ID as the workflow knows it, on which locks go. */
  modelId: string;
  close(): Promise<void>;
}

/** Takes the lane's name off the model's ID, on the way from the workflow to Anaplan. */
function plainModel(input: object): object {
  const { model } = input as { model?: object };
  if (model === undefined) return input;
  if ('model' in model) return { ...input, model: plainModel(model) };
  return 'id' in model ? { ...input, model: { ...model, id: SALES_MODEL } } : input;
}

/**
 * Activities for which each lane's model is another one. All tenants have the same model, and locks go by its ID: rows
 * side by side must not wait for each other, while the next row of a lane meets the locks of the one before.
 */
function apart(activities: AnaplanActivities, modelIdOf: (connection: string) => string): object {
  const plain = Object.entries(activities).map(([name, run]) => {
    const activity = run as (input: object) => Promise<unknown>;
    return [name, (input: object) => activity(plainModel(input))] as const;
  });
  const prepare: AnaplanActivities['anaplan.prepare'] = async (input) => {
    const prepared = await activities['anaplan.prepare'](input);
    return { ...prepared, model: { ...prepared.model, id: modelIdOf(prepared.connection) } };
  };
  return { ...Object.fromEntries(plain), 'anaplan.prepare': prepare };
}

/** The bench. */
export class Bench {
  private readonly tenants = new Map<string, Tenant>();
  private workers: { worker: Worker; ended: Promise<void> }[] = [];
  private count = 0;

  private constructor(
    readonly client: Client,
    readonly taskQueue: string,
    private readonly native: NativeConnection,
    private readonly root: string,
  ) {}

  static async start(): Promise<Bench> {
    installRuntime(new WorkerLogger('text', 'ERROR', () => undefined));
    const address = testAddress();
    const connection = await testConnection({ address });
    const native = await testNativeConnection({ address });
    const root = mkdtempSync(join(tmpdir(), 'anaplan-faults-'));
    const bench = new Bench(new Client({ connection }), `faults-${randomUUID().slice(0, 8)}`, native, root);
    await bench.startWorkers();
    return bench;
  }

  private async startWorkers(): Promise<void> {
    const { taskQueue, native, root } = this;
    const activities = allActivities({
      connection: (name) => {
        const tenant = this.tenants.get(name);
        if (!tenant) throw new Error(`There is no tenant ${name}.`);
        return tenant;
      },
      storage: createStorage({ roots: [{ path: root, shared: true }], cwd: root }),
      since: performance.now(),
      taskQueue,
      host: 'this-host',
      dumps: join(root, 'dumps'),
      searchAttributes: () => false,
      timing: TIMING,
      chunkBytes: CHUNK_BYTES,
    });
    const shared: Omit<WorkerOptions, 'taskQueue'> = {
      connection: native,
      namespace: 'default',
      activities: apart(activities, (name) => this.tenants.get(name)?.modelId ?? SALES_MODEL),
    };
    const codePath = resolve(__dirname, '../../.cache/test/workflow-bundle.js');
    const options: WorkerOptions[] = [
      { ...shared, taskQueue, workflowBundle: { codePath } },
      { ...shared, taskQueue: filesQueue(taskQueue, 'default') },
      { ...shared, taskQueue: smallQueue(filesQueue(taskQueue, 'default')) },
    ];
    for (const option of options) {
      const worker = await Worker.create(option);
      this.workers.push({ worker, ended: worker.run() });
    }
  }

  /** A tenant nobody else uses, for the next row of a lane. */
  async tenant(lane: number, options: SandboxOptions, o: { short: boolean }): Promise<Tenant> {
    const tag = `${this.taskQueue}-${(this.count += 1)}`;
    const sandbox = await startSandbox({
      taskDurationMs: 150,
      taskCancelMs: 50,
      requestsPerMinute: false,
      minPollMs: MIN_POLL_MS,
      startGraceMs: 600,
      model: SIZES,
      ...options,
    });
    const client = new AnaplanClient({
      apiUrl: sandbox.url,
      authUrl: sandbox.url,
      credentials: { kind: 'basic', ...sandbox.credentials },
      limiter: new RateLimiter(1_000_000, CLOCK),
      ...(o.short ? { timeouts: SHORT } : {}),
    });
    const modelId = `${SALES_MODEL}~${this.taskQueue}-${lane}`;
    const directory = join(this.root, tag);
    mkdirSync(directory);
    const close = async () => {
      this.tenants.delete(tag);
      await client.close();
      await sandbox.close();
    };
    const tenant = { tag, sandbox, client, directory, modelId, close };
    this.tenants.set(tag, tenant);
    return tenant;
  }

  /** Writes the sources of a row. */
  write(tenant: Tenant, sources: Record<string, Buffer>): void {
    for (const [name, bytes] of Object.entries(sources)) writeFileSync(join(tenant.directory, name), bytes);
  }

  async close(): Promise<void> {
    for (const { worker } of this.workers) worker.shutdown();
    await Promise.all(this.workers.map(({ ended }) => ended));
    await this.client.connection.close();
    await this.native.close();
    rmSync(this.root, { recursive: true, force: true });
  }
}
