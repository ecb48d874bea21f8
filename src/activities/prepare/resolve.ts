/** What each integration works on: imports, exports, processes, views ... by name or ID, inside one model. */
import type { AnaplanClient, AnaplanFile, ImportMetadata, ModelRef, View } from '../../anaplan';
import { compact, type IntegrationInputs, type IntegrationName, type ProcessUpload } from '../../contracts';
import { fail } from '../attempt/failures';
import { ImportHeaders } from './import-header';
import { pick, reference, type Reference } from './names';
import type { ActionKind, ActionObject, Named } from '../attempt/contract';
import type { FileUses } from '../hold/contract';
import type { Prepared, PreparedUpload, ProcessStep } from './contract';
/** What resolving one integration's own objects yields. */
export type Resolved = Pick<Prepared, 'object' | 'uploads' | 'downloads'> & {
  /** Files that the run's imports read, and that no upload of it replaces. */
  reads?: string[];
} & Partial<Pick<Prepared, 'action' | 'steps' | 'filesNotUploaded'>> & { warnings?: string[] };

/** Resolves inside one model. */
export interface Scope {
  client: AnaplanClient;
  ref: ModelRef;
  where: string;
  signal: AbortSignal;
}

/** One of a model's objects by exact name or ID; `area` is that of the API client which lists them. */
async function find<T extends { id: string; name: string }>(
  s: Scope,
  what: Parameters<typeof pick>[0],
  given: string,
  area: { list(ref: Scope['ref'], options: { signal: AbortSignal }): Promise<T[]> },
): Promise<T> {
  return pick(what, s.where, reference('object', given), await area.list(s.ref, { signal: s.signal }));
}

async function findFile(s: Scope, given: string): Promise<AnaplanFile> {
  return find(s, 'file', given, s.client.files);
}

async function fileById(s: Scope, id: string, reader: string): Promise<AnaplanFile> {
  const file = (await s.client.files.list(s.ref, { signal: s.signal })).find((f) => f.id === id);
  if (file) return file;
  throw fail('NotFound', `${reader} reads file ${id}, which is not among the files of the model${s.where}.`, {
    remedy: `Upload the file once in Anaplan's user interface, or give another with "file".`,
  });
}

const WORKBOOK = /\.xls[xmb]?$/i;

/** A file of the model, with where its header and its data begin as far as Anaplan says. */
type FoundFile = Named & Partial<Pick<AnaplanFile, 'headerRow' | 'firstDataRow'>>;

/** An import that reads a file. */
interface Reader {
  name: string;
  metadata: ImportMetadata;
}

function preparedUpload(
  file: FoundFile,
  source: string,
  readers: readonly Reader[] = [],
  columns = new ImportHeaders(),
): PreparedUpload {
  const metadata = readers[0]?.metadata;
  const headerRow = file.headerRow ?? metadata?.source?.headerRow;
  const firstDataRow = file.firstDataRow ?? metadata?.source?.firstDataRow;
  const upload: PreparedUpload = {
    file: {
      id: file.id,
      name: file.name || file.id,
      ...compact({ headerRow, firstDataRow }),
    },
    source,
    workbook: WORKBOOK.test(file.name),
  };
  const headers = readers.flatMap((reader) => columns.of(reader.name, reader.metadata) ?? []);
  return headers.length > 0 ? { ...upload, headers } : upload;
}

function isFileImport(metadata: ImportMetadata, dataSourceId: string | undefined): boolean {
  return metadata.type === undefined ? dataSourceId !== undefined : metadata.type.toUpperCase() === 'FILE';
}

