import { randomUUID } from 'node:crypto';

import type { WorkflowHandle } from '@temporalio/client';

import { lockId } from '../../src/contracts';
import type { Rig } from '../support/rig';
import { asked, bundleWith, expectClean, GOOD, hold, ownRig, replaceWorker, until } from './support';

// What a run does that was reset is the same after a shorter wait for the run before it, which is not at work here; that
// the wait is long enough is for test/activities/attempt/resets.test.ts and the tests that cut workers off.
jest.mock('../../src/activities/attempt/lease', () => ({
  ...jest.requireActual<object>('../../src/activities/attempt/lease'),
  LEASE_AT_MOST_MS: 1_000,
}));

const ORDER = '117000000002';
const IMPORT = '112000000002';

describe('a run that is reset, which is the first button on a finished run', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  let stopWorker: () => Promise<void>;
  beforeAll(async () => {
    ({ rig, close } = await ownRig({ sandbox: { taskDurationMs: 300 } }));
    // A run that was terminated leaves its hold behind: the next test does not sit that out.
    const code = bundleWith({ SWEEP_MS: 1_000, SETTLE_MS: 1_000, IDLE_EVERY_MS: 500 });
    stopWorker = await replaceWorker(rig, code, {});
    rig.write('sales.csv', GOOD);
  });
  afterAll(async () => {
    await stopWorker();
    await close();
  });
  beforeEach(() => rig.sandbox.reset());
  afterEach(() => expectClean(rig));

  const events = async (handle: WorkflowHandle, runId: string) =>
    (await rig.client.workflow.getHandle(handle.workflowId, runId).fetchHistory()).events ?? [];
  /** The end of the workflow task before an activity was scheduled, or the first of the run. */
  async function pointBefore(handle: WorkflowHandle, runId: string, activity?: string): Promise<number> {
    const all = await events(handle, runId);
    const at = all.findIndex((e) =>
      activity === undefined
        ? e.workflowTaskCompletedEventAttributes
        : e.activityTaskScheduledEventAttributes?.activityType?.name === activity,
    );
    const before = activity === undefined ? all.slice(0, at + 1) : all.slice(0, at);
    return Number(before.filter((e) => e.workflowTaskCompletedEventAttributes).at(-1)?.eventId);
  }
  async function reset(handle: WorkflowHandle, runId: string, activity?: string): Promise<string> {
    const answer = await rig.client.workflowService.resetWorkflowExecution({
      namespace: rig.namespace,
      workflowExecution: { workflowId: handle.workflowId, runId },
      reason: 'test',
      requestId: randomUUID(),
      workflowTaskFinishEventId: (await pointBefore(handle, runId, activity)) as never,
    });
    return answer.runId;
  }
  const begin = async (over: object = {}) => {
    const handle = await rig.begin('runAction', { action: 'Order Products', ...over });
    return { handle, first: handle.firstExecutionRunId };
  };
  async function expectStopped(handle: WorkflowHandle, tasks = 1): Promise<void> {
    const end = await rig.ending(handle.workflowId);
    expect(end.type).toBe('AmbiguousTaskStart');
    expect(end.message).toMatch(
      /this run was reset to before the start, and run .* before it started task [0-9A-F]{32}/,
    );
    expect(end.result.failure?.effects).toBe('unknown');
    expect(rig.sandbox.tasks(ORDER)).toHaveLength(tasks);
  }

  it.each([
    ['its first task', undefined],
    ['the start itself', 'anaplan.startTask'],
  ])('to %s does not start its action again', async (_, activity) => {
    const { handle, first } = await begin();
    await handle.result();
    await reset(handle, first, activity);
    await expectStopped(handle);
  });

  it('twice, also from the run in between, does not start its action again', async () => {
    const { handle, first } = await begin();
    await handle.result();
    const second = await reset(handle, first, 'anaplan.startTask');
    await expectStopped(handle);
    await reset(handle, second);
    await expectStopped(handle);
    await reset(handle, first);
    await expectStopped(handle);
  });

  it('after it was terminated while its task ran does not start its action again', async () => {
    const { handle, first } = await begin();
    await until(() => rig.sandbox.tasks(ORDER).length > 0);
    await until(async () =>
      (await events(handle, first)).some(
        (e) => e.activityTaskScheduledEventAttributes?.activityType?.name === 'anaplan.followTask',
      ),
    );
    await handle.terminate('test');
    await reset(handle, first);
    await expectStopped(handle);
  });

  it('to after the start follows the task that it has started', async () => {
    const { handle, first } = await begin();
    await handle.result();
    await reset(handle, first, 'anaplan.followTask');
    expect((await rig.ending(handle.workflowId)).result.outcome).toBe('succeeded');
    expect(rig.sandbox.tasks(ORDER)).toHaveLength(1);
  });

  it('where nothing was started begins again', async () => {
    rig.sandbox.faults.add({
      method: 'POST',
      path: `/models/*/actions/${ORDER}/tasks`,
      action: { kind: 'status', status: 403 },
    });
    const { handle, first } = await begin();
    expect((await rig.ending(handle.workflowId)).type).toBe('PermissionDenied');
    await reset(handle, first);
    expect((await rig.ending(handle.workflowId)).result.outcome).toBe('succeeded');
    expect(rig.sandbox.tasks(ORDER)).toHaveLength(1);
  });

  it('whose action may run again starts it again', async () => {
    const { handle, first } = await begin({ startAgainIfUnknown: true });
    await handle.result();
    await reset(handle, first);
    const { result } = await rig.ending(handle.workflowId);
    expect(result.outcome).toBe('succeeded');
    expect(result.warnings?.join()).toMatch(
      /was reset to before the start .* before it started task [0-9A-F]{32}; it was started again, as startAgainIfUnknown says, so it has run twice/,
    );
    expect(rig.sandbox.tasks(ORDER)).toHaveLength(2);
  });

  it('stops before it uploads again what its import would not load', async () => {
    const handle = await rig.begin('uploadImport', { import: 'Load Sales', source: 'sales.csv' });
    await handle.result();
    const uploads = asked(rig, 'PUT', /chunks/);
    await reset(handle, handle.firstExecutionRunId);
    expect((await rig.ending(handle.workflowId)).type).toBe('AmbiguousTaskStart');
    expect(asked(rig, 'PUT', /chunks/)).toBe(uploads);
    expect(rig.sandbox.tasks(IMPORT)).toHaveLength(1);
  });

  it('to the middle of its upload does not write into a file that another run has now', async () => {
    const upload = { file: 'sales.csv', source: 'sales.csv' };
    const handle = await rig.begin('uploadFile', upload);
    await handle.result();
    const held = hold(rig, { method: 'PUT', path: '/models/*/files/*/chunks/*' });
    const other = await rig.begin('uploadFile', upload);
    const begins = () => asked(rig, 'POST', /files\/113000000002$/);
    await held.came();
    expect(begins()).toBe(2);
    await reset(handle, handle.firstExecutionRunId, 'anaplan.uploadChunks');
    const end = await rig.ending(handle.workflowId);
    expect(end.type).toBe('Conflict');
    expect(end.message).toContain(`${other.workflowId} has them now`);
    expect(begins()).toBe(2);
    await held.letGo();
    expect((await rig.ending(other.workflowId)).result.outcome).toBe('succeeded');
    // Nobody has them any more: the same reset goes on, and gives back what it took.
    await reset(handle, handle.firstExecutionRunId, 'anaplan.uploadChunks');
    expect((await rig.ending(handle.workflowId)).result.outcome).toBe('succeeded');
    const lock = rig.client.workflow.getHandle(lockId(rig.modelId));
    expect(await lock.query('state')).toMatchObject({ holders: [], waiting: [] });
  });

  it('and only transfers does so again', async () => {
    const handle = await rig.begin('uploadFile', { file: 'sales.csv', source: 'sales.csv' });
    await handle.result();
    await reset(handle, handle.firstExecutionRunId);
    expect((await rig.ending(handle.workflowId)).result.outcome).toBe('succeeded');
  });
});
