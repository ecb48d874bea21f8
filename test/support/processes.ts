/** Real processes: the program as a user runs it, by `node lib/cli/main.js`. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

import { builtLib } from './build-lib';
import { until } from './until';

export { until };

/** Every process of these tests that may still be there. */
const alive = new Set<Program>();

/** Ends what is left; for `afterAll`, and for a test runner that ends early. */
export function killAll(): void {
  for (const program of alive) program.kill();
}

process.once('exit', killAll);

/** How a process ended. */
export interface Ended {
  /** Exit code, or null after a signal. */
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** One process, in a process group of its own. */
export class Program {
  stdout = '';
  stderr = '';
  readonly ended: Promise<Ended>;
  private readonly child: ChildProcess;
  private over = false;

  /** @param o.through the words that start the program, such as `npx anaplan-temporal`; default: the program itself */
  constructor(
    args: readonly string[],
    o: { cwd: string; env: NodeJS.ProcessEnv; through?: readonly string[] },
  ) {
    const [command, ...words] = o.through ?? [process.execPath, join(builtLib(), 'cli/main.js')];
    this.child = spawn(command ?? process.execPath, [...words, ...args], {
      cwd: o.cwd,
      env: o.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    alive.add(this);
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => {
        this.over = true;
        alive.delete(this);
        resolve({ code, signal });
      });
    });
    this.ended.catch(() => undefined);
  }

  get pid(): number {
    const { pid } = this.child;
    if (pid === undefined) throw new Error('The process did not start.');
    return pid;
  }

  /** Sends a signal to this process, and to no other. */
  signal(name: NodeJS.Signals): void {
    if (!this.over) process.kill(this.pid, name);
  }

  /** Sends a signal to the whole process group, as a terminal does. */
  signalGroup(name: NodeJS.Signals): void {
    if (!this.over) process.kill(-this.pid, name);
  }

  /** Ends the process group whatever its state is; nothing when it ended by itself. */
  kill(): void {
    if (this.over || this.child.pid === undefined) return;
    try {
      process.kill(-this.child.pid, 'SIGKILL');
    } catch {
      // It ended at this moment.
    }
  }

  /** SIGKILL, and waits until the process is gone. */
  async killed(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }

  /** Waits for a text on standard error. */
  async says(text: RegExp, withinMs = 150_000): Promise<void> {
    await until(`"${String(text)}" on standard error`, () => this.over || text.test(this.stderr), withinMs);
    if (!text.test(this.stderr)) throw new Error(`The process ended without ${String(text)}: ${this.stderr}`);
  }
}

/** Lets only so many at a time. */
export class Gate {
  private readonly waiting: (() => void)[] = [];

  constructor(private free: number) {}

  async pass<T>(run: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await run();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.free += 1;
    }
  }
}

/**
 * Registers one test for each case and runs all cases side by side: they mostly wait, for heartbeat time-outs and polls.
 *
 * @param atOnce more cases than this wait for their turn
 */
export function sideBySide(
  cases: Readonly<Record<string, () => Promise<void>>>,
  timeoutMs: number,
  atOnce = Infinity,
): void {
  const gate = new Gate(atOnce);
  const running = new Map<string, Promise<void>>();
  beforeAll(() => {
    for (const [name, run] of Object.entries(cases)) {
      const ended = gate.pass(run);
      ended.catch(() => undefined); // told by its test
      running.set(name, ended);
    }
  });
  afterAll(killAll);
  for (const name of Object.keys(cases)) test(name, async () => running.get(name), timeoutMs);
}
