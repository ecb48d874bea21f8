import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { parse } from 'csv-parse';
import type { ModelData } from './data';
import { noCounts, ProductRules, RegionRules, SalesRules, type Row } from './import-rules';
import { detail, failure, lineItemDetail, listDetail, type TaskResult } from './results';
import type { FileDefinition, ImportDefinition } from './tenant';

/** The end of an import: its result, and the failure dump where rows were rejected or doubtful. */
export interface ImportOutcome {
  result: TaskResult;
  dump?: Buffer;
}

type RowSink = (row: Row) => void;

/** Reads the rows of a file by its metadata (encoding, separator, header and first data row). */
async function readRows(
  file: FileDefinition,
  columns: readonly string[],
  bytes: Readable,
  sink: RowSink,
): Promise<{ missing: string[]; header: string[] }> {
  const parser = parse({
    delimiter: file.separator,
    quote: '"',
    bom: true,
    relax_quotes: true,
    relax_column_count: true,
    encoding: file.encoding === 'UTF-8' ? 'utf8' : 'latin1',
  });
  pipeline(bytes, parser, () => undefined);
  let number = 0;
  let header: string[] = [];
  let missing: string[] = [...columns];
  for await (const record of parser as AsyncIterable<string[]>) {
    number += 1;
    if (number === file.headerRow) {
      header = record;
      missing = columns.filter((column) => !record.includes(column));
      if (missing.length > 0) {
        parser.destroy();
        break;
      }
    }
    if (number < file.firstDataRow) continue;
    sink({ line: number, raw: record, get: (column) => (record[header.indexOf(column)] ?? '').trim() });
  }
  return { missing, header };
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
  let read: { missing: string[]; header: string[] };
  try {
    read = await readRows(file, definition.headerNames, bytes, (row) => rules.take(row));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { result: failure(definition.id, 'importFailedGeneralError', message, { errorMessage: message }) };
  }
  if (read.missing.length > 0) {
    const fields = read.missing.join(', ');
    const text = `Warning: Import is incomplete as the following fields are unavailable: ${fields}`;
    return { result: failure(definition.id, 'missingFields', text, { fields }) };
  }
  rules.apply();
  const dump = rules.problems.dump(read.header);
  return {
    result: {
      details: [...rules.summary(), ...rules.problems.details()],
      failureDumpAvailable: dump !== undefined,
      objectId: definition.id,
      // Rejected rows do not make an import unsuccessful (behaviour `rejected-rows-successful`).
      successful: true,
    },
    ...(dump === undefined ? {} : { dump }),
  };
}

/** `Load Bulk`: rows are counted, never parsed, so that files of any size work. */
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

/** The result of an import whose file is gone (seeds: "Failure codes", uploadedFileNoLongerAvailable). */
export function fileGone(definition: ImportDefinition): ImportOutcome {
  const text = 'The uploaded file is no longer available. Please upload the file again.';
  return {
    result: {
      ...failure(definition.id, 'uploadedFileNoLongerAvailable', text),
      details: [detail('uploadedFileNoLongerAvailable', text)],
    },
  };
}
