import type { Prepared, PreparedObjects, PreparedRun } from '../../src/activities/prepare/contract';
import type { SettledResult } from '../../src/activities/task/contract';
import type { ResultTransfer } from '../../src/contracts';
import { documentOf } from '../../src/workflows/run/document';
import {
  effectsSoFar,
  failed,
  SUCCEEDED,
  uploadsSoFar,
  type Ending,
  type Fact,
} from '../../src/workflows/run/facts';
import { attributesOf, detailsOf } from '../../src/workflows/run/shown';
import type { FinishedTask, KeptDump } from '../../src/workflows/run/verdict';

const IMPORT = { kind: 'imports', id: '112', name: 'Load Sales' } as const;
const named = (name: string) => ({ id: '1', name });

const prepared = (over: Partial<PreparedRun & PreparedObjects['processWithDumps']> = {}): Fact => ({
  is: 'prepared',
  prepared: {
    connection: 'default',
    workspace: named('Finance'),
    model: named('Sales'),
    object: { kind: 'import', id: '112', name: 'Load Sales' },
    searchAttributes: true,
    ...over,
  } as PreparedRun as Prepared,
});
const transfer = (over: Partial<ResultTransfer> = {}): ResultTransfer => ({
  name: 'sales.csv',
  uri: 'file:///data/sales.csv',
  bytes: 1234567,
  chunks: 2,
  sha256: 'abcdef0123456789',
  ...over,
});
const uploaded = (at: number, over: Partial<ResultTransfer> = {}, id = 'F1'): Fact => ({
  is: 'uploaded',
  upload: { at, to: { file: { id } }, source: {} } as never,
  transfer: transfer(over),
});
const started = (taskId = 'T1'): Fact => ({ is: 'started', taskId, adopted: false });
const ended = (over: Partial<FinishedTask>, result?: Partial<SettledResult>): Fact => ({
  is: 'ended',
  task: {
    taskId: 'T1',
    state: 'COMPLETE',
    action: IMPORT,
    steps: [],
    adopted: false,
    ...(result ? { result: { successful: true, dumpAvailable: false, details: [], ...result } } : {}),
    ...over,
  },
});
const PROCESS = { kind: 'processes', id: '118', name: 'Nightly' } as const;
const EXPORT = { kind: 'exports', id: '116', name: 'Out' } as const;
const dump: KeptDump = {
  objectId: '112',
  action: 'Load Sales',
  uri: 'file:///dumps/1.csv',
  rows: 3,
  errors: [],
  warnings: 1,
  of: 0,
};
const doing = (state: string, text?: string): Fact => ({
  is: 'doing',
  state,
  ...(text === undefined ? {} : { text }),
});
const concluded = (ending: Ending): Fact => ({ is: 'concluded', ending });

