import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { MARKER_FILE } from '../../../src/storage';
import { attempt, Bench, ROOT } from '../support';

const TOKEN = '11111111-2222-4333-8444-555555555555';

describe('what a run will write is tried before it has an effect', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(() => bench.close());
  const tryAll = (targets: string[], dumps?: { directory: string; names: string[] }) =>
    attempt(() =>
      bench.activities['anaplan.tryTargets']({
        root: ROOT,
        targets: targets.map((uri) => ({ uri, token: TOKEN })),
        ...(dumps ? { dumps } : {}),
      }),
    );
  const there = () =>
    readdirSync(bench.root, { recursive: true, encoding: 'utf8' })
      .filter((name) => name !== MARKER_FILE)
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

  it('leaves nothing of a directory for dumps that it only tried', async () => {
    const { result } = await tryAll([], { directory: 'dumps', names: ['Load Sales'] });
    expect(result).toMatchObject({ host: 'this-host', uris: [] });
    expect(there()).toEqual([]);
    mkdirSync(join(bench.root, 'dumps'));
    writeFileSync(join(bench.root, 'dumps', 'mine.csv'), 'x');
    expect((await tryAll([], { directory: 'dumps', names: ['Load Sales'] })).failure).toBeUndefined();
    expect(there()).toEqual(['dumps', 'dumps/mine.csv']);
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

  it('refuses a directory for dumps whose names would be too long, before a dump is lost to that', async () => {
    const deep = Array.from({ length: 20 }, () => 'd'.repeat(200)).join('/');
    const { failure } = await tryAll([], { directory: deep, names: ['n'.repeat(300)] });
    expect(failure).toMatchObject({ type: 'InvalidInput' });
    expect(failure?.message).toMatch(/too long/);
    expect(there()).toEqual([]);
  });

  const readOnly = process.getuid?.() === 0 ? it.skip : it;
  readOnly('refuses a directory that may not be written, with the reason', async () => {
    mkdirSync(join(bench.root, 'ro'));
    chmodSync(join(bench.root, 'ro'), 0o500);
    const { failure } = await tryAll([], { directory: 'ro/dumps', names: ['x'] });
    expect(failure?.type).toBe('TargetFailed');
    expect(failure?.message).toMatch(/permission.*EACCES/);
  });
});
