import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { json, Refusal, type Reply } from '../http';
import type { Model } from '../model';
import type { World } from '../world';

/** A request on its way to its handler. */
export interface Call {
  world: World;
  method: string;
  /** The path as asked, for error bodies. */
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  params: Record<string, string>;
  body: Readable;
  /** A proxy's second delivery: not the client's doing. */
  repeated: boolean;
  /** The model of the path; only in routes below `/models/{m}`. */
  model: Model;
}

/** One endpoint. */
export interface Route {
  method: string;
  /** Below `/2/0`, without `/workspaces/{w}` before `/models/{m}`. */
  pattern: string;
  /** Whether a busy model answers it (anaplan-api: "API behavior when the model is busy"). */
  busy: 'answers' | 'holds';
  handle: (call: Call) => Reply | Promise<Reply>;
}

/** Makes a route that a busy model answers. */
export const answers = (method: string, pattern: string, handle: Route['handle']): Route => ({
  method,
  pattern,
  busy: 'answers',
  handle,
});
/** Makes a route that a busy model holds. */
export const holds = (method: string, pattern: string, handle: Route['handle']): Route => ({
  method,
  pattern,
  busy: 'holds',
  handle,
});

/** A value of the path. */
export function param(call: Call, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new Refusal(404, 'Not Found');
  return value;
}

/** A whole number of the path, or a 400. */
export function indexParam(call: Call, name: string): number {
  const text = param(call, name);
  if (!/^\d+$/.test(text)) throw new Refusal(400, `${text} is not a number.`);
  return Number(text);
}

/** An item by its ID, or a 404 in the documented words. */
export function find<T extends { id: string }>(items: readonly T[], id: string): T {
  const item = items.find((candidate) => candidate.id === id);
  if (item === undefined) throw new Refusal(404, 'Not Found');
  return item;
}

/** The schema URL of an object type; below the model where there is one. */
function schema(call: Call, type: string): string {
  const below = call.params.m === undefined ? '' : `/models/${call.params.m}`;
  return `${call.world.baseUrl}/2/0${below}/objects/${type}`;
}

const SUCCESS = { code: 200, message: 'Success' };

/** The usual envelope around `fields`. */
export function envelope(call: Call, type: string, fields: Record<string, unknown>): Reply {
  return json({ meta: { schema: schema(call, type) }, status: SUCCESS, ...fields });
}

function numberQuery(call: Call, name: string, fallback: number): number {
  const text = call.query.get(name);
  if (text === null) return fallback;
  if (!/^\d+$/.test(text)) throw new Refusal(400, `${name} must be a number of 0 or more.`);
  return Number(text);
}

/**
 * A list answer with paging (anaplan-api: "Displaying Pages of Results"). `omitEmpty` leaves the key out of an empty list
 * (anaplan-api: "Envelope, errors, paging").
 */
export function paged(
  call: Call,
  type: string,
  key: string,
  all: readonly object[],
  omitEmpty = false,
): Reply {
  const size = call.world.settings.pageSize;
  const offset = numberQuery(call, 'offset', 0);
  const limit = Math.min(size, Math.max(1, numberQuery(call, 'limit', size)));
  const sort = call.query.get('sort')?.trim();
  const items = sort ? sorted(all, sort) : all;
  const page = items.slice(offset, offset + limit);
  const link = (to: number) => {
    const query = new URLSearchParams(call.query);
    query.set('limit', String(limit));
    query.set('offset', String(to));
    return `${call.world.baseUrl}${call.path}?${query.toString()}`;
  };
  const paging = {
    currentPageSize: page.length,
    ...(offset + page.length < items.length ? { next: link(offset + page.length) } : {}),
    offset,
    ...(offset > 0 ? { previous: link(Math.max(0, offset - limit)) } : {}),
    totalSize: items.length,
  };
  const list = omitEmpty && page.length === 0 ? {} : { [key]: page };
  return json({ meta: { paging, schema: schema(call, type) }, status: SUCCESS, ...list });
}

function sorted(items: readonly object[], sort: string): object[] {
  const descending = /^[-\s]/.test(sort);
  const field = sort.replace(/^[-+\s]+/, '');
  const value = (item: object): string | number => {
    const found = (item as Record<string, unknown>)[field];
    return typeof found === 'number' ? found : String(found ?? '');
  };
  const compare = (a: object, b: object) => {
    const [x, y] = [value(a), value(b)];
    return x < y ? -1 : x > y ? 1 : 0;
  };
  return [...items].sort((a, b) => (descending ? compare(b, a) : compare(a, b)));
}
