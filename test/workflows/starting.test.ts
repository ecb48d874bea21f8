import { Client as SandboxClient } from '../sandbox/client';
import type { Rig } from '../support/rig';
import { asked, expectClean, ownRig, stateOf, until } from './support';

const ACTION = '117000000002';
const TASKS = `/models/*/actions/${ACTION}/tasks`;

describe('starting a task exactly once, and following it to its end', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ rig, close } = await ownRig());
  });
  beforeEach(() => rig.sandbox.reset());
  afterEach(() => expectClean(rig));
  afterAll(() => close());
  const input = { action: ACTION };
  const starts = () => asked(rig, 'POST', /\/tasks$/);

  it.each([
    ['a reset after the effect', { kind: 'reset', when: 'after-effect' }],
    ['a 504 after the effect', { kind: 'status-after-effect', status: 504 }],
    ['a 200 without a task ID', { kind: 'empty-2xx' }],
  ] as const)('adopts the task when its answer was lost: %s', async (_, action) => {
    rig.sandbox.faults.add({ method: 'POST', path: TASKS, action });
    const end = await rig.run('runAction', input);
    expect(end.result).toMatchObject({ outcome: 'succeeded', task: { adopted: true, successful: true } });
    expect([starts(), rig.sandbox.tasks(ACTION).length]).toEqual([1, 1]);
  });

  it('sends it again only when certainly nothing was started', async () => {
    rig.sandbox.faults.add({ method: 'POST', path: TASKS, action: { kind: 'status', status: 503 } });
    const end = await rig.run('runAction', input);
    expect(end.result.outcome).toBe('succeeded');
    expect([starts(), rig.sandbox.tasks(ACTION).length]).toEqual([2, 1]);
    // Between the two the task list was read for the whole time that a late start may take.
    expect(asked(rig, 'GET', /\/tasks$/)).toBeGreaterThanOrEqual(5);
  });

  it('says AmbiguousTaskStart when somebody else started the same action meanwhile', async () => {
    rig.sandbox.faults.add({ method: 'POST', path: TASKS, action: { kind: 'reset', when: 'after-effect' } });
    // The first look at the task list comes when both tasks are there.
    rig.sandbox.faults.add({
      method: 'GET',
      path: TASKS,
      occurrence: 2,
      action: { kind: 'stall', ms: 500, when: 'before' },
    });
    const handle = await rig.begin('runAction', input);
    await until(() => rig.sandbox.tasks(ACTION).length > 0);
    rig.sandbox.otherUserStarts(ACTION);
    const end = await rig.ending(handle.workflowId);
    expect(end.type).toBe('AmbiguousTaskStart');
    expect(end.message).toMatch(
      /Whether "Order Products" \(117000000002\) was started cannot be known\..*2 tasks were started since.*Look in Anaplan's action history/,
    );
    expect(end.result.failure?.effects).toBe('unknown');
    expect(starts()).toBe(1);
  });

  it('says AmbiguousTaskStart when the model was unloaded, and its task list with it', async () => {
    await rig.run('runAction', input);
    const fault = rig.sandbox.faults.add({
      method: 'POST',
      path: TASKS,
      action: { kind: 'reset', when: 'before' },
    });
    const handle = await rig.begin('runAction', input);
    await until(() => rig.sandbox.faults.hits(fault) > 0);
    rig.sandbox.unloadModel();
    const end = await rig.ending(handle.workflowId);
    expect(end.type).toBe('AmbiguousTaskStart');
    expect(end.message).toContain('the tasks that were listed before are gone');
    expect(rig.sandbox.tasks(ACTION)).toEqual([]);
  });

  it.each([
    [423, 'ModelLocked'],
    [429, 'RateLimited'],
    [409, 'Conflict'],
  ])('waits out a %i at the start, says so in the UI, and starts once', async (status, type) => {
    const headers = { 'retry-after': '1' };
    rig.sandbox.faults.add({ method: 'POST', path: TASKS, action: { kind: 'status', status, headers } });
    const handle = await rig.begin('runAction', input);
    await until(async () => (await stateOf(handle)) === `waiting: ${type}`);
    expect((await rig.ending(handle.workflowId)).result.outcome).toBe('succeeded');
    expect([starts(), rig.sandbox.tasks(ACTION).length]).toEqual([2, 1]);
  });

  it.each([
    [403, 'PermissionDenied', /exception user under single sign-on/],
    [404, 'NotFound', /what the user may not see/],
    [422, 'ModelArchived', /Unarchive/],
    [425, 'ModelDeployed', /development model/],
  ])('does not wait out a %i: %s, with the remedy', async (status, type, remedy) => {
    rig.sandbox.faults.add({ method: 'POST', path: TASKS, action: { kind: 'status', status } });
    const end = await rig.run('runAction', input);
    expect([end.type, end.result.failure?.effects, end.result.failure?.code]).toEqual([
      type,
      'none',
      String(status),
    ]);
    expect(end.message).toMatch(remedy);
    expect(starts()).toBe(1);
  });

  it('says TaskLost when a task that was seen is gone, and does not start it again', async () => {
    rig.sandbox.faults.add({
      path: `${TASKS}/*`,
      occurrence: 2,
      action: { kind: 'stall', ms: 50, when: 'before' },
    });
    const handle = await rig.begin('runAction', input);
    await until(() => rig.sandbox.tasks(ACTION).length > 0);
    rig.sandbox.unloadModel();
    const end = await rig.ending(handle.workflowId);
    expect([end.type, end.result.failure?.effects]).toEqual(['TaskLost', 'unknown']);
    expect(end.message).toContain('look there before you start it again');
    expect(end.result.task?.taskId).toMatch(/^[0-9A-F]{32}$/);
    expect(starts()).toBe(1);
  });

  it('says ActionCancelled when somebody else cancelled the task', async () => {
    rig.sandbox.faults.add({
      path: `${TASKS}/*`,
      occurrence: 'every',
      method: 'GET',
      action: { kind: 'stall', ms: 30, when: 'before' },
    });
    const other = await new SandboxClient(rig.sandbox).logIn();
    const handle = await rig.begin('runAction', input);
    await until(() => rig.sandbox.tasks(ACTION).length > 0);
    const taskId = rig.sandbox.tasks(ACTION)[0]?.taskId ?? '';
    await other.model('DELETE', `/actions/${ACTION}/tasks/${taskId}`);
    const end = await rig.ending(handle.workflowId);
    expect([end.type, end.cancelled, end.result.failure?.effects]).toEqual([
      'ActionCancelled',
      false,
      'none',
    ]);
    expect(end.message).toContain(`somebody cancelled task ${taskId} in Anaplan`);
  });
});
