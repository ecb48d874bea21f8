/** What becomes of a refusal: another try after a delay, or the failure that ends the activity. */
import type { ApplicationFailure } from '@temporalio/common';

import {
  inWords,
  nextTry,
  RETRY_TABLE,
  retryRule,
  type AnaplanError,
  type NextTry,
  type Refusals,
  type WaitBounds,
  type WaitRule,
} from '../../anaplan';
import { compact, type FailureType, type TimeoutsMs } from '../../contracts';
import type { StorageError } from '../../storage';
import { factsOf, fail, failureTypeOf, refuse, sentence, type FailureFacts } from './failures';

/** Whose refusals are judged, and what bounds them. */
export interface Refused {
  /** The object that messages name. */
  what: string;
  bounds: WaitBounds;
  /** The refusals before this one, by the clock of {@link now}. */
  earlier: Refusals | undefined;
  now: number;
  /** Milliseconds until the activity's own time-out, and that one's name. */
  leftMs?: number | undefined;
  deadlineName?: keyof TimeoutsMs | undefined;
  /** Multiplies the delays; 1 but for tests. */
  scale: number;
  /** The run may have changed something already. */
  begun: boolean;
  /** A task exists, which runs on whatever is answered. */
  task: boolean;
  /** How long a file system is waited for, where it is not 15 min. */
  storageMs?: number | undefined;
  /** What a failure says besides, as a sentence. */
  besides?: string;
}

/** Another try. */
export interface Again {
  type: FailureType;
  /** What was refused. */
  message: string;
  delayMs: number;
  refusals: Refusals;
}

/**
 * Judges what Anaplan refused, by the retry table.
 * @returns another try
 * @throws ApplicationFailure the final one, also where a bound is reached
 */
export function tryAnaplanAgain(error: AnaplanError, o: Refused): Again {
  const rule = retryRule(error, o);
  if (rule.class === 'refused') throw refuse(o.what, error);
  const type = failureTypeOf(error);
  const message = sentence(o.what, error);
  const next = nextTry(rule, o.earlier, o.now, o, error.retryAfterMs);
  if (next.again) return again(type, message, next);
  if (next.reached === 'step') throw outOfTime(message, o.deadlineName);
  // No data were asked for, so the damage is in the answer.
  const final = rule.row === 'oddWhileTask' && type === 'TransferCorrupt' ? 'ProtocolError' : type;
  throw givenUp(final, [message, next.words, o.besides], factsOf(error), error);
}

/**
 * Judges what certainly changed nothing and was never answered, as a connection that could not be made.
 * @returns another try
 * @throws ApplicationFailure once `timeouts.unavailable` is over
 */
export function tryUnansweredAgain(type: FailureType, message: string, o: Refused): Again {
  const next = nextTry(RETRY_TABLE.network, o.earlier, o.now, o);
  if (next.again) return again(type, message, next);
  throw givenUp(type, [message, next.words, o.besides]);
}

/** A file system that is full, away or busy; the model is held meanwhile. */
const STORAGE_RULE = { class: 'storage', firstDelayMs: 5_000, maxDelayMs: 60_000, atMostMs: 15 * 60_000 };

/**
 * Judges what a file system cannot do for now: somebody is asked for by the words.
 * @param waitsFor - what is the matter, in words
 * @returns another try
 * @throws ApplicationFailure once a bound is reached
 */
export function tryStorageAgain(error: StorageError, waitsFor: string, o: Refused): Again {
  const { type, said } = error;
  const rule: WaitRule = { ...STORAGE_RULE, atMostMs: o.storageMs ?? STORAGE_RULE.atMostMs };
  const next = nextTry(rule, o.earlier, o.now, o);
  if (!next.again) {
    throw givenUp(type, [said, next.words, o.besides], compact({ remedy: error.remedy }), error);
  }
  return again(type, `waiting: ${waitsFor}. ${unstopped(error.message)}`, next);
}

/** What was refused, and when it is tried again. */
export function saying({ message, delayMs }: Pick<Again, 'message' | 'delayMs'>): string {
  return `${message}; next try in ${inWords(delayMs)}`;
}

/** The failure of an activity whose own time-out is reached. */
export function outOfTime(message: string, name: keyof TimeoutsMs | undefined): ApplicationFailure {
  return fail(
    'DeadlineExceeded',
    `${message}; ${name ? `timeouts.${name}` : 'the time-out'} is reached`,
    name ? { code: name } : {},
  );
}

function again(
  type: FailureType,
  said: string,
  { delayMs, refusals }: Extract<NextTry, { again: true }>,
): Again {
  return { type, message: said, delayMs, refusals };
}

function givenUp(
  type: FailureType,
  said: readonly (string | undefined)[],
  facts?: FailureFacts,
  cause?: unknown,
): ApplicationFailure {
  const sentences = said.flatMap((text) => (text ? [`${unstopped(text)}.`] : []));
  return fail(type, sentences.join(' '), facts, cause);
}

function unstopped(text: string): string {
  return text.replace(/\.$/, '');
}
