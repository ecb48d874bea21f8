/** Answers that are no content although their status says so: pages of proxies and envelopes of errors. */
import { header } from './headers';
import type { Headers } from './headers';

/**
 * What a download may be: `bytes` are a file's and may be anything, so that only an answer which says itself that it is
 * something else is refused; `csv` is a dump or a page of a read, which is never a page of HTML.
 */
export type Content = 'bytes' | 'csv';

/** "Partial Content" (RFC 9110): no call of ours asks for a part, so what came is no whole. */
const PARTIAL = 206;
/** An envelope is small; what is longer is content. */
const MAX_ENVELOPE = 64 * 1024;
/** How much of a body is searched for the beginning of a page. */
const MAX_LEAD = 1024;

/** Why an answer cannot be content by its status, if it cannot. */
export function partialAnswer(status: number): string | undefined {
  return status === PARTIAL ? 'it is a part (206), and no part was asked for' : undefined;
}

/** Why a whole text cannot be the JSON that was asked for, although Anaplan's status says so, if it cannot. */
export function errorText(headers: Headers, text: string): string | undefined {
  const start = lead(Buffer.from(text.slice(0, MAX_LEAD)));
  if (isHtml(headers) && start.startsWith('<')) return PAGE;
  return start.startsWith('{') ? envelope(text) : undefined;
}

/** Whether the body of a refusal is a page: Anaplan refuses by JSON, proxies and gateways by pages. */
export function isErrorPage(headers: Headers, text: string): boolean {
  return isPage(headers, 'csv', lead(Buffer.from(text.slice(0, MAX_LEAD))));
}

const PAGE = 'it is an HTML page, as a proxy or a log-in sends one instead of an answer';

/**
 * Passes a body on once its beginning is seen to be no page and no envelope of an error.
 * @throws what `refuse` makes of the reason
 */
export async function* content(
  headers: Headers,
  as: Content,
  body: AsyncIterable<Buffer>,
  refuse: (why: string) => Error,
): AsyncGenerator<Buffer> {
  let held: Buffer | undefined = Buffer.alloc(0);
  for await (const slice of body) {
    if (held === undefined) {
      yield slice;
      continue;
    }
    held = held.length === 0 ? slice : Buffer.concat([held, slice]);
    const start = lead(held);
    if (isPage(headers, as, start)) throw refuse(PAGE);
    if (undecided(headers, as, start, held.length)) continue;
    yield held;
    held = undefined;
  }
  if (held === undefined || held.length === 0) return;
  const why = mayBeEnvelope(headers, as, lead(held)) ? envelope(held.toString('utf8')) : undefined;
  if (why !== undefined) throw refuse(why);
  yield held;
}

function isPage(headers: Headers, as: Content, start: string): boolean {
  if (isHtml(headers)) return start.startsWith('<');
  return as === 'csv' && /^<(!doctype|html)\b/i.test(start);
}

/** Whether more has to come before one can tell. */
function undecided(headers: Headers, as: Content, start: string, length: number): boolean {
  if (mayBeEnvelope(headers, as, start)) return length <= MAX_ENVELOPE;
  if (length >= MAX_LEAD) return false;
  // A byte order mark may come in two pieces.
  if (start === '' || length < 4) return true;
  return as === 'csv' && start.length < '<!doctype '.length && start.startsWith('<');
}

function mayBeEnvelope(headers: Headers, as: Content, start: string): boolean {
  return (as === 'csv' || isJson(headers)) && start.startsWith('{');
}

/** Anaplan's envelope `{"status": {"code": 500, ...}}`, also `{"status": 500}` as gateways write it. */
function envelope(text: string): string | undefined {
  if (text.length > MAX_ENVELOPE) return undefined;
  let body: unknown;
  try {
    body = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
  const status = field(body, 'status');
  const own = field(status, 'code');
  // A bare number is only a status where it can be one of an error.
  const failed =
    typeof status === 'number' ? status >= 300 && status <= 599 : /^(?!2\d\d$)\d+$/.test(said(own));
  const code = typeof status === 'number' ? status : said(own);
  return failed
    ? `it says itself that it is an error (${code}), although its status says that it is none`
    : undefined;
}

function said(value: unknown): string {
  return typeof value === 'number' || typeof value === 'string' ? String(value) : '';
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** The first characters behind byte order mark and white space, also of UTF-16. */
function lead(bytes: Buffer): string {
  const text = bytes.subarray(0, MAX_LEAD).toString('latin1').replaceAll('\0', '');
  return text.replace(/^(\u00EF\u00BB\u00BF|\u00FF\u00FE|\u00FE\u00FF)/, '').trimStart();
}

function isHtml(headers: Headers): boolean {
  return /^\s*(text\/html|application\/xhtml\+xml)\b/i.test(header(headers, 'content-type') ?? '');
}

function isJson(headers: Headers): boolean {
  return /^\s*application\/([\w.-]+\+)?json\b/i.test(header(headers, 'content-type') ?? '');
}
