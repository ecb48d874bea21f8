import { DecoratorHandler, EnvHttpProxyAgent, Pool, type Dispatcher } from 'undici';
import { resettingConnector } from './connector';
import { contentLength, header, type Headers } from './headers';
import { environmentProxies } from './proxy';

/** Time-outs of the transport, milliseconds. */
export interface Timeouts {
  /** Until the connection stands; the same again for a proxy's answer, and for TLS. */
  connectMs: number;
  /** Until the answer's first byte. Long, because a busy model holds requests open instead of answering. */
  headersMs: number;
  /** {@link headersMs} of what is asked again anyway: the states of tasks, read requests and models. */
  pollMs: number;
  /** Between two bytes of an answer's body. */
  bodyMs: number;
  /**
   * {@link headersMs} of `/complete`, which can block for 15 to 40 minutes, and of the creation of a read request, which
   * leaves a request behind each time its answer is not waited for.
   */
  completeMs: number;
}

export const DEFAULT_TIMEOUTS: Timeouts = {
  connectMs: 10_000,
  headersMs: 10 * 60_000,
  pollMs: 60_000,
  bodyMs: 60_000,
  completeMs: 60 * 60_000,
};

/**
 * An HTTP/1.1 agent that goes through the proxies of HTTPS_PROXY, HTTP_PROXY and NO_PROXY, by CONNECT.
 *
 * It opens as many connections as there are requests without an answer: a busy model holds requests open for minutes,
 * and a bound on connections would make the calls of all other models wait for it. What bounds them is the limiter, and
 * the slots of the worker.
 * @param keepAlive - false: every request has a connection of its own
 * @throws ProxyError for a variable that names no proxy
 */
export function createDispatcher(timeouts: Timeouts, keepAlive: boolean): Dispatcher {
  const connect = resettingConnector(timeouts.connectMs);
  const tls = { timeout: timeouts.connectMs };
  return new EnvHttpProxyAgent({
    ...environmentProxies(process.env),
    pipelining: keepAlive ? 1 : 0,
    allowH2: false,
    connect,
    requestTls: tls,
    // The pool that talks to the proxy itself: without this a proxy that never answers CONNECT holds a call for 5 min.
    clientFactory: (origin, options) =>
      new Pool(origin, { ...(options as Pool.Options), connect, headersTimeout: timeouts.connectMs }),
    headersTimeout: timeouts.headersMs,
    bodyTimeout: timeouts.bodyMs,
  });
}

/** Whether undici began to write a request to a connection. */
export interface SendTrace {
  started: boolean;
  /** Asked when a connection takes the request; what it throws is kept in `refusal`, and nothing is sent. */
  atSend?: (() => void) | undefined;
  refusal?: Error;
}

/**
 * Notes in `trace` when a request is handed to a connection. Until then nothing of it can have left: this is the
 * proof behind `sent: 'no'`.
 */
export function traced(dispatcher: Dispatcher, trace: SendTrace): Dispatcher {
  return dispatcher.compose((dispatch) => (options, handler) => dispatch(options, watch(handler, trace)));
}

/** Larger than any chunk of Anaplan: an answer up to this size is taken in even where its reader is slow. */
const EAGER_BYTES = 64 * 1024 * 1024;

/**
 * Whether an answer is taken in as fast as it comes. undici 7 holds a connection back while the reader is slow, and ends
 * the whole process when the server closes it meanwhile (an assertion out of reach of any catch, nodejs/undici#5360,
 * mended in undici 8 only). A server may close after every answer that does not come in transfer chunks: HTTP/1.0
 * does, and its answers cannot be told by their headers.
 */
function takenAtOnce(headers: Headers): boolean {
  if (/\bclose\b/i.test(header(headers, 'connection') ?? '')) return true;
  if (header(headers, 'transfer-encoding') !== undefined) return false;
  const length = contentLength(headers);
  return length === undefined || length <= EAGER_BYTES;
}

function watch(inner: Dispatcher.DispatchHandler, trace: SendTrace): Dispatcher.DispatchHandler {
  // undici's own handlers speak an older interface; its DecoratorHandler translates.
  const handler: Dispatcher.DispatchHandler = new DecoratorHandler(inner);
  let atOnce = false;
  return {
    onRequestStart(controller, context) {
      try {
        trace.atSend?.();
      } catch (error) {
        trace.refusal = error instanceof Error ? error : new Error(String(error));
        // undici looks at this before it writes: the connection is given up with nothing on it.
        controller.abort(trace.refusal);
        return;
      }
      trace.started = true;
      handler.onRequestStart?.(controller, context);
    },
    onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
    onResponseStart(controller, status, headers, text) {
      atOnce = takenAtOnce(headers);
      handler.onResponseStart?.(controller, status, headers, text);
    },
    onResponseData(controller, chunk) {
      handler.onResponseData?.(controller, chunk);
      if (atOnce) controller.resume();
    },
    onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
    onResponseError: (...args) => handler.onResponseError?.(...args),
  };
}
