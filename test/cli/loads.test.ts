/** What a command loads, it waits for: `--help` is asked often, and answers at once. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { builtLib } from '../support/build-lib';

const folder = mkdtempSync(join(tmpdir(), 'anaplan-loads-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Notes, as the process ends, every module that it has loaded. */
const hook = join(folder, 'hook.js');
writeFileSync(
  hook,
  `process.on('exit', () => require('node:fs').writeFileSync(process.env.LOADED, JSON.stringify(Object.keys(require.cache))));`,
);

interface Loaded {
  /** Packages of others, by name. */
  packages: string[];
  /** Our own modules, as `cli/main`. */
  ours: string[];
}

/** Runs a program of ours to its end, whatever that is, and tells what it loaded. */
function loadedBy(...args: string[]): Loaded {
  const out = join(folder, 'loaded.json');
  try {
    execFileSync(process.execPath, ['-r', hook, ...args], {
      stdio: 'ignore',
      env: { ...process.env, LOADED: out },
    });
  } catch {
    // A refused command line ends with an exit code of its own.
  }
  const all = JSON.parse(readFileSync(out, 'utf8')) as string[];
  const names = all.flatMap(
    (file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file.split(sep).join('/'))?.[1] ?? [],
  );
  return {
    packages: [...new Set(names)].sort(),
    ours: all
      .filter((file) => file.startsWith(builtLib()))
      .map((file) => relative(builtLib(), file).split(sep).join('/').replace(/\.js$/, '')),
  };
}

const main = join(builtLib(), 'cli/main.js');

test.each([
  ['--version'],
  ['--help'],
  ['upload-import', '--help'],
  ['worker', '--help'],
  ['schedules', 'create', '--help'],
  ['upload-import', '--sorce', 'x'],
])('what only shows names, flags and help loads nothing but them: %s %s %s', (...args) => {
  const { packages, ours } = loadedBy(main, ...args);
  expect(packages).toEqual(['commander']);
  expect(ours).toContain('cli/program');
  expect(
    ours.filter((file) => /^(worker\/(?!signals)|sandbox|dev-server|client\/client)/.test(file)),
  ).toEqual([]);
});

test('a command that starts a run loads no worker and no client of Anaplan', () => {
  // It ends with a refusal: there is no Temporal at this port.
  const { packages } = loadedBy(
    main,
    ...['run-action', '--model', 'id:M', '--action', 'A', '--address', '127.0.0.1:9'],
  );
  expect(packages).toContain('@temporalio/client');
  for (const heavy of ['@temporalio/worker', '@temporalio/core-bridge', 'undici', 'webpack'])
    expect(packages).not.toContain(heavy);
});

test('a program that starts and follows runs loads no worker, no activity and no client of Anaplan', () => {
  const { packages, ours } = loadedBy('-e', `require(${JSON.stringify(join(builtLib(), 'index.js'))})`);
  expect(packages).toContain('@temporalio/client');
  for (const heavy of ['@temporalio/worker', '@temporalio/activity', '@temporalio/workflow', 'undici'])
    expect(packages).not.toContain(heavy);
  expect([...new Set(ours.map((file) => file.split('/', 1)[0]))].sort()).toEqual([
    'client',
    'contracts',
    'index',
  ]);
});
