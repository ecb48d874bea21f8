import { compact } from '../compact';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { AnaplanError } from '../errors';
import type { DownloadBody } from '../types';
import { content, partialAnswer, type Content } from './error-page';
import { contentEncoding, contentLength, framing, header, serverDate, type Headers } from './headers';

/** An answer whose body has not been read. */
export interface WireResponse {
  method: string;
  path: string;
  status: number;
  headers: Headers;
  body: Readable;
  /** The caller's signal, so that an abort is told from a broken body. */
  signal?: AbortSignal | undefined;
}

/** Upper bound of a JSON answer, bytes after decoding. */
export const MAX_JSON_BYTES = 32 * 1024 * 1024;
/** What is read of the body of an error answer, bytes. */
const MAX_ERROR_BYTES = 64 * 1024;

/** Drops a body without caring how it ends. */
export function discard(body: Readable): void {
  body.on('error', () => undefined);
  body.destroy();
}

/** Turns whatever a body's stream threw into an {@link AnaplanError}. */
export type BodyErrorFactory = (cause: unknown) => AnaplanError;

/** The error factory of one answer. */
export function bodyErrors(
  res: WireResponse,
  aborted: (signal: AbortSignal) => AnaplanError,
): BodyErrorFactory {
  return (cause) => {
    if (cause instanceof AnaplanError) return cause;
    if (res.signal?.aborted === true) return aborted(res.signal);
    const code = codeOf(cause);
    const timedOut = code === 'UND_ERR_BODY_TIMEOUT';
    const why = timedOut
      ? 'no byte came for too long'
      : code?.startsWith('Z_') === true || code === 'ERR_TRAILING_JUNK_AFTER_STREAM_END'
        ? `its gzip data ended early or is corrupt (${code})`
        : `it ended early${code === undefined ? '' : ` (${code})`}`;
    return bodyError(res, why, { cause, code, timedOut });
  };
}

/** An {@link AnaplanError} about the body of an answer. */
export function bodyError(
  res: WireResponse,
  why: string,
  extra: { cause?: unknown; code?: string | undefined; timedOut?: boolean } = {},
): AnaplanError {
  return new AnaplanError(`The body of ${res.method} ${res.path} cannot be used: ${why}.`, {
    kind: extra.timedOut === true ? 'timeout' : 'body',
    method: res.method,
    path: res.path,
    status: res.status,
    sent: 'answered',
    code: extra.code,
    serverDate: serverDate(res.headers),
    cause: extra.cause,
  });
}

/** The `code` of a system or undici error, looked for one level down as well. */
export function codeOf(cause: unknown): string | undefined {
  if (typeof cause !== 'object' || cause === null) return undefined;
  const code = (cause as { code?: unknown }).code;
  if (typeof code === 'string') return code;
  const inner = (cause as { cause?: unknown }).cause;
  return inner === undefined || inner === cause ? undefined : codeOf(inner);
}

/** The decoded bytes of a body, in order, with the encoded ones counted and the end verified. */
async function* decoded(res: WireResponse, errors: BodyErrorFactory): AsyncGenerator<Buffer> {
  const encoding = contentEncoding(res.headers);
  const framed = framing(res.method, res.status, res.headers);
  let received = 0;
  try {
    if (encoding !== '' && encoding !== 'gzip') {
      throw bodyError(res, `its content-encoding "${encoding}" was not asked for`);
    }
    const source = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of res.body as AsyncIterable<Buffer>) {
        received += chunk.length;
        yield chunk;
      }
    };
    if (encoding === '') {
      yield* source();
      // A body that ends with its connection may have lost its rest: nothing tells a whole one from a cut one.
      if (framed === 'close') {
        throw bodyError(
          res,
          'it has no end that can be verified (no content-length, no chunks, no gzip trailer)',
        );
      }
    } else {
      yield* gunzip(source());
      // An empty body needs no trailer where its length is known otherwise.
      if (received === 0 && framed === 'close') throw bodyError(res, 'it is empty and has no gzip trailer');
    }
    const expected = contentLength(res.headers);
    if (framed === 'length' && expected !== undefined && received !== expected) {
      throw bodyError(res, `${received} of ${expected} bytes came`);
    }
  } catch (error) {
    throw errors(error);
  } finally {
    discard(res.body);
  }
}

