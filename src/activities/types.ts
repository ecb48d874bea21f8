/**
 * The activities by their registered names, as workflows see them: JSON in, JSON out. The names and shapes are kept
 * by the histories of running workflows: fields may be added, none is renamed or removed.
 */
import type {
  CheckHeader,
  IntegrationName,
  MappingParameter,
  ResultDetail,
  ResultDump,
  RowCounts,
  TimeoutsMs,
} from '../contracts';
import type { SourceIdentity } from '../storage';

/** An Anaplan object with what a message needs to name it. */
export interface Named {
  id: string;
  name: string;
}

/** The model a run works on. */
export interface ModelContext {
  connection: string;
  workspace: Named;
  model: Named;
}

/** The four kinds of Anaplan actions, by their path segment. */
export type ActionKind = 'imports' | 'exports' | 'processes' | 'actions';

/** An action that can be started as a task. */
export interface ActionObject extends Named {
  kind: ActionKind;
}

/** What every call that talks to Anaplan carries: where, for what (in words), and how long it may go on. */
export interface Call extends ModelContext {
  /**
   * Milliseconds from when the activity was scheduled until it gives up as `DeadlineExceeded`, over all its attempts: a
   * span, because the clocks of workers differ.
   */
  leftMs?: number;
  /** Name of the time-out behind `leftMs`, for the message. */
  deadlineName?: keyof TimeoutsMs;
  bounds: Pick<TimeoutsMs, 'modelUnavailable' | 'unavailable'>;
  /** What the run holds of its model's lock. */
  held?: Held;
}

/** A hold, as the run of the chain got it that asked for it: a reset copies its grant, which may have been given back. */
export interface Held {
  lockId: string;
  ask: LockAsk;
  byRunId: string;
}

/** The first activity of every run: checks the input and turns names into IDs. */
export interface PrepareInput {
  integration: IntegrationName;
  input: unknown;
  /** The first run of the chain: where it is another one than this, the run may have been reset. */
  firstRunId?: string;
}

/** A file that is uploaded to, with the rows where its header and its data begin, as far as Anaplan says. */
export interface UploadFile extends Named {
  headerRow?: number;
  firstDataRow?: number;
}

/** The columns that an import of a file was made with, and how the file is written. */
export interface ImportHeader {
  /** Name of the import. */
  import: string;
  names: string[];
  /** There are more columns than names here: what is not listed is not known. */
  cut?: true;
  /** Columns in all, where it is not the number of names. */
  count?: number;
  /** The row of the header line, from 1; 0 where the file has none. */
  row: number;
  separator: string;
  delimiter: string;
  encoding: string;
}

/** One upload of a run, resolved. */
export interface PreparedUpload {
  file: UploadFile;
  source: string;
  /** The file is an Excel workbook: a zip is what Anaplan expects. */
  workbook: boolean;
  /** The columns of the imports that read the file, to compare the source's header line with. */
  headers?: ImportHeader[];
}

/** One action of a process, in the order in which it runs. */
export interface ProcessStep extends Named {
  type?: string;
  fileId?: string;
  /** An import of which the process does not tell what it reads. */
  untold?: true;
}

/** What the run works on, all names resolved. */
export interface Prepared extends ModelContext {
  /** The object in the run's summary: import, export, process, action, view, list or file. */
  object: Named & { kind: 'import' | 'export' | 'process' | 'action' | 'view' | 'list' | 'file' };
  /** The action that is started, for the integrations that start one. */
  action?: ActionObject;
  uploads: PreparedUpload[];
  downloads: { export: Named; target: string }[];
  steps?: ProcessStep[];
  /** Every file that the run replaces or that an action of it reads. */
  files: FileUses;
  filesNotUploaded?: string[];
  /** The user the connection logs in as, to tell its tasks from those of others. */
  user?: { email: string; name: string };
  /** Whether our search attributes are registered in the namespace. */
  searchAttributes: boolean;
  warnings: string[];
}

/** The version of a source that a run uploads. */
export interface PinnedSource {
  /** Absolute: from here on nothing depends on where relative paths start. */
  uri: string;
  /** The host on which it was found. */
  host: string;
  identity: SourceIdentity;
  /** Bytes as uploaded; absent when they are not known before the end (`.gz`). */
  size?: number;
  /** The queue on which this host serves the source; absent when every worker can read it. */
  hostQueue?: string;
  /** What is worth a look: of the header line. */
  warnings?: string[];
}

