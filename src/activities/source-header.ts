/** Compares the first line of a source with the header an import expects. Pure. */
import { parse } from 'csv-parse/sync';

import type { PreparedUpload } from './types';

/**
 * A warning when the header line is not the import's, else undefined. Values of the line are not repeated: only
 * headers that the import names are.
 */
export function headerWarning(
  start: Buffer,
  header: NonNullable<PreparedUpload['header']>,
): string | undefined {
  const text = start.toString(
    /utf-?16/i.test(header.encoding)
      ? 'utf16le'
      : /8859|latin|1252/i.test(header.encoding)
        ? 'latin1'
        : 'utf8',
  );
  const records = firstRecords(text.replace(/^﻿/, ''), header);
  const line = records?.[header.row - 1];
  if (!line) return undefined;
  const found = line.map((n) => n.trim());
  const missing = header.names.filter((n) => n.trim() !== '' && !found.includes(n.trim()));
  if (missing.length === 0 && found.length === header.names.length) return undefined;
  if (missing.length > 0) {
    return `The header line of the source has not all the columns the import was made with: ${list(missing)} ${missing.length === 1 ? 'is' : 'are'} missing. Anaplan maps columns by name or position; check the result.`;
  }
  return `The source has ${found.length} columns, the import was made with ${header.names.length}. Anaplan maps columns by name or position; check the result.`;
}

function firstRecords(text: string, header: NonNullable<PreparedUpload['header']>): string[][] | undefined {
  try {
    return parse(text, {
      delimiter: header.separator || ',',
      quote: header.delimiter || null,
      to: header.row,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: false,
    });
  } catch {
    // A line that cannot be parsed is Anaplan's to judge; here it only means that there is nothing to compare.
    return undefined;
  }
}

function list(names: string[]): string {
  const shown = names.slice(0, 5).map((n) => `"${n.slice(0, 60)}"`);
  return names.length > 5 ? `${shown.join(', ')} and ${names.length - 5} more` : shown.join(', ');
}
