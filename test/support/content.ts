/** Contents of any size in which every line is different, so that a byte out of place shows. */
import { createCipheriv, createHash } from 'node:crypto';

const LINE = 50;

/** A CSV for `Load Bulk`: a header and numbered rows of 50 bytes; `version` is in every row. Compresses well. */
export function bulkCsv(bytes: number, version = 'A'): Buffer {
  const header = Buffer.from('Key,Value\n');
  const rows = Math.max(1, Math.ceil((bytes - header.length) / LINE));
  const row = Buffer.from(`${version}000000000,${'value of the row '.repeat(3)}`.slice(0, LINE - 1) + '\n');
  const body = Buffer.alloc(rows * LINE, row);
  for (let i = 0; i < rows; i++) body.write(String(i).padStart(9, '0'), i * LINE + 1, 'latin1');
  return Buffer.concat([header, body]);
}

/** Bytes that do not compress, always the same for one `seed`: a chunk of them takes a while on the wire. */
export function noise(bytes: number, seed: string): Buffer {
  const key = createHash('sha256').update(seed).digest().subarray(0, 16);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
}

/** Random numbers in [0, 1), the same for one seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