/** Where an upload stands. */
export interface UploadPosition {
  next: number;
  offset: number;
  /** Saved state of the digest over the bytes before `offset`: never bytes of the source. */
  digest: string;
  /** At the end: the digest itself. */
  sha256?: string;
  /** When the last chunk was sent, epoch ms: from then on Anaplan counts the age of the file. */
  sentAt?: number;
}

/** One batch of chunks. */
export interface UploadChunksInput extends Call {
  file: Named;
  source: PinnedSource;
  workbook: boolean;
  /** Where this batch starts; absent: at the beginning, which also sets the chunk count. */
  from?: UploadPosition;
}

/** Where a batch ended. */
export interface UploadChunksResult extends UploadPosition {
  done: boolean;
  /** Whether Anaplan still has to be told that the upload is complete. */
  completeNeeded: boolean;
  /** With `done`: size of the source as it stands; `sha256` is its digest. */
  sourceBytes?: number;
}

/** The newest tasks in an action's list before a start. */
export interface TaskBaseline {
  newest: number | null;
  idsAtNewest: string[];
  /** How many tasks were listed, for a reader of the history. */
  known: number;
  /** Anaplan's clock when the list was read, epoch ms. */
  serverDate: number | null;
}

/** What the heartbeats of a start carry once it is about to be sent; before that nothing. */
export interface StartBeat {
  sending: true;
}

/** What became of one POST `/tasks`. */
export type StartResult =
  | { outcome: 'started'; taskId: string }
  /** Anaplan refused for now, and certainly started nothing. */
  | {
      outcome: 'refused';
      type: string;
      message: string;
      retryAfterMs: number;
      bound: 'modelUnavailable' | 'unavailable' | 'conflict' | 'rate';
    }
  /** Not sent: it comes so late that the files that it reads may have expired. */
  | { outcome: 'stale' }
  /** Nobody answered, so that nobody knows. */
  | { outcome: 'unknown'; message: string };

/** What the task list said about a start whose answer was lost. */
export type ReconcileResult =
  | { outcome: 'adopted'; taskId: string }
  | { outcome: 'notStarted' }
  | { outcome: 'ambiguous'; reason: string };

/** A task's result for histories: bounded. */
export interface SettledResult {
  objectId?: string;
  objectName?: string;
  successful: boolean;
  /** Anaplan does not say so: it is what it says of the whole, and of the whole itself false. */
  assumed?: true;
  dumpAvailable: boolean;
  details: ResultDetail[];
  /** The first documented failure code, with its parameters. */
  failure?: { code: string; message: string; remedy?: string; parameters: Record<string, string> };
  /** With `rejected` by the data codes where no detail counts a failed row. */
  rows?: RowCounts;
  /** `rows.rejected` adds up data codes, which may tell of one row more than once: no detail counts a failed row. */
  byCodes?: true;
  /** Bytes that an export says it wrote. */
  fileSize?: number;
  /** What a person has to hear besides details and counts. */
  warnings?: string[];
  /** Of a process and its actions: epoch ms, and ms. */
  startTime?: number;
  duration?: number;
  nested?: SettledResult[];
}

/** A task that has ended, or is in a state that the run must be told of. */
export interface SettledTask {
  taskId: string;
  state: string;
  result?: SettledResult;
  /** Something was left out of `result` to keep it small. */
  truncated?: true;
  /** Not ended: it is in a state that nobody documents. */
  undocumented?: true;
}

/** Where a dump is and where it goes. */
export interface FetchDumpInput extends Call {
  action: ActionObject;
  taskId: string;
  /** For a process: the nested result's object. */
  objectId?: string;
  name: string;
  /** Where the run's own directory goes; absent: the directory of the worker that stores the dump. */
  directory?: string;
}

/** A stored dump. */
export interface StoredDump extends ResultDump {
  warnings: number;
  /** Why it could not be counted to its end; with {@link ResultDump.partial}. */
  uncounted?: string;
  hostQueue?: string;
}

/** What a dump could not be read for. */
export type FetchDumpResult = { outcome: 'stored'; dump: StoredDump } | { outcome: 'gone'; message: string };

