import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { compact, DEFAULT_TASK_QUEUE } from '../contracts';
import { connectionsOf, type ConnectionConfig, type LogInConfig } from './config-connections';
import { ConfigError, namingFile } from './config-error';
import { parseConfig, type ConfigFile } from './config-schema';
import { workerOf, type ConfigOverrides, type WorkerConfig } from './config-worker';
import { readConfigFile } from './secrets';

export type { ConfigOverrides, ConnectionConfig, LogInConfig, WorkerConfig };

/** The whole configuration of a process. */
export interface Config {
  /** The file that was read, if there was one. */
  file?: string;
  /** Where relative names of the file start. */
  directory: string;
  connections: ConnectionConfig[];
  worker: WorkerConfig;
}

/** Name of the configuration file in the working directory. */
export const CONFIG_FILE = 'anaplan-temporal.yaml';

/**
 * Reads the configuration: flags over environment over file.
 *
 * @param o.configPath the file; default `ANAPLAN_TEMPORAL_CONFIG`, then `anaplan-temporal.yaml` in `cwd` if it is there
 * @throws ConfigError a sentence with the field and the remedy
 */
export function loadConfig(
  o: { configPath?: string; env?: NodeJS.ProcessEnv; cwd?: string; overrides?: ConfigOverrides } = {},
): Config {
  const env = o.env ?? process.env;
  const cwd = resolve(o.cwd ?? process.cwd());
  const file = configFile(o.configPath, env, cwd);
  const directory = file === undefined ? cwd : dirname(file);
  return namingFile(file, () => {
    const given: ConfigFile = file === undefined ? {} : readYaml(file);
    return {
      ...compact({ file }),
      directory,
      connections: connectionsOf(given, env, directory, cwd),
      worker: workerOf(given, o.overrides ?? {}, env, directory, cwd),
    };
  });
}

/**
 * The task queue that flags, environment or file name: all that a command which starts runs needs. The file's
 * connections may refer to what only the worker's host has, so nothing of them is looked up.
 *
 * @throws ConfigError
 */
export function configuredTaskQueue(
  o: { configPath?: string; env?: NodeJS.ProcessEnv; cwd?: string; taskQueue?: string } = {},
): string {
  const env = o.env ?? process.env;
  const file = configFile(o.configPath, env, resolve(o.cwd ?? process.cwd()));
  const given = file === undefined ? undefined : namingFile(file, () => readYaml(file)).worker?.taskQueue;
  return o.taskQueue ?? (env.ANAPLAN_TEMPORAL_TASK_QUEUE?.trim() || undefined) ?? given ?? DEFAULT_TASK_QUEUE;
}

function configFile(given: string | undefined, env: NodeJS.ProcessEnv, cwd: string): string | undefined {
  const named = given ?? (env.ANAPLAN_TEMPORAL_CONFIG || undefined);
  if (named === undefined) {
    const usual = resolve(cwd, CONFIG_FILE);
    return existsSync(usual) ? usual : undefined;
  }
  const file = resolve(cwd, named);
  if (existsSync(file)) return file;
  const from = given === undefined ? 'ANAPLAN_TEMPORAL_CONFIG' : '--config';
  throw new ConfigError('', `the file ${file}, named by ${from}, does not exist`);
}

function readYaml(file: string): ConfigFile {
  const source = readConfigFile('', file, { secret: false });
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const error = document.errors[0];
  if (error) {
    // The parser's own message quotes the line, which may hold a secret that does not belong there.
    const { line, col } = lines.linePos(error.pos[0]);
    throw new ConfigError('', `${file} is not valid YAML at line ${line}, column ${col} (${error.code})`);
  }
  return parseConfig(document.toJS());
}
