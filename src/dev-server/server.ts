import { spawn, type ChildProcess } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { Connection } from '@temporalio/client';

import { getTemporalBinary, type TemporalBinaryOptions } from './binary';

export { defaultCacheDir, findTemporalBinary, getTemporalBinary } from './binary';

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
  /** Whether the server tells its metrics, see {@link TemporalServer.metricsUrl}. */
  metrics?: boolean;
  /** How long the server may take until it answers; 120 s by default. */
  startTimeoutMs?: number;
}

/** A Temporal server that answers. */
export interface TemporalServer {
  /** `host:port` */
  address: string;
  namespace: string;
  /** Base of links into the Temporal UI; undefined where there is none or where it is not known. */
  uiUrl?: string;
  /** What the server counts, as Prometheus reads it; only of a server that was started here with `metrics`. */
  metricsUrl?: string;
  /** Where the server comes from, for people. */
  how: string;
  /** Ends a server that was started here, and nothing otherwise. Idempotent. */
  stop(): Promise<void>;
}

const NAMESPACE = 'default';

/** How often a server that ends before it answers is started. */
const STARTS = 5;

/** Within this time a server whose port is taken ends, also on a busy machine. */
const OTHER_SERVER_MS = 15_000;

/**
 * A Temporal server for demo and tests: the one that `TEMPORAL_ADDRESS` names, else a dev server of our own, listening
 * on 127.0.0.1 only, whose binary is found or installed as {@link getTemporalBinary} says.
 *
 * The server is not left behind: a small shell between the two processes ends it as soon as our process is gone, even
 * by SIGKILL. It runs in a process group of its own, so that Ctrl-C on the terminal reaches us first, who then `stop` it.
 *
 * A server that ends before it answers is started again, whatever it said: somebody else may have taken one of its
 * ports between our look and its start, among them those that it chooses itself, and it says so in many ways, as a panic
 * among others. Ports that the caller gave are not moved.
 * @throws Error with the ways that were tried, or with what a server that did not start said
 */
export async function getTemporalServer(o: TemporalServerOptions): Promise<TemporalServer> {
  const env = o.env ?? process.env;
  const address = env['TEMPORAL_ADDRESS'];
  if (address !== undefined && address !== '') return existing(address, env);
  const binary = await getTemporalBinary(o);
  for (let attempt = 1; ; attempt++) {
    // A given port is looked at first: otherwise whatever listens there would answer for our server.
    const port = await freePort(o.port);
    const uiPort = o.ui ? await freePort(o.uiPort) : undefined;
    const metricsPort = o.metrics ? await freePort() : undefined;
    const child = start(binary.path, argumentsOf(o, { port, uiPort, metricsPort }), env);
    try {
      await answers(child, port, o);
    } catch (error) {
      await child.stop();
      if (!(error instanceof EndedEarly)) throw error;
      if (attempt >= STARTS) {
        throw new Error(`The Temporal server did not start, ${STARTS} times in a row: ${error.message}`, {
          cause: error,
        });
      }
      o.log?.('The Temporal server ended before it answered: starting it again ...');
      await delay(100 * 2 ** attempt);
      continue;
    }
    return {
      address: `127.0.0.1:${port}`,
      namespace: NAMESPACE,
      ...(uiPort === undefined ? {} : { uiUrl: `http://127.0.0.1:${uiPort}` }),
      ...(metricsPort === undefined ? {} : { metricsUrl: `http://127.0.0.1:${metricsPort}/metrics` }),
      how: binary.how,
      stop: child.stop,
    };
  }
}

/** The server's process ended; the message is what it said. */
class EndedEarly extends Error {}

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

interface Ports {
  port: number;
  uiPort: number | undefined;
  metricsPort: number | undefined;
}

function argumentsOf(o: TemporalServerOptions, { port, uiPort, metricsPort }: Ports): string[] {
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--namespace', NAMESPACE],
    ...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort)]),
    ...(metricsPort === undefined ? [] : ['--metrics-port', String(metricsPort)]),
    ...(o.dbFile === undefined ? [] : ['--db-filename', o.dbFile]),
    ...o.searchAttributes.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    ...['--log-level', 'error'],
  ];
}

interface Child {
  process: ChildProcess;
  /** What it wrote: all of it, or the beginning and the end. */
  said(): string;
  /** Resolves once the process is gone and all that it wrote was read. */
  ended: Promise<void>;
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
  const said = new Said();
  const listen = (data: unknown): void => said.add(String(data));
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
  return { process: child, said: () => said.text(), ended, stop: () => (stopping ??= stop()) };
}

/** Keeps the beginning and the end of a text of any length: a panic names its cause first, and most of it is stacks. */
class Said {
  private static readonly FIRST = 2_000;
  private static readonly LAST = 4_000;
  private first = '';
  private last = '';
  private left = 0;

  add(text: string): void {
    const room = Said.FIRST - this.first.length;
    this.first += text.slice(0, room);
    const rest = this.last + text.slice(room);
    this.last = rest.slice(-Said.LAST);
    this.left += rest.length - this.last.length;
  }

  text(): string {
    const gap = this.left === 0 ? '' : `\n... (${this.left} characters left out) ...\n`;
    return (this.first + gap + this.last).trim();
  }
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}

/**
 * Waits until the server knows its namespace and the search attributes, which it registers after it starts to listen.
 * What answers at the port is believed to be ours once our server named the port as its own, or has lived beside it for
 * so long that it would have ended if the port were taken.
 */
async function answers(child: Child, port: number, o: TemporalServerOptions): Promise<void> {
  const deadline = Date.now() + (o.startTimeoutMs ?? 120_000);
  const listens = new RegExp(`Server: +\\S+:${port}\\b`);
  let answeredSince: number | undefined;
  for (;;) {
    const { exitCode, signalCode, pid } = child.process;
    if (exitCode !== null || signalCode !== null || pid === undefined) {
      throw new EndedEarly(child.said() || `it ended with exit code ${exitCode ?? signalCode}`);
    }
    // A client that finds nobody at the port would wait a second before it looks again.
    const ready = listening(port).then((yes) => yes && isReady(`127.0.0.1:${port}`, o.searchAttributes));
    if (await Promise.race([ready, child.ended.then(() => false)])) {
      if (listens.test(child.said())) return;
      answeredSince ??= Date.now();
      if (Date.now() - answeredSince > OTHER_SERVER_MS) return;
    }
    if (Date.now() > deadline) {
      throw new Error(
        `The Temporal server does not answer at 127.0.0.1:${port}. It said: ${child.said() || 'nothing'}`,
      );
    }
    await delay(50);
  }
}

/** Whether somebody listens at the port. */
function listening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const end = (yes: boolean): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
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
