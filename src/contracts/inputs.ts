/**
 * The inputs of the integrations: plain JSON, the same for the CLI, the TypeScript client and services in other
 * languages. Checked by `schemas.ts` in the client and again in a run's first activity.
 */

/**
 * A span of time: milliseconds as a number, or a string such as `'30s'`, `'5 min'`, `'12h'`, `'1d'`.
 */
export type Duration = number | string;

/** Bounds of the waits of one run. Reached, each becomes a typed failure that says what was waited for. */
export interface Timeouts {
  /** Waiting for another run that holds the model or the file. Default `12h`; then `ModelLocked`. */
  lock?: Duration;
  /** Anaplan answers 423 (locked) or 424 (offline). Default `6h`; then `ModelLocked` or `ModelOffline`. */
  modelUnavailable?: Duration;
  /** 5xx, resets and time-outs without a good answer between. Default `1h`; then `ServiceUnavailable`. */
  unavailable?: Duration;
  /** One task, from its start to its end. Default `24h`; then the task is cancelled and `DeadlineExceeded`. */
  task?: Duration;
  /** One upload, download or large read. Default `24h`; then `DeadlineExceeded`. */
  transfer?: Duration;
  /** Waiting for a cancelled task to end. Default `30m`. */
  cancel?: Duration;
}

/** One pair that Anaplan asks for at run time, as in `{entityType: 'Version', entityName: 'Actual'}`. */
export interface MappingParameter {
  entityType: string;
  entityName: string;
}

/**
 * How many rejected rows a run may have and still succeed: `false` none (the default), `true` any number, a number
 * up to that many, or for a process one of these by action name, `*` for all others.
 */
export type AcceptRejections = boolean | number | { [action: string]: boolean | number };

/** Who goes first where runs wait for one model. */
export type RunPriority = 'high' | 'normal' | 'low';

/** What every integration takes. Objects are given by exact name or by ID; `id:` and `name:` in front force one. */
export interface CommonInput {
  /** Workspace; needed when `model` is a name. */
  workspace?: string;
  model: string;
  /** Name of a connection in the configuration. Default `default`. */
  connection?: string;
  /** Language of Anaplan's messages (not of numbers or dates). Default `en_US`. */
  localeName?: string;
  /** Default true: wait for other runs on the same model or file. */
  exclusive?: boolean;
  /**
   * Among runs that wait for the model or a file: `high` goes before normal ones that came up to an hour earlier, `low`
   * after those that come up to an hour later. Default `normal`: in the order of arrival.
   */
  priority?: RunPriority;
  timeouts?: Timeouts;
}

/** What every integration that starts an Anaplan task takes in addition. */
export interface StartingInput extends CommonInput {
  /**
   * An operator's word that the action may run twice. Where nobody can tell whether a start was taken (the answer was
   * lost and the task list does not tell either), it is sent again. Default false: `AmbiguousTaskStart`.
   */
  startAgainIfUnknown?: boolean;
}

/** What the integrations that run an Anaplan action take in addition. */
export interface ActionInput extends StartingInput {
  mappingParameters?: MappingParameter[];
  acceptRejections?: AcceptRejections;
  /** Directory (URI or path) for failure dumps. Default: the worker's own. */
  dumps?: string;
}

/**
 * What a source does whose header line lacks columns that the import was made with: `fail` refuses it as `InvalidInput`
 * before the first byte is uploaded, `warn` says so in the result, `off` does not look. A header that cannot be read or
 * compared is a warning, never a failure.
 */
export type CheckHeader = 'fail' | 'warn' | 'off';

/** What the integrations that upload files for imports take in addition. */
export interface HeaderCheckInput {
  /** Compare the header line of every source with its import's. Default `fail`. */
  checkHeader?: CheckHeader;
}

/** What the integrations that upload take in addition. */
export interface ChunksInput {
  /** Chunks of an upload that are sent at a time, 1 to 8. Default: what the connection's configuration says, else 1. */
  parallelChunks?: number;
}

