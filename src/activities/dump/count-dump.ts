/** Counting a failure dump: which rows were rejected, and why. */
import { parse } from 'csv-parse';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { compact, type DumpError, LIMITS } from '../../contracts';
import { errorTemplate } from '../../anaplan/row-messages';

/** What a dump says. */
export interface DumpCounts {
  /** Distinct `_Line_` of rows with status `E`. */
  rejected: number;
  warnings: number;
  /** Most frequent first, at most 20. */
  errors: DumpError[];
  /** Why the counts may be too low: the dump could not be read to its end, or is not what a dump is. */
  uncounted?: string;
}

/** What one record may take up in memory. */
const MAX_RECORD = 16 * 1024 * 1024;

/**
 * Counts a dump: distinct source lines with an error, lines with only a warning, and its messages as templates. A dump
 * that is no proper CSV is counted as far as it goes, and says why it went no further.
 *
 * Memory: the numbers of a million lines at most, never the rows.
 * @throws whatever reading the bytes throws
 */
export async function countDump(bytes: AsyncIterable<Buffer>): Promise<DumpCounts> {
  const tally = new Tally();
  let uncounted: string | undefined;
  const { delimiter, whole } = await sniffed(bytes);
  // A pipeline, so that an error of the bytes is this function's, and not the process's.
  await pipeline(
    Readable.from(whole, { objectMode: true }),
    parse({
      delimiter,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      bom: true,
      ltrim: true,
      max_record_size: MAX_RECORD,
      // While it parses: records that wait in a stream are lost when a later one is broken.
      on_record: (record: string[]) => {
        tally.take(record);
        return null;
      },
    }),
    drained,
  ).catch((error: unknown) => {
    uncounted = csvTrouble(error);
    if (uncounted === undefined) throw error;
  });
  uncounted ??= tally.trouble;
  return { ...tally.counts(), ...compact({ uncounted }) };
}

/** A dump has the separator of its source: it stands behind the name of the first column. */
async function sniffed(
  bytes: AsyncIterable<Buffer>,
): Promise<{ delimiter: string; whole: AsyncIterable<Buffer> }> {
  const iterator = bytes[Symbol.asyncIterator]();
  const first: Buffer[] = [];
  let start = '';
  while (start.length < 64) {
    const next = await iterator.next();
    if (next.done) break;
    first.push(next.value);
    start += next.value.toString('latin1').replaceAll('\0', '');
  }
  async function* whole(): AsyncGenerator<Buffer> {
    yield* first;
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return { delimiter: /_Status_"?([;\t|])/.exec(start)?.[1] ?? ',', whole: whole() };
}

async function drained(records: AsyncIterable<unknown>): Promise<void> {
  const iterator = records[Symbol.asyncIterator]();
  while (!(await iterator.next()).done);
}

/** What stopped the parser, in our words: its own message quotes the row. */
function csvTrouble(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  if (typeof code !== 'string' || !code.startsWith('CSV_')) return undefined;
  if (code === 'CSV_QUOTE_NOT_CLOSED') return 'it ends inside a quoted value';
  if (code === 'CSV_MAX_RECORD_SIZE') return `one of its rows is larger than ${MAX_RECORD / 1024 / 1024} MB`;
  return `it is not proper CSV: ${code}`;
}

/** Counts records as they come. */
class Tally {
  private readonly rejected = new DistinctLines();
  private readonly warned = new DistinctLines();
  private readonly messages = new Map<string, number>();
  private columns: { status: number; line: number; errors: number[] } | undefined;
  private row = 0;

  take(record: string[]): void {
    if (!this.columns) {
      this.columns = {
        status: record.indexOf('_Status_'),
        line: record.indexOf('_Line_'),
        errors: record.flatMap((name, i) => (/^_Error_\d+_$/.test(name) ? [i] : [])),
      };
      return;
    }
    this.row += 1;
    const status = record[this.columns.status] ?? 'E';
    // Each chunk may have the header.
    if (status === '_Status_') return;
    const line = record[this.columns.line] || `#${this.row}`;
    if (status === 'W') this.warned.add(line);
    // A row with an undocumented status does not count as loaded.
    else this.rejected.add(line);
    // A row may have more errors than the header has names for.
    const texts = this.columns.errors.length > 0 ? record.slice(this.columns.errors[0]) : [];
    for (const text of new Set(texts.filter((t) => t !== '').map(errorTemplate))) {
      if (this.messages.has(text) || this.messages.size < 1000) {
        this.messages.set(text, (this.messages.get(text) ?? 0) + 1);
      }
    }
  }

  /** Why the columns are not those of a dump. */
  get trouble(): string | undefined {
    if (!this.columns) return undefined;
    const lacking = (['_Status_', '_Line_'] as const).filter(
      (_, i) => [this.columns?.status, this.columns?.line][i] === -1,
    );
    return lacking.length > 0 ? `it has no column ${lacking.join(' and no column ')}` : undefined;
  }

  counts(): DumpCounts {
    const errors = [...this.messages]
      .map(([message, count]) => ({ message, count }))
      .sort((a, b) => b.count - a.count)
      .slice(0, LIMITS.dumpMessages);
    return {
      rejected: this.rejected.size,
      warnings: this.warned.sizeWithout(this.rejected),
      errors,
    };
  }
}

/** How many lines are told apart exactly; a larger dump is counted by its changes from line to line. */
const MAX_KNOWN_LINES = 1_000_000;

/** Counts distinct source lines in bounded memory. Dumps come in the order of the source. */
class DistinctLines {
  private readonly known = new Set<string>();
  private beyond = 0;
  private last: string | undefined;

  add(line: string): void {
    if (this.known.has(line) || line === this.last) return;
    this.last = line;
    if (this.known.size < MAX_KNOWN_LINES) this.known.add(line);
    else this.beyond += 1;
  }

  get size(): number {
    return this.known.size + this.beyond;
  }

  /** Lines that are not among others. */
  sizeWithout(others: DistinctLines): number {
    let size = this.beyond;
    for (const line of this.known) if (!others.known.has(line)) size += 1;
    return size;
  }
}
