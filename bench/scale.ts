/**
 * `npm run bench -- scale`: many runs at once, on three workers of one tenant that lets 600 requests a minute pass.
 * What counts is told by the tenant's own record.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { copiesOf, type RequestRecord } from '../src/sandbox';
import { Meter } from './meter';
import type { BenchRig } from './rig';

const MINUTE = 60_000;
const TASK_MS = 2_000;

/** What `scale` is asked for: `scale`, or `scale=120/30` for 120 runs over 30 models. */
export function scaleOf(words: readonly string[]): { runs: number; models: number } {
  const [, runs = '1000', models = '100'] =
    /^scale(?:=(\d+)\/(\d+))?$/.exec(words.find((word) => word.startsWith('scale')) ?? '') ?? [];
  return { runs: Number(runs), models: Number(models) };
}

/** Starts the runs and prints what they took. */
export async function scale(
  rig: BenchRig,
  { runs, models }: { runs: number; models: number },
  say: (line: string) => void,
): Promise<void> {
  await rig.sandbox({ copies: models, taskDurationMs: TASK_MS });
  writeFileSync(join(rig.root, 'sales.csv'), SALES);
  const workers = 3;
  for (let i = 0; i < workers; i++) await rig.startWorker({ lifted: false });
  const ids = copiesOf(models).map(({ id }) => id);
  const began = Date.now();
  const meter = new Meter(rig.server.metricsUrl);
  const before = await meter.read();
  const handles = await Promise.all(
    Array.from({ length: runs }, (_, i) =>
      rig.client.workflow.start('uploadImport', {
        workflowId: `scale-${i}`,
        taskQueue: 'anaplan',
        args: [{ model: ids[i % models], import: 'Load Sales', source: 'sales.csv', acceptRejections: true }],
      }),
    ),
  );
  say(`  ${runs} runs started over ${models} models on ${workers} workers in ${seconds(Date.now() - began)}`);
  const ended = await Promise.all(
    handles.map(async (handle) => {
      const ok = await handle.result().then(
        () => true,
        () => false,
      );
      return { ok, workflowId: handle.workflowId };
    }),
  );
  const tookMs = Date.now() - began;
  const { record } = (await rig.control('/sandbox/record')) as { record: RequestRecord[] };
  const after = await meter.read();
  const at = record.map((one) => one.at).sort((a, b) => a - b);
  const failed = ended.filter(({ ok }) => !ok).length;
  say(`  ${runs - failed} ended well, ${failed} not, in ${seconds(tookMs)}`);
  say(
    `  requests ${at.length} (${fixed(at.length / runs)} a run), in the worst minute ${busiest(at)} of 600`,
  );
  say(`  answers of 429: ${record.filter(({ status }) => status === 429).length}`);
  const floorMs = (at.length / 540) * MINUTE;
  say(`  time over the floor (requests / 540 a minute): ${fixed(tookMs / floorMs)}`);
  const aSecond = (n: number): string => fixed(n / (tookMs / 1000));
  say(
    `  a second: ${aSecond(after.heartbeats - before.heartbeats)} heartbeats, ${aSecond(after.requests - before.requests)} calls to the server in all`,
  );
  say(
    `  resident memory of a worker at its peak: ${rig
      .peaks()
      .map((mb) => Math.round(mb))
      .join(', ')} MB`,
  );
  const lags = await lagsOf(rig, ids, record);
  say(`  from the end of a task to that of its run: p50 ${seconds(lags(0.5))}, p95 ${seconds(lags(0.95))}`);
}

/** How long after the end of its task each run ended, by quantile: on a model one run comes after the other. */
async function lagsOf(
  rig: BenchRig,
  models: readonly string[],
  record: readonly RequestRecord[],
): Promise<(q: number) => number> {
  const closed = new Map<string, number[]>();
  // What the server lists follows the runs by a moment.
  await delay(2_000);
  for await (const { workflowId, closeTime } of rig.client.workflow.list({
    query: "WorkflowType = 'uploadImport'",
  })) {
    const model = models[Number(workflowId.replace(/^\D+/, '')) % models.length] ?? '';
    closed.set(model, [...(closed.get(model) ?? []), closeTime?.getTime() ?? NaN]);
  }
  const lags = models.flatMap((model) => {
    const ends = record
      .filter(({ method, path }) => method === 'POST' && path.includes(model) && path.endsWith('/tasks'))
      .map(({ at }) => at + TASK_MS)
      .sort((a, b) => a - b);
    const closes = (closed.get(model) ?? []).sort((a, b) => a - b);
    return ends.flatMap((end, i) => (closes[i] === undefined ? [] : [closes[i] - end]));
  });
  lags.sort((a, b) => a - b);
  return (q) => lags[Math.min(lags.length - 1, Math.floor(lags.length * q))] ?? NaN;
}

/** Most requests in any 60 s. */
function busiest(at: readonly number[]): number {
  let most = 0;
  let from = 0;
  at.forEach((time, i) => {
    while (time - (at[from] ?? 0) >= MINUTE) from++;
    most = Math.max(most, i - from + 1);
  });
  return most;
}

const fixed = (n: number): string => n.toFixed(2);
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Fifty rows of the sample model. */
const SALES = [
  'Product,Region,Month,Units,Revenue,Last Order',
  ...Array.from(
    { length: 50 },
    (_, i) => `P${String(1 + i).padStart(4, '0')},NA,Jan 25,${i},2.50,2026-03-06`,
  ),
  '',
].join('\n');
