/** The commands as a person or a scheduler runs them, against a worker in another process and folder. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { IntegrationResult } from '../../src/contracts';
import { MODELS, SALES_MODEL } from '../../src/sandbox';
import { bulkCsv } from '../support/content';
import { killAll, sideBySide, until } from '../support/processes';
import { sha256, Tenant, type Ran } from '../support/tenant';

const SALES = readFileSync(join(__dirname, '../../examples/sales.csv'));
const PRODUCTS = 'Code,Name,Category,Launch Date,Active\nP9001,Rye Bread,Bakery,2025-01-15,true\n';

/** Runs hold a model; on models of their own they need not wait for each other. */
const [, , FORECAST = SALES_MODEL, FORECAST2 = SALES_MODEL] = MODELS.map((m) => m.id);

let tenant: Tenant;
beforeAll(async () => {
  tenant = await Tenant.open({ taskDurationMs: 500 });
  tenant.write('data/sales.csv', SALES);
  tenant.write('data/products.csv', PRODUCTS);
  tenant.write('data/bulk.csv', bulkCsv(2_000_000));
  await tenant.worker();
}, 240_000);
afterAll(async () => {
  killAll();
  await tenant.close();
});

/** `-o json`: standard output is one document and nothing else. */
function document(ran: Ran): IntegrationResult {
  return JSON.parse(ran.stdout) as IntegrationResult;
}

const upload = (...more: string[]) => [
  ...['upload-import', '--model', SALES_MODEL, '--import', 'Load Sales', '--source', 'data/sales.csv'],
  ...more,
];

/** Commands that do not wait for each other run side by side. */
async function everyEnding(): Promise<void> {
  const json = ['-o', 'json'];
  const cases: [string[], number, object][] = [
    [upload('--accept-rejections', ...json), 0, { outcome: 'succeededWithRejections' }],
    [upload(...json), 7, { outcome: 'failed', failure: { type: 'RowsRejected', effects: 'applied' } }],
    [
      [
        'upload-import',
        '--model',
        FORECAST,
        '--import',
        'Load Price List',
        '--source',
        'data/products.csv',
        // It is another one's source, and the action is to fail.
        '--check-header',
        'off',
        ...json,
      ],
      3,
      { outcome: 'failed', failure: { type: 'ActionFailed' } },
    ],
    [
      ['upload-import', '--model', FORECAST, '--import', 'Load Salse', '--source', 'x.csv', ...json],
      4,
      { failure: { type: 'NotFound', message: expect.stringContaining('Load Sales') as string } },
    ],
    [
      [
        'upload-import',
        '--model',
        MODELS[0]?.id ?? '',
        '--import',
        'Load Sales',
        '--source',
        'x.csv',
        ...json,
      ],
      4,
      { failure: { type: 'ModelArchived' } },
    ],
    [
      ['upload-import', '--model', SALES_MODEL, '--import', 'Load Sales', ...json],
      2,
      { failure: { type: 'InvalidInput', message: expect.stringContaining('--source') as string } },
    ],
    [upload('--sauce', 'x', ...json), 2, { failure: { type: 'InvalidInput' } }],
    [
      upload('--address', '127.0.0.1:1', ...json),
      6,
      { failure: { type: 'ServiceUnavailable', effects: 'none' } },
    ],
  ];
  const ran = await Promise.all(cases.map(([args]) => tenant.cli(args)));
  for (const [i, [args, exit, result]] of cases.entries()) {
    const one = ran[i];
    expect({ args, exit: one?.exit, result: one && document(one) }).toMatchObject({ args, exit, result });
  }
  const success = ran[0] && document(ran[0]);
  expect(success?.transfers).toMatchObject([
    { uri: `file://${tenant.root}/data/sales.csv`, bytes: SALES.length, chunks: 1, sha256: sha256(SALES) },
  ]);
  expect(tenant.sandbox.files('113000000002')?.sha256).toBe(sha256(SALES));
  const dump = success?.dumps[0];
  expect(dump?.rows).toBeGreaterThan(0);
  const stored = fileURLToPath(dump?.uri ?? '');
  expect(stored.startsWith(join(tenant.root, 'dumps'))).toBe(true);
  expect(statSync(stored).mode & 0o777).toBe(0o600);
  expect(tenant.sandbox.misuse).toEqual([]);
}

