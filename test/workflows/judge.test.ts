import type { SettledResult, SettledTask } from '../../src/activities';
import type { AcceptRejections, IntegrationResult, ResultDetail } from '../../src/contracts';
import { fitResult, resultTask } from '../../src/workflows/run/document';
import {
  allowedRejections,
  differ,
  rejectionsOf,
  rowsOf,
  type KeptDump,
} from '../../src/workflows/run/verdict';

const MAIN = { id: '112000000001', name: 'Load' };
const rows = (rejected: number, unit: 'rows' | 'cells' = 'rows') => ({
  unit,
  total: 10,
  ignored: 0,
  rejected,
  warnings: 0,
});
const result = (over: Partial<SettledResult> = {}): SettledResult => ({
  successful: true,
  dumpAvailable: false,
  details: [],
  ...over,
});
const task = (r: SettledResult): SettledTask => ({ taskId: 'T', state: 'COMPLETE', result: r });
const dump = (objectId: string, n: number, of = 0): KeptDump => ({
  of,
  objectId,
  action: 'Load',
  uri: 'file:///d',
  rows: n,
  warnings: 3,
  errors: [],
});

describe('acceptRejections: rows that Anaplan rejected are data loss unless someone said otherwise', () => {
  it.each<[AcceptRejections | undefined, number]>([
    [undefined, 0],
    [false, 0],
    [true, Number.POSITIVE_INFINITY],
    [0, 0],
    [5, 5],
    [{ Load: 7, '*': 1 }, 7],
    [{ Load: false, '*': true }, 0],
    [{ '112000000001': true }, Number.POSITIVE_INFINITY],
    [{ '*': 2 }, 2],
    [{ Other: true }, 0],
    [{}, 0],
  ])('%p allows %p', (accept, allowed) =>
    expect(allowedRejections(accept, 'Load', '112000000001')).toBe(allowed),
  );

  it('an action may be named like a property of every object, and none is allowed by that', () => {
    for (const name of ['constructor', 'toString', '__proto__'])
      expect(allowedRejections({ Other: true }, name, name)).toBe(0);
    expect(allowedRejections({ constructor: 3 } as never, 'constructor')).toBe(3);
  });

  it('finds every action that rejected rows: by its dump, else by its details and their unit', () => {
    const nested = task(
      result({
        nested: [
          result({ objectId: '1', objectName: 'List', rows: rows(2) }),
          result({ objectId: '2', objectName: 'Cells', rows: rows(4, 'cells') }),
          result({ objectId: '3', objectName: 'Fine', rows: rows(0) }),
          result({ objectId: '4', objectName: 'Unsaid' }),
        ],
      }),
    );
    expect(rejectionsOf(nested, [dump('1', 2, 0), dump('4', 1, 3)], MAIN, { List: 1, '*': 100 })).toEqual([
      { action: 'List', objectId: '1', rejected: 2, unit: 'rows', allowed: 1 },
      { action: 'Cells', objectId: '2', rejected: 4, unit: 'cells', allowed: 100 },
      { action: 'Unsaid', objectId: '4', rejected: 1, unit: 'rows', allowed: 100 },
    ]);
    expect(rejectionsOf(task(result({ rows: rows(9) })), [dump(MAIN.id, 2)], MAIN, 2)).toMatchObject([
      { action: 'Load', rejected: 9, allowed: 2 },
    ]);
    expect(rejectionsOf({ taskId: 'T', state: 'CANCELLED' }, [], MAIN, false)).toEqual([]);
  });

  it.each<[string, number, 'rows' | 'cells', boolean, number, number, 'rows' | 'cells']>([
    ['a dump of warnings takes back no failed row', 500, 'rows', false, 0, 500, 'rows'],
    ['a dump of one error is less than the count', 500, 'rows', false, 1, 500, 'rows'],
    ['a dump of more errors than the count', 3, 'rows', false, 7, 7, 'rows'],
    ['a dump of warnings takes back no failed cell', 500, 'cells', false, 0, 500, 'cells'],
    ['rows of a dump stand for their cells', 500, 'cells', false, 2, 2, 'rows'],
    ['codes may tell of a row twice', 9, 'rows', true, 4, 4, 'rows'],
    ['codes may tell of rows with a warning', 9, 'rows', true, 0, 0, 'rows'],
  ])('never counts fewer rows than were lost: %s', (_, count, unit, byCodes, lines, rejected, as) => {
    const one = result({ rows: rows(count, unit), ...(byCodes ? { byCodes: true } : {}) });
    expect(rowsOf(one, dump(MAIN.id, lines))).toEqual({ ...rows(rejected, unit), warnings: 3 });
    expect(rejectionsOf(task(one), [dump(MAIN.id, lines)], MAIN, 0).map((r) => [r.rejected, r.unit])).toEqual(
      rejected === 0 ? [] : [[rejected, as]],
    );
  });

  it.each<[number, 'rows' | 'cells', number, string | undefined]>([
    [
      500,
      'rows',
      0,
      'Anaplan counts 500 rejected rows of "Load", and its failure dump has none: the larger number counts',
    ],
    [
      0,
      'rows',
      2,
      'Anaplan counts 0 rejected rows of "Load", and its failure dump has 2: the larger number counts',
    ],
    [
      5,
      'cells',
      0,
      'Anaplan counts 5 rejected cells of "Load", and its failure dump has none: the larger number counts',
    ],
    [2, 'rows', 2, undefined],
    [5, 'cells', 2, undefined],
  ])('says so where count and dump differ: %p %s, %p lines', (count, unit, lines, text) => {
    expect(differ(result({ rows: rows(count, unit) }), dump('1', lines))).toBe(text);
    expect(differ(result({ rows: rows(count, unit), byCodes: true }), dump('1', lines))).toBeUndefined();
    expect(
      differ(result({ rows: rows(count, unit) }), { ...dump('1', lines), partial: true }),
    ).toBeUndefined();
  });

  it('takes the lines of a dump before the counts of the details', () => {
    expect(rowsOf(result({ rows: rows(9, 'cells') }), dump('1', 2))).toEqual({
      ...rows(2, 'cells'),
      warnings: 3,
    });
    expect(rowsOf(result(), dump('1', 2))).toEqual({ unit: 'rows', ignored: 0, rejected: 2, warnings: 3 });
    expect(rowsOf(result({ rows: rows(9) }), undefined)).toEqual(rows(9));
  });

  it('never counts the dump of an import for an earlier run of the same import in the process', () => {
    const twice = task(
      result({
        nested: [
          result({ objectId: '1', objectName: 'List', rows: rows(3) }),
          result({ objectId: '1', objectName: 'List', rows: rows(5) }),
        ],
      }),
    );
    expect(rejectionsOf(twice, [dump('1', 5, 1)], MAIN, 4).map((r) => r.rejected)).toEqual([3, 5]);
    expect(resultTask(twice, [dump('1', 5, 1)], false).nested?.map((n) => n.rows?.rejected)).toEqual([3, 5]);
  });

  it('counts a dump that belongs to no result, and what only the process says of its actions', () => {
    const silent = task(result({ rows: rows(4), nested: [result({ objectId: '1', objectName: 'List' })] }));
    expect(rejectionsOf(silent, [dump('1', 2, -1)], MAIN, 0)).toMatchObject([
      { action: 'Load', rejected: 2 },
    ]);
    expect(rejectionsOf(silent, [], MAIN, 0)).toMatchObject([{ action: 'Load', rejected: 4 }]);
    // By codes they may be the rows that the dump of the import knows as loaded with a warning; a count is one of failures.
    const warned = { ...dump('1', 0, 0), warnings: 4 };
    expect(rejectionsOf(silent, [warned], MAIN, 0)).toMatchObject([{ action: 'Load', rejected: 4 }]);
    const byCodes = task({ ...result(silent.result), byCodes: true });
    expect(rejectionsOf(byCodes, [warned], MAIN, 0)).toEqual([]);
  });

  it("takes Anaplan's own count where a dump ends early and shows fewer rows", () => {
    const partial = { ...dump('1', 2), partial: true as const };
    expect(rowsOf(result({ rows: rows(9) }), partial)?.rejected).toBe(9);
    expect(rowsOf(result({ rows: rows(1) }), partial)?.rejected).toBe(2);
  });

  it('shows a process by its actions and an import by its own', () => {
    const shown = resultTask(
      task(result({ nested: [result({ objectId: '1', objectName: 'A', rows: rows(1) })] })),
      [],
      true,
    );
    expect(shown).toMatchObject({
      adopted: true,
      successful: true,
      nested: [{ objectId: '1', name: 'A', rows: rows(1) }],
    });
    expect(resultTask(task(result({ rows: rows(1) })), [], false)).toEqual({
      taskId: 'T',
      state: 'COMPLETE',
      successful: true,
      details: [],
      rows: rows(1),
    });
  });
});

