import { PassThrough } from 'node:stream';
import { Runtime } from '@temporalio/worker';
import {
  AnaplanTemporalError,
  documentOf,
  IntegrationFailed,
  type AnaplanTemporalClient,
  type IntegrationHandle,
  type RunProgress,
} from '../../src/client';
import type { CliDeps } from '../../src/cli/deps';
import { runCli } from '../../src/cli/program';
import { FAILURES, tell, type FailureType, type IntegrationResult } from '../../src/contracts';
import type { StopSignal } from '../../src/worker/signals';

// The worker command installs it; unused, it would keep this process.
afterAll(() => Runtime.instance().shutdown());

const DONE: IntegrationResult = { outcome: 'succeeded', transfers: [], dumps: [] };
const PROGRESS: RunProgress = {
  workflowId: 'w',
  runId: 'r',
  workflowType: 'runAction',
  status: 'RUNNING',
  startedAt: new Date(),
  state: 'running action',
  unclaimed: false,
  taskQueue: 'anaplan',
  activities: [],
};

interface Ran {
  exit: number;
  out: string;
  err: string;
  cancelled: number;
  started: unknown[];
}

/** What a run ends with: a document, an error, or nothing before it is cancelled. */
type End = IntegrationResult | Error | 'on cancel' | 'never';

/** Runs a command line against a client that is not there. `signals` are sent 50 ms apart once it waits. */
async function run(
  args: string[],
  end: End,
  o: { start?: Error; signals?: StopSignal[]; early?: StopSignal; cancelFails?: number } = {},
): Promise<Ran> {
  const ran: Ran = { exit: -1, out: '', err: '', cancelled: 0, started: [] };
  let whenCancelled = (): void => undefined;
  const cancelled = new Promise<never>((_resolve, reject) => {
    const document = documentOf(
      { ...tell('Cancelled', 'The run was cancelled.'), effects: 'none' },
      'cancelled',
    );
    whenCancelled = () => reject(new IntegrationFailed('w', document, document.failure));
  });
  cancelled.catch(() => undefined);
  const handle: IntegrationHandle = {
    workflowId: 'w',
    runId: 'r',
    joined: false,
    ended: false,
    result: async () => {
      if (end instanceof Error) throw end;
      if (end === 'on cancel') return cancelled;
      if (end === 'never') return new Promise(() => undefined);
      return end;
    },
    cancel: async () => {
      ran.cancelled++;
      if (ran.cancelled <= (o.cancelFails ?? 0))
        throw new AnaplanTemporalError('ServiceUnavailable', 'Temporal cannot be reached.');
      whenCancelled();
    },
    progress: async () => PROGRESS,
  };
  const client = {
    address: undefined,
    namespace: 'default',
    start: async (...given: unknown[]) => {
      ran.started.push(given);
      if (o.start) throw o.start;
      return handle;
    },
    close: async () => undefined,
  } as unknown as AnaplanTemporalClient;
  const deps: CliDeps = {
    env: {},
    cwd: '/',
    stdin: new PassThrough(),
    stdout: { write: (text) => (ran.out += text) },
    stderr: { write: (text) => (ran.err += text) },
    connect: async () => client,
    onSignal: (handler) => {
      if (o.early !== undefined) handler(o.early);
      const timers = (o.signals ?? []).map((signal, i) => setTimeout(() => handler(signal), 50 * (i + 1)));
      return () => timers.forEach((timer) => clearTimeout(timer));
    },
  };
  ran.exit = await runCli(args, deps);
  return ran;
}

const ACTION = ['run-action', '--workspace', 'W', '--model', 'M', '--action', 'Do'];
const failedAs = (type: FailureType): IntegrationFailed => {
  const document = documentOf({ ...tell(type, 'It went wrong.'), effects: 'unknown' });
  return new IntegrationFailed('w', document, document.failure);
};

