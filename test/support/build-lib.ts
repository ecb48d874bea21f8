import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { transformSync } from '@swc/core';

const PROJECT = resolve(__dirname, '../..');
const CACHE = join(PROJECT, '.cache/test');

/** Where the set-up put the compiled package: tests run its `cli/main.js` as users do. */
export function builtLib(): string {
  const lib = process.env['TEST_LIB'];
  if (lib === undefined) throw new Error('TEST_LIB is not set: these tests need the global set-up.');
  return lib;
}

/**
 * Compiles `src/` into a folder of its own, in a second: `npm test` needs no `npm run build` before it, and disturbs
 * no `lib/` that is in use. Types are not checked here.
 *
 * @param bundle the workflow bundle that goes with it
 * @returns the folder that stands for `lib/`
 */
export function buildLib(bundle: string): string {
  removeLeftOvers();
  const home = join(CACHE, `run-${process.pid}`);
  const lib = join(home, 'lib');
  const src = join(PROJECT, 'src');
  for (const file of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    const { code } = transformSync(readFileSync(join(src, file), 'utf8'), {
      filename: join(src, file),
      configFile: false,
      swcrc: false,
      sourceMaps: 'inline',
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'commonjs' },
    });
    const out = join(lib, file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, code);
  }
  // The program reads its version there. Without a name, or jest would see the package twice.
  const version = versionIn(join(PROJECT, 'package.json'));
  writeFileSync(join(home, 'package.json'), JSON.stringify({ version }));
  writeFileSync(join(lib, 'workflow-bundle.js'), withShortWaits(bundle));
  const sdk = versionIn(require.resolve('@temporalio/worker/package.json'));
  writeFileSync(join(lib, 'workflow-bundle.json'), JSON.stringify({ sdk }));
  return lib;
}

/** Kills are noticed by a heartbeat time-out, which for waits is minutes: no test can sit that out again and again. */
function withShortWaits(bundle: string): string {
  const pattern = /(const WAIT_TIMEOUT_MS = )[^;]+;/g;
  if (!pattern.test(bundle)) throw new Error('the bundle has no constant WAIT_TIMEOUT_MS');
  return bundle.replace(pattern, (_, begin: string) => `${begin}15_000;`);
}

/** Removes what {@link buildLib} made in this process. */
export function removeLib(): void {
  rmSync(join(CACHE, `run-${process.pid}`), { recursive: true, force: true });
}

function versionIn(manifest: string): string {
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

/** Tests that were killed leave their folder behind. */
function removeLeftOvers(): void {
  mkdirSync(CACHE, { recursive: true });
  for (const name of readdirSync(CACHE)) {
    const pid = Number(/^run-(\d+)$/.exec(name)?.[1]);
    if (!Number.isInteger(pid) || isAlive(pid)) continue;
    rmSync(join(CACHE, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