describe('facts: whatever step throws, what had happened before it is told', () => {
  it.each<[string, Fact[], string]>([
    ['nothing was started', [prepared(), uploaded(1)], 'none'],
    ['a task was started, and its end was not seen', [started()], 'unknown'],
    ['an import succeeded', [started(), ended({}, {})], 'applied'],
    ['an import failed', [started(), ended({}, { successful: false })], 'none'],
    ['an import was cancelled', [started(), ended({ state: 'CANCELLED' })], 'none'],
    [
      'an import ended without a word on its success',
      [started(), ended({}, { successful: false, assumed: true })],
      'unknown',
    ],
    ['a process was cancelled', [started(), ended({ action: PROCESS, state: 'CANCELLED' })], 'unknown'],
    [
      'a step of a failed process succeeded',
      [
        started(),
        ended(
          { action: PROCESS },
          { successful: false, nested: [{ successful: true, dumpAvailable: false, details: [] }] },
        ),
      ],
      'applied',
    ],
    ['an export, which changes no model', [started(), ended({ action: EXPORT }, {})], 'none'],
    [
      'an import that failed, after a start of which nobody knows',
      [{ is: 'startDoubted' }, started(), ended({}, { successful: false })],
      'unknown',
    ],
    [
      'the second import, after the first one lacked its file',
      [started(), ended({}, { successful: false }), { is: 'uploadsExpired' }, started('T2')],
      'unknown',
    ],
  ])('effects: %s', (_, facts, effects) => expect(effectsSoFar(facts)).toBe(effects));

  it('the document: warnings in order, transfers, the task as it was last seen', () => {
    const facts: Fact[] = [
      prepared({ filesNotUploaded: ['old.csv'] }),
      { is: 'warned', text: 'first' },
      uploaded(1),
      { is: 'warned', text: 'second' },
      started(),
      { is: 'seen', state: 'IN_PROGRESS' },
    ];
    expect(documentOf(facts)).toEqual({
      outcome: 'failed',
      transfers: [transfer()],
      dumps: [],
      filesNotUploaded: ['old.csv'],
      warnings: ['first', 'second'],
      task: { taskId: 'T1', state: 'IN_PROGRESS', successful: false, details: [] },
    });
  });

  it('the document: rows of a dump count, and nothing of how they were counted is in it', () => {
    const facts: Fact[] = [started(), ended({}, {}), { is: 'kept', dump }, concluded(SUCCEEDED)];
    const { outcome, task, dumps } = documentOf(facts);
    expect(outcome).toBe('succeeded');
    expect(task?.rows).toMatchObject({ rejected: 3, warnings: 1 });
    expect(dumps).toEqual([{ objectId: '112', action: 'Load Sales', uri: dump.uri, rows: 3, errors: [] }]);
  });

  it('the document: a file that is uploaded anew is told of once, and one that Anaplan dropped not at all', () => {
    const again = [uploaded(1, { bytes: 1 }), uploaded(1, {}, 'F2'), uploaded(2, { bytes: 2 })];
    expect(documentOf(again).transfers).toEqual([transfer(), transfer({ bytes: 2 })]);
    const two = [uploaded(1), uploaded(2, { name: 'other.csv' }, 'F2')];
    expect(documentOf(two).transfers).toHaveLength(2);
    expect(uploadsSoFar([...two, uploaded(9)]).map(({ at }) => at)).toEqual([9, 2]);
    expect(documentOf([...two, { is: 'uploadsExpired' }]).transfers).toEqual([]);
  });

  it('a failure never says "none" where an earlier start may have arrived', () => {
    const ending = concluded(failed('ActionFailed', 'It failed.', { effects: 'none' }));
    expect(documentOf([ending]).failure?.effects).toBe('none');
    expect(documentOf([{ is: 'startDoubted' }, ending]).failure?.effects).toBe('unknown');
  });

  it('details: what is done, then what the run does now; what was said of a step ends with it', () => {
    const facts: Fact[] = [prepared(), doing('uploading', 'sales.csv to file **sales.csv**')];
    expect(detailsOf([])).toBe('- Now: **preparing**');
    expect(detailsOf([...facts, { is: 'warned', text: 'careful' }])).toBe(
      [
        '- Import **Load Sales** (112) in model **Sales**, workspace **Finance**',
        '- Warning: careful',
        '- Now: **uploading**. sales.csv to file **sales.csv**',
      ].join('\n'),
    );
    expect(
      detailsOf([...facts, uploaded(1)])
        .split('\n')
        .slice(1),
    ).toEqual([
      '- Transferred **sales.csv**: 1,234,567 bytes in 2 chunks, sha256 `abcdef012345…`',
      '- Now: **uploading**',
    ]);
    const lost = failed('TaskLost', 'It is gone.', { effects: 'unknown', remedy: 'Look for it.' });
    expect(detailsOf([started(), concluded(lost)])).toBe(
      '- Task `T1`\n- Now: **failed**. **TaskLost**: It is gone. Look for it.',
    );
  });

  it('search attributes: the step, then the outcome; what lasts for moments is no event', () => {
    const facts: Fact[] = [prepared(), doing('uploading')];
    expect(attributesOf(facts)).toEqual({
      AnaplanConnection: 'default',
      AnaplanWorkspace: 'Finance',
      AnaplanModel: 'Sales',
      AnaplanObject: 'import Load Sales',
      AnaplanState: 'uploading',
    });
    const state = (more: Fact[]) => attributesOf([...facts, ...more]).AnaplanState;
    expect(state([doing('running import'), doing('keeping dumps')])).toBe('running import');
    expect(state([concluded(SUCCEEDED)])).toBe('succeeded');
  });

  it('search attributes: none before they are known to be registered; a run that was refused still has them', () => {
    expect(attributesOf([])).toEqual({});
    expect(attributesOf([prepared({ searchAttributes: false }), concluded(SUCCEEDED)])).toEqual({});
    const refused = concluded(failed('NotFound', 'No such import.', { effects: 'none' })) as Extract<
      Fact,
      { is: 'concluded' }
    >;
    expect(attributesOf([refused])).toEqual({});
    expect(attributesOf([{ ...refused, attributes: { AnaplanModel: 'x'.repeat(300) } }])).toEqual({
      AnaplanModel: 'x'.repeat(200),
      AnaplanState: 'failed',
    });
  });
});
