import { randomUUID } from 'node:crypto';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { AnaplanTemporalClient } from '../../client';
import { commandOf, EXIT, SEARCH_ATTRIBUTES } from '../../contracts';
import { startSandbox, type Sandbox } from '../../sandbox';
import {
  createWorker,
  installRuntime,
  logOf,
  WorkerLogger,
  type AnaplanWorker,
  type Config,
} from '../../worker';
import type { CliDeps, Exit } from '../deps';
import { exitOf } from '../endings';
import { ProgressDisplay } from '../progress';
import { renderResult } from '../render';
import { getTemporalServer, type TemporalServer } from '../../dev-server/server';
import { runLink } from '../ui-link';
import { waitForRun } from '../wait';
import { DEMO_STEPS, PRODUCTS_CSV, type DemoStep } from './steps';

/** What the demo has running; closed in the opposite order. */
type Closer = () => Promise<unknown>;

/** Ctrl-C in the demo ends the demo. */
class Interrupted extends Error {}

/**
 * Runs the demo: everything in this process but the Temporal server, everything on disk in one temporary folder.
 *
 * @param o.stay stay open at the end until Enter or Ctrl-C
 */
export async function runDemo(deps: CliDeps, o: { stay: boolean; only?: string }): Promise<Exit> {
  const say = (text = ''): unknown => deps.stdout.write(`${text}\n`);
  const closers: Closer[] = [];
  let interrupt = (): void => undefined;
  const interrupted = new Promise<never>((_resolve, reject) => {
    interrupt = (): void => reject(new Interrupted());
  });
  interrupted.catch(() => undefined);
  const unlisten = deps.onSignal(() => interrupt());
  // The log goes nowhere while all is well; its last lines are shown when it is not.
  const log: string[] = [];
  const logger = new WorkerLogger('text', 'WARN', (line) => log.push(line));
  try {
    const began = Date.now();
    const exit = await Promise.race([interrupted, show()]);
    say(`All in ${((Date.now() - began) / 1000).toFixed(0)} s.`);
    if (o.stay) {
      say('The links stay open until you press Enter.');
      await Promise.race([interrupted, enter(deps)]);
    }
    return exit;
  } catch (error) {
    if (error instanceof Interrupted) return EXIT.cancelled;
    if (log.length > 0) deps.stderr.write(`${log.slice(-20).join('\n')}\n`);
    throw error;
  } finally {
    unlisten();
    for (const close of closers.reverse()) await close().catch(() => undefined);
  }

  async function show(): Promise<Exit> {
    const directory = await mkdtemp(join(tmpdir(), 'anaplan-temporal-demo-'));
    closers.push(() => rm(directory, { recursive: true, force: true }));
    await copyFile(
      resolve(__dirname, '..', '..', '..', 'examples', 'sales.csv'),
      join(directory, 'sales.csv'),
    );
    await writeFile(join(directory, 'products.csv'), PRODUCTS_CSV);

    const server = await getTemporalServer({
      ui: true,
      searchAttributes: SEARCH_ATTRIBUTES,
      env: deps.env,
      log: (line) => deps.stderr.write(`${line}\n`),
    });
    closers.push(() => server.stop());
    say(`Temporal  ${server.address}, ${server.how}`);
    if (server.uiUrl !== undefined) say(`UI        ${server.uiUrl}`);

    const sandbox = await startSandbox({ taskDurationMs: 800 });
    closers.push(() => sandbox.close());
    say(`Sandbox   ${sandbox.url}, an Anaplan tenant in this process`);

    const taskQueue = `anaplan-demo-${randomUUID().slice(0, 8)}`;
    installRuntime(logger);
    const worker = await startWorker(server, sandbox, { directory, taskQueue, logger });
    const running = worker.run();
    running.catch(() => undefined);
    closers.push(() => {
      worker.shutdown();
      return running;
    });
    say(`Worker    task queue ${taskQueue}, files in ${directory}`);

    const client = await AnaplanTemporalClient.connect({
      address: server.address,
      namespace: server.namespace,
      taskQueue,
    });
    closers.push(() => client.close());
    const steps = DEMO_STEPS.filter((s) => o.only === undefined || commandOf(s.integration) === o.only);
    let worst: Exit = EXIT.ok;
    for (const [i, step] of steps.entries()) {
      say(`\n${i + 1}/${steps.length}  ${step.title}`);
      const exit = await runStep(step, client, server, deps);
      if (exit !== EXIT.ok) worst = exit;
    }
    say();
    return worst;
  }
}

async function startWorker(
  server: TemporalServer,
  sandbox: Sandbox,
  o: { directory: string; taskQueue: string; logger: WorkerLogger },
): Promise<AnaplanWorker> {
  const { user, password } = sandbox.credentials;
  const config: Config = {
    directory: o.directory,
    connections: [
      {
        name: 'default',
        apiUrl: sandbox.url,
        authUrl: sandbox.url,
        logIn: { kind: 'basic', user, password: { env: 'SANDBOX_PASSWORD' } },
        requestsPerMinute: 540,
        budgetPerMinute: 540,
      },
    ],
    worker: {
      taskQueue: o.taskQueue,
      roots: [{ path: o.directory }],
      dumps: join(o.directory, 'dumps'),
      transferSlots: 4,
      maxConcurrentWaits: 100,
      maxCachedWorkflows: 100,
    },
  };
  return createWorker(config, {
    temporal: { address: server.address, namespace: server.namespace },
    env: { SANDBOX_PASSWORD: password },
    log: logOf(o.logger),
  });
}

async function runStep(
  step: DemoStep,
  client: AnaplanTemporalClient,
  server: TemporalServer,
  deps: CliDeps,
): Promise<Exit> {
  const began = Date.now();
  const handle = await client.start(step.integration, step.input);
  const display = new ProgressDisplay(deps.stderr);
  // Signals are the demo's: it ends as a whole.
  const waited = await waitForRun(handle, display, { ...deps, onSignal: () => () => undefined });
  if (waited.kind === 'detached') return EXIT.unexpected;
  const link =
    server.uiUrl === undefined
      ? {}
      : { link: runLink(server.uiUrl, server.namespace, handle.workflowId, handle.runId) };
  deps.stdout.write(renderResult(step.integration, waited.result, { tookMs: Date.now() - began, ...link }));
  return exitOf(waited.result);
}

/** Resolves at the next line (or the end) of standard input. */
async function enter(deps: CliDeps): Promise<void> {
  await new Promise<void>((done) => {
    const end = (): void => {
      deps.stdin.pause();
      done();
    };
    deps.stdin.once('data', end);
    // Without a terminal standard input may be closed from the start; then only a signal ends the demo.
    if (deps.stdin.isTTY) deps.stdin.once('end', end);
    deps.stdin.resume();
  });
}
