import { z } from 'zod';
import { path, type Api, type Collection } from './api';
import { modelPath } from './models';
import { compact } from './compact';
import {
  isRecord,
  manyOf,
  neededText,
  optionalNumber,
  optionalText,
  read,
  textOrEmpty,
  texts,
  unwrap,
} from './parse';
import type {
  ActionDefinition,
  CallOptions,
  DownloadBody,
  ExportDefinition,
  ExportMetadata,
  ImportDefinition,
  ImportMetadata,
  ModelRef,
  Named,
  PageOptions,
  ProcessDefinition,
  ProcessMetadata,
} from './types';

const importSchema = z
  .object({ id: neededText, name: textOrEmpty, importType: optionalText, importDataSourceId: optionalText })
  .transform(compact);
const exportSchema = z
  .object({
    id: neededText,
    name: textOrEmpty,
    exportType: optionalText,
    exportFormat: optionalText,
    encoding: optionalText,
    layout: optionalText,
  })
  .transform(compact);
const processSchema = z.object({ id: neededText, name: textOrEmpty }).transform(compact);
const actionSchema = z
  .object({
    id: neededText,
    name: textOrEmpty,
    actionType: optionalText,
    listId: optionalText,
    filterLineItemId: optionalText,
    sortOrder: optionalText,
    lineItemId: optionalText,
    targetMember: optionalText,
    sourceMember: optionalText,
  })
  .transform(compact);

const importMetadataSchema = z
  .object({
    name: textOrEmpty,
    type: optionalText,
    source: z
      .object({
        textEncoding: optionalText,
        columnSeparator: optionalText,
        textDelimiter: optionalText,
        headerRow: optionalNumber,
        firstDataRow: optionalNumber,
        decimalSeparator: optionalText,
        headerNames: texts,
        columnCount: optionalNumber,
      })
      .transform(compact)
      .optional()
      .catch(undefined),
  })
  .transform(compact);

const exportMetadataSchema = z
  .object({
    columnCount: optionalNumber,
    rowCount: optionalNumber,
    headerNames: texts,
    dataTypes: texts,
    listNames: texts,
    delimiter: optionalText,
    separator: optionalText,
    encoding: optionalText,
    exportFormat: optionalText,
  })
  .transform(compact);

const processActionSchema = z
  .object({
    id: neededText,
    name: textOrEmpty,
    actionType: optionalText,
    importDataSourceId: optionalText,
    importType: optionalText,
    importDataSource: z
      .object({ importDataSourceId: optionalText, type: optionalText })
      .optional()
      .catch(undefined),
    exportType: optionalText,
    exportFormat: optionalText,
    layout: optionalText,
  })
  .transform(({ importDataSource, ...action }) =>
    compact({
      ...action,
      importDataSourceId: action.importDataSourceId ?? importDataSource?.importDataSourceId,
      importDataSourceType: importDataSource?.type,
    }),
  );
const processMetadataSchema = z.object({
  name: textOrEmpty,
  actions: manyOf(processActionSchema),
});

/** Readers of single answers, by what they are about. */
export const parseImport = (raw: unknown): ImportDefinition => read(importSchema, raw, 'an import');
const parseExport = (raw: unknown): ExportDefinition => read(exportSchema, raw, 'an export');
export const parseProcess = (raw: unknown): ProcessDefinition => read(processSchema, raw, 'a process');
export const parseAction = (raw: unknown): ActionDefinition => read(actionSchema, raw, 'an action');

export function parseImportMetadata(body: unknown): ImportMetadata {
  const raw = unwrap(body, ['importMetadata', 'import'], ['source', 'type', 'name']);
  return read(importMetadataSchema, raw, "the import's metadata");
}

export function parseExportMetadata(body: unknown): ExportMetadata {
  const raw = unwrap(body, ['exportMetadata', 'export'], ['headerNames', 'columnCount', 'exportFormat']);
  return read(exportMetadataSchema, raw, "the export's metadata");
}

export function parseProcessMetadata(body: unknown): ProcessMetadata {
  const raw = unwrap(body, ['processMetadata', 'process'], ['actions', 'name']);
  return read(processMetadataSchema, raw, "the process's metadata");
}