describe('waiting', () => {
  test('prints the result for people on stdout and progress on stderr', async () => {
    const ran = await run([...ACTION, '--id', 'mine', '--on-closed', 'return', '--summary', 'S'], DONE);
    expect(ran.exit).toBe(0);
    expect(ran.out).toMatch(/^run-action succeeded \(\d+ ms\)\nRun {7}w\n$/);
    expect(ran.err).toContain('Started w\n');
    expect(ran.started).toEqual([
      [
        'runAction',
        { workspace: 'W', model: 'M', action: 'Do' },
        { id: 'mine', onClosed: 'return', summary: 'S' },
      ],
    ]);
  });

  test.each<[FailureType, number]>([
    ['InvalidInput', 2],
    ['ActionFailed', 3],
    ['NotFound', 4],
    ['Cancelled', 5],
    ['ModelLocked', 6],
    ['RowsRejected', 7],
    ['SourceChanged', 8],
    ['InternalError', 1],
  ])('%s ends with exit code %i and its document', async (type, exit) => {
    const ran = await run([...ACTION, '-o', 'json'], failedAs(type));
    expect(ran.exit).toBe(exit);
    expect(JSON.parse(ran.out)).toMatchObject({
      outcome: 'failed',
      failure: { type, message: `It went wrong. ${FAILURES[type].remedy}` },
    });
  });

  test('--detach prints the ID and leaves', async () => {
    expect(await run([...ACTION, '--detach'], 'never')).toMatchObject({ exit: 0, out: 'w\n' });
    const json = await run([...ACTION, '--detach', '-o', 'json'], 'never');
    expect(JSON.parse(json.out)).toEqual({ workflowId: 'w', runId: 'r' });
  });
});

describe('-o json prints one document and nothing else, in every ending', () => {
  test.each<[string, string[], Parameters<typeof run>[1], Error | undefined, number, object]>([
    ['success', ACTION, DONE, undefined, 0, { outcome: 'succeeded' }],
    [
      'wrong input',
      ['run-action', '--model', 'M'],
      DONE,
      undefined,
      2,
      {
        outcome: 'failed',
        failure: {
          type: 'InvalidInput',
          message:
            'The input is not valid: --action: is required; --workspace: is required because "model" is given by name, not by ID ("id:..." says that it is one). See "anaplan-temporal run-action --help".',
          effects: 'none',
        },
      },
    ],
    [
      'a word on closed runs without the ID of one',
      [...ACTION, '--on-closed', 'refuse'],
      DONE,
      undefined,
      2,
      {
        failure: {
          type: 'InvalidInput',
          message:
            'The input is not valid: --on-closed: needs --id: every start without it has an ID of its own. See "anaplan-temporal run-action --help".',
        },
      },
    ],
    [
      'an empty ID',
      [...ACTION, '--id', ' '],
      DONE,
      undefined,
      2,
      {
        failure: {
          type: 'InvalidInput',
          message:
            'The input is not valid: --id: must not be empty. See "anaplan-temporal run-action --help".',
        },
      },
    ],
    [
      'an unknown flag',
      [...ACTION, '--nope'],
      DONE,
      undefined,
      2,
      {
        failure: { type: 'InvalidInput', message: "unknown option '--nope'. Add --help to see the options." },
      },
    ],
    [
      'a misspelt flag',
      [...ACTION, '--acton', 'x'],
      DONE,
      undefined,
      2,
      {
        failure: {
          message: "unknown option '--acton'. Did you mean --action? Add --help to see the options.",
          effects: 'none',
        },
      },
    ],
    [
      'a misspelt command',
      ['run-acton'],
      DONE,
      undefined,
      2,
      {
        failure: {
          message: "unknown command 'run-acton'. Did you mean run-action? Add --help to see the options.",
        },
      },
    ],
    [
      'a schedule of a wrong command',
      ['schedules', 'create', 'x', '--cron', '0 6 * * *'],
      DONE,
      undefined,
      2,
      { failure: { type: 'InvalidInput' } },
    ],
    [
      'a schedule of an action without its flags',
      ['schedules', 'create', 'x', '--cron', '0 6 * * *', '-o', 'json', '--', 'run-action'],
      DONE,
      undefined,
      2,
      {
        failure: {
          type: 'InvalidInput',
          message: expect.stringContaining('--action: is required') as string,
        },
      },
    ],
    [
      'a start whose answer was lost',
      ACTION,
      DONE,
      new AnaplanTemporalError('ServiceUnavailable', 'Whether it was started is not known.', {
        effects: 'unknown',
      }),
      6,
      { failure: { type: 'ServiceUnavailable', effects: 'unknown' } },
    ],
    [
      'a flag without its value',
      ['run-action', '--model'],
      DONE,
      undefined,
      2,
      { failure: { type: 'InvalidInput' } },
    ],
    [
      'Temporal out of reach',
      ACTION,
      DONE,
      new AnaplanTemporalError('ServiceUnavailable', 'Temporal cannot be reached.'),
      6,
      { outcome: 'failed', failure: { type: 'ServiceUnavailable', effects: 'none' } },
    ],
    [
      'another run of that ID',
      ACTION,
      DONE,
      new AnaplanTemporalError('Conflict', 'Open.'),
      4,
      { failure: { type: 'Conflict', effects: 'none' } },
    ],
    [
      'a defect',
      ACTION,
      DONE,
      new Error('oops'),
      1,
      { failure: { type: 'InternalError', message: `oops. ${FAILURES.InternalError.remedy}` } },
    ],
    [
      'Temporal lost while waiting',
      ACTION,
      new AnaplanTemporalError('ServiceUnavailable', 'Gone.'),
      undefined,
      6,
      { failure: { type: 'ServiceUnavailable', effects: 'unknown' } },
    ],
  ])('%s', async (_what, args, end, start, exit, document) => {
    const json = args.includes('json') ? [] : ['-o', 'json'];
    const ran = await run([...args, ...json], end, start === undefined ? {} : { start });
    expect(JSON.parse(ran.out)).toMatchObject(document);
    expect(ran.exit).toBe(exit);
  });
});

