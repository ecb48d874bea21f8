/** A worker that is cut off from Temporal before it starts something that must happen once, or while it waits for it. */
import { setTimeout as delay } from 'node:timers/promises';

import { bulkCsv } from '../../support/content';
import { until } from '../../support/processes';
import { expectLoadedOnce, IMPORT_TASKS } from '../kills/upload';
import { slowLogIn, TAKEN_OVER_WITHIN_MS, waitsForItsTurn, withSides, type Sides } from './sides';

const LOG_IN_MS = 45_000;
/** What the slow worker would need to send its request after all. */
const SENT_WITHIN_MS = 12_000;

async function logInOver({ tenant }: Sides): Promise<void> {
  const late = tenant.asked('POST', '/token/authenticate')[1];
  await until('the end of the slow log-in', () => late?.status !== 0, TAKEN_OVER_WITHIN_MS);
  await delay(SENT_WITHIN_MS);
}

/** Past the heartbeat time-out and the minute in which the task is looked for. */
const TURN_MS = 150_000;

/** An action, while it is cut off all the time. */
export function beforeStart(): Promise<void> {
  return withSides({}, async ({ tenant, cut }) => {
    const from = Date.now();
    const begin = () => tenant.begin('runAction', { action: 'Order Products' });
    const id = await waitsForItsTurn(tenant, 'actions', begin, TURN_MS);
    await cut();
    const end = await tenant.ending(id);
    expect(end.result).toMatchObject({ outcome: 'succeeded' });
    expect(Date.now() - from).toBeLessThan(TURN_MS);
    await delay(from + TURN_MS + SENT_WITHIN_MS - Date.now());
    expect(tenant.sandbox.tasks()).toHaveLength(1);
    expect(tenant.asked('POST', '/models/{m}/actions/{a}/tasks').map((r) => r.status)).toEqual([200]);
    expect(tenant.sandbox.misuse).toEqual([]);
  });
}

/** An import after its upload; Temporal is back before its turn comes, and says that the attempt is not known. */
export function beforeStartAndBack(): Promise<void> {
  return withSides({}, async ({ tenant, first, cut }) => {
    const source = bulkCsv(2_000_000);
    tenant.write('bulk.csv', source);
    const from = Date.now();
    const begin = () => tenant.begin('uploadImport', { import: 'Load Bulk', source: 'bulk.csv' });
    const id = await waitsForItsTurn(tenant, 'imports', begin, TURN_MS);
    await cut();
    await tenant.arrival('POST', IMPORT_TASKS, 1, TAKEN_OVER_WITHIN_MS);
    first.temporal.restore();
    const end = await tenant.ending(id);
    await delay(Math.max(0, from + TURN_MS + SENT_WITHIN_MS - Date.now()));
    expectLoadedOnce(tenant, end, source);
    expect(tenant.asked('POST', IMPORT_TASKS).map((r) => r.status)).toEqual([200]);
  });
}

/** A read request that nobody would delete. */
export function beforeReadRequest(): Promise<void> {
  return withSides({ model: { listItems: 400, listRowsPerPage: 200 } }, async (sides) => {
    const { tenant, cut } = sides;
    const path = '/models/*/lists/*/readRequests';
    slowLogIn(tenant, path, LOG_IN_MS);
    const id = await tenant.begin('largeListRead', { list: 'Bulk Items', target: 'out/list.csv' });
    await tenant.arrival('POST', '/token/authenticate', 2);
    await cut();
    const end = await tenant.ending(id);
    await logInOver(sides);
    expect(end.result).toMatchObject({ outcome: 'succeeded', transfers: [{ rows: 400 }] });
    const asked = tenant.sandbox.record.filter(
      (r) => r.method === 'POST' && /\/readRequests\/?$/.test(r.path),
    );
    expect(asked.map((r) => r.status)).toEqual([401, 200]);
    expect(tenant.sandbox.openReadRequests()).toEqual([]);
    expect(tenant.parts()).toEqual([]);
    expect(tenant.sandbox.misuse).toEqual([]);
  });
}

/** While the task runs: the other worker sees its end. */
export function whilePolling(): Promise<void> {
  return withSides({ taskDurationMs: 40_000 }, async ({ tenant, first, cut }) => {
    const id = await tenant.begin('runAction', { action: 'Order Products' });
    await tenant.arrival('GET', '/models/{m}/actions/{a}/tasks/{t}');
    const second = await cut();
    const end = await tenant.ending(id);
    expect(second.sent).toBeGreaterThan(0);
    first.temporal.restore();
    expect(end.result).toMatchObject({ outcome: 'succeeded', task: { state: 'COMPLETE' } });
    expect(tenant.sandbox.tasks()).toHaveLength(1);
    expect(tenant.asked('POST', '/models/{m}/actions/{a}/tasks')).toHaveLength(1);
  });
}
