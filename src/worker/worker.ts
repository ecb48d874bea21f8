import { hostname } from 'node:os';

import { compact } from '../contracts';
import type { DataConverter } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import {
  Worker,
  type WorkerInterceptors,
  type WorkerOptions,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import { pacedActivities } from './activities';
import { workflowSource } from './bundle';
import type { Config } from './config';
import { ConfigError } from './config-error';
import type { Log } from './logging';
import type { WorkerPace } from './pace';
import { SearchAttributes } from './search-attributes';
import { watchRoots } from './foreign-roots';
import { watchSkew } from './skew';
import { startSweep } from './sweep';
import { connectWorker, type TemporalFlags } from './temporal';

/** What a worker is started with, beside its configuration. */
export interface CreateWorkerOptions {
  /** Default: connects by the environment; such a connection is closed with the worker. */
  connection?: NativeConnection;
  /** With `connection`; else from the environment. */
  namespace?: string;
  temporal?: TemporalFlags;
  /** Where the references of the configuration are looked up. */
  env?: NodeJS.ProcessEnv;
  log?: Log;
  /**
   * Workflows bundled elsewhere, by the same SDK version and with the same converters and interceptors as are given here.
   * Default: the build's bundle, or the sources where something is given that belongs inside it.
   */
  workflowBundle?: WorkflowBundleOption;
  identity?: string;
  /** Codecs and converters of payloads and failures; the same must be given to every client. */
  dataConverter?: DataConverter;
  /** Interceptors of workflows, activities and the activities' client. */
  interceptors?: WorkerInterceptors;
}

/** A running worker process: workflows and light activities on one queue, transfers on others. */
export interface AnaplanWorker {
  /** The task queues it polls. */
  readonly taskQueues: string[];
  readonly namespace: string;
  /** Whether new runs set our search attributes, as of now. */
  readonly searchAttributes: boolean;
  /**
   * Polls until {@link shutdown}, then hands over what it runs and closes. Rejects when a worker failed.
   * Call it once.
   */
  run(): Promise<void>;
  /** Hands over at once: running activities are cancelled as WORKER_SHUTDOWN and go on elsewhere. Idempotent. */
  shutdown(): void;
}

/** A slot holds at most a slice of a dump: that many cost less than one transfer. */
const SMALL_SLOTS = 100;

/** No grace: a transfer notes where it stands and another worker goes on within a second. */
const SHUTDOWN = { shutdownGraceTime: 0, shutdownForceTime: '10s' } as const;

/**
 * Makes a worker, connected and ready to run.
 *
 * @throws ConfigError for a wrong configuration, TemporalUnavailableError when Temporal cannot be reached
 */
export async function createWorker(config: Config, o: CreateWorkerOptions = {}): Promise<AnaplanWorker> {
  return pacedWorker(config, o, {});
}

/** {@link createWorker} at another pace. */
export async function pacedWorker(
  config: Config,
  o: CreateWorkerOptions,
  pace: WorkerPace,
): Promise<AnaplanWorker> {
  const log: Log = o.log ?? ((): void => undefined);
  let searchAttributes: SearchAttributes | undefined;
  // Before anything is connected: a wrong configuration is the first thing to say.
  const made = { ...o, searchAttributes: () => searchAttributes?.registered ?? false };
  const configured = pacedActivities(config, made, pace);
  const { activities, taskQueue, transferQueues } = configured;
  let own: Awaited<ReturnType<typeof connectWorker>> | undefined;
  const close = async (): Promise<void> => {
    await configured.close();
    await own?.connection.close();
  };
  try {
    own = o.connection === undefined ? await connectWorker(o.temporal) : undefined;
    const connection = o.connection ?? own?.connection;
    if (connection === undefined) throw new Error('unreachable: one of the two is there');
    const namespace = o.namespace ?? own?.namespace ?? 'default';
    // Before polling: one that is not known stops the workflow task of a run that sets it.
    const attributes = new SearchAttributes(connection, namespace, log);
    searchAttributes = attributes;
    await attributes.check();
    // As the SDK's own.
    const identity = o.identity ?? `${process.pid}@${hostname()}`;
    const shared: Omit<WorkerOptions, 'taskQueue'> = {
      connection,
      namespace,
      activities,
      ...SHUTDOWN,
      identity,
      ...compact({ dataConverter: o.dataConverter, interceptors: o.interceptors }),
    };
    const workflows =
      o.workflowBundle === undefined
        ? workflowSource({ ...o, plugins: connection.plugins })
        : { workflowBundle: o.workflowBundle };
    const options: WorkerOptions[] = [
      lightWorker(shared, taskQueue, config, workflows),
      ...transferQueues.map((queue) => {
        const common = { ...shared, identity: configured.identityOn(queue, identity) };
        return queue.endsWith('.small')
          ? smallWorker(common, queue)
          : transferWorker(common, queue, config.worker.transferSlots);
      }),
    ];
    const workers = await createAll(options);
    const lookAtClock = (): (() => void) => watchSkew(connection, { namespace, taskQueue, identity }, log);
    const lookAtRoots = (): (() => void) =>
      watchRoots(connection, { namespace, queues: transferQueues, identityOn: configured.identityOn }, log);
    const sweep = (): (() => void) =>
      startSweep(connection, namespace, {
        roots: config.worker.roots,
        log,
        ...compact({ timing: pace.sweep }),
      });
    return {
      taskQueues: options.map((option) => option.taskQueue),
      namespace,
      get searchAttributes() {
        return attributes.registered;
      },
      ...lifeOf(workers, {
        watch: () => watchAll(attributes.watch(pace.searchAttributesEveryMs), lookAtClock()),
        polling: () => watchAll(sweep(), lookAtRoots()),
        close,
      }),
    };
  } catch (error) {
    await close();
    if (error instanceof Error && /^Namespace \S+ (was )?not found/.test(error.message)) {
      throw new ConfigError(
        '',
        `the Temporal namespace ${o.namespace ?? own?.namespace ?? 'default'} does not exist there: set TEMPORAL_NAMESPACE (or --namespace) to one that does`,
      );
    }
    throw error;
  }
}

/** Workflows and what waits: thousands of slots, because a poll or a wait costs a timer and a few KB. */
function lightWorker(
  shared: Omit<WorkerOptions, 'taskQueue'>,
  taskQueue: string,
  config: Config,
  workflows: ReturnType<typeof workflowSource>,
): WorkerOptions {
  return {
    ...shared,
    ...workflows,
    taskQueue,
    maxConcurrentActivityTaskExecutions: config.worker.maxConcurrentWaits,
    maxConcurrentActivityTaskPolls: 10,
    maxCachedWorkflows: config.worker.maxCachedWorkflows,
  };
}

/**
 * Bytes: few slots. Each root's queue has `transferSlots` of them. A slot holds at most one
 * compressed chunk that is sent and one that is made (of at most 50 MB before compression each), or one downloaded chunk.
 */
function transferWorker(
  shared: Omit<WorkerOptions, 'taskQueue'>,
  taskQueue: string,
  slots: number,
): WorkerOptions {
  return {
    ...shared,
    taskQueue,
    maxConcurrentActivityTaskExecutions: slots,
    maxConcurrentActivityTaskPolls: Math.min(2, slots),
  };
}

/** What is short, and what a run holds a model for: it never waits for a slot that moves another run's bytes. */
function smallWorker(shared: Omit<WorkerOptions, 'taskQueue'>, taskQueue: string): WorkerOptions {
  return {
    ...shared,
    taskQueue,
    maxConcurrentActivityTaskExecutions: SMALL_SLOTS,
    maxConcurrentActivityTaskPolls: 2,
  };
}

/** Makes all Workers or none: one that is left over would hold the connection, which then cannot be closed. */
async function createAll(options: readonly WorkerOptions[]): Promise<Worker[]> {
  const created = await Promise.allSettled(options.map((option) => Worker.create(option)));
  const workers = created.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = created.find((one) => one.status === 'rejected');
  if (failed === undefined) return workers;
  await Promise.allSettled(workers.map(giveUp));
  throw failed.reason;
}

/** Ends a Worker that never ran. The SDK only shuts down running ones. */
async function giveUp(worker: Worker): Promise<void> {
  const stop = (): void => {
    if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const ended = worker.run();
  stop();
  // A plugin can let it begin later.
  const timer = setInterval(stop, 50);
  try {
    await ended;
  } finally {
    clearInterval(timer);
  }
}

/** Ends several watches as one. */
function watchAll(...ends: (() => void)[]): () => void {
  return () => {
    for (const end of ends) end();
  };
}

/** Runs several Temporal Workers as one: they start and stop together. */
function lifeOf(
  workers: Worker[],
  o: {
    /** Begins before they poll, and answers how to end it. */
    watch: () => () => void;
    /** The same, once they poll. */
    polling: () => () => void;
    close: () => Promise<void>;
  },
): Pick<AnaplanWorker, 'run' | 'shutdown'> {
  let stopping = false;
  let endOfPolling: (() => void) | undefined;
  const shutdown = (): void => {
    stopping = true;
    endOfPolling?.();
    // Only a running worker can be shut down; asked before, `run` returns at once.
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const run = async (): Promise<void> => {
    const unwatch = o.watch();
    try {
      const running = workers.map(async (worker) => {
        try {
          const ended = worker.run();
          if (stopping) shutdown();
          await ended;
        } finally {
          shutdown(); // one that fails takes the others with it: half a worker helps nobody
        }
      });
      if (!stopping) endOfPolling = o.polling();
      const failed = (await Promise.allSettled(running)).find((end) => end.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    } finally {
      unwatch();
      await o.close();
    }
  };
  return { run, shutdown };
}
