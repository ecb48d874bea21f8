/** What every measurement runs on: a Temporal dev server, a sandbox process and a worker process of the built package. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

import { Client, Connection } from '@temporalio/client';

import { getTemporalServer, type TemporalServer } from '../src/dev-server/server';
import { SEARCH_ATTRIBUTES, type IntegrationResult } from '../src/contracts';
import { SALES_MODEL, type SandboxOptions } from '../src/sandbox';

/** The built program. */
export const CLI = resolve(__dirname, '../../lib/cli/main.js');

/** A measured run. */
export interface Measured {
  result: IntegrationResult;
  /** Seconds from start to end of the run. */
  seconds: number;
  /** Seconds that the transfer's activities took. */
  transferSeconds: number;
  events: number;
  workflowId: string;
}

/** One set-up. */
export class BenchRig {
  readonly root = mkdtempSync(join(tmpdir(), 'anaplan-temporal-bench-'));
  private readonly children: ChildProcess[] = [];
  worker: ChildProcess | undefined;
  private readonly workers: ChildProcess[] = [];
  sandboxUrl = '';

  private constructor(
    readonly server: TemporalServer,
    readonly client: Client,
  ) {}

  /** @param o.metrics a dev server of our own, whatever `TEMPORAL_ADDRESS` says, which tells what it counts */
  static async start(o: { metrics?: boolean } = {}): Promise<BenchRig> {
    const { TEMPORAL_ADDRESS: elsewhere, ...own } = process.env;
    const env = o.metrics === true ? own : { ...own, TEMPORAL_ADDRESS: elsewhere };
    const server = await getTemporalServer({
      ui: false,
      searchAttributes: [...SEARCH_ATTRIBUTES],
      metrics: o.metrics === true,
      env,
    });
    const connection = await Connection.connect({ address: server.address });
    return new BenchRig(server, new Client({ connection }));
  }

  /** Starts a sandbox with these options; an earlier one ends. */
  async sandbox(options: SandboxOptions): Promise<void> {
    const child = spawn(process.execPath, [join(__dirname, 'sandbox-process.js'), JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.children.push(child);
    this.sandboxUrl = await firstLine(child, () => true);
  }

  /**
   * Starts the built worker, and answers the milliseconds from its process's start until it is ready.
   *
   * @param o.lifted - the request budget is lifted (default): this measures bytes, not the patience that Anaplan asks for
   */
  async startWorker(o: { lifted?: boolean } = {}): Promise<number> {
    const rate = o.lifted === false ? '' : '    requestsPerMinute: 100000\n';
    writeFileSync(
      join(this.root, 'anaplan-temporal.yaml'),
      `connections:\n  default:\n    apiUrl: ${this.sandboxUrl}\n    authUrl: ${this.sandboxUrl}\n    user: demo@example.com\n    password: \${ANAPLAN_PASSWORD}\n${rate}`,
    );
    const began = performance.now();
    const child = spawn(process.execPath, [CLI, 'worker', '--log-format', 'json'], {
      cwd: this.root,
      env: { ...process.env, TEMPORAL_ADDRESS: this.server.address, ANAPLAN_PASSWORD: 'sandbox' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.worker = child;
    this.workers.push(child);
    await firstLine(child, (line) => line.includes('"Ready"'));
    return performance.now() - began;
  }

  /** Highest resident memory of the worker so far, in MB. */
  peakMemory(): number {
    const status = readFileSync(`/proc/${this.worker?.pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
  }

  /** The same of all workers. */
  peaks(): number[] {
    return this.workers.flatMap((child) => {
      if (child.exitCode !== null) return [];
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      return [Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024];
    });
  }

  /** Asks the sandbox's control routes. */
  async control(path: string): Promise<unknown> {
    return (await fetch(`${this.sandboxUrl}${path}`)).json();
  }

  /** Stops all workers. */
  async stopWorker(): Promise<void> {
    await Promise.all(
      this.workers.splice(0).map(async (worker) => {
        if (worker.exitCode !== null) return;
        worker.kill('SIGTERM');
        await once(worker, 'exit');
      }),
    );
  }

  /** Runs an integration and measures it by its history. */
  async run(type: string, input: Record<string, unknown>): Promise<Measured> {
    const handle = await this.client.workflow.start(type, {
      workflowId: `bench-${type}-${Date.now()}`,
      taskQueue: 'anaplan',
      args: [{ model: SALES_MODEL, ...input }],
    });
    const began = performance.now();
    const result = (await handle.result()) as IntegrationResult;
    const seconds = (performance.now() - began) / 1000;
    const history = await handle.fetchHistory();
    const events = history.events ?? [];
    const scheduled = new Map<string, string>();
    let transferSeconds = 0;
    const at = (e: (typeof events)[number]) =>
      Number(e.eventTime?.seconds ?? 0) + (e.eventTime?.nanos ?? 0) / 1e9;
    const startedAt = new Map<string, number>();
    for (const e of events) {
      const name = e.activityTaskScheduledEventAttributes?.activityType?.name;
      if (name) scheduled.set(String(e.eventId), name);
      const started = e.activityTaskStartedEventAttributes?.scheduledEventId;
      if (started) startedAt.set(String(started), at(e));
      const done = e.activityTaskCompletedEventAttributes?.scheduledEventId;
      if (
        done &&
        /uploadChunks|downloadChunks|readPages|commitTarget/.test(scheduled.get(String(done)) ?? '')
      ) {
        transferSeconds += at(e) - (startedAt.get(String(done)) ?? at(e));
      }
    }
    return { result, seconds, transferSeconds, events: events.length, workflowId: handle.workflowId };
  }

  async close(): Promise<void> {
    await this.stopWorker();
    for (const child of this.children) child.kill('SIGTERM');
    await this.client.connection.close();
    await this.server.stop();
    rmSync(this.root, { recursive: true, force: true });
  }
}

async function firstLine(child: ChildProcess, wanted: (line: string) => boolean): Promise<string> {
  const stream = child.stdout ?? child.stderr;
  if (!stream) throw new Error('the child has no output');
  for await (const line of createInterface({ input: stream })) {
    if (!wanted(line)) continue;
    stream.resume(); // what comes later is not read, but must not fill the pipe either
    return line;
  }
  throw new Error('the child ended before it was ready');
}
