/** Workers that are stopped past the heartbeat time-out (20 s) and wake up while another one does their work. */
import { setTimeout as delay } from 'node:timers/promises';

import { noise } from '../../support/content';
import { until } from '../../support/processes';
import { CHUNK, sha256, Tenant } from '../../support/tenant';
import { BULK_FILE, expectLoadedOnce, slowChunks } from './upload';

/** Does not compress, so that a chunk is far larger than what the buffers of a connection hold. Four chunks. */
const SOURCE = Buffer.concat([Buffer.from('Key,Value\n'), noise(34_999_990, 'frozen')]);

/** Longer than the heartbeat time-out and the pause before the next attempt. */
const GIVEN_UP_MS = 25_000;

const chunkOf = (path: string): string => path.split('/').at(-1) ?? '';

/** In the middle of a chunk: the rest of it is not sent when the worker wakes. */
export function frozenUpload(): Promise<void> {
  return Tenant.with({}, async (tenant) => {
    tenant.write('bulk.csv', SOURCE);
    tenant.sandbox.faults.add({
      method: 'PUT',
      path: '/models/*/files/*/chunks/*',
      occurrence: 2,
      action: { kind: 'stall', ms: 600_000, when: { atRequestByte: 500_000 } },
    });
    const zombie = await tenant.worker();
    const id = await tenant.begin('uploadImport', { import: 'Load Bulk', source: 'bulk.csv' });
    await tenant.arrival('PUT', CHUNK, 2);
    const cut = tenant.asked('PUT', CHUNK)[1];
    await until('half a chunk', () => (cut?.requestBytes ?? 0) >= 500_000);
    zombie.signal('SIGSTOP');
    await tenant.worker();
    const slow = tenant.sandbox.faults.add(slowChunks(1_500));
    await tenant.arrival('PUT', CHUNK, 3);
    zombie.signal('SIGCONT');
    await delay(4_000);
    tenant.sandbox.faults.remove(slow);
    expectLoadedOnce(tenant, await tenant.ending(id), SOURCE);
    // What was cut stays cut, and what the other worker sends it sends once, in order.
    expect(cut).toMatchObject({ status: 0 });
    const sent = tenant.asked('PUT', CHUNK).slice(2);
    expect(sent.map((r) => r.status)).toEqual(sent.map(() => 204));
    expect(['0123', '123', '23']).toContain(sent.map((r) => chunkOf(r.path)).join(''));
  });
}

/**
 * Before its first chunk, with the next attempt already in its hands: the server gives tasks to a worker that is frozen
 * while it asks for them. Awake, it must not begin: setting the chunk count would throw the other worker's chunks away.
 */
export function frozenBeforeUpload(): Promise<void> {
  return Tenant.with({}, async (tenant) => {
    tenant.write('bulk.csv', SOURCE);
    tenant.sandbox.faults.add({
      method: 'POST',
      path: `/models/*/files/${BULK_FILE}`,
      action: { kind: 'stall', ms: 600_000, when: 'before' },
    });
    const zombie = await tenant.worker();
    const id = await tenant.begin('uploadFile', { file: 'bulk.csv', source: 'bulk.csv' });
    await tenant.arrival('POST', '/models/{m}/files/{f}');
    zombie.signal('SIGSTOP');
    await delay(GIVEN_UP_MS);
    tenant.sandbox.faults.add(slowChunks(1_500));
    await tenant.worker();
    await tenant.arrival('PUT', CHUNK, 2);
    const counts = tenant.asked('POST', '/models/{m}/files/{f}').length;
    zombie.signal('SIGCONT');
    const end = await tenant.ending(id);
    expect(end.result).toMatchObject({ outcome: 'succeeded' });
    expect(tenant.sandbox.files(BULK_FILE)).toMatchObject({ sha256: sha256(SOURCE), completed: true });
    expect(tenant.asked('POST', '/models/{m}/files/{f}')).toHaveLength(counts);
    expect(tenant.asked('PUT', CHUNK).map((r) => chunkOf(r.path))).toEqual(['0', '1', '2', '3']);
    expect(tenant.sandbox.misuse).toEqual([]);
  });
}

/** In the middle of a download: nothing is written any more, neither to the target nor to its `.part`. */
export function frozenDownload(): Promise<void> {
  const model = { exportBytes: 12_000_000, exportChunkBytes: 1_000_000 };
  return Tenant.with({ model }, async (tenant) => {
    tenant.sandbox.faults.add({
      method: 'GET',
      path: '/models/*/files/*/chunks/*',
      occurrence: 'every',
      action: { kind: 'stall', ms: 600, when: { atByte: 400_000 } },
    });
    const zombie = await tenant.worker();
    const id = await tenant.begin('exportDownload', { export: 'Export Bulk', target: 'out/bulk.csv' });
    await tenant.arrival('GET', CHUNK, 5);
    zombie.signal('SIGSTOP');
    const stopped = tenant.asked('GET', CHUNK).length;
    await tenant.worker();
    await tenant.arrival('GET', CHUNK, stopped + 2);
    zombie.signal('SIGCONT');
    const end = await tenant.ending(id);
    const whole = tenant.sandbox.files('116000000003');
    const expectWhole = () => {
      expect(sha256(tenant.read('out/bulk.csv'))).toBe(whole?.sha256);
      expect(tenant.parts()).toEqual([]);
    };
    expectWhole();
    expect(end.result).toMatchObject({ outcome: 'succeeded', transfers: [{ sha256: whole?.sha256 }] });
    expect(tenant.sandbox.tasks()).toHaveLength(1);
    // Every chunk since was asked for once and in order, so by one worker: the other one does nothing more.
    const since = tenant.asked('GET', CHUNK).slice(stopped);
    const numbers = since.map((r) => Number(chunkOf(r.path)));
    expect(numbers).toEqual(numbers.map((_, i) => (numbers[0] ?? 0) + i));
    await delay(3_000);
    expect(tenant.asked('GET', CHUNK)).toHaveLength(stopped + since.length);
    expectWhole();
    expect(tenant.sandbox.misuse).toEqual([]);
  });
}

/**
 * On its way to start an import, while it logs in again. The run looks for the task for a minute, finds none and starts
 * it elsewhere; the worker that wakes up afterwards must not start a second one.
 */
export function frozenBeforeStart(): Promise<void> {
  return Tenant.with({}, async (tenant) => {
    tenant.sandbox.faults.add({
      method: 'POST',
      path: '/models/*/actions/*/tasks',
      action: { kind: 'expire-token' },
    });
    tenant.sandbox.faults.add({
      method: 'POST',
      path: '/token/authenticate',
      occurrence: 2,
      action: { kind: 'stall', ms: 2_000, when: 'before' },
    });
    const zombie = await tenant.worker();
    const id = await tenant.begin('runAction', { action: 'Order Products' });
    await tenant.arrival('POST', '/token/authenticate', 2);
    zombie.signal('SIGSTOP');
    await tenant.worker();
    const end = await tenant.ending(id);
    zombie.signal('SIGCONT');
    await delay(4_000);
    expect(end.result).toMatchObject({ outcome: 'succeeded' });
    expect(tenant.sandbox.tasks()).toHaveLength(1);
    expect(tenant.asked('POST', '/models/{m}/actions/{a}/tasks').map((r) => r.status)).toEqual([401, 200]);
    expect(tenant.sandbox.misuse).toEqual([]);
  });
}
