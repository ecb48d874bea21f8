import {
  acceptRejectionsOption,
  splitPair,
  timeOption,
  timeoutOption,
  uploadOption,
} from '../../src/cli/parse';
import { listText, parseScheduled } from '../../src/cli/run-schedules';
import { flagOf, inputOf } from '../../src/cli/integrations';
import { wantsJson } from '../../src/cli/program';

/** The input that a command line gives. */
function parsed(...args: string[]): unknown {
  const { integration, flags } = parseScheduled(args);
  return inputOf(integration, flags);
}

describe('flags become the input, and nothing that was not given', () => {
  test.each<[string, string[], object]>([
    [
      'upload-import',
      ['--workspace', 'Finance', '--model', 'Plan', '--import', 'Load sales', '--source', 'data/sales.csv'],
      { workspace: 'Finance', model: 'Plan', import: 'Load sales', source: 'data/sales.csv' },
    ],
    [
      'upload-import',
      [
        '--model',
        'M',
        '--import',
        'I',
        '--source',
        's',
        '--file',
        'f',
        '--accept-rejections',
        '--dumps',
        'd',
        '--no-exclusive',
        '--connection',
        'prod',
        '--locale',
        'de_DE',
      ],
      {
        model: 'M',
        import: 'I',
        source: 's',
        file: 'f',
        acceptRejections: true,
        dumps: 'd',
        exclusive: false,
        connection: 'prod',
        localeName: 'de_DE',
      },
    ],
    [
      'upload-import',
      ['--check-header', 'warn', '--start-again-if-unknown'],
      { checkHeader: 'warn', startAgainIfUnknown: true },
    ],
    ['export-download', ['--start-again-if-unknown'], { startAgainIfUnknown: true }],
    ['run-action', ['--start-again-if-unknown'], { startAgainIfUnknown: true }],
    [
      'process-with-dumps',
      ['--check-header', 'off', '--start-again-if-unknown'],
      { checkHeader: 'off', startAgainIfUnknown: true },
    ],
    ['upload-import', ['--accept-rejections', '--source', 's'], { acceptRejections: true, source: 's' }],
    ['upload-import', ['--accept-rejections', '10'], { acceptRejections: 10 }],
    ['upload-import', ['--accept-rejections=false'], { acceptRejections: false }],
    [
      'process-with-dumps',
      [
        '--process',
        'P',
        '--upload',
        'a.csv=x/a.csv',
        '--upload',
        'b.csv=x/b.csv',
        '--download',
        'E=out=1.csv',
        '--require-uploads',
        '--accept-rejections',
        'Load list=true,*=0',
      ],
      {
        process: 'P',
        uploads: [
          { file: 'a.csv', source: 'x/a.csv' },
          { file: 'b.csv', source: 'x/b.csv' },
        ],
        downloads: [{ export: 'E', target: 'out=1.csv' }],
        requireUploads: true,
        acceptRejections: { 'Load list': true, '*': 0 },
      },
    ],
    [
      'export-download',
      ['--export', 'E', '--target', 't', '--compress'],
      { export: 'E', target: 't', compress: 'gzip' },
    ],
    [
      'large-view-read',
      [
        '--view',
        'V',
        '--module',
        'M',
        '--export-type',
        'GRID_ALL_PAGES',
        '--target',
        't',
        '--compress',
        'gzip',
      ],
      { view: 'V', module: 'M', exportType: 'GRID_ALL_PAGES', target: 't', compress: 'gzip' },
    ],
    ['large-list-read', ['--list', 'L', '--target', 't'], { list: 'L', target: 't' }],
    [
      'run-action',
      [
        '--action',
        'A',
        '--mapping',
        'Version=Actual',
        '--mapping',
        'Time=FY=25',
        '--timeout',
        'task=2h',
        '--timeout',
        'lock=5 min',
      ],
      {
        action: 'A',
        mappingParameters: [
          { entityType: 'Version', entityName: 'Actual' },
          { entityType: 'Time', entityName: 'FY=25' },
        ],
        timeouts: { task: '2h', lock: '5 min' },
      },
    ],
    ['upload-file', ['--file', 'f', '--source', 's'], { file: 'f', source: 's' }],
    ['download-file', ['--file', 'f', '--target', 't'], { file: 'f', target: 't' }],
  ])('%s %j', (name, args, input) => {
    expect(parsed(name, ...args)).toEqual(input);
  });

  test.each<[string, string[], RegExp]>([
    ['an unknown flag', ['upload-import', '--sorce', 'x'], /unknown option '--sorce'[\s\S]*--source/],
    ['a flag of another integration', ['run-action', '--source', 'x'], /unknown option '--source'/],
    ['a word too many', ['run-action', 'x'], /too many arguments/],
    [
      'an unknown time-out',
      ['run-action', '--timeout', 'tsk=1h'],
      /no time-out "tsk"\. Did you mean "task"\?/,
    ],
    ['no duration', ['run-action', '--timeout', 'task=soon'], /"soon" is not a duration/],
    ['no pair', ['process-with-dumps', '--upload', 'a.csv'], /must be FILE=SOURCE/],
    ['another packing', ['export-download', '--compress', 'zip'], /Only gzip is known/],
    ['another mode of the header check', ['upload-import', '--check-header', 'no'], /fail, warn, off/],
    ['no command', [], /After "--" comes the command to run/],
    ['another command', ['upload-imports'], /Did you mean "upload-import"\?/],
    [
      'a flag that a schedule has no use for',
      ['run-action', '--detach'],
      /--detach means nothing in a schedule/,
    ],
    [
      'an ending that a schedule has no use for',
      ['run-action', '--on-closed', 'refuse'],
      /--on-closed means nothing in a schedule/,
    ],
    [
      'another server than the one of the schedule',
      ['run-action', '--address', 'x:7233'],
      /--address says where the schedule is. It belongs before "--"/i,
    ],
    ['another ending', ['run-action', '--on-closed', 'join'], /rerun, return, refuse/],
  ])('%s is refused', (_what, args, message) => {
    expect(() => parseScheduled(args)).toThrow(message);
  });
});

