/** Reading failures inside workflows, and making the one a run ends with. */
import { ActivityFailure, ApplicationFailure, isCancellation, TimeoutFailure } from '@temporalio/workflow';

import type { StartBeat, TaskBaseline } from '../../activities/task/contract';
import {
  FAILURES,
  isFailureType,
  type Effects,
  type FailureType,
  type ResultFailure,
  type SearchAttribute,
} from '../../contracts';

/** A failure of a step: like what an activity throws, with what it did to the model. */
export function stepFailure(
  type: FailureType,
  message: string,
  facts: Partial<Omit<ResultFailure, 'type' | 'message'>> = {},
): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nonRetryable: true, details: [facts] });
}

/** What a step's failure tells besides its message. */
type FailureFacts = Partial<ResultFailure> & {
  /** Of a run that fails with its first activity: its search attributes, where they are registered. */
  attributes?: Partial<Record<SearchAttribute, string>>;
};

/** The typed failure behind whatever a step threw. */
export function readFailure(error: unknown): {
  type: FailureType;
  message: string;
  facts: FailureFacts;
} {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) {
    const facts = (cause.details?.[0] ?? {}) as FailureFacts;
    const type = isFailureType(cause.type) ? cause.type : 'InternalError';
    return { type, message: cause.message, facts };
  }
  if (cause instanceof TimeoutFailure) {
    const activity = error instanceof ActivityFailure ? error.activityType : 'an activity';
    return {
      type: 'DeadlineExceeded',
      message: `No worker finished ${activity} in time (${cause.timeoutType}). Check that a worker with a configuration for this connection runs.`,
      facts: {},
    };
  }
  if (isCancellation(error)) return { type: 'Cancelled', message: 'The run was cancelled', facts: {} };
  const message = error instanceof Error ? error.message : String(error);
  return { type: 'InternalError', message: `${message}. ${FAILURES.InternalError.remedy}`, facts: {} };
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
  const { type, message, facts } = readFailure(error);
  return {
    type,
    message,
    remedy: facts.remedy ?? FAILURES[type].remedy,
    effects: facts.effects ?? effects,
    ...(facts.code === undefined ? {} : { code: facts.code }),
    ...(facts.parameters === undefined ? {} : { parameters: facts.parameters }),
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
