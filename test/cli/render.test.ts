import { exitOf } from '../../src/cli/endings';
import { ProgressDisplay, progressText, Rate, stepOf } from '../../src/cli/progress';
import { bytes, clean, renderResult, span } from '../../src/cli/render';
import { inFlags } from '../../src/cli/words';
import { documentOf, type RunProgress } from '../../src/client';
import { EXIT, FAILURE_TYPES, FAILURES, tell, type IntegrationResult } from '../../src/contracts';

const SHA = 'a'.repeat(64);

describe('a result as a person reads it', () => {
  test('an upload with rejected rows', () => {
    const result: IntegrationResult = {
      outcome: 'succeededWithRejections',
      task: {
        taskId: 'T1',
        state: 'COMPLETE',
        successful: true,
        adopted: true,
        rows: {
          unit: 'cells',
          total: 24_000,
          created: 0,
          updated: 23_840,
          ignored: 0,
          rejected: 80,
          warnings: 1,
        },
        details: [{ code: 'x', message: 'Item not located', occurrences: 27 }],
      },
      transfers: [{ name: 'sales.csv', uri: 'data/sales.csv', bytes: 326_631, chunks: 1, sha256: SHA }],
      dumps: [
        {
          objectId: '112',
          action: 'Load Sales',
          uri: 'file:///d.csv',
          rows: 80,
          errors: [{ message: 'Invalid number: …', count: 27 }],
        },
      ],
      warnings: ['The header differs.'],
    };
    expect(
      renderResult('uploadImport', result, {
        name: 'Load Sales',
        workflowId: 'w',
        link: 'http://ui/w',
        tookMs: 3_400,
      }),
    ).toBe(
      [
        'upload-import Load Sales succeeded, with 80 rows rejected (3 s)',
        'Rows      24,000 cells, 0 created, 23,840 updated, 0 ignored, 80 rows rejected, 1 warning',
        'Task      T1 COMPLETE, found in the task list after its answer was lost',
        '          Item not located (27 times)',
        'Transfer  sales.csv: 326.6 kB (326,631 bytes) in 1 chunk',
        '          data/sales.csv',
        `          sha256 ${SHA}`,
        'Rejected  80 rows of Load Sales',
        '               27 x Invalid number: …',
        '          all of them in file:///d.csv',
        'Warning   The header differs.',
        'Run       w',
        '          http://ui/w',
        '',
      ].join('\n'),
    );
  });

  test('a process that failed: which step, what was done, what to do', () => {
    const result: IntegrationResult = {
      outcome: 'failed',
      task: {
        taskId: 'T2',
        state: 'COMPLETE',
        successful: false,
        details: [],
        nested: [
          { objectId: '1', name: 'Load list', successful: true, details: [] },
          { objectId: '2', successful: false, details: [{ code: 'c', message: 'No file' }] },
        ],
      },
      transfers: [{ name: 'V', uri: 'v.csv', bytes: 12, chunks: 2, pages: 2, rows: 1, sha256: SHA }],
      dumps: [],
      filesNotUploaded: ['old.csv'],
      failure: {
        type: 'ActionFailed',
        message: 'It failed.',
        code: 'noFile',
        remedy: 'Upload it.',
        effects: 'applied',
      },
      truncated: true,
    };
    expect(renderResult('processWithDumps', result)).toBe(
      [
        'process-with-dumps failed: ActionFailed',
        'Why       It failed. [noFile]',
        'Remedy    Upload it.',
        'Effects   applied: the model was changed',
        'Task      T2 COMPLETE',
        'Step      ok     Load list',
        'Step      FAILED 2',
        '                 No file',
        'Transfer  V: 12 bytes in 2 pages, 1 row',
        '          v.csv',
        `          sha256 ${SHA}`,
        'Old data  the process also loads files that got no upload: old.csv',
        '          Some details were left out to keep the result small.',
        '',
      ].join('\n'),
    );
  });

  test('rejections that only counts tell are in their own unit, and steps say how long they took', () => {
    const rows = (unit: 'rows' | 'cells', rejected: number) => ({ unit, ignored: 0, rejected, warnings: 0 });
    const step = (name: string, unit: 'rows' | 'cells', rejected: number) => ({
      objectId: name,
      name,
      successful: true,
      details: [],
      rows: rows(unit, rejected),
      duration: 61_000,
    });
    const nested = (...steps: ReturnType<typeof step>[]): IntegrationResult => ({
      outcome: 'succeededWithRejections',
      task: { taskId: 'T', state: 'COMPLETE', successful: true, details: [], nested: steps },
      transfers: [],
      dumps: [],
    });
    const cells = renderResult('runAction', nested(step('A', 'cells', 12)));
    expect(cells).toContain('succeeded, with 12 cells rejected');
    expect(cells).toMatch(/Step +ok +A: cells: 0 ignored, 12 rejected \(1 min 1 s\)/);
    expect(renderResult('runAction', nested(step('A', 'cells', 12), step('B', 'rows', 3)))).toContain(
      'succeeded, with 15 rows rejected',
    );
  });

  test('how long a run held its model is read as a sentence', () => {
    const result = { outcome: 'succeeded', transfers: [], dumps: [], modelHeldMs: 83_000 } as const;
    expect(renderResult('runAction', { ...result, transfers: [], dumps: [] })).toMatch(
      /^Held {6}the model for 1 min 23 s$/m,
    );
  });

  test('a dump that could not be counted does not read as one without rejected rows', () => {
    const dump = { objectId: '1', action: 'Load', uri: 'file:///d', errors: [], partial: true as const };
    const text = (rows: number) =>
      renderResult('runAction', { outcome: 'failed', transfers: [], dumps: [{ ...dump, rows }] });
    expect(text(0)).toContain('Dump      Load: its rows could not be counted');
    expect(text(2)).toContain('Rejected  at least 2 rows of Load');
  });

  test('a dump that only warns does not read as rejected rows', () => {
    const result: IntegrationResult = {
      outcome: 'succeeded',
      transfers: [],
      dumps: [
        {
          objectId: '112',
          action: 'Load Sales',
          uri: 'file:///d.csv',
          rows: 0,
          errors: [{ message: 'Duplicate key: …', count: 3 }],
        },
      ],
    };
    const text = renderResult('uploadImport', result);
    expect(text).not.toMatch(/0 rows|Rejected/);
    expect(text).toContain('Dump      Load Sales: no row was rejected');
    expect(text).toContain('3 x Duplicate key: …');
  });

  test('a person reads flags where the document has fields, and each sentence once', () => {
    const result: IntegrationResult = {
      outcome: 'failed',
      transfers: [],
      dumps: [],
      warnings: ['It differs; checkHeader says what happens.'],
      failure: {
        type: 'RowsRejected',
        message: `Import "acceptRejections" rejected 2 rows; the rest is loaded. ${FAILURES.RowsRejected.remedy}`,
        remedy: FAILURES.RowsRejected.remedy,
        effects: 'applied',
      },
    };
    const text = renderResult('uploadImport', result);
    expect(text).toContain('or allow rejections with --accept-rejections.');
    expect(text).toContain('Import "acceptRejections" rejected');
    expect(text).toContain('--check-header says');
    expect(text.match(/loaded/g)).toHaveLength(1);
    expect(inFlags(FAILURES.ModelLocked.remedy)).toContain(
      '--timeout lock=... and --timeout modelUnavailable=...',
    );
  });

  test("names cannot steer the reader's terminal", () => {
    expect(clean('a\u001b[2Jb\nc')).toBe('a [2Jb c');
  });

  test('bytes and spans', () => {
    expect([0, 999, 1_000, 999_960, 48_800_000, 3.1e9].map(bytes)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '1.0 MB',
      '48.8 MB',
      '3.1 GB',
    ]);
    expect([12, 999, 1_000, 61_000, 120_000, 7_800_000].map(span)).toEqual([
      '12 ms',
      '999 ms',
      '1 s',
      '1 min 1 s',
      '2 min',
      '2 h 10 min',
    ]);
  });
});

