/**
 * Any text as a name on any file system. In a file of its own because it needs `node:crypto`, which workflows must not
 * import.
 */
import { createHash } from 'node:crypto';

/** So much of a name stays readable. */
const READABLE = 120;

/** Names of devices on Windows, also with an ending: `nul.csv`. */
const RESERVED = /^(con|prn|aux|nul|conin\$|conout\$|com\d|lpt\d)(\.|$)/i;

/** What a changed name ends with. */
const DIGEST = /-[0-9a-f]{10}$/i;

/**
 * A string as one path segment, of at most 132 of `A-Z a-z 0-9 . _ -`: never hidden, never reserved. Two different strings
 * never give the same, also where a file system does not tell `A` from `a`: whatever had to be changed or cut, and whatever
 * has a capital letter, ends with a digest of the whole.
 */
export function pathSafe(text: string): string {
  const plain = text
    .replace(/[^A-Za-z0-9._-]/g, '_')
    // A leading dot hides a file, a trailing one is dropped on Windows.
    .replace(/^\.|\.$/g, '_')
    .replace(RESERVED, '_$&')
    .slice(0, READABLE);
  if (plain === text && plain !== '' && !/[A-Z]/.test(plain) && !DIGEST.test(plain)) return plain;
  return `${plain || '_'}-${digest(text)}`;
}

/** Over UTF-16, so that also texts that are no valid Unicode differ. */
function digest(text: string): string {
  return createHash('sha256').update(Buffer.from(text, 'utf16le')).digest('hex').slice(0, 10);
}
