import { ABORTED, NOT_ANAPLANS, type AnaplanError } from './errors';

/** What kind of waiting an error asks for. */
export type RetryClass = 'rateLimited' | 'modelUnavailable' | 'conflict' | 'unavailable' | 'odd' | 'refused';

/** One row of the retry table: which answers it covers and how they are waited for. */
export interface RetryRule {
  /** The row's name, stable, for tests, docs and metrics. */
  row: string;
  /** The answers of the row, as the docs print them. */
  answers: string;
  class: RetryClass;
  /** False: the error is final. The delays are 0 then. */
  retry: boolean;
  /** Delay after the first failure, milliseconds. */
  firstDelayMs: number;
  /** Upper bound of the growing delay, milliseconds. A `Retry-After` may exceed it. */
  maxDelayMs: number;
  /** Factor from one delay to the next. */
  factor: number;
  /** Which bound ends the waiting: a name of the workflow input's `timeouts`, or a fixed time in milliseconds. */
  bound?: 'unavailable' | 'modelUnavailable' | number;
  /** What happens, in one sentence, for the docs. */
  note: string;
}

const MINUTE = 60_000;
const refused = (row: string, answers: string, note: string): RetryRule => ({
  row,
  answers,
  class: 'refused',
  retry: false,
  firstDelayMs: 0,
  maxDelayMs: 0,
  factor: 1,
  note,
});

/** Delay after a 429 that names none (seeds: "API rate limitation"). */
export const DEFAULT_RETRY_AFTER_MS = 10_000;
/** Least delay after a 429, whatever it names. */
export const MIN_RETRY_AFTER_MS = 1_000;
/** How long a refused log-in is not repeated, whoever waits for it: accounts are locked after a few wrong tries. */
export const REMEMBER_REFUSAL_MS = 5 * MINUTE;

/** The retry table, as data. {@link retryRule} picks the row. */
export const RETRY_TABLE = {
  rateLimited: {
    row: 'rateLimited',
    answers: '429',
    class: 'rateLimited',
    retry: true,
    firstDelayMs: DEFAULT_RETRY_AFTER_MS,
    maxDelayMs: DEFAULT_RETRY_AFTER_MS,
    factor: 1,
    bound: 'modelUnavailable',
    note: 'Waits Retry-After, which is the time until the next request is allowed; without one the 10 s that Anaplan recommends, and never less than 1 s. Every other call of the tenant waits too. No limit of attempts; a step with a time-out of its own is bounded by that instead.',
  },
  gone: {
    row: 'gone',
    answers: '410',
    class: 'unavailable',
    retry: true,
    firstDelayMs: 1_000,
    maxDelayMs: MINUTE,
    factor: 2,
    bound: 'unavailable',
    note: 'Sent again at once on a fresh connection by the client itself; a second 410 is waited for like a 5xx.',
  },
  modelUnavailable: {
    row: 'modelUnavailable',
    answers: '423, 424',
    class: 'modelUnavailable',
    retry: true,
    firstDelayMs: 30_000,
    maxDelayMs: 5 * MINUTE,
    factor: 2,
    bound: 'modelUnavailable',
    note: 'The model is locked or offline: 30 s growing to 5 min.',
  },
  conflict: {
    row: 'conflict',
    answers: '409 to a call that only reads',
    class: 'conflict',
    retry: true,
    firstDelayMs: 30_000,
    maxDelayMs: 5 * MINUTE,
    factor: 2,
    bound: 15 * MINUTE,
    note: 'Like a locked model, but at most 15 min.',
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
    retry: true,
    firstDelayMs: 1_000,
    maxDelayMs: MINUTE,
    factor: 2,
    bound: 'unavailable',
    note: 'Exponential, 1 s to 60 s; a longer Retry-After is obeyed. Never for POST /tasks.',
  },
  network: {
    row: 'network',
    answers: 'no connection, reset, time-out, a body that ended early, was corrupt or is an error page',
    class: 'unavailable',
    retry: true,
    firstDelayMs: 1_000,
    maxDelayMs: MINUTE,
    factor: 2,
    bound: 'unavailable',
    note: 'As 5xx. Never for POST /tasks unless provably nothing was sent.',
  },
  notAnaplans: {
    row: 'notAnaplans',
    answers: 'a 2xx with a page that is not JSON, or whose own status says that it failed',
    class: 'odd',
    retry: true,
    firstDelayMs: 1_000,
    maxDelayMs: MINUTE,
    factor: 2,
    bound: 15 * MINUTE,
    note: 'A proxy answered in place of Anaplan: sent again up to 8 times in a run that has begun, at most for timeouts.unavailable. Never taken for a success. Never for POST /tasks, where the task list decides.',
  },
  oddWhileTask: {
    row: 'oddWhileTask',
    answers: 'any answer that is final otherwise, to the polls of a task, its dumps and its cancellation',
    class: 'odd',
    retry: true,
    firstDelayMs: 5_000,
    maxDelayMs: MINUTE,
    factor: 2,
    bound: 15 * MINUTE,
    note: 'Waited for like an outage, at most for timeouts.unavailable: the task runs on. After that the task is cancelled by DELETE before the model is given back.',
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
    retry: true,
    firstDelayMs: 5_000,
    maxDelayMs: MINUTE,
    factor: 2,
    bound: 'unavailable',
    note: 'Waited for like an outage: a task may be running. The secret is read again from its place before each log-in; a log-in with the same secret is made once in 5 min by each worker, so that no account is locked.',
  },
  aborted: refused('aborted', "the caller's own signal", 'Not retried: the caller ended it.'),
} satisfies Record<string, RetryRule>;

/** Codes with which TLS refuses a server's certificate: waiting does not help, configuration does. */
const CERTIFICATE_CODES =
  /^(ERR_TLS_CERT|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_CA|HOSTNAME_MISMATCH|UND_ERR_PRX_TLS)/;

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
    case 'timeout':
    case 'body':
      return CERTIFICATE_CODES.test(e.code ?? '') ? RETRY_TABLE.certificate : RETRY_TABLE.network;
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

/**
 * How long to wait before the next attempt, in milliseconds. Pure.
 * @param rule - the row of the last error
 * @param consecutiveFailures - how many attempts in a row failed with a row of this class, 1 after the first
 * @param retryAfterMs - the last answer's `Retry-After`; never waited less than that
 * @param random - 0 <= r < 1; spreads the delays of many callers over the upper fifth below the full delay
 */
export function nextDelayMs(
  rule: RetryRule,
  consecutiveFailures: number,
  retryAfterMs?: number,
  random: () => number = Math.random,
): number {
  if (!rule.retry) return 0;
  if (rule.class === 'rateLimited') {
    // No jitter: the limiter's shared pause ends at the same moment and paces the calls by itself.
    return Math.max(MIN_RETRY_AFTER_MS, retryAfterMs ?? DEFAULT_RETRY_AFTER_MS);
  }
  const step = Math.max(0, Math.min(consecutiveFailures, 64) - 1);
  const full = Math.min(rule.maxDelayMs, rule.firstDelayMs * rule.factor ** step);
  return Math.max(Math.round(full * (0.8 + 0.2 * random())), retryAfterMs ?? 0);
}