describe('signals without a terminal', () => {
  test('SIGINT cancels the run and waits for its ending', async () => {
    const ran = await run([...ACTION, '-o', 'json'], 'on cancel', { signals: ['SIGINT'] });
    expect(ran).toMatchObject({ exit: 5, cancelled: 1 });
    expect(JSON.parse(ran.out)).toMatchObject({ outcome: 'cancelled' });
  });

  test('a cancel that Temporal does not take is asked for again, and said on a line of its own', async () => {
    const ran = await run(ACTION, 'on cancel', { signals: ['SIGINT'], cancelFails: 1 });
    expect(ran).toMatchObject({ exit: 5, cancelled: 2 });
    expect(ran.err.split('\n')).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^Temporal does not answer; cancelling w is tried again until it does\./),
        expect.stringMatching(/^Cancelling w; /),
      ]),
    );
  });

  test('whoever leaves before Temporal took the cancel is told that the run goes on', async () => {
    const ran = await run(ACTION, 'never', { signals: ['SIGINT', 'SIGINT'], cancelFails: 99 });
    expect(ran.exit).toBe(1);
    expect(ran.err).toContain('Detached: w goes on. Temporal did not accept the cancellation.');
  });

  test('a second SIGINT leaves it', async () => {
    const ran = await run(ACTION, 'never', { signals: ['SIGINT', 'SIGINT'] });
    expect(ran).toMatchObject({ exit: 1, cancelled: 1 });
    expect(ran.err).toContain('Detached: w goes on.');
  });

  test('SIGINT while the run is being started cancels it once it is there', async () => {
    const ran = await run([...ACTION, '-o', 'json'], 'on cancel', { early: 'SIGINT' });
    expect(ran).toMatchObject({ exit: 5, cancelled: 1 });
  });

  test('SIGHUP, a terminal that was closed, leaves at once, and the run goes on', async () => {
    const ran = await run(ACTION, 'never', { signals: ['SIGHUP'] });
    expect(ran).toMatchObject({ exit: 1, cancelled: 0 });
  });

  test('SIGTERM leaves at once, and the run goes on', async () => {
    const ran = await run([...ACTION, '-o', 'json'], 'never', { signals: ['SIGTERM'] });
    expect(ran).toMatchObject({ exit: 1, cancelled: 0 });
    expect(JSON.parse(ran.out)).toEqual({ workflowId: 'w', runId: 'r' });
  });
});

describe('usage', () => {
  test('a wrong input names the flags, and nothing is on stdout', async () => {
    const ran = await run(['upload-import', '--workspace', 'W', '--model', 'M', '--import', 'I'], DONE);
    expect(ran).toMatchObject({ exit: 2, out: '' });
    expect(ran.err).toContain('--source: is required');
  });

  test.each<[string[], number, RegExp]>([
    [['--version'], 0, /^\d+\.\d+\.\d+\n$/],
    [['--help'], 0, /upload-import[\s\S]*schedules[\s\S]*worker/],
    [['upload-import', '--help'], 0, /--accept-rejections[\s\S]*Exit codes/],
  ])('%j', async (args, exit, out) => {
    const ran = await run(args, DONE);
    expect(ran.exit).toBe(exit);
    expect(ran.out).toMatch(out);
  });

  test('a misspelt command is a usage error with a hint', async () => {
    const ran = await run(['upload-imprt'], DONE);
    expect(ran.exit).toBe(2);
    expect(ran.err).toMatch(/upload-import/);
  });

  test('a configuration that is named and missing is a usage error', async () => {
    const ran = await run([...ACTION, '--config', '/no/such.yaml', '-o', 'json'], DONE);
    expect(ran.exit).toBe(2);
    expect(JSON.parse(ran.out)).toMatchObject({ failure: { type: 'InvalidInput' } });
  });

  test('a worker without a connection says what to set', async () => {
    const ran = await run(['worker'], DONE);
    expect(ran.exit).toBe(2);
    expect(ran.err).toMatch(/ERROR Configuration, connections: none is configured: set ANAPLAN_USER/);
  });
});
