import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { getClient } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { AnaplanClient, ProxyError, RateLimiter, type Credentials } from '../anaplan';
import type { ActivityConnection } from '../activities/attempt/deps';
import { compact, nearest, tell } from '../contracts';
import { TenantBudgets } from './budget';
import type { Config, ConnectionConfig } from './config';
import { ConfigError } from './config-error';
import type { Log } from './logging';
import { readConfigBytes, resolveSecret } from './secrets';

/** Closing that takes longer is not waited for. */
const CLOSE_MS = 3_000;
/** Which tenant it is can wait for a log-in, but not for a service that hangs. */
const VALIDATE_MS = 10_000;

/** The clients of all configured connections. */
export interface Connections {
  /** @throws ApplicationFailure InvalidInput that lists the known names */
  get(name: string): ActivityConnection;
  /**
   * Closes all connections, within a few seconds. Never throws. Nobody is logged out: the tasks of runs that go on
   * elsewhere are forgotten when the last user of a model has logged out. Tokens end by themselves.
   */
  close(): Promise<void>;
}

function credentialsOf(
  connection: ConnectionConfig,
  o: { env: NodeJS.ProcessEnv; directory: string; warn: (message: string) => void },
): Credentials {
  const path = `connections.${connection.name}`;
  const { logIn } = connection;
  if (logIn.kind === 'basic') {
    const password = resolveSecret(`${path}.password`, logIn.password, o).reveal();
    return { kind: 'basic', user: logIn.user, password };
  }
  const { certificateFile, privateKeyFile, payload } = logIn;
  const certificate = readConfigBytes(`${path}.certificate`, certificateFile, {
    secret: false,
    warn: o.warn,
  });
  const privateKey = readConfigBytes(`${path}.privateKey`, privateKeyFile, { secret: true, warn: o.warn });
  const passphrase =
    logIn.passphrase === undefined
      ? {}
      : { passphrase: resolveSecret(`${path}.passphrase`, logIn.passphrase, o).reveal() };
  return {
    kind: 'certificate',
    ...{ certificate, certificateFile, privateKey, privateKeyFile, payload },
    ...passphrase,
  };
}

/** A warning each once: credentials are read again before each log-in. */
function onceEach(log: Log): (message: string) => void {
  const said = new Set<string>();
  return (message) => {
    if (said.has(message)) return;
    said.add(message);
    log('warn', message);
  };
}

/** Names the tenant where Anaplan does not say which it is: of one API, unless the configuration tells them apart. */
function tenantByUrl(connection: ConnectionConfig): string {
  return [new URL(connection.apiUrl).origin, connection.tenant ?? []].flat().join(' ');
}

/**
 * Makes one client per connection. Nothing is sent: a client logs in with its first call.
 *
 * @throws ConfigError when a secret cannot be read, or a certificate and key do not fit
 */
export function openConnections(config: Config, o: { env: NodeJS.ProcessEnv; log: Log }): Connections {
  let temporal: Client | undefined;
  const budgets = new TenantBudgets({
    temporal: () => temporal,
    taskQueue: config.worker.taskQueue,
    worker: `${process.pid}@${hostname()}:${randomUUID().slice(0, 8)}`,
    log: o.log,
  });
  const limiters = new Map<string, RateLimiter>();
  const clients = new Map<string, AnaplanClient>();
  const chunks = new Map(config.connections.map((c) => [c.name, c.parallelChunks]));
  const warn = onceEach(o.log);
  for (const connection of config.connections) {
    const limiter = new RateLimiter(connection.requestsPerMinute);
    limiters.set(connection.name, limiter);
    try {
      clients.set(
        connection.name,
        new AnaplanClient({
          apiUrl: connection.apiUrl,
          authUrl: connection.authUrl,
          name: connection.name,
          // Read again before each log-in: secrets are rotated while a worker runs.
          credentials: () => credentialsOf(connection, { env: o.env, directory: config.directory, warn }),
          limiter,
          onLog: ({ event, ...fields }) => {
            const level = event === 'rateLimited' ? 'warn' : 'debug';
            o.log(level, `Anaplan ${event}`, { connection: connection.name, ...fields });
          },
        }),
      );
    } catch (error) {
      if (error instanceof ConfigError) throw error;
      if (error instanceof ProxyError) throw new ConfigError(error.variable, `the variable ${error.reason}`);
      // A key that does not open or fit is a mistake of the configuration, told at the start.
      const reason = error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
      throw new ConfigError(`connections.${connection.name}`, reason);
    }
  }
  /** From the first activity on, the tenants' budgets are asked with the worker's own connection to Temporal. */
  const share = (): void => {
    temporal = clientOfActivity();
    if (temporal === undefined) return;
    for (const connection of config.connections) {
      const [client, limiter] = [clients.get(connection.name), limiters.get(connection.name)];
      if (client === undefined || limiter === undefined) continue;
      const tenant = async (): Promise<string> => {
        const { customerGuid } = await client.auth.validate(AbortSignal.timeout(VALIDATE_MS));
        if (customerGuid === undefined) throw new Error('the answer of /token/validate names no customer');
        return customerGuid;
      };
      const { requestsPerMinute: atMost, budgetPerMinute: perMinute } = connection;
      budgets.attach(limiter, { perMinute, atMost }, tenant, tenantByUrl(connection));
    }
  };
  return {
    get: (name) => {
      if (temporal === undefined) share();
      const client = clients.get(name);
      if (client !== undefined) return { client, ...compact({ parallelChunks: chunks.get(name) }) };
      throw unknownConnection(name, [...clients.keys()]);
    },
    close: async () => {
      await budgets.close();
      const closing = Promise.allSettled([...clients.values()].map((client) => client.close()));
      let timer: NodeJS.Timeout | undefined;
      const bound = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, CLOSE_MS);
      });
      await Promise.race([closing, bound]);
      clearTimeout(timer);
    },
  };
}

/** Undefined outside an activity, as where activities are tried without a server. */
function clientOfActivity(): Client | undefined {
  try {
    return getClient();
  } catch {
    return undefined;
  }
}

function unknownConnection(name: string, known: string[]): ApplicationFailure {
  const meant = nearest(name, known);
  const hint =
    meant !== undefined && meant !== name
      ? `did you mean "${meant}"?`
      : known.length === 0
        ? 'this worker has no connection configured'
        : `this worker knows ${known.join(', ')}`;
  const told = tell('InvalidInput', `connection: "${name}" is not configured; ${hint}.`);
  const { type, message, remedy } = told;
  return ApplicationFailure.create({ type, message, nonRetryable: true, details: [{ remedy }] });
}
