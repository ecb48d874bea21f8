/** Two runs that want the same file or the same model, and what happens when the first one dies. */
import { bulkCsv } from '../../support/content';
import { until } from '../../support/processes';
import { CHUNK, sha256, Tenant } from '../../support/tenant';
import { BULK_FILE, IMPORT_TASKS, slowChunks } from './upload';

const FIRST = bulkCsv(25_000_000, 'A');
const SECOND = bulkCsv(22_000_000, 'B');
const COUNT = '/models/{m}/files/{f}';

async function waitsForItsTurn(tenant: Tenant, id: string): Promise<void> {
  const handle = tenant.client.workflow.getHandle(id);
  let state: unknown;
  const look = async () => {
    const { searchAttributes } = await handle.describe();
    state = searchAttributes['AnaplanState']?.[0];
  };
  for (let i = 0; i < 100 && !String(state).startsWith('waiting for'); i++) {
    await look();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  expect(String(state)).toMatch(/^waiting for/);
}

/** The first run's worker dies: the second run waits until the first one is through, on another worker. */
export function holdersWorkerKilled(): Promise<void> {
  return Tenant.with({}, async (tenant) => {
    tenant.write('a.csv', FIRST);
    tenant.write('b.csv', SECOND);
    const slow = tenant.sandbox.faults.add(slowChunks(1_500));
    const worker = await tenant.worker();
    const first = await tenant.begin('uploadImport', { import: 'Load Bulk', source: 'a.csv' });
    await tenant.arrival('PUT', CHUNK, 1);
    const second = await tenant.begin('uploadImport', { import: 'Load Bulk', source: 'b.csv' });
    await waitsForItsTurn(tenant, second);
    await worker.killed();
    await tenant.worker();
    const ended = tenant.ending(first).then((end) => {
      tenant.sandbox.faults.remove(slow);
      return end;
    });
    // The first import reads the first source, whole: nobody has touched the file meanwhile.
    await tenant.arrival('POST', IMPORT_TASKS, 1);
    const between = tenant.sandbox.files(BULK_FILE)?.sha256;
    expect((await ended).result).toMatchObject({ outcome: 'succeeded' });
    expect(between).toBe(sha256(FIRST));
    expect((await tenant.ending(second)).result).toMatchObject({ outcome: 'succeeded' });
    expect(tenant.sandbox.files(BULK_FILE)?.sha256).toBe(sha256(SECOND));
    expect(tenant.sandbox.tasks()).toHaveLength(2);
    expect(tenant.sandbox.misuse).toEqual([]);
  });
}

/** The first run is terminated, so that it cannot release: the second one gets the file, and its bytes only. */
export function holderTerminated(): Promise<void> {
  return Tenant.with({}, async (tenant) => {
    tenant.write('a.csv', FIRST);
    tenant.write('b.csv', SECOND);
    tenant.sandbox.faults.add({ ...slowChunks(1_500), occurrence: [1, 2, 3] });
    await tenant.worker();
    const first = await tenant.begin('uploadImport', { import: 'Load Bulk', source: 'a.csv' });
    await tenant.arrival('PUT', CHUNK, 1);
    const second = await tenant.begin('uploadImport', { import: 'Load Bulk', source: 'b.csv' });
    await tenant.arrival('PUT', CHUNK, 2);
    await tenant.client.workflow.getHandle(first).terminate('an operator was impatient');
    const end = await tenant.ending(second);
    expect(end.result).toMatchObject({ outcome: 'succeeded', transfers: [{ sha256: sha256(SECOND) }] });
    expect(tenant.sandbox.files(BULK_FILE)).toMatchObject({ sha256: sha256(SECOND), completed: true });
    expect(tenant.asked('POST', COUNT)).toHaveLength(2);
    expect(tenant.asked('POST', IMPORT_TASKS)).toHaveLength(1);
    expect(tenant.sandbox.misuse).toEqual([]);
  });
}

/** Two runs on different files of one model upload side by side, and their tasks run one after the other. */
export function oneModel(): Promise<void> {
  return Tenant.with({ taskDurationMs: 2_500 }, async (tenant) => {
    tenant.write('a.csv', FIRST);
    tenant.write('regions.csv', 'Code\tName\nEMEA\tEurope\n');
    await Promise.all([tenant.worker(), tenant.worker()]);
    tenant.sandbox.faults.add({ ...slowChunks(1_000), occurrence: [1, 2] });
    const ends = await Promise.all(
      [
        await tenant.begin('uploadImport', { import: 'Load Bulk', source: 'a.csv' }),
        await tenant.begin('uploadImport', { import: 'Load Regions', source: 'regions.csv' }),
      ].map((id) => tenant.ending(id)),
    );
    expect(ends).toMatchObject([{ result: { outcome: 'succeeded' } }, { result: { outcome: 'succeeded' } }]);
    const tasks = tenant.sandbox.tasks();
    expect(tasks).toHaveLength(2);
    await until('both ends', () => tasks.every((t) => t.endedAt !== undefined));
    expect(tasks[1]?.createdAt).toBeGreaterThanOrEqual(tasks[0]?.endedAt ?? Infinity);
    expect(tenant.sandbox.misuse).toEqual([]);
  });
}

/** The run that holds the model is terminated while its task runs: the next one waits for the task, too. */
export function modelHolderTerminated(): Promise<void> {
  return Tenant.with({ taskDurationMs: 12_000 }, async (tenant) => {
    await tenant.worker();
    const first = await tenant.begin('runAction', { action: 'Delete Inactive Products' });
    await until('the first task', () => tenant.sandbox.tasks().length === 1);
    const second = await tenant.begin('runAction', { action: 'Order Products' });
    await waitsForItsTurn(tenant, second);
    await tenant.client.workflow.getHandle(first).terminate('an operator was impatient');
    expect((await tenant.ending(second)).result).toMatchObject({ outcome: 'succeeded' });
    const tasks = tenant.sandbox.tasks();
    expect(tasks).toHaveLength(2);
    expect(tasks[1]?.createdAt).toBeGreaterThanOrEqual(tasks[0]?.endedAt ?? Infinity);
    expect(tenant.sandbox.misuse).toEqual([]);
  });
}
