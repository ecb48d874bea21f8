/** A model and the workspace that holds it. Workspace IDs are lower-case, model IDs upper-case hex, both case-sensitive. */
export interface ModelRef {
  workspaceId: string;
  modelId: string;
}

/** The four things that run as tasks. */
export type ActionKind = 'imports' | 'exports' | 'processes' | 'actions';

/** One import (112...), export (116...), process (118...) or other action (117...) of a model. */
export interface ActionRef {
  kind: ActionKind;
  id: string;
}

/** A lane of the rate limiter: `light` for calls that answer questions, `bulk` for those that carry bytes. */
export type Priority = 'light' | 'bulk';

/** Options of every call. */
export interface CallOptions {
  /** Ends the call at any point: waiting for the limiter, for the log-in, for the answer or in its body. */
  signal?: AbortSignal | undefined;
  /** The limiter's lane. Default: `bulk` for chunks, pages and dumps, `light` for the rest. */
  priority?: Priority | undefined;
  /** Awaited before each send, when limiter and log-in are done with; what it throws ends the call unsent. */
  beforeSend?: (() => void | Promise<void>) | undefined;
  /** Called when a connection takes the request, before its first byte; what it throws ends the call unsent. */
  atSend?: (() => void) | undefined;
}

/** Options of a collection that Anaplan answers in pages (anaplan-api: "Displaying Pages of Results"). */
export interface PageOptions extends CallOptions {
  /** Begin with this item, from 0. A list with `offset` or `limit` is that one page; without either it is all pages. */
  offset?: number | undefined;
  /** So many items at most; Anaplan gives 5,000 where none is named. */
  limit?: number | undefined;
}

/** The bytes of one chunk PUT. */
export interface ChunkBody {
  /** The bytes as slices (1 MiB is a good size). Called anew for each time the chunk is sent (again after a 401 or 410). */
  slices: () => AsyncIterable<Buffer> | Iterable<Buffer>;
  /** Exact number of bytes the slices add up to; sent as content-length. */
  length: number;
  /** True: the bytes are one or more gzip members, sent as `application/x-gzip`; else `application/octet-stream`. */
  gzip: boolean;
}

/** The bytes of a downloaded chunk, page or dump. Read {@link stream} to its end or call {@link discard}. */
export interface DownloadBody {
  /**
   * The decoded bytes (a gzip content-encoding is undone), once. Throws `AnaplanError` of kind `body` when the
   * body ended early, was corrupt, or had no verifiable end (neither content-length nor chunked nor a gzip
   * trailer); of kind `timeout` when no byte came for `timeouts.bodyMs`.
   */
  stream: AsyncIterable<Buffer>;
  /** Number of bytes of {@link stream}; only where Anaplan named it and the body is not content-encoded. */
  contentLength?: number;
  contentType?: string;
  /** Gives the connection up without reading the rest. Never throws. */
  discard(): Promise<void>;
}

/** Something with an ID and a name; the name is '' where Anaplan sent none. */
export interface Named {
  id: string;
  name: string;
}

/** The user of the token (`GET /users/me`). */
export interface User {
  id: string;
  email?: string;
  firstName?: string;
  lastName?: string;
  active?: boolean;
  /** The tenant. */
  customerId?: string;
  emailOptIn?: boolean;
  /** As Anaplan writes it, e.g. `2017-09-07T08:05:37.000+0000`. */
  lastLoginDate?: string;
}

export interface Workspace extends Named {
  active?: boolean;
  /** Bytes. */
  sizeAllowance?: number;
  /** Bytes. */
  currentSize?: number;
}

export interface Model extends Named {
  /** `UNLOCKED`, `LOCKED`, `ARCHIVED`, `MAINTENANCE`, `PRODUCTION` ... */
  activeState?: string;
  currentWorkspaceId?: string;
  currentWorkspaceName?: string;
  /** Bytes; only with model details. */
  memoryUsage?: number;
  lastModified?: string;
  isoCreationDate?: string;
  lastModifiedByUserGuid?: string;
  lastSavedSerialNumber?: number;
  /** Only with model details. */
  modelTransactionRunning?: boolean;
  /** Where the model opens in a browser. */
  modelUrl?: string;
  /** Absent where the model has none. */
  categoryValues?: ModelCategory[];
}

/** A category that the tenant has put a model into. */
export interface ModelCategory {
  id?: string;
  attribute?: string;
  categoryId?: string;
  categoryName?: string;
  customerId?: string;
}

/** What a model is doing right now. */
export interface ModelStatus {
  /** `Open`, `Processing ...`, `Updating`, `Closed`. */
  currentStep?: string;
  /** The running task. May carry a suffix after a dash. */
  taskId?: string;
  tooltip?: string;
  /** 0 to 1; -1 where nothing runs that has a progress. */
  progress?: number;
  /** Epoch milliseconds. */
  creationTime?: number;
  exportTaskType?: string;
  peakMemoryUsageEstimate?: number;
  /** Epoch milliseconds. */
  peakMemoryUsageTime?: number;
  /** True only when Anaplan says so: no task, no progress, and the step `Open` (or none named). */
  idle: boolean;
}

