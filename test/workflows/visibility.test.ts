import type { Rig } from '../support/rig';
import { activitiesOf, expectClean, GOOD, ownRig, sha, stateOf } from './support';

/** 64 bytes a chunk: the smallest, as the digest works in blocks of 64. */
const CHUNK = 64;
const chunks = (n: number) => Buffer.from('Key,Value\n'.padEnd(n * CHUNK - 1, 'k,1\n'));

describe('what a person sees of a run, and how long its history gets', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ rig, close } = await ownRig({
      chunkBytes: CHUNK,
      timing: { pollIntervalMs: 20 },
      sandbox: {
        uploads: 'digest',
        readDurationMs: 0,
        taskDurationMs: 50,
        model: {
          exportBytes: 101_000,
          exportChunkBytes: 100,
          viewPages: 260,
          viewRowsPerPage: 2,
          listItems: 2_000,
          listRowsPerPage: 2,
        },
      },
    }));
  });
  afterAll(async () => {
    expectClean(rig);
    await close();
  });
  const events = async (workflowId: string) =>
    (await rig.client.workflow.getHandle(workflowId).fetchHistory()).events ?? [];

  it('names what the run works on: search attributes, details, and a summary on every activity and timer', async () => {
    rig.write('good.csv', GOOD);
    const end = await rig.run('uploadImport', { import: 'Load Sales', source: 'good.csv' });
    const handle = rig.client.workflow.getHandle(end.workflowId);
    expect((await handle.describe()).searchAttributes).toMatchObject({
      AnaplanConnection: ['default'],
      AnaplanWorkspace: ['Demo Workspace'],
      AnaplanModel: ['Sales Planning'],
      AnaplanObject: ['import Load Sales'],
      AnaplanState: ['succeeded'],
    });
    const { currentDetails } = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    expect(currentDetails).toContain(
      '- Import **Load Sales** (112000000002) in model **Sales Planning**, workspace **Demo Workspace**',
    );
    expect(currentDetails).toMatch(/- Transferred \*\*sales\.csv\*\*: \d+ bytes in \d+ chunks/);
    expect(currentDetails).toMatch(/- Task `[0-9A-F]{32}`\n[^]*- Now: \*\*succeeded\*\*$/);
    const quiet = (await events(end.workflowId)).filter(
      (e) =>
        (e.activityTaskScheduledEventAttributes || e.timerStartedEventAttributes) &&
        !e.userMetadata?.summary?.data?.length,
    );
    expect(quiet).toEqual([]);
  });

  it('shows a failure by its first line, and its state', async () => {
    const end = await rig.run('runAction', { action: 'Delete Locked Products' });
    const handle = rig.client.workflow.getHandle(end.workflowId);
    expect(await stateOf(handle)).toBe('failed');
    const closed = (await events(end.workflowId)).at(-1)?.workflowExecutionFailedEventAttributes?.failure;
    expect(closed?.message).toMatch(/^Action "Delete Locked Products" \(117000000005\) failed: /);
    expect(closed?.applicationFailureInfo).toMatchObject({ type: 'ActionFailed', nonRetryable: true });
  });

  it.each([
    ['whose input is wrong', { action: 'Order Products', localeName: 7 }, 'Sales Planning'],
    ['whose model is not there', { action: 'Order Products', model: 'Sales Plan' }, 'Sales Plan'],
    ['whose action is not there', { action: 'Order Product' }, 'Sales Planning'],
  ])('finds a run by its attributes %s', async (_, input, model) => {
    const handle = await rig.client.workflow.start('runAction', {
      workflowId: `early-${model}-${Math.random()}`,
      taskQueue: rig.taskQueue,
      args: [{ workspace: 'Demo Workspace', model: 'Sales Planning', ...input }],
    });
    await expect(handle.result()).rejects.toThrow();
    expect((await handle.describe()).searchAttributes).toMatchObject({
      AnaplanConnection: ['default'],
      AnaplanWorkspace: ['Demo Workspace'],
      AnaplanModel: [model],
      AnaplanObject: [`action ${input.action}`],
      AnaplanState: ['failed'],
    });
  });

  it('uploads and imports in four batches of 250 chunks within 100 events', async () => {
    const source = chunks(800);
    rig.write('bulk.csv', source);
    const end = await rig.run('uploadImport', {
      import: 'Load Bulk',
      source: 'bulk.csv',
      acceptRejections: true,
    });
    expect(end.result.transfers[0]).toMatchObject({ chunks: 800, sha256: sha(source) });
    expect((await events(end.workflowId)).length).toBeLessThanOrEqual(100);
  });

  it('exports and downloads a file of more than 1,000 chunks in three batches, within 100 events', async () => {
    const end = await rig.run('exportDownload', { export: 'Export Bulk', target: 'bulk.csv' });
    expect(end.result.transfers[0]?.chunks).toBeGreaterThan(1_000);
    expect(
      (await activitiesOf(rig.client.workflow.getHandle(end.workflowId))).filter(
        (n) => n === 'anaplan.downloadChunks',
      ),
    ).toHaveLength(3);
    expect((await events(end.workflowId)).length).toBeLessThanOrEqual(100);
  });

  it('reads with 6 events for each further 250 pages', async () => {
    const view = await rig.run('largeViewRead', { view: 'Bulk.All', target: 'view.csv' });
    const list = await rig.run('largeListRead', { list: 'Bulk Items', target: 'list.csv' });
    expect(view.result.transfers[0]).toMatchObject({ pages: 260, rows: 520 });
    expect(list.result.transfers[0]).toMatchObject({ pages: 1_000, rows: 2_000 });
    // Batches: two for 260 pages; four, and one that sees the end, at most for 1,000.
    const more = (await events(list.workflowId)).length - (await events(view.workflowId)).length;
    expect(more).toBeLessThanOrEqual(3 * 6);
    expect((await events(view.workflowId)).length).toBeLessThanOrEqual(60);
  });
});