/** Where a download stands: bytes before `offset` are on disk. */
export interface DownloadPosition {
  next: number;
  offset: number;
  /** CRC-32 of the bytes before `offset`. */
  crc32: number;
  /** Bytes that Anaplan has sent for them: other than `offset` where the target is compressed. */
  received: number;
  rows: number;
  /** Large reads: the digest of page 0's header, its line end, and whether the last byte written ended no line. */
  header?: string;
  crlf?: boolean;
  lineOpen?: boolean;
  /** Large reads: when the state of the request was last asked for, epoch ms by the Temporal server's clock. */
  polledAt?: number;
  /** Large reads: what it said: pages that can be read, and whether they are all. */
  available?: number;
  complete?: boolean;
  /** Large reads: when a page was asked for that keeps the request from expiring, by the same clock. */
  touchedAt?: number;
}

/** A target and the token of its `.part` file. */
export interface TargetRef {
  uri: string;
  token: string;
}

/** What a run will have to write. */
export interface TryTargetsInput {
  /** Their `.part` files are created, and stay. */
  targets: TargetRef[];
  /** Dumps may have to be stored, of actions with these names; `directory` as in {@link FetchDumpInput}. */
  dumps?: { directory?: string; names: string[] };
}

/** What will be written can be written. */
export interface TriedTargets {
  /** Absolute URIs, in the order of the targets. */
  uris: string[];
  host: string;
  /** The queue of that host; absent where every worker can reach all of it. */
  hostQueue?: string;
}

/** One batch of chunks of a file. */
export interface DownloadChunksInput extends Call {
  file: Named;
  target: TargetRef;
  /** The chunk IDs; absent: `0` to `count - 1`. */
  ids?: string[];
  /** 0: Anaplan lists no chunk, so that the file is asked for whole. */
  count: number;
  /** Bytes that Anaplan says the file has. 0: nothing is right. */
  bytes?: number;
  compress: boolean;
  from?: DownloadPosition;
}

/** Where a batch of a download or a large read ended. */
export interface DownloadResult extends DownloadPosition {
  done: boolean;
  /** The queue of the host that holds the `.part`; absent when every worker can reach it. */
  hostQueue?: string;
  /** The batch cannot be continued: the `.part` was not where it should be. */
  restart?: boolean;
  /** Large reads: Anaplan gave the request up. */
  failed?: string;
  /** Large reads: the next page is not there yet, and has not been for a while. */
  waiting?: true;
}

/** A view or list that is read. */
export interface ReadTarget extends Named {
  kind: 'views' | 'lists';
}

/** One batch of pages. */
export interface ReadPagesInput extends Call {
  read: ReadTarget;
  requestId: string;
  target: TargetRef;
  compress: boolean;
  /** Merge pages as they are, without looking for a repeated header. */
  verbatim: boolean;
  from?: DownloadPosition;
}

/** How a run uses files: `x` replaces the file, `s` reads it. By file ID. */
export type FileUses = Record<string, 'x' | 's'>;

/** What one run asks a model's lock for. A later ask of the same run adds to the earlier one. */
export interface LockAsk {
  /** A new one for every ask; the grant and the release name it. */
  id: string;
  /** The pair of workflow ID and first run ID is one holder: it survives a reset. */
  workflowId: string;
  firstRunId: string;
  runId: string;
  model: ModelContext;
  files: FileUses;
  /** The whole model too, once the files are held. */
  whole: boolean;
  /** Whom an earlier ask was told to wait for: a lock that was terminated knows them again by this. */
  seen?: LockParty[];
}

/** Somebody who holds, or who waits further ahead. */
export interface LockParty {
  workflowId: string;
  firstRunId: string;
  /** Epoch ms since when: of the hold, or of the ask. */
  since: number;
  connection: string;
  files: FileUses;
  /** It holds (or, for one who waits, wants) the whole model. */
  whole: boolean;
  holds: boolean;
}

/** What a lock answers to an ask. */
export interface LockAnswer {
  granted: boolean;
  /** What it waits for first. */
  for?: 'files' | 'model';
  /** 1: the next. Absent when granted. */
  place?: number;
  /** Whom it waits for: holders first, then those who asked before. */
  behind: LockParty[];
  /** What the holder before left behind. */
  warnings: string[];
}

/** One holder, as the query `state` shows it. */
export interface LockHolder {
  workflowId: string;
  /** Epoch ms of the grant. */
  since: number;
  files: FileUses;
  whole: boolean;
  /** The run has closed without giving back: what the lock waits for. */
  note?: string;
}

/** One who waits, as the query `state` shows it. */
export interface LockWaiter {
  workflowId: string;
  /** Epoch ms of the ask. */
  since: number;
  for: 'files' | 'model';
  /** 1: the next. */
  place: number;
  waitsFor: { workflowId: string; since: number; holds: boolean }[];
}

