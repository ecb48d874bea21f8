/** What became of POST `/tasks`: refused for good, refused for now, or nobody knows. */
import { AnaplanError, outcomeUnknown, type AnaplanClient } from '../../anaplan';
import { refOf } from '../attempt/calls';
import type { ActionObject, Call } from '../attempt/contract';
import { sentence } from '../attempt/failures';
import { GivenUp, NotConfirmed } from '../attempt/lease';
import { saying, tryAnaplanAgain, tryUnansweredAgain, type Again, type Refused } from '../attempt/refused';
import type { Work } from '../attempt/work';
import type { EarlierStarts, StartBeat, StartResult, TaskBaseline } from './contract';
import { baselineOf } from './task-list';

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

/** A task list that takes longer to read is told to the run, before anything is sent. */
const PROMPT_MS = 10_000;

/**
 * Reads the task list before a start.
 * @returns `ready` where the start may be sent; else what the run gets told, and nothing is sent
 */
export async function listBefore(
  client: AnaplanClient,
  input: Call & { action: ActionObject },
  w: Work<StartBeat>,
  refused: Refused,
): Promise<StartResult | { outcome: 'ready'; baseline: TaskBaseline }> {
  const from = performance.now();
  let baseline: TaskBaseline;
  try {
    const { tasks, serverDate } = await client.tasks.list(refOf(input), input.action, { signal: w.signal });
    baseline = baselineOf(tasks, serverDate);
  } catch (error) {
    const o = { ...refused, now: w.now() };
    if (error instanceof GivenUp || error instanceof NotConfirmed) return unsent(error, o);
    if (w.signal.aborted) return unsent(new NotConfirmed('the worker stops'), o);
    // No answer to this is an answer about the start: it was not sent.
    if (error instanceof AnaplanError) return refusedForNow(tryAnaplanAgain(error, o));
    throw error;
  }
  // A heartbeat without the baseline may still be on its way, and come to the server after one with it: an attempt that
  // the server may have heard of sends nothing. Nor is a start sent that the run may not want any more.
  const prompt = !w.heard && performance.now() - from <= PROMPT_MS;
  return { outcome: prompt ? 'ready' : 'listed', baseline };
}

/** What a failed POST `/tasks` means: refused for good (thrown), refused for now, or nobody knows. */
export function startOutcome(error: AnaplanError, o: Refused, baseline: TaskBaseline): StartResult {
  if (outcomeUnknown(error)) return { outcome: 'unknown', message: sentence(o.what, error), baseline };
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
