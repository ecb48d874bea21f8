/** What became of POST `/tasks`: refused for good, refused for now, or nobody knows. */
import { outcomeUnknown, type AnaplanError } from '../../anaplan';
import type { ActionObject } from '../attempt/contract';
import { sentence } from '../attempt/failures';
import type { GivenUp, NotConfirmed } from '../attempt/lease';
import { saying, tryAnaplanAgain, tryUnansweredAgain, type Again, type Refused } from '../attempt/refused';
import type { EarlierStarts, StartResult } from './contract';

/**
 * What judging a refusal of a start takes: all that was refused before it, by Anaplan or by silence.
 * @throws ApplicationFailure where so many starts were not answered that a bound is reached
 */
export function afterEarlier(action: ActionObject, earlier: EarlierStarts = {}, given: Refused): Refused {
  const { refusals, unanswered, mayHaveStarted } = earlier;
  const besides = mayHaveStarted
    ? `Whether an earlier start of "${action.name}" arrived is not known`
    : `"${action.name}" was not started`;
  let o: Refused = { ...given, earlier: refusals, besides };
  if (!unanswered) return o;
  // No delay between them: finding out that nothing was started takes longer.
  for (const now of unanswered.at) {
    const again = tryUnansweredAgain(unanswered.type, unanswered.message, { ...o, now });
    o = { ...o, earlier: again.refusals };
  }
  return o;
}

/** What a failed POST `/tasks` means: refused for good (thrown), refused for now, or nobody knows. */
export function startOutcome(error: AnaplanError, o: Refused): StartResult {
  if (outcomeUnknown(error)) return { outcome: 'unknown', message: sentence(o.what, error) };
  return refusedForNow(tryAnaplanAgain(error, o));
}

/** A start that was not sent, because the server does not count on the attempt: the run begins it anew. */
export function unsent(error: GivenUp | NotConfirmed, o: Refused): StartResult {
  const message = `${o.what}: ${error.message}, so nothing was sent`;
  return refusedForNow(tryUnansweredAgain('NetworkError', message, o));
}

function refusedForNow(again: Again): StartResult {
  return { outcome: 'refused', ...again, message: saying(again) };
}
