/** What has happened in a run. One writer adds to it, and everything that is said of a run is read off it. */
import type { Prepared, PreparedUpload } from '../../activities/prepare/contract';
import type { PinnedSource } from '../../activities/upload/contract';
import {
  tell,
  type Effects,
  type FailureType,
  type Outcome,
  type ResultFailure,
  type ResultTransfer,
  type SearchAttribute,
} from '../../contracts';
import { actionResults, type FinishedTask, type KeptDump } from './verdict';

/** One thing that has happened. */
export type Fact =
  | { is: 'prepared'; prepared: Prepared }
  /** From here on the run does something else, or is further with it: `state` is a word or two, `text` a sentence. */
  | { is: 'doing'; state: string; text?: string }
  | { is: 'warned'; text: string }
  /** The file in Anaplan is whole, with this version of the source; `at`: when its last byte was sent, epoch ms. */
  | { is: 'uploaded'; upload: Uploaded; transfer: ResultTransfer }
  | { is: 'downloaded'; transfer: ResultTransfer }
  /** Anaplan no longer has what was uploaded, and has loaded nothing of it. */
  | { is: 'uploadsExpired' }
  /** The action is started although an earlier start of it may have arrived. */
  | { is: 'startDoubted' }
  | { is: 'started'; taskId: string; adopted: boolean }
  /** The task was last seen in this state. */
  | { is: 'seen'; state: string }
  | { is: 'ended'; task: FinishedTask }
  | { is: 'kept'; dump: KeptDump }
  /** The run gave back its model, which nobody else could use for so long. */
  | { is: 'heldModel'; ms: number }
  | { is: 'concluded'; ending: Ending; attributes?: Attributes };

/** A source that was pinned, and where it goes. */
export interface Upload {
  to: PreparedUpload;
  source: PinnedSource;
}

/** What a run has uploaded, and when its last byte was sent, epoch ms. */
export interface Uploaded extends Upload {
  at: number;
}

/** The endings that are returned, not thrown. */
type Success = Extract<Outcome, 'succeeded' | 'succeededWithRejections'>;

/** How a run ends. */
export type Ending = { outcome: Success } | { outcome: 'failed' | 'cancelled'; failure: ResultFailure };

/** The ending of a run that did all it was asked for. */
export const SUCCEEDED: Ending = { outcome: 'succeeded' };

/** The ending of a run that failed: what happened, and what to do where the type does not say it. */
export function failed(
  type: FailureType,
  said: string,
  {
    remedy,
    ...facts
  }: Pick<ResultFailure, 'effects'> & Partial<Pick<ResultFailure, 'remedy' | 'code' | 'parameters'>>,
): Ending {
  return { outcome: 'failed', failure: { ...tell(type, said, remedy), ...facts } };
}

/** Search attributes by name. */
export type Attributes = Partial<Record<SearchAttribute, string>>;

/** What the run has done to the model so far. */
export function effectsSoFar(facts: readonly Fact[]): Effects {
  let effects: Effects = 'none';
  let doubted = false;
  for (const fact of facts) {
    if (fact.is === 'startDoubted') doubted = true;
    else if (fact.is === 'started') effects = 'unknown';
    else if (fact.is === 'ended') effects = effectsOfTask(fact.task);
  }
  return doubted ? atLeastUnknown(effects) : effects;
}

/** What is said of a failure, where an earlier start may have done something besides. */
export function doubtful(facts: readonly Fact[], effects: Effects): Effects {
  return facts.some((fact) => fact.is === 'startDoubted') ? atLeastUnknown(effects) : effects;
}

function atLeastUnknown(effects: Effects): Effects {
  return effects === 'none' ? 'unknown' : effects;
}

/** What a task that has ended did to the model, before its result is judged. */
function effectsOfTask(task: FinishedTask): Effects {
  const { action } = task;
  // An export changes its file, never the model.
  if (action.kind === 'exports') return 'none';
  // Cancelled means rolled back (anaplan-api: "Monitor the import tasks"); a process may have applied steps before.
  if (task.state === 'CANCELLED') return action.kind === 'processes' ? 'unknown' : 'none';
  if (!task.result || task.result.assumed) return 'unknown';
  const applied = task.result.successful || actionResults(task).some((r) => r.successful);
  if (applied) return 'applied';
  return action.kind === 'processes' ? 'unknown' : 'none';
}

/** What the run has uploaded for its action to read: of each file the latest. */
export function uploadsSoFar(facts: readonly Fact[]): Uploaded[] {
  const byFile = new Map<string, Uploaded>();
  for (const fact of facts) if (fact.is === 'uploaded') byFile.set(fact.upload.to.file.id, fact.upload);
  return [...byFile.values()];
}
