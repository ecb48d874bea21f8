import { createHash } from 'node:crypto';

/** The output of an export: its bytes are fixed when the export ends, and computed or kept. */
export interface ExportContent {
  bytes: number;
  chunkCount: number;
  /** The bytes of chunk `index`, which must exist. */
  chunk(index: number): Buffer;
  /** Of all bytes. */
  sha256(): string;
}

function content(
  bytes: number,
  chunkBytes: number,
  slice: (from: number, to: number) => Buffer,
): ExportContent {
  const chunkCount = Math.ceil(bytes / chunkBytes);
  let digest: string | undefined;
  const chunk = (index: number) => slice(index * chunkBytes, Math.min(bytes, (index + 1) * chunkBytes));
  return {
    bytes,
    chunkCount,
    chunk,
    sha256: () => {
      if (digest === undefined) {
        const hash = createHash('sha256');
        for (let i = 0; i < chunkCount; i++) hash.update(chunk(i));
        digest = hash.digest('hex');
      }
      return digest;
    },
  };
}

/** An export of bytes that are held. */
export function heldContent(bytes: Buffer, chunkBytes: number): ExportContent {
  return content(bytes.length, chunkBytes, (from, to) => bytes.subarray(from, to));
}

/** Writes a number over zeros, its last digit at `end`. Integers only: division is the cost of an export. */
function writeNumber(target: Buffer, end: number, value: number): void {
  let at = end;
  for (let rest = value | 0; rest > 0;) {
    const next = (rest / 10) | 0;
    target[at--] = 48 + rest - next * 10;
    rest = next;
  }
}

const ROW_BYTES = 100;
const ROW_DIGITS = 12;

/**
 * The output of run `run` of `Export Bulk`: a header line and rows of 100 bytes, computed by formula, at most `size`
 * bytes in all. Different runs differ in every row, so that a mixture of two shows.
 */
export function bulkContent(size: number, chunkBytes: number, run: number): ExportContent {
  const header = Buffer.from('Run,Row,Text\n');
  // Nothing at all: not even a header fits.
  if (size < header.length) return heldContent(Buffer.alloc(0), chunkBytes);
  const rows = Math.max(0, Math.floor((size - header.length) / ROW_BYTES));
  const prefix = `R${String(run).padStart(5, '0')},`;
  const template = Buffer.from(prefix + '0'.repeat(ROW_DIGITS) + ',' + 'bulk export row '.repeat(6));
  const row = Buffer.concat([template.subarray(0, ROW_BYTES - 1), Buffer.from('\n')]);
  const numberEnd = prefix.length + ROW_DIGITS - 1;
  const bytes = header.length + rows * ROW_BYTES;
  const slice = (from: number, to: number): Buffer => {
    const first = Math.max(0, Math.floor((from - header.length) / ROW_BYTES));
    const end = Math.min(rows, Math.ceil((to - header.length) / ROW_BYTES));
    const block = Buffer.alloc(Math.max(0, end - first) * ROW_BYTES, row);
    for (let i = first; i < end; i++) writeNumber(block, (i - first) * ROW_BYTES + numberEnd, i);
    const start = header.length + first * ROW_BYTES;
    if (from >= header.length) return block.subarray(from - start, to - start);
    return Buffer.concat([header, block]).subarray(from, to);
  };
  return content(bytes, chunkBytes, slice);
}

/** What a large read answers, page by page. */
export interface PagedContent {
  pages: number;
  page(index: number): Buffer;
}

/** Splits lines into pages of so many rows; `header` begins every page, or only page 0. There is always a page 0. */
export function pagedLines(
  header: string,
  lines: readonly string[],
  perPage: number,
  everyPage: boolean,
): PagedContent {
  return {
    pages: Math.max(1, Math.ceil(lines.length / perPage)),
    page: (index) => {
      const head = everyPage || index === 0 ? header : '';
      return Buffer.from(head + lines.slice(index * perPage, (index + 1) * perPage).join(''));
    },
  };
}

/** Pages computed by formula: row `i` is `row(i)`. */
export function pagedFormula(
  header: string,
  pages: number,
  perPage: number,
  total: number,
  row: (index: number) => string,
  everyPage: boolean,
): PagedContent {
  return {
    pages,
    page: (index) => {
      const parts = [everyPage || index === 0 ? header : ''];
      const end = Math.min(total, (index + 1) * perPage);
      for (let i = index * perPage; i < end; i++) parts.push(row(i));
      return Buffer.from(parts.join(''));
    },
  };
}

/** Item `i` of the list `Bulk Items`. */
export const bulkItem = (i: number) => {
  const number = String(i).padStart(9, '0');
  return { id: `204${number}`, name: `Item ${number}`, code: `B${number}` };
};
