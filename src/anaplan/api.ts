import type { Authenticator } from './auth/authenticator';
import { compact } from './compact';
import { AnaplanError, NOT_ANAPLANS, ShapeError } from './errors';
import {
  assertWhole,
  bodyError,
  bodyErrors,
  download,
  MAX_JSON_BYTES,
  parseJson,
  readText,
  type WireResponse,
} from './http/body';
import { errorText, type Content } from './http/error-page';
import { serverDate } from './http/headers';
import type { Transport, WireRequest } from './http/transport';
import { collect, collectKnown, eachItem, nextPage, totalSize, type Page, type PageRequest } from './paging';
import { isRecord, itemsOf } from './parse';
import type { CallOptions, ChunkBody, DownloadBody, PageOptions, Priority } from './types';
import { queryString, type Query } from './url';

/** Everything about one API call except who makes it. */
export interface ApiCall {
  method: WireRequest['method'];
  path: string;
  /** Names and values, in this order. */
  query?: Query;
  json?: unknown;
  chunk?: ChunkBody;
  accept?: string;
  headersTimeoutMs?: number;
  fresh?: boolean;
  /** See {@link WireRequest.poll}. */
  poll?: boolean;
  /** Lane where the caller names none. */
  priority?: Priority;
}

/** A JSON answer. */
export interface JsonAnswer {
  /** Undefined for an empty body (204). */
  body: unknown;
  status: number;
  /** The `Date` header, epoch milliseconds. */
  serverDate?: number | undefined;
}

/** How a collection is read. */
export interface Collection<T> {
  path: string;
  query?: Query;
  /** Names it in errors. */
  what: string;
  /** Keys the items may be under: the documented one, and its singular where the guide shows that. */
  keys: readonly string[];
  /** Keys that mark a bare item. */
  marks?: readonly string[];
  /** Turns one item of the answer into ours. */
  item: (raw: unknown) => T;
  idOf: (item: T) => string;
  /** Takes what came where the total is not reached; `whole` tells. */
  partly?: true;
}

/**
 * Makes API calls with the client's token: after a 401 it gets another token and sends the call once more, with its
 * body rebuilt; a 401 after that is an {@link AnaplanError} of kind `auth`.
 */
export class Api {
  constructor(
    private readonly transport: Transport,
    private readonly auth: Authenticator,
    private readonly baseUrl: string,
  ) {}

  /** Makes a call and reads its JSON. */
  async json(call: ApiCall, o: CallOptions = {}): Promise<JsonAnswer> {
    const res = await this.send(call, o, 'identity');
    return { body: await this.read(res), status: res.status, serverDate: serverDate(res.headers) };
  }

  /** Makes a call and reads what its answer is about; what is missing becomes an error of kind `protocol`. */
  async get<T>(call: ApiCall, parse: (body: unknown) => T, o: CallOptions = {}): Promise<T> {
    const answer = await this.json(call, o);
    return this.shaped(call, answer.status, () => parse(answer.body));
  }

  /** Makes a call that is answered by nothing, or by an envelope that says no more than that it was done. */
  async run(call: ApiCall, o: CallOptions = {}): Promise<void> {
    const res = await this.send(call, o, 'identity');
    const body = await this.read(res);
    if (body !== undefined && !isRecord(body)) throw notAnaplans(res, 'nothing that Anaplan answers');
  }

  /** Reads JSON. A 2xx of a proxy, and one whose envelope tells of a failure, must never pass for Anaplan's consent. */
  private async read(res: WireResponse): Promise<unknown> {
    if (res.method === 'GET') assertWhole(res);
    const text = await readText(res, MAX_JSON_BYTES, this.errors(res));
    const why = errorText(res.headers, text);
    if (why !== undefined) throw bodyError(res, why, { code: NOT_ANAPLANS });
    try {
      return parseJson(text);
    } catch {
      throw notAnaplans(res, 'something that is not JSON');
    }
  }

  /** Starts a download; an answer that is no content breaks its stream, as one that is cut does. */
  async download(call: ApiCall, as: Content, o: CallOptions = {}): Promise<DownloadBody> {
    const res = await this.send({ priority: 'bulk', ...call }, o, 'gzip');
    return download(res, this.errors(res), as);
  }

  /** Reads a whole collection, all pages; or the one page that the options name. */
  async list<T>(collection: Collection<T>, o: PageOptions = {}): Promise<T[]> {
    return (await this.listDated(collection, o)).items;
  }

  /** As {@link list}, with the `Date` of its first answer. */
  async listDated<T>(
    collection: Collection<T>,
    o: PageOptions = {},
  ): Promise<{ items: T[]; whole: boolean; serverDate?: number | undefined }> {
    let date: number | undefined;
    const fetchPage = async (page: Partial<PageRequest> | undefined) => {
      const read = await this.page(collection, page, o);
      // The earliest date: whoever compares with it must not miss what began while the list was read.
      date ??= read.serverDate;
      return read;
    };
    try {
      const { what, idOf } = collection;
      const { offset, limit } = o;
      if (offset !== undefined || limit !== undefined) {
        const { items, totalSize: total = items.length } = await fetchPage(compact({ offset, limit }));
        return { items, whole: (offset ?? 0) + items.length >= total, serverDate: date };
      }
      const read = collection.partly
        ? await collectKnown(what, fetchPage, idOf)
        : { items: await collect(what, fetchPage, idOf), whole: true };
      return { items: read.items, whole: read.whole, serverDate: date };
    } catch (error) {
      throw this.asProtocol({ method: 'GET', path: collection.path }, 200, error);
    }
  }

