import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';

/** An answer before any fault has touched it. */
export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

/** A refusal: becomes the error body of the API. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }
}

/** The wording of the status codes (anaplan-api: "HTTP responses"). */
const REASONS: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  409: 'Conflict',
  410: 'Gone',
  415: 'Unsupported Media Type',
  422: 'Model archived',
  423: 'Model locked',
  424: 'Model offline',
  425: 'Model deployed',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service unavailable',
  504: 'Gateway Timeout',
};

/** The reason phrase of a status code. */
export function reason(status: number): string {
  return REASONS[status] ?? (status < 300 ? 'OK' : 'Error');
}

/** A JSON answer. */
export function json(value: unknown, status = 200): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json;charset=UTF-8' },
    body: Buffer.from(JSON.stringify(value)),
  };
}

/** An answer without a body. */
export function empty(status = 204): Reply {
  return { status, headers: {}, body: Buffer.alloc(0) };
}

/** An answer of bytes. */
export function bytes(body: Buffer, contentType: string): Reply {
  return { status: 200, headers: { 'content-type': contentType }, body };
}

/** The API's error body (behaviour `error-body`). */
export function errorReply(status: number, path: string, message = reason(status)): Reply {
  return json({ status: { code: status, message }, path, timestamp: new Date().toISOString() }, status);
}

/** Reads a small body whole; more than `limit` bytes are refused. */
export async function readAll(body: Readable, limit = 1_000_000): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > limit) throw new Refusal(400, 'The request body is too large.');
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** A JSON object, or nothing where the value is something else. */
export function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

/** Reads a JSON body of at most `limit` bytes; nothing for an empty one. */
export async function readValue(body: Readable, limit?: number): Promise<unknown> {
  const text = (await readAll(body, limit)).toString('utf8').trim();
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, 'The request body is not valid JSON.');
  }
}

/** Reads a JSON object body; an empty body is an empty object. */
export async function readJson(body: Readable, limit?: number): Promise<Record<string, unknown>> {
  const value = (await readValue(body, limit)) ?? {};
  const object = asObject(value);
  if (object === undefined) throw new Refusal(400, 'The request body must be a JSON object.');
  return object;
}

/** One value of a header. */
export function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Waits; an aborted wait ends early and quietly. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}
