/** Workers that die, hand over or freeze while they upload and import. */
import { bulkCsv } from '../../support/content';
import { until } from '../../support/processes';
import { CHUNK, sha256, Tenant, type Ending } from '../../support/tenant';

export const BULK_FILE = '113000000003';
export const IMPORT_TASKS = '/models/{m}/imports/{a}/tasks';

/** Four chunks. */
const SOURCE = bulkCsv(35_000_000);

/** Every chunk that is sent takes at least this long. */
export const slowChunks = (ms: number) => ({
  method: 'PUT',
  path: '/models/*/files/*/chunks/*',
  occurrence: 'every' as const,
  action: { kind: 'stall' as const, ms, when: 'before' as const },
});

/** Chunks that hang until they are let go. */
const heldChunks = {
  method: 'PUT',
  path: '/models/*/files/*/chunks/*',
  action: { kind: 'stall' as const, when: 'before' as const },
};

/** What every case ends with: one task on exactly the right bytes, and nothing a careful client does not do. */
export function expectLoadedOnce(tenant: Tenant, end: Ending, source: Buffer): void {
  expect(end).toMatchObject({ result: { outcome: 'succeeded' }, cancelled: false });
  expect(end.result.transfers).toMatchObject([{ bytes: source.length, sha256: sha256(source) }]);
  expect(tenant.sandbox.files(BULK_FILE)).toMatchObject({ sha256: sha256(source), completed: true });
  expect(tenant.sandbox.tasks()).toHaveLength(1);
  expect(tenant.sandbox.tasks()[0]).toMatchObject({ state: 'COMPLETE', result: { successful: true } });
  expect(tenant.sandbox.misuse).toEqual([]);
}

/** SIGKILL in the middle of a chunked upload, and again while the import runs. */
export function killedTwice(): Promise<void> {
  return Tenant.with({ taskDurationMs: 9_000 }, async (tenant) => {
    tenant.write('bulk.csv', SOURCE);
    const held = tenant.sandbox.faults.add({ ...heldChunks, occurrence: 3 });
    const first = await tenant.worker();
    const id = await tenant.begin('uploadImport', { import: 'Load Bulk', source: 'bulk.csv' });
    await tenant.arrival('PUT', CHUNK, 3);
    await until('a heartbeat that tells of two chunks', async () => (await tenant.beatenTo(id)) === 2);
    await first.killed();
    tenant.sandbox.faults.remove(held);
    const second = await tenant.worker();
    await tenant.arrival('PUT', CHUNK, 4);
    // It goes on where the first one stood: what it heartbeated is not sent again.
    expect(tenant.asked('PUT', CHUNK)[3]?.path).toMatch(/\/chunks\/2$/);
    await tenant.arrival('GET', `${IMPORT_TASKS}/{t}`);
    await second.killed();
    await tenant.worker();
    const end = await tenant.ending(id);
    expectLoadedOnce(tenant, end, SOURCE);
    expect(tenant.asked('POST', IMPORT_TASKS)).toHaveLength(1);
  });
}

/** SIGTERM in the middle of a chunk: the other worker sends it at once, without waiting for a time-out. */
export function handedOver(): Promise<void> {
  return Tenant.with({}, async (tenant) => {
    tenant.write('bulk.csv', SOURCE);
    const first = await tenant.worker();
    tenant.sandbox.faults.add({ ...slowChunks(600_000), occurrence: 2 });
    const id = await tenant.begin('uploadImport', { import: 'Load Bulk', source: 'bulk.csv' });
    await tenant.arrival('PUT', CHUNK, 2);
    await tenant.worker();
    first.signal('SIGTERM');
    // Far below the heartbeat time-out of 20 s, which a worker that just died would cost.
    await tenant.arrival('PUT', CHUNK, 3, 10_000);
    expect(await first.ended).toEqual({ code: 0, signal: null });
    expectLoadedOnce(tenant, await tenant.ending(id), SOURCE);
    const chunks = tenant.asked('PUT', CHUNK).map((r) => r.path.split('/').at(-1));
    expect(chunks).toEqual(['0', '1', '1', '2', '3']);
  });
}

/** SIGKILL right after Anaplan took the start of the import: the answer never reached the worker. */
export function killedWithTheStart(): Promise<void> {
  return Tenant.with({ taskDurationMs: 1_000 }, async (tenant) => {
    const source = bulkCsv(2_000_000);
    tenant.write('bulk.csv', source);
    tenant.sandbox.faults.add({
      method: 'POST',
      path: '/models/*/imports/*/tasks',
      action: { kind: 'stall', when: 'after-effect' },
    });
    const first = await tenant.worker();
    const id = await tenant.begin('uploadImport', { import: 'Load Bulk', source: 'bulk.csv' });
    await until('the task', () => tenant.sandbox.tasks().length === 1);
    await first.killed();
    await tenant.worker();
    const end = await tenant.ending(id);
    expectLoadedOnce(tenant, end, source);
    expect(end.result.task).toMatchObject({ adopted: true, taskId: tenant.sandbox.tasks()[0]?.taskId });
    expect(tenant.asked('POST', IMPORT_TASKS)).toHaveLength(1);
  });
}
