import { saidOf, type ResultFailure } from '../contracts';
import { FIELDS, flagOf } from './integrations';

/** What messages name where a person at the command line knows the flag: words that stand in no other sentence. */
const NAMED = [...FIELDS.filter((field) => /[A-Z]/.test(field)), 'onClosed'].join('|');

const FIELD = new RegExp(`(?<!["\\w-])(${NAMED})(?: \\(--[a-z-]+\\))?(?![\\w"])`, 'g');
const TIMEOUT = /(?<!["\w-])timeouts\.([a-zA-Z]+)(?![\w"])/g;

/** A message in the words of the command line: `acceptRejections` is `--accept-rejections`. */
export function inFlags(text: string): string {
  return text
    .replace(FIELD, (_all, field: string) => flagOf(field))
    .replace(TIMEOUT, (_all, name: string) => `--timeout ${name}=...`);
}

/** A failure as lines for people: what happened, then what to do. */
export function failureText(failure: ResultFailure): string {
  return inFlags(`${saidOf(failure)}\n${failure.remedy}`);
}
