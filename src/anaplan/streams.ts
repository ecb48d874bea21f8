import type { Api, ApiCall } from './api';
import { AnaplanError, ShapeError } from './errors';
import { jsonEvents, type JsonEvent } from './http/json-stream';
import type { CallOptions } from './types';

/**
 * Makes a call whose JSON answer has one large array at one of `keys`, and reads it piece by piece: Anaplan answers up to
 * 1,000,000 items or cells in one, which is more than a worker should hold. The call is sent when the first event is
 * asked for. What is no whole JSON is an error, at the latest after the last item.
 */
export async function* streamJson(
  api: Api,
  call: ApiCall,
  what: string,
  keys: readonly string[],
  o: CallOptions = {},
): AsyncGenerator<JsonEvent[]> {
  const body = await api.download({ accept: 'application/json', ...call }, 'csv', o);
  try {
    yield* jsonEvents(body.stream, keys);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new AnaplanError(
      `The body of ${call.method} ${call.path} cannot be used: ${what}: ${error.message}.`,
      {
        kind: 'body',
        method: call.method,
        path: call.path,
        status: 200,
        sent: 'answered',
      },
    );
  } finally {
    await body.discard();
  }
}

/** The items of such an answer. An answer without the array has none; a single object stands for one item. */
export async function* streamItems<T>(
  api: Api,
  call: ApiCall,
  what: string,
  keys: readonly string[],
  item: (raw: unknown) => T,
  o: CallOptions = {},
): AsyncGenerator<T> {
  const read = (raw: unknown): T => {
    try {
      return item(raw);
    } catch (error) {
      throw error instanceof ShapeError ? api.asProtocol(call, 200, error) : error;
    }
  };
  for await (const events of streamJson(api, call, what, keys, o)) {
    for (const event of events) {
      if ('item' in event) {
        if (event.item !== null) yield read(event.item);
      } else if (keys.includes(event.key) && typeof event.value === 'object' && event.value !== null) {
        yield read(event.value);
      }
    }
  }
}

/** Everything that comes, held. */
export async function held<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
