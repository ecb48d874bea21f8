import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { Connection } from '@temporalio/client';

import { getTemporalBinary, type TemporalBinaryOptions } from './temporal-binary';

export {
  defaultCacheDir,
  findTemporalBinary,
  getTemporalBinary,
  type TemporalBinary,
} from './temporal-binary';

/** What {@link getTemporalServer} needs to know. */
export interface TemporalServerOptions extends TemporalBinaryOptions {
  /** Whether to start the web UI. */
  ui: boolean;
  /** Names of Keyword search attributes to register. */
  searchAttributes: readonly string[];
  /** Keeps the server's data there between starts; in memory without it. */
  dbFile?: string;
  /** Free ports by default. */
  port?: number;
  uiPort?: number;
  /** How long the server may take until it answers; 60 s by default. */
  startTimeoutMs?: number;
}

/** A Temporal server that answers. */
export interface TemporalServer {
  /** `host:port` */
  address: string;
  namespace: string;
  /** Base of links into the Temporal UI; undefined where there is none or where it is not known. */
  uiUrl?: string;
  /** Where the server comes from, for people. */
  how: string;
  /** Ends a server that was started here, and nothing otherwise. Idempotent. */
  stop(): Promise<void>;
}

const NAMESPACE = 'default';

/**
 * A Temporal server for demo and tests: the one that `TEMPORAL_ADDRESS` names, else a dev server of our own, listening
 * on 127.0.0.1 only, whose binary is found or installed as {@link getTemporalBinary} says.
 *
 * The server is not left behind: a small shell between the two processes ends it as soon as our process is gone, even
 * by SIGKILL. It runs in a process group of its own, so that Ctrl-C on the terminal reaches us first, who then `stop` it.
 * @throws Error with the ways that were tried, or with the last of what a server that did not start said
 */
export async function getTemporalServer(o: TemporalServerOptions): Promise<TemporalServer> {
  const env = o.env ?? process.env;
  const address = env['TEMPORAL_ADDRESS'];
  if (address !== undefined && address !== '') return existing(address, env);
  const binary = await getTemporalBinary(o);
  // Otherwise whatever listens there would answer for our server.
  for (const port of [o.port, o.ui ? o.uiPort : undefined]) {
    if (port !== undefined) await freePort(port);
  }
  for (let attempt = 1; ; attempt++) {
    const port = o.port ?? (await freePort());
    const uiPort = o.uiPort ?? (await freePort());
    const child = start(binary.path, argumentsOf(o, port, uiPort), env);
    try {
      await answers(child, `127.0.0.1:${port}`, o);
    } catch (error) {
      await child.stop();
      // Somebody else may have taken a port between our look and the server's start.
      const taken =
        String(error).includes('address already in use') || String(error).includes("can't set frontend port");
      if (taken && o.port === undefined && o.uiPort === undefined && attempt < 3) continue;
      throw error;
    }
    return {
      address: `127.0.0.1:${port}`,
      namespace: NAMESPACE,
      ...(o.ui ? { uiUrl: `http://127.0.0.1:${uiPort}` } : {}),
      how: binary.how,
      stop: child.stop,
    };
  }
}

/** A server that runs already. Its UI is where `TEMPORAL_UI_URL` says, or where the dev server puts it. */
function existing(address: string, env: NodeJS.ProcessEnv): TemporalServer {
  const told = env['TEMPORAL_UI_URL'];
  const isDevServer = /^(localhost|127\.0\.0\.1|\[::1\]):7233$/.test(address);
  const uiUrl =
    told !== undefined && told !== ''
      ? told.replace(/\/+$/, '')
      : isDevServer
        ? 'http://localhost:8233'
        : undefined;
  const namespace = env['TEMPORAL_NAMESPACE'];
  return {
    address,
    namespace: namespace !== undefined && namespace !== '' ? namespace : NAMESPACE,
    ...(uiUrl === undefined ? {} : { uiUrl }),
    how: `TEMPORAL_ADDRESS (${address})${uiUrl === undefined ? '; set TEMPORAL_UI_URL for links into its UI' : ''}`,
    stop: async () => undefined,
  };
}

function argumentsOf(o: TemporalServerOptions, port: number, uiPort: number): string[] {
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--namespace', NAMESPACE],
    ...(o.ui ? ['--ui-port', String(uiPort)] : ['--headless']),
    ...(o.dbFile === undefined ? [] : ['--db-filename', o.dbFile]),
    ...o.searchAttributes.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    ...['--log-level', 'error'],
  ];
}

interface Child {
  process: ChildProcess;
  /** The last lines it wrote. */
  said(): string;
  stop(): Promise<void>;
}

/**
 * The end of standard input is the sign that our process is gone (or wants the end): the kernel closes the pipe however
 * a process dies.
 */
const KEEPER = `
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
( while read -r _ <&3; do :; done; kill "$server" ) >/dev/null 2>&1 &
keeper=$!
wait "$server"; code=$?
kill "$keeper" 2>/dev/null
exit "$code"`;

function start(binary: string, args: string[], env: NodeJS.ProcessEnv): Child {
  const windows = process.platform === 'win32';
  const [command, all] = windows ? [binary, args] : ['/bin/sh', ['-c', KEEPER, 'sh', binary, ...args]];
  const child = spawn(command, all, { env, stdio: ['pipe', 'pipe', 'pipe'], detached: !windows });
  let said = '';
  const listen = (data: unknown): void => {
    said = (said + String(data)).slice(-4000);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  child.stdin.on('error', () => undefined);
  child.on('error', (error) => listen(error.message));
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    if (windows) child.kill();
    else child.stdin.end();
    const patience = setTimeout(() => killGroup(child), 5_000);
    await ended;
    clearTimeout(patience);
  };
  return { process: child, said: () => said.trim(), stop: () => (stopping ??= stop()) };
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}

/** Waits until the server knows its namespace and the search attributes, which it registers after it starts to listen. */
async function answers(child: Child, address: string, o: TemporalServerOptions): Promise<void> {
  const deadline = Date.now() + (o.startTimeoutMs ?? 60_000);
  for (;;) {
    const { exitCode, signalCode, pid } = child.process;
    if (exitCode !== null || signalCode !== null || pid === undefined) {
      throw new Error(`The Temporal server did not start: ${child.said() || `exit code ${exitCode}`}`);
    }
    if (await isReady(address, o.searchAttributes)) return;
    if (Date.now() > deadline) {
      throw new Error(
        `The Temporal server does not answer at ${address}. It said: ${child.said() || 'nothing'}`,
      );
    }
    await delay(50);
  }
}

async function isReady(address: string, searchAttributes: readonly string[]): Promise<boolean> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address, connectTimeout: 2_000 });
    await connection.workflowService.describeNamespace({ namespace: NAMESPACE });
    const { customAttributes } = await connection.operatorService.listSearchAttributes({
      namespace: NAMESPACE,
    });
    return searchAttributes.every((name) => customAttributes?.[name] !== undefined);
  } catch {
    return false;
  } finally {
    await connection?.close();
  }
}

/** A port that nobody listens on: the given one, or any. @throws Error when the given one is in use */
async function freePort(port = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) =>
      reject(
        new Error(`The Temporal server cannot listen on port ${port}: ${error.message}`, { cause: error }),
      ),
    );
    probe.listen(port, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new Error('The system gave no free port.'));
      });
    });
  });
}
