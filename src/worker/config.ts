import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { regionUrls } from '../anaplan/regions';
import { compact, DEFAULT_TASK_QUEUE } from '../contracts';
import { DEFAULT_ROOT, nameRoots, rootNameFault, type StorageRoot } from '../storage';
import { ConfigError, namingFile } from './config-error';
import { parseConfig, type ConfigFile, type ConnectionFile } from './config-schema';
import { envReference, readConfigFile, withoutLineEnd, type SecretRef } from './secrets';

/** How a connection logs in. Secrets are references; they are read when the worker starts. */
export type LogInConfig =
  | { kind: 'basic'; user: string; password: SecretRef }
  | {
      kind: 'certificate';
      certificateFile: string;
      privateKeyFile: string;
      passphrase?: SecretRef;
      payload: 'v1' | 'v2';
    };

/** One tenant and user, by the name that inputs give as `connection`. */
export interface ConnectionConfig {
  name: string;
  apiUrl: string;
  authUrl: string;
  /** Connections of one tenant share one budget of requests; default: all of one API URL are one tenant. */
  tenant?: string;
  logIn: LogInConfig;
  /** Requests in any 60 s that this worker may send to the tenant. */
  requestsPerMinute: number;
}

/** What one worker process is allowed to hold. */
export interface WorkerConfig {
  taskQueue: string;
  /** Absolute, each with its name. Paths of inputs that name no root are below the one called `default`. */
  roots: StorageRoot[];
  /** Absolute, below a root. */
  dumps: string;
  /** Mode of new targets, default 0640; dumps always get 0600. */
  fileMode?: number;
  /** Transfers at a time on each transfer queue. Times a few MB, this bounds the memory that transfers take. */
  transferSlots: number;
  /** Light activities at a time: polls and waits. */
  maxConcurrentWaits: number;
  /** Workflow runs kept in memory; others are replayed when they go on. */
  maxCachedWorkflows: number;
}

/** The whole configuration of a process. */
export interface Config {
  /** The file that was read, if there was one. */
  file?: string;
  /** Where relative names of the file start. */
  directory: string;
  connections: ConnectionConfig[];
  worker: WorkerConfig;
}

/** What command line flags say; they win over the environment and the file. */
export interface ConfigOverrides {
  taskQueue?: string;
  /** Directories, with or without a name in front: `payroll=/data/payroll`. */
  roots?: string[];
  dumps?: string;
  transferSlots?: number;
}

/** Name of the configuration file in the working directory. */
export const CONFIG_FILE = 'anaplan-temporal.yaml';

/** Anaplan allows 600 a minute and tenant; a tenth is left to people and other tools (anaplan-api: "API rate limitation"). */
const DEFAULT_REQUESTS_PER_MINUTE = 540;

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

/** A value that may be a whole reference `${NAME}`, for what is no secret. */
function plain(path: string, value: string, env: NodeJS.ProcessEnv): string {
  const name = envReference(value);
  if (name === undefined) return value;
  const found = withoutLineEnd(env[name] ?? '');
  if (found === '') {
    throw new ConfigError(path, `the environment variable ${name} is not set: set it where the worker runs`);
  }
  return found;
}

/** The connection `default` as the environment alone gives it; files are named from the working directory. */
function environmentConnection(env: NodeJS.ProcessEnv, cwd: string): ConnectionFile {
  const out: ConnectionFile = {};
  const at = (name: string): string | undefined => env[name] || undefined;
  if (at('ANAPLAN_REGION') !== undefined) out.region = '${ANAPLAN_REGION}';
  if (at('ANAPLAN_API_URL') !== undefined) out.apiUrl = '${ANAPLAN_API_URL}';
  if (at('ANAPLAN_AUTH_URL') !== undefined) out.authUrl = '${ANAPLAN_AUTH_URL}';
  if (at('ANAPLAN_USER') !== undefined) out.user = '${ANAPLAN_USER}';
  if (at('ANAPLAN_PASSWORD') !== undefined) out.password = { env: 'ANAPLAN_PASSWORD' };
  const certificate = at('ANAPLAN_CERTIFICATE_FILE');
  if (certificate !== undefined) out.certificate = { file: resolve(cwd, certificate) };
  const key = at('ANAPLAN_PRIVATE_KEY_FILE');
  if (key !== undefined) out.privateKey = { file: resolve(cwd, key) };
  if (at('ANAPLAN_PRIVATE_KEY_PASSPHRASE') !== undefined) {
    out.passphrase = { env: 'ANAPLAN_PRIVATE_KEY_PASSPHRASE' };
  }
  return out;
}

