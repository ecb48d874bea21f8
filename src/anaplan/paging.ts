import { compact } from './compact';
import { ShapeError } from './errors';
import { isRecord, optionalNumber, optionalText } from './parse';

/** One page of a collection. */
export interface Page<T> {
  items: T[];
  /** `meta.paging.totalSize`; absent where the answer has no paging. */
  totalSize?: number | undefined;
  /** The page that `meta.paging.next` leads to; absent where the answer names none. */
  next?: Partial<PageRequest> | undefined;
}

function pagingOf(body: unknown): Record<string, unknown> {
  const meta = isRecord(body) ? body['meta'] : undefined;
  const paging = isRecord(meta) ? meta['paging'] : undefined;
  return isRecord(paging) ? paging : {};
}

/** `meta.paging.totalSize` of an answer. */
export function totalSize(body: unknown): number | undefined {
  const size = optionalNumber.parse(pagingOf(body)['totalSize']);
  return size !== undefined && size >= 0 ? size : undefined;
}

/** What `meta.paging.next` asks for. Only its numbers are used: the address itself may be another host's. */
export function nextPage(body: unknown): Partial<PageRequest> | undefined {
  const next = optionalText.parse(pagingOf(body)['next']);
  if (next === undefined || next.trim() === '') return undefined;
  const query = new URLSearchParams(next.slice(next.indexOf('?') + 1));
  const whole = (name: string): number | undefined => {
    const value = query.get(name);
    return value !== null && /^\d+$/.test(value) ? Number(value) : undefined;
  };
  const offset = whole('offset');
  const limit = whole('limit');
  return compact({ offset, limit });
}

/** The part of a collection to ask for; absent for the first page, which Anaplan sizes itself. */
export interface PageRequest {
  offset: number;
  limit: number;
}

/**
 * Reads a whole collection: page after page by the number of items received (never by `currentPageSize`, which a
 * public client trusted and lost rows by), until `totalSize` is reached. More than `totalSize` is fine (the guide
 * shows a total of 3 with 4 chunks). Without a total the pages are followed by `next`; without either one page is all.
 *
 * A collection that changes while it is read can shift an item from one page to the next, which then comes twice
 * while another is missed. That shows as distinct IDs below the total, and the collection is read again once.
 *
 * @param what - names the collection in errors
 * @param fetchPage - reads one page
 * @param idOf - the items' identity
 * @throws ShapeError when a page is empty before the total is reached, or the server repeats pages
 */
export async function collect<T>(
  what: string,
  fetchPage: (page: PageRequest | undefined) => Promise<Page<T>>,
  idOf: (item: T) => string,
): Promise<T[]> {
  const first = await readAll(what, fetchPage, idOf);
  if (first.whole) return first.items;
  const second = await readAll(what, fetchPage, idOf);
  if (second.whole) return second.items;
  throw new ShapeError(
    `${what} changed while it was read, twice: ${second.items.length} different items of ${second.total}`,
  );
}

/**
 * As {@link collect}, but takes what came where a total is not reached: for lists whose reader can live with less, as
 * long as it knows. The guide shows a task list with a total of 2 and one task.
 */
export async function collectKnown<T>(
  what: string,
  fetchPage: (page: PageRequest | undefined) => Promise<Page<T>>,
  idOf: (item: T) => string,
): Promise<{ items: T[]; whole: boolean }> {
  const first = await readAll(what, fetchPage, idOf, true);
  return first.whole ? first : readAll(what, fetchPage, idOf, true);
}

