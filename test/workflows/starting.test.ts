import { Client as SandboxClient } from '../sandbox/client';
import { FAST, type Rig } from '../support/rig';
import { activitiesOf, asked, expectClean, hold, ownRig, statesOf, until } from './support';

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
  /** Between the last two starts the task list was read for the whole time that a late start may take. */
  const expectLookedLongEnough = () => {
    const calls = rig.sandbox.record.filter((r) => r.path.endsWith('/tasks'));
    const [first = -1, second = -1] = calls.flatMap((r, i) => (r.method === 'POST' ? [i] : [])).slice(-2);
    // The last list before a start is its baseline.
    const looks = calls.slice(first + 1, second).filter((r) => r.method === 'GET');
    expect(looks.length).toBeGreaterThanOrEqual(2);
    expect((looks.at(-1)?.at ?? 0) - (calls[first]?.at ?? Infinity)).toBeGreaterThanOrEqual(FAST.reconcileMs);
  };

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
    // A list with an older task in it: it would be gone, had the model been unloaded.
    await rig.run('runAction', input);
    rig.sandbox.faults.add({ method: 'POST', path: TASKS, action: { kind: 'status', status: 503 } });
    const end = await rig.run('runAction', input);
    expect(end.result.outcome).toBe('succeeded');
    expect([starts(), rig.sandbox.tasks(ACTION).length]).toEqual([3, 2]);
    expectLookedLongEnough();
  });

  describe('where the task list before the start is long in coming', () => {
    /** Longer than a list may take for a start by the same activity. */
    const slowly = () =>
      rig.sandbox.faults.add({
        method: 'GET',
        path: TASKS,
        action: { kind: 'stall', when: 'before', ms: 10_500 },
      });

    it('the run hears of it before the start is sent, by an activity of its own', async () => {
      slowly();
      const handle = await rig.begin('runAction', input);
      const end = await rig.ending(handle.workflowId);
      expect(end.result).toMatchObject({ outcome: 'succeeded', task: { successful: true } });
      expect(asked(rig, 'GET', /\/tasks$/)).toBe(1);
      expect([starts(), rig.sandbox.tasks(ACTION).length]).toEqual([1, 1]);
      const names = await activitiesOf(handle);
      expect(names.filter((name) => name === 'anaplan.startTask')).toHaveLength(2);
    });

    it('nothing is started where the run is cancelled meanwhile', async () => {
      const list = slowly();
      const handle = await rig.begin('runAction', input);
      await until(() => rig.sandbox.faults.hits(list) > 0);
      await handle.cancel();
      const end = await rig.ending(handle.workflowId);
      expect([end.cancelled, end.result.failure?.effects]).toEqual([true, 'none']);
      expect([starts(), rig.sandbox.tasks(ACTION).length]).toEqual([0, 0]);
    });
  });

  it('is not sent where the task list could not be read, whatever the answer was', async () => {
    rig.sandbox.faults.add({ method: 'GET', path: TASKS, action: { kind: 'reset', when: 'after-effect' } });
    rig.sandbox.faults.add({
      method: 'GET',
      path: TASKS,
      occurrence: 2,
      action: { kind: 'status', status: 423 },
    });
    const end = await rig.run('runAction', input);
    expect(end.result).toMatchObject({ outcome: 'succeeded', task: { successful: true } });
    expect([starts(), rig.sandbox.tasks(ACTION).length]).toEqual([1, 1]);
  });

  describe('where the task list was empty and stays empty', () => {
    const lost = () =>
      rig.sandbox.faults.add({ method: 'POST', path: TASKS, action: { kind: 'status', status: 503 } });

    it('says AmbiguousTaskStart: an empty list can mean that the task has completed', async () => {
      lost();
      const end = await rig.run('runAction', input);
      expect([end.type, end.result.failure?.effects]).toEqual(['AmbiguousTaskStart', 'unknown']);
      expect(end.message).toMatch(/the task list is empty, as it was before/);
      expect([starts(), rig.sandbox.tasks(ACTION).length]).toEqual([1, 0]);
    });

    it('starts it again where an operator said that it may run twice, and says so', async () => {
      lost();
      const end = await rig.run('runAction', { ...input, startAgainIfUnknown: true });
      expect(end.result.outcome).toBe('succeeded');
      expect(end.result.warnings?.join()).toMatch(/it may have run twice/);
      expect([starts(), rig.sandbox.tasks(ACTION).length]).toEqual([2, 1]);
      expectLookedLongEnough();
    });

    it('adopts the one new task all the same, and starts nothing again', async () => {
      rig.sandbox.faults.add({
        method: 'POST',
        path: TASKS,
        action: { kind: 'reset', when: 'after-effect' },
      });
      const end = await rig.run('runAction', { ...input, startAgainIfUnknown: true });
      expect(end.result).toMatchObject({ outcome: 'succeeded', task: { adopted: true } });
      expect(end.result.warnings ?? []).toEqual([]);
      expect([starts(), rig.sandbox.tasks(ACTION).length]).toEqual([1, 1]);
    });
  });

  it('starts it again when nobody knows, for any reason, where an operator said so', async () => {
    await rig.run('runAction', input);
    rig.sandbox.faults.add({ method: 'POST', path: TASKS, action: { kind: 'reset', when: 'before' } });
    // After the start was lost, before the list is read for the first time.
    const look = hold(rig, { method: 'GET', path: TASKS, occurrence: 2 });
    const handle = await rig.begin('runAction', { ...input, startAgainIfUnknown: true });
    await look.came();
    rig.sandbox.unloadModel();
    await look.letGo();
    const end = await rig.ending(handle.workflowId);
    expect(end.result.outcome).toBe('succeeded');
    expect(end.result.warnings?.join()).toMatch(/listed before are gone.*may have run twice/);
    expect(rig.sandbox.tasks(ACTION)).toHaveLength(1);
  });

  it('follows a task in a state that nobody documents, and says so after three polls, once', async () => {
    rig.sandbox.faults.add({
      method: 'GET',
      path: `${TASKS}/*`,
      occurrence: [1, 2, 3, 4, 5, 6],
      action: { kind: 'edit', set: { 'task.taskState': 'QUEUED' } },
    });
    const handle = await rig.begin('runAction', input);
    const end = await rig.ending(handle.workflowId);
    expect(end.result).toMatchObject({ outcome: 'succeeded', task: { state: 'COMPLETE' } });
    const said = (end.result.warnings ?? []).filter((w) => w.includes('"QUEUED"'));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/does not document.*still followed/);
    expect(asked(rig, 'GET', /\/tasks\/[0-9A-F]{32}$/)).toBeGreaterThanOrEqual(7);
    // The task had ended behind the edited answers, which the sandbox takes for carelessness.
    rig.sandbox.reset();
  });

  it('does not name a state that nobody has seen, where no poll was ever answered', async () => {
    rig.sandbox.faults.add({
      method: 'GET',
      path: `${TASKS}/*`,
      occurrence: 'every',
      action: { kind: 'status', status: 503 },
    });
    const end = await rig.run('runAction', { ...input, timeouts: { unavailable: '1s' } });
    expect([end.type, end.result.failure?.effects]).toEqual(['ServiceUnavailable', 'unknown']);
    expect(end.result.task?.state).toBe('not seen');
    expect(end.result.warnings?.join()).toMatch(/may still run: its state was not seen/);
    expect(JSON.stringify(end.result)).not.toContain('NOT_STARTED');
    rig.sandbox.reset();
  });

  it('gives up where a task is lost from sight, with the last state that was seen', async () => {
    rig.sandbox.faults.add({
      method: 'GET',
      path: `${TASKS}/*`,
      occurrence: 1,
      action: { kind: 'edit', set: { 'task.taskState': 'IN_PROGRESS' } },
    });
    for (let n = 2; n < 400; n++) {
      rig.sandbox.faults.add({
        method: 'GET',
        path: `${TASKS}/*`,
        occurrence: n,
        action: { kind: 'status', status: 503 },
      });
    }
    const end = await rig.run('runAction', { ...input, timeouts: { unavailable: '1s' } });
    expect([end.type, end.result.failure?.effects]).toEqual(['ServiceUnavailable', 'unknown']);
    expect(end.result.task?.state).toBe('IN_PROGRESS');
    expect(end.result.warnings?.join()).toMatch(/may still run: it was last seen as IN_PROGRESS/);
    rig.sandbox.reset();
  });

  it('says AmbiguousTaskStart when somebody else started the same action meanwhile', async () => {
    rig.sandbox.faults.add({ method: 'POST', path: TASKS, action: { kind: 'reset', when: 'after-effect' } });
    // The first look at the task list comes when both tasks are there.
    const look = hold(rig, { method: 'GET', path: TASKS, occurrence: 2 });
    const handle = await rig.begin('runAction', input);
    await look.came();
    rig.sandbox.otherUserStarts(ACTION);
    await look.letGo();
    const end = await rig.ending(handle.workflowId);
    expect(end.type).toBe('AmbiguousTaskStart');
    expect(end.message).toMatch(
      /Whether "Order Products" \(117000000002\) was started cannot be known\..*2 tasks are new in the list.*Look in Anaplan's action history/,
    );
    expect(end.result.failure?.effects).toBe('unknown');
    expect(starts()).toBe(1);
  });

  it('says AmbiguousTaskStart when the model was unloaded, and its task list with it', async () => {
    await rig.run('runAction', input);
    rig.sandbox.faults.add({ method: 'POST', path: TASKS, action: { kind: 'reset', when: 'before' } });
    // After the start was lost, before the list is read for the first time.
    const look = hold(rig, { method: 'GET', path: TASKS, occurrence: 2 });
    const handle = await rig.begin('runAction', input);
    await look.came();
    rig.sandbox.unloadModel();
    await look.letGo();
    const end = await rig.ending(handle.workflowId);
    expect(end.type).toBe('AmbiguousTaskStart');
    expect(end.message).toContain('the tasks that were listed before are gone');
    expect(rig.sandbox.tasks(ACTION)).toEqual([]);
  });

  it.each([
    [423, 'ModelLocked'],
    [429, 'RateLimited'],
  ])('waits out a %i at the start, says so in the UI, and starts once', async (status, type) => {
    const headers = { 'retry-after': '1' };
    rig.sandbox.faults.add({ method: 'POST', path: TASKS, action: { kind: 'status', status, headers } });
    const handle = await rig.begin('runAction', input);
    expect((await rig.ending(handle.workflowId)).result.outcome).toBe('succeeded');
    expect(await statesOf(handle)).toContain(`waiting: ${type}`);
    expect([starts(), rig.sandbox.tasks(ACTION).length]).toEqual([2, 1]);
  });

  it.each([
    [403, 'PermissionDenied', /exception user under single sign-on/],
    [404, 'NotFound', /what the user may not see/],
    [409, 'Conflict', /Something else is changing/],
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
    rig.sandbox.configure({ taskDurationMs: 600_000 });
    const second = hold(rig, { method: 'GET', path: `${TASKS}/*`, occurrence: 2 });
    const handle = await rig.begin('runAction', input);
    await second.came();
    rig.sandbox.unloadModel();
    await second.letGo();
    const end = await rig.ending(handle.workflowId);
    expect([end.type, end.result.failure?.effects]).toEqual(['TaskLost', 'unknown']);
    expect(end.message).toContain('look there before you start it again');
    expect(end.result.task?.taskId).toMatch(/^[0-9A-F]{32}$/);
    expect(starts()).toBe(1);
  });

  it('says ActionCancelled when somebody else cancelled the task', async () => {
    rig.sandbox.configure({ taskDurationMs: 600_000 });
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
