/** Tasks: their start, their state, their result. */
import type { Refusals } from '../../anaplan';
import type {
  DumpError,
  Effects,
  FailureType,
  MappingParameter,
  ResultDetail,
  RowCounts,
} from '../../contracts';
import type { ActionObject, Call } from '../attempt/contract';
import type { ProcessStep } from '../prepare/contract';

/** The newest tasks in an action's list before a start. */
export interface TaskBaseline {
  newest: number | null;
  idsAtNewest: string[];
  /** How many tasks were listed, for a reader of the history. */
  known: number;
  /** Anaplan's clock when the list was read, epoch ms. */
  serverDate: number | null;
}

/**
 * What every heartbeat of an attempt that sends a start carries, before it is sent: where none of them has a baseline,
 * nothing was sent, and otherwise it tells a task that is ours from older ones.
 */
export interface StartBeat {
  baseline: TaskBaseline;
}

/**
 * What became of one POST `/tasks`. `again`: in words, the earlier run of the chain that had started the task already, where
 * the action may run again.
 */
export type StartResult =
  | { outcome: 'started'; taskId: string; again?: string }
  /** Refused for now, and certainly nothing was started: to be tried again after the delay, as the message says. */
  | { outcome: 'refused'; type: FailureType; message: string; delayMs: number; refusals: Refusals }
  /** Not sent: so late, the files that the action reads may have expired. */
  | { outcome: 'stale' }
  /** Not sent: reading the task list took so long that the run may want something else by now. */
  | { outcome: 'listed'; baseline: TaskBaseline }
  /** Without an answer: nobody knows whether it was started. */
  | { outcome: 'unknown'; message: string; baseline: TaskBaseline; again?: string };

/** What the tries before this one came to, where certainly none of them started anything. */
export interface EarlierStarts {
  /** As the last refusal told. */
  refusals?: Refusals;
  /** Tries since then that were not answered: when that was known (workflow time, epoch ms), and what the last was. */
  unanswered?: { at: number[]; type: FailureType; message: string };
  /** An operator allowed another start although the first may have succeeded: the action may have run twice. */
  mayHaveStarted?: true;
}

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
  /** Where Anaplan does not say it: for an action what it says of the whole process, for the process false. */
  assumed?: true;
  dumpAvailable: boolean;
  details: ResultDetail[];
  /** The first documented failure code, with its parameters, and what such a failure did to the model. */
  failure?: {
    code: string;
    message: string;
    remedy?: string;
    effects: Effects;
    parameters: Record<string, string>;
  };
  /** With `rejected` by the data codes where no detail counts a failed row. */
  rows?: RowCounts;
  /** `rows.rejected` adds up data codes, which may tell of one row more than once: no detail counts a failed row. */
  byCodes?: true;
  /** The most frequent reason for which rows were rejected, by the data codes. */
  rejectedFor?: DumpError;
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
  /** Not ended: it is in an undocumented state. */
  undocumented?: true;
}

/** The activities of this step. */
export interface TaskActivities {
  'anaplan.startTask'(
    input: Call & {
      action: ActionObject;
      localeName: string;
      mappingParameters?: MappingParameter[];
      /** As read a moment ago; absent: it is read first. */
      baseline?: TaskBaseline;
      /** Epoch ms until which the files that the action reads are certainly there. */
      filesUntil?: number;
      /** The first run of the chain: a run that was reset may have started the action before. */
      firstRunId?: string;
      /** The action may run again after a reset. */
      mayRunAgain?: true;
      earlier?: EarlierStarts;
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
      /** Undocumented states that the run knows of already; absent: it does not want to hear of any. */
      told?: string[];
    },
  ): Promise<SettledTask>;
  'anaplan.cancelTask'(input: Call & { action: ActionObject; taskId: string }): Promise<void>;
  'anaplan.newerTasks'(
    input: Call & { action: ActionObject; taskId: string; known: string[] },
  ): Promise<string[]>;
}
