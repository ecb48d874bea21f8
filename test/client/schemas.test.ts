import type { z } from 'zod';
import {
  INTEGRATIONS,
  issuesText,
  nearest,
  writtenPath,
  type IntegrationInputs,
  type IntegrationName,
} from '../../src/contracts';
import type { FieldKind, FieldsOf, KindValues } from '../../src/contracts/fields';
import { REGISTRY } from '../../src/contracts/integrations';
import type { KINDS } from '../../src/contracts/schemas';
import { checkInput } from '../../src/contracts/schemas';

// Type-level: what a schema lets through is exactly the interface, in both directions.
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Flat<T> = T extends readonly (infer E)[]
  ? Flat<E>[]
  : T extends object
    ? { [K in keyof T]: Flat<T[K]> }
    : T;
const same: { [K in FieldKind]: Same<Flat<z.output<(typeof KINDS)[K]>>, Flat<KindValues[K]>> } = {
  object: true,
  text: true,
  path: true,
  flag: true,
  timeouts: true,
  parallelChunks: true,
  compress: true,
  checkHeader: true,
  priority: true,
  acceptRejections: true,
  mappingParameters: true,
  uploads: true,
  downloads: true,
};

// The registry describes every field of an interface, of the right kind, and no other one.
const list: FieldsOf<{ list: string; all?: boolean }> = {
  list: { kind: 'object', required: true, flag: '--list <name>', help: '', meaning: '' },
  all: { kind: 'flag', flag: '--all', help: '', meaning: '' },
};
const wrong: FieldsOf<{ list: string; all?: boolean; target: string }>[] = [
  // @ts-expect-error a field is left out
  { ...list },
  // @ts-expect-error one that is required is not said to be
  { ...list, target: { kind: 'path', flag: '--target <path>', help: '', meaning: '' } },
  // @ts-expect-error one is of another kind
  { ...list, target: { kind: 'flag', required: true, flag: '--target', help: '', meaning: '' } },
];

const MODEL = '75A40874E6B64FA3AE0743278996850F';
const base = { model: MODEL };

/** A valid input with everything that is required, and nothing else. */
const LEAST: IntegrationInputs = {
  uploadImport: { ...base, import: 'Load', source: 'a.csv' },
  exportDownload: { ...base, export: 'Sales', target: 'out.csv' },
  processWithDumps: { ...base, process: 'Nightly' },
  largeViewRead: { ...base, view: 'V', target: 'out.csv' },
  largeListRead: { ...base, list: 'L', target: 'out.csv' },
  runAction: { ...base, action: 'Do' },
  uploadFile: { ...base, file: 'f.csv', source: 'a.csv' },
  downloadFile: { ...base, file: 'f.csv', target: 'out.csv' },
};

function issues(integration: IntegrationName, value: unknown): string[] {
  const checked = checkInput(integration, value);
  return checked.ok ? [] : checked.issues.map((i) => `${i.path}: ${i.message}`);
}

