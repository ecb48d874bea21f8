/**
 * `npm run cost`: what runs cost on the Temporal side, beside the bounds of INVARIANTS.md, section 7. Everything runs alone
 * on a dev server of its own, so nothing here depends on the speed of the machine.
 * Exit code 1 when a bound is broken.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';

import { waitBeats } from '../src/activities/attempt/beats';
import { LIMITS, lockId } from '../src/contracts';
import { SALES_MODEL } from '../src/sandbox';
import { Meter } from './meter';
import { BenchRig } from './rig';

/** INVARIANTS.md, section 7. */
const BOUNDS = {
  runEvents: 56,
  runEventsWithDump: 62,
  lockEvents: 16,
  beatsAMinute: 6,
  actions2h: 160,
};

const CHUNKS = 6;
const TWO_HOURS_MS = 2 * 3_600_000;
const FOLLOWED_MS = 60_000;
const FOLLOW = 'anaplan.followTask';

interface Line {
  what: string;
  figure: number;
  bound: number;
}

async function main(): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('WARN') });
  const rig = await BenchRig.start({ metrics: true });
  try {
    const meter = new Meter(rig.server.metricsUrl);
    await rig.sandbox({ requestsPerMinute: false, taskDurationMs: 500 });
    await rig.startWorker();
    // The first run of a worker would count what is asked only once.
    writeFileSync(join(rig.root, 'small.csv'), source(1, 'P0001'));
    await rig.run('uploadImport', { import: 'Load Sales', source: 'small.csv' });

    const lines: Line[] = [];
    const clean = await upload(rig, meter, 'P0001');
    lines.push(
      {
        what: `upload-import of ${CHUNKS} chunks: events of the run`,
        figure: clean.events,
        bound: BOUNDS.runEvents,
      },
      { what: '  events of its lock', figure: clean.lockEvents, bound: BOUNDS.lockEvents },
    );
    const rejected = await upload(rig, meter, 'P9999');
    lines.push(
      { what: '  with a dump: events of the run', figure: rejected.events, bound: BOUNDS.runEventsWithDump },
      { what: '  events of its lock', figure: rejected.lockEvents, bound: BOUNDS.lockEvents },
    );
    const beats = beatsWithin(clean.followTimeoutMs, TWO_HOURS_MS);
    lines.push({
      what: 'billable actions of the upload-import when its task takes 2 h',
      figure: clean.actions + beats,
      bound: BOUNDS.actions2h,
    });
    await rig.stopWorker();

    await rig.sandbox({ requestsPerMinute: false, taskDurationMs: FOLLOWED_MS + 10_000 });
    await rig.startWorker();
    lines.push({
      what: 'heartbeats on the wire while a task is followed for 60 s',
      figure: await follow(rig, meter),
      bound: BOUNDS.beatsAMinute,
    });
    report(lines);
    console.log(
      `\nThe actions are those that the server counted (its metric "action"): ${clean.actions} for a task that takes half a second,\n${list(clean.kinds)}.\nNobody waited for 2 h: the ${beats} heartbeats are computed by the function that the worker asks (waitBeats), for the\nheartbeat time-out of ${clean.followTimeoutMs / 1000} s that this run's activity ${FOLLOW} had.`,
    );
  } finally {
    await rig.close();
  }
}

/** What one upload-import costs. */
interface Cost {
  events: number;
  lockEvents: number;
  actions: number;
  kinds: Readonly<Record<string, number>>;
  /** The heartbeat time-out of the activity that followed its task. */
  followTimeoutMs: number;
}