async function resolveUploadImport(s: Scope, input: IntegrationInputs['uploadImport']): Promise<Resolved> {
  const found = await find(s, 'import', input.import, s.client.imports);
  const metadata = await s.client.imports.get(s.ref, found.id, { signal: s.signal });
  const name = found.name || metadata.name || found.id;
  if (!isFileImport(metadata, found.importDataSourceId)) {
    throw fail(
      'InvalidInput',
      `import: "${name}" (${found.id}) does not read a file${metadata.type ? ` but ${metadata.type}` : ''}, so there is nothing to upload.`,
      { remedy: 'Run it with run-action (workflow runAction).' },
    );
  }
  const file =
    input.file !== undefined
      ? await findFile(s, input.file)
      : found.importDataSourceId !== undefined
        ? await fileById(s, found.importDataSourceId, `Import "${name}"`)
        : undefined;
  if (!file)
    throw fail('InvalidInput', `file: Anaplan does not say which file import "${name}" reads.`, {
      remedy: 'Name it.',
    });
  const action: ActionObject = { kind: 'imports', id: found.id, name };
  // Columns are those of the file that the import reads, not of another one that is uploaded.
  const readsIt = found.importDataSourceId === undefined || found.importDataSourceId === file.id;
  return {
    object: { kind: 'import', id: found.id, name },
    action,
    uploads: [preparedUpload(file, input.source, readsIt ? [{ name, metadata }] : [])],
    downloads: [],
    // The import reads its own data source, whatever file is uploaded.
    ...(found.importDataSourceId === undefined ? {} : { reads: [found.importDataSourceId] }),
  };
}

async function findExport(s: Scope, given: string): Promise<Named> {
  const found = await find(s, 'export', given, s.client.exports);
  return { id: found.id, name: found.name || found.id };
}

async function resolveExportDownload(
  s: Scope,
  input: IntegrationInputs['exportDownload'],
): Promise<Resolved> {
  const found = await findExport(s, input.export);
  return {
    object: { kind: 'export', ...found },
    action: { kind: 'exports', ...found },
    uploads: [],
    downloads: [{ export: found, target: input.target }],
  };
}

async function resolveProcess(s: Scope, input: IntegrationInputs['processWithDumps']): Promise<Resolved> {
  const found = await find(s, 'process', input.process, s.client.processes);
  const name = found.name || found.id;
  const steps = await stepsOf(s, found.id);
  const uploads = await processUploads(s, input.uploads ?? [], steps);
  const downloads = [];
  for (const download of input.downloads ?? []) {
    const target = await findExport(s, download.export);
    if (steps.length > 0 && !steps.some((step) => step.id === target.id)) {
      throw fail(
        'InvalidInput',
        `downloads: export "${target.name}" (${target.id}) is not an action of process "${name}", so the process does not write it.`,
        { remedy: 'Download it with export-download.' },
      );
    }
    downloads.push({ export: target, target: download.target });
  }
  const uploaded = new Set(uploads.map((u) => u.file.id));
  const missing = steps
    .filter((step) => step.fileId !== undefined && !uploaded.has(step.fileId))
    .map((step) => step.name);
  if (input.requireUploads && missing.length > 0) {
    throw fail(
      'InvalidInput',
      `uploads: requireUploads is set, and ${missing.map((m) => `"${m}"`).join(', ')} of process "${name}" got no upload.`,
    );
  }
  return {
    object: { kind: 'process', id: found.id, name },
    action: { kind: 'processes', id: found.id, name },
    uploads,
    downloads,
    steps,
    reads: await filesRead(s, steps),
    ...(missing.length > 0 ? { filesNotUploaded: missing } : {}),
  };
}

/** So many imports of one file are compared with its source. */
const MAX_READERS = 20;

async function processUploads(
  s: Scope,
  uploads: ProcessUpload[],
  steps: ProcessStep[],
): Promise<PreparedUpload[]> {
  const out: PreparedUpload[] = [];
  const columns = new ImportHeaders();
  for (const [i, upload] of uploads.entries()) {
    const file = await findFile(s, upload.file);
    if (out.some((u) => u.file.id === file.id)) {
      throw fail('InvalidInput', `uploads.${i}.file: file "${file.name}" (${file.id}) is named twice.`);
    }
    const reading = steps.filter((step) => step.fileId === file.id && step.id.startsWith('112'));
    const readers: Reader[] = [];
    for (const { id, name } of new Map(reading.map((step) => [step.id, step])).values()) {
      if (readers.length >= MAX_READERS) break;
      readers.push({ name, metadata: await s.client.imports.get(s.ref, id, { signal: s.signal }) });
    }
    out.push(preparedUpload(file, upload.source, readers, columns));
  }
  return out;
}

/** Quotes enclose names with special characters (Anaplan: "Retrieve IDs and names for all views in a model"). */
function viewNames(name: string): string[] {
  return [name, name.replace(/'([^']*)'/g, '$1')];
}