test('a pair splits at its first "=", which a backslash hides', () => {
  expect(splitPair('a=b=c', 'X=Y')).toEqual(['a', 'b=c']);
  expect(splitPair('a\\=1=b', 'X=Y')).toEqual(['a=1', 'b']);
  expect(splitPair('C:\\x.csv=D:\\y.csv', 'X=Y')).toEqual(['C:\\x.csv', 'D:\\y.csv']);
  for (const wrong of ['a', '=b', 'a=', 'a\\=b']) expect(() => splitPair(wrong, 'X=Y')).toThrow('X=Y');
  expect(uploadOption('a=b', [{ file: 'c', source: 'd' }])).toHaveLength(2);
});

test('limits by action take names with commas and equal signs', () => {
  expect(acceptRejectionsOption('A=B=3,C\\, D=true')).toEqual({ 'A=B': 3, 'C, D': true });
  expect(acceptRejectionsOption('B=2', { A: 1 })).toEqual({ A: 1, B: 2 });
  for (const wrong of ['x', '-1', '1.5', 'A=', '=1', 'A=1,B'])
    expect(() => acceptRejectionsOption(wrong)).toThrow();
});

test('times without an offset are UTC', () => {
  expect(timeOption('2025-06-01T06:00:00').toISOString()).toBe('2025-06-01T06:00:00.000Z');
  expect(timeOption('2025-06-01T06:00:00+02:00').toISOString()).toBe('2025-06-01T04:00:00.000Z');
  expect(timeOption('2025-06-01').toISOString()).toBe('2025-06-01T00:00:00.000Z');
  expect(() => timeOption('yesterday')).toThrow();
  expect(timeoutOption('task=1h', { lock: '2h' })).toEqual({ task: '1h', lock: '2h' });
});

test('fields are named by the flags that set them', () => {
  expect(flagOf('uploads')).toBe('--upload');
  expect(flagOf('acceptRejections')).toBe('--accept-rejections');
});

test.each<[string[], boolean]>([
  [['x', '-o', 'json'], true],
  [['x', '-ojson'], true],
  [['x', '--output=json'], true],
  [['x', '--output', 'json'], true],
  [['x', '-o', 'text'], false],
  [['x', '--', '-o', 'json'], false],
])('%j asks for JSON: %s', (args, json) => {
  expect(wantsJson(args)).toBe(json);
});

describe('schedules whose IDs are odd', () => {
  test('a "--" before an ID that begins with a dash is no command', () => {
    const { integration, flags } = parseScheduled(['--', 'run-action', '--model', 'M', '--action', 'A']);
    expect(inputOf(integration, flags)).toEqual({ model: 'M', action: 'A' });
  });

  test('are one line each, and a long one makes the others no longer', () => {
    const one = (id: string) => ({
      id,
      integration: 'runAction',
      paused: false,
      nextRuns: [],
      recentRuns: [],
    });
    const lines = listText([one('a\nb\u001b[2J'), one('x'.repeat(900)), one('y')]).split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/^a b \[2J {2,}runAction/);
    expect(lines[2]?.length).toBeLessThan(100);
  });
});
