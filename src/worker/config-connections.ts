/** The connections of a configuration: the environment over the file. */
import { resolve } from 'node:path';
import { regionUrls } from '../anaplan/regions';
import { compact } from '../contracts';
import { ConfigError } from './config-error';
import type { ConfigFile, ConnectionFile } from './config-schema';
import { envReference, withoutLineEnd, type SecretRef } from './secrets';

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
  /** Requests in any 60 s that all workers together may send to it. */
  budgetPerMinute: number;
  /** Chunks of an upload that are sent at a time, where a run does not say. */
  parallelChunks?: number;
}

/** Anaplan allows 600 a minute and tenant (anaplan-api: "API rate limitation"); a tenth is left to people and other tools. */
const REQUESTS_PER_MINUTE = 600;
const LEFT_TO_OTHERS = 0.1;

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

/** All connections, with what the environment says of the one called `default`. @throws ConfigError */
export function connectionsOf(
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
  const { requestsPerMinute = REQUESTS_PER_MINUTE, leaveToOthers = LEFT_TO_OTHERS } = given.budget ?? {};
  const budget = requestsPerMinute * (1 - leaveToOthers);
  return Object.entries(all).map(([name, c]) => resolveConnection(name, c, { env, directory, budget }));
}

function resolveConnection(
  name: string,
  c: ConnectionFile,
  { env, directory, budget }: { env: NodeJS.ProcessEnv; directory: string; budget: number },
): ConnectionConfig {
  const path = `connections.${name}`;
  return {
    name,
    ...hosts(path, c, env),
    ...compact({ tenant: c.tenant, parallelChunks: c.parallelChunks }),
    logIn: logIn(path, c, env, directory),
    requestsPerMinute: wholeRate((c.requestsPerMinute ?? budget) * (c.share ?? 1)),
    budgetPerMinute: wholeRate(c.requestsPerMinute ?? budget),
  };
}

/** Products of decimals come out a trifle below the whole number that is meant. */
function wholeRate(requests: number): number {
  return Math.max(2, Math.floor(requests + 1e-6));
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
