/** A sandbox tenant with workers in processes of their own: what an end-to-end test looks at. */
import { createHash, randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { Client, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';

import {
  RESULT_MEMO,
  type IntegrationInputs,
  type IntegrationName,
  type IntegrationResult,
} from '../../src/contracts';
import {
  SALES_MODEL,
  startSandbox,
  type RequestRecord,
  type Sandbox,
  type SandboxOptions,
} from '../../src/sandbox';
import { ownNamespace, testAddress, testConnection } from './namespace';
import { Gate, Program, until } from './processes';

/** How a command ended. */
export interface Ran {
  exit: number | null;
  stdout: string;
  stderr: string;
}

/** How a run ended. */
export interface Ending {
  result: IntegrationResult;
  type?: string;
  message?: string;
  cancelled: boolean;
}

/** Paths of the calls that tests watch, as `RequestRecord.pattern` has them. */
export const CHUNK = '/models/{m}/files/{f}/chunks/{i}';

/** Starting is the only time a worker needs a core for itself. */
const starting = new Gate(3);

/** SHA-256 in lower-case hex. */
export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A tenant, a Temporal namespace, and a folder that is the workers' root. */
export class Tenant {
  readonly root = mkdtempSync(join(tmpdir(), 'anaplan-e2e-'));
  readonly taskQueue = 'e2e';
  private readonly programs: Program[] = [];

  private constructor(
    readonly sandbox: Sandbox,
    /** Locks hold per namespace, so every tenant has its own. */
    readonly namespace: string,
    readonly client: Client,
    private readonly address: string,
  ) {}

  /** The sandbox is as strict as by default: what it lists as misuse is what Anaplan would mind. */
  static async open(options: SandboxOptions = {}): Promise<Tenant> {
    const address = testAddress();
    const sandbox = await startSandbox({ taskDurationMs: 300, ...options });
    const namespace = await ownNamespace([]);
    const connection = await testConnection({ address });
    return new Tenant(sandbox, namespace, new Client({ connection, namespace }), address);
  }

  /** Opens a tenant for one case. What it saw is added to the error of a case that fails. */
  static async with(options: SandboxOptions, run: (tenant: Tenant) => Promise<void>): Promise<void> {
    const tenant = await Tenant.open(options);
    try {
      await run(tenant);
    } catch (error) {
      if (error instanceof Error) error.message += `\n\n${tenant.story()}`;
      throw error;
    } finally {
      await tenant.close();
    }
  }

  /** The environment of commands and workers: as the documentation tells users. */
  get env(): NodeJS.ProcessEnv {
    const { PATH, HOME, TMPDIR } = process.env;
    return {
      PATH,
      HOME,
      TMPDIR,
      TEMPORAL_ADDRESS: this.address,
      TEMPORAL_NAMESPACE: this.namespace,
      ANAPLAN_TEMPORAL_TASK_QUEUE: this.taskQueue,
      ANAPLAN_API_URL: this.sandbox.url,
      ANAPLAN_AUTH_URL: this.sandbox.url,
      ANAPLAN_USER: this.sandbox.credentials.user,
      ANAPLAN_PASSWORD: this.sandbox.credentials.password,
    };
  }

  /** Starts a worker in the root and waits until it polls. */
  async worker(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Program> {
    return starting.pass(async () => {
      const worker = this.program(['worker', ...args], this.root, env);
      await worker.says(/ Ready /);
      return worker;
    });
  }

  /** Starts a command in a folder that is not the workers'. */
  program(args: readonly string[], cwd: string = tmpdir(), env: NodeJS.ProcessEnv = {}): Program {
    const program = new Program(args, { cwd, env: { ...this.env, ...env } });
    this.programs.push(program);
    return program;
  }

  /** Starts a command in a folder of the workers' root, by other words than `node`. */
  through(words: readonly string[], args: readonly string[], cwd: string): Program {
    const program = new Program(args, { cwd, env: this.env, through: words });
    this.programs.push(program);
    return program;
  }

  /** Runs a command to its end. */
  async cli(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
    const program = this.program(args, tmpdir(), env);
    const { code } = await program.ended;
    return { exit: code, stdout: program.stdout, stderr: program.stderr };
  }

  /** Starts a run as a service in another language would: by workflow type, with plain JSON. */
  async begin<N extends IntegrationName>(
    name: N,
    input: Omit<IntegrationInputs[N], 'model'> & { model?: string },
  ): Promise<string> {
    const workflowId = `${name}-${randomUUID().slice(0, 8)}`;
    const args = [{ model: SALES_MODEL, ...input }];
    await this.client.workflow.start(name, { workflowId, taskQueue: this.taskQueue, args });
    return workflowId;
  }

  /** Starts a run and waits for its end. */
  async run<N extends IntegrationName>(
    name: N,
    input: Omit<IntegrationInputs[N], 'model'> & { model?: string },
  ): Promise<Ending> {
    return this.ending(await this.begin(name, input));
  }

  /** Waits for the end of a run, whatever it is. */
  async ending(workflowId: string): Promise<Ending> {
    const handle = this.client.workflow.getHandle(workflowId);
    try {
      return { result: (await handle.result()) as IntegrationResult, cancelled: false };
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw error;
      const { cause } = error;
      if (cause instanceof CancelledFailure) {
        const { memo } = await handle.describe();
        return { result: memo?.[RESULT_MEMO] as IntegrationResult, cancelled: true };
      }
      if (!(cause instanceof ApplicationFailure)) throw error;
      return {
        result: cause.details?.[0] as IntegrationResult,
        ...(cause.type ? { type: cause.type } : {}),
        message: cause.message,
        cancelled: false,
      };
    }
  }

  /** The requests of a kind so far. */
  asked(method: string, pattern: string): RequestRecord[] {
    return this.sandbox.record.filter((r) => r.method === method && r.pattern === pattern);
  }

  /** Waits for the `count`-th request of a kind to arrive. */
  async arrival(method: string, pattern: string, count = 1, withinMs = 150_000): Promise<void> {
    const enough = () => this.asked(method, pattern).length >= count;
    await until(`request ${count} of ${method} ${pattern}`, enough, withinMs);
  }

  /** The next chunk, as the server has it from the heartbeats of the transfer that is under way. */
  async beatenTo(workflowId: string): Promise<number | undefined> {
    const { raw } = await this.client.workflow.getHandle(workflowId).describe();
    for (const { heartbeatDetails } of raw.pendingActivities ?? []) {
      const [data] = heartbeatDetails?.payloads ?? [];
      if (!data?.data) continue;
      const beat = JSON.parse(Buffer.from(data.data).toString()) as { position?: { next?: number } };
      if (beat.position?.next !== undefined) return beat.position.next;
    }
    return undefined;
  }

  /** Writes a file below the root. */
  write(name: string, content: string | Buffer): string {
    const path = join(this.root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return name;
  }

  read(name: string): Buffer {
    return readFileSync(join(this.root, name));
  }

  exists(name: string): boolean {
    return existsSync(join(this.root, name));
  }

  /** Files that no run leaves behind. */
  parts(): string[] {
    return readdirSync(this.root, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.part'));
  }

  /** Ends every process, then the sandbox. */
  async close(): Promise<void> {
    for (const program of this.programs) program.kill();
    await Promise.all(this.programs.map((program) => program.ended));
    await this.sandbox.close();
    await this.client.connection.close();
    rmSync(this.root, { recursive: true, force: true });
  }

  private story(): string {
    const at = (ms: number) => new Date(ms).toISOString().slice(11, 23);
    const requests = this.sandbox.record.slice(-40).map((r) => {
      const fault = r.fault === undefined ? '' : ` (${r.fault})`;
      return `${at(r.at)} ${r.method} ${r.path} ${r.status}, ${r.requestBytes} bytes${fault}`;
    });
    const processes = this.programs.map((p) => `Process ${p.pid}:\n${p.stderr.slice(-2_000)}`);
    return [`Misuse: ${JSON.stringify(this.sandbox.misuse)}`, ...requests, ...processes].join('\n');
  }
}
