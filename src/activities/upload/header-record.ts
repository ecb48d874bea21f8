/** Finds the header line in the beginning of a file of separated values. Pure. */
import { parse } from 'csv-parse/sync';

/** How a line is taken apart. */
export interface RecordFormat {
  /** From 1. */
  row: number;
  separator: string;
  /** What encloses a value; empty: nothing does. */
  delimiter: string;
}

/** Separators that people use. */
export const SEPARATORS: readonly string[] = [',', ';', '\t', '|'];

/**
 * The record of a row; undefined where there is none, where it is no CSV, or where it may not end within the text.
 *
 * @param whole nothing comes after the text
 */
export function headerRecord(text: string, whole: boolean, format: RecordFormat): string[] | undefined {
  const records: string[][] = [];
  let broken = false;
  try {
    parse(text, {
      delimiter: format.separator || ',',
      quote: format.delimiter || null,
      // One more, whose beginning shows that the row has ended.
      to: format.row + 1,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: false,
      on_record: (record: string[]) => {
        records.push(record);
        return null;
      },
    });
  } catch {
    // A later record that cannot be parsed, or is cut, is Anaplan's to judge.
    broken = true;
  }
  const ended = whole || broken || records.length > format.row;
  return ended ? records[format.row - 1] : undefined;
}