  /** A collection one item after the other; a page is asked for when the one before it has been taken. */
  async *each<T>(collection: Collection<T>, o: PageOptions = {}): AsyncGenerator<T> {
    const { offset, limit } = o;
    const fetchPage = (page: PageRequest | undefined) =>
      this.page(collection, page ?? compact({ offset, limit }), o);
    try {
      yield* eachItem(collection.what, fetchPage, collection.idOf, offset);
    } catch (error) {
      throw this.asProtocol({ method: 'GET', path: collection.path }, 200, error);
    }
  }

  private async page<T>(
    collection: Collection<T>,
    page: Partial<PageRequest> | undefined,
    o: CallOptions,
  ): Promise<Page<T> & { serverDate?: number | undefined }> {
    const query = { ...collection.query, limit: page?.limit, offset: page?.offset };
    const call: ApiCall = { method: 'GET', path: collection.path, query };
    const { body, status, serverDate: date } = await this.json(call, o);
    // An empty collection is an answer without its key; nothing at all is no answer, and must not pass for "none".
    if (typeof body !== 'object' || body === null) {
      throw this.asProtocol(call, status, new ShapeError(`${collection.what} came without any content`));
    }
    const raw = itemsOf(body, collection.keys, collection.marks ?? ['id']);
    const items = this.shaped(call, status, () => raw.map(collection.item));
    return { items, totalSize: totalSize(body), next: nextPage(body), serverDate: date };
  }

  private async send(call: ApiCall, o: CallOptions, acceptEncoding: string): Promise<WireResponse> {
    const { signal } = o;
    const request: WireRequest = {
      method: call.method,
      base: this.baseUrl,
      path: call.path,
      query: queryString(call.query),
      headers: { accept: call.accept ?? 'application/json', 'accept-encoding': acceptEncoding },
      json: call.json,
      chunk: call.chunk,
      priority: o.priority ?? call.priority ?? 'light',
      poll: call.poll,
      signal,
      headersTimeoutMs: call.headersTimeoutMs,
      fresh: call.fresh,
      atSend: o.atSend,
    };
    // Before the limiter: a hundred calls that wait for one log-in must not hold a hundred turns meanwhile.
    let token = await unsent(this.auth.token(signal));
    const authorize = async (): Promise<Record<string, string>> => {
      // Again after the limiter, whose wait may have outlived the token.
      token = await unsent(this.auth.token(signal));
      await o.beforeSend?.();
      return { authorization: this.auth.authorization(token) };
    };
    try {
      return await this.transport.send(request, authorize);
    } catch (error) {
      if (!isUnauthorized(error)) throw error;
      if (!this.auth.renewable) throw unauthorized(error);
      await unsent(this.auth.replace(token, signal));
    }
    try {
      return await this.transport.send(request, authorize);
    } catch (error) {
      if (!isUnauthorized(error)) throw error;
      this.auth.doubt(token);
      throw unauthorized(error);
    }
  }

  private errors(res: WireResponse): (cause: unknown) => AnaplanError {
    return bodyErrors(res, (signal) => this.transport.aborted(res, signal, 'answered'));
  }

  private shaped<T>(call: ApiCall, status: number, parse: () => T): T {
    try {
      return parse();
    } catch (error) {
      throw this.asProtocol(call, status, error);
    }
  }

  /** What a reader of an answer missed in it, as an {@link AnaplanError} of kind `protocol`; any other error as it is. */
  asProtocol(call: ApiCall, status: number, error: unknown): unknown {
    if (!(error instanceof ShapeError)) return error;
    return new AnaplanError(`${call.method} ${call.path}: ${error.message}.`, {
      kind: 'protocol',
      method: call.method,
      path: call.path,
      status,
      sent: 'answered',
    });
  }
}

function notAnaplans(res: WireResponse, what: string): AnaplanError {
  return new AnaplanError(`${res.method} ${res.path} answered with ${what}.`, {
    kind: 'protocol',
    method: res.method,
    path: res.path,
    status: res.status,
    sent: 'answered',
    code: NOT_ANAPLANS,
    serverDate: serverDate(res.headers),
  });
}

function isUnauthorized(error: unknown): error is AnaplanError {
  return error instanceof AnaplanError && error.kind === 'status' && error.status === 401;
}

function unauthorized(error: AnaplanError): AnaplanError {
  const said = error.anaplanMessage === undefined ? '' : ` (${error.anaplanMessage})`;
  return new AnaplanError(
    `Anaplan refused ${error.method} ${error.path} with 401 although the token is new${said}.`,
    {
      kind: 'auth',
      method: error.method,
      path: error.path,
      status: 401,
      sent: 'answered',
      anaplanMessage: error.anaplanMessage,
      serverDate: error.serverDate,
    },
  );
}

/** A path whose parts are encoded: IDs come from users. */
export function path(strings: TemplateStringsArray, ...parts: (string | number)[]): string {
  return strings.reduce((text, piece, i) => {
    const part = parts[i];
    // A URL would resolve these away, and the call would reach something else.
    if (part === '' || part === '.' || part === '..') throw new TypeError(`"${part}" is not an Anaplan ID`);
    return text + piece + (part === undefined ? '' : encodeURIComponent(String(part)));
  }, '');
}

/**
 * Waits for the log-in of a call. Whatever goes wrong in it, the call itself was not sent: nobody has to wonder whether
 * it had its effect. (A call answered by 401 had none either.)
 */
async function unsent<T>(logIn: Promise<T>): Promise<T> {
  try {
    return await logIn;
  } catch (error) {
    if (!(error instanceof AnaplanError) || error.sent === 'no') throw error;
    throw new AnaplanError(error.message, { ...error, sent: 'no', cause: error.cause });
  }
}
