import type { ResultFailure } from '../contracts';
import { flagOf } from './integrations';

/** Fields of inputs that messages name, where a person at the command line knows the flag. */
const FIELDS = [
  'acceptRejections',
  'startAgainIfUnknown',
  'checkHeader',
  'requireUploads',
  'mappingParameters',
  'localeName',
  'exportType',
  'onClosed',
].join('|');

const FIELD = new RegExp(`(?<!["\\w-])(${FIELDS})(?: \\(--[a-z-]+\\))?(?![\\w"])`, 'g');
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
