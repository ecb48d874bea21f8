import { isIsoDate } from './calendar';
import type { ModelData } from './data';
import type { ListDefinition, ModelDefinition, PropertyDefinition } from './definitions';
import { asObject, Refusal } from './http';
import { storeOf, type Entry, type ListStore } from './list-store';

/** More are refused in one call (anaplan-api: "Add list items"). */
const MAX_ITEMS = 100_000;

/** An item of a request that changed nothing. */
export interface Failure {
  requestIndex: number;
  failureType: string;
  failureMessageDetails: string;
}

/** Why an item is refused; becomes a {@link Failure}. */
class Rejected extends Error {
  constructor(
    readonly type: string,
    message: string,
  ) {
    super(message);
  }
}

const wrongFormat = (column: string, value: unknown) =>
  new Rejected('INCORRECT_FORMAT', `incorrect format -- column name:${column}, value:${said(value)}`);
const incomplete = (message: string) => new Rejected('INCOMPLETE_DATA', message);
const duplicate = (what: string) => new Rejected('DUPLICATE', `There is a duplicate ${what}.`);

const said = (value: unknown): string =>
  typeof value === 'string'
    ? value
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value as number);
const given = (value: unknown): string | undefined =>
  value === undefined || value === null ? undefined : said(value);

/** Changes of one list by the documented rules (anaplan-api: "Logic for add items", "Update logic", "Delete list items"). */
export class ListEdits {
  private readonly store: ListStore;

  constructor(
    private readonly data: ModelData,
    private readonly definition: ModelDefinition,
    private readonly list: ListDefinition,
  ) {
    const store = storeOf(data, list);
    if (store === undefined)
      throw new Refusal(400, `The items of ${list.name} are computed: they cannot be changed.`);
    this.store = store;
  }

  /** Adds items; those that fail are left out. */
  add(items: readonly unknown[]): { done: number; failures: Failure[] } {
    return this.each(items, (item) => {
      const name = given(item.name);
      const code = given(item.code) || undefined;
      if (this.list.numbered && name !== undefined) throw incomplete('A name is not a valid input.');
      if (!this.list.numbered && (name === undefined || name === ''))
        throw incomplete('There is a missing name.');
      if (name !== undefined && this.store.byName(name) !== undefined) throw duplicate('name');
      if (code !== undefined && this.store.byCode(code) !== undefined)
        throw duplicate(this.list.numbered ? 'code' : 'name');
      const parent = this.parent(item.parent);
      this.store.add({
        name: name ?? '',
        ...(code === undefined ? {} : { code }),
        ...(parent === undefined ? {} : { parent }),
        properties: this.properties(item.properties),
        subsets: this.subsets(item.subsets),
      });
    });
  }

  /** Changes items; what an item does not name stays. */
  update(items: readonly unknown[]): { done: number; failures: Failure[] } {
    return this.each(items, (item) => {
      const before = this.found(item);
      const name = given(item.name);
      const code = given(item.code);
      if (code === '') throw incomplete('A code cannot be removed.');
      const clash = (other: Entry | undefined) => other !== undefined && other.id !== before.id;
      if (name !== undefined && clash(this.store.byName(name))) throw duplicate('name');
      if (code !== undefined && clash(this.store.byCode(code))) throw duplicate('code');
      const parent = 'parent' in item ? this.parent(item.parent) : before.parent;
      const { parent: _, ...rest } = before;
      this.store.replace(before, {
        ...rest,
        ...(name === undefined ? {} : { name }),
        ...(code === undefined ? {} : { code }),
        ...(parent === undefined ? {} : { parent }),
        properties: { ...before.properties, ...this.properties(item.properties) },
        subsets: { ...before.subsets, ...this.subsets(item.subsets) },
      });
    });
  }

