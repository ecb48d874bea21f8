/** What Temporal answers to a call that fails, as errors of this client. */
import { isGrpcServiceError, type Client } from '@temporalio/client';
import { ValueError } from '@temporalio/common';
import { compact, utf8Bytes } from '../contracts';
import { AnaplanTemporalError } from './errors';

/** gRPC status codes, see https://grpc.io/docs/guides/status-codes/ */
const GRPC = {
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** The gRPC status of an error or of what caused it; undefined for anything else. */
function grpcCode(error: unknown): number | undefined {
  for (let at: unknown = error, depth = 0; at !== undefined && depth < 5; depth++) {
    if (isGrpcServiceError(at)) return at.code;
    at = at instanceof Error ? at.cause : undefined;
  }
  return undefined;
}

/**
 * Whether Temporal refused a call for its size. gRPC says that with the code of a server that is overloaded, but asking
 * again with the same cannot help.
 */
export function isTooLarge(error: unknown): boolean {
  const code = grpcCode(error);
  return (
    (code === GRPC.resourceExhausted || code === GRPC.invalidArgument) &&
    /larger than max|exceeds (?:size )?limit|too large/i.test(reason(error))
  );
}

/** What gRPC takes in one message. The SDK would send a larger one again and again, as if the server were busy. */
const MESSAGE_BYTES = 4 * 1024 * 1024;

/** @throws AnaplanTemporalError InvalidInput for an input that no message can carry; a codec may make it smaller */
export function checkSize(client: Client, input: unknown): void {
  if (client.options.loadedDataConverter.payloadCodecs.length > 0) return;
  if (jsonBytes(input) > MESSAGE_BYTES)
    throw tooLarge(input, `at most ${grouped(MESSAGE_BYTES)} in a message`);
}

/** The error for an input that Temporal refused for its size; undefined for other errors. */
export function inputTooLarge(error: unknown, input: unknown): AnaplanTemporalError | undefined {
  return isTooLarge(error) ? tooLarge(input, reason(error), error) : undefined;
}

function tooLarge(input: unknown, why: string, cause?: unknown): AnaplanTemporalError {
  return new AnaplanTemporalError(
    'InvalidInput',
    `The input has ${grouped(jsonBytes(input))} bytes as JSON, more than Temporal takes (${why}). Nothing was started.`,
    {
      effects: 'none',
      remedy: 'Make the input smaller: by default Temporal takes 2 MB. Data belongs in files.',
      ...compact({ cause }),
    },
  );
}

function jsonBytes(value: unknown): number {
  return utf8Bytes(JSON.stringify(value) ?? '');
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

/** Whether Temporal did not answer, or not now: asking again can help. */
export function isUnavailable(error: unknown): boolean {
  if (isTooLarge(error)) return false;
  const code = grpcCode(error);
  return code === GRPC.unavailable || code === GRPC.deadlineExceeded || code === GRPC.resourceExhausted;
}

/** Whether a call that failed cannot have reached Temporal: there was no connection to send it over. */
export function isNotSent(error: unknown): boolean {
  return (
    grpcCode(error) === GRPC.unavailable && /no connection established|ECONNREFUSED/i.test(reason(error))
  );
}

/** Whether Temporal refused a call for what it holds. */
export function isInvalidArgument(error: unknown): boolean {
  return grpcCode(error) === GRPC.invalidArgument;
}

function reason(error: unknown): string {
  let text = error instanceof Error ? error.message : String(error);
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; depth++) {
    text = at.message;
    at = at.cause;
  }
  return (text.split('\n', 1)[0] ?? '').replace(/\.$/, '').slice(0, 300);
}

/**
 * The typed error of a call to Temporal; typed errors pass unchanged.
 *
 * @param doing what was tried, as in `start the run`
 * @param address where Temporal was looked for, for the message
 */
export function temporalError(error: unknown, doing: string, address?: string): AnaplanTemporalError {
  if (error instanceof AnaplanTemporalError) return error;
  const at = address === undefined ? '' : ` at ${address}`;
  const code = grpcCode(error);
  const cause = { cause: error };
  if (code === GRPC.unauthenticated || code === GRPC.permissionDenied) {
    return new AnaplanTemporalError(
      'PermissionDenied',
      `Temporal${at} refused to ${doing}: ${reason(error)}.`,
      {
        ...cause,
        remedy: 'Check TEMPORAL_API_KEY or the TLS files, and what they may do in the namespace.',
      },
    );
  }
  if (code === GRPC.notFound) {
    return new AnaplanTemporalError('NotFound', `Temporal${at} could not ${doing}: ${reason(error)}.`, {
      ...cause,
      remedy: 'Check the ID, and the namespace (TEMPORAL_NAMESPACE).',
    });
  }
  if (code === GRPC.invalidArgument || code === GRPC.failedPrecondition || isTooLarge(error)) {
    return new AnaplanTemporalError(
      'InvalidInput',
      `Temporal${at} refused to ${doing}: ${reason(error)}.`,
      cause,
    );
  }
  if (/^Namespace not found/i.test(reason(error))) {
    return new AnaplanTemporalError('InvalidInput', `Temporal${at} could not ${doing}: ${reason(error)}.`, {
      ...cause,
      remedy: 'Set TEMPORAL_NAMESPACE (or --namespace) to a namespace that exists there.',
    });
  }
  if (isUnreadable(error)) {
    return new AnaplanTemporalError(
      'InternalError',
      `Could not ${doing}: what Temporal keeps is encoded by a codec or converter that this client does not have (${reason(error)}).`,
      {
        ...cause,
        remedy:
          'Use a client of your own that is given the data converter of the workers; the Temporal UI shows it by a codec server. The run, if there is one, goes on.',
      },
    );
  }
  if (isBadKeyPair(error)) {
    return new AnaplanTemporalError(
      'InvalidInput',
      `The TLS certificate or key for Temporal${at} cannot be used: ${reason(error)}.`,
      {
        ...cause,
        effects: 'none',
        remedy:
          'Correct TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH (or _DATA), or temporal.toml: PEM files that belong together.',
      },
    );
  }
  if (code === undefined && !(error instanceof Error && /connect/i.test(error.message))) {
    return new AnaplanTemporalError('InternalError', `Could not ${doing}: ${reason(error)}.`, cause);
  }
  return new AnaplanTemporalError(
    'ServiceUnavailable',
    `Temporal cannot be reached${at}${doing === 'connect' ? '' : ` to ${doing}`} (${reason(error)}).`,
    {
      ...cause,
      remedy:
        'Start Temporal there, or set TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE (or --address and --namespace) to where it runs and, where it needs them, TEMPORAL_API_KEY or the TLS files.',
    },
  );
}

/** Whether the SDK met a payload that it has no converter for: it was encoded before it was stored. */
function isUnreadable(error: unknown): boolean {
  return error instanceof ValueError && error.message.startsWith('Unknown encoding');
}

/** Whether OpenSSL refused what it was given, before anything was sent. */
function isBadKeyPair(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === 'string' && code.startsWith('ERR_OSSL_');
}