/** The environment's fields over the file's. A log-in or a host of one kind replaces that of the other kind whole. */
function overlay(fromFile: ConnectionFile | undefined, fromEnv: ConnectionFile): ConnectionFile {
  const base = { ...fromFile };
  if (fromEnv.password !== undefined && fromEnv.certificate === undefined) {
    delete base.certificate;
    delete base.privateKey;
    delete base.passphrase;
  }
  if (fromEnv.certificate !== undefined) delete base.password;
  // A URL in the environment is the more exact word on the host, whatever region the file names.
  if (fromEnv.apiUrl !== undefined || fromEnv.authUrl !== undefined) delete base.region;
  if (fromEnv.region !== undefined && fromEnv.apiUrl === undefined && fromEnv.authUrl === undefined) {
    delete base.apiUrl;
    delete base.authUrl;
  }
  return { ...base, ...fromEnv };
}

function connectionsOf(
  given: ConfigFile,
  env: NodeJS.ProcessEnv,
  directory: string,
  cwd: string,
): ConnectionConfig[] {
  const all: Record<string, ConnectionFile> = { ...given.connections };
  const fromEnv = environmentConnection(env, cwd);
  // ANAPLAN_PASSWORD alone may well belong to a connection of the file that refers to it.
  if (all.default !== undefined || fromEnv.user !== undefined || fromEnv.certificate !== undefined) {
    all.default = overlay(all.default, fromEnv);
  }
  return Object.entries(all).map(([name, c]) => resolveConnection(name, c, env, directory));
}

function resolveConnection(
  name: string,
  c: ConnectionFile,
  env: NodeJS.ProcessEnv,
  directory: string,
): ConnectionConfig {
  const path = `connections.${name}`;
  const requests = (c.requestsPerMinute ?? DEFAULT_REQUESTS_PER_MINUTE) * (c.share ?? 1);
  return {
    name,
    ...hosts(path, c, env),
    ...compact({ tenant: c.tenant }),
    logIn: logIn(path, c, env, directory),
    requestsPerMinute: Math.max(2, Math.floor(requests)),
  };
}

