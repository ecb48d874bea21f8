import type { DownloadPosition } from '../../../src/activities';
import { FAST } from '../../support/rig';
import { attempt, Bench, ROOT } from '../support';

const VIEW = { kind: 'views', id: '206000000002', name: 'Bulk.All' } as const;
const READS = '/models/*/views/*/readRequests';

describe('asking for a large read: one whose answer is lost has no ID, and nobody can delete it', () => {
  let bench: Bench;
  afterEach(() => bench.close());
  const create = (resume?: unknown) =>
    attempt(
      () =>
        bench.activities['anaplan.createReadRequest']({
          ...bench.call,
          read: VIEW,
          exportType: 'TABULAR_MULTI_COLUMN',
        }),
      { resume },
    );
  const creates = () =>
    bench.sandbox.record.filter((r) => r.method === 'POST' && /readRequests\/?$/.test(r.path)).length;

  it('asks again only once the model is idle, and says how many may be left behind', async () => {
    bench = await Bench.start();
    bench.sandbox.faults.add({
      method: 'POST',
      path: READS,
      action: { kind: 'reset', when: 'after-effect' },
    });
    const first = await create();
    expect(first.failure).toMatchObject({ type: 'NetworkError', nonRetryable: false });
    const resume = first.beats.at(-1);
    expect(resume?.position).toMatchObject({ sent: 1 });
    bench.sandbox.setModelState({ status: 'busy', forMs: 700 });
    const second = await create(resume);
    expect(second.result).toMatchObject({ requestId: expect.any(String), lost: 1 });
    const { record } = bench.sandbox;
    const states = record.filter((r) => r.path.endsWith('/status')).length;
    expect(states).toBeGreaterThanOrEqual(3);
    // The question came last: nothing was held open by the busy model.
    expect(record.at(-1)?.method).toBe('POST');
    expect(record.at(-1)?.path).toMatch(/readRequests\/?$/);
    expect(creates()).toBe(2);
  });

  it('counts no request that certainly opened nothing', async () => {
    bench = await Bench.start();
    bench.sandbox.faults.add({ method: 'POST', path: READS, action: { kind: 'status', status: 423 } });
    const first = await create();
    expect(first.failure).toMatchObject({ type: 'ModelLocked', nonRetryable: false });
    const second = await create(first.beats.at(-1));
    expect(second.result?.lost).toBeUndefined();
    expect(bench.sandbox.openReadRequests()).toHaveLength(1);
  });
});

describe('a read whose first page comes late', () => {
  it('is touched by asking for page 0, so that it does not expire before that', async () => {
    const bench = await Bench.start({
      sandbox: { readStartDelayMs: 7_000, readDurationMs: 100, readIdleMs: 4_000 },
      deps: { timing: { ...FAST, readTouchMs: 1_800, pagesSoonMs: 120_000 } },
    });
    try {
      const { requestId } = await bench.client.reads.create(
        { workspaceId: bench.call.workspace.id, modelId: bench.call.model.id },
        VIEW,
        { exportType: 'TABULAR_MULTI_COLUMN' },
      );
      const { result, failure } = await attempt(() =>
        bench.activities['anaplan.readPages']({
          ...bench.call,
          read: VIEW,
          requestId,
          target: { uri: 'late.csv', token: 't', root: ROOT },
          compress: false,
          verbatim: false,
        }),
      );
      expect(failure).toBeUndefined();
      expect(result).toMatchObject({ done: true });
      expect(result?.failed).toBeUndefined();
      expect(bench.sandbox.misuse).toEqual([]);
    } finally {
      await bench.close();
    }
  }, 120_000);

  it('is waited for by an activity of its own, which keeps it from expiring, too', async () => {
    const bench = await Bench.start({
      sandbox: { readStartDelayMs: 7_000, readDurationMs: 100, readIdleMs: 4_000 },
      deps: { timing: { ...FAST, readTouchMs: 1_800, pagesSoonMs: 200 } },
    });
    try {
      const { requestId } = await bench.client.reads.create(
        { workspaceId: bench.call.workspace.id, modelId: bench.call.model.id },
        VIEW,
        { exportType: 'TABULAR_MULTI_COLUMN' },
      );
      const call = { ...bench.call, read: VIEW, requestId };
      const read = (from?: DownloadPosition) =>
        attempt(() =>
          bench.activities['anaplan.readPages']({
            ...call,
            target: { uri: 'late.csv', token: 't', root: ROOT },
            compress: false,
            verbatim: false,
            ...(from ? { from } : {}),
          }),
        );
      const { result: early } = await read();
      expect(early).toMatchObject({ done: false, waiting: true, next: 0 });
      const from = { next: 0, offset: 0, crc32: 0, rows: 0, received: 0, touchedAt: early?.touchedAt ?? 0 };
      const { result: there, beats } = await attempt(
        () => bench.activities['anaplan.awaitPages']({ ...call, from }),
        { type: 'anaplan.awaitPages', heartbeatTimeoutMs: 150_000 },
      );
      expect(there?.available).toBeGreaterThan(0);
      expect(there?.failed).toBeUndefined();
      expect(beats).toEqual([]);
      expect((await read({ ...from, ...there })).result).toMatchObject({ done: true });
    } finally {
      await bench.close();
    }
  }, 120_000);
});
