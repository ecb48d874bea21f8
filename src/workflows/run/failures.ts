/** Reading failures inside workflows, and making the one a run ends with. */
import { ActivityFailure, ApplicationFailure, isCancellation, TimeoutFailure } from '@temporalio/workflow';

import type { StartBeat, TaskBaseline } from '../../activities/task/contract';
import {
  compact,
  isFailureType,
  saidOf,
  tell,
  type Effects,
  type FailureType,
  type ResultFailure,
  type SearchAttribute,
  type Told,
} from '../../contracts';

/**
 * A failure of a step: like what an activity throws, with what it did to the model.
 * @param said - what happened; what to do is `facts.remedy`, or what its type says
 */
export function stepFailure(
  type: FailureType,
  said: string,
  facts: Partial<Omit<ResultFailure, 'type' | 'message'>> = {},
): ApplicationFailure {
  const { message, remedy } = tell(type, said, facts.remedy);
  return ApplicationFailure.create({ type, message, nonRetryable: true, details: [{ ...facts, remedy }] });
}

/** What a step's failure tells besides its message. */
type FailureFacts = Partial<ResultFailure> & {
  /** Of a run that fails with its first activity: its search attributes, where they are registered. */
  attributes?: Partial<Record<SearchAttribute, string>>;
};

/** The failure that a step threw: in words for a person, and for a sentence that has a remedy of its own. */
interface StepFailure extends Told {
  said: string;
  facts: FailureFacts;
}

/** The typed failure behind whatever a step threw. */
export function readFailure(error: unknown): StepFailure {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) {
    const facts = (cause.details?.[0] ?? {}) as FailureFacts;
    const type = isFailureType(cause.type) ? cause.type : 'InternalError';
    // What has a remedy was made by us, and ends with it.
    const { remedy } = facts;
    const told = remedy === undefined ? tell(type, cause.message) : { type, message: cause.message, remedy };
    return read(told, facts);
  }
  if (cause instanceof TimeoutFailure) {
    const activity = error instanceof ActivityFailure ? error.activityType : 'an activity';
    return read(
      tell(
        'DeadlineExceeded',
        `No worker finished ${activity} in time (${cause.timeoutType}).`,
        'Check that a worker with a configuration for this connection runs.',
      ),
    );
  }
  if (isCancellation(error)) return read(tell('Cancelled', 'The run was cancelled.'));
  const message = error instanceof Error ? error.message : String(error);
  return read(tell('InternalError', message));
}

function read(told: Told, facts: FailureFacts = {}): StepFailure {
  return { ...told, said: saidOf(told), facts };
}

/** The last state of a task that the activity which followed it has seen, before it failed or fell silent. */
export function lastState(error: unknown): string | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  let state: unknown;
  if (cause instanceof ApplicationFailure) {
    state = (cause.details?.[0] as { lastState?: unknown } | undefined)?.lastState;
  } else if (cause instanceof TimeoutFailure) {
    const beat = cause.lastHeartbeatDetails as { position?: { state?: unknown } } | undefined;
    state = beat?.position?.state;
  }
  return typeof state === 'string' && state !== '' ? state : undefined;
}

/** The failure of a result document. */
export function resultFailure(error: unknown, effects: Effects): ResultFailure {
  const { type, message, remedy, facts } = readFailure(error);
  return {
    type,
    message,
    remedy,
    effects: facts.effects ?? effects,
    ...compact({ code: facts.code, parameters: facts.parameters }),
  };
}

/** Whether an activity was never taken by a worker of its queue. */
function nobodyTookIt(error: unknown): boolean {
  return timeoutType(error) === 'SCHEDULE_TO_START';
}

/** Whether an activity's worker fell silent, so that nobody knows how far it came. */
export function fellSilent(error: unknown): boolean {
  return error instanceof ActivityFailure && error.cause instanceof TimeoutFailure && !nobodyTookIt(error);
}

/**
 * What an attempt to start a task told the server to have been there before: it does so before it sends the start, with
 * its first heartbeat. Undefined: it told nothing, or nothing is known of that.
 */
export function lastBaseline(error: unknown): TaskBaseline | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  if (!(cause instanceof TimeoutFailure)) return undefined;
  const beat = cause.lastHeartbeatDetails as { position?: Partial<StartBeat> } | null | undefined;
  return beat?.position?.baseline;
}

/** Which of its time-outs ended an activity. */
export function timeoutType(error: unknown): string | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  return cause instanceof TimeoutFailure ? cause.timeoutType : undefined;
}

/** Whether a step failed with a type. */
export function failedAs(error: unknown, type: FailureType): boolean {
  return readFailure(error).type === type;
}