describe('a good input passes unchanged', () => {
  test('the schemas and the interfaces say the same', () => {
    expect(Object.values(same)).not.toContain(false);
    expect(wrong).toHaveLength(3);
    expect(Object.keys(REGISTRY)).toEqual(INTEGRATIONS);
  });

  test.each(INTEGRATIONS.map((n) => [n] as const))('%s with the least and with everything', (integration) => {
    const least = LEAST[integration];
    expect(checkInput(integration, least)).toEqual({ ok: true, input: least });
    const all = {
      ...least,
      workspace: 'Finance',
      connection: 'prod',
      localeName: 'de_DE',
      exclusive: false,
      timeouts: {
        lock: '12h',
        modelUnavailable: 0,
        unavailable: '5 min',
        task: '1d',
        transfer: 10,
        cancel: '30s',
      },
    };
    expect(checkInput(integration, all)).toEqual({ ok: true, input: all });
  });

  test('a key that is undefined is a key that is not there, as in JSON', () => {
    expect(
      checkInput('runAction', { ...LEAST.runAction, workspace: undefined, timeouts: { lock: undefined } }),
    ).toEqual({ ok: true, input: { ...LEAST.runAction, timeouts: {} } });
  });

  test('null is what a caller in another language sends for a field that is left out', () => {
    expect(
      checkInput('processWithDumps', {
        ...LEAST.processWithDumps,
        workspace: null,
        exclusive: null,
        timeouts: { lock: null, task: '1h' },
        acceptRejections: null,
        mappingParameters: null,
        dumps: null,
        uploads: [{ file: 'a', source: 'b', sheet: null }],
        downloads: null,
        requireUploads: null,
        checkHeader: null,
        startAgainIfUnknown: null,
      }),
    ).toEqual({
      ok: true,
      input: {
        ...LEAST.processWithDumps,
        timeouts: { task: '1h' },
        uploads: [{ file: 'a', source: 'b' }],
      },
    });
    expect(checkInput('uploadImport', { ...LEAST.uploadImport, timeouts: null })).toEqual({
      ok: true,
      input: LEAST.uploadImport,
    });
  });

  test.each([[true], [false], [0], [12], [{ 'Load list': true, '*': 0 }]])(
    'acceptRejections %j',
    (acceptRejections) => {
      expect(issues('processWithDumps', { ...LEAST.processWithDumps, acceptRejections })).toEqual([]);
    },
  );

  test.each(['uploadImport', 'exportDownload', 'processWithDumps', 'runAction'] as const)(
    'an operator may say of %s that the action may run twice',
    (integration) => {
      for (const startAgainIfUnknown of [true, false])
        expect(issues(integration, { ...LEAST[integration], startAgainIfUnknown })).toEqual([]);
    },
  );

  test.each(['uploadImport', 'processWithDumps'] as const)('%s takes checkHeader', (integration) => {
    for (const checkHeader of ['fail', 'warn', 'off'])
      expect(issues(integration, { ...LEAST[integration], checkHeader })).toEqual([]);
  });

  test.each([[true], [false], ['gzip']])('compress %j', (compress) => {
    expect(issues('exportDownload', { ...LEAST.exportDownload, compress })).toEqual([]);
  });
});

