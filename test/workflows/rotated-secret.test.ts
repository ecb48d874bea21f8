import type { Rig } from '../support/rig';
import { asked, expectClean, ownRig, until } from './support';

const ACTION = '117000000002';

describe('a password that is rotated while a run is under way', () => {
  const env: NodeJS.ProcessEnv = { ANAPLAN_USER: 'demo@example.com', ANAPLAN_PASSWORD: 'sandbox' };
  let rig: Rig;
  let close: () => Promise<void>;
  beforeEach(async () => {
    env['ANAPLAN_PASSWORD'] = 'sandbox';
    ({ rig, close } = await ownRig({ sandbox: { taskDurationMs: 600_000 }, worker: { env } }));
  });
  afterEach(async () => {
    expectClean(rig);
    await close();
  });
  const input = { action: ACTION };
  /** The tasks have taken long enough. */
  const finish = () => rig.sandbox.configure({ taskDurationMs: 50 });
  const logIns = () => asked(rig, 'POST', /authenticate$/);
  const polls = () => asked(rig, 'GET', /\/tasks\/[0-9A-F]{32}$/);
  const refused = () => rig.sandbox.record.filter((r) => /authenticate$/.test(r.path) && r.status === 401);

  it('loses no task: the run waits, tries once and not until the account is locked, and finds the new one', async () => {
    const handles = await Promise.all([rig.begin('runAction', input), rig.begin('runAction', input)]);
    await until(() => polls() > 0);
    rig.sandbox.setPassword('rotated', { expireTokens: true });
    await until(() => refused().length > 0);
    // Both runs go on asking: with one log-in between them.
    const before = Date.now();
    await until(() => Date.now() - before > 2_000);
    expect(refused()).toHaveLength(1);
    const [first] = handles;
    const { raw } = await (first ?? handles[0]).describe();
    expect(raw.workflowExecutionInfo?.status).toBe(1);
    env['ANAPLAN_PASSWORD'] = 'rotated';
    await until(() => logIns() === 3, 60_000);
    finish();
    for (const handle of handles) {
      expect((await rig.ending(handle.workflowId)).result).toMatchObject({
        outcome: 'succeeded',
        task: { state: 'COMPLETE', successful: true },
      });
    }
    expect(refused()).toHaveLength(1);
  }, 240_000);

  it('is waited for within timeouts.unavailable, and the result tells the last state that was seen', async () => {
    const handle = await rig.begin('runAction', { ...input, timeouts: { unavailable: '2s' } });
    await until(() => polls() > 0);
    rig.sandbox.setPassword('rotated', { expireTokens: true });
    const end = await rig.ending(handle.workflowId);
    expect([end.type, end.result.failure?.effects]).toEqual(['AuthenticationFailed', 'unknown']);
    expect(end.result.task?.state).toBe('IN_PROGRESS');
    expect(end.result.warnings?.join()).toMatch(/may still run: it was last seen as IN_PROGRESS/);
    expect(refused()).toHaveLength(1);
    // Before anything is changed it is final at once.
    const next = await rig.run('runAction', input);
    expect([next.type, next.result.failure?.effects]).toEqual(['AuthenticationFailed', 'none']);
    expect(refused()).toHaveLength(1);
    env['ANAPLAN_PASSWORD'] = 'rotated';
    finish();
  }, 240_000);

  it('a worker that stops logs nobody out: the tasks of runs that go on elsewhere would be forgotten', async () => {
    const handle = await rig.begin('runAction', input);
    await until(() => polls() > 0);
    await rig.stopWorkers();
    expect(asked(rig, 'POST', /logout$/)).toBe(0);
    await rig.startWorker();
    finish();
    expect((await rig.ending(handle.workflowId)).result.outcome).toBe('succeeded');
  }, 240_000);
});