/** Uploads `source` to the import's file and runs the import. */
export interface UploadImportInput extends ActionInput, HeaderCheckInput, ChunksInput {
  import: string;
  source: string;
  /** The file to upload to. Default: the import's own data source. */
  file?: string;
}

/** `gzip` writes gzip to the target (one member per chunk or page). */
export type Compress = 'gzip' | boolean;

/** Runs an export and downloads its file. */
export interface ExportDownloadInput extends StartingInput {
  export: string;
  target: string;
  compress?: Compress;
}

/** One file that is uploaded before a process starts. */
export interface ProcessUpload {
  file: string;
  source: string;
}

/** One export file that is downloaded after a process has written it. */
export interface ProcessDownload {
  export: string;
  target: string;
}

/** Uploads files, runs a process, keeps every failure dump, downloads the exports it wrote. */
export interface ProcessWithDumpsInput extends ActionInput, HeaderCheckInput, ChunksInput {
  process: string;
  uploads?: ProcessUpload[];
  downloads?: ProcessDownload[];
  /** Refuse to start when a file import of the process got no upload. */
  requireUploads?: boolean;
}

/** Reads a view of any size. */
export interface LargeViewReadInput extends CommonInput {
  view: string;
  target: string;
  /** The view's module, when `view` is the name of a view in it. */
  module?: string;
  /** Default `TABULAR_MULTI_COLUMN`. Passed through to Anaplan. */
  exportType?: string;
  compress?: Compress;
}

/** Reads a list of any size. */
export interface LargeListReadInput extends CommonInput {
  list: string;
  target: string;
  compress?: Compress;
}

/** Runs any import, export, process or other action without a transfer. */
export interface RunActionInput extends ActionInput {
  action: string;
}

/** Uploads a file, without an import. */
export interface UploadFileInput extends CommonInput, ChunksInput {
  file: string;
  source: string;
}

/** Downloads a file of the model: an export's output or an uploaded file. */
export interface DownloadFileInput extends CommonInput {
  file: string;
  target: string;
  compress?: Compress;
}

/** Input by workflow type. What a client's method does is said here. */
export interface IntegrationInputs {
  /** Uploads a source to an import's file and runs the import. */
  uploadImport: UploadImportInput;
  /** Runs an export and downloads its file. */
  exportDownload: ExportDownloadInput;
  /** Uploads files, runs a process, keeps its failure dumps, downloads its exports. */
  processWithDumps: ProcessWithDumpsInput;
  /** Reads a view of any size into a file. */
  largeViewRead: LargeViewReadInput;
  /** Reads a list of any size into a file. */
  largeListRead: LargeListReadInput;
  /** Runs any import, export, process or other action without a transfer. */
  runAction: RunActionInput;
  /** Uploads a file, without an import. */
  uploadFile: UploadFileInput;
  /** Downloads a file of a model. */
  downloadFile: DownloadFileInput;
}

/** A workflow type of this package that does an integration. */
export type IntegrationName = keyof IntegrationInputs;

/** All of them, in the order the documents list them; leaving one out is an error of the compiler. */
const NAMES: Readonly<Record<IntegrationName, true>> = {
  uploadImport: true,
  exportDownload: true,
  processWithDumps: true,
  largeViewRead: true,
  largeListRead: true,
  runAction: true,
  uploadFile: true,
  downloadFile: true,
};

/** Every integration, in the order the documents list them. */
export const INTEGRATIONS = Object.keys(NAMES) as readonly IntegrationName[];

/** The kinds of objects that a run can be about; the input's field of the same name says which. */
export type ObjectKind = 'import' | 'export' | 'process' | 'action' | 'view' | 'list' | 'file';

/** The CLI command of an integration: `uploadImport` is `upload-import`. */
export function commandOf(integration: IntegrationName): string {
  return integration.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
}
