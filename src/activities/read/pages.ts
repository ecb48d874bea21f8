/** Merging the pages of a large read: one header, every row once and in order. */

import { createHash } from 'node:crypto';

/** What must be remembered from page to page. */
export interface MergeState {
  /** SHA-256 of page 0's header without its line end: a header may be long, and this travels in heartbeats. */
  header?: string;
  /** Lines end in CR LF. */
  crlf?: boolean;
  /** The last byte that was written did not end a line. */
  lineOpen?: boolean;
  rows: number;
}

/** Headers longer than this are not compared: no header is. */
const MAX_HEADER = 1024 * 1024;

const LF = 10;
const CR = 13;
const QUOTE = 34;

/**
 * Merges one page into the stream before it. Later pages lose their first line only where it is, byte for byte, page
 * 0's; a page that does not end its last line gets a line end when another follows.
 *
 * The page's state is complete once the generator has ended.
 */
export class PageMerge {
  constructor(
    readonly state: MergeState,
    private readonly verbatim: boolean,
  ) {}

  async *page(index: number, stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const counter = new RowCounter();
    const body = this.verbatim ? stream : this.withoutHeader(index, stream);
    let last: number | undefined;
    for await (const slice of body) {
      if (slice.length === 0) continue;
      // Closes the line of the page before, which is counted already.
      if (last === undefined && this.state.lineOpen) yield Buffer.from(this.state.crlf ? '\r\n' : '\n');
      counter.add(slice);
      last = slice[slice.length - 1];
      yield slice;
    }
    if (last !== undefined) this.state.lineOpen = last !== LF;
    const headerRow = !this.verbatim && index === 0 && this.state.header !== undefined ? 1 : 0;
    this.state.rows += Math.max(0, counter.rows() - headerRow);
  }

  private async *withoutHeader(index: number, stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    if (index > 0 && this.state.header === undefined) {
      yield* stream;
      return;
    }
    let start: Buffer = Buffer.alloc(0);
    let decided = false;
    for await (const slice of stream) {
      if (decided) {
        yield slice;
        continue;
      }
      start = start.length === 0 ? slice : Buffer.concat([start, slice]);
      const end = recordEnd(start);
      if (end === undefined && start.length < MAX_HEADER) continue;
      decided = true;
      yield this.afterHeader(index, start, end);
    }
    // A page of a single line without a line end.
    if (!decided && start.length > 0) yield this.afterHeader(index, start, undefined);
  }

  private afterHeader(index: number, start: Buffer, end: number | undefined): Buffer {
    const line = start.subarray(0, end ?? start.length);
    if (index === 0) {
      if (line.length > MAX_HEADER) return start;
      this.state.header = digest(line);
      if (line.length > 1 && line[line.length - 2] === CR) this.state.crlf = true;
      return start;
    }
    return digest(line) === this.state.header ? start.subarray(line.length) : start;
  }
}

function digest(line: Buffer): string {
  return createHash('sha256').update(chomp(line)).digest('hex');
}

function chomp(line: Buffer): Buffer {
  let end = line.length;
  if (end > 0 && line[end - 1] === LF) end -= 1;
  if (end > 0 && line[end - 1] === CR) end -= 1;
  return line.subarray(0, end);
}

/** Offset after the first record's line end, minding quotes; undefined when it does not end here. */
export function recordEnd(bytes: Buffer): number | undefined {
  let quoted = false;
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes[i];
    if (c === QUOTE) quoted = !quoted;
    else if (c === LF && !quoted) return i + 1;
  }
  return undefined;
}

/** Counts records: line ends outside quotes, and a last line without one. */
export class RowCounter {
  private quoted = false;
  private count = 0;
  private open = false;

  add(bytes: Buffer): void {
    // Without a quote every line end counts, and searching for it is much faster than looking at every byte.
    if (!this.quoted && bytes.indexOf(QUOTE) < 0) {
      for (let i = bytes.indexOf(LF); i >= 0; i = bytes.indexOf(LF, i + 1)) this.count += 1;
    } else {
      for (const c of bytes) {
        if (c === QUOTE) this.quoted = !this.quoted;
        else if (c === LF && !this.quoted) this.count += 1;
      }
    }
    if (bytes.length > 0) this.open = bytes[bytes.length - 1] !== LF;
  }

  rows(): number {
    return this.count + (this.open ? 1 : 0);
  }
}