/** What imports, exports, processes and actions have in common: a list, and details of one. */
abstract class Definitions<T extends Named> {
  constructor(
    protected readonly api: Api,
    private readonly kind: 'imports' | 'exports' | 'processes' | 'actions',
    private readonly parse: (raw: unknown) => T,
  ) {}

  /** All of the model that the user may run. */
  list(ref: ModelRef, o?: PageOptions): Promise<T[]> {
    return this.api.list(this.collection(ref), o);
  }

  /** As {@link list}, one after the other; `limit` is the size of a page. */
  each(ref: ModelRef, o?: PageOptions): AsyncGenerator<T> {
    return this.api.each(this.collection(ref), o);
  }

  private collection(ref: ModelRef): Collection<T> {
    return {
      path: `${modelPath(ref)}/${this.kind}`,
      what: `the list of ${this.kind}`,
      keys: [this.kind],
      item: this.parse,
      idOf: (item) => item.id,
    };
  }
}

/** Imports (anaplan-api: "Import Actions"). Their tasks are in `tasks`. */
export class ImportsApi extends Definitions<ImportDefinition> {
  constructor(api: Api) {
    super(api, 'imports', parseImport);
  }

  /** The import's metadata: the source's columns, separators and header names. */
  get(ref: ModelRef, id: string, o?: CallOptions): Promise<ImportMetadata> {
    return this.api.get(
      { method: 'GET', path: modelPath(ref) + path`/imports/${id}` },
      parseImportMetadata,
      o,
    );
  }
}

/** Exports (anaplan-api: "Export Actions"). Their output is the file of the same ID. */
export class ExportsApi extends Definitions<ExportDefinition> {
  constructor(api: Api) {
    super(api, 'exports', parseExport);
  }

  /** The export's metadata: columns, types, format and an estimate of the rows. */
  get(ref: ModelRef, id: string, o?: CallOptions): Promise<ExportMetadata> {
    return this.api.get(
      { method: 'GET', path: modelPath(ref) + path`/exports/${id}` },
      parseExportMetadata,
      o,
    );
  }
}

/** Processes (anaplan-api: "Process Actions"). */
export class ProcessesApi extends Definitions<ProcessDefinition> {
  constructor(api: Api) {
    super(api, 'processes', parseProcess);
  }

  /** The process's actions in the order in which they run, with the data sources of its imports unless `sources` is false. */
  get(
    ref: ModelRef,
    id: string,
    o: CallOptions & { sources?: boolean | undefined } = {},
  ): Promise<ProcessMetadata> {
    return this.api.get(
      {
        method: 'GET',
        path: path`/models/${ref.modelId}/processes/${id}`,
        query: { showImportDataSource: o.sources ?? true },
      },
      parseProcessMetadata,
      o,
    );
  }
}

/** Other actions (117...; anaplan-api: "Get model actions"). */
export class ActionsApi extends Definitions<ActionDefinition> {
  constructor(api: Api) {
    super(api, 'actions', parseAction);
  }

  /** One action. */
  get(ref: ModelRef, id: string, o?: CallOptions): Promise<ActionDefinition> {
    return this.api.get(
      { method: 'GET', path: modelPath(ref) + path`/actions/${id}` },
      (body) => {
        const raw = unwrap(body, ['action', 'actions'], ['name', 'actionType', 'id']);
        return parseAction(isRecord(raw) ? { id, ...raw } : raw);
      },
      o,
    );
  }

  /**
   * The log of a run of the optimizer, plain text; 404 for an unknown task. Not in the guide: the vendor's collection and public
   * clients have it.
   */
  optimizerLog(ref: ModelRef, id: string, taskId: string, o?: CallOptions): Promise<DownloadBody> {
    const at = modelPath(ref) + path`/optimizeActions/${id}/tasks/${taskId}/solutionLogs`;
    return this.api.download({ method: 'GET', path: at, accept: 'text/plain, */*;q=0.8' }, 'bytes', o);
  }
}
