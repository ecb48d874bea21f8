/**
 * The registry of integrations: what each takes, and how the command line and the documents speak of it. Client methods,
 * commands, schemas and tables are made by going through it. Out of the index of this room: workflows need none of it.
 */
import {
  CHECK_HEADER,
  FILE,
  PARALLEL_CHUNKS,
  SHARED_FIELDS,
  SOURCE,
  TARGET,
  type Field,
  type FieldsOf,
} from './fields';
import type {
  ActionInput,
  CommonInput,
  IntegrationInputs,
  IntegrationName,
  ObjectKind,
  StartingInput,
} from './inputs';

/** The interface that an input extends, of those in `inputs.ts`. */
type BaseOf<I> = keyof ActionInput extends keyof I
  ? 'action'
  : keyof StartingInput extends keyof I
    ? 'starting'
    : 'common';

/** One integration. */
export interface Integration<I extends CommonInput = CommonInput> {
  /** What it does, for the help. */
  summary: string;
  /** An example for the help, without workspace and model. */
  example: string;
  /** The field that names the object which a run is about. */
  about: ObjectKind & keyof I;
  /** Which fields it shares with others. */
  base: BaseOf<I>;
  /** The fields that others do not share, in the order of the help. */
  own: FieldsOf<Omit<I, keyof ActionInput>>;
}

/** Every integration, by the type of its workflow. */
export const REGISTRY: { readonly [N in IntegrationName]: Integration<IntegrationInputs[N]> } = {
  uploadImport: {
    summary: "Upload a file to an import's data source and run the import",
    example: '--import "Load sales" --source data/sales.csv',
    about: 'import',
    base: 'action',
    own: {
      import: {
        kind: 'object',
        required: true,
        flag: '--import <name|id>',
        help: 'import',
        meaning: 'Import that reads a file.',
      },
      source: SOURCE,
      file: {
        kind: 'object',
        flag: '--file <name|id>',
        help: "file to upload to (default: the import's own data source)",
        meaning: 'File to upload to. Default: the import’s own data source.',
      },
      checkHeader: CHECK_HEADER,
      parallelChunks: PARALLEL_CHUNKS,
    },
  },
  exportDownload: {
    summary: 'Run an export and download its file',
    example: '--export "Sales by month" --target out/sales.csv',
    about: 'export',
    base: 'starting',
    own: {
      export: {
        kind: 'object',
        required: true,
        flag: '--export <name|id>',
        help: 'export',
        meaning: 'Export.',
      },
      ...TARGET,
    },
  },
  processWithDumps: {
    summary: 'Upload files, run a process, keep every failure dump, download the exports it wrote',
    example:
      '--process "Nightly load" --upload sales.csv=data/sales.csv --download "Sales by month=out/sales.csv"',
    about: 'process',
    base: 'action',
    own: {
      process: {
        kind: 'object',
        required: true,
        flag: '--process <name|id>',
        help: 'process',
        meaning: 'Process.',
      },
      uploads: {
        kind: 'uploads',
        flag: '--upload <file=source>',
        help: 'upload a source to a file first; repeatable',
        meaning: 'Sources to upload to files first.',
      },
      downloads: {
        kind: 'downloads',
        flag: '--download <export=target>',
        help: 'download an export that the process writes; repeatable',
        meaning: 'Exports of the process to download afterwards.',
      },
      requireUploads: {
        kind: 'flag',
        flag: '--require-uploads',
        help: 'refuse to start when a file import of the process gets no upload',
        meaning: 'Refuse to start when a file import of the process gets no upload.',
      },
      checkHeader: CHECK_HEADER,
      parallelChunks: PARALLEL_CHUNKS,
    },
  },
  largeViewRead: {
    summary: 'Read a view of any size into a file',
    example: '--module Sales --view "By region" --target out/sales.csv',
    about: 'view',
    base: 'common',
    own: {
      view: {
        kind: 'object',
        required: true,
        flag: '--view <name|id>',
        help: 'saved view, or the ID of a module for its default view',
        meaning: 'Saved view, or the ID of a module for its default view.',
      },
      module: {
        kind: 'object',
        flag: '--module <name|id>',
        help: "the view's module, when the view is given by name",
        meaning: 'Module of the view, when `view` is a name in it.',
      },
      exportType: {
        kind: 'text',
        flag: '--export-type <type>',
        help: 'layout of the pages (default: TABULAR_MULTI_COLUMN)',
        meaning: 'Layout of the pages, passed through. Default `TABULAR_MULTI_COLUMN`.',
      },
      ...TARGET,
    },
  },
  largeListRead: {
    summary: 'Read a list of any size into a file',
    example: '--list Products --target out/products.csv',
    about: 'list',
    base: 'common',
    own: {
      list: { kind: 'object', required: true, flag: '--list <name|id>', help: 'list', meaning: 'List.' },
      ...TARGET,
    },
  },
  runAction: {
    summary: 'Run any import, export, process or other action without a transfer',
    example: '--action "Delete inactive products"',
    about: 'action',
    base: 'action',
    own: {
      action: {
        kind: 'object',
        required: true,
        flag: '--action <name|id>',
        help: 'action of any kind',
        meaning: 'Import, export, process or other action.',
      },
    },
  },
  uploadFile: {
    summary: 'Upload a file, without an import',
    example: '--file sales.csv --source data/sales.csv',
    about: 'file',
    base: 'common',
    own: { file: FILE, source: SOURCE, parallelChunks: PARALLEL_CHUNKS },
  },
  downloadFile: {
    summary: "Download a file of a model: an export's output or an uploaded file",
    example: '--file "Sales - export.csv" --target out/sales.csv',
    about: 'file',
    base: 'common',
    own: { file: FILE, ...TARGET },
  },
};

/** The fields of an integration in three groups: its own, those that it shares with some, and those that all have. */
export function fieldGroups(integration: IntegrationName): Readonly<Record<string, Field>>[] {
  const { own, base } = REGISTRY[integration];
  return [own, ...(base === 'common' ? [] : [SHARED_FIELDS[base]]), SHARED_FIELDS.common];
}

/** All fields of an integration, by name; its own last. */
export function fieldsOf(integration: IntegrationName): Readonly<Record<string, Field>> {
  return Object.assign({}, ...fieldGroups(integration).reverse()) as Record<string, Field>;
}

/** The object that an input names, `import` and `Load Sales`, as far as it names one. */
export function namedObject(
  integration: IntegrationName,
  input: unknown,
): { kind: ObjectKind; given: string } | undefined {
  // A caller in another language may have named anything.
  if (!Object.hasOwn(REGISTRY, integration)) return undefined;
  const { about: kind } = REGISTRY[integration];
  const given = (input as Partial<Record<ObjectKind, unknown>> | null | undefined)?.[kind];
  return typeof given === 'string' ? { kind, given } : undefined;
}
