import type { Rig } from '../support/rig';
import { expectClean, hold, ownRig, until } from './support';
import { readdirSync } from 'node:fs';

describe('two runs to one target', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ rig, close } = await ownRig({ sandbox: { taskDurationMs: 300 } }));
  });
  afterAll(() => close());
  beforeEach(() => rig.sandbox.reset());

  const part = (name: string) =>
    readdirSync(rig.root).filter((f) => f.startsWith(`${name}.`) && f.endsWith('.part'));
  const slowExport = async (target: string) => {
    const held = hold(rig, { method: 'GET', path: '/models/*/exports/*/tasks/*' });
    const first = await rig.begin('exportDownload', { export: 'Export Sales', target });
    await held.came();
    await until(() => part(target).length > 0);
    return { first, held };
  };

  it.each([
    ['an export', 'exportDownload', { export: 'Export Bulk' }],
    ['a read', 'largeListRead', { list: 'Products' }],
    ['a file', 'downloadFile', { file: 'sales.csv' }],
  ] as const)('the second one, of %s, is a conflict before it does anything', async (_, name, input) => {
    const { first, held } = await slowExport('out.csv');
    const second = await rig.run(name, { ...input, target: './out.csv' } as never);
    expect(second.type).toBe('Conflict');
    expect(second.message).toContain(`is being written by another run, ${first.workflowId}.`);
    expect(second.result.failure?.effects).toBe('none');
    expect(rig.sandbox.tasks()).toHaveLength(1);
    await held.letGo();
    expect((await rig.ending(first.workflowId)).result.outcome).toBe('succeeded');
    expectClean(rig);
  });

  it('begun at once: exactly one of them writes it', async () => {
    const begun = await Promise.all(
      [1, 2, 3].map(() => rig.begin('exportDownload', { export: 'Export Sales', target: 'same.csv' })),
    );
    const ends = await Promise.all(begun.map((handle) => rig.ending(handle.workflowId)));
    expect(ends.map((end) => end.type ?? end.result.outcome).sort()).toEqual([
      'Conflict',
      'Conflict',
      'succeeded',
    ]);
    expectClean(rig);
  });

  it('is no conflict with what a run that was terminated left behind', async () => {
    const { first, held } = await slowExport('left.csv');
    await first.terminate('test');
    const { result } = await rig.run('largeListRead', { list: 'Products', target: 'left.csv' });
    expect(result.outcome).toBe('succeeded');
    await held.letGo();
  });
});
