import type { ResultFailure } from '../contracts';
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

/** What a failure leaves to say after its message: nothing that the message says already. */
export function remedyBeyond({ message, remedy }: Pick<ResultFailure, 'message' | 'remedy'>): string {
  return message.includes(remedy.replace(/\.$/, '')) ? '' : remedy;
}

/** A failure as lines for people: what happened, then what to do. */
export function failureText(failure: ResultFailure): string {
  const remedy = remedyBeyond(failure);
  return inFlags(remedy === '' ? failure.message : `${failure.message}\n${remedy}`);
}
