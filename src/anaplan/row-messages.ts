/** Anaplan's messages on rows, with the values removed. Pure. */
import { CATALOGUE } from './codes';

/** So many characters of a message are looked at. */
const MAX_LENGTH = 1_024;

const PLACE = /\$\{[^}]+\}/g;
const WORD = /[^\s()[\],;:…]+/g;

/** Documented messages; those with the longest beginning first, so that the most exact one wins. */
const KNOWN = Object.values(CATALOGUE)
  .filter((e) => e.kind === 'data')
  .map((e) => ({ template: e.template, fixed: e.template.split(PLACE)[0] ?? '' }))
  .sort((a, b) => b.fixed.length - a.fixed.length);

/** The words of Anaplan's own messages. Any other word of an undocumented message may be a customer's. */
const WORDS = new Set(
  Object.values(CATALOGUE).flatMap((e) => e.template.replace(PLACE, ' ').match(WORD)?.map(plain) ?? []),
);

function plain(word: string): string {
  return word.toLowerCase().replace(/[.!?]+$/, '');
}

/**
 * A dump's message with the values removed: `Invalid name: Smith` is `Invalid name: …`. Names and salaries stay out of
 * histories, so what is not a documented message keeps only the words that Anaplan's documented messages use.
 */
export function errorTemplate(message: string): string {
  for (const { template, fixed } of KNOWN) {
    if (fixed.length < 8 || !message.startsWith(fixed.trimEnd())) continue;
    if (message === template && !template.includes('${')) return template;
    return template.includes('${')
      ? template.replace(PLACE, '…')
      : `${fixed}${message.length > fixed.length ? ': …' : ''}`;
  }
  const words = message
    .slice(0, MAX_LENGTH)
    .replace(/:\s.*$/s, ': …')
    .replace(/(["'“‘]).*?(["'”’])/g, '…')
    .replace(WORD, (word) => (WORDS.has(plain(word)) ? word : '…'))
    .replace(/…(?:[\s,;]*…)+/g, '…')
    .slice(0, 200);
  return /\p{L}/u.test(words) ? words : 'a message that Anaplan does not document: …';
}
