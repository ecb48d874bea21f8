import type { FailureType } from './failures';

/** How a run ended. */
export type Outcome = 'succeeded' | 'succeededWithRejections' | 'failed' | 'cancelled';

/** What a failed run did to the model. `unknown` only where nobody can tell. */
export type Effects = 'none' | 'applied' | 'unknown';

/** Counts of an import. The unit is Anaplan's own: module imports count cells, list imports rows. */
export interface RowCounts {
  unit: 'rows' | 'cells';
  total?: number;
  created?: number;
  updated?: number;
  ignored: number;
  rejected: number;
  warnings: number;
}

/** One detail of a task's result, in Anaplan's words. */
export interface ResultDetail {
  code: string;
  message: string;
  /** From the catalogue of codes; absent for a code that Anaplan does not document. */
  remedy?: string;
  occurrences?: number;
}

/** One action of a process. */
export interface NestedTaskResult {
  objectId: string;
  name?: string;
  successful: boolean;
  rows?: RowCounts;
  details: ResultDetail[];
  /** When it started, epoch milliseconds, and how long it took, in milliseconds, as Anaplan says. */
  startTime?: number;
  duration?: number;
}

/** The Anaplan task of a run. */
export interface ResultTask {
  taskId: string;
  /** Anaplan's task state: `COMPLETE`, `CANCELLED`, or the last one seen; `not seen` where Anaplan never answered. */
  state: string;
  successful: boolean;
  /** The answer to the start was lost and the task was found in Anaplan's task list. */
  adopted?: boolean;
  rows?: RowCounts;
  details: ResultDetail[];
  /** The actions of a process, in the order in which they ran. */
  nested?: NestedTaskResult[];
  /** Of a process: when it started, epoch milliseconds, and how long it took, in milliseconds, as Anaplan says. */
  startTime?: number;
  duration?: number;
}

/** One upload or download. */
export interface ResultTransfer {
  /** The Anaplan object: file, export, view or list. */
  name: string;
  /** Absolute, e.g. `file:///data/sales.csv`. */
  uri: string;
  /** The host on which the URI means that file. */
  host?: string;
  /** Bytes as they stand in the source or the target. */
  bytes: number;
  /** Chunks (of a large read: pages) as Anaplan counts them. */
  chunks: number;
  /** Hex digest of the bytes as they stand in the source or the target. */
  sha256: string;
  rows?: number;
  pages?: number;
}

/** One kind of error in a dump: the message with its values removed, and how often it occurs. */
export interface DumpError {
  message: string;
  count: number;
}

/** One stored failure dump. */
export interface ResultDump {
  objectId: string;
  action: string;
  /** Absolute, e.g. `file:///data/dumps/...`. */
  uri: string;
  /** The host that has the file. */
  host?: string;
  /** Distinct source lines that were rejected. */
  rows: number;
  errors: DumpError[];
  /** The dump could not be counted to its end: it may have more rows than `rows`. */
  partial?: true;
}

/** Why a run failed or was cancelled. */
export interface ResultFailure {
  type: FailureType;
  message: string;
  /** Anaplan's own code, where there is one. */
  code?: string;
  parameters?: Record<string, string>;
  remedy: string;
  effects: Effects;
}

/** The result document of a run. Every ending has one. */
export interface IntegrationResult {
  outcome: Outcome;
  task?: ResultTask;
  transfers: ResultTransfer[];
  dumps: ResultDump[];
  /** File imports of a process that got no upload: Anaplan loaded an old or a default file. */
  filesNotUploaded?: string[];
  warnings?: string[];
  /** For how long the run held its model, milliseconds: other runs on it waited. Absent where it held none. */
  modelHeldMs?: number;
  failure?: ResultFailure;
  /** Something was left out to keep the document below 256 KB. */
  truncated?: true;
}
