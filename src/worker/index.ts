/** From a configuration to a running worker. */
export { configuredTaskQueue, loadConfig, CONFIG_FILE } from './config';
export type { Config, ConfigOverrides, ConnectionConfig, LogInConfig, WorkerConfig } from './config';
export { ConfigError } from './config-error';
export { configuredActivities } from './activities';
export type { ConfiguredActivities, ConfiguredActivitiesOptions } from './activities';
export { createWorker } from './worker';
export type { AnaplanWorker, CreateWorkerOptions } from './worker';
export { runWorker } from './run';
export type { RunWorkerOptions } from './run';
export { connectWorker, TemporalUnavailableError, type TemporalFlags } from './temporal';
export { installRuntime, logOf, WorkerLogger, type Log, type LogFormat } from './logging';
export { Secret, type SecretRef } from './secrets';
