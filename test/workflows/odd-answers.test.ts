import type { FaultAction } from '../../src/sandbox';
import type { Rig } from '../support/rig';
import { asked, expectClean, GOOD, ownRig, until } from './support';

const ACTION = '117000000002';
const TASKS = `/models/*/actions/${ACTION}/tasks`;
const PAGE = '<html><body>We are back soon</body></html>';
const HTML = { 'content-type': 'text/html' };

/** What a proxy says in place of Anaplan. */
const ODD: [string, FaultAction][] = [
  ['a page with 200', { kind: 'edit', body: PAGE, headers: HTML }],
  ['an envelope with 500', { kind: 'edit', body: '{"status":{"code":500,"message":"no"}}' }],
  ['an answer without a task', { kind: 'edit', body: '{"status":{"code":200}}' }],
  [
    'a redirect to another host',
    { kind: 'status', status: 302, headers: { location: 'https://login.invalid/' }, body: PAGE },
  ],
  ...[400, 403, 404, 405, 406, 418, 422].map((status): [string, FaultAction] => [
    String(status),
    { kind: 'status', status, body: PAGE, headers: HTML },
  ]),
];

describe('answers that nobody has documented', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ rig, close } = await ownRig());
    rig.write('sales.csv', GOOD);
  });
  beforeEach(() => {
    rig.sandbox.reset();
    rig.sandbox.configure({ taskDurationMs: 150 });
  });
  afterEach(() => expectClean(rig));
  afterAll(() => close());
  const input = { action: ACTION };
  const load = { import: 'Load Sales', source: 'sales.csv' };
  const starts = () => asked(rig, 'POST', /\/tasks$/);
  const puts = () => asked(rig, 'PUT', /\/chunks\/0$/);

  it.each([408, 421, 499, 402, 413, 418, 302, 307])(
    'does not start a task twice where a %d came after the effect',
    async (status) => {
      const action: FaultAction = { kind: 'status-after-effect', status, body: PAGE, headers: HTML };
      rig.sandbox.faults.add({ method: 'POST', path: TASKS, action });
      const end = await rig.run('runAction', input);
      expect(end.result).toMatchObject({ outcome: 'succeeded', task: { adopted: true, successful: true } });
      expect([starts(), rig.sandbox.tasks(ACTION).length]).toEqual([1, 1]);
    },
  );

  it.each([
    ['a page with 200', { kind: 'status', status: 200, body: PAGE, headers: HTML }],
    ['an envelope with 500', { kind: 'status', status: 200, body: { status: { code: 500 } } }],
  ] as [string, FaultAction][])('a chunk answered with %s is sent again', async (_, action) => {
    rig.sandbox.faults.add({ method: 'PUT', path: '/models/*/files/*/chunks/0', action });
    const end = await rig.run('uploadImport', load);
    expect(end.result.outcome).toBe('succeeded');
    expect(puts()).toBe(2);
  });

  it('a chunk that is answered with a page every time fails the upload: nothing is imported', async () => {
    const action: FaultAction = { kind: 'status', status: 200, body: PAGE, headers: HTML };
    rig.sandbox.faults.add({
      method: 'PUT',
      path: '/models/*/files/*/chunks/0',
      occurrence: 'every',
      action,
    });
    const end = await rig.run('uploadImport', load);
    expect([end.type, end.result.failure?.effects, starts()]).toEqual(['ProtocolError', 'none', 0]);
    expect(end.message).toMatch(/PUT .*HTML page/);
  });

  it.each(ODD)('a poll answered once with %s does not give up the task that runs', async (_, action) => {
    rig.sandbox.faults.add({ method: 'GET', path: `${TASKS}/*`, action });
    const end = await rig.run('runAction', input);
    expect(end.result).toMatchObject({ outcome: 'succeeded', task: { state: 'COMPLETE' } });
    expect([starts(), asked(rig, 'DELETE', /./)]).toEqual([1, 0]);
    rig.sandbox.reset(); // the sandbox takes a poll after the end of a task for carelessness
  });

  it.each(ODD.filter(([name]) => /page|403|404/.test(name)))(
    'a task whose polls are all answered with %s is cancelled before the model is given back',
    async (_, action) => {
      rig.sandbox.configure({ taskDurationMs: 600_000 });
      const id = rig.sandbox.faults.add({ method: 'GET', path: `${TASKS}/*`, occurrence: 'every', action });
      const handle = await rig.begin('runAction', { ...input, timeouts: { unavailable: '2s' } });
      await until(() => asked(rig, 'DELETE', /\/tasks\/[0-9A-F]+$/) > 0);
      // It is waited out first.
      expect(asked(rig, 'GET', /\/tasks\/[0-9A-F]+$/)).toBeGreaterThan(3);
      rig.sandbox.faults.remove(id);
      const end = await rig.ending(handle.workflowId);
      const [task] = rig.sandbox.tasks(ACTION);
      expect(task?.state).toBe('CANCELLED');
      expect(end.result).toMatchObject({
        outcome: 'failed',
        failure: { effects: 'none' },
        task: { state: 'CANCELLED' },
      });
      expect(end.message).toContain(task?.taskId);
      expect(end.type).toBe(
        { 403: 'PermissionDenied', 404: 'NotFound' }[action.kind === 'status' ? action.status : 0] ??
          'ProtocolError',
      );
      expect(end.result.warnings?.join()).toMatch(/could no longer be followed/);
    },
  );

  it('says that a task may still run where its cancellation is answered oddly, too', async () => {
    rig.sandbox.configure({ taskDurationMs: 600_000 });
    const action: FaultAction = { kind: 'status', status: 403 };
    rig.sandbox.faults.add({ path: `${TASKS}/*`, occurrence: 'every', action });
    const end = await rig.run('runAction', { ...input, timeouts: { unavailable: '1s' } });
    expect([end.type, end.result.failure?.effects]).toEqual(['PermissionDenied', 'unknown']);
    expect(end.result.warnings?.join()).toMatch(/may still run.*cancelling it failed/);
  });

  it('a completed task that does not say how it ended is not cancelled', async () => {
    const action: FaultAction = {
      kind: 'edit',
      set: { 'task.taskState': 'COMPLETE', 'task.result': { failureDumpAvailable: false } },
    };
    rig.sandbox.faults.add({ method: 'GET', path: `${TASKS}/*`, occurrence: 'every', action });
    const end = await rig.run('runAction', input);
    expect([end.type, end.result.task?.state]).toEqual(['ProtocolError', 'COMPLETE']);
    expect(asked(rig, 'DELETE', /./)).toBe(0);
  });
});
