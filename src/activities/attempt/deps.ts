import type { AnaplanClient } from '../../anaplan';
import type { Storage } from '../../storage';

/** One configured connection: a tenant, a user and the client that logs in as it. */
export interface ActivityConnection {
  client: AnaplanClient;
  /** Chunks of an upload that are sent at a time, where its input does not say. Default 1. */
  parallelChunks?: number;
}

/** The pace of waits. Only tests and benchmarks change it; the defaults are Anaplan's recommendations. */
export interface Timing {
  /** anaplan-api: "Monitor the import tasks": no more than once every 5 seconds. */
  pollIntervalMs: number;
  /** First poll after a start. */
  firstPollMs: number;
  /** How long, and how often, the task list is read when the answer to a start was lost. */
  reconcileMs: number;
  reconcileEveryMs: number;
  /** A lost start older than this is not repeated. */
  reconcileLimitMs: number;
  /** How long a task that was seen before may be unknown before it counts as lost. */
  taskLostMs: number;
  /** Multiplies the delays of the retry table. */
  retryScale: number;
  /** How often a waiting read request is touched, so that it does not expire. */
  readTouchMs: number;
  /** How long names and definitions are good that Anaplan told; 0: they are read each time. */
  rememberMs: number;
  /** How long only workers with another file system may have served a root before a run gives up. Default 2 min. */
  foreignRootMs?: number;
  /** How long what reads pages waits for the next one itself. Default 30 s. */
  pagesSoonMs?: number;
}

/** The pace in production. */
export const DEFAULT_TIMING: Timing = {
  pollIntervalMs: 5_000,
  firstPollMs: 1_000,
  reconcileMs: 60_000,
  reconcileEveryMs: 6_000,
  reconcileLimitMs: 5 * 60_000,
  taskLostMs: 120_000,
  retryScale: 1,
  readTouchMs: 20 * 60_000,
  rememberMs: 5 * 60_000,
};

/** What tests and benchmarks change. No option of users: what takes it is exported by no entry point of the package. */
export interface Pace {
  timing?: Partial<Timing>;
  /** Bytes of a chunk; production derives them from the size. */
  chunkBytes?: number;
}

/** What the activities need from the worker that runs them. */
export interface WorkerDeps {
  /** The connection of that name, or an error that lists the known ones. */
  connection(name: string): ActivityConnection;
  storage: Storage;
  /** Task queue of the workflows; transfers are on the queues derived from it. */
  taskQueue: string;
  /** Name of this host, for results: a `file://` URI means nothing without it. */
  host: string;
  /** When this worker began, by `performance.now()`. */
  since: number;
  /** Where dumps go when the input does not say: a directory below a root. */
  dumps: string;
  /** Whether our search attributes are registered in the namespace. */
  searchAttributes(): boolean;
  log?: (
    level: 'debug' | 'info' | 'warn' | 'error',
    message: string,
    fields?: Record<string, unknown>,
  ) => void;
}

/** What the activities are made with. */
export interface ActivityDeps extends WorkerDeps, Pace {}
