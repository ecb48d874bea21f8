/** A worker whose machine loses its network with a request that is written but has not left: what becomes of it later. */
import { setTimeout as delay } from 'node:timers/promises';

import { bulkCsv } from '../../support/content';
import { CHUNK, sha256 } from '../../support/tenant';
import { BULK_FILE, slowChunks } from '../kills/upload';
import { TAKEN_OVER_WITHIN_MS, withSides } from './sides';

/** What a machine would send once its network is back has arrived after this. */
const ARRIVES_MS = 5_000;
const ORDER = 'Order Products';
const ORDER_TASKS = '/models/{m}/actions/{a}/tasks';

/** The start of an action: the other worker finds no task and starts it; the first start must not arrive after that. */
export function withStart(): Promise<void> {
  return withSides({}, async ({ tenant, first, unplugAt }) => {
    // A task list that was empty before would tell nothing.
    await tenant.run('runAction', { action: ORDER });
    const gone = unplugAt(/^POST \S+\/tasks /);
    const id = await tenant.begin('runAction', { action: ORDER });
    await gone;
    await tenant.arrival('POST', ORDER_TASKS, 2, 2 * TAKEN_OVER_WITHIN_MS);
    const end = await tenant.ending(id);
    first.temporal.restore();
    first.anaplan.restore();
    await delay(ARRIVES_MS);
    expect(end.result).toMatchObject({ outcome: 'succeeded' });
    expect(tenant.sandbox.tasks()).toHaveLength(2);
    expect(tenant.asked('POST', ORDER_TASKS)).toHaveLength(2);
  });
}

/** A chunk: the other worker ends the upload, and the next run replaces the file; the chunk must not get into that. */
export function withChunk(): Promise<void> {
  return withSides({}, async ({ tenant, first, unplugAt }) => {
    const [one, other] = [bulkCsv(35_000_000, 'A'), bulkCsv(35_000_000, 'B')];
    tenant.write('a.csv', one);
    tenant.write('b.csv', other);
    const gone = unplugAt(/^PUT \S+\/chunks\/1 /);
    const x = await tenant.begin('uploadFile', { file: 'bulk.csv', source: 'a.csv' });
    await gone;
    const first1 = await tenant.ending(x);
    expect(first1.result).toMatchObject({ outcome: 'succeeded', transfers: [{ sha256: sha256(one) }] });
    tenant.sandbox.faults.add({ ...slowChunks(8_000), path: '/models/*/files/*/chunks/3' });
    const before = tenant.asked('PUT', CHUNK).length;
    const y = await tenant.begin('uploadFile', { file: 'bulk.csv', source: 'b.csv' });
    await tenant.arrival('PUT', CHUNK, before + 4);
    first.temporal.restore();
    first.anaplan.restore();
    const end = await tenant.ending(y);
    await delay(ARRIVES_MS);
    expect(end.result).toMatchObject({ outcome: 'succeeded', transfers: [{ sha256: sha256(other) }] });
    expect(tenant.sandbox.files(BULK_FILE)).toMatchObject({ sha256: sha256(other), completed: true });
    expect(tenant.sandbox.misuse).toEqual([]);
  });
}
