import { hostname } from 'node:os';
import { createActivities, type AnaplanActivities, type Timing } from '../activities';
import { compact, hostQueue, smallQueue, transferQueue } from '../contracts';
import { createStorage } from '../storage';
import type { Config } from './config';
import { ConfigError, namingFile } from './config-error';
import { openConnections } from './connections';
import { canonicalBelow, canonicalRoots, hostName } from './host';
import type { Log } from './logging';
import { ownFiles, warnOfRoots } from './own-files';

/** What the activities are made with, beside the configuration. */
export interface ConfiguredActivitiesOptions {
  /** Whether the namespace has our search attributes (`SEARCH_ATTRIBUTES`, Keyword). Default: it has not. */
  searchAttributes?: () => boolean;
  /** Where the references of the configuration are looked up. */
  env?: NodeJS.ProcessEnv;
  log?: Log;
  /** For tests and benchmarks. */
  timing?: Partial<Timing>;
  chunkBytes?: number;
}

/** Activities ready to be registered, with the queues they have to be served on. */
export interface ConfiguredActivities {
  activities: AnaplanActivities;
  /** Workflows and light activities. */
  taskQueue: string;
  /**
   * Byte transfers and, in queues of their own, what must not wait behind them (their names end in `.small`): common
   * ones, and this host's where its files are not shared. Serve all of them.
   */
  transferQueues: string[];
  /** The host's own queue, where there is one. */
  hostQueue?: string;
  /** Logs out of Anaplan; call it when the workers have stopped. Never throws. */
  close(): Promise<void>;
}

/**
 * The activities of a configuration, for a worker of your own: register `activities` on `taskQueue` beside your own ones
 * and on each of `transferQueues`, and add `export * from 'anaplan-temporal/workflows'` to your workflows.
 *
 * @throws ConfigError for a wrong configuration
 */
export function configuredActivities(
  config: Config,
  o: ConfiguredActivitiesOptions = {},
): ConfiguredActivities {
  return namingFile(config.file, () => activitiesOf(config, o));
}

function activitiesOf(config: Config, o: ConfiguredActivitiesOptions): ConfiguredActivities {
  const log: Log = o.log ?? ((): void => undefined);
  if (config.connections.length === 0) {
    throw new ConfigError(
      'connections',
      'none is configured: set ANAPLAN_USER and ANAPLAN_PASSWORD, or write anaplan-temporal.yaml',
    );
  }
  const env = o.env ?? process.env;
  const roots = canonicalRoots(config.worker.roots);
  warnOfRoots(config, env, roots, log);
  const connections = openConnections(config, { env, log });
  const { taskQueue } = config.worker;
  const host = hostName(roots);
  const own = host === undefined ? undefined : hostQueue(taskQueue, host);
  const queues = [transferQueue(taskQueue), ...(own === undefined ? [] : [own])];
  const activities = createActivities({
    connection: (name) => connections.get(name),
    storage: createStorage({
      roots,
      cwd: roots[0]?.path ?? process.cwd(),
      own: ownFiles(config, env, roots),
      ...compact({ fileMode: config.worker.fileMode }),
    }),
    taskQueue,
    host: hostname(),
    ...compact({ hostQueue: own }),
    dumps: canonicalBelow(config.worker.roots, roots, config.worker.dumps),
    searchAttributes: o.searchAttributes ?? ((): boolean => false),
    log,
    ...compact({ timing: o.timing, chunkBytes: o.chunkBytes }),
  });
  return {
    activities,
    taskQueue,
    transferQueues: queues.flatMap((queue) => [queue, smallQueue(queue)]),
    ...compact({ hostQueue: own }),
    close: () => connections.close(),
  };
}
