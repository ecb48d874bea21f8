import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { inspect } from 'node:util';
import { ConfigError } from './config-error';

/** Where a secret is: an environment variable or a file. The configuration holds only this. */
export type SecretRef = { env: string } | { file: string };

/** A secret value that no log, error or JSON shows by accident. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. Hand it only to what logs in. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

/** The name in a whole-value reference `${NAME}`, or undefined when the text is not one. */
export function envReference(text: string): string | undefined {
  return /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(text.trim())?.[1];
}

function mustExist<T>(path: string, file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code ?? 'unknown reason'})`;
    throw new ConfigError(path, `the file ${file} ${why}: correct the path or its permissions`);
  }
}

/**
 * Reads a file of the configuration as text.
 *
 * @param o.secret refuse a file that anybody but its owner may read or write
 * @throws ConfigError naming the field and the file, never its content
 */
export function readConfigFile(path: string, file: string, o: { secret: boolean }): string {
  const stat = mustExist(path, file, () => statSync(file));
  if (stat.isDirectory()) throw new ConfigError(path, `${file} is a directory: name the file in it`);
  // Windows has no such bits; what Node reports there says nothing.
  if (o.secret && process.platform !== 'win32' && (stat.mode & 0o077) !== 0) {
    const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
    throw new ConfigError(
      path,
      `the file ${file} is open to other users (mode ${mode}): run "chmod 600 ${file}", then start again`,
    );
  }
  return mustExist(path, file, () => readFileSync(file, 'utf8'));
}

/**
 * The value behind a reference. One line break at the end of a file is not part of it.
 *
 * @param o.directory relative file names start here
 * @throws ConfigError when the variable is not set, or the file is missing, empty or open to others
 */
export function resolveSecret(
  path: string,
  ref: SecretRef,
  o: { env: NodeJS.ProcessEnv; directory: string },
): Secret {
  if ('env' in ref) {
    const value = o.env[ref.env];
    if (value === undefined || value === '') {
      throw new ConfigError(
        path,
        `the environment variable ${ref.env} is not set: set it where the worker runs`,
      );
    }
    return new Secret(value);
  }
  const file = resolve(o.directory, ref.file);
  const value = readConfigFile(path, file, { secret: true }).replace(/\r?\n$/, '');
  if (value === '') throw new ConfigError(path, `the file ${file} is empty: write the secret into it`);
  return new Secret(value);
}
