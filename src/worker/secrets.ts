import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { inspect } from 'node:util';
import { decodeText, NotText } from '../anaplan/auth/text';
import { ConfigError } from './config-error';
import { judgeAccess, liesReadOnly, type Judgement } from './secret-access';

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
    if (error instanceof ConfigError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code ?? 'unknown reason'})`;
    throw new ConfigError(path, `the file ${file} ${why}: correct the path or its permissions`);
  }
}

/** How a file is read. */
export interface Reading {
  /** Refuse a file that others may read, where its owner left it so. */
  secret: boolean;
  /** Hears of what others can read although it is not refused. */
  warn?: ((message: string) => void) | undefined;
}

function judge(file: string, fd: number): { judgement: Judgement; mode: string } {
  const { uid, gid, mode } = fstatSync(fd);
  const shown = (mode & 0o777).toString(8).padStart(4, '0');
  // Windows has no such bits; what Node reports there says nothing.
  if (process.platform === 'win32') return { judgement: 'private', mode: shown };
  const reader = {
    uid: process.geteuid?.() ?? -1,
    gids: [process.getegid?.() ?? -1, ...(process.getgroups?.() ?? [])],
  };
  const readOnly = liesReadOnly(file);
  return { judgement: judgeAccess({ uid, gid, mode, readOnly, process: reader }), mode: shown };
}

function readOpened(path: string, file: string, fd: number, o: Reading): Buffer {
  if (fstatSync(fd).isDirectory()) throw new ConfigError(path, `${file} is a directory: name the file in it`);
  if (o.secret) {
    const { judgement, mode } = judge(file, fd);
    if (judgement === 'exposed') {
      throw new ConfigError(
        path,
        `the file ${file} is open to other users (mode ${mode}): run "chmod 600 ${file}", then start again`,
      );
    }
    if (judgement === 'open') {
      o.warn?.(
        `${path}: every user of this host or container can read ${file} (mode ${mode}). It is mounted read-only, ` +
          'so only who mounts it can change that: give it a mode of 0400, or 0440 and a group of this process',
      );
    }
  }
  const content = readFileSync(fd);
  // A certificate is no secret, but some files have the key beside it.
  if (!o.secret && content.includes('PRIVATE KEY-----') && judge(file, fd).judgement !== 'private')
    o.warn?.(`${path}: ${file} holds a private key, which other users can read: run "chmod 600 ${file}"`);
  return content;
}

/**
 * Reads a file of the configuration as it is. Links are followed once: what is judged is what is read, also while
 * an orchestrator puts another version in its place.
 *
 * @throws ConfigError naming the field and the file, never its content
 */
export function readConfigBytes(path: string, file: string, o: Reading): Buffer {
  return mustExist(path, file, () => {
    const fd = openSync(file, 'r');
    try {
      return readOpened(path, file, fd, o);
    } finally {
      closeSync(fd);
    }
  });
}

/**
 * Reads a file of the configuration as text, without a byte-order mark.
 *
 * @throws ConfigError naming the field and the file, never its content; also where it is not UTF-8
 */
export function readConfigFile(path: string, file: string, o: Reading): string {
  const bytes = readConfigBytes(path, file, o);
  try {
    return decodeText(bytes);
  } catch (error) {
    if (error instanceof NotText) throw new ConfigError(path, `the file ${file} ${error.message}`);
    throw error;
  }
}

/** One line break at the end is how editors and `echo` end a text; it is not part of the value. */
export function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '');
}

/**
 * The value behind a reference. One line break at its end is not part of it, nor is a file's byte-order mark.
 *
 * @param o.directory relative file names start here
 * @throws ConfigError when the variable is not set, or the file is missing, empty or open to others
 */
export function resolveSecret(
  path: string,
  ref: SecretRef,
  o: { env: NodeJS.ProcessEnv; directory: string; warn?: Reading['warn'] },
): Secret {
  if ('env' in ref) {
    const value = withoutLineEnd(o.env[ref.env] ?? '');
    if (value === '') {
      throw new ConfigError(
        path,
        `the environment variable ${ref.env} is not set: set it where the worker runs`,
      );
    }
    return new Secret(value);
  }
  const file = resolve(o.directory, ref.file);
  const value = withoutLineEnd(readConfigFile(path, file, { secret: true, warn: o.warn }));
  if (value === '') throw new ConfigError(path, `the file ${file} is empty: write the secret into it`);
  return new Secret(value);
}
