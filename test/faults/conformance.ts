/** Runs rows of the table side by side, reports each as a test, and prints the counts. */
import { Bench } from './bench';
import { runRow } from './ending';
import { problemsOf } from './oracle';
import type { Row } from './rows';
import { scenarioOf } from './scenarios';

/** Rows that run at a time in one process. */
const SIDE_BY_SIDE = 20;
/** How long a test may wait for its row's turn and end. */
const TURN_MS = 1_200_000;

interface Outcome {
  problems: string[];
  ms: number;
}

/**
 * Declares a test for each row; they run side by side from the first on, in the order of the table. `FAULTS_ONLY`, an
 * expression for their names, leaves all others out; `FAULTS_TRACE` adds the requests of each that fails.
 */
export function conform(title: string, all: readonly Row[]): void {
  const only = new RegExp(process.env['FAULTS_ONLY'] ?? '');
  const rows = all.filter((row) => only.test(row.id));
  if (rows.length === 0) {
    test.skip(`${title}: no row is called ${only.source}`, () => undefined);
    return;
  }
  describe(title, () => {
    let bench: Bench;
    const outcomes = new Map<string, Outcome>();
    const running = new Map(rows.map((row) => [row.id, deferred<Outcome>()]));
    let finished: Promise<unknown> = Promise.resolve();
    const began = Date.now();

    beforeAll(async () => {
      bench = await Bench.start();
      const queue = rows.values();
      const lane = async (_: unknown, number: number) => {
        for (const row of queue) {
          const outcome = await outcomeOf(bench, number, row);
          outcomes.set(row.id, outcome);
          running.get(row.id)?.resolve(outcome);
        }
      };
      finished = Promise.all(Array.from({ length: SIDE_BY_SIDE }).map(lane));
    });

    afterAll(async () => {
      await finished;
      await bench.close();
      process.stdout.write(`${summary(title, rows, outcomes, Date.now() - began)}\n`);
    }, TURN_MS);

    test.each(rows.map((row) => [`${row.id} -> ${row.expected.end}`, row] as const))(
      '%s',
      async (_, row) => {
        const outcome = await running.get(row.id)?.promise;
        expect(outcome?.problems).toEqual([]);
      },
      TURN_MS,
    );
  });
}

async function outcomeOf(bench: Bench, lane: number, row: Row): Promise<Outcome> {
  const began = Date.now();
  let problems: string[];
  try {
    const { sandbox } = scenarioOf(row.scenario);
    const options = { ...sandbox, ...(row.taskMs === undefined ? {} : { taskDurationMs: row.taskMs }) };
    const tenant = await bench.tenant(lane, options, { short: row.silent === true });
    try {
      problems = await problemsOf(bench, row, tenant, await runRow(bench, row, tenant));
      if (process.env['FAULTS_TRACE'] && problems.length > 0) problems.push(...trace(tenant.sandbox.record));
    } finally {
      await tenant.close();
    }
  } catch (error) {
    problems = [error instanceof Error ? (error.stack ?? error.message) : String(error)];
  }
  return { problems, ms: Date.now() - began };
}

function trace(
  record: readonly { at: number; method: string; path: string; status: number; fault?: string }[],
) {
  const from = record[0]?.at ?? 0;
  return record.map((r) => `${r.at - from} ms ${r.method} ${r.path.slice(-60)} ${r.status} ${r.fault ?? ''}`);
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** The counts of a part of the table. */
function summary(
  title: string,
  rows: readonly Row[],
  outcomes: ReadonlyMap<string, Outcome>,
  ms: number,
): string {
  const failed = rows.filter((row) => outcomes.get(row.id)?.problems.length !== 0).length;
  const by = (what: string, key: (row: Row) => string) => {
    const counts = new Map<string, number>();
    for (const row of rows) counts.set(key(row), (counts.get(key(row)) ?? 0) + 1);
    const entries = [...counts].sort(([, a], [, b]) => b - a).map(([name, count]) => `${name} ${count}`);
    return `  by ${what}: ${entries.join(', ')}`;
  };
  return [
    `Retry conformance, ${title}: ${rows.length} rows, ${rows.length - failed} passed, ${failed} failed, ${Math.round(ms / 1000)} s`,
    by('integration', (row) => row.scenario),
    by('call', (row) => row.call),
    by('fault', (row) => row.fault),
  ].join('\n');
}