async function textAndIds(): Promise<void> {
  const clean = [
    'upload-import',
    '--model',
    FORECAST2,
    '--import',
    'Load Products',
    '--source',
    'data/products.csv',
  ];
  const bulk = ['upload-import', '--model', FORECAST, '--import', 'Load Bulk', '--source', 'data/bulk.csv'];
  // One chunk, which stays on the wire until the commands below have had their look at the run.
  const stall = tenant.sandbox.faults.add({
    method: 'PUT',
    path: `/models/${FORECAST}/files/113000000003/chunks/*`,
    action: { kind: 'stall', ms: 600_000, when: 'before' },
  });
  const [people, detached] = await Promise.all([
    tenant.cli(clean),
    tenant.cli([...bulk, '--id', 'nightly', '--detach']),
  ]);
  expect(people).toMatchObject({ exit: 0 });
  expect(people.stdout).toMatch(/^upload-import succeeded \(.+\)\n/);
  expect(people.stdout).not.toContain('{');
  expect(people.stderr).toMatch(/^Started /);
  expect(detached).toMatchObject({ exit: 0, stdout: 'nightly\n' });

  await until('the stall', () => tenant.sandbox.faults.hits(stall) === 1);
  const waiting = tenant.program([...bulk, '--id', 'nightly', '-o', 'json']);
  const [conflict] = await Promise.all([
    tenant.cli([...bulk, '--id', 'nightly', '--accept-rejections', '-o', 'json']),
    waiting.says(/Joined the open run nightly/),
  ]);
  expect(conflict).toMatchObject({ exit: 4 });
  expect(document(conflict)).toMatchObject({ failure: { type: 'Conflict', effects: 'none' } });

  waiting.signal('SIGINT');
  expect(await waiting.ended).toEqual({ code: 5, signal: null });
  expect(waiting.stderr).toContain('Cancelling nightly');
  expect(JSON.parse(waiting.stdout)).toMatchObject({ outcome: 'cancelled', failure: { type: 'Cancelled' } });
  expect(tenant.sandbox.tasks('112000000003', FORECAST)).toEqual([]);
  expect(tenant.sandbox.misuse).toEqual([]);
}

async function signals(): Promise<void> {
  const action = (model: string, name: string) => [
    'run-action',
    '--model',
    model,
    '--action',
    name,
    '-o',
    'json',
  ];
  const long = await Tenant.open({ taskDurationMs: 8_000 });
  try {
    await long.worker();
    const cancelled = long.program(action(FORECAST, 'Order Products'));
    const left = long.program([...action(FORECAST2, 'Order Products'), '--id', 'left-alone']);
    await until('both tasks', () =>
      [FORECAST, FORECAST2].every((m) => long.sandbox.tasks(undefined, m).length === 1),
    );
    cancelled.signal('SIGINT');
    left.signal('SIGTERM');
    expect(await left.ended).toEqual({ code: 1, signal: null });
    expect(JSON.parse(left.stdout)).toMatchObject({ workflowId: 'left-alone' });
    expect(await cancelled.ended).toEqual({ code: 5, signal: null });
    expect(JSON.parse(cancelled.stdout)).toMatchObject({
      outcome: 'cancelled',
      task: { state: 'CANCELLED' },
    });
    expect(long.sandbox.tasks(undefined, FORECAST)).toMatchObject([{ state: 'CANCELLED' }]);
    expect((await long.ending('left-alone')).result).toMatchObject({ outcome: 'succeeded' });
    expect(long.sandbox.misuse).toEqual([]);
  } finally {
    await long.close();
  }
}

