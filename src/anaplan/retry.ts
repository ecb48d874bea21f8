import { ABORTED, NOT_ANAPLANS, type AnaplanError } from './errors';
import type { WaitRule } from './refusals';

/** What kind of waiting an answer asks for: answers of one class share a bound. `refused` is final. */
export type RetryClass =
  'rateLimited' | 'modelUnavailable' | 'conflict' | 'unavailable' | 'broken' | 'odd' | 'refused';

/** One row of the retry table: which answers it covers and how they are waited for. */
export interface RetryRule extends WaitRule {
  /** The row's name, stable, for tests, docs and metrics. */
  row: string;
  /** The answers of the row, as the docs print them. */
  answers: string;
  class: RetryClass;
  /** What happens besides, in sentences for the docs. */
  note: string;
}

const MINUTE = 60_000;
const refused = (row: string, answers: string, note: string): RetryRule => ({
  row,
  answers,
  class: 'refused',
  firstDelayMs: 0,
  maxDelayMs: 0,
  note,
});

/** Delay after a 429 that names none (anaplan-api: "API rate limitation"). */
export const DEFAULT_RETRY_AFTER_MS = 10_000;
/** Least delay after a 429, whatever it names. */
export const MIN_RETRY_AFTER_MS = 1_000;
/** How long a refused log-in is not repeated, whoever waits for it: accounts are locked after a few wrong tries. */
export const REMEMBER_REFUSAL_MS = 5 * MINUTE;

/** How often a broken answer is asked for again: more than that is no accident. */
const MAX_BROKEN = 8;

/** The retry table, as data; {@link nextTry} says how long each row is waited for. {@link retryRule} picks the row. */
export const RETRY_TABLE = {
  rateLimited: {
    row: 'rateLimited',
    answers: '429',
    class: 'rateLimited',
    firstDelayMs: DEFAULT_RETRY_AFTER_MS,
    maxDelayMs: DEFAULT_RETRY_AFTER_MS,
    leastDelayMs: MIN_RETRY_AFTER_MS,
    // The limiter's shared pause ends at the same moment and paces the calls by itself.
    exact: true,
    bound: 'modelUnavailable',
    orStep: true,
    note: 'Waits Retry-After, which is the time until the next request is allowed; without one the 10 s that Anaplan recommends, and never less than 1 s. Every other call of the tenant waits too. No limit of attempts; a step with a time-out of its own is bounded by that instead.',
  },
  gone: {
    row: 'gone',
    answers: '410',
    class: 'unavailable',
    firstDelayMs: 1_000,
    maxDelayMs: MINUTE,
    bound: 'unavailable',
    note: 'Sent again at once on a fresh connection by the client itself; a second 410 is waited for like a 5xx.',
  },
  modelUnavailable: {
    row: 'modelUnavailable',
    answers: '423, 424',
    class: 'modelUnavailable',
    firstDelayMs: 30_000,
    maxDelayMs: 5 * MINUTE,
    bound: 'modelUnavailable',
    note: 'The model is locked or offline.',
  },
  conflict: {
    row: 'conflict',
    answers: '409 to a call that only reads',
    class: 'conflict',
    firstDelayMs: 30_000,
    maxDelayMs: 5 * MINUTE,
    bound: 'modelUnavailable',
    atMostMs: 15 * MINUTE,
    note: 'Like a locked model, but not for hours.',
  },
  conflictOfChange: refused(
    'conflictOfChange',
    '409 to a call that changes something',
    'Not retried: Anaplan says that the change cannot be made.',
  ),
  unauthorized: refused(
    'unauthorized',
    '401',
    'The client logs in again, once per token, and sends the call again; a 401 after that is final.',
  ),
  refused: refused(
    'refused',
    '400, 403, 404, 405, 406, 415, 422, 425, other 4xx and 3xx',
    'Not retried: sending it again gives the same answer.',
  ),
  unavailable: {
    row: 'unavailable',
    answers: '500, 502, 503, 504, other 5xx, 408, 421, 499',
    class: 'unavailable',
    firstDelayMs: 1_000,
    maxDelayMs: MINUTE,
    bound: 'unavailable',
    note: 'A longer Retry-After is obeyed. Never for POST /tasks, where the task list decides.',
  },
  network: {
    row: 'network',
    answers: 'no connection, reset',
    class: 'unavailable',
    firstDelayMs: 1_000,
    maxDelayMs: MINUTE,
    bound: 'unavailable',
    note: 'As 5xx. Never for POST /tasks unless provably nothing was sent.',
  },
  silence: {
    row: 'silence',
    answers: 'no answer in time',
    class: 'modelUnavailable',
    firstDelayMs: 1_000,
    maxDelayMs: MINUTE,
    bound: 'modelUnavailable',
    note: 'A busy model holds requests open instead of answering, so it is waited for like a locked one. Never for POST /tasks unless provably nothing was sent.',
  },
  brokenBody: {
    row: 'brokenBody',
    answers: 'a body that ended early, was corrupt or is an error page',
    class: 'broken',
    firstDelayMs: 1_000,
    maxDelayMs: MINUTE,
    bound: 'unavailable',
    repeats: MAX_BROKEN,
    note: 'Asked for again: what is broken every time is no outage. Never for POST /tasks, where the task list decides.',
  },
  notAnaplans: {
    row: 'notAnaplans',
    answers:
      'a 2xx with a page that is not JSON, or whose own status says that it failed; a 4xx that is final otherwise, with a page',
    class: 'broken',
    firstDelayMs: 1_000,
    maxDelayMs: MINUTE,
    bound: 'unavailable',
    repeats: MAX_BROKEN,
    note: 'A proxy answered in place of Anaplan: asked for again in a run that has begun, and final in its first step. Never taken for a success. Never for POST /tasks, where the task list decides.',
  },
  oddWhileTask: {
    row: 'oddWhileTask',
    answers: 'any answer that is final otherwise, to the polls of a task, its dumps and its cancellation',
    class: 'odd',
    firstDelayMs: 5_000,
    maxDelayMs: MINUTE,
    bound: 'unavailable',
    atMostMs: 15 * MINUTE,
    note: 'Waited for like an outage: the task runs on. After that the task is cancelled by DELETE before the model is given back.',
  },
  certificate: refused(
    'certificate',
    "a server certificate that can't be verified",
    'Not retried: NODE_EXTRA_CA_CERTS names the private CA, where there is one.',
  ),
  protocol: refused(
    'protocol',
    'an answer without a value that is needed',
    'Not retried: the same call gives the same answer.',
  ),
  credentials: refused(
    'credentials',
    'credentials that were refused or are unusable; 407 of a proxy',
    'Final in the first step of a run, which changes nothing.',
  ),
  credentialsLater: {
    row: 'credentialsLater',
    answers: 'the same, and 401, in a run that has begun',
    class: 'unavailable',
    firstDelayMs: 5_000,
    maxDelayMs: MINUTE,
    bound: 'unavailable',
    note: 'Waited for like an outage: a task may be running. The secret is read again from its place before each log-in; a log-in with the same secret is made once in 5 min by each worker, so that no account is locked.',
  },
  aborted: refused('aborted', "the caller's own signal", 'Not retried: the caller ended it.'),
} satisfies Record<string, RetryRule>;

