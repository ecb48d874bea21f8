/**
 * The one place where errors become `ApplicationFailure`s: what happened, to which object, what Anaplan said, and what
 * to do about it.
 */
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';

import { AnaplanError, isCertificateRefusal, NOT_ANAPLANS } from '../../anaplan';
import { compact, tell, type Effects, type FailureType, type SearchAttribute } from '../../contracts';
import { StorageError } from '../../storage';

/** Extra facts of a failure, kept as `details[0]` of the activity's failure. */
export interface FailureFacts {
  code?: string;
  parameters?: Record<string, string>;
  remedy?: string;
  /** What is known of the model's state, where the run cannot know better. */
  effects?: Effects;
  /** For a run that fails with its first activity: the search attributes that are known, where they are registered. */
  attributes?: Partial<Record<SearchAttribute, string>>;
  /** The last state of the task that was seen. */
  lastState?: string;
}

/**
 * A failure that is not retried.
 * @param said - what happened; what to do is `facts.remedy`, or what its type says
 */
export function fail(
  type: FailureType,
  said: string,
  facts: FailureFacts = {},
  cause?: unknown,
): ApplicationFailure {
  const { message, remedy } = tell(type, said, facts.remedy);
  return ApplicationFailure.create({
    type,
    message,
    nonRetryable: true,
    details: [{ ...facts, remedy }],
    ...(cause instanceof Error ? { cause } : {}),
  });
}

/** A final failure with more facts; whatever else it is stays as it is. */
export function withFacts(error: unknown, facts: Omit<FailureFacts, 'remedy'>): unknown {
  if (!(error instanceof ApplicationFailure) || error.nonRetryable !== true) return error;
  const { message, type, cause, details } = error;
  const [known, ...more] = details ?? [];
  return ApplicationFailure.create({
    message,
    nonRetryable: true,
    details: [{ ...(known as object | undefined), ...facts }, ...more],
    ...compact({ type: type ?? undefined, cause }),
  });
}

/** A failure that Temporal tries again after a delay. Benign: waiting for Anaplan is not an error of the worker. */
export function tryAgain(
  type: FailureType | 'WorkerShutdown',
  message: string,
  delayMs: number,
): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message,
    // A delay of 0 would fail the activity for good.
    nextRetryDelay: Math.max(1, Math.round(delayMs)),
    category: ApplicationFailureCategory.BENIGN,
    nonRetryable: false,
  });
}

const BY_STATUS: Readonly<Record<number, FailureType>> = {
  400: 'InvalidInput',
  401: 'AuthenticationFailed',
  403: 'PermissionDenied',
  404: 'NotFound',
  405: 'ProtocolError',
  406: 'ProtocolError',
  408: 'ServiceUnavailable',
  409: 'Conflict',
  410: 'ServiceUnavailable',
  413: 'InvalidInput',
  415: 'ProtocolError',
  421: 'ServiceUnavailable',
  422: 'ModelArchived',
  423: 'ModelLocked',
  424: 'ModelOffline',
  425: 'ModelDeployed',
  429: 'RateLimited',
  499: 'ServiceUnavailable',
};

/** The failure type of an error of the API client. */
export function failureTypeOf(error: AnaplanError): FailureType {
  if (error.kind === 'auth') return 'AuthenticationFailed';
  if (error.kind === 'protocol') return 'ProtocolError';
  if (error.kind === 'body') {
    // What was sent may be whole all the same; the damage is in the answer.
    return error.code === NOT_ANAPLANS && error.method !== 'GET' ? 'ProtocolError' : 'TransferCorrupt';
  }
  // Silence in the middle of an answer has a status, yet is no answer.
  if (error.kind === 'network' || error.kind === 'timeout') return 'NetworkError';
  if (error.status !== undefined) {
    return BY_STATUS[error.status] ?? (error.status >= 500 ? 'ServiceUnavailable' : 'ProtocolError');
  }
  return 'NetworkError';
}

/** A proxy's answer, not Anaplan's. */
const PROXY_REFUSED = 407;

/** Whether the log-in itself was refused, not a call with its token. */
function isLogInRefusal(error: AnaplanError): boolean {
  return error.kind === 'auth' && error.path === '/token/authenticate' && error.status !== undefined;
}

const TRUST_REMEDY =
  'Let the worker trust the certificate: start it with NODE_EXTRA_CA_CERTS as the PEM file of the private CA (and of the CAs between); a certificate for another host name, or one that has expired, is for whoever runs the server or the proxy.';

/** A sentence: the object, then what Anaplan or the network said. */
export function sentence(what: string, error: AnaplanError): string {
  // Both say themselves who refused what.
  if (error.status === PROXY_REFUSED || isLogInRefusal(error))
    return `${what}: ${error.message.replace(/\.$/, '')}`;
  const said = error.anaplanMessage ? ` "${error.anaplanMessage.slice(0, 500)}"` : '';
  if (error.kind === 'status' && error.code === NOT_ANAPLANS) {
    return `${what}: ${error.method} ${shortPath(error.path)} was answered with a page and ${error.status}, as by a proxy or a gateway`;
  }
  if (error.kind === 'status' || (error.kind === 'auth' && error.status !== undefined)) {
    return `${what}: Anaplan answered ${error.status}${said} to ${error.method} ${shortPath(error.path)}`;
  }
  return `${what}: ${error.message.replace(/\.$/, '')}`;
}

/** The path without workspace and model, which the object before it belongs to: what is left fits on a line. */
function shortPath(path: string): string {
  return path.replace(/^\/workspaces\/[^/]+/, '').replace(/^\/models\/[^/]+(?=\/)/, '') || path;
}

/** The final failure of an API error. */
export function refuse(
  what: string,
  error: AnaplanError,
  type: FailureType = failureTypeOf(error),
): ApplicationFailure {
  return fail(type, sentence(what, error), factsOf(error), error);
}

/** The status of a refusal, which a 2xx whose content is wrong is not; and what to do, where that is known. */
export function factsOf(error: AnaplanError): FailureFacts {
  const { status } = error;
  const code = status === undefined || status < 400 ? undefined : String(status);
  return compact({ code, remedy: isCertificateRefusal(error) ? TRUST_REMEDY : error.remedy });
}

/** gRPC: deadline exceeded, resource exhausted, unavailable. */
const BUSY = new Set([4, 8, 14]);

/** Whether Temporal's own server did not answer, or not now: the activity is tried again. */
function isTemporalBusy(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const code: unknown = (at as { code?: unknown }).code;
    if (typeof code === 'number' && BUSY.has(code)) return true;
  }
  return false;
}

/** Any other error of ours, or a defect. */
export function castError(what: string, error: unknown): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  if (error instanceof AnaplanError) return refuse(what, error);
  if (error instanceof StorageError)
    return fail(error.type, error.said, compact({ remedy: error.remedy }), error);
  const message = error instanceof Error ? error.message : String(error);
  if (isTemporalBusy(error))
    return tryAgain('ServiceUnavailable', `${what}: Temporal does not answer: ${message}`, 2000);
  return fail('InternalError', `${what}: ${message}`, {}, error);
}