describe('bounds of the result document: above 2 MB a run could not even fail', () => {
  const LIMIT = 256 * 1024;
  const details = (n: number): ResultDetail[] =>
    Array.from({ length: n }, () => ({ code: 'c', message: 'm'.repeat(1024) }));
  const base: IntegrationResult = { outcome: 'failed', transfers: [], dumps: [] };
  it('leaves a small one alone', () => {
    const small = {
      ...base,
      task: { taskId: 'T', state: 'COMPLETE', successful: true, details: details(100) },
    };
    expect(fitResult(small)).toEqual(small);
  });
  it.each<[string, Partial<IntegrationResult>]>([
    [
      '100 details of 2 KB characters',
      {
        task: {
          taskId: 'T',
          state: 'COMPLETE',
          successful: false,
          details: details(100).map((d) => ({ ...d, message: '€'.repeat(1024), remedy: 'r'.repeat(1024) })),
        },
      },
    ],
    [
      '500 steps with details',
      {
        task: {
          taskId: 'T',
          state: 'COMPLETE',
          successful: false,
          details: [],
          nested: Array.from({ length: 500 }, (_, i) => ({
            objectId: String(i),
            name: 'n'.repeat(60),
            successful: true,
            details: details(2),
          })),
        },
      },
    ],
    [
      '1,000 transfers',
      {
        transfers: Array.from({ length: 1000 }, (_, i) => ({
          name: 'n'.repeat(200),
          uri: `file:///${'u'.repeat(300)}${i}`,
          bytes: 1,
          chunks: 1,
          sha256: 'f'.repeat(64),
        })),
      },
    ],
    [
      '500 dumps of 20 messages',
      {
        dumps: Array.from({ length: 500 }, (_, i) => ({
          objectId: String(i),
          action: 'a',
          uri: 'u',
          rows: 1,
          errors: Array.from({ length: 20 }, () => ({ message: 'm'.repeat(200), count: 1 })),
        })),
      },
    ],
    ['500 files', { filesNotUploaded: Array.from({ length: 2000 }, () => 'f'.repeat(1500)) }],
    [
      'warnings and a long message',
      {
        warnings: Array.from({ length: 100 }, () => 'w'.repeat(9000)),
        failure: {
          type: 'ActionFailed',
          message: 'm'.repeat(50_000),
          remedy: 'r',
          effects: 'none',
          parameters: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, 'v'.repeat(200)])),
        },
      },
    ],
  ])('%s stay below 256 KB, and the document says that it was cut', (_, over) => {
    const fitted = fitResult({ ...base, ...over });
    expect(Buffer.byteLength(JSON.stringify(fitted))).toBeLessThanOrEqual(LIMIT);
    expect(fitted.truncated).toBe(true);
    expect(fitted.outcome).toBe('failed');
  });
});
