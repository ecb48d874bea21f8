import { hostname } from 'node:os';
import type { AnaplanActivities } from '../activities';
import { allActivities } from '../activities/all';
import { compact, filesQueue, ROOT_READ, rootIdentity, smallQueue, transferQueue } from '../contracts';
import { createStorage } from '../storage';
import type { Config } from './config';
import { ConfigError, namingFile } from './config-error';
import { openConnections } from './connections';
import { canonicalBelow, canonicalRoots, markedRoots } from './roots';
import type { Log } from './logging';
import { ownFiles, warnOfRoots } from './own-files';
import type { WorkerPace } from './pace';

/** What the activities are made with, beside the configuration. */
export interface ConfiguredActivitiesOptions {
  /** Whether the namespace has our search attributes (`SEARCH_ATTRIBUTES`, Keyword). Default: it has not. */
  searchAttributes?: () => boolean;
  /** Where the references of the configuration are looked up. */
  env?: NodeJS.ProcessEnv;
  log?: Log;
}

/** Activities ready to be registered, with the queues they have to be served on. */
export interface ConfiguredActivities {
  activities: AnaplanActivities;
  /** Workflows and light activities. */
  taskQueue: string;
  /**
   * Bytes: two queues for each root, one of them (its name ends in `.small`) for what must not wait behind bytes, and one
   * for bytes of no root. Serve all of them.
   */
  transferQueues: string[];
  /**
   * The identity for a worker of one of these queues: on those of a root it says which file system this process has there,
   * by which others know that it is not theirs.
   *
   * @param identity what it begins with; default: process and host, as the SDK has it
   */
  identityOn(taskQueue: string, identity?: string): string;
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
  return pacedActivities(config, o, {});
}

/** {@link configuredActivities} at another pace. */
export function pacedActivities(
  config: Config,
  o: ConfiguredActivitiesOptions,
  pace: WorkerPace,
): ConfiguredActivities {
  return namingFile(config.file, () => activitiesOf(config, o, pace));
}

function activitiesOf(
  config: Config,
  o: ConfiguredActivitiesOptions,
  { timing, chunkBytes }: WorkerPace,
): ConfiguredActivities {
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
  const markers = markedRoots(roots, log);
  const { taskQueue } = config.worker;
  const tags = new Map(
    roots.flatMap(({ name, access }) => {
      const tag = access === 'read' ? ROOT_READ : markers.get(name);
      const bytes = filesQueue(taskQueue, name);
      return [bytes, smallQueue(bytes)].map((queue) => [queue, tag] as const);
    }),
  );
  const activities = allActivities({
    connection: (name) => connections.get(name),
    storage: createStorage({
      roots,
      cwd: config.directory,
      markers,
      own: ownFiles(config, env, roots),
      ...compact({ fileMode: config.worker.fileMode }),
    }),
    taskQueue,
    host: hostname(),
    since: performance.now(),
    dumps: canonicalBelow(config.worker.roots, roots, config.worker.dumps),
    searchAttributes: o.searchAttributes ?? ((): boolean => false),
    log,
    ...compact({ timing, chunkBytes }),
  });
  return {
    activities,
    taskQueue,
    transferQueues: [...tags.keys(), transferQueue(taskQueue)],
    identityOn: (queue, identity = `${process.pid}@${hostname()}`) =>
      tags.has(queue) ? rootIdentity(identity, tags.get(queue)) : identity,
    close: () => connections.close(),
  };
}
