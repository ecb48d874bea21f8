/** How a fault at a call ends, written down: rules by kind of fault, and the calls for which they are others. */
import type { Effects, FailureType, Outcome } from '../../src/contracts';
import type { CallName } from './calls';
import { faultOf, type FaultKind, type FaultName } from './faults';
import { scenarioOf, type ScenarioName } from './scenarios';

/** The end of a row. */
export interface Expected {
  /** An outcome, or the type of the failure. */
  end: Exclude<Outcome, 'failed'> | FailureType;
  /** What a failure says it did to the model. */
  effects?: Effects;
  /** Tasks of the run's action that exist at the end, whoever asked for them. */
  tasks: number;
  /** The task was found in the task list. */
  adopted?: true;
  /** Read requests that stay open. */
  openReads: number;
  /** The result has a warning with this in it. */
  warning?: string;
  /** The dumps could not be had. */
  noDumps?: true;
  /** The run fails, but only after its exports were fetched: what a process wrote is not taken back. */
  exportsAnyway?: true;
  /** State of the task at the end, where it is not COMPLETE. */
  taskState?: 'CANCELLED' | 'IN_PROGRESS';
}

/** What of an ending differs from the rule; `good` stands for the scenario's own good end. */
type Exception = Omit<Partial<Expected>, 'end'> & { end?: 'good' | Expected['end'] };

/** Where in its run a call stands: what exists in Anaplan when it fails for good, and what its failure says. */
type Stage = 'before the task' | 'while the task runs' | 'after the task';

const STAGES: Partial<Record<CallName, Stage>> = {
  'task poll': 'while the task runs',
  'task poll in the middle': 'while the task runs',
  'task list after the file': 'after the task',
  'chunk list': 'after the task',
  'chunk GET': 'after the task',
  'last chunk GET': 'after the task',
  'dump chunk list': 'after the task',
  'dump chunk GET': 'after the task',
  'nested dump chunk list': 'after the task',
  'nested dump chunk GET': 'after the task',
};

/** Begun again: a read that is gone for Anaplan. */
const BEGUN_AGAIN: Exception = { end: 'good', warning: 'begun again' };
/** The read is whole; the request that could not be deleted is named. */
const NOT_DELETED: Exception = { end: 'good', openReads: 1, warning: 'could not be deleted' };
/** Without its answers nobody knows what became of the start. */
const AMBIGUOUS: Exception = { end: 'AmbiguousTaskStart', effects: 'unknown', tasks: 1 };
const ADOPTED: Exception = { end: 'good', adopted: true };

/** Whether a user is named in the model's status is all that this call is for. */
const NOT_NEEDED: Exception = { end: 'good' };

type Exceptions = {
  kinds?: Partial<Record<FaultKind, Exception>>;
  /** What is otherwise final, answered once. */
  waitedOut?: Exception;
} & Partial<Record<FaultName, Exception>>;

/** A task exists, and runs on whatever is answered. */
const WAITED_OUT: Exceptions = { waitedOut: { end: 'good' } };

const EXCEPTIONS: Partial<Record<CallName, Exceptions>> = {
  'log-in': {
    '400': { end: 'AuthenticationFailed' },
    '403': { end: 'AuthenticationFailed' },
  },
  'users/me': { kinds: { refused: NOT_NEEDED, empty: NOT_NEEDED } },
  // Nothing of the answer is needed.
  complete: { 'empty 200': { end: 'good' } },
  'task start': {
    // The list was empty before: an empty one tells nothing.
    kinds: { lost: ADOPTED, empty: ADOPTED, twice: { tasks: 2 }, unanswered: { ...AMBIGUOUS, tasks: 0 } },
  },
  'task poll': WAITED_OUT,
  'task poll in the middle': WAITED_OUT,
  'task list after the file': WAITED_OUT,
  'dump chunk list': { ...WAITED_OUT, '404': { end: 'good' } },
  'dump chunk GET': { ...WAITED_OUT, '404': { end: 'good' } },
  'nested dump chunk list': { ...WAITED_OUT, '404': { end: 'good' } },
  'nested dump chunk GET': { ...WAITED_OUT, '404': { end: 'good' } },
  // An ID that never arrived cannot be deleted: Anaplan drops the request after 30 idle minutes.
  'read create': { kinds: { lost: { openReads: 1 }, twice: { openReads: 1 }, empty: { openReads: 1 } } },
  'read status': { '404': BEGUN_AGAIN },
  'first page GET': { '404': BEGUN_AGAIN },
  // Of several pages or chunks none is empty, so such an answer has lost its bytes.
  'page GET': { '404': BEGUN_AGAIN, 'empty 200': { end: 'good' } },
  'chunk GET': { 'empty 200': { end: 'good' } },
  'read DELETE': {
    kinds: { refused: NOT_DELETED, empty: { end: 'good' } },
    // Anaplan says that it is gone; the sandbox only pretends.
    '404': { end: 'good', openReads: 1 },
  },
  'reconcile: task list': {
    kinds: {
      harmless: ADOPTED,
      again: ADOPTED,
      unanswered: ADOPTED,
      lost: ADOPTED,
      twice: ADOPTED,
    },
    waitedOut: ADOPTED,
  },
  'reconcile: model status': {
    kinds: {
      harmless: ADOPTED,
      again: ADOPTED,
      unanswered: ADOPTED,
      lost: ADOPTED,
      twice: ADOPTED,
    },
    waitedOut: ADOPTED,
  },
};

/** Kinds that a careful client gets over. */
const OVERCOME: readonly FaultKind[] = ['harmless', 'again', 'unanswered', 'lost', 'twice'];

/** The end of a scenario in which a fault strikes a call. */
export function expectedEnd(name: ScenarioName, call: CallName, fault: FaultName): Expected {
  const scenario = scenarioOf(name);
  const { kind, type } = faultOf(fault);
  const one = scenario.action === undefined ? 0 : 1;
  const good: Expected = { end: scenario.end, tasks: one, openReads: 0 };
  const exceptions = EXCEPTIONS[call];
  const once = !fault.endsWith('every time') && (kind === 'refused' || kind === 'empty');
  const waitedOut = once ? exceptions?.waitedOut : undefined;
  const exception: Exception = exceptions?.[fault] ?? exceptions?.kinds?.[kind] ?? waitedOut ?? {};
  const fails = exception.end !== undefined && exception.end !== 'good';
  if (exception.end === 'good' || (OVERCOME.includes(kind) && !fails)) {
    return { ...good, ...exception, end: scenario.end };
  }
  const stage = STAGES[call] ?? 'before the task';
  const failed: Expected = {
    end: type ?? 'InternalError',
    effects:
      stage === 'before the task'
        ? 'none'
        : stage === 'while the task runs'
          ? 'unknown'
          : scenario.effectsAfter,
    tasks: stage === 'before the task' ? 0 : one,
    openReads: 0,
    ...(call.startsWith('nested dump') ? { exportsAnyway: true } : {}),
  };
  return { ...failed, ...exception, end: exception.end ?? failed.end };
}
