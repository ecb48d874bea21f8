/** A sandbox tenant, a Temporal namespace, a worker in this process and a client: everything an integration needs. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

import { Client, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, type DataConverter } from '@temporalio/common';
import { type NativeConnection, type NativeConnectionOptions } from '@temporalio/worker';

import type { Timing } from '../../src/activities/attempt/deps';
import {
  RESULT_MEMO,
  type IntegrationInputs,
  type IntegrationName,
  type IntegrationResult,
} from '../../src/contracts';
import { SALES_MODEL, startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox';
import {
  installRuntime,
  loadConfig,
  WorkerLogger,
  type AnaplanWorker,
  type CreateWorkerOptions,
} from '../../src/worker';
import type { WorkerPace } from '../../src/worker/pace';
import { pacedWorker } from '../../src/worker/worker';
import { ownNamespace, testAddress, testConnection, testNativeConnection } from './namespace';

/** The waits of production, fifty times shorter. */
export const FAST: Timing = {
  pollIntervalMs: 100,
  firstPollMs: 20,
  reconcileMs: 600,
  reconcileEveryMs: 100,
  reconcileLimitMs: 60_000,
  taskLostMs: 500,
  retryScale: 0.02,
  readTouchMs: 60_000,
  // Tests change the tenant between runs, and plan faults for what a run reads.
  rememberMs: 0,
};

/** Options of a rig. */
export interface RigOptions {
  sandbox?: SandboxOptions;
  timing?: Partial<Timing>;
  chunkBytes?: number;
  env?: NodeJS.ProcessEnv;
  /** For client and worker. */
  dataConverter?: DataConverter;
  /** Makes the workers, which then find their workflows themselves; by default they get the bundle of the set-up. */
  createWorker?: typeof pacedWorker;
  /** Further options for it. */
  worker?: Partial<CreateWorkerOptions>;
  /** What is no option: beside `timing` and `chunkBytes`. */
  pace?: Pick<WorkerPace, 'searchAttributesEveryMs' | 'sweep'>;
  /** Of the workers' connection. */
  plugins?: NativeConnectionOptions['plugins'];
}

/** How a run ended. */
export interface Ending {
  result: IntegrationResult;
  type?: string;
  message?: string;
  cancelled: boolean;
  workflowId: string;
}

const BUNDLE = { codePath: resolve(__dirname, '../../.cache/test/workflow-bundle.js') };

let runtime = false;

/** A running rig. */
export class Rig {
  readonly modelId = SALES_MODEL;
  private workers: { worker: AnaplanWorker; ended: Promise<void> }[] = [];

  private constructor(
    readonly sandbox: Sandbox,
    readonly client: Client,
    readonly root: string,
    readonly taskQueue: string,
    readonly native: NativeConnection,
    readonly namespace: string,
    private readonly options: RigOptions,
  ) {}

  static async start(options: RigOptions = {}): Promise<Rig> {
    if (!runtime) {
      runtime = true;
      installRuntime(new WorkerLogger('text', 'ERROR', () => undefined));
    }
    const address = testAddress();
    const namespace = await ownNamespace();
    const sandbox = await startSandbox({
      taskDurationMs: 150,
      taskCancelMs: 50,
      requestsPerMinute: false,
      minPollMs: 0,
      startGraceMs: 0,
      ...options.sandbox,
    });
    const connection = await testConnection({ address });
    const native = await testNativeConnection({
      address,
      ...(options.plugins === undefined ? {} : { plugins: options.plugins }),
    });
    const root = mkdtempSync(join(tmpdir(), 'anaplan-temporal-'));
    const rig = new Rig(
      sandbox,
      new Client({
        connection,
        namespace,
        ...(options.dataConverter === undefined ? {} : { dataConverter: options.dataConverter }),
      }),
      root,
      `test-${randomUUID().slice(0, 8)}`,
      native,
      namespace,
      options,
    );
    await rig.startWorker();
    return rig;
  }

  /** Starts a(nother) worker with the same root. */
  async startWorker(): Promise<AnaplanWorker> {
    const config = loadConfig({
      cwd: this.root,
      env: {
        ANAPLAN_USER: 'demo@example.com',
        ANAPLAN_PASSWORD: 'sandbox',
        ANAPLAN_API_URL: this.sandbox.url,
        ANAPLAN_AUTH_URL: this.sandbox.url,
        ...this.options.env,
      },
      // More than one for each of two cores: tests hold several transfers at once.
      overrides: { taskQueue: this.taskQueue, transferSlots: 4 },
    });
    for (const connection of config.connections) {
      connection.requestsPerMinute = connection.budgetPerMinute = 1_000_000;
    }
    const { createWorker: create = pacedWorker, chunkBytes, dataConverter } = this.options;
    const options: CreateWorkerOptions = {
      connection: this.native,
      namespace: this.namespace,
      env: { ANAPLAN_PASSWORD: 'sandbox', ANAPLAN_USER: 'demo@example.com', ...this.options.env },
      ...(this.options.createWorker === undefined ? { workflowBundle: BUNDLE } : {}),
      ...(dataConverter === undefined ? {} : { dataConverter }),
      ...this.options.worker,
    };
    const worker = await create(config, options, {
      timing: { ...FAST, ...this.options.timing },
      ...(chunkBytes === undefined ? {} : { chunkBytes }),
      ...this.options.pace,
    });
    this.workers.push({ worker, ended: worker.run() });
    return worker;
  }

  /** Hands over and waits for the workers' end. */
  async stopWorkers(): Promise<void> {
    const workers = this.workers.splice(0);
    for (const { worker } of workers) worker.shutdown();
    await Promise.all(workers.map((w) => w.ended));
  }

  async close(): Promise<void> {
    await this.stopWorkers();
    await this.sandbox.close();
    await this.client.connection.close();
    await this.native.close();
    rmSync(this.root, { recursive: true, force: true });
  }

  /** Writes a file below the root. */
  write(name: string, content: string | Buffer): string {
    const path = join(this.root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return name;
  }

  read(name: string): Buffer {
    return readFileSync(join(this.root, name));
  }

  /** Starts a run. */
  async begin<N extends IntegrationName>(
    name: N,
    input: Omit<IntegrationInputs[N], 'model'> & { model?: string },
  ) {
    return this.client.workflow.start(name, {
      workflowId: `${name}-${randomUUID().slice(0, 8)}`,
      taskQueue: this.taskQueue,
      args: [{ model: this.modelId, ...input }],
    });
  }

  /** Runs to the end, whatever it is. */
  async run<N extends IntegrationName>(
    name: N,
    input: Omit<IntegrationInputs[N], 'model'> & { model?: string },
  ): Promise<Ending> {
    return this.ending((await this.begin(name, input)).workflowId);
  }

  /** Waits for the end of a run. */
  async ending(workflowId: string): Promise<Ending> {
    const handle = this.client.workflow.getHandle(workflowId);
    try {
      return { result: (await handle.result()) as IntegrationResult, cancelled: false, workflowId };
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw error;
      const { cause } = error;
      if (cause instanceof ApplicationFailure) {
        return {
          result: cause.details?.[0] as IntegrationResult,
          ...(cause.type ? { type: cause.type } : {}),
          message: cause.message,
          cancelled: false,
          workflowId,
        };
      }
      const memo = (await handle.describe()).memo?.[RESULT_MEMO] as IntegrationResult;
      return { result: memo, cancelled: true, workflowId };
    }
  }
}
