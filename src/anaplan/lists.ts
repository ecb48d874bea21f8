import { path, type Api, type Collection } from './api';
import {
  parseListChange,
  parseListItem,
  parseListMetadata,
  type ListChange,
  type ListItem,
  type ListMetadata,
} from './list-answers';
import { modelPath } from './models';
import { parseNamed } from './objects';
import { streamItems } from './streams';
import type { CallOptions, DownloadBody, ModelRef, Named, PageOptions } from './types';

/** Items of one request at most (anaplan-api: "Add list items", "Update list items", "Delete list items"). */
export const MAX_LIST_ITEMS = 100_000;

/** An item to add. A general list needs its name, a numbered one has none. */
export interface NewListItem {
  name?: string;
  code?: string;
  /** The name of the parent. */
  parent?: string;
  /** Texts whatever their format, also booleans (`"true"`). */
  properties?: Readonly<Record<string, string>>;
  subsets?: Readonly<Record<string, boolean>>;
}

/**
 * An item to change, found by its ID, else by its code, else (in a general list, while it has no code) by its name. What is
 * left out stays; a code can be changed where the ID is given, and never removed.
 */
export interface ListItemUpdate extends NewListItem {
  id?: string;
}

/** An item to delete: by its ID or its code, not both. */
export type ListItemKey = { id: string } | { code: string };

/** Options of the items of a list. */
export interface ListItemOptions extends CallOptions {
  /** Subsets and properties too, and with Selective Access who may read and write. Default false. */
  includeAll?: boolean | undefined;
}

/** Lists of a model and their items (anaplan-api: "Model lists"); all but {@link list} for Workspace Administrators. */
export class ListsApi {
  constructor(
    private readonly api: Api,
    private readonly writeMs: number,
  ) {}

  list(ref: ModelRef, o?: PageOptions): Promise<Named[]> {
    return this.api.list(lists(ref), o);
  }

  /** As {@link list}, one after the other; `limit` is the size of a page. */
  each(ref: ModelRef, o?: PageOptions): AsyncGenerator<Named> {
    return this.api.each(lists(ref), o);
  }

  /** Parent, properties, subsets and number of items (anaplan-api: "Retrieve list metadata"). */
  get(ref: ModelRef, listId: string, o?: CallOptions): Promise<ListMetadata> {
    return this.api.get({ method: 'GET', path: listPath(ref, listId) }, parseListMetadata, o);
  }

  /** The items of a list as they arrive: up to 1,000,000, else 400; then `reads` (anaplan-api: "Retrieve list data"). */
  items(ref: ModelRef, listId: string, o: ListItemOptions = {}): AsyncGenerator<ListItem> {
    const call = { method: 'GET' as const, path: `${listPath(ref, listId)}/items`, query: includeAll(o) };
    return streamItems(
      this.api,
      call,
      `the items of list ${listId}`,
      ['listItems', 'items'],
      parseListItem,
      o,
    );
  }

  /** As {@link items}, as CSV: ID, name, code and parent, then with `includeAll` the subsets and the properties. */
  itemsCsv(ref: ModelRef, listId: string, o: ListItemOptions = {}): Promise<DownloadBody> {
    const at = `${listPath(ref, listId)}/items`;
    return this.api.download({ method: 'GET', path: at, query: includeAll(o), accept: 'text/csv' }, 'csv', o);
  }

  /** The first 1,000 records of a list as a large read would give them, CSV (anaplan-api: "Preview large data list read"). */
  preview(ref: ModelRef, listId: string, o?: CallOptions): Promise<DownloadBody> {
    return this.api.download(
      { method: 'GET', path: `${listPath(ref, listId)}/preview`, accept: 'text/csv' },
      'csv',
      o,
    );
  }

  /**
   * Adds items (anaplan-api: "Add list items"), up to {@link MAX_LIST_ITEMS}. A name or code that exists fails and changes
   * nothing. NOT idempotent: after a lost answer, items with codes or names may be sent again, and those that were added
   * fail as duplicates; items of a numbered list without codes would be there twice.
   * @throws RangeError where it is more than one request may be; nothing was sent
   */
  add(ref: ModelRef, listId: string, items: readonly NewListItem[], o?: CallOptions): Promise<ListChange> {
    return this.change('POST', ref, listId, 'add', items, o);
  }

  /**
   * Changes items (anaplan-api: "Update list items"), up to {@link MAX_LIST_ITEMS}. A lost answer may be repeated, unless it
   * changes the code that items are found by.
   * @throws RangeError where it is more than one request may be; nothing was sent
   */
  update(
    ref: ModelRef,
    listId: string,
    items: readonly ListItemUpdate[],
    o?: CallOptions,
  ): Promise<ListChange> {
    return this.change('PUT', ref, listId, undefined, items, o);
  }

  /**
   * Deletes items with all their data (anaplan-api: "Delete list items"), up to {@link MAX_LIST_ITEMS}. A lost answer may be
   * repeated: what is gone fails as `Not found`.
   * @throws RangeError where it is more than one request may be; nothing was sent
   */
  deleteItems(
    ref: ModelRef,
    listId: string,
    items: readonly ListItemKey[],
    o?: CallOptions,
  ): Promise<ListChange> {
    return this.change('POST', ref, listId, 'delete', items, o);
  }

  /**
   * Lets the index of an empty list begin anew (anaplan-api: "Reset list index"); 400 where it has items. Destroys nothing, so
   * a lost answer may be repeated.
   */
  resetIndex(ref: ModelRef, listId: string, o?: CallOptions): Promise<void> {
    const at = path`/models/${ref.modelId}/lists/${listId}/resetIndex`;
    return this.api.run({ method: 'POST', path: at }, o);
  }

  private async change(
    method: 'POST' | 'PUT',
    ref: ModelRef,
    listId: string,
    action: 'add' | 'delete' | undefined,
    items: readonly object[],
    o?: CallOptions,
  ): Promise<ListChange> {
    if (items.length > MAX_LIST_ITEMS)
      throw new RangeError(`${items.length} items are more than ${MAX_LIST_ITEMS}.`);
    const call = { method, path: `${listPath(ref, listId)}/items`, query: { action }, json: { items } };
    // Anaplan waits while the model is busy; a kept connection may be dead by now, and an add must not go astray.
    return this.api.get(
      { ...call, headersTimeoutMs: this.writeMs, fresh: action === 'add' },
      parseListChange,
      o,
    );
  }
}

const listPath = (ref: ModelRef, listId: string): string => modelPath(ref) + path`/lists/${listId}`;
/** The guide calls the parameter required. */
const includeAll = (o: ListItemOptions) => ({ includeAll: o.includeAll ?? false });

const lists = (ref: ModelRef): Collection<Named> => ({
  path: `${modelPath(ref)}/lists`,
  what: 'the list of lists',
  keys: ['lists', 'list'],
  item: parseNamed,
  idOf: (l) => l.id,
});
