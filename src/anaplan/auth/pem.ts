import { decodeText, NotText } from './text';

/** One block of a PEM file, written anew: what stands around it in the file is left behind. */
export interface PemBlock {
  /** Such as `CERTIFICATE` or `RSA PRIVATE KEY`. */
  label: string;
  pem: string;
  encrypted: boolean;
}

/** What a file of keys and certificates holds. */
export type Holding =
  | { kind: 'pem'; blocks: PemBlock[] }
  | { kind: 'der'; bytes: Uint8Array }
  | { kind: 'pkcs12' | 'pkcs7' | 'jks' | 'putty' }
  | { kind: 'nothing'; why: string };

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g;

function blockOf(label: string, body: string): PemBlock {
  // Only old keys have headers: `Proc-Type` and `DEK-Info`, which say how they are encrypted.
  const lines = body.split('\n').map((line) => line.trim());
  const headers = lines.filter((line) => /^[\w-]+: /.test(line));
  const base64 = lines.filter((line) => !headers.includes(line)).join('');
  const parts = [`-----BEGIN ${label}-----`];
  if (headers.length > 0) parts.push(...headers, '');
  parts.push(...(base64.match(/.{1,64}/g) ?? []), `-----END ${label}-----`, '');
  const encrypted = label.startsWith('ENCRYPTED ') || headers.some((line) => line.includes('ENCRYPTED'));
  return { label, pem: parts.join('\n'), encrypted };
}

/** The content of a DER structure's outermost value, or nothing where it is no DER. */
function inside(bytes: Uint8Array): Uint8Array | undefined {
  const [tag, length] = bytes;
  if (tag !== 0x30 || length === undefined) return undefined;
  // A length of its own, or in so many bytes more; 0x80 is "until the end", which some PKCS#12 files have.
  return bytes.subarray(length <= 0x80 ? 2 : 2 + (length & 0x7f));
}

const startsWith = (bytes: Uint8Array, ...start: number[]) => start.every((byte, i) => bytes[i] === byte);

function binary(bytes: Uint8Array): Holding | undefined {
  if (startsWith(bytes, 0xfe, 0xed, 0xfe, 0xed) || startsWith(bytes, 0xce, 0xce, 0xce, 0xce))
    return { kind: 'jks' };
  const inner = inside(bytes);
  if (inner === undefined) return undefined;
  // PKCS#12 begins with version 3 and a structure; PKCS#7 with the name (OID) 1.2.840.113549.1.7.
  if (startsWith(inner, 2, 1, 3, 0x30)) return { kind: 'pkcs12' };
  if (startsWith(inner, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7)) return { kind: 'pkcs7' };
  return { kind: 'der', bytes };
}

/** Finds out what a file holds, be it PEM, with whatever around its blocks, or binary. Reads no key yet. */
export function holdingOf(content: string | Uint8Array): Holding {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
  const found = binary(bytes);
  if (found !== undefined) return found;
  let text: string;
  try {
    text = decodeText(bytes);
  } catch (error) {
    if (error instanceof NotText) return { kind: 'nothing', why: error.message };
    throw error;
  }
  // Secrets that went through JSON or an environment variable have their line ends spelled out.
  const plain = text.replaceAll('\\n', '\n').replaceAll('\r', '\n');
  const blocks = [...plain.matchAll(BLOCK)].map(([, label = '', body = '']) => blockOf(label, body));
  if (blocks.length > 0) return { kind: 'pem', blocks };
  if (plain.startsWith('PuTTY-User-Key-File')) return { kind: 'putty' };
  const bare = plain.replace(/\s/g, '');
  if (/^[A-Za-z0-9+/]{64,}={0,2}$/.test(bare)) {
    const decoded = binary(Buffer.from(bare, 'base64'));
    if (decoded !== undefined) return decoded;
  }
  return { kind: 'nothing', why: bare === '' ? 'is empty' : 'holds no PEM block' };
}