/**
 * Default and saved views, and where none of them is the wanted one the subsidiary views of line items too: nobody has
 * given those a name of their own, so they never make a saved view's name ambiguous.
 */
async function viewsFor(
  wanted: Reference,
  list: (subsidiary: boolean) => Promise<View[]>,
  namesOf: (view: View) => Iterable<string>,
): Promise<View[]> {
  const named = async (subsidiary: boolean) =>
    (await list(subsidiary)).flatMap((view) =>
      [...new Set(namesOf(view))].map((name) => ({ ...view, name })),
    );
  const saved = await named(false);
  const found = saved.some((v) => (wanted.by !== 'name' && v.id === wanted.value) || v.name === wanted.value);
  return found ? saved : named(true);
}

async function resolveView(s: Scope, input: IntegrationInputs['largeViewRead']): Promise<Resolved> {
  const ref = reference('object', input.view);
  const { signal } = s;
  const ofModel = () =>
    viewsFor(
      ref,
      (subsidiary) => s.client.views.list(s.ref, { signal, subsidiary }),
      (v) => viewNames(v.name),
    );
  if (ref.by === 'id') {
    // The ID of a line item stands for its subsidiary view (Anaplan: "Retrieve cell data for a view").
    const known = (await ofModel()).find((v) => v.id === ref.value);
    return {
      object: { kind: 'view', id: ref.value, name: known?.name || ref.value },
      uploads: [],
      downloads: [],
    };
  }
  if (input.module === undefined) {
    const found = pick('view', s.where, ref, await ofModel());
    return { object: { kind: 'view', id: found.id, name: found.name }, uploads: [], downloads: [] };
  }
  const modules = await s.client.modules.list(s.ref, { signal: s.signal });
  const module = pick('module', s.where, reference('object', input.module), modules);
  const inModule = await viewsFor(
    ref,
    (subsidiary) => s.client.views.listInModule(s.ref, module.id, { signal, subsidiary }),
    (v) => {
      const names = viewNames(v.name).flatMap((n) =>
        n.startsWith(`${module.name}.`) ? [n, n.slice(module.name.length + 1)] : [n],
      );
      return v.id === module.id ? [...names, module.name, 'default'] : names;
    },
  );
  const found = pick('view', ` in module "${module.name}"`, ref, inModule);
  return {
    object: { kind: 'view', id: found.id, name: `${module.name}.${found.name}` },
    uploads: [],
    downloads: [],
  };
}

async function resolveList(s: Scope, input: IntegrationInputs['largeListRead']): Promise<Resolved> {
  const found = await find(s, 'list', input.list, s.client.lists);
  return { object: { kind: 'list', id: found.id, name: found.name || found.id }, uploads: [], downloads: [] };
}

const KIND_BY_PREFIX: Record<string, ActionKind> = {
  '112': 'imports',
  '116': 'exports',
  '118': 'processes',
  '117': 'actions',
};

/** What runs with parameters (Anaplan: "Post runtime parameters to a process or an import"). */
const TAKES_PARAMETERS: ReadonlySet<ActionKind> = new Set(['imports', 'processes']);

async function resolveRunAction(s: Scope, input: IntegrationInputs['runAction']): Promise<Resolved> {
  const ref = reference('object', input.action);
  const kinds: ActionKind[] = ['imports', 'exports', 'processes', 'actions'];
  const hinted = ref.by === 'id' ? KIND_BY_PREFIX[ref.value.slice(0, 3)] : undefined;
  const all: ActionObject[] = [];
  for (const kind of hinted ? [hinted] : kinds) {
    const list = await s.client[kind].list(s.ref, { signal: s.signal });
    all.push(...list.map((a) => ({ kind, id: a.id, name: a.name || a.id })));
  }
  // The list of actions may repeat imports and exports that have lists of their own: one ID is one action.
  const unique = [...new Map(all.reverse().map((a) => [a.id, a])).values()];
  const action = pick('action', s.where, ref, unique);
  if (input.mappingParameters?.length && !TAKES_PARAMETERS.has(action.kind)) {
    throw fail(
      'InvalidInput',
      `mappingParameters: "${action.name}" (${action.id}) is ${action.kind === 'exports' ? 'an export' : 'neither an import nor a process'}, and only imports and processes take parameters.`,
      { remedy: 'Leave them out.' },
    );
  }
  const steps = action.kind === 'processes' ? await stepsOf(s, action.id) : undefined;
  const reads = steps
    ? await filesRead(s, steps)
    : action.kind === 'imports'
      ? await fileRead(s, action.id)
      : [];
  return {
    object: { kind: 'action', id: action.id, name: action.name },
    action,
    uploads: [],
    downloads: [],
    reads,
    ...(steps ? { steps } : {}),
  };
}

