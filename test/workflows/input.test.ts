import { INTEGRATIONS } from '../../src/contracts';
import { MODELS, REPORTING_WORKSPACE } from '../../src/sandbox';
import type { Rig } from '../support/rig';
import { asked, BAD, expectClean, GOOD, ownRig } from './support';

const model = (name: string) => MODELS.filter((m) => m.name === name);

describe('bad input: a sentence that helps, before anything is sent that has an effect', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ rig, close } = await ownRig());
    rig.write('good.csv', GOOD);
  });
  afterEach(() => {
    expect(asked(rig, 'PUT', /./) + asked(rig, 'POST', /tasks|files|readRequests/)).toBe(0);
    expectClean(rig);
    rig.sandbox.reset();
  });
  afterAll(() => close());
  const upload = { import: 'Load Sales', source: 'good.csv' };

  // What a caller in another language may send, past the checks of the typed client.
  it.each<[string, unknown, RegExp]>([
    [
      'a field that is not known',
      { model: 'M', workspace: 'W', ...upload, sorce: 'x' },
      /sorce: is not known here; did you mean "source"\?/,
    ],
    ['a field that is missing', { model: 'M', workspace: 'W', import: 'x' }, /source: is required/],
    [
      'a wrong type',
      { model: 'M', workspace: 'W', ...upload, exclusive: 'yes' },
      /exclusive: must be true or false/,
    ],
    [
      'a name without a workspace',
      { model: 'Sales Planning', ...upload },
      /workspace: is required because "model" is given by name/,
    ],
    [
      'a time-out that is none',
      { model: 'M', workspace: 'W', ...upload, timeouts: { task: 'soon' } },
      /timeouts\.task: must be a duration/,
    ],
    ['no object', 'text', /must be one JSON object/],
    ['nothing', undefined, /must be one JSON object, not nothing/],
    ['null', null, /must be one JSON object, not null/],
    ['a number', 7, /must be one JSON object, not a number/],
    ['a list', [upload], /must be one JSON object, not a list/],
    ['bytes', Buffer.from('{}'), /must be one JSON object, not bytes/],
    [
      'a list for the time-outs',
      { model: 'M', workspace: 'W', ...upload, timeouts: ['1h'] },
      /timeouts: must/,
    ],
    [
      'a bound of centuries',
      { model: 'M', workspace: 'W', ...upload, timeouts: { unavailable: 1e300 } },
      /timeouts\.unavailable: must be at most "365d"/,
    ],
  ])('%s: no request at all', async (_, input, words) => {
    const handle = await rig.client.workflow.start('uploadImport', {
      workflowId: `raw-${Math.random()}`,
      taskQueue: rig.taskQueue,
      args: input === undefined ? [] : [input],
    });
    const end = await rig.ending(handle.workflowId);
    expect(end.type).toBe('InvalidInput');
    expect(end.message).toMatch(words);
    expect(end.message).toContain('The input of uploadImport is not valid.');
    expect(end.result).toMatchObject({
      outcome: 'failed',
      failure: { type: 'InvalidInput', effects: 'none' },
    });
    expect(rig.sandbox.record).toEqual([]);
  });

  it.each(INTEGRATIONS)('%s without an argument or with two is refused, and does not hang', async (name) => {
    for (const args of [[], [{ model: 'M' }, { target: 'x' }]]) {
      const { workflowId } = await rig.client.workflow.start(name, {
        workflowId: `raw-${Math.random()}`,
        taskQueue: rig.taskQueue,
        args,
      });
      const end = await rig.ending(workflowId);
      expect([end.type, end.result.failure?.effects]).toEqual(['InvalidInput', 'none']);
      expect(end.message).toContain(`The input of ${name} is not valid. `);
      expect(end.message).toMatch(args.length === 0 ? /not nothing/ : /not 2 arguments/);
    }
    expect(rig.sandbox.record).toEqual([]);
  });

  it('sends a model-to-model import to run-action', async () => {
    const end = await rig.run('uploadImport', { ...upload, import: 'Products from Consolidation' });
    expect(end.type).toBe('InvalidInput');
    expect(end.message).toMatch(/does not read a file.*Run it with run-action \(workflow runAction\)/);
  });

  it.each<[string, object, string, RegExp]>([
    [
      'an import',
      { ...upload, import: 'Load Sale' },
      'NotFound',
      /no import "Load Sale" in model "Sales Planning"\. Near it: "Load Sales" \(112000000002\)/,
    ],
    [
      'an import by ID',
      { ...upload, import: '112999999999' },
      'NotFound',
      /no import with ID "112999999999"/,
    ],
    ['a file', { ...upload, file: 'sale.csv' }, 'NotFound', /Near it: "sales\.csv" \(113000000002\)/],
    [
      'a workspace',
      { ...upload, workspace: 'Demo Workspac', model: 'Sales Planning' },
      'NotFound',
      /Near it: "Demo Workspace"/,
    ],
    [
      'a model',
      { ...upload, workspace: 'Demo Workspace', model: 'Sales Plan' },
      'NotFound',
      /no model "Sales Plan" in workspace "Demo Workspace"\. Near it: "Sales Planning"/,
    ],
    [
      'a model of another workspace',
      { ...upload, workspace: REPORTING_WORKSPACE },
      'InvalidInput',
      /is in workspace ".*", not in "Reporting Workspace"/,
    ],
    [
      'a model that two have',
      { ...upload, workspace: 'Demo Workspace', model: 'Forecast' },
      'InvalidInput',
      /Model "Forecast" is ambiguous in workspace "Demo Workspace": 2 have that name/,
    ],
    [
      'an archived model',
      { ...upload, model: model('Sales Planning')[0]?.id },
      'ModelArchived',
      /archived.*Unarchive the model/,
    ],
    [
      'a connection',
      { ...upload, connection: 'prod' },
      'InvalidInput',
      /connection: "prod" is not configured/,
    ],
  ])('%s that is not there says what is', async (_, input, type, words) => {
    const end = await rig.run('uploadImport', input as typeof upload);
    expect([end.type, end.result.failure?.effects]).toEqual([type, 'none']);
    expect(end.message).toMatch(words);
  });

  it.each([
    ['exportDownload', { export: 'Export Sale', target: 'x' }, /Near it: "Export Sales"/],
    ['processWithDumps', { process: 'Nightly' }, /Near it: "Nightly Load"/],
    [
      'largeViewRead',
      { view: 'By Regio', module: 'Sales', target: 'x' },
      /in module "Sales"\. Near it: "By Region"/,
    ],
    ['largeViewRead', { view: 'x', module: 'Sale', target: 'x' }, /no module "Sale" .*Near it: "Sales"/],
    ['largeListRead', { list: 'Product', target: 'x' }, /Near it: "Products"/],
    ['runAction', { action: 'Order Product' }, /Near it: "Order Products"/],
    ['uploadFile', { file: 'sale.csv', source: 'good.csv' }, /Near it: "sales\.csv"/],
    ['downloadFile', { file: 'product.csv', target: 'x' }, /Near it: "products\.csv"/],
  ] as const)('%s names what is near (%#)', async (name, input, words) => {
    const end = await rig.run(name, input as never);
    expect(end.type).toBe('NotFound');
    expect(end.message).toMatch(words);
  });

  it('finds the live one of two models of one name, one of them archived', async () => {
    const end = await rig.run('runAction', {
      workspace: 'Demo Workspace',
      model: 'Sales Planning',
      action: 'nothing like it',
    });
    expect(end.message).toContain('in model "Sales Planning"');
  });
});

it('null is what other languages send for what is left out: such a run loads, and judges as by default', async () => {
  const { rig, close } = await ownRig();
  try {
    rig.write('good.csv', GOOD);
    rig.write('bad.csv', BAD);
    const nothing = {
      workspace: null,
      connection: null,
      localeName: null,
      exclusive: null,
      timeouts: null,
      mappingParameters: null,
      acceptRejections: null,
      dumps: null,
      file: null,
      checkHeader: null,
      startAgainIfUnknown: null,
    };
    const run = (source: string) =>
      rig.run('uploadImport', { ...nothing, import: 'Load Sales', source } as never);
    expect((await run('good.csv')).result).toMatchObject({ outcome: 'succeeded' });
    // No word on rejections means none; no word on dumps means the worker's own directory.
    const bad = await run('bad.csv');
    expect(bad.type).toBe('RowsRejected');
    expect(bad.result.dumps).toHaveLength(1);
    const read = await rig.run('largeListRead', {
      list: 'Products',
      target: 'out.csv',
      compress: null,
      timeouts: { lock: null },
    } as never);
    expect(read.result).toMatchObject({ outcome: 'succeeded' });
    expectClean(rig);
  } finally {
    await close();
  }
});
