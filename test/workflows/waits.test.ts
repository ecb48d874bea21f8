import { ApplicationFailure } from '@temporalio/common';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { heartbeat, sleep } from '@temporalio/activity';

import type { SettledTask } from '../../src/activities';
import type { Refusals } from '../../src/anaplan';
import type { IntegrationResult } from '../../src/contracts';
import { activitiesOf, bundleWith, prepared, StubRig, type Stubs } from './support';

const REASON =
  'Time-skipping needs a test server that is not installed with the package and cannot be had everywhere: these tests use the dev server, stubbed activities and short time-outs.';

const task = (state: string, successful = true): SettledTask => ({
  taskId: 'T1',
  state,
  result: { successful, dumpAvailable: false, details: [] },
});
const BASELINE = { newest: null, idsAtNewest: [], known: 0, serverDate: null };
const ACTION: Stubs = {
  'anaplan.prepare': () => prepared(),
  'anaplan.startTask': () => ({ outcome: 'started', taskId: 'T1' }),
  'anaplan.followTask': () => task('COMPLETE'),
};
const HOST = 'gone-host';
const UPLOAD: Stubs = {
  'anaplan.prepare': () =>
    prepared({ uploads: [{ file: { id: '113', name: 'f.csv' }, source: 's.csv', workbook: false }] }),
  'anaplan.openSource': () => ({ uri: 's.csv', version: { stamp: 'x' }, size: 1 }),
  'anaplan.uploadChunks': () => ({
    next: 1,
    offset: 1,
    crc32: 0,
    done: true,
    completeNeeded: false,
    stands: { bytes: 1, sha256: 'abc' },
  }),
};
const input = { model: 'M', exclusive: false };

