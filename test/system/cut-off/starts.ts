/** A worker that is cut off from Temporal before it starts something that must happen once, or while it waits for it. */
import { setTimeout as delay } from 'node:timers/promises';

import { bulkCsv } from '../../support/content';
import { until } from '../../support/processes';
import { sha256 } from '../../support/tenant';
import { BULK_FILE, expectLoadedOnce, IMPORT_TASKS } from '../kills/upload';
import { slowLogIn, TAKEN_OVER_WITHIN_MS, withSides, type Sides } from './sides';

const LOG_IN_MS = 45_000;
/** What the slow worker would need to send its request after all. */
const SENT_WITHIN_MS = 12_000;

async function logInOver({ tenant }: Sides): Promise<void> {
  const late = tenant.asked('POST', '/token/authenticate')[1];
  await until('the end of the slow log-in', () => late?.status !== 0, TAKEN_OVER_WITHIN_MS);
  await delay(SENT_WITHIN_MS);
}

/** An action, while it is cut off all the time. */
export function beforeStart(): Promise<void> {
  return withSides({}, async (sides) => {
    const { tenant, cut } = sides;
    slowLogIn(tenant, '/models/*/actions/*/tasks', LOG_IN_MS);
    const id = await tenant.begin('runAction', { action: 'Order Products' });
    await tenant.arrival('POST', '/token/authenticate', 2);
    await cut();
    const end = await tenant.ending(id);
    await logInOver(sides);
    expect(end.result).toMatchObject({ outcome: 'succeeded' });
    expect(tenant.sandbox.tasks()).toHaveLength(1);
    expect(tenant.asked('POST', '/models/{m}/actions/{a}/tasks').map((r) => r.status)).toEqual([401, 200]);
    expect(tenant.sandbox.misuse).toEqual([]);
  });
}

/** An import after its upload; Temporal is back before the log-in is, and says that the attempt is not known. */
export function beforeStartAndBack(): Promise<void> {
  return withSides({}, async (sides) => {
    const { tenant, first, cut } = sides;
    const source = bulkCsv(2_000_000);
    tenant.write('bulk.csv', source);
    slowLogIn(tenant, '/models/*/imports/*/tasks', LOG_IN_MS);
    const id = await tenant.begin('uploadImport', { import: 'Load Bulk', source: 'bulk.csv' });
    await tenant.arrival('POST', '/token/authenticate', 2);
    await cut();
    await delay(25_000);
    first.temporal.restore();
    const end = await tenant.ending(id);
    await logInOver(sides);
    expectLoadedOnce(tenant, end, source);
    expect(tenant.asked('POST', IMPORT_TASKS).map((r) => r.status)).toEqual([401, 200]);
    expect(tenant.sandbox.files(BULK_FILE)?.sha256).toBe(sha256(source));
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