/** Answer of the query `state`: who holds and who waits; for a workflow ID given, that run's own part too. */
export interface LockView {
  model?: Named;
  holders: LockHolder[];
  waiting: LockWaiter[];
  /** What happened to holders that died. */
  notes: string[];
  run?: { holds?: LockHolder; waits?: LockWaiter };
}

/** What the state of a read request said when there was something to read, or to give up for. */
export type AwaitedPages = Required<
  Pick<DownloadPosition, 'polledAt' | 'available' | 'complete' | 'touchedAt'>
> & {
  /** Anaplan gave the request up. */
  failed?: string;
};

/** All activities of this package. */
export interface AnaplanActivities {
  'anaplan.prepare'(input: PrepareInput): Promise<Prepared>;
  'anaplan.openSource'(input: {
    source: string;
    workbook: boolean;
    headers?: ImportHeader[];
    /** What a source does to the run that lacks columns. Default `fail`. */
    checkHeader?: CheckHeader;
    /** The version that the run began with, on a host that is gone: only the same one will do. */
    pinned?: SourceIdentity;
  }): Promise<PinnedSource>;
  'anaplan.uploadChunks'(input: UploadChunksInput): Promise<UploadChunksResult>;
  'anaplan.completeUpload'(input: Call & { file: UploadFile; chunks: number }): Promise<void>;
  'anaplan.taskBaseline'(input: Call & { action: ActionObject }): Promise<TaskBaseline>;
  'anaplan.startTask'(
    input: Call & {
      action: ActionObject;
      localeName: string;
      mappingParameters?: MappingParameter[];
      /** Epoch ms until which the files that the action reads are certainly there. */
      filesUntil?: number;
      /** The first run of the chain, unless the action may run again after a reset. */
      firstRunId?: string;
    },
  ): Promise<StartResult>;
  'anaplan.reconcileStart'(
    input: Call & {
      action: ActionObject;
      baseline: TaskBaseline;
      user?: { email: string; name: string };
      /** Workflow time after which the POST was sent, epoch ms. */
      sentAfter: number;
    },
  ): Promise<ReconcileResult>;
  'anaplan.followTask'(
    input: Call & {
      action: ActionObject;
      taskId: string;
      steps?: ProcessStep[];
      /** Another activity has polled this task a moment ago. */
      polled?: boolean;
      /** States that nobody documents and that the run was told of already; absent: it does not want to be told. */
      told?: string[];
    },
  ): Promise<SettledTask>;
  'anaplan.cancelTask'(input: Call & { action: ActionObject; taskId: string }): Promise<void>;
  'anaplan.fetchDump'(input: FetchDumpInput): Promise<FetchDumpResult>;
  'anaplan.fileChunks'(input: Call & { file: Named }): Promise<{ count: number; ids?: string[] }>;
  'anaplan.newerTasks'(
    input: Call & { action: ActionObject; taskId: string; known: string[] },
  ): Promise<string[]>;
  'anaplan.downloadChunks'(input: DownloadChunksInput): Promise<DownloadResult>;
  'anaplan.tryTargets'(input: TryTargetsInput): Promise<TriedTargets>;
  'anaplan.commitTarget'(input: {
    target: TargetRef;
    bytes: number;
    crc32: number;
  }): Promise<{ sha256: string }>;
  'anaplan.discardTarget'(input: { target: TargetRef }): Promise<void>;
  'anaplan.createReadRequest'(input: Call & { read: ReadTarget; exportType?: string }): Promise<{
    requestId: string;
    /** Requests before it whose answer was lost: each may have opened a read. */
    lost?: number;
  }>;
  'anaplan.readPages'(input: ReadPagesInput): Promise<DownloadResult>;
  'anaplan.awaitPages'(
    input: Call & { read: ReadTarget; requestId: string; from: DownloadPosition },
  ): Promise<AwaitedPages>;
  'anaplan.deleteReadRequest'(input: Call & { read: ReadTarget; requestId: string }): Promise<void>;
  'anaplan.askLock'(input: { lockId: string; ask: LockAsk }): Promise<LockAnswer & { runId: string }>;
  /** Which of these runs are open, in their order. */
  'anaplan.openRuns'(input: { runs: { workflowId: string; firstRunId: string }[] }): Promise<boolean[]>;
  /** Whether a model's status shows no task; the connections are tried in their order. */
  'anaplan.modelIdle'(input: { model: ModelContext; connections: string[] }): Promise<boolean>;
  'anaplan.queueServed'(input: { taskQueue: string }): Promise<boolean>;
}
