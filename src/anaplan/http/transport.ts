import { compact } from '../compact';
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { ABORTED, AnaplanError, isAborted, NOT_ANAPLANS } from '../errors';
import type { RateLimiter } from '../limiter';
import { DEFAULT_RETRY_AFTER_MS, REMEMBER_REFUSAL_MS } from '../retry';
import type { Priority } from '../types';
import { codeOf, discard, errorMessage, readErrorText, type WireResponse } from './body';
import { createDispatcher, traced, type SendTrace, type Timeouts } from './dispatcher';
import { isErrorPage } from './error-page';
import { header, retryAfterMs, serverDate, type Headers } from './headers';
import { payload, unlessAborted, type WireRequest } from './request';

export type { WireRequest };

/** What the client reports to `onLog`. Holds no secret and no data. */
export interface LogEvent {
  event: 'request' | 'login' | 'refresh' | 'logout' | 'rateLimited';
  method?: string;
  path?: string;
  status?: number;
  /** The code of a failure without an answer. */
  code?: string;
  durationMs?: number;
  waitMs?: number;
}

export interface TransportOptions {
  limiter: RateLimiter;
  timeouts: Timeouts;
  userAgent: string;
  onLog?: ((event: LogEvent) => void) | undefined;
}

const MAX_REDIRECTS = 5;
/** "Proxy Authentication Required" (RFC 9110). */
const PROXY_REFUSED = 407;
/** Refusals that mean something only where they are Anaplan's own. */
const PAGES = new Set([400, 403, 404, 405, 406, 409, 413, 414, 415, 418, 422]);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * Sends requests and turns every failure into an {@link AnaplanError}. It waits for the limiter before each send,
 * pauses it on 429, and sends once more on a fresh connection after 410 (anaplan-api: "HTTP responses": the request is
 * rerouted). Nothing else is repeated here.
 */
export class Transport {
  readonly limiter: RateLimiter;
  /** Connections of their own each: what holds up one kind of call never takes those of another. */
  private readonly kept: Record<'poll' | Priority, Dispatcher>;
  private readonly single: Dispatcher;
  /** Until when a proxy that refused its user is not asked again. */
  private proxyRefusedUntil = -Infinity;
  private readonly credentials = new Set<string>();
  private readonly tokens: string[] = [];

  constructor(private readonly options: TransportOptions) {
    this.limiter = options.limiter;
    this.kept = {
      poll: createDispatcher({ ...options.timeouts, headersMs: options.timeouts.pollMs }, true),
      light: createDispatcher(options.timeouts, true),
      bulk: createDispatcher(options.timeouts, true),
    };
    this.single = createDispatcher(options.timeouts, false);
  }

  /** Texts that must not appear in an error, whatever a server echoes. */
  hide(secret: string, o: { forEver?: boolean } = {}): void {
    if (secret.length < 4) return;
    if (o.forEver) this.credentials.add(secret);
    else this.tokens.push(secret);
    // Old tokens are dead; a bounded memory is enough.
    if (this.tokens.length > 32) this.tokens.shift();
  }

  log(event: LogEvent): void {
    try {
      this.options.onLog?.(event);
    } catch {
      // A logger's fault is not the call's.
    }
  }

  /**
   * Sends a request and answers with a 2xx whose body is unread.
   * @param beforeSend - called when the limiter let the request pass, right before each send; its headers are added
   * @throws AnaplanError; or what `chunk.slices()` threw
   */
  async send(
    request: WireRequest,
    beforeSend?: () => Promise<Record<string, string>>,
  ): Promise<WireResponse> {
    let gone = false;
    let url = `${request.base}${request.path}${request.query ?? ''}`;
    for (let redirects = 0; ;) {
      this.assertProxy(request);
      await this.turn(request);
      const extra = (await beforeSend?.()) ?? {};
      const res = await this.exchange(request, url, extra, gone || request.fresh === true);
      if (res.status >= 200 && res.status < 300) return res;
      if (res.status === 410 && !gone) {
        gone = true;
        discard(res.body);
        continue;
      }
      const location = request.method === 'GET' ? sameOrigin(url, res) : undefined;
      if (location !== undefined && redirects < MAX_REDIRECTS) {
        redirects++;
        url = location;
        discard(res.body);
        continue;
      }
      throw await this.statusError(res);
    }
  }

  private async turn(request: WireRequest): Promise<void> {
    try {
      if (request.ahead === true) this.limiter.advance();
      else await this.limiter.acquire(request.priority, request.signal);
    } catch (error) {
      if (request.signal !== undefined && isAborted(error)) throw this.aborted(request, request.signal, 'no');
      throw error;
    }
  }

