/** Response headers as undici gives them: lower-case names. */
export type Headers = Record<string, string | string[] | undefined>;

/** The first value of a header. */
export function header(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The `Date` header as epoch milliseconds; undefined when absent or unreadable. */
export function serverDate(headers: Headers): number | undefined {
  const value = header(headers, 'date');
  if (value === undefined) return undefined;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : ms;
}

/**
 * `Retry-After` in milliseconds: seconds (also with decimals) or an HTTP date, which is read against the answer's
 * own `Date` where it has one, because our clock may differ. Undefined when absent or unreadable; never negative.
 */
export function retryAfterMs(headers: Headers, now: number = Date.now()): number | undefined {
  const value = header(headers, 'retry-after')?.trim();
  if (value === undefined || value === '') return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Math.ceil(Number(value) * 1000);
  if (!/[a-z]/i.test(value)) return undefined;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - (serverDate(headers) ?? now));
}

/** How an answer's body says where it ends. */
export type Framing = 'none' | 'length' | 'chunked' | 'close';

/** The framing of an answer's body, from its status and headers (RFC 9112, section 6.3). */
export function framing(method: string, status: number, headers: Headers): Framing {
  if (method === 'HEAD' || status === 204 || status === 304) return 'none';
  if (/\bchunked\b/i.test(header(headers, 'transfer-encoding') ?? '')) return 'chunked';
  return header(headers, 'content-length') === undefined ? 'close' : 'length';
}

/** `content-encoding`, lower-case; '' for none and for `identity`. */
export function contentEncoding(headers: Headers): string {
  const value = (header(headers, 'content-encoding') ?? '').trim().toLowerCase();
  return value === 'identity' ? '' : value === 'x-gzip' ? 'gzip' : value;
}

/** `content-length` as a number. */
export function contentLength(headers: Headers): number | undefined {
  const value = header(headers, 'content-length');
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}
