import { InvalidArgumentError } from 'commander';
import type {
  AcceptRejections,
  MappingParameter,
  ProcessDownload,
  ProcessUpload,
  Timeouts,
} from '../contracts';
import { DEFAULT_TIMEOUTS, durationMs, nearest } from '../contracts';

/** Splits at the first `=` that has no backslash before it; `\=` stands for `=` in either part. */
export function splitPair(value: string, form: string): [string, string] {
  const at = /(?<!\\)=/.exec(value)?.index;
  const plain = (text: string): string => text.replace(/\\=/g, '=').trim();
  const left = plain(value.slice(0, at ?? 0));
  const right = plain(value.slice((at ?? 0) + 1));
  if (at === undefined || left === '' || right === '') {
    throw new InvalidArgumentError(`It must be ${form} ("\\=" for a "=" in the left part).`);
  }
  return [left, right];
}

/** `--upload FILE=SOURCE`, repeatable. */
export function uploadOption(value: string, before: ProcessUpload[] = []): ProcessUpload[] {
  const [file, source] = splitPair(value, 'FILE=SOURCE');
  return [...before, { file, source }];
}

/** `--download EXPORT=TARGET`, repeatable. */
export function downloadOption(value: string, before: ProcessDownload[] = []): ProcessDownload[] {
  const [name, target] = splitPair(value, 'EXPORT=TARGET');
  return [...before, { export: name, target }];
}

/** `--mapping TYPE=NAME`, repeatable. */
export function mappingOption(value: string, before: MappingParameter[] = []): MappingParameter[] {
  const [entityType, entityName] = splitPair(value, 'TYPE=NAME');
  return [...before, { entityType, entityName }];
}

const TIMEOUT_NAMES = Object.keys(DEFAULT_TIMEOUTS) as (keyof Timeouts)[];

/** `--timeout NAME=DURATION`, repeatable. */
export function timeoutOption(value: string, before: Timeouts = {}): Timeouts {
  const [name, duration] = splitPair(value, 'NAME=DURATION');
  const known = TIMEOUT_NAMES.find((candidate) => candidate === name);
  if (known === undefined) {
    const meant = nearest(name, TIMEOUT_NAMES);
    const hint = meant === undefined ? `Known are ${TIMEOUT_NAMES.join(', ')}.` : `Did you mean "${meant}"?`;
    throw new InvalidArgumentError(`There is no time-out "${name}". ${hint}`);
  }
  if (durationMs(duration) === undefined) {
    throw new InvalidArgumentError(`"${duration}" is not a duration such as 30s, "5 min", 12h or 1d.`);
  }
  return { ...before, [known]: duration };
}

function limitOf(text: string): boolean | number | undefined {
  const word = text.trim().toLowerCase();
  if (word === 'true' || word === 'false') return word === 'true';
  return /^\d+$/.test(word) ? Number(word) : undefined;
}

/**
 * `--accept-rejections`: alone any number; `N` up to that many; `NAME=N,...` by action of a process, where N is a
 * number, `true` or `false` and `*` names all others. Repeatable; `\,` stands for a comma in a name.
 */
export function acceptRejectionsOption(value: string, before?: AcceptRejections): AcceptRejections {
  const all = limitOf(value);
  if (all !== undefined) return all;
  const map: { [action: string]: boolean | number } = typeof before === 'object' ? { ...before } : {};
  for (const part of value.split(/(?<!\\),/)) {
    // The limit has no "=", so that names may: the last one separates.
    const at = part.lastIndexOf('=');
    const name = part
      .slice(0, Math.max(at, 0))
      .replace(/\\([,=])/g, '$1')
      .trim();
    const limit = limitOf(part.slice(at + 1));
    if (at < 0 || name === '' || limit === undefined) {
      throw new InvalidArgumentError('It must be a number of rows, true, false, or NAME=N,... by action.');
    }
    map[name] = limit;
  }
  return map;
}

/** `--compress`, or `--compress gzip`. */
export function compressOption(value: string): 'gzip' {
  if (value !== 'gzip') throw new InvalidArgumentError('Only gzip is known.');
  return 'gzip';
}

/** A whole number of at least `least`. */
export function countOption(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!Number.isInteger(number) || number < least || number > most) {
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
    }
    return number;
  };
}

/** A time such as `2025-06-01T06:00:00Z`; without an offset it is UTC, so that it means the same everywhere. */
export function timeOption(value: string): Date {
  const hasZone = /(Z|[+-]\d\d:?\d\d)$/i.test(value);
  const date = new Date(hasZone || /^\d{4}-\d\d-\d\d$/.test(value) ? value : `${value}Z`);
  if (Number.isNaN(date.getTime()))
    throw new InvalidArgumentError('It must be a time such as 2025-06-01T06:00:00Z.');
  return date;
}
