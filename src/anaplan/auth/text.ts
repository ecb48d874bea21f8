/** What is wrong with bytes that should be text; the message goes on after "the file X". It quotes nothing of them. */
export class NotText extends Error {
  override readonly name = 'NotText';
}

const AS_UTF8 = 'save it as UTF-8, such as with "iconv -f UTF-16 -t UTF-8 OLD > NEW"';

/**
 * The text of a file. A byte-order mark is not part of it: editors write one, and nobody sees it.
 *
 * @throws NotText for UTF-16, for other encodings and for what is no text at all
 */
export function decodeText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    throw new NotText(`is UTF-16 text: ${AS_UTF8}`);
  if (bytes.includes(0))
    throw new NotText(`holds zero bytes, as UTF-16 text and binary files do: ${AS_UTF8}`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new NotText('is not UTF-8 text: save it as UTF-8');
  }
}