/** The actions of a process, with the file that each of its imports reads. */
async function stepsOf(s: Scope, processId: string): Promise<ProcessStep[]> {
  const metadata = await s.client.processes.get(s.ref, processId, { signal: s.signal });
  return metadata.actions.map((a) => ({
    id: a.id,
    name: a.name || a.id,
    ...compact({ type: a.actionType }),
    ...(a.importDataSourceId !== undefined && (a.importDataSourceType ?? 'FILE').toUpperCase() === 'FILE'
      ? { fileId: a.importDataSourceId }
      : {}),
    ...(a.importDataSourceId === undefined && a.importDataSourceType === undefined && a.id.startsWith('112')
      ? { untold: true as const }
      : {}),
  }));
}

/** The file that an import reads, if it reads one: an import from a model names a source that is no file. */
async function fileRead(s: Scope, importId: string): Promise<string[]> {
  const listed = await s.client.imports.list(s.ref, { signal: s.signal });
  const source = listed.find((i) => i.id === importId)?.importDataSourceId;
  if (source === undefined) return [];
  const metadata = await s.client.imports.get(s.ref, importId, { signal: s.signal });
  return isFileImport(metadata, source) ? [source] : [];
}

/** The files that the imports of a process read. */
async function filesRead(s: Scope, steps: readonly ProcessStep[]): Promise<string[]> {
  const known = steps.flatMap((step) => (step.fileId === undefined ? [] : [step.fileId]));
  const untold = steps.filter((step) => step.untold).map((step) => step.id);
  if (untold.length === 0) return known;
  const imports = await s.client.imports.list(s.ref, { signal: s.signal });
  const sources = imports.flatMap((i) =>
    untold.includes(i.id) && i.importDataSourceId !== undefined ? [i.importDataSourceId] : [],
  );
  return [...known, ...sources];
}

/** Every file of a run: those of its uploads and exports are replaced, those that imports or a download read are read. */
export function fileUses({ action, steps = [], uploads, downloads, reads = [] }: Resolved): FileUses {
  const exported = [
    ...(action?.kind === 'exports' ? [action.id] : []),
    ...steps.filter((step) => step.id.startsWith('116') || step.type === 'EXPORT').map((step) => step.id),
  ];
  return Object.fromEntries([
    ...[...reads, ...downloads.map((d) => d.export.id)].map((id) => [id, 's'] as const),
    // Last, so that they win: who replaces a file has it alone.
    ...[...uploads.map((u) => u.file.id), ...exported].map((id) => [id, 'x'] as const),
  ]);
}

async function resolveUploadFile(s: Scope, input: IntegrationInputs['uploadFile']): Promise<Resolved> {
  const file = await findFile(s, input.file);
  return {
    object: { kind: 'file', id: file.id, name: file.name || file.id },
    uploads: [preparedUpload(file, input.source)],
    downloads: [],
  };
}

async function resolveDownloadFile(s: Scope, input: IntegrationInputs['downloadFile']): Promise<Resolved> {
  const file = await findFile(s, input.file);
  return {
    object: { kind: 'file', id: file.id, name: file.name || file.id },
    uploads: [],
    downloads: [{ export: { id: file.id, name: file.name || file.id }, target: input.target }],
  };
}

/** What each integration works on, beside workspace and model. */
export const resolvers: {
  [N in IntegrationName]: (s: Scope, input: IntegrationInputs[N]) => Promise<Resolved>;
} = {
  uploadImport: resolveUploadImport,
  exportDownload: resolveExportDownload,
  processWithDumps: resolveProcess,
  largeViewRead: resolveView,
  largeListRead: resolveList,
  runAction: resolveRunAction,
  uploadFile: resolveUploadFile,
  downloadFile: resolveDownloadFile,
};
