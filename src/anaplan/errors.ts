/** Where an exchange with Anaplan went wrong. */
export type AnaplanErrorKind =
  /** Anaplan answered with a status outside 2xx. */
  | 'status'
  /** The connection could not be made or was lost before an answer arrived; also a call that was aborted. */
  | 'network'
  /** Connecting, the answer's first byte, or a gap between bytes of it took longer than configured. */
  | 'timeout'
  /** The answer's body ended early, was corrupt, or had no end that could be verified. */
  | 'body'
  /** The answer arrived whole, but a value that is needed is not in it. */
  | 'protocol'
  /** The credentials were refused, or could not be used at all (a wrong passphrase, a foreign key). */
  | 'auth';

/** What an {@link AnaplanError} is made of. */
export interface AnaplanErrorInit {
  kind: AnaplanErrorKind;
  method: string;
  path: string;
  /** 'no': provably nothing reached Anaplan. 'unknown': it may have. 'answered': a status line came back. */
  sent: 'no' | 'unknown' | 'answered';
  status?: number | undefined;
  anaplanMessage?: string | undefined;
  retryAfterMs?: number | undefined;
  code?: string | undefined;
  serverDate?: number | undefined;
  remedy?: string | undefined;
  cause?: unknown;
}

/**
 * The one error of this room: every failed call ends in it, except when the caller's own `ChunkBody.slices()`
 * threw, which reaches the caller as it was thrown.
 *
 * The message is a sentence that names the call and what Anaplan said. Tokens, passwords and query strings are
 * never in it.
 */
export class AnaplanError extends Error {
  readonly kind: AnaplanErrorKind;
  /** The HTTP status, where one arrived. */
  readonly status?: number;
  readonly method: string;
  /** The path below the base URL, without its query. */
  readonly path: string;
  /** What Anaplan's error body said, e.g. `Not Found` or `FAILURE_BAD_CREDENTIAL`. */
  readonly anaplanMessage?: string;
  /** The answer's `Retry-After` in milliseconds; absent when it had none. */
  readonly retryAfterMs?: number;
  /** The system's or undici's code, e.g. `ECONNRESET`, `UND_ERR_HEADERS_TIMEOUT`, or `ABORTED` for an aborted call. */
  readonly code?: string;
  /** Whether the request can have reached Anaplan; see {@link AnaplanErrorInit.sent}. */
  readonly sent: 'no' | 'unknown' | 'answered';
  /** The answer's `Date` header, epoch milliseconds. */
  readonly serverDate?: number;
  /** What to do, as a sentence, where the error knows. */
  readonly remedy?: string;

  constructor(message: string, init: AnaplanErrorInit) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = 'AnaplanError';
    this.kind = init.kind;
    this.method = init.method;
    this.path = init.path;
    this.sent = init.sent;
    if (init.status !== undefined) this.status = init.status;
    if (init.anaplanMessage !== undefined) this.anaplanMessage = init.anaplanMessage;
    if (init.retryAfterMs !== undefined) this.retryAfterMs = init.retryAfterMs;
    if (init.code !== undefined) this.code = init.code;
    if (init.serverDate !== undefined) this.serverDate = init.serverDate;
    if (init.remedy !== undefined) this.remedy = init.remedy;
  }
}

/** The code of an {@link AnaplanError} whose call was aborted by the caller's signal; its `cause` is the signal's reason. */
export const ABORTED = 'ABORTED';

/** True when the caller's own signal ended the call (nothing is wrong with Anaplan). */
export function isAborted(error: unknown): boolean {
  return error instanceof AnaplanError && error.code === ABORTED;
}

/**
 * True when nobody can tell from this error whether the request took effect: it may have been sent and no answer
 * came, the answer was a 5xx (a gateway's 504 can follow the effect), a 2xx whose body could not be read, or a status that
 * Anaplan does not document: a 408 or 499 can come from a proxy that no longer waits for what Anaplan does all the same.
 * What this is true for must not be sent again blindly when the request is not idempotent (POST `/tasks`).
 */
export function outcomeUnknown(error: AnaplanError): boolean {
  if (error.sent === 'no') return false;
  if (error.sent === 'unknown' || error.code === NOT_ANAPLANS) return true;
  return !REFUSALS.has(error.status ?? 0);
}

/** The answers that Anaplan documents as refusals (anaplan-api: "HTTP responses"), and a proxy's that let nothing through. */
const REFUSALS = new Set([400, 401, 403, 404, 405, 406, 407, 409, 410, 415, 422, 423, 424, 425, 429]);

/**
 * The code of an {@link AnaplanError} for an answer that is not Anaplan's: a 2xx or a refusal with a page of a proxy, or
 * a 2xx with a status of failure in it.
 */
export const NOT_ANAPLANS = 'NOT_ANAPLANS';

/** True when Anaplan itself says that something is not there. A gateway that is being set up answers 404 for everything. */
export function isNotFound(error: unknown): error is AnaplanError {
  return error instanceof AnaplanError && error.status === 404 && error.code !== NOT_ANAPLANS;
}

/** An answer without a value that is needed. Internal: the API caller turns it into an {@link AnaplanError}. */
export class ShapeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ShapeError';
  }
}