describe(`every wait has a bound, and a bound reached says which (${REASON})`, () => {
  let rig: StubRig;
  beforeAll(async () => {
    rig = await StubRig.start();
  });
  afterAll(() => rig.close());
  const run = (over: object, stubs: Stubs, o?: Parameters<StubRig['run']>[3]) =>
    rig.run('runAction', { ...input, ...over }, { ...ACTION, ...stubs }, o);
  function failure(error: unknown): ApplicationFailure & { result: IntegrationResult } {
    if (error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure) {
      return Object.assign(error.cause, { result: error.cause.details?.[0] as IntegrationResult });
    }
    throw error;
  }

  it('runs without search attributes where they are not registered', async () =>
    expect((await run({}, {})).result).toMatchObject({ outcome: 'succeeded', task: { taskId: 'T1' } }));

  it('timeouts.lock: says who held the model for how long', async () => {
    const { error } = await run(
      { exclusive: true, timeouts: { lock: '2s' } },
      {
        'anaplan.askLock': () => ({
          granted: false,
          for: 'model',
          place: 1,
          behind: [
            {
              workflowId: 'other-run',
              firstRunId: 'r',
              since: 0,
              connection: 'default',
              files: {},
              whole: true,
              holds: true,
            },
          ],
          warnings: [],
          runId: 'r',
        }),
      },
    );
    expect(failure(error)).toMatchObject({
      type: 'ModelLocked',
      result: { failure: { code: 'lock', effects: 'none' } },
    });
    expect(failure(error).message).toMatch(
      /`other-run`, which holds the model since 1970-01-01T00:00:00\.000Z, was still in the way of model "Sales Planning" .*timeouts\.lock; lock anaplan-lock:/,
    );
  });

  it('tells each start what was refused before it, and starts nothing more once it says that a bound is over', async () => {
    const earlier: unknown[] = [];
    const { error } = await run(
      {},
      {
        'anaplan.startTask': (given) => {
          earlier.push(given.earlier);
          if (earlier.length === 3) {
            const message = 'Action: Anaplan answered 423. It has been so for 2 min, in 3 tries';
            throw ApplicationFailure.create({ type: 'ModelLocked', message, nonRetryable: true });
          }
          const refusals: Refusals = {
            since: 0,
            count: earlier.length,
            last: { at: 0, class: 'x' },
            classes: {},
          };
          return {
            outcome: 'refused',
            type: 'ModelLocked',
            message: 'Anaplan answered 423',
            delayMs: 1,
            refusals,
          };
        },
      },
    );
    expect(failure(error)).toMatchObject({ type: 'ModelLocked', result: { failure: { effects: 'none' } } });
    expect(failure(error).message).toContain('for 2 min, in 3 tries');
    expect(earlier).toMatchObject([{}, { refusals: { count: 1 } }, { refusals: { count: 2 } }]);
  });

  it('timeouts.task: the task is cancelled first, then the run fails as DeadlineExceeded', async () => {
    let cancelled = false;
    const { error } = await run(
      {},
      {
        'anaplan.followTask': () => {
          if (cancelled) return task('CANCELLED', false);
          throw ApplicationFailure.create({
            type: 'DeadlineExceeded',
            message: 'timeouts.task is reached',
            nonRetryable: true,
            details: [{ code: 'task' }],
          });
        },
        'anaplan.cancelTask': () => {
          cancelled = true;
        },
      },
    );
    expect(cancelled).toBe(true);
    expect(failure(error)).toMatchObject({
      type: 'DeadlineExceeded',
      result: { failure: { code: 'task', effects: 'none' }, task: { state: 'CANCELLED' } },
    });
  });

  it('names a task that may still run when its cancellation did not come through', async () => {
    const { error } = await run(
      {},
      {
        'anaplan.followTask': () => {
          throw ApplicationFailure.create({
            type: 'DeadlineExceeded',
            message: 'out of time',
            nonRetryable: true,
          });
        },
        'anaplan.cancelTask': () => {
          throw ApplicationFailure.create({
            type: 'ServiceUnavailable',
            message: 'Anaplan is down',
            nonRetryable: true,
          });
        },
      },
    );
    expect(failure(error)).toMatchObject({
      type: 'DeadlineExceeded',
      result: { failure: { effects: 'unknown' } },
    });
    expect(failure(error).result.warnings?.join()).toMatch(/task T1 of "Order Products" may still run/);
  });

  it('looks for the task when the worker that started it fell silent, and never sends the start again', async () => {
    let starts = 0;
    const { result } = await run(
      {},
      {
        'anaplan.startTask': async () => {
          starts += 1;
          heartbeat({ position: { baseline: BASELINE } });
          await sleep(2_500);
        },
        'anaplan.reconcileStart': () => ({ outcome: 'adopted', taskId: 'T1' }),
      },
      { code: bundleWith({ WAIT_TIMEOUT_MS: 1_000 }) },
    );
    expect(result?.task).toMatchObject({ taskId: 'T1', adopted: true });
    expect(starts).toBe(1);
  });

  it('starts anew when the worker fell silent before it told the server that it would send the start', async () => {
    let starts = 0;
    let looked = 0;
    let earlier: unknown;
    const { result } = await run(
      {},
      {
        'anaplan.startTask': async (given) => {
          starts += 1;
          if (starts === 1) await sleep(2_500);
          else earlier = given.earlier;
          return { outcome: 'started', taskId: 'T1' };
        },
        'anaplan.reconcileStart': () => {
          looked += 1;
          return { outcome: 'ambiguous', reason: 'nothing is listed' };
        },
      },
      { code: bundleWith({ WAIT_TIMEOUT_MS: 1_000 }) },
    );
    expect(result).toMatchObject({ outcome: 'succeeded', task: { taskId: 'T1' } });
    expect([starts, looked]).toEqual([2, 0]);
    // A start that is never answered has a bound, too.
    expect(earlier).toMatchObject({ unanswered: { at: [expect.any(Number)], type: 'NetworkError' } });
  });

  it('starts anew when the worker had beaten before it knew the task list: such an attempt sends nothing', async () => {
    const given: unknown[] = [];
    const { result } = await run(
      {},
      {
        'anaplan.startTask': async ({ baseline }) => {
          given.push(baseline);
          if (given.length > 2) return { outcome: 'started', taskId: 'T1' };
          if (given.length > 1) return { outcome: 'listed', baseline: BASELINE };
          heartbeat({ note: 'waiting' });
          await sleep(2_500);
          return { outcome: 'started', taskId: 'T0' };
        },
        'anaplan.reconcileStart': () => ({ outcome: 'ambiguous', reason: 'nothing is listed' }),
      },
      { code: bundleWith({ WAIT_TIMEOUT_MS: 1_000 }) },
    );
    expect(result?.task).toMatchObject({ taskId: 'T1' });
    // What took long to read is not read again.
    expect(given).toEqual([undefined, undefined, BASELINE]);
  });

  it('says AmbiguousTaskStart when the task list cannot be read', async () => {
    const { error } = await run(
      {},
      {
        'anaplan.startTask': () => ({
          outcome: 'unknown',
          message: 'The answer was lost',
          baseline: BASELINE,
        }),
        'anaplan.reconcileStart': () => {
          throw ApplicationFailure.create({
            type: 'ServiceUnavailable',
            message: 'Anaplan is down',
            nonRetryable: true,
          });
        },
      },
    );
    expect(failure(error)).toMatchObject({
      type: 'AmbiguousTaskStart',
      result: { failure: { effects: 'unknown' } },
    });
  });

  it('keeps what a process wrote apart from what it did not: only that is downloaded', async () => {
    const step = { id: '116', name: 'Export A' };
    const { result, handle } = await rig.run(
      'processWithDumps',
      { ...input, process: 'P' },
      {
        ...ACTION,
        'anaplan.prepare': () =>
          prepared({
            action: { kind: 'processes', id: '118', name: 'P' },
            steps: [step],
            downloads: [{ export: step, target: 'a.csv' }],
          }),
        'anaplan.followTask': () => task('COMPLETE'),
      },
    );
    expect(result?.warnings).toEqual([
      'export "Export A" (116) was not written by this run of the process, so its file was not downloaded',
    ]);
    expect(await activitiesOf(handle)).not.toContain('anaplan.downloadChunks');
  });

  describe('a host that has the source', () => {
    const code = () => bundleWith({ HOST_WAIT_MS: 500 });
    const upload = (stubs: Stubs, queues: string[] = []) =>
      rig.run('uploadFile', input, { ...UPLOAD, ...stubs }, { code: code(), queues });

    it('and is gone: another one begins again from the start, and the result says so', async () => {
      let opened = 0;
      const { result } = await upload({
        'anaplan.openSource': () => ({
          uri: 's.csv',
          version: { stamp: 'x' },
          size: 1,
          ...(opened++ === 0 ? { hostQueue: HOST } : {}),
        }),
        'anaplan.queueServed': () => false,
      });
      expect(opened).toBe(2);
      expect(result).toMatchObject({ outcome: 'succeeded', transfers: [{ sha256: 'abc' }] });
      expect(result?.warnings?.[0]).toMatch(
        /worker of queue gone-host is gone; s\.csv is uploaded again from the start/,
      );
    });

    it('and is only busy: it is waited for', async () => {
      let looks = 0;
      let opened = 0;
      const { result, handle } = await upload({
        'anaplan.openSource': () => ({
          uri: 's.csv',
          version: { stamp: 'x' },
          size: 1,
          ...(opened++ === 0 ? { hostQueue: HOST } : {}),
        }),
        'anaplan.queueServed': () => looks++ < 1,
      });
      const names = await activitiesOf(handle);
      // Busy once, gone the second time: in between the same batch was offered to the same host again.
      expect(names.join()).toMatch(
        /uploadChunks,anaplan\.queueServed,anaplan\.uploadChunks,anaplan\.queueServed,anaplan\.openSource/,
      );
      expect(result?.outcome).toBe('succeeded');
    });

    const impatient = () => bundleWith({ HOST_WAIT_MS: 100, MAX_HOST_WAIT_MS: 150 });
    const busy = (): Stubs => ({
      'anaplan.openSource': () => ({ uri: 's.csv', version: { stamp: 'x' }, size: 1, hostQueue: HOST }),
      'anaplan.queueServed': () => true,
    });
    async function expectOutOfTime(given: { error?: unknown; handle: WorkflowHandle }): Promise<void> {
      expect(failure(given.error)).toMatchObject({
        type: 'DeadlineExceeded',
        message: expect.stringMatching(/busy; timeouts\.transfer is reached/) as string,
      });
      const { events } = await given.handle.fetchHistory();
      const waits = (events ?? []).flatMap((e) => {
        const { taskQueue, scheduleToStartTimeout: wait } = e.activityTaskScheduledEventAttributes ?? {};
        if (taskQueue?.name?.includes(HOST) !== true) return [];
        return [Number(wait?.seconds ?? 0) * 1000 + (wait?.nanos ?? 0) / 1e6];
      });
      // They double, but not without end: else the deadline would be noticed late.
      expect([waits[0], Math.max(...waits)]).toEqual([100, 150]);
    }

    it('and stays busy: timeouts.transfer ends the wait of its chunks', async () => {
      const given = { ...input, timeouts: { transfer: '4s' } };
      await expectOutOfTime(
        await rig.run('uploadFile', given, { ...UPLOAD, ...busy() }, { code: impatient() }),
      );
    });

    it('and stays busy: timeouts.transfer ends the wait of the second source, too', async () => {
      const to = (id: string) => ({ file: { id, name: id }, source: `${id}.csv`, workbook: false });
      const stubs: Stubs = {
        ...ACTION,
        ...busy(),
        'anaplan.prepare': () =>
          prepared({
            action: { kind: 'processes', id: '118', name: 'P' },
            uploads: [to('113000000001'), to('113000000002')],
          }),
      };
      const given = { ...input, process: 'P', timeouts: { transfer: '4s' } };
      await expectOutOfTime(await rig.run('processWithDumps', given, stubs, { code: impatient() }));
    });
  });
});
