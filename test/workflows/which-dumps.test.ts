import type { ActionObject, ProcessStep, SettledResult, SettledTask } from '../../src/activities';
import { planDumps, replaced } from '../../src/workflows/steps/which-dumps';

const PROCESS: ActionObject = { kind: 'processes', id: '118000000001', name: 'Nightly' };
const IMPORT: ActionObject = { kind: 'imports', id: '112000000001', name: 'Load' };
const STEPS: ProcessStep[] = [
  { id: '112000000001', name: 'Load', kind: 'imports' },
  { id: '116000000001', name: 'Export', kind: 'exports' },
  { id: '112000000002', name: 'Prices', kind: 'imports' },
];
const result = (objectId: string, over: Partial<SettledResult> = {}): SettledResult => ({
  objectId,
  objectName: STEPS.find((s) => s.id === objectId)?.name ?? objectId,
  successful: true,
  dumpAvailable: false,
  details: [],
  ...over,
});
const task = (r: SettledResult): SettledTask => ({ taskId: 'T', state: 'COMPLETE', result: r });
const process = (nested: SettledResult[], over: Partial<SettledResult> = {}) =>
  task(result(PROCESS.id, { dumpAvailable: true, ...(nested.length > 0 ? { nested } : {}), ...over }));
const plan = (t: SettledTask) =>
  planDumps(t, PROCESS, STEPS).map((w) => [w.name, w.objectId, w.of, w.unsaid ?? false]);
const rows = (rejected: number, warnings = 0) => ({ unit: 'rows' as const, ignored: 0, rejected, warnings });

describe('which dumps a task has: one that is not asked for is erased by the next run', () => {
  it('asks for the dump of an import that says it has one, and for none otherwise', () => {
    expect(planDumps(task(result(IMPORT.id, { dumpAvailable: true })), IMPORT, [])).toMatchObject([
      { name: 'Load', of: 0 },
    ]);
    expect(planDumps(task(result(IMPORT.id)), IMPORT, [])).toEqual([]);
    expect(planDumps({ taskId: 'T', state: 'COMPLETE' }, IMPORT, [])).toEqual([]);
  });

  it('asks for those of the actions that say so, and believes the others', () =>
    expect(plan(process([result('112000000001', { dumpAvailable: true }), result('112000000002')]))).toEqual([
      ['Load', '112000000001', 0, false],
    ]));

  it('asks every import where only the process says that there is a dump, and the process itself at last', () =>
    expect(plan(process([result('112000000001'), result('116000000001'), result('112000000002')]))).toEqual([
      ['Load', '112000000001', 0, true],
      ['Prices', '112000000002', 2, true],
      ['Nightly', '118000000001', -1, true],
    ]));

  it('asks every import of the process where it gives no result by action', () =>
    expect(plan(process([]))).toEqual([
      ['Load', '112000000001', -1, true],
      ['Prices', '112000000002', -1, true],
      ['Nightly', '118000000001', -1, true],
    ]));

  it('asks them, too, where an action with a dump does not say which one it is', () => {
    const { objectId: _, ...nameless } = result('112000000001', { dumpAvailable: true });
    expect(plan(process([nameless])).map(([name]) => name)).toEqual(['Load', 'Prices', 'Nightly']);
  });

  it('asks nobody where the process says that there is none', () =>
    expect(plan(process([result('112000000001')], { dumpAvailable: false }))).toEqual([]));

  it('looks into processes within the process', () =>
    expect(
      plan(process([result('118000000009', { dumpAvailable: true, nested: [result('112000000002')] })])),
    ).toEqual([
      ['Prices', '112000000002', 0, true],
      ['Nightly', '118000000001', -1, true],
    ]));

  it('asks once for an import that ran twice, for its last run, and says what became of the dump before', () => {
    const twice = (first: Partial<SettledResult>) =>
      planDumps(
        process([
          result('112000000001', { dumpAvailable: true, ...first }),
          result('112000000001', { dumpAvailable: true, rows: rows(5) }),
        ]),
        PROCESS,
        STEPS,
      );
    expect(twice({ rows: rows(3) })).toMatchObject([{ name: 'Load', of: 1 }]);
    expect(replaced(twice({ rows: rows(3) }))).toEqual([
      { action: 'Load', known: true, message: expect.stringContaining('Anaplan counts 3 rejected') },
    ]);
    expect(replaced(twice({ rows: rows(0, 2) }))).toMatchObject([{ known: true }]);
    expect(replaced(twice({}))).toEqual([
      { action: 'Load', known: false, message: expect.stringContaining('does not count') },
    ]);
  });
});
