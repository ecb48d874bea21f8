import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ActivityNotFoundError } from '@temporalio/client';

import { MARKER_FILE } from '../../../src/storage';
import { attempt, Bench, ROOT, type AttemptOptions } from '../support';

type DumpTrial = { directory: string; names: string[] };

const TOKEN = '11111111-2222-4333-8444-555555555555';

describe('what a run will write is tried before it has an effect', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(() => bench.close());
  const tryAll = (targets: string[], dumps?: DumpTrial, o?: AttemptOptions) =>
    attempt(
      () =>
        bench.activities['anaplan.tryTargets']({
          root: ROOT,
          targets: targets.map((uri) => ({ uri, token: TOKEN })),
          ...(dumps ? { dumps } : {}),
        }),
      { type: 'anaplan.tryTargets', ...o },
    );
  const pin = (dumps: DumpTrial, o?: AttemptOptions) => {
    bench.write('source.csv', 'Key,Value\n');
    return attempt(
      () =>
        bench.activities['anaplan.openSource']({ source: 'source.csv', root: ROOT, workbook: false, dumps }),
      { type: 'anaplan.openSource', ...o },
    );
  };
  const there = () =>
    readdirSync(bench.root, { recursive: true, encoding: 'utf8' })
      .filter((name) => name !== MARKER_FILE && name !== 'source.csv')
      .sort();

  it('creates the .part files, which stay, and says on which host and under which URIs', async () => {
    const { result } = await tryAll(['a.csv', 'out/b.csv']);
    expect(result).toEqual({
      host: 'this-host',
      root: { name: 'default', marker: expect.stringMatching(/^[0-9a-f]{16}$/) as string },
      uris: [`file://${bench.root}/a.csv`, `file://${bench.root}/out/b.csv`],
    });
    expect(there()).toEqual([`a.csv.${TOKEN}.part`, 'out', `out/b.csv.${TOKEN}.part`]);
    expect(bench.read(`a.csv.${TOKEN}.part`).length).toBe(0);
  });

  it('goes on where an attempt before it left the .part, and keeps what it holds', async () => {
    writeFileSync(join(bench.root, `a.csv.${TOKEN}.part`), 'half');
    expect((await tryAll(['a.csv'])).failure).toBeUndefined();
    expect(bench.read(`a.csv.${TOKEN}.part`).toString()).toBe('half');
  });

  it.each<[string, (root: string) => string, RegExp]>([
    ['a directory', () => 'sub', /is a directory/],
    ['below a file', () => 'file/x.csv', /below a file/],
    ['of another scheme', () => 's3://bucket/x.csv', /s3:\/\/ is not supported/],
    ['outside of the roots', () => '/etc/x.csv', /outside of the directories/],
    ['whose .part has too long a name', () => `${'n'.repeat(240)}.csv`, /too long/],
    ['whose path is too long', () => `${'d'.repeat(200)}/`.repeat(20) + 'x.csv', /too long/],
  ])('refuses a target %s as InvalidInput', async (_, target, words) => {
    mkdirSync(join(bench.root, 'sub'));
    writeFileSync(join(bench.root, 'file'), 'x');
    const { failure } = await tryAll(['good.csv', target(bench.root)]);
    expect(failure).toMatchObject({ type: 'InvalidInput', nonRetryable: true });
    expect(failure?.message).toMatch(words);
    // Nobody will know which host that was: what was made before it goes at once.
    expect(there()).toEqual(['file', 'sub']);
  });

  describe.each([
    ['alone', (dumps: DumpTrial, o?: AttemptOptions) => tryAll([], dumps, o)],
    ['when the source is pinned', pin],
  ])('a directory for dumps, %s', (_, tryDumps) => {
    const dumps = { directory: 'dumps', names: ['Load Sales'] };

    it('is tried, and nothing is left of that', async () => {
      const { result } = await tryDumps(dumps);
      expect(result).toMatchObject({ host: 'this-host' });
      expect(there()).toEqual([]);
      mkdirSync(join(bench.root, 'dumps'));
      writeFileSync(join(bench.root, 'dumps', 'mine.csv'), 'x');
      expect((await tryDumps(dumps)).failure).toBeUndefined();
      expect(there()).toEqual(['dumps', 'dumps/mine.csv']);
    });

    it('is refused where names would be too long, before a dump is lost to that', async () => {
      const deep = Array.from({ length: 20 }, () => 'd'.repeat(200)).join('/');
      const { failure } = await tryDumps({ directory: deep, names: ['n'.repeat(300)] });
      expect(failure).toMatchObject({ type: 'InvalidInput' });
      expect(failure?.message).toMatch(/too long/);
      expect(there()).toEqual([]);
    });

    it('is not touched by an attempt that the server has given up', async () => {
      writeFileSync(join(bench.root, 'file'), 'x');
      const gone = () => Promise.reject(new ActivityNotFoundError('gone'));
      // Whoever tried to write below a file would hear of that instead.
      const { failure } = await tryDumps({ directory: 'file', names: ['x'] }, { server: gone });
      expect(failure).toMatchObject({ type: 'NetworkError', nonRetryable: false });
    });

    const readOnly = process.getuid?.() === 0 ? it.skip : it;
    readOnly('is refused where it may not be written, with the reason', async () => {
      mkdirSync(join(bench.root, 'ro'));
      chmodSync(join(bench.root, 'ro'), 0o500);
      const { failure } = await tryDumps({ directory: 'ro/dumps', names: ['x'] });
      expect(failure?.type).toBe('TargetFailed');
      expect(failure?.message).toMatch(/permission.*EACCES/);
    });
  });

  it('a source that does not belong to the import is refused before its dumps are thought of', async () => {
    bench.write('source.csv', 'Key,Value\n');
    const header = { names: ['Product'], row: 1, separator: ',', delimiter: '"', encoding: 'UTF-8' };
    const { failure } = await attempt(() =>
      bench.activities['anaplan.openSource']({
        source: 'source.csv',
        root: ROOT,
        workbook: false,
        headers: [{ import: 'Load Sales', ...header }],
        dumps: { directory: 'source.csv', names: ['Load Sales'] },
      }),
    );
    expect(failure?.message).toMatch(/lacks 1 of the 1 columns/);
  });
});