describe('exit codes', () => {
  test.each(FAILURE_TYPES.map((type) => [type] as const))('%s', (type) => {
    expect(exitOf(documentOf({ ...tell(type, 'x'), effects: 'none' }))).toBe(FAILURES[type].exit);
  });

  test('success, accepted rejections and a cancelled run', () => {
    const empty = { transfers: [], dumps: [] };
    expect(exitOf({ outcome: 'succeeded', ...empty })).toBe(EXIT.ok);
    expect(exitOf({ outcome: 'succeededWithRejections', ...empty })).toBe(EXIT.ok);
    expect(exitOf({ outcome: 'cancelled', ...empty })).toBe(EXIT.cancelled);
  });
});

const START = new Date('2026-01-01T00:00:00Z');
const at = (seconds: number): number => START.getTime() + seconds * 1_000;
const progress = (o: Partial<RunProgress>): RunProgress => ({
  workflowId: 'w',
  runId: 'r',
  workflowType: 'uploadImport',
  status: 'RUNNING',
  startedAt: START,
  unclaimed: false,
  taskQueue: 'anaplan',
  activities: [],
  ...o,
});

describe('progress', () => {
  test.each<[string, Partial<RunProgress>, string]>([
    ['nothing known', {}, 'running'],
    ['the state of the run', { state: 'waiting for the model' }, 'waiting for the model'],
    [
      'a place in line',
      {
        state: 'waiting for model',
        waiting: {
          lockId: 'anaplan-lock:M',
          for: 'model',
          place: 2,
          since: START,
          behind: [
            { workflowId: 'nightly', since: START, holds: true },
            { workflowId: 'other', since: START, holds: false },
          ],
        },
      },
      'waiting for model · place 2 behind nightly, which holds it since 2026-01-01T00:00:00.000Z and 1 more',
    ],
    [
      'an activity without a state',
      { activities: [{ type: 'anaplan.followTask', attempt: 1, running: true, note: '40 %' }] },
      'following the task · 40 %',
    ],
    [
      'an upload',
      {
        state: 'uploading',
        activities: [
          {
            type: 'anaplan.uploadChunks',
            attempt: 1,
            running: true,
            position: { next: 12, offset: 120_000_000 },
          },
        ],
      },
      'uploading · 12 chunks · 120.0 MB · 50.0 MB/s',
    ],
    [
      'pages',
      {
        activities: [
          { type: 'anaplan.readPages', attempt: 1, running: true, position: { next: 3, offset: 900 } },
        ],
      },
      'reading pages · 3 pages · 900 B · 50.0 MB/s',
    ],
    [
      'Anaplan refuses',
      {
        state: 'uploading',
        activities: [
          {
            type: 'anaplan.uploadChunks',
            attempt: 2,
            running: true,
            outage: { message: 'the model is locked (423)', since: at(0), count: 3 },
          },
        ],
      },
      'uploading · the model is locked (423) · for 10 s',
    ],
    [
      'another attempt',
      {
        state: 'uploading',
        activities: [
          { type: 'anaplan.uploadChunks', attempt: 3, running: false, lastFailure: 'handed over' },
        ],
      },
      'uploading · attempt 3 after: handed over',
    ],
    [
      'an activity that somebody has paused',
      {
        state: 'uploading',
        activities: [
          { type: 'anaplan.uploadChunks', attempt: 2, running: false, paused: true, lastFailure: 'given up' },
        ],
      },
      'uploading · anaplan.uploadChunks is paused in Temporal: it goes on once it is unpaused there',
    ],
    [
      'a run that somebody has paused',
      { state: 'uploading', status: 'PAUSED' },
      'uploading · paused in Temporal: it goes on once it is unpaused there',
    ],
    [
      'no worker',
      { unclaimed: true },
      'running · no worker has taken it yet: is one running on task queue anaplan?',
    ],
  ])('%s', (_what, given, text) => {
    expect(progressText(progress(given), at(10), 50_000_000)).toBe(text);
  });

  test('the step has no figures, so that a log gets a line only when it changes', () => {
    const upload = (offset: number): RunProgress =>
      progress({
        state: 'uploading',
        activities: [
          { type: 'anaplan.uploadChunks', attempt: 1, running: true, position: { next: 1, offset } },
        ],
      });
    expect(stepOf(upload(1), at(1))).toBe(stepOf(upload(2), at(2)));
    const lines: string[] = [];
    let now = at(0);
    const display = new ProgressDisplay({ write: (text) => lines.push(text) }, () => now);
    for (const p of [upload(0), upload(5), progress({ state: 'running import' })]) {
      display.update(p);
      now += 1_000;
    }
    expect(lines).toEqual([
      '2026-01-01T00:00:00.000Z 0 ms · uploading · 1 chunk · 0 B\n',
      '2026-01-01T00:00:02.000Z 2 s · running import\n',
    ]);
  });

  test('a terminal has one line, as wide as it is, and it is gone at the end', () => {
    const written: string[] = [];
    const display = new ProgressDisplay(
      { write: (text) => written.push(text), isTTY: true, columns: 30 },
      () => at(1),
    );
    display.update(progress({ state: 'a state that is much longer than the line' }));
    display.clear();
    display.clear();
    expect(written).toEqual(['\r\u001b[2K1 s · a state that is much l…', '\r\u001b[2K']);
  });

  test('the rate is over the last seconds, and starts again when an attempt goes back', () => {
    const rate = new Rate();
    expect(rate.add(0, 0)).toBeUndefined();
    expect(rate.add(1_000, 1_000)).toBe(1_000);
    expect(rate.add(500, 2_000)).toBeUndefined();
    expect(rate.add(2_500, 3_000)).toBe(2_000);
  });
});
