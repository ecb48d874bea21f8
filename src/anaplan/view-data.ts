import type { Api, ApiCall } from './api';
import { ShapeError } from './errors';
import { isRecord, textOrEmpty } from './parse';
import { streamJson } from './streams';
import type { CallOptions } from './types';

/** The cells of one page of a view. */
export interface ViewData {
  /** The item that is shown of each dimension on the pages; [] where there is none. */
  pages: string[];
  /** Of each column, the item of each dimension on the columns. */
  columns: string[][];
  /** Once, in the view's order. */
  rows: AsyncIterable<ViewRow>;
}

export interface ViewRow {
  /** The item of each dimension on the rows. */
  coordinates: string[];
  /** The values of the columns, in their order, as Anaplan writes them; '' for an empty cell. */
  cells: string[];
}

/** Texts out of `["a", "b"]` and `[["a"], ["b"]]`: the guide describes the one and prints the other. */
function texts(raw: unknown): string[] {
  if (Array.isArray(raw)) return raw.flatMap(texts);
  return raw === undefined || raw === null ? [] : [textOrEmpty.parse(raw)];
}

const columnsOf = (raw: unknown): string[][] => (Array.isArray(raw) ? raw.map(texts) : []);

/** Reads one row. */
export function parseViewRow(raw: unknown): ViewRow {
  if (!isRecord(raw)) throw new ShapeError('a row of the view is no object');
  const cells = raw['cells'];
  return {
    coordinates: texts(raw['rowCoordinates']),
    cells: Array.isArray(cells) ? cells.map((cell) => textOrEmpty.parse(cell)) : [],
  };
}

/** Makes the call; returns when the columns are known, which come before the rows. */
export async function readViewData(api: Api, call: ApiCall, o: CallOptions): Promise<ViewData> {
  const events = streamJson(api, call, 'the cells of the view', ['rows'], o);
  const head: Record<string, unknown> = {};
  const early: unknown[] = [];
  const inOrder = () => 'columnCoordinates' in head;
  for (;;) {
    const next = await events.next();
    if (next.done) break;
    for (const event of next.value) {
      if ('key' in event) head[event.key] = event.value;
      // Rows before their columns are held until those come: both are one answer, in whatever order.
      else early.push(event.item);
    }
    if (early.length > 0 && inOrder()) break;
  }
  const rest = async function* (): AsyncGenerator<ViewRow> {
    const row = (raw: unknown): ViewRow => {
      try {
        return parseViewRow(raw);
      } catch (error) {
        throw api.asProtocol(call, 200, error);
      }
    };
    try {
      for (const raw of early.splice(0)) yield row(raw);
      for await (const batch of events) {
        for (const event of batch) if ('item' in event) yield row(event.item);
      }
    } finally {
      await events.return(undefined);
    }
  };
  return { pages: texts(head['pages']), columns: columnsOf(head['columnCoordinates']), rows: rest() };
}
