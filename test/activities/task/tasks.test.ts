import { ApplicationFailure } from '@temporalio/common';

import type { Refused } from '../../../src/activities/attempt/refused';
import { afterEarlier, startOutcome } from '../../../src/activities/task/start';
import { baselineOf, contradiction, judgeList } from '../../../src/activities/task/task-list';
import type { ReconcileResult, TaskBaseline } from '../../../src/activities';
import { AnaplanError, type ModelStatus, type TaskSummary } from '../../../src/anaplan';
import type { AnaplanErrorInit } from '../../../src/anaplan/errors';

const t = (taskId: string, creationTime?: number): TaskSummary =>
  ({ taskId, taskState: 'COMPLETE', ...(creationTime === undefined ? {} : { creationTime }) }) as TaskSummary;
const base = (tasks: TaskSummary[], date: number | null = 100_000): TaskBaseline =>
  baselineOf(tasks, date ?? undefined);

const BASELINE = base([]);

describe('the baseline: what was there before a start', () => {
  it.each<[string, TaskSummary[], object]>([
    ['no tasks', [], { newest: null, idsAtNewest: [], known: 0 }],
    ['ascending', [t('a', 1), t('b', 2)], { newest: 2, idsAtNewest: ['b'], known: 2 }],
    ['descending', [t('b', 2), t('a', 1)], { newest: 2, idsAtNewest: ['b'], known: 2 }],
    [
      'two at one instant',
      [t('a', 2), t('b', 2), t('c', 1)],
      { newest: 2, idsAtNewest: ['a', 'b'], known: 3 },
    ],
    ['one without a time', [t('a', 2), t('b')], { newest: 2, idsAtNewest: ['a', 'b'], known: 2 }],
  ])('%s', (_, tasks, expected) => expect(base(tasks)).toEqual({ ...expected, serverDate: 100_000 }));
});

describe('the verdict of a task list: a wrong one runs an import twice, or not at all', () => {
  const before = [t('old', 90_000), t('older', 80_000)];
  it.each<[string, TaskSummary[], TaskBaseline, ReconcileResult['outcome']]>([
    ['nothing new', before, base(before), 'notStarted'],
    ['one new', [...before, t('new', 101_000)], base(before), 'adopted'],
    ['one new, listed first', [t('new', 101_000), ...before], base(before), 'adopted'],
    ['one new in an empty list', [t('new', 101_000)], base([]), 'adopted'],
    ['an empty list that was empty', [], base([]), 'notStarted'],
    ['two new', [...before, t('n1', 101_000), t('n2', 102_000)], base(before), 'ambiguous'],
    ['an emptied list', [], base(before), 'ambiguous'],
    ['an emptied list with one new', [t('new', 101_000)], base(before), 'ambiguous'],
    ['one new, stamped just before the answer', [...before, t('new', 97_000)], base(before), 'adopted'],
    ['one unlisted before, but too old', [...before, t('late', 91_000)], base(before), 'ambiguous'],
    ['one new in an empty list, but too old', [t('late', 91_000)], base([]), 'ambiguous'],
    ['one at the instant of the newest', [...before, t('twin', 90_000)], base(before, null), 'adopted'],
    ['one without a time', [...before, t('new')], base(before), 'adopted'],
    ['no clock of the server', [...before, t('new', 90_001)], base(before, null), 'adopted'],
  ])('%s: %#', (_, tasks, baseline, outcome) => expect(judgeList(tasks, baseline).outcome).toBe(outcome));
});

describe('what the model says against a verdict', () => {
  const idle: ModelStatus = { idle: true };
  const ours = {
    baseline: { known: 2 },
    user: { email: 'me@acme.com', name: 'Me' },
    passedMs: 0,
  };
  const running = (by: string): ModelStatus => ({
    idle: false,
    taskId: 'T1-0',
    tooltip: `Import by Some One (${by})`,
  });
  it.each<[string, ReconcileResult, ModelStatus, number, ReconcileResult['outcome']]>([
    ['idle, nothing listed', { outcome: 'notStarted' }, idle, 60_000, 'notStarted'],
    ['busy, nothing listed', { outcome: 'notStarted' }, { idle: false }, 60_000, 'ambiguous'],
    ['too long ago', { outcome: 'notStarted' }, idle, 0, 'ambiguous'],
    ['adopted, runs by us', { outcome: 'adopted', taskId: 'T1' }, running('Me@Acme.com'), 60_000, 'adopted'],
    [
      'adopted, runs by another',
      { outcome: 'adopted', taskId: 'T1' },
      running('other@acme.com'),
      60_000,
      'ambiguous',
    ],
    [
      'adopted, another task runs',
      { outcome: 'adopted', taskId: 'T2' },
      running('other@acme.com'),
      60_000,
      'adopted',
    ],
    [
      'adopted, no name said',
      { outcome: 'adopted', taskId: 'T1' },
      { idle: false, taskId: 'T1' },
      60_000,
      'adopted',
    ],
    ['ambiguous stays so', { outcome: 'ambiguous', reason: 'x' }, idle, 60_000, 'ambiguous'],
  ])('%s', (_, verdict, status, limit, outcome) =>
    expect(contradiction(verdict, status, ours, limit).outcome).toBe(outcome),
  );

  it('an empty list that was empty before tells nothing: a task may have completed and be gone', () => {
    const found = contradiction({ outcome: 'notStarted' }, idle, { ...ours, baseline: { known: 0 } }, 60_000);
    expect(found).toMatchObject({ outcome: 'ambiguous', reason: expect.stringContaining('is empty') });
    const adopted = { outcome: 'adopted', taskId: 'T1' } as const;
    expect(contradiction(adopted, idle, { ...ours, baseline: { known: 0 } }, 60_000)).toEqual(adopted);
  });
});

