import type { ModelData } from './data';
import type { LineItemDefinition, ModelDefinition } from './definitions';
import { storeOf } from './list-store';
import type { Settings } from './options';
import { bulkItem } from './synthetic';

/** A dimension of a view or line item. */
export interface Dimension {
  id: string;
  name: string;
}

/** An item of a dimension. */
export interface DimensionItem {
  id: string;
  name: string;
  code?: string;
  /** What its rows are kept by, where that is not the ID: the code or name of a product or region, a month. */
  key: string;
  /** A sum of others: never written. */
  sum?: true;
}

export const LINE_ITEMS: Dimension = { id: '101999999999', name: 'Line items' };
export const TIME: Dimension = { id: '20000000003', name: 'Time' };
export const VERSIONS: Dimension = { id: '20000000020', name: 'Versions' };
const USERS: Dimension = { id: '101999999998', name: 'Users' };
export const PRODUCTS: Dimension = { id: '101000000001', name: 'Products' };
export const REGIONS: Dimension = { id: '101000000002', name: 'Regions' };
export const BULK_ITEMS: Dimension = { id: '101000000003', name: 'Bulk Items' };
/** A line item subset: the numbers of Sales. */
const FIGURES = { id: '114000000001', name: 'Figures', lineItems: ['411000000001', '411000000002'] };

/** What a dimension is of, and its items. */
export interface DimensionContent {
  kind: 'list' | 'subset' | 'lineItemSubset' | 'time' | 'versions' | 'users' | 'lineItems';
  size: number;
  items(): DimensionItem[];
}

/** Everything that items are looked up in. */
export interface Shape {
  data: ModelData;
  settings: Settings;
  definition: ModelDefinition;
  /** The users of the tenant. */
  users?: readonly { id: string; name: string }[];
}

/** The dimensions of a line item. */
export function dimensionsOf(item: LineItemDefinition): Dimension[] {
  if (item.subsidiary === 'prices') return [PRODUCTS];
  switch (item.moduleId) {
    case '102000000001':
      return [PRODUCTS, REGIONS, TIME, VERSIONS];
    case '102000000002':
      return [BULK_ITEMS, REGIONS, TIME, VERSIONS];
    case '102000000003':
      return [REGIONS, TIME, VERSIONS];
    default:
      return [];
  }
}

/** A dimension by its ID; nothing for an unknown one. */
export function dimensionContent(shape: Shape, id: string): DimensionContent | undefined {
  const { data, settings, definition, users = [] } = shape;
  const lazily = (kind: DimensionContent['kind'], size: number, items: () => DimensionItem[]) => ({
    kind,
    size,
    items,
  });
  const list = definition.lists.find((one) => one.id === id);
  if (list !== undefined) {
    const store = storeOf(data, list);
    if (store === undefined) {
      const { listItems: size } = settings.model;
      return lazily('list', size, () =>
        Array.from({ length: size }, (_, i) => ({ ...bulkItem(i), key: String(i) })),
      );
    }
    return lazily('list', store.size, () => Array.from(store.entries(), listItem));
  }
  const owner = definition.lists.find((one) => one.subsets?.some((subset) => subset.id === id));
  const store = owner && storeOf(data, owner);
  if (store !== undefined) {
    const name = owner?.subsets?.find((subset) => subset.id === id)?.name ?? '';
    const members = [...store.entries()].filter((entry) => entry.subsets[name] === true);
    return lazily('subset', members.length, () => members.map(listItem));
  }
  if (id === TIME.id) {
    const periods = data.calendar.periods();
    return lazily('time', periods.length, () =>
      periods.map((one) => ({
        id: one.id,
        name: one.name,
        key: one.name,
        ...(one.level === 'month' ? {} : { sum: true as const }),
      })),
    );
  }
  const plain = (kind: DimensionContent['kind'], all: readonly { id: string; name: string }[]) =>
    lazily(kind, all.length, () => all.map((one) => ({ id: one.id, name: one.name, key: one.id })));
  if (id === VERSIONS.id) return plain('versions', data.versions.all);
  if (id === USERS.id) return plain('users', users);
  if (id === LINE_ITEMS.id) return plain('lineItems', definition.lineItems);
  if (id !== FIGURES.id) return undefined;
  const figures = definition.lineItems.filter((item) => FIGURES.lineItems.includes(item.id));
  return plain('lineItemSubset', figures);
}

const listItem = (entry: { id: string; name: string; code?: string }): DimensionItem => ({
  id: entry.id,
  name: entry.name,
  ...(entry.code === undefined ? {} : { code: entry.code }),
  key: entry.code ?? entry.name,
});