  /** Deletes items, and what is written of them. */
  remove(items: readonly unknown[]): { done: number; failures: Failure[] } {
    return this.each(items, (item) => {
      const [id, code] = [given(item.id), given(item.code)];
      if (id !== undefined && code !== undefined)
        throw new Rejected('Ambiguous criteria', `Specifying both ID and code not supported (${id}:${code})`);
      const entry = id === undefined ? this.store.byCode(code ?? '') : this.store.byId(id);
      if (entry === undefined) {
        const what = id === undefined ? `Code '${code ?? ''}'` : `ID '${id}'`;
        throw new Rejected('Not found', `${what} not found`);
      }
      this.store.remove(entry);
      this.data.forgetCells(entry.id);
    });
  }

  private each(
    items: readonly unknown[],
    change: (item: Record<string, unknown>) => void,
  ): { done: number; failures: Failure[] } {
    if (items.length > MAX_ITEMS) throw new Refusal(400, `More than ${MAX_ITEMS} items in one request.`);
    const failures: Failure[] = [];
    for (const [requestIndex, item] of items.entries()) {
      try {
        change(asObject(item) ?? {});
      } catch (error) {
        if (!(error instanceof Rejected)) throw error;
        failures.push({ requestIndex, failureType: error.type, failureMessageDetails: error.message });
      }
    }
    return { done: items.length - failures.length, failures };
  }

  /** The item that an update is about, by the documented table. */
  private found(item: Record<string, unknown>): Entry {
    const [id, name, code] = [given(item.id), given(item.name), given(item.code)];
    if (this.list.numbered && name !== undefined) throw incomplete('A name is not a valid input.');
    const byId = id === undefined ? undefined : this.store.byId(id);
    if (id !== undefined) {
      if (byId === undefined) throw incomplete(`ID '${id}' not found`);
      return byId;
    }
    const byCode = code === undefined ? undefined : this.store.byCode(code);
    if (byCode !== undefined) return byCode;
    const byName = name === undefined ? undefined : this.store.byName(name);
    if (byName === undefined) throw incomplete('There is no item with this name or code.');
    if (byName.code !== undefined)
      throw incomplete(
        code === undefined ? 'The code is required to identify the record.' : 'The name is already used.',
      );
    return byName;
  }

  private parent(value: unknown): string | undefined {
    const name = given(value);
    if (name === undefined || name === '') return undefined;
    const above = this.definition.lists.find((one) => one.id === this.list.parent);
    if (above === undefined || storeOf(this.data, above)?.byName(name) === undefined)
      throw wrongFormat('parent', name);
    return name;
  }

  private subsets(value: unknown): Record<string, boolean> {
    const pairs = Object.entries(asObject(value) ?? {}).map(([name, member]): [string, boolean] => {
      const known = this.list.subsets?.some((subset) => subset.name === name) ?? false;
      if (!known || !/^(true|false)$/i.test(said(member))) throw wrongFormat(name, member);
      return [name, /^true$/i.test(said(member))];
    });
    return Object.fromEntries(pairs);
  }

  private properties(value: unknown): Record<string, string> {
    const pairs = Object.entries(asObject(value) ?? {}).map(([name, text]): [string, string] => {
      const property = this.list.properties?.find((one) => one.name === name);
      const kept = property && this.propertyValue(property, said(text));
      if (kept === undefined) throw wrongFormat(name, text);
      return [name, kept];
    });
    return Object.fromEntries(pairs);
  }

  /** A property's value as it is kept, or nothing where it is none. */
  private propertyValue({ format, list }: PropertyDefinition, text: string): string | undefined {
    if (text === '' || format === 'TEXT') return text;
    switch (format) {
      case 'NUMBER': {
        const number = Number(text);
        if (!Number.isFinite(number)) return undefined;
        return Number.isInteger(number) ? number.toFixed(1) : String(number);
      }
      case 'BOOLEAN':
        return /^(true|false)$/i.test(text) ? text.toLowerCase() : undefined;
      case 'DATE':
        return isIsoDate(text) ? text : undefined;
      case 'TIME_ENTITY':
        return this.data.calendar.find(text)?.name;
      case 'ENTITY': {
        const of = this.definition.lists.find((one) => one.id === list);
        return of && storeOf(this.data, of)?.byName(text)?.name;
      }
    }
  }
}