describe('the answer to POST /tasks: only a 2xx with an ID or a 4xx is an answer', () => {
  const NOW = 1_800_000_000_000;
  const refused = (over: Partial<Refused> = {}): Refused => ({
    what: 'Import "L" (112)',
    bounds: { modelUnavailable: 10 * 60_000, unavailable: 5 * 60_000 },
    earlier: undefined,
    now: NOW,
    scale: 1,
    begun: true,
    task: false,
    ...over,
  });
  const error = (init: Partial<AnaplanErrorInit>) =>
    new AnaplanError('said', { kind: 'status', method: 'POST', path: '/tasks', sent: 'answered', ...init });
  it.each([500, 502, 503, 504])('%i is unknown', (status) =>
    expect(startOutcome(error({ status }), refused(), BASELINE).outcome).toBe('unknown'),
  );
  it.each(['network', 'timeout'] as const)('a %s error after sending is unknown', (kind) =>
    expect(startOutcome(error({ kind, sent: 'unknown' }), refused(), BASELINE).outcome).toBe('unknown'),
  );
  it('a 2xx that could not be read is unknown', () =>
    expect(startOutcome(error({ kind: 'body', status: 200 }), refused(), BASELINE).outcome).toBe('unknown'));
  it('a connection that was never made is a refusal: it is tried again', () =>
    expect(startOutcome(error({ kind: 'network', sent: 'no' }), refused(), BASELINE)).toMatchObject({
      outcome: 'refused',
      refusals: { count: 1, last: { at: NOW, class: 'unavailable' } },
    }));
  it.each([
    [429, 'rateLimited', 'RateLimited', 1000],
    [423, 'modelUnavailable', 'ModelLocked', 24_000],
    [424, 'modelUnavailable', 'ModelOffline', 24_000],
    [410, 'unavailable', 'ServiceUnavailable', 800],
  ])('%i is a refusal for now, of the class %s', (status, kind, type, least) => {
    const start = startOutcome(error({ status, retryAfterMs: 0 }), refused(), BASELINE);
    expect(start).toMatchObject({ outcome: 'refused', type, refusals: { last: { class: kind } } });
    expect(start.outcome === 'refused' && start.delayMs).toBeGreaterThanOrEqual(least);
  });

  const action = { kind: 'imports', id: '112', name: 'L' } as const;
  const locked = (count: number, ms: number) => ({
    since: NOW - ms,
    count,
    last: { at: NOW, class: 'modelUnavailable' },
    classes: { modelUnavailable: { count, ms } },
  });
  it('gives up once the bound of its refusals is over, and says that nothing was started', () => {
    const waited = afterEarlier(action, { refusals: locked(9, 15 * 60_000) }, refused());
    expect(() => startOutcome(error({ status: 423 }), waited, BASELINE)).toThrow(
      /^Import "L" \(112\): Anaplan answered 423 to POST \/tasks\. It has been so for 15 min, in 10 tries: timeouts\.modelUnavailable \(10 min\) is over\. "L" was not started\. \w+/,
    );
  });
  it('says that an earlier start may have arrived, where an operator let it start again', () => {
    const earlier = { refusals: locked(9, 15 * 60_000), mayHaveStarted: true } as const;
    expect(() =>
      startOutcome(error({ status: 423 }), afterEarlier(action, earlier, refused()), BASELINE),
    ).toThrow(/Whether an earlier start of "L" arrived is not known\./);
  });
  it('starts that are never answered have a bound, whatever was refused between them', () => {
    const unanswered = (...minutesAgo: number[]) => ({
      at: minutesAgo.map((m) => NOW - m * 60_000),
      type: 'NetworkError' as const,
      message: 'The worker fell silent before it sent anything',
    });
    const few = afterEarlier(action, { unanswered: unanswered(4, 2) }, refused());
    expect(few.earlier).toMatchObject({ count: 2, classes: { unavailable: { count: 2, ms: 2 * 60_000 } } });
    expect(() => afterEarlier(action, { unanswered: unanswered(9, 6, 3) }, refused())).toThrow(
      /^The worker fell silent before it sent anything\. It has been so for 6 min, in 3 tries: timeouts\.unavailable \(5 min\) is over\. "L" was not started\./,
    );
    const between = { ...locked(3, 60_000), last: { at: NOW - 3 * 60_000, class: 'modelUnavailable' } };
    const both = afterEarlier(action, { refusals: between, unanswered: unanswered(2) }, refused());
    expect(both.earlier?.classes).toMatchObject({
      modelUnavailable: { count: 3 },
      unavailable: { count: 1 },
    });
  });
  it.each([
    [400, 'InvalidInput'],
    [401, 'AuthenticationFailed'],
    [403, 'PermissionDenied'],
    [404, 'NotFound'],
    [422, 'ModelArchived'],
    [425, 'ModelDeployed'],
  ])('%i is final as %s, with the remedy', (status, type) => {
    try {
      startOutcome(error({ status, anaplanMessage: 'No' }), refused(), BASELINE);
      throw new Error('not refused');
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(ApplicationFailure);
      const failure = thrown as ApplicationFailure;
      expect([failure.type, failure.nonRetryable]).toEqual([type, true]);
      expect(failure.message).toMatch(/^Import "L" \(112\): Anaplan answered \d+ "No" to POST \/tasks\. \w+/);
    }
  });
});