  private async exchange(
    request: WireRequest,
    url: string,
    extra: Record<string, string>,
    fresh: boolean,
  ): Promise<WireResponse> {
    const trace: SendTrace = { started: false, atSend: request.atSend };
    const source: { failed?: boolean; error?: unknown } = {};
    const from = performance.now();
    const target = new URL(url);
    const { body, headers } = payload(request, source);
    const lane = request.poll === true ? 'poll' : request.priority;
    const sending = traced(fresh ? this.single : this.kept[lane], trace).request({
      origin: target.origin,
      path: `${target.pathname}${target.search}`,
      method: request.method,
      headers: { 'user-agent': this.options.userAgent, ...headers, ...request.headers, ...extra },
      body,
      signal: request.signal ?? null,
      ...compact({ headersTimeout: request.headersTimeoutMs }),
    });
    try {
      const res = await unlessAborted(sending, request.signal);
      this.log({
        event: 'request',
        method: request.method,
        path: request.path,
        status: res.statusCode,
        durationMs: Math.round(performance.now() - from),
      });
      return {
        method: request.method,
        path: request.path,
        status: res.statusCode,
        headers: res.headers as Headers,
        body: res.body as Readable,
        signal: request.signal,
      };
    } catch (error) {
      if (source.failed === true) throw source.error;
      if (trace.refusal !== undefined) throw trace.refusal;
      const sent = trace.started ? 'unknown' : 'no';
      const failure =
        request.signal?.aborted === true
          ? this.aborted(request, request.signal, sent)
          : this.networkError(request, error, sent);
      this.log({
        event: 'request',
        method: request.method,
        path: request.path,
        ...compact({ code: failure.code }),
        durationMs: Math.round(performance.now() - from),
      });
      throw failure;
    }
  }

  private networkError(request: WireRequest, cause: unknown, sent: 'no' | 'unknown'): AnaplanError {
    if (isProxyRefusal(cause)) return this.proxyRefused(request, 'no');
    const code = codeOf(cause);
    const timeout =
      code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'ETIMEDOUT';
    const said =
      cause instanceof Error && cause.message !== '' ? cause.message : String(code ?? 'unknown error');
    return new AnaplanError(
      this.clean(
        `${request.method} ${request.path} got no answer: ${said}` +
          `${code === undefined || said.includes(code) ? '' : ` (${code})`}.` +
          (sent === 'no' ? ' Nothing was sent.' : ''),
      ),
      {
        kind: timeout ? 'timeout' : 'network',
        method: request.method,
        path: request.path,
        sent,
        code,
        cause,
      },
    );
  }

  /** The error of a call that its own signal ended. */
  aborted(
    request: { method: string; path: string },
    signal: AbortSignal,
    sent: 'no' | 'unknown' | 'answered',
  ): AnaplanError {
    return new AnaplanError(`${request.method} ${request.path} was aborted.`, {
      kind: 'network',
      method: request.method,
      path: request.path,
      sent,
      code: ABORTED,
      cause: signal.reason as unknown,
    });
  }

  /** A proxy that refused its user is not asked again for a while, so that no account is locked. */
  private assertProxy(request: WireRequest): void {
    if (performance.now() < this.proxyRefusedUntil) throw proxyError(request, 'no');
  }

  private proxyRefused(request: { method: string; path: string }, sent: 'no' | 'answered'): AnaplanError {
    this.proxyRefusedUntil = performance.now() + REMEMBER_REFUSAL_MS;
    return proxyError(request, sent);
  }

  private async statusError(res: WireResponse): Promise<AnaplanError> {
    if (res.status === PROXY_REFUSED) {
      discard(res.body);
      return this.proxyRefused(res, 'answered');
    }
    const wait = retryAfterMs(res.headers);
    if (res.status === 429) {
      const pause = wait ?? DEFAULT_RETRY_AFTER_MS;
      this.limiter.pause(pause);
      this.log({ event: 'rateLimited', method: res.method, path: res.path, status: 429, waitMs: pause });
    }
    const text = await readErrorText(res);
    const said = errorMessage(text);
    const message = said === undefined ? undefined : this.clean(said);
    const page = PAGES.has(res.status) && isErrorPage(res.headers, text);
    return new AnaplanError(
      `${res.method} ${res.path} answered ${res.status}${message === undefined ? '' : `: ${message}`}.`,
      {
        ...(page ? { code: NOT_ANAPLANS } : {}),
        kind: 'status',
        method: res.method,
        path: res.path,
        status: res.status,
        sent: 'answered',
        anaplanMessage: message,
        retryAfterMs: wait,
        serverDate: serverDate(res.headers),
      },
    );
  }

  private clean(text: string): string {
    let clean = text;
    for (const secret of [...this.credentials, ...this.tokens]) clean = clean.replaceAll(secret, '***');
    return clean;
  }

  /** Ends all connections; calls under way fail. Never throws. */
  async close(): Promise<void> {
    const all = [...Object.values(this.kept), this.single];
    await Promise.allSettled(all.map((dispatcher) => dispatcher.destroy()));
  }
}

/** undici tells a proxy's answer to CONNECT only in words. */
function isProxyRefusal(cause: unknown): boolean {
  return cause instanceof Error && /^Proxy response \(407\)/.test(cause.message);
}

function proxyError(request: { method: string; path: string }, sent: 'no' | 'answered'): AnaplanError {
  return new AnaplanError(
    `The proxy refused ${request.method} ${request.path} with 407: it does not accept the user and password of ` +
      'HTTPS_PROXY or HTTP_PROXY, or there are none in it.',
    {
      remedy: 'Correct the variable and start the process again.',
      kind: 'auth',
      method: request.method,
      path: request.path,
      status: PROXY_REFUSED,
      sent,
    },
  );
}

/** The place a redirect leads to, if it stays on the host: a token is never carried to another one. */
function sameOrigin(url: string, res: WireResponse): string | undefined {
  const location = REDIRECTS.has(res.status) ? header(res.headers, 'location') : undefined;
  if (location === undefined || !URL.canParse(location, url)) return undefined;
  const target = new URL(location, url);
  return target.origin === new URL(url).origin ? target.href : undefined;
}
