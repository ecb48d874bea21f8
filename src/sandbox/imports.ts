import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { parse } from 'csv-parse';
import { parse as parseSync } from 'csv-parse/sync';
import { compact } from './compact';
import type { ModelData } from './data';
import { noCounts, ProductRules, RegionRules, SalesRules, type Row } from './import-rules';
import { detail, failure, lineItemDetail, listDetail, type TaskResult } from './results';
import type { FileDefinition, ImportDefinition } from './definitions';

/** The end of an import: its result, and the failure dump where rows were rejected or doubtful. */
export interface ImportOutcome {
  result: TaskResult;
  dump?: Buffer;
}

type RowSink = (row: Row) => void;

const csvOptions = (file: FileDefinition) => ({
  delimiter: file.separator,
  quote: '"',
  bom: true,
  relax_quotes: true,
  relax_column_count: true,
  encoding: file.encoding === 'UTF-8' ? ('utf8' as const) : ('latin1' as const),
});

/** The columns that an import maps and the header of the file does not have (behaviour `missing-columns`). */
export function missingColumns(definition: ImportDefinition, file: FileDefinition, head: Buffer): string[] {
  let header: string[] = [];
  try {
    const rows = parseSync(head, { ...csvOptions(file), to: file.headerRow }) as string[][];
    header = rows[file.headerRow - 1] ?? [];
  } catch {
    // What is no CSV has none of the columns.
  }
  return definition.headerNames.filter((column) => !header.includes(column));
}

/** The end of an import of a file that lacks columns. */
export function unavailableColumns(definition: ImportDefinition, missing: readonly string[]): ImportOutcome {
  const fields = missing.join(', ');
  const text = `Warning: Import is incomplete as the following fields are unavailable: ${fields}`;
  return { result: failure(definition.id, 'missingFields', text, { fields }) };
}

/** Reads the rows of a file by its metadata (encoding, separator, header and first data row). */
async function readRows(file: FileDefinition, bytes: Readable, sink: RowSink): Promise<string[]> {
  const parser = parse(csvOptions(file));
  pipeline(bytes, parser, () => undefined);
  let number = 0;
  let header: string[] = [];
  for await (const record of parser as AsyncIterable<string[]>) {
    number += 1;
    if (number === file.headerRow) header = record;
    if (number < file.firstDataRow) continue;
    sink({ line: number, raw: record, get: (column) => (record[header.indexOf(column)] ?? '').trim() });
  }
  return header;
}

/** Runs a file import on the bytes really uploaded. */
export async function runFileImport(
  definition: ImportDefinition,
  file: FileDefinition,
  bytes: Readable,
  data: ModelData,
): Promise<ImportOutcome> {
  const rules =
    definition.target === 'sales'
      ? new SalesRules(data)
      : definition.target === 'regions'
        ? new RegionRules(data)
        : new ProductRules(data);
  let header: string[];
  try {
    header = await readRows(file, bytes, (row) => rules.take(row));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { result: failure(definition.id, 'importFailedGeneralError', message, { errorMessage: message }) };
  }
  rules.apply();
  const dump = rules.problems.dump(header);
  return {
    result: {
      details: [...rules.summary(), ...rules.problems.details()],
      failureDumpAvailable: dump !== undefined,
      objectId: definition.id,
      // Rejected rows do not make an import unsuccessful (behaviour `rejected-rows-successful`).
      successful: true,
    },
    ...compact({ dump }),
  };
}

/** `Load Bulk`: rows are counted, and only the header is parsed, so that files of any size work. */
export function runBulkImport(definition: ImportDefinition, rows: number, data: ModelData): ImportOutcome {
  data.bulk = rows;
  return {
    result: {
      details: [lineItemDetail('Value', rows, 0, 0)],
      failureDumpAvailable: false,
      objectId: definition.id,
      successful: true,
    },
  };
}

/** An import from another model: no file, all products are there already. */
export function runModelImport(definition: ImportDefinition, data: ModelData): ImportOutcome {
  const counts = { ...noCounts(), updated: data.products.size, total: data.products.size };
  return {
    result: {
      details: [listDetail('Products', counts)],
      failureDumpAvailable: false,
      objectId: definition.id,
      successful: true,
    },
  };
}

/** The import that always fails, for processes that stop in the middle. */
export function runFailingImport(definition: ImportDefinition): ImportOutcome {
  const text =
    'Import into Prices list failed: distinct names found for same code - check mapping and/or data';
  const result = failure(definition.id, 'hierarchyImportUniqueness', text, { hierarchyName: 'Prices' });
  return { result };
}

/** The result of an import whose file is gone (anaplan-api: "Failure codes", uploadedFileNoLongerAvailable). */
export function fileGone(definition: ImportDefinition): ImportOutcome {
  const text = 'The uploaded file is no longer available. Please upload the file again.';
  return {
    result: {
      ...failure(definition.id, 'uploadedFileNoLongerAvailable', text),
      details: [detail('uploadedFileNoLongerAvailable', text)],
    },
  };
}