describe('a wrong input is refused with the path of the field, before anything is done', () => {
  const load = LEAST.uploadImport;
  test.each<[string, IntegrationName, unknown, string[]]>([
    ['nothing', 'uploadImport', undefined, [': must be one JSON object, not nothing']],
    ['null', 'uploadImport', null, [': must be one JSON object, not null']],
    ['a list', 'uploadImport', [load], [': must be one JSON object, not a list']],
    ['a text', 'uploadImport', 'Load', [': must be one JSON object, not a string']],
    [
      'all is missing',
      'uploadImport',
      {},
      ['model: is required', 'import: is required', 'source: is required'],
    ],
    [
      'a misspelt key',
      'uploadImport',
      { ...load, soruce: 'x' },
      ['soruce: is not known here; did you mean "source"?'],
    ],
    [
      'another spelling',
      'uploadImport',
      { ...load, accept_rejections: true },
      ['accept_rejections: is not known here; did you mean "acceptRejections"?'],
    ],
    ['an empty text', 'uploadImport', { ...load, source: ' ' }, ['source: must not be empty']],
    [
      'only a prefix',
      'uploadImport',
      { ...load, import: 'name:' },
      ['import: must name an object after "id:" or "name:"'],
    ],
    ['a number', 'uploadImport', { ...load, import: 112 }, ['import: must be a text, not a number']],
    ['null in a required field', 'uploadImport', { ...load, source: null }, ['source: is required']],
    [
      'null in a list',
      'processWithDumps',
      { ...LEAST.processWithDumps, uploads: [null] },
      ['uploads[0]: must be an object, not null'],
    ],
    [
      'null for a limit by action, which "*" must not stand in for',
      'processWithDumps',
      { ...LEAST.processWithDumps, acceptRejections: { Load: null, '*': true } },
      ['acceptRejections.Load: must be true, false, or a number of rows (0, 1, 2, ...), not null'],
    ],
    ['bytes', 'uploadImport', Buffer.from('{}'), [': must be one JSON object, not bytes']],
    [
      'half a character',
      'uploadImport',
      { ...load, source: 'a\ud800.csv' },
      ['source: must be well-formed Unicode'],
    ],
    ['a NUL', 'uploadImport', { ...load, source: 'a\0.csv' }, ['source: must not hold a NUL character']],
    [
      'a list for an object',
      'uploadImport',
      { ...load, timeouts: ['1h'] },
      ['timeouts: must be an object, not a list'],
    ],
    [
      'an object for a list',
      'processWithDumps',
      { ...LEAST.processWithDumps, uploads: { file: 'a', source: 'b' } },
      ['uploads: must be a list, not an object'],
    ],
    [
      'a text in a list of objects',
      'processWithDumps',
      { ...LEAST.processWithDumps, downloads: ['a=b'] },
      ['downloads[0]: must be an object, not a string'],
    ],
    [
      'a list of limits',
      'processWithDumps',
      { ...LEAST.processWithDumps, acceptRejections: [1] },
      [
        'acceptRejections: must be true, false, or a number of rows (0, 1, 2, ...), or for a process an object of these by action name',
      ],
    ],
    [
      "a property of the language's own objects",
      'uploadImport',
      JSON.parse(`${JSON.stringify(load).slice(0, -1)},"__proto__":{"exclusive":false},"toString":1}`),
      [
        expect.stringMatching(/^__proto__: is not known here/),
        expect.stringMatching(/^toString: is not known here/),
      ] as unknown as string[],
    ],
    [
      'a bound of centuries',
      'uploadImport',
      { ...load, timeouts: { task: '99999d', lock: 1e308 } },
      ['timeouts.lock: must be at most "365d"', 'timeouts.task: must be at most "365d"'],
    ],
    [
      'a text for a flag',
      'uploadImport',
      { ...load, exclusive: 'no' },
      ['exclusive: must be true or false, not a string'],
    ],
    [
      'more chunks at a time than make sense',
      'uploadFile',
      { ...LEAST.uploadFile, parallelChunks: 9 },
      ['parallelChunks: must be a whole number from 1 to 8'],
    ],
    [
      'a part of a chunk',
      'processWithDumps',
      { ...LEAST.processWithDumps, parallelChunks: 1.5 },
      ['parallelChunks: must be a whole number from 1 to 8'],
    ],
    [
      'a model by name alone',
      'runAction',
      { action: 'Do', model: 'Plan' },
      ['workspace: is required because "model" is given by name, not by ID ("id:..." says that it is one)'],
    ],
    [
      'no duration',
      'uploadImport',
      { ...load, timeouts: { task: 'soon' } },
      [
        'timeouts.task: must be a duration: milliseconds as a number, or a text such as "30s", "5 min", "12h", "1d"',
      ],
    ],
    [
      'a negative duration',
      'uploadImport',
      { ...load, timeouts: { task: -1 } },
      [
        'timeouts.task: must be a duration: milliseconds as a number, or a text such as "30s", "5 min", "12h", "1d"',
      ],
    ],
    [
      'an unknown time-out',
      'uploadImport',
      { ...load, timeouts: { tasks: '1h' } },
      ['timeouts.tasks: is not known here; did you mean "task"?'],
    ],
    [
      'half a row',
      'uploadImport',
      { ...load, acceptRejections: 1.5 },
      [
        'acceptRejections: must be true, false, or a number of rows (0, 1, 2, ...), or for a process an object of these by action name',
      ],
    ],
    [
      'a limit per action',
      'processWithDumps',
      { ...LEAST.processWithDumps, acceptRejections: { 'Load x': 'all' } },
      ['acceptRejections["Load x"]: must be true, false, or a number of rows (0, 1, 2, ...)'],
    ],
    [
      'no limit at all',
      'processWithDumps',
      { ...LEAST.processWithDumps, acceptRejections: {} },
      ['acceptRejections: must name at least one action, or "*" for all'],
    ],
    [
      'another packing',
      'exportDownload',
      { ...LEAST.exportDownload, compress: 'zip' },
      ['compress: must be "gzip", true or false'],
    ],
    [
      'another mode of the header check',
      'uploadImport',
      { ...load, checkHeader: 'no' },
      ['checkHeader: must be "fail", "warn" or "off"'],
    ],
    [
      'a text for the word that an action may run twice',
      'runAction',
      { ...LEAST.runAction, startAgainIfUnknown: 'yes' },
      ['startAgainIfUnknown: must be true or false, not a string'],
    ],
    [
      'starting again where nothing is started',
      'uploadFile',
      { ...LEAST.uploadFile, startAgainIfUnknown: true },
      [
        'startAgainIfUnknown: is not known here; known are workspace, model, connection, localeName, exclusive, priority, timeouts, file, source, parallelChunks',
      ],
    ],
    [
      'a field inside a list',
      'processWithDumps',
      { ...LEAST.processWithDumps, uploads: [{ file: 'a', source: 'b' }, { file: 'c' }] },
      ['uploads[1].source: is required'],
    ],
    [
      'a file twice',
      'processWithDumps',
      {
        ...LEAST.processWithDumps,
        uploads: [
          { file: 'a', source: 'b' },
          { file: 'a', source: 'c' },
        ],
      },
      ['uploads[1].file: is the same as in uploads[0]; a file holds one upload'],
    ],
    [
      'a target twice',
      'processWithDumps',
      {
        ...LEAST.processWithDumps,
        downloads: [
          { export: 'a', target: 'b' },
          { export: 'c', target: 'b' },
        ],
      },
      ['downloads[1].target: is the same as in downloads[0]; one download would replace the other'],
    ],
    [
      'a mapping of the wrong shape',
      'runAction',
      { ...LEAST.runAction, mappingParameters: [{ entityType: 'Version', name: 'Actual' }] },
      [
        'mappingParameters[0].entityName: is required',
        'mappingParameters[0].name: is not known here; known are entityType, entityName',
      ],
    ],
    [
      "another integration's field",
      'runAction',
      { ...LEAST.runAction, source: 'a.csv' },
      [
        'source: is not known here; known are workspace, model, connection, localeName, exclusive, priority, timeouts, startAgainIfUnknown, mappingParameters, acceptRejections, dumps, action',
      ],
    ],
  ])('%s', (_what, integration, value, expected) => {
    expect(issues(integration, value)).toEqual(expected);
  });

  test('the names of integrations are checked too', () => {
    expect(issues('uploadImports' as IntegrationName, {})).toEqual([
      ': "uploadImports" is not an integration',
    ]);
    expect(issues('toString' as IntegrationName, {})).toHaveLength(1);
  });

  test('the issues read as one sentence', () => {
    const checked = checkInput('uploadImport', { ...load, source: '' });
    expect(checked.ok ? '' : issuesText(checked.issues)).toBe('source: must not be empty');
  });
});

test('paths are written as people write them', () => {
  expect(writtenPath(['uploads', 0, 'source'])).toBe('uploads[0].source');
  expect(writtenPath(['a', 'b c'])).toBe('a["b c"]');
  expect(writtenPath([])).toBe('');
});

test('the nearest word is only named when it is near', () => {
  expect(nearest('Target', ['target', 'source'])).toBe('target');
  expect(nearest('xyz', ['target', 'source'])).toBeUndefined();
});
