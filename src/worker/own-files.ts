/** The files that make the worker what it is: no run may read or replace them. */
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import type { StorageRoot } from '../storage';
import { CONFIG_FILE, type Config } from './config';
import type { Log } from './logging';
import type { SecretRef } from './secrets';

/** Environment variables that name files: of ours, of Temporal's and of what both are built on. */
const NAMES_A_FILE = /^(?:(?:ANAPLAN|TEMPORAL)_.*_(?:FILE|PATH|CONFIG)|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE)$/;

/** Where the SDK looks for `temporal.toml` unless `TEMPORAL_CONFIG_FILE` says otherwise. */
function temporalFiles(env: NodeJS.ProcessEnv): string[] {
  const home = env.HOME || homedir();
  const directories = [
    env.XDG_CONFIG_HOME || join(home, '.config'),
    join(home, 'Library', 'Application Support'),
    ...(env.APPDATA ? [env.APPDATA] : []),
  ];
  return [
    ...(env.TEMPORAL_CONFIG_FILE ? [env.TEMPORAL_CONFIG_FILE] : []),
    ...directories.map((directory) => join(directory, 'temporalio', 'temporal.toml')),
  ].map((file) => resolve(file));
}

/** The certificates and keys that a `temporal.toml` refers to. */
function filesOfProfile(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return []; // Where there is none, it refers to nothing; what reads it says what is wrong with it.
  }
  const paths = text.matchAll(/^\s*\w*_path\s*=\s*(?:"([^"\n]+)"|'([^'\n]+)')/gm);
  return [...paths].map(([, a, b]) => resolve(dirname(file), a ?? b ?? ''));
}

function fileOf(ref: SecretRef | undefined): string[] {
  return ref !== undefined && 'file' in ref ? [ref.file] : [];
}

/** The configuration file and every file that it, or the environment, refers to; whether they exist or not. */
export function configurationFiles(config: Config, env: NodeJS.ProcessEnv): string[] {
  const referred = config.connections.flatMap(({ logIn }) =>
    logIn.kind === 'basic'
      ? fileOf(logIn.password)
      : [logIn.certificateFile, logIn.privateKeyFile, ...fileOf(logIn.passphrase)],
  );
  const fromEnv = Object.entries(env).flatMap(([name, value]) =>
    value && NAMES_A_FILE.test(name) ? [resolve(value)] : [],
  );
  const toml = temporalFiles(env);
  return [
    ...new Set([
      ...(config.file === undefined ? [] : [config.file]),
      join(config.directory, CONFIG_FILE),
      ...referred.map((file) => resolve(config.directory, file)),
      ...fromEnv,
      ...toml,
      ...toml.flatMap(filesOfProfile),
    ]),
  ];
}

/** Everything that a storage must refuse: the configuration, `.env` files by any other name, and the program itself. */
export function ownFiles(config: Config, env: NodeJS.ProcessEnv, roots: readonly StorageRoot[]): string[] {
  const script = process.argv[1];
  const directories = [process.cwd(), config.directory, ...roots.map((root) => root.path)];
  return [
    ...new Set([
      ...configurationFiles(config, env),
      ...directories.flatMap(dotEnvFiles),
      resolve(__dirname, '..'),
      ...(script === undefined ? [] : [resolve(script)]),
    ]),
  ];
}

function dotEnvFiles(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.toLowerCase().startsWith('.env'))
      .map((name) => join(directory, name));
  } catch {
    return []; // A directory that cannot be listed is refused, or found wanting, where it is used.
  }
}

/** Warns of roots below which the worker's configuration or secrets lie: they are refused, but belong elsewhere. */
export function warnOfRoots(
  config: Config,
  env: NodeJS.ProcessEnv,
  roots: readonly StorageRoot[],
  log: Log,
): void {
  for (const root of roots) {
    const inside = configurationFiles(config, env).filter((file) => isInside(root.path, file));
    if (inside.length === 0) continue;
    log(
      'warn',
      "A root holds the worker's configuration or secrets. Runs are refused these files; better keep the data in a directory of its own and name that as root.",
      { root: root.path, files: inside.join(',') },
    );
  }
}

function isInside(root: string, file: string): boolean {
  let real: string;
  try {
    real = realpathSync(file);
  } catch {
    return false; // Not there.
  }
  return [file, real].some((path) => {
    const way = relative(root, path);
    return way !== '' && !way.startsWith('..') && !isAbsolute(way);
  });
}
