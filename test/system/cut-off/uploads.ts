/** A worker that is cut off from Temporal in the middle of an upload: it must not touch what others write to the file. */
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

import { bulkCsv, noise } from '../../support/content';
import { until } from '../../support/processes';
import { CHUNK, sha256, type Tenant } from '../../support/tenant';
import { BULK_FILE, slowChunks } from '../kills/upload';
import { slowLogIn, TAKEN_OVER_WITHIN_MS, withSides } from './sides';

/** Do not compress, so that a chunk is far more than what connections buffer. Eight chunks, and three. */
const FIRST = Buffer.concat([Buffer.from('Key,Value\n'), noise(79_999_990, 'first')]);
const SECOND = Buffer.concat([Buffer.from('Key,Value\n'), noise(29_999_990, 'second')]);
const CHUNK_BYTES = 1_000_000;

const begin = (tenant: Tenant, source: string) => tenant.begin('uploadFile', { file: 'bulk.csv', source });

function expectSecond(tenant: Tenant): void {
  expect(tenant.sandbox.files(BULK_FILE)).toMatchObject({ sha256: sha256(SECOND), completed: true });
  expect(tenant.sandbox.misuse).toEqual([]);
}

/** Another worker finishes the upload, and the next run uploads to the same file, while the first worker comes back. */
export function twoUploads(): Promise<void> {
  return withSides({}, async ({ tenant, first, cut }) => {
    tenant.write('a.csv', FIRST);
    tenant.write('b.csv', SECOND);
    const slow = tenant.sandbox.faults.add(slowChunks(4_000));
    const x = await begin(tenant, 'a.csv');
    await tenant.arrival('PUT', CHUNK, 2);
    const second = await cut();
    await second.sends();
    const then = first.sent;
    tenant.sandbox.faults.remove(slow);
    const y = await begin(tenant, 'b.csv');
    const end = await tenant.ending(x);
    expect(end.result).toMatchObject({ outcome: 'succeeded', transfers: [{ sha256: sha256(FIRST) }] });
    tenant.sandbox.faults.add(slowChunks(1_500));
    const before = tenant.asked('PUT', CHUNK).length;
    await tenant.arrival('PUT', CHUNK, before + 1, TAKEN_OVER_WITHIN_MS);
    expect(first.sent).toBe(then);
    first.temporal.restore();
    const next = await tenant.ending(y);
    expect(next.result).toMatchObject({ outcome: 'succeeded', transfers: [{ sha256: sha256(SECOND) }] });
    expectSecond(tenant);
  });
}

/** The run of the first worker ends by other hands, and the next one uploads. */
function endedMeanwhile(end: (tenant: Tenant, id: string) => Promise<void>): Promise<void> {
  return withSides({}, async ({ tenant, first, cut }) => {
    tenant.write('a.csv', FIRST);
    tenant.write('b.csv', SECOND);
    tenant.sandbox.faults.add(slowChunks(4_000));
    const x = await begin(tenant, 'a.csv');
    await tenant.arrival('PUT', CHUNK, 2);
    const second = await cut();
    await end(tenant, x);
    const y = await begin(tenant, 'b.csv');
    await second.sends(CHUNK_BYTES);
    const then = first.sent;
    tenant.sandbox.faults.clear();
    const ended = await tenant.ending(y);
    expect(ended.result).toMatchObject({ outcome: 'succeeded', transfers: [{ sha256: sha256(SECOND) }] });
    expect(first.sent).toBe(then);
    first.temporal.restore();
    await delay(3_000);
    expectSecond(tenant);
  });
}

export const cancelledMeanwhile = () =>
  endedMeanwhile((tenant, id) =>
    tenant.client.workflow
      .getHandle(id)
      .cancel()
      .then(() => undefined),
  );

export const terminatedMeanwhile = () =>
  endedMeanwhile((tenant, id) =>
    tenant.client.workflow
      .getHandle(id)
      .terminate()
      .then(() => undefined),
  );

/** The run is reset to its beginning, and goes on with its own lock at once, while the old attempt still has its lease. */
export function resetMeanwhile(): Promise<void> {
  return withSides({}, async ({ tenant, first, cut }) => {
    tenant.write('a.csv', FIRST);
    tenant.sandbox.faults.add(slowChunks(4_000));
    const id = await begin(tenant, 'a.csv');
    await tenant.arrival('PUT', CHUNK, 2);
    const second = await cut();
    const { events } = await tenant.client.workflow.getHandle(id).fetchHistory();
    const done = (events ?? []).find((event) => event.workflowTaskCompletedEventAttributes);
    await tenant.client.workflowService.resetWorkflowExecution({
      namespace: tenant.namespace,
      workflowExecution: { workflowId: id },
      reason: 'a test',
      requestId: id,
      ...(done?.eventId ? { workflowTaskFinishEventId: done.eventId } : {}),
    });
    // Setting the chunk count is the first thing that the reset run changes.
    await tenant.arrival('POST', '/models/{m}/files/{f}', 2, TAKEN_OVER_WITHIN_MS);
    const then = first.sent;
    await second.sends(CHUNK_BYTES);
    tenant.sandbox.faults.clear();
    const end = await tenant.ending(id);
    expect(end.result).toMatchObject({ outcome: 'succeeded', transfers: [{ sha256: sha256(FIRST) }] });
    expect(first.sent).toBe(then);
    expect(tenant.sandbox.files(BULK_FILE)).toMatchObject({ sha256: sha256(FIRST), completed: true });
    expect(tenant.sandbox.misuse).toEqual([]);
  });
}

/** On its way to tell that the upload is complete: the other worker does, and the first one no more. */
export function beforeComplete(): Promise<void> {
  return withSides({}, async ({ tenant, cut }) => {
    const source = bulkCsv(2_000_000);
    const complete = '/models/{m}/files/{f}/complete';
    tenant.write('bulk.csv.gz', gzipSync(source));
    slowLogIn(tenant, '/models/*/files/*/complete', 45_000);
    const id = await begin(tenant, 'bulk.csv.gz');
    await tenant.arrival('POST', '/token/authenticate', 2);
    await cut();
    const end = await tenant.ending(id);
    expect(end.result).toMatchObject({ outcome: 'succeeded' });
    const late = tenant.asked('POST', '/token/authenticate')[1];
    await until('the end of the slow log-in', () => late?.status !== 0, TAKEN_OVER_WITHIN_MS);
    await delay(12_000);
    expect(tenant.asked('POST', complete).map((r) => r.status)).toEqual([401, expect.any(Number)]);
    expect(tenant.sandbox.files(BULK_FILE)).toMatchObject({ sha256: sha256(source), completed: true });
    expect(tenant.sandbox.misuse).toEqual([]);
  });
}
