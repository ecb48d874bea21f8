/** Requests as undici takes them. */
import type { Readable } from 'node:stream';
import type { ChunkBody, Priority } from '../types';
import { discard } from './body';

/** One request, as often as it is sent. */
export interface WireRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Scheme, host and base path, without a trailing slash. */
  base: string;
  /** Path below the base, with its leading slash, without a query. */
  path: string;
  query?: string | undefined;
  headers: Record<string, string>;
  json?: unknown;
  chunk?: ChunkBody | undefined;
  priority: Priority;
  /** It does not wait for its turn, which is taken from later ones: for the call by which more turns are got. */
  ahead?: boolean | undefined;
  /** It asks how something stands, and is asked again anyway: connections and a time-out of its own. */
  poll?: boolean | undefined;
  signal?: AbortSignal | undefined;
  headersTimeoutMs?: number | undefined;
  /** Not on a kept connection, which may be dead by now: for what must not be sent into the void (POST `/tasks`). */
  fresh?: boolean | undefined;
  /** See `CallOptions.atSend`. */
  atSend?: (() => void) | undefined;
}

/**
 * undici leaves a request alone that still waits for its connection when the signal fires; this ends the wait at
 * once. The request itself is dropped by undici before anything of it is written.
 */
export async function unlessAborted<T extends { body: Readable }>(
  sending: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal === undefined) return sending;
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(new Error('aborted'));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([sending, aborted]);
  } catch (error) {
    sending.then(
      (late) => discard(late.body),
      () => undefined,
    );
    throw error;
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}

type Payload = { body: string | Readable | null; headers: Record<string, string> };

/** The body of a request; a failure of its source is told apart by `source`. */
export function payload(request: WireRequest, source: { failed?: boolean; error?: unknown }): Payload {
  if (request.chunk !== undefined) {
    const { chunk } = request;
    const slices = async function* (): AsyncGenerator<Buffer> {
      try {
        yield* chunk.slices();
      } catch (error) {
        // The reader's own failure (a changed source, a lost disk) must reach the caller as it is.
        source.failed = true;
        source.error = error;
        throw error;
      }
    };
    return {
      // undici takes any async iterable; its types name only Readable.
      body: slices() as unknown as Readable,
      headers: {
        'content-type': chunk.gzip ? 'application/x-gzip' : 'application/octet-stream',
        'content-length': String(chunk.length),
      },
    };
  }
  if (request.json !== undefined) {
    return { body: JSON.stringify(request.json), headers: { 'content-type': 'application/json' } };
  }
  return { body: null, headers: {} };
}
