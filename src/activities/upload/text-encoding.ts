/** Text in the encodings that Anaplan's files can have. Pure. */

/** Bytes read as text in one way. */
export interface Decoding {
  /** The name of the encoding, for messages. */
  name: string;
  text: string;
}

/** Java's names, which Anaplan uses, of encodings that the web calls otherwise. */
const ALIASES: Readonly<Record<string, string>> = {
  'mac-roman': 'macintosh',
  macroman: 'macintosh',
  'x-macroman': 'macintosh',
  'x-maccyrillic': 'x-mac-cyrillic',
  maccyrillic: 'x-mac-cyrillic',
  cp874: 'windows-874',
  ms874: 'windows-874',
  'x-windows-874': 'windows-874',
  cp932: 'shift_jis',
  'x-sjis': 'shift_jis',
  cp936: 'gbk',
  ms936: 'gbk',
  cp949: 'euc-kr',
  ms949: 'euc-kr',
  'x-windows-949': 'euc-kr',
  cp950: 'big5',
  ms950: 'big5',
  'x-windows-950': 'big5',
};

/**
 * The ways in which a file may be meant, the declared one first: its byte-order mark may say otherwise, and UTF-8 and
 * Windows-1252 are what other programs write without asking. Empty where the declared encoding is not known.
 */
export function decodings(bytes: Buffer, declared: string): Decoding[] {
  const name = encodingOf(declared, bytes);
  const first = name === undefined ? undefined : decode(bytes, name);
  if (first === undefined) return [];
  const out = [first];
  for (const other of [markOf(bytes), 'utf-8', 'windows-1252']) {
    if (other === undefined || out.some((d) => d.name === other)) continue;
    const decoded = decode(bytes, other, other === 'utf-8');
    if (decoded) out.push(decoded);
  }
  return out;
}

/**
 * How characters of two bytes are written; null where characters are written otherwise, so that each byte below 128 is one;
 * undefined where that is not known.
 */
export function byteOrder(bytes: Buffer, declared: string): 'le' | 'be' | null | undefined {
  const name = encodingOf(declared, bytes);
  if (name === undefined) return undefined;
  return name === 'utf-16le' ? 'le' : name === 'utf-16be' ? 'be' : null;
}

/** Bytes of the byte-order mark that a text begins with; 0 without one. */
export function markLength(bytes: Buffer): number {
  const mark = markOf(bytes);
  return mark === undefined ? 0 : mark === 'utf-8' ? 3 : 2;
}

function encodingOf(declared: string, bytes: Buffer): string | undefined {
  const label = declared
    .trim()
    .toLowerCase()
    .replace(/[\s_]+/g, '-');
  const utf16 = /^(?:x-)?(?:utf-?16|unicode|ucs-?2)-?(le|be|little|big)?(?:-bom|unmarked)?$/.exec(label);
  if (utf16)
    return utf16[1] === undefined ? utf16Of(bytes) : utf16[1].startsWith('l') ? 'utf-16le' : 'utf-16be';
  if (/^utf-?8(?:-?bom|-?sig)?$/.test(label)) return 'utf-8';
  return ALIASES[label] ?? label;
}

/** UTF-16 without a word on the order of its bytes: the mark tells, else where the zeros of ASCII letters are. */
function utf16Of(bytes: Buffer): string | undefined {
  const mark = markOf(bytes);
  if (mark === 'utf-16le' || mark === 'utf-16be') return mark;
  let even = 0;
  let odd = 0;
  for (const [i, byte] of bytes.subarray(0, 2000).entries()) {
    if (byte !== 0) continue;
    if (i % 2 === 0) even += 1;
    else odd += 1;
  }
  if (even === odd) return undefined;
  return even > odd ? 'utf-16be' : 'utf-16le';
}

function markOf(bytes: Buffer): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return undefined;
}

function decode(bytes: Buffer, name: string, strict = false): Decoding | undefined {
  try {
    // `stream`: a character that is cut at the end is left out, and is no error.
    return { name, text: new TextDecoder(name, { fatal: strict }).decode(bytes, { stream: true }) };
  } catch {
    // An encoding that is not known, or bytes that are not in it.
    return undefined;
  }
}
