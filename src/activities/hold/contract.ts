/** Asks to the lock of a model, and its answers. */
import type { RunPriority } from '../../contracts';
import type { Named, ModelContext } from '../attempt/contract';

/** A hold, as the run of the chain got it that asked for it: a reset copies its grant, which may have been given back. */
export interface Held {
  lockId: string;
  ask: LockAsk;
  byRunId: string;
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
  /** Absent: normal. */
  priority?: RunPriority;
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

/** The activities of this step. */
export interface HoldActivities {
  'anaplan.askLock'(input: { lockId: string; ask: LockAsk }): Promise<LockAnswer & { runId: string }>;
  /** Which of these runs are open, in their order. */
  'anaplan.openRuns'(input: { runs: { workflowId: string; firstRunId: string }[] }): Promise<boolean[]>;
  /** Whether a model's status shows no task; the connections are tried in their order. */
  'anaplan.modelIdle'(input: { model: ModelContext; connections: string[] }): Promise<boolean>;
}