async function readAll<T>(
  what: string,
  fetchPage: (page: PageRequest | undefined) => Promise<Page<T>>,
  idOf: (item: T) => string,
  lenient = false,
): Promise<{ items: T[]; total: number; whole: boolean }> {
  const first = await fetchPage(undefined);
  const total = first.totalSize;
  if (total === undefined && first.next !== undefined) return followNext(what, fetchPage, idOf, first);
  if (total === undefined || first.items.length >= total) {
    // One answer is consistent in itself: nothing is removed from it.
    return { items: first.items, total: total ?? first.items.length, whole: true };
  }
  const limit = Math.max(1, first.items.length);
  const byId = new Map(first.items.map((item) => [idOf(item), item]));
  let received = first.items.length;
  let wanted = total;
  const partly = () => ({ items: [...byId.values()], total: wanted, whole: false });
  if (received === 0) {
    if (lenient) return partly();
    throw new ShapeError(`${what} came with no item although it says it has ${total}`);
  }
  while (received < wanted) {
    const page = await fetchPage({ offset: received, limit });
    wanted = page.totalSize ?? wanted;
    if (page.items.length === 0) {
      if (received >= wanted) break;
      if (lenient) return partly();
      throw new ShapeError(`${what} ended early: ${received} of ${wanted} items were received`);
    }
    const fresh = page.items.filter((item) => !byId.has(idOf(item)));
    if (fresh.length === 0) {
      if (lenient) return partly();
      throw new ShapeError(`${what} repeats itself: ${received} of ${wanted} items were received`);
    }
    for (const item of fresh) byId.set(idOf(item), item);
    received += page.items.length;
  }
  return { items: [...byId.values()], total: wanted, whole: byId.size >= wanted };
}

/** Page after page, until one names no next. */
async function followNext<T>(
  what: string,
  fetchPage: (page: PageRequest | undefined) => Promise<Page<T>>,
  idOf: (item: T) => string,
  first: Page<T>,
): Promise<{ items: T[]; total: number; whole: boolean }> {
  const byId = new Map(first.items.map((item) => [idOf(item), item]));
  let received = first.items.length;
  let page = first;
  while (page.next !== undefined && page.items.length > 0) {
    const limit = Math.max(1, page.next.limit ?? first.items.length);
    page = await fetchPage({ offset: page.next.offset ?? received, limit });
    const before = byId.size;
    for (const item of page.items) byId.set(idOf(item), item);
    if (page.items.length > 0 && byId.size === before) {
      throw new ShapeError(`${what} repeats itself: ${received} items were received`);
    }
    received += page.items.length;
  }
  // Fewer different items than were received: one was shifted from page to page, and another one may be missing.
  return { items: [...byId.values()], total: received, whole: byId.size === received };
}

/**
 * The items of a collection, one after the other, never more of them held than a page and the IDs that were seen. It
 * cannot be read again as {@link collect} does, so one that changes meanwhile ends in an error once all was given out.
 *
 * @param from - the offset at which the first page begins
 * @throws ShapeError when a page is empty before the total is reached, when pages repeat, or an item may be missing
 */
export async function* eachItem<T>(
  what: string,
  fetchPage: (page: PageRequest | undefined) => Promise<Page<T>>,
  idOf: (item: T) => string,
  from = 0,
): AsyncGenerator<T> {
  const seen = new Set<string>();
  let page = await fetchPage(undefined);
  const limit = Math.max(1, page.items.length);
  let received = 0;
  for (;;) {
    const before = seen.size;
    for (const item of page.items) {
      const id = idOf(item);
      if (seen.has(id) && received > 0) continue;
      seen.add(id);
      yield item;
    }
    received += page.items.length;
    const total = page.totalSize;
    const more = total === undefined ? page.next !== undefined : from + received < total;
    if (more && page.items.length === 0)
      throw new ShapeError(
        `${what} ended early: ${from + received} of ${total ?? 'more'} items were received`,
      );
    if (received > limit && seen.size === before && page.items.length > 0)
      throw new ShapeError(`${what} repeats itself: ${received} items were received`);
    if (!more) break;
    page = await fetchPage({
      offset: total === undefined ? (page.next?.offset ?? from + received) : from + received,
      limit,
    });
  }
  // One answer is consistent in itself; of several, one item that came twice stands for one that was missed.
  if (received > limit && seen.size < received)
    throw new ShapeError(`${what} changed while it was read: ${seen.size} different items of ${received}`);
}
