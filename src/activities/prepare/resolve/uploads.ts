/** Files that are uploaded to, with the columns of the imports that read them. */
import type { AnaplanFile, ImportMetadata } from '../../../anaplan';
import { compact, type ChunksInput } from '../../../contracts';
import { fail } from '../../attempt/failures';
import type { PreparedUpload, RecordShape } from '../contract';
import { ImportHeaders, separatorOf } from '../import-header';
import { find, named, type Scope } from './lookups';

const WORKBOOK = /\.xls[xmb]?$/i;

/** An import that reads a file. */
export interface Reader {
  name: string;
  metadata: ImportMetadata;
}

/** A file of the model by exact name or ID. */
export async function findFile(s: Scope, given: string): Promise<AnaplanFile> {
  return find(s, 'file', given, s.client.files);
}

/** The file that an import says it reads. @throws ApplicationFailure `NotFound` */
export async function fileById(s: Scope, id: string, reader: string): Promise<AnaplanFile> {
  const file = (await s.client.files.list(s.ref, { signal: s.signal })).find((f) => f.id === id);
  if (file) return file;
  throw fail('NotFound', `${reader} reads file ${id}, which is not among the files of the model${s.where}.`, {
    remedy: `Upload the file once in Anaplan's user interface, or give another with "file".`,
  });
}

/** An upload of a source to a file. */
export function preparedUpload(
  file: AnaplanFile,
  source: string,
  { parallelChunks }: ChunksInput,
  readers: readonly Reader[] = [],
  columns = new ImportHeaders(),
): PreparedUpload {
  const from = readers[0]?.metadata.source;
  const headerRow = file.headerRow ?? from?.headerRow;
  const firstDataRow = file.firstDataRow ?? from?.firstDataRow;
  const workbook = WORKBOOK.test(file.name);
  const headers = readers.flatMap((reader) => columns.of(reader.name, reader.metadata) ?? []);
  return {
    file: { ...named(file), ...compact({ headerRow, firstDataRow }) },
    source,
    workbook,
    ...compact({ parallelChunks, records: workbook ? undefined : recordShape(file, from) }),
    ...(headers.length > 0 ? { headers } : {}),
  };
}

/** As the file says, else the import that reads it. Undefined where neither says what encloses a value. */
function recordShape(file: AnaplanFile, from: ImportMetadata['source']): RecordShape | undefined {
  const delimiter = file.delimiter ?? from?.textDelimiter;
  if (delimiter === undefined) return undefined;
  const headerRow = file.headerRow ?? from?.headerRow ?? 1;
  return {
    separator: separatorOf(file.separator ?? from?.columnSeparator ?? ','),
    delimiter,
    encoding: file.encoding ?? from?.textEncoding ?? 'UTF-8',
    firstDataRow: file.firstDataRow ?? from?.firstDataRow ?? headerRow + 1,
  };
}
