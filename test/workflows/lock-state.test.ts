import type { FileUses, LockAsk } from '../../src/activities';
import { isAsk, isRelease, stateFrom } from '../../src/workflows/lock/shapes';
import {
  blocking,
  drop,
  emptyLock,
  giveBack,
  settle,
  take,
  type LockState,
} from '../../src/workflows/lock/state';
import { answerTo, viewOf } from '../../src/workflows/lock/view';

const model = {
  connection: 'default',
  workspace: { id: 'w', name: 'Workspace' },
  model: { id: 'm', name: 'Model' },
};

describe('who is granted what by the lock of a model', () => {
  let s: LockState;
  let n: number;
  beforeEach(() => {
    s = emptyLock();
    n = 0;
  });
  const request = (who: string, files: FileUses, whole = false, over: Partial<LockAsk> = {}): LockAsk => ({
    id: `${who}-${++n}`,
    workflowId: who,
    firstRunId: `${who}1`,
    runId: `${who}1`,
    model,
    files,
    whole,
    ...over,
  });
  /** Asks; answers whether it was granted, and whom it waits for. */
  function ask(who: string, files: FileUses, whole = false, over: Partial<LockAsk> = {}): true | string {
    const entry = take(s, request(who, files, whole, over), n);
    if (!entry) return 'gone';
    settle(s, n);
    const answer = answerTo(s, entry);
    return answer.granted || answer.behind.map((b) => b.workflowId).join(' ');
  }
  function end(who: string): string {
    const ids = s.entries.filter((e) => e.workflowId === who).map((e) => e.id);
    giveBack(s, who, `${who}1`, ids);
    settle(s, n);
    return granted();
  }
  const granted = () =>
    s.entries
      .filter((e) => e.filesAt !== undefined && (!e.whole || e.wholeAt !== undefined))
      .map((e) => e.workflowId)
      .join(' ');

  const HOUR = 3_600_000;
  const high = { priority: 'high' } as const;
  const low = { priority: 'low' } as const;

  it('lets the more urgent go first, in their own order, and passes nobody who has waited for long', () => {
    expect(ask('holder', {}, true)).toBe(true);
    expect(ask('l1', {}, true, low)).toBe('holder');
    expect(ask('n1', {}, true)).toBe('holder');
    expect(ask('n2', {}, true)).toBe('holder n1');
    expect(ask('h1', {}, true, high)).toBe('holder');
    expect(ask('h2', {}, true, high)).toBe('holder h1');
    n += HOUR + 10;
    // By now those who came first have waited for longer than the head start.
    expect(ask('h3', {}, true, high)).toBe('holder h1 h2 n1 n2');
    expect(ask('n3', {}, true)).toBe('holder h1 h2 n1 n2 h3 l1');
    const order: string[] = [];
    for (let next = end('holder'); next !== ''; next = end(next)) order.push(next);
    expect(order).toEqual(['h1', 'h2', 'n1', 'n2', 'h3', 'l1', 'n3']);
  });

  it('lets a more urgent writer of a file pass those who wait, and nobody who has it', () => {
    expect(ask('r1', { f: 's' })).toBe(true);
    expect(ask('w1', { f: 'x' })).toBe('r1');
    expect(ask('w2', { f: 'x' }, false, high)).toBe('r1');
    expect(ask('r2', { f: 's' })).toBe('w2 w1');
    expect(end('r1')).toBe('w2');
    expect(end('w2')).toBe('w1');
    expect(end('w1')).toBe('r2');
  });

  it('lets readers of a file go side by side, and a writer wait for those before it only', () => {
    expect(ask('r1', { f: 's' })).toBe(true);
    expect(ask('r2', { f: 's' })).toBe(true);
    expect(ask('w', { f: 'x' })).toBe('r1 r2');
    expect(ask('r3', { f: 's' })).toBe('w');
    expect(ask('other', { g: 'x' })).toBe(true);
    expect(end('r1')).toBe('r2 other');
    expect(end('r2')).toBe('w other');
    expect(end('w')).toBe('r3 other');
  });

  it('grants all files of a run together, so that two runs cannot wait for each other', () => {
    expect(ask('a', { f: 'x' })).toBe(true);
    expect(ask('b', { g: 'x', f: 'x' })).toBe('a');
    // It holds nothing of g while it waits for f, and yet nobody overtakes it there.
    expect(ask('c', { g: 'x' })).toBe('b');
    expect(end('a')).toBe('b');
    expect(end('b')).toBe('c');
  });

  it('gives the model to one at a time, in the order of the asks, whoever had its files first', () => {
    expect(ask('long', { f: 'x' })).toBe(true);
    expect(ask('a', {}, true)).toBe(true);
    expect(ask('b', {}, true)).toBe('a');
    expect(ask('long', { f: 'x' }, true)).toBe('a b');
    expect(end('a')).toBe('b');
    expect(end('b')).toBe('long');
  });

  it('does not let the model wait for who still waits for its files', () => {
    expect(ask('a', { f: 'x' })).toBe(true);
    expect(ask('b', { f: 'x' }, true)).toBe('a');
    // Else a would wait for b for ever, and b for a.
    expect(ask('a', { f: 'x' }, true)).toBe(true);
    expect(end('a')).toBe('b');
  });

  it('does not keep files and model apart: an upload goes on while another run has the model', () => {
    expect(ask('task', {}, true)).toBe(true);
    expect(ask('upload', { f: 'x' })).toBe(true);
  });

  it('lets a run that was reset take over its own hold', () => {
    expect(ask('a', { f: 'x' })).toBe(true);
    expect(ask('b', { f: 'x' })).toBe('a');
    expect(ask('a', { f: 'x' }, false, { runId: 'a2' })).toBe(true);
    expect(end('a')).toBe('b');
  });

  it('lets a run that was reset and needs more files begin again at its old place, without what it held', () => {
    expect(ask('a', { f: 's' }, true)).toBe(true);
    expect(ask('b', { g: 'x' })).toBe(true);
    expect(ask('c', {}, true)).toBe('a');
    expect(ask('a', { f: 's', g: 'x' }, true, { runId: 'a2' })).toBe('b');
    expect(granted()).toBe('b c');
  });

  it('holds another run of the same workflow ID for another one', () => {
    expect(ask('a', { f: 'x' })).toBe(true);
    expect(ask('a', { f: 'x' }, false, { firstRunId: 'later' })).toBe('a');
  });

  it('forgets a waiting run that gives back, and holds nothing for an ask that comes after that', () => {
    const late = request('b', { f: 'x' });
    expect(ask('a', { f: 'x' })).toBe(true);
    take(s, late, 0);
    giveBack(s, 'b', 'b1', [late.id]);
    expect(take(s, late, 0)).toBeUndefined();
    expect(viewOf(s).waiting).toEqual([]);
  });

  it('does not take a release of an earlier run for one of the next', () => {
    const earlier = request('a', { f: 'x' });
    take(s, earlier, 0);
    giveBack(s, 'a', 'a1', [earlier.id]);
    expect(ask('a', { f: 'x' })).toBe(true);
    giveBack(s, 'a', 'a1', [earlier.id]);
    expect(granted()).toBe('a');
  });

  it('knows the holders of a lock that was terminated again, by those who waited for them', () => {
    expect(ask('holder', { f: 'x' }, true)).toBe(true);
    const waits = request('waiter', { f: 's' }, true);
    const entry = take(s, waits, 0);
    settle(s, 0);
    const seen = entry && answerTo(s, entry).behind;
    s = emptyLock();
    expect(ask('waiter', { f: 's' }, true, { seen: seen ?? [] })).toBe('holder');
    expect(ask('third', {}, true)).toBe('holder');
    giveBack(s, 'holder', 'holder1', ['an ask that this lock never saw']);
    settle(s, 0);
    expect(granted()).toBe('waiter');
  });

  it('tells the next ones what a holder left behind, and nobody else', () => {
    ask('dead', { f: 'x' });
    ask('next', { f: 'x' });
    ask('other', { g: 'x' });
    const [dead] = blocking(s);
    if (!dead) throw new Error('nobody blocks');
    drop(s, dead, 'it left a task', true);
    settle(s, 0);
    expect(s.entries.map((e) => [e.workflowId, e.warnings])).toEqual([
      ['next', ['it left a task']],
      ['other', undefined],
    ]);
    expect(viewOf(s).notes).toEqual(['it left a task']);
  });

  it('shows of one run what it holds, and of another its place and whom it waits for', () => {
    ask('a', { f: 'x' }, true);
    ask('b', {}, true);
    ask('c', { f: 's' });
    expect(viewOf(s, 'a').run).toMatchObject({ holds: { files: { f: 'x' }, whole: true } });
    expect(viewOf(s, 'c')).toMatchObject({
      model: { id: 'm', name: 'Model' },
      run: { waits: { for: 'files', place: 1, waitsFor: [{ workflowId: 'a', holds: true }] } },
    });
    expect(viewOf(s, 'nobody').run).toBeUndefined();
  });

  it.each([
    undefined,
    null,
    7,
    'x',
    [],
    {},
    { id: 'a' },
    { ...{ workflowId: 'a', firstRunId: 'b', ids: 'c' } },
    { workflowId: 'a', firstRunId: 'b', ids: [1] },
    { id: '', workflowId: 'a', firstRunId: 'b', runId: 'c', model, files: {}, whole: true },
    { id: 'i', workflowId: 'a', firstRunId: 'b', runId: 'c', model, files: { f: 'w' }, whole: true },
    { id: 'i', workflowId: 'a', firstRunId: 'b', runId: 'c', model, files: [], whole: 1 },
    { id: 'i', workflowId: 'a', firstRunId: 'b', runId: 'c', model: {}, files: {}, whole: true },
    {
      id: 'i',
      workflowId: 'a',
      firstRunId: 'b',
      runId: 'c',
      model,
      files: {},
      whole: true,
      seen: [{ workflowId: 'a' }],
    },
  ])('takes %j for neither an ask nor a release nor a state', (given) => {
    expect(isAsk(given)).toBe(false);
    expect(isRelease(given)).toBe(false);
    expect(stateFrom(given)).toEqual(emptyLock());
  });

  it('goes on with the state that it was continued with', () => {
    ask('a', { f: 'x' }, true);
    ask('b', { f: 's' });
    expect(stateFrom(JSON.parse(JSON.stringify(s)))).toEqual(s);
  });
});