async function* gunzip(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const zip = createGunzip();
  let fed = 0;
  const counting = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      fed += chunk.length;
      yield chunk;
    }
  };
  pipeline(counting(), zip, () => undefined);
  for await (const chunk of zip as AsyncIterable<Buffer>) yield chunk;
  // zlib stops at the first byte that starts no further member: what follows would be lost in silence.
  if (zip.bytesWritten !== fed) {
    throw Object.assign(new Error('bytes after the end of the gzip data'), {
      code: 'ERR_TRAILING_JUNK_AFTER_STREAM_END',
    });
  }
}

/**
 * An answer as a download.
 * @throws AnaplanError of kind `body` where the answer is only a part
 */
export function download(res: WireResponse, errors: BodyErrorFactory, as: Content): DownloadBody {
  assertWhole(res);
  const length = contentEncoding(res.headers) === '' ? contentLength(res.headers) : undefined;
  const type = header(res.headers, 'content-type');
  // A body nobody reads must not end the process with an unhandled 'error'.
  res.body.on('error', () => undefined);
  return {
    stream: content(res.headers, as, decoded(res, errors), (why) => bodyError(res, why)),
    ...compact({ contentLength: length, contentType: type }),
    discard: () => {
      discard(res.body);
      return Promise.resolve();
    },
  };
}

/** @throws AnaplanError of kind `body` where an answer is only a part of what was asked for */
export function assertWhole(res: WireResponse): void {
  const why = partialAnswer(res.status);
  if (why === undefined) return;
  discard(res.body);
  throw bodyError(res, why);
}

/** Reads a whole body as text, up to `limit` bytes. Its end is verified by whoever parses the text. */
export async function readText(res: WireResponse, limit: number, errors: BodyErrorFactory): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  const unframed = framing(res.method, res.status, res.headers) === 'close';
  try {
    const bytes =
      contentEncoding(res.headers) === '' && unframed
        ? (res.body as AsyncIterable<Buffer>) // complete JSON is its own proof of a whole body
        : decoded(res, errors);
    for await (const part of bytes) {
      size += part.length;
      if (size > limit) throw bodyError(res, `it is larger than ${limit} bytes`);
      parts.push(part);
    }
  } catch (error) {
    throw errors(error);
  } finally {
    discard(res.body);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Reads at most `limit` bytes of an error's body as text; whatever goes wrong, what was read counts. */
export async function readErrorText(res: WireResponse, limit = MAX_ERROR_BYTES): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  const stop = setTimeout(() => discard(res.body), 10_000);
  try {
    const gzip = contentEncoding(res.headers) === 'gzip';
    const raw = res.body as AsyncIterable<Buffer>;
    for await (const part of gzip ? gunzip(raw) : raw) {
      parts.push(part.subarray(0, limit - size));
      size += part.length;
      if (size >= limit) break;
    }
  } catch {
    // The status is what matters; a broken error body only costs its message.
  } finally {
    clearTimeout(stop);
    discard(res.body);
  }
  return Buffer.concat(parts).toString('utf8');
}

/**
 * Parses JSON, also with something before it (the guide shows a CSV line before a chunk list). A text that is cut
 * is never repaired: it would make a short list look whole.
 * @returns undefined for an empty text
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  const clean = text.replace(/^\uFEFF/, '').trim();
  if (clean === '') return undefined;
  try {
    return JSON.parse(clean);
  } catch (error) {
    // Only where the first line that opens a value starts: a later one could be the whole tail of a cut text.
    const match = /\n[^\S\n]*([{[])/.exec(clean);
    if (match !== null && !/^[{[]/.test(clean))
      return JSON.parse(clean.slice(match.index + match[0].length - 1));
    throw error;
  }
}

/** What an error body says, in one line of at most 500 characters. */
export function errorMessage(text: string): string | undefined {
  let said: unknown;
  try {
    said = messageOf(parseJson(text));
  } catch {
    said = /^\s*</.test(text) ? undefined : text;
  }
  if (typeof said !== 'string') return undefined;
  const line = said.replace(/\s+/g, ' ').trim();
  return line === '' ? undefined : line.slice(0, 500);
}

function messageOf(body: unknown): unknown {
  if (typeof body === 'string') return body;
  if (typeof body !== 'object' || body === null) return undefined;
  const record = body as Record<string, unknown>;
  const status = record['status'];
  const inner =
    typeof status === 'object' && status !== null
      ? (status as Record<string, unknown>)['message']
      : undefined;
  const candidates = [
    inner,
    record['statusMessage'],
    record['message'],
    record['error_description'],
    record['error'],
  ];
  return (
    candidates.find((c) => typeof c === 'string' && c !== '') ??
    (typeof status === 'string' ? status : undefined)
  );
}
