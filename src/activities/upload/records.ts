/** Counts the rows of data in a file of separated values, while its bytes pass by. */
import type { RecordShape } from '../prepare/contract';
import { byteOrder, markLength } from './text-encoding';

const LF = 10;
const CR = 13;
/** No character has this number. */
const NONE = -1;

/** Where in a record the next character is. */
const enum At {
  /** At the first character of a value. */
  Start,
  /** In a value that nothing encloses: what encloses others is a character like any other here (`3" pipe`). */
  Plain,
  Enclosed,
  /** After what may have been the end of an enclosed value; or the first of two, which stand for one. */
  Closing,
}

/**
 * Rows of data: records from the first row of data on. A line end within an enclosed value ends no record, and a last line
 * without one is a record.
 */
export class RecordCounter {
  private at = At.Start;
  private ends = 0;
  private lines = false;
  private returns = false;
  /** The last record has begun and not ended. */
  private open = false;
  private readonly separator: number;
  private readonly encloses: number;
  private known: boolean;
  /** Of characters of two bytes; null where they are of one or more, in which ASCII stands for itself. */
  private order: 'le' | 'be' | null | undefined;
  private odd: Buffer = Buffer.alloc(0);

  constructor(private readonly shape: RecordShape) {
    this.separator = shape.separator.length === 1 ? shape.separator.charCodeAt(0) : NONE;
    this.encloses = shape.delimiter === '' ? NONE : shape.delimiter.charCodeAt(0);
    this.known = shape.separator.length === 1 && shape.delimiter.length <= 1;
  }

  add(slice: Buffer): void {
    if (!this.known || slice.length === 0) return;
    if (this.order === undefined) {
      const order = byteOrder(slice, this.shape.encoding);
      this.known = order !== undefined;
      this.order = order ?? null;
      // A mark of the byte order is no character of the first value.
      this.add(slice.subarray(markLength(slice)));
      return;
    }
    if (this.order !== null) this.addWide(slice, this.order);
    else if (this.isPlain(slice)) this.addPlain(slice);
    else for (const byte of slice) this.step(byte);
  }

  /** Undefined where it is not known how the records end, or how they are written. */
  rows(): number | undefined {
    if (!this.known || (!this.lines && this.returns)) return undefined;
    const records = this.ends + (this.open ? 1 : 0);
    return Math.max(0, records - Math.max(0, this.shape.firstDataRow - 1));
  }

  /** Nothing is enclosed in it, which the search for one character tells much faster than a look at each. */
  private isPlain(slice: Buffer): boolean {
    if (this.encloses === NONE) return true;
    return (this.at === At.Start || this.at === At.Plain) && !slice.includes(this.encloses);
  }

  private addPlain(slice: Buffer): void {
    const ends = lineEnds(slice);
    this.ends += ends;
    this.lines ||= ends > 0;
    if (!this.lines) this.returns ||= slice.includes(CR);
    const last = slice[slice.length - 1];
    this.open = last !== LF;
    this.at = last === LF || last === this.separator ? At.Start : At.Plain;
  }

  private addWide(slice: Buffer, order: 'le' | 'be'): void {
    const bytes = this.odd.length === 0 ? slice : Buffer.concat([this.odd, slice]);
    const whole = bytes.length - (bytes.length % 2);
    for (let i = 0; i < whole; i += 2) {
      this.step(order === 'le' ? bytes.readUInt16LE(i) : bytes.readUInt16BE(i));
    }
    this.odd = Buffer.from(bytes.subarray(whole));
  }

  private step(code: number): void {
    if (this.at === At.Enclosed) {
      if (code === this.encloses) this.at = At.Closing;
      return;
    }
    if (code === this.encloses && this.at !== At.Plain) {
      this.at = At.Enclosed;
      this.open = true;
    } else if (code === LF) {
      this.ends += 1;
      this.lines = true;
      this.open = false;
      this.at = At.Start;
    } else {
      if (code === CR) this.returns = true;
      this.open = true;
      this.at = code === this.separator ? At.Start : At.Plain;
    }
  }
}

const FEEDS = 0x0a0a0a0a;

/** Line ends in bytes, four at a time. */
function lineEnds(bytes: Buffer): number {
  const from = Math.min(bytes.length, (4 - (bytes.byteOffset % 4)) % 4);
  const wordCount = (bytes.length - from) >> 2;
  if (wordCount === 0) return bytewise(bytes);
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset + from, wordCount);
  let count = bytewise(bytes.subarray(0, from));
  for (let i = 0; i < words.length; i++) {
    // Zero where a byte is a line end; then a bit for each byte that is zero.
    const zero = (words[i] as number) ^ FEEDS;
    const hits = ~(((zero & 0x7f7f7f7f) + 0x7f7f7f7f) | zero | 0x7f7f7f7f);
    if (hits !== 0) count += Math.imul(hits >>> 7, 0x01010101) >>> 24;
  }
  return count + bytewise(bytes.subarray(from + words.length * 4));
}

function bytewise(bytes: Buffer): number {
  let count = 0;
  for (const byte of bytes) if (byte === LF) count += 1;
  return count;
}