/** Codes with which TLS refuses a server's certificate: waiting does not help, configuration does. */
const CERTIFICATE_CODES =
  /^(ERR_TLS_CERT|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_CA|HOSTNAME_MISMATCH|UND_ERR_PRX_TLS)/;

/** Whether TLS refused the certificate of the server, or of a proxy. */
export function isCertificateRefusal({ kind, code }: Pick<AnaplanError, 'kind' | 'code'>): boolean {
  return kind === 'network' && CERTIFICATE_CODES.test(code ?? '');
}

/** What {@link retryRule} looks at. Without a method the call counts as one that only reads. */
type Refusal = Pick<AnaplanError, 'kind' | 'status' | 'code'> &
  Partial<Pick<AnaplanError, 'method' | 'path'>>;

/** Whether a call changes something; the model's status is a POST that only asks. */
function changes({ method = 'GET', path = '' }: Refusal): boolean {
  return method !== 'GET' && !path.endsWith('/status');
}

/**
 * The row of {@link RETRY_TABLE} for an error. Pure.
 * @param o.begun - the run may have changed something already: refused credentials are waited for
 * @param o.task - a task exists, which runs on whatever is answered: nothing but the caller's own signal is final
 */
export function retryRule(e: Refusal, o: { begun?: boolean; task?: boolean } = {}): RetryRule {
  if (e.code === ABORTED) return RETRY_TABLE.aborted;
  const rule = ruleOf(e, o);
  const final = rule.class === 'refused' || rule.row === 'notAnaplans';
  return o.task && final ? RETRY_TABLE.oddWhileTask : rule;
}

function ruleOf(e: Refusal, o: { begun?: boolean }): RetryRule {
  if (o.begun && e.code === NOT_ANAPLANS) return RETRY_TABLE.notAnaplans;
  switch (e.kind) {
    case 'auth':
      if (o.begun) return RETRY_TABLE.credentialsLater;
      return e.status === 401 ? RETRY_TABLE.unauthorized : RETRY_TABLE.credentials;
    case 'protocol':
      return RETRY_TABLE.protocol;
    case 'network':
      return isCertificateRefusal(e) ? RETRY_TABLE.certificate : RETRY_TABLE.network;
    case 'timeout':
      return RETRY_TABLE.silence;
    case 'body':
      return RETRY_TABLE.brokenBody;
    case 'status':
      if (e.status === 409 && changes(e)) return RETRY_TABLE.conflictOfChange;
      return statusRule(e.status ?? 0);
  }
}

/** A proxy's way to say that it did not wait: request time-out, misdirected request, closed by the client. */
const TIMED_OUT = new Set([408, 421, 499]);

function statusRule(status: number): RetryRule {
  if (status === 429) return RETRY_TABLE.rateLimited;
  if (status === 410) return RETRY_TABLE.gone;
  if (status === 423 || status === 424) return RETRY_TABLE.modelUnavailable;
  if (status === 409) return RETRY_TABLE.conflict;
  if (status === 401) return RETRY_TABLE.unauthorized;
  if (status >= 500 || TIMED_OUT.has(status)) return RETRY_TABLE.unavailable;
  return RETRY_TABLE.refused;
}