function hosts(
  path: string,
  c: ConnectionFile,
  env: NodeJS.ProcessEnv,
): Pick<ConnectionConfig, 'apiUrl' | 'authUrl'> {
  if (c.apiUrl !== undefined || c.authUrl !== undefined) {
    if (c.apiUrl === undefined || c.authUrl === undefined) {
      const missing = c.apiUrl === undefined ? 'apiUrl (ANAPLAN_API_URL)' : 'authUrl (ANAPLAN_AUTH_URL)';
      throw new ConfigError(path, `${missing} is missing: give both URLs, or a region instead`);
    }
    const both = {
      apiUrl: plain(`${path}.apiUrl`, c.apiUrl, env),
      authUrl: plain(`${path}.authUrl`, c.authUrl, env),
    };
    for (const [key, value] of Object.entries(both)) {
      if (!/^https?:\/\/[^/]/.test(value) || !URL.canParse(value)) {
        throw new ConfigError(`${path}.${key}`, 'must be a URL such as https://api.anaplan.com');
      }
    }
    return both;
  }
  try {
    const { apiUrl, authUrl } = regionUrls(
      c.region === undefined ? undefined : plain(`${path}.region`, c.region, env),
    );
    return { apiUrl, authUrl };
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${path}.region`, (error as Error).message.replace(/\.$/, ''));
  }
}

function logIn(path: string, c: ConnectionFile, env: NodeJS.ProcessEnv, directory: string): LogInConfig {
  if (c.certificate !== undefined && c.password !== undefined) {
    throw new ConfigError(path, 'both a password and a certificate are given: keep one of them');
  }
  if (c.certificate !== undefined || c.privateKey !== undefined) {
    if (c.certificate === undefined || c.privateKey === undefined) {
      const missing =
        c.certificate === undefined
          ? 'certificate (ANAPLAN_CERTIFICATE_FILE)'
          : 'privateKey (ANAPLAN_PRIVATE_KEY_FILE)';
      throw new ConfigError(path, `${missing} is missing: a certificate log-in needs both files`);
    }
    return {
      kind: 'certificate',
      certificateFile: resolve(directory, c.certificate.file),
      privateKeyFile: resolve(directory, c.privateKey.file),
      ...compact({ passphrase: c.passphrase }),
      payload: c.certificatePayload ?? 'v2',
    };
  }
  if (c.user === undefined) {
    throw new ConfigError(path, 'user (ANAPLAN_USER) is missing: give a user and password, or a certificate');
  }
  if (c.password === undefined) {
    throw new ConfigError(
      path,
      'password (ANAPLAN_PASSWORD) is missing: give it as ${NAME} or {file: PATH}, or use a certificate',
    );
  }
  return { kind: 'basic', user: plain(`${path}.user`, c.user, env), password: c.password };
}

/** gzip and digests run on all cores; more transfers than these only take memory. */
function defaultTransferSlots(): number {
  return Math.min(16, Math.max(2, availableParallelism()));
}

function workerOf(
  given: ConfigFile,
  flags: ConfigOverrides,
  env: NodeJS.ProcessEnv,
  directory: string,
  cwd: string,
): WorkerConfig {
  const w = given.worker ?? {};
  const roots = rootsOf(w.roots, flags.roots, directory, cwd);
  // A root that is only read holds no dumps.
  const writable = roots.filter((root) => root.access !== 'read');
  const base = writable.find((root) => root.name === DEFAULT_ROOT) ?? writable[0] ?? roots[0];
  const dumps =
    flags.dumps === undefined
      ? below(base?.path ?? cwd, roots, w.dumps ?? 'dumps')
      : below(cwd, roots, flags.dumps);
  if (!roots.some((root) => isBelow(root.path, dumps))) {
    throw new ConfigError(
      'worker.dumps',
      `${dumps} is below none of the roots: choose a directory in one of them`,
    );
  }
  const way = relative(rootOf(roots, dumps)?.path ?? cwd, dumps);
  if (/(^|[/\\])(\.|node_modules($|[/\\]))/.test(way)) {
    throw new ConfigError('worker.dumps', `${dumps} is hidden: choose a directory that runs may write to`);
  }
  if ((flags.dumps ?? w.dumps) !== undefined && rootOf(roots, dumps)?.access === 'read') {
    throw new ConfigError(
      'worker.dumps',
      `${dumps} is below a root that is only read (access: read): choose a directory in another one`,
    );
  }
  return {
    taskQueue:
      flags.taskQueue ??
      (env.ANAPLAN_TEMPORAL_TASK_QUEUE?.trim() || undefined) ??
      w.taskQueue ??
      DEFAULT_TASK_QUEUE,
    roots,
    dumps,
    ...compact({ fileMode: w.fileMode }),
    transferSlots: flags.transferSlots ?? w.transferSlots ?? defaultTransferSlots(),
    maxConcurrentWaits: w.maxConcurrentWaits ?? 2_000,
    maxCachedWorkflows: w.maxCachedWorkflows ?? 200,
  };
}

type Named = StorageRoot & { name: string };

/** The roots of flags or of the file, all of them with names. */
function rootsOf(
  given: NonNullable<ConfigFile['worker']>['roots'],
  flags: readonly string[] | undefined,
  directory: string,
  cwd: string,
): Named[] {
  if (flags !== undefined) {
    const named = nameRoots(flags.map((text) => rootOfFlag(text, cwd)));
    const twice = named.find(({ name }, i) => named.findIndex((root) => root.name === name) < i)?.name;
    if (twice === undefined) return named;
    throw new ConfigError('--root', `two directories are named "${twice}": give each a name of its own`);
  }
  if (given === undefined) return [{ name: DEFAULT_ROOT, path: cwd }];
  const at = <T extends { path: string }>(root: T): T => ({ ...root, path: resolve(directory, root.path) });
  if (Array.isArray(given)) return nameRoots(given.map(at));
  return Object.entries(given).map(([name, root]) => ({ name, ...at(root) }));
}

/** `DIR` or `NAME=DIR`; a directory that is there keeps its `=`. */
function rootOfFlag(text: string, cwd: string): StorageRoot {
  const [, name, path] = /^([^=/\\]+)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || path === undefined || existsSync(resolve(cwd, text))) {
    return { path: resolve(cwd, text) };
  }
  const fault = rootNameFault(name);
  if (fault !== undefined) throw new ConfigError('--root', `the name "${name}" ${fault}`);
  return { name, path: resolve(cwd, path) };
}

/** A path of the configuration, which may name a root. */
function below(start: string, roots: readonly Named[], path: string): string {
  const [, name, rest] = /^([^:/\\]+):(.*)$/s.exec(path) ?? [];
  const root = roots.find((one) => one.name === name);
  return root === undefined ? resolve(start, path) : resolve(root.path, rest ?? '');
}

/** Of roots within each other the innermost counts. */
function rootOf(roots: readonly StorageRoot[], path: string): StorageRoot | undefined {
  const holding = roots.filter((root) => isBelow(root.path, path));
  return holding.sort((a, b) => b.path.length - a.path.length)[0];
}

function isBelow(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === '' || (!way.startsWith('..') && !isAbsolute(way));
}
