import { compact } from './compact';
import type { ModelData, Product } from './data';
import type { ListDefinition } from './definitions';

/** An item of a list as it is stored. What it does not have is absent. */
export interface Entry {
  id: string;
  name: string;
  code?: string;
  /** The parent's name. */
  parent?: string;
  /** By name; numbers as `1.0`. */
  properties: Record<string, string>;
  /** By name of the subset. */
  subsets: Record<string, boolean>;
}

/** The items of a list, whatever they are kept in. */
export interface ListStore {
  readonly size: number;
  entries(): Iterable<Entry>;
  byId(id: string): Entry | undefined;
  byCode(code: string): Entry | undefined;
  byName(name: string): Entry | undefined;
  /** Adds an item and gives it its ID. */
  add(entry: Omit<Entry, 'id'>): Entry;
  replace(before: Entry, after: Entry): void;
  remove(entry: Entry): void;
}

/** A list that is nothing but items. */
export class PlainList implements ListStore {
  /** Of a numbered list: the number of the next item. */
  nextIndex = 1;
  private readonly items = new Map<string, Entry>();
  private readonly codes = new Map<string, Entry>();
  private readonly names = new Map<string, Entry>();

  constructor(
    private readonly newId: () => string,
    private readonly numbered: boolean,
  ) {}

  get size(): number {
    return this.items.size;
  }
  entries(): Iterable<Entry> {
    return this.items.values();
  }
  byId(id: string): Entry | undefined {
    return this.items.get(id);
  }
  byCode(code: string): Entry | undefined {
    return this.codes.get(code);
  }
  byName(name: string): Entry | undefined {
    return this.names.get(name);
  }
  add(fields: Omit<Entry, 'id'>): Entry {
    // anaplan-api: "Add list items": the name of a numbered list's item is made by Anaplan.
    const name = this.numbered ? `#${this.nextIndex++}` : fields.name;
    const entry = { ...fields, id: this.newId(), name };
    this.put(entry);
    return entry;
  }
  replace(before: Entry, after: Entry): void {
    this.codes.delete(before.code ?? '');
    this.names.delete(before.name);
    this.put(after);
  }
  remove(entry: Entry): void {
    this.items.delete(entry.id);
    this.codes.delete(entry.code ?? '');
    this.names.delete(entry.name);
  }
  private put(entry: Entry): void {
    this.items.set(entry.id, entry);
    this.names.set(entry.name, entry);
    if (entry.code !== undefined) this.codes.set(entry.code, entry);
  }
}

const SUBSET = 'Active Products';
const LAUNCH = 'Launch Date';

/** The lists Products and Regions, which imports, exports and actions work on too: kept by code, or by name without one. */
class KeyedList implements ListStore {
  /** Built when an item is first looked for by its name or ID; a store lives as long as one request. */
  private index: { ids: Map<string, string>; names: Map<string, string> } | undefined;

  constructor(
    private readonly listId: string,
    private readonly data: ModelData,
    private readonly rows: {
      size(): number;
      keys(): Iterable<string>;
      get(key: string): Omit<Entry, 'id'> | undefined;
      set(key: string, entry: Omit<Entry, 'id'>): void;
      delete(key: string): void;
    },
  ) {}

  get size(): number {
    return this.rows.size();
  }
  *entries(): Iterable<Entry> {
    for (const key of this.rows.keys()) {
      const entry = this.entry(key);
      if (entry !== undefined) yield entry;
    }
  }
  byId(id: string): Entry | undefined {
    return this.entry(this.indexed().ids.get(id));
  }
  byCode(code: string): Entry | undefined {
    const entry = this.entry(code);
    return entry?.code === code ? entry : undefined;
  }
  byName(name: string): Entry | undefined {
    return this.entry(this.indexed().names.get(name));
  }
  add(fields: Omit<Entry, 'id'>): Entry {
    const key = keyOf(fields);
    this.rows.set(key, fields);
    const id = this.data.itemId(this.listId, key);
    this.index?.ids.set(id, key);
    this.index?.names.set(fields.name, key);
    return { ...fields, id };
  }
  replace(before: Entry, after: Entry): void {
    const [from, to] = [keyOf(before), keyOf(after)];
    if (from !== to) {
      this.data.moveItem(this.listId, from, to);
      this.rows.delete(from);
    }
    this.rows.set(to, after);
    this.index = undefined;
  }
  remove(entry: Entry): void {
    this.rows.delete(keyOf(entry));
    this.data.forgetItem(this.listId, keyOf(entry));
    this.index?.ids.delete(entry.id);
    this.index?.names.delete(entry.name);
  }

  private entry(key: string | undefined): Entry | undefined {
    const fields = key === undefined ? undefined : this.rows.get(key);
    return fields === undefined || key === undefined
      ? undefined
      : { id: this.data.itemId(this.listId, key), ...fields };
  }
  private indexed() {
    if (this.index !== undefined) return this.index;
    const entries = [...this.entries()];
    this.index = {
      ids: new Map(entries.map((entry) => [entry.id, keyOf(entry)])),
      names: new Map(entries.map((entry) => [entry.name, keyOf(entry)])),
    };
    return this.index;
  }
}

const keyOf = (entry: { code?: string; name: string }): string => entry.code ?? entry.name;

function productEntry(key: string, product: Product): Omit<Entry, 'id'> {
  return {
    name: product.name,
    ...(product.code === '' ? {} : { code: key }),
    ...(product.category === '' ? {} : { parent: product.category }),
    subsets: { [SUBSET]: product.active },
    properties: product.launch === '' ? {} : { [LAUNCH]: product.launch },
  };
}

/** The items of a list; nothing for the list that is computed. */
export function storeOf(data: ModelData, list: ListDefinition): ListStore | undefined {
  switch (list.content) {
    case 'bulk':
      return undefined;
    case 'items':
      return data.plainList(list.id, list.numbered ?? false);
    case 'products':
      return new KeyedList(list.id, data, {
        size: () => data.products.size,
        keys: () => data.products.keys(),
        get: (key) => {
          const product = data.products.get(key);
          return product && productEntry(key, product);
        },
        set: (key, { name, code = '', parent: category = '', properties, subsets }) =>
          data.products.set(key, {
            code,
            name,
            category,
            launch: properties[LAUNCH] ?? '',
            active: subsets[SUBSET] ?? false,
          }),
        delete: (key) => data.products.delete(key),
      });
    case 'regions':
      return new KeyedList(list.id, data, {
        size: () => data.regions.size,
        keys: () => data.regions.keys(),
        get: (key) => {
          const name = data.regions.get(key);
          if (name === undefined) return undefined;
          return { name, ...compact({ code: key === name ? undefined : key }), properties: {}, subsets: {} };
        },
        set: (key, { name }) => data.regions.set(key, name),
        delete: (key) => data.regions.delete(key),
      });
  }
}