/** A file of a model: an import data source (113...) or an export's output (116...). */
export interface AnaplanFile extends Named {
  chunkCount?: number;
  delimiter?: string;
  encoding?: string;
  firstDataRow?: number;
  format?: string;
  headerRow?: number;
  separator?: string;
}

export interface ImportDefinition extends Named {
  /** E.g. `HIERARCHY_DATA`, `MODULE_DATA`. */
  importType?: string;
  /** The file (113...) a file import reads. */
  importDataSourceId?: string;
}

/** The definition of an import; `type` tells a file import (`FILE`) from a model-to-model one. */
export interface ImportMetadata {
  name: string;
  type?: string;
  source?: ImportSource;
}

export interface ImportSource {
  textEncoding?: string;
  columnSeparator?: string;
  textDelimiter?: string;
  headerRow?: number;
  firstDataRow?: number;
  decimalSeparator?: string;
  /** Empty where Anaplan names none. */
  headerNames: string[];
  columnCount?: number;
}

export interface ExportDefinition extends Named {
  exportType?: string;
  exportFormat?: string;
  encoding?: string;
  layout?: string;
}

export interface ExportMetadata {
  columnCount?: number;
  /** An estimate (anaplan-api: "Get the metadata for an export definition"). */
  rowCount?: number;
  headerNames: string[];
  dataTypes: string[];
  listNames: string[];
  delimiter?: string;
  separator?: string;
  encoding?: string;
  /** A media type, e.g. `text/csv`. */
  exportFormat?: string;
}

export type ProcessDefinition = Named;

export interface ProcessMetadata {
  name: string;
  /** In the order in which they run. */
  actions: ProcessAction[];
}

export interface ProcessAction extends Named {
  /** `IMPORT`, `EXPORT`, `DELETE_BY_SELECTION` ...; not a closed list. */
  actionType?: string;
  /** Of an import: the file it reads. */
  importDataSourceId?: string;
  importType?: string;
  /** `FILE` for a file import. */
  importDataSourceType?: string;
  exportType?: string;
  exportFormat?: string;
  /** Of an export: e.g. `GRID_CURRENT_PAGE`. */
  layout?: string;
}

/** An other action (117...). Which details it has depends on its type. */
export interface ActionDefinition extends Named {
  /** `DELETE_BY_SELECTION`, `ORDER_HIERARCHY`, `OPTIMIZER` ...; not a closed list, and absent for some. */
  actionType?: string;
  /** The list that it works on. */
  listId?: string;
  /** Of a deletion: the line item that selects. */
  filterLineItemId?: string;
  /** Of an ordering: `Ascending` or `Descending`. */
  sortOrder?: string;
  /** Of an ordering: the line item that orders; '' once that was deleted. */
  lineItemId?: string;
  /** Of a bulk copy. */
  sourceMember?: string;
  targetMember?: string;
}

export interface TaskSummary {
  taskId: string;
  taskState?: string;
  /** Epoch milliseconds. */
  creationTime?: number;
}

export interface Task extends TaskSummary {
  /**
   * `NOT_STARTED`, `IN_PROGRESS`, `COMPLETE`, `CANCELLING`, `CANCELLED`; '' where Anaplan named none. COMPLETE is not
   * success: see {@link result}.
   */
  taskState: string;
  /** E.g. `taskInformation`. */
  type?: string;
  /** 0 to 1. */
  progress?: number;
  currentStep?: string;
  cancelledBy?: string;
  result?: TaskResult;
}

export interface TaskResult {
  successful: boolean;
  /**
   * Anaplan does not say whether it was successful. Of an action of a process, what it says of the whole stands here; of
   * the whole, false.
   */
  assumed?: true;
  failureDumpAvailable: boolean;
  objectId?: string;
  objectName?: string;
  /** Of a process and its actions: when it started, epoch milliseconds, and how long it took, in milliseconds. */
  startTime?: number;
  duration?: number;
  details: TaskDetail[];
  /** The actions of a process, in the order they ran. Empty for anything else. */
  nestedResults: TaskResult[];
}

export interface TaskDetail {
  /** A code of the catalogue, e.g. `hierarchyRowsProcessed`; '' where Anaplan sent none. */
  type: string;
  localMessageText?: string;
  occurrences?: number;
  /** The pairs of the answer's flat `values` array (name, value, name, value ...). */
  values: Record<string, string>;
}

/** One chunk of a file or dump. */
export interface Chunk {
  id: string;
  name: string;
}

export interface View extends Named {
  moduleId?: string;
  code?: string;
}

/** What a large read reads. */
export interface ReadTarget {
  kind: 'views' | 'lists';
  id: string;
}

export interface ReadRequest {
  requestId: string;
  /** `NOT_STARTED`, `IN_PROGRESS`, `COMPLETE`, `CANCELLED`. */
  requestState: string;
  /** Pages 0 to availablePages - 1 can be read. 0 where Anaplan names none yet. */
  availablePages: number;
  /** Absent until Anaplan says. COMPLETE and false: the read failed, a new one is needed. */
  successful?: boolean;
  viewId?: string;
  listId?: string;
  /** Anaplan's own address of the request; it has been seen to be wrong, so it is never followed. */
  url?: string;
}
