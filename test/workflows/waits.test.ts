import { ApplicationFailure } from '@temporalio/common';
import { WorkflowFailedError } from '@temporalio/client';
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
const UPLOAD: Stubs = {
  'anaplan.prepare': () =>
    prepared<'uploadFile'>({
      upload: { file: { id: '113', name: 'f.csv' }, source: 's.csv', workbook: false },
    }),
  'anaplan.openSource': ({ source, root }) => ({
    uri: 's.csv',
    place: source,
    root,
    host: 'stub',
    version: { stamp: 'x' },
    size: 1,
  }),
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
          prepared<'processWithDumps'>({
            action: { kind: 'processes', id: '118', name: 'P' },
            steps: [step],
            uploads: [],
            downloads: [{ export: step, target: 'a.csv' }],
            filesNotUploaded: [],
          }),
        'anaplan.followTask': () => task('COMPLETE'),
      },
    );
    expect(result?.warnings).toEqual([
      'export "Export A" (116) was not written by this run of the process, so its file was not downloaded',
    ]);
    expect(await activitiesOf(handle)).not.toContain('anaplan.downloadChunks');
  });

  describe('a root that nobody serves', () => {
    const upload = (stubs: Stubs) =>
      rig.run(
        'uploadFile',
        { ...input, timeouts: { transfer: '3s' } },
        { ...UPLOAD, ...stubs },
        { code: bundleWith({ UNSERVED_MS: 500 }), unserved: true },
      );

    it.each([
      ['no worker serves it', false],
      ['its workers are busy', true],
    ])('is waited for within timeouts.transfer, and named: %s', async (words, served) => {
      const { error, handle } = await upload({ 'anaplan.rootServed': () => served });
      const { type, message, result } = failure(error);
      expect(type).toBe('DeadlineExceeded');
      expect(message).toMatch(
        new RegExp(`Waited for root "default": ${words} .*-files\\.default\\.small.*timeouts\\.transfer`),
      );
      expect(result.failure).toMatchObject({ code: 'transfer', effects: 'none' });
      // Asked for again once only, however long it lasts.
      expect(await activitiesOf(handle)).toEqual([
        'anaplan.prepare',
        'anaplan.openSource',
        'anaplan.rootServed',
        'anaplan.openSource',
        'anaplan.rootServed',
      ]);
    });
  });
});