async function schedules(): Promise<void> {
  const command = ['--', 'run-action', '--model', FORECAST2, '--action', 'Order Products'];
  const run = (...args: string[]) => tenant.cli(['schedules', ...args]);
  const create = ['create', 'nightly-order', '--cron', '0 6 * * 1-5', '--time-zone', 'Europe/London'];
  expect(await run(...create, '-o', 'json', ...command)).toMatchObject({ exit: 0 });
  const [list, described, again, badCron, unknown] = await Promise.all([
    run('list'),
    run('describe', 'nightly-order', '-o', 'json'),
    run(...create, ...command),
    run('create', 'other', '--cron', '99 6 * * *', ...command),
    run('describe', 'nobody-made-this'),
  ]);
  expect(list.stdout).toMatch(/^nightly-order {2}runAction/);
  expect(JSON.parse(described.stdout)).toMatchObject({
    integration: 'runAction',
    timeZone: 'Europe/London',
    overlap: 'SKIP',
    paused: false,
  });
  expect([again.exit, badCron.exit, unknown.exit]).toEqual([4, 2, 4]);

  const before = tenant.sandbox.tasks('117000000002', FORECAST2).length;
  expect(await run('trigger', 'nightly-order')).toMatchObject({ exit: 0 });
  const tasks = () => tenant.sandbox.tasks('117000000002', FORECAST2).slice(before);
  await until('the triggered run', () => tasks()[0]?.state === 'COMPLETE');
  expect(await run('pause', 'nightly-order', '--note', 'month end')).toMatchObject({ exit: 0 });
  expect((await run('describe', 'nightly-order')).stdout).toContain('paused: month end');
  expect(await run('unpause', 'nightly-order')).toMatchObject({ exit: 0 });
  // One Monday: one run.
  const times = ['--start', '2025-06-02T00:00:00Z', '--end', '2025-06-03T00:00:00Z'];
  expect(await run('backfill', 'nightly-order', ...times)).toMatchObject({ exit: 0 });
  await until('the backfilled run', () => tasks()[1]?.state === 'COMPLETE');
  const handle = tenant.client.schedule.getHandle('nightly-order');
  const runs = (await handle.describe()).info.recentActions.map((a) => a.action.workflow.workflowId);
  expect(runs).toHaveLength(2);
  for (const run of runs) expect((await tenant.ending(run)).result).toMatchObject({ outcome: 'succeeded' });
  expect(await run('delete', 'nightly-order')).toMatchObject({ exit: 0 });
  expect((await run('list')).stdout).toBe('There is no schedule.\n');
}

async function plainClient(): Promise<void> {
  const fresh = await Tenant.open();
  try {
    fresh.write('products.csv', PRODUCTS);
    await fresh.worker();
    const bad: [object, RegExp][] = [
      [{ import: 'Load Products' }, /source: is required/],
      [{ import: 'Load Products', source: 7 }, /source: /],
      [
        { import: 'Load Products', source: 'products.csv', acceptRejection: true },
        /acceptRejection: .*"acceptRejections"/,
      ],
      [{ import: 'Load Products', source: 'products.csv', timeouts: { task: 'soon' } }, /timeouts\.task: /],
    ];
    for (const [input, message] of bad) {
      const end = await fresh.ending(await fresh.begin('uploadImport', input as never));
      expect(end).toMatchObject({ type: 'InvalidInput', result: { failure: { effects: 'none' } } });
      expect(end.message).toMatch(message);
    }
    expect(fresh.sandbox.record).toEqual([]);
    const good = {
      workspace: 'Demo Workspace',
      model: 'Sales Planning',
      import: 'Load Products',
      source: 'products.csv',
    };
    const end = await fresh.ending(await fresh.begin('uploadImport', good));
    expect(end.result).toMatchObject({ outcome: 'succeeded', task: { rows: { unit: 'rows', created: 1 } } });
    expect(fresh.sandbox.misuse).toEqual([]);
  } finally {
    await fresh.close();
  }
}

async function workersThatCannotRun(): Promise<void> {
  const [unreachable, unconfigured] = await Promise.all([
    tenant.cli(['worker', '--address', '127.0.0.1:1']),
    tenant.cli(['worker'], { ANAPLAN_USER: '', ANAPLAN_PASSWORD: '' }),
  ]);
  expect(unreachable).toMatchObject({ exit: 6, stdout: '' });
  expect(unreachable.stderr).toContain('TEMPORAL_ADDRESS');
  expect(unconfigured).toMatchObject({ exit: 2, stdout: '' });
  expect(unconfigured.stderr).toContain('ANAPLAN_USER');
}

sideBySide(
  {
    'upload-import: result, exit code and standard output in every ending': everyEnding,
    'text for people, --detach, --id, and SIGINT': textAndIds,
    'SIGINT cancels the task in Anaplan; SIGTERM leaves the run alone': signals,
    'schedules: created, listed, triggered, paused, backfilled, deleted': schedules,
    'a plain Temporal client starts a run by type and JSON; bad input never reaches Anaplan': plainClient,
    'a worker that cannot run says why and which exit code': workersThatCannotRun,
  },
  240_000,
);