/** Uploads and imports a file of six chunks whose rows name `product`, and waits until its lock has ended, too. */
async function upload(rig: BenchRig, meter: Meter, product: string): Promise<Cost> {
  writeFileSync(join(rig.root, 'source.csv'), source(CHUNKS, product));
  const began = new Date(Date.now() - 1);
  const before = await meter.read();
  const run = await rig.run('uploadImport', {
    import: 'Load Sales',
    source: 'source.csv',
    acceptRejections: true,
  });
  const chunks = run.result.transfers[0]?.chunks;
  if (chunks !== CHUNKS) throw new Error(`The upload had ${chunks} chunks instead of ${CHUNKS}.`);
  const dumps = run.result.dumps.length;
  if (dumps > 0 !== (product === 'P9999'))
    throw new Error(`The run with product ${product} has ${dumps} dumps.`);
  const lockEvents = await eventsOfLock(rig, began);
  const kinds = (await meter.read()).actionsSince(before);
  const history = await rig.client.workflow.getHandle(run.workflowId).fetchHistory();
  const scheduled = history.events?.find(
    (e) => e.activityTaskScheduledEventAttributes?.activityType?.name === FOLLOW,
  )?.activityTaskScheduledEventAttributes;
  return {
    events: run.events,
    lockEvents,
    actions: Object.values(kinds).reduce((sum, n) => sum + n, 0),
    kinds,
    followTimeoutMs: Number(scheduled?.heartbeatTimeout?.seconds ?? 0) * 1000,
  };
}

/** The events of the model's lock in all its runs since then; ends with the last of them. */
async function eventsOfLock(rig: BenchRig, since: Date): Promise<number> {
  const query = `WorkflowId = '${lockId(SALES_MODEL)}' AND StartTime >= '${since.toISOString()}'`;
  for (;;) {
    let events = 0;
    let open = false;
    for await (const run of rig.client.workflow.list({ query })) {
      open ||= run.status.name === 'RUNNING';
      events += await eventsOf(rig.client.workflow.getHandle(run.workflowId, run.runId));
    }
    if (events > 0 && !open) return events;
    await delay(200);
  }
}

async function eventsOf(handle: WorkflowHandle): Promise<number> {
  return (await handle.fetchHistory()).events?.length ?? 0;
}

/** The heartbeats that reach the server from a minute of following a task. */
async function follow(rig: BenchRig, meter: Meter): Promise<number> {
  const handle = await rig.client.workflow.start('runAction', {
    workflowId: `cost-follow-${Date.now()}`,
    taskQueue: 'anaplan',
    args: [{ model: SALES_MODEL, action: 'Order Products' }],
  });
  for (;;) {
    const { raw } = await handle.describe();
    if (raw.pendingActivities?.some((a) => a.activityType?.name === FOLLOW && a.lastStartedTime)) break;
    await delay(100);
  }
  const before = await meter.read();
  await delay(FOLLOWED_MS);
  const after = await meter.read();
  await handle.result();
  return after.heartbeats - before.heartbeats;
}

/** How often an activity that waits heartbeats in that time. */
function beatsWithin(timeoutMs: number, ms: number): number {
  let beats = 0;
  for (const at of waitBeats(timeoutMs)) {
    if (at > ms) break;
    beats++;
  }
  return beats;
}

/** A source of `Load Sales` that is cut into so many chunks. Blanks make its rows long: what counts here is bytes. */
function source(chunks: number, product: string): string {
  const row = `${product},NA,Jan 25,1,2.50${' '.repeat(4_000)},2026-03-06\n`;
  const rows = Math.floor(((chunks - 0.5) * LIMITS.defaultChunkBytes) / row.length);
  return `Product,Region,Month,Units,Revenue,Last Order\n${row.repeat(rows)}`;
}

function report(lines: readonly Line[]): void {
  console.log(`\n${'What one run costs, alone on a server'.padEnd(66)}figure  bound`);
  for (const { what, figure, bound } of lines) {
    const broken = figure > bound;
    if (broken) process.exitCode = 1;
    console.log(
      `${what.padEnd(66)}${String(figure).padStart(6)}${String(bound).padStart(7)}${broken ? '  broken' : ''}`,
    );
  }
}

function list(kinds: Readonly<Record<string, number>>): string {
  return Object.entries(kinds)
    .map(([kind, n]) => `${n} ${kind.replace(/^[a-z]+_/, '')}`)
    .join(', ');
}

void main();
