import { CATEGORIES, line, type ModelData } from './data';
import type { ListDefinition, ViewDefinition } from './definitions';
import type { Settings } from './options';
import { pagedFormula, pagedLines, type PagedContent } from './synthetic';

/** An item of a list, as `items` answers it. What it does not have is left out. */
export interface ListItem {
  id: string;
  name: string;
  code?: string;
  parent?: string;
  parentId?: string;
  /** The parent's list. */
  listId?: string;
  listName?: string;
  subsets?: Record<string, boolean>;
  /** Texts, whatever their format. */
  properties?: Record<string, string>;
}

/** A dimension of a view. */
export interface Dimension {
  id: string;
  name: string;
}

/** What a list is made of beside its items. */
export interface ListParts {
  parent?: Dimension;
  subsets: readonly Dimension[];
  properties: readonly { name: string; format: string }[];
}

const LINE_ITEMS: Dimension = { id: '101999999999', name: 'Line items' };
const TIME: Dimension = { id: '20000000003', name: 'Time' };
const VERSIONS: Dimension = { id: '20000000020', name: 'Versions' };
const PRODUCTS: Dimension = { id: '101000000001', name: 'Products' };
const REGIONS: Dimension = { id: '101000000002', name: 'Regions' };
const BULK_ITEMS: Dimension = { id: '101000000003', name: 'Bulk Items' };
const LIST_OF_CATEGORIES: Dimension = { id: '101000000004', name: 'Categories' };
const ACTIVE: Dimension = { id: '109000000001', name: 'Active Products' };

/** Where the dimensions of a view stand; an axis without any is left out. */
export function axesOf(view: ViewDefinition): Record<string, Dimension[]> {
  // Dimensions of its own: no versions, so nothing is left for the pages.
  if (view.content === 'prices') return { rows: [PRODUCTS], columns: [LINE_ITEMS] };
  const first = view.content === 'sales' ? PRODUCTS : BULK_ITEMS;
  return { rows: [first, REGIONS, TIME], columns: [LINE_ITEMS], pages: [VERSIONS] };
}

/** Parent, subsets and properties of a list. */
export function partsOf(list: ListDefinition): ListParts {
  if (list.content !== 'products') return { subsets: [], properties: [] };
  const properties = [{ name: 'Launch Date', format: 'DATE' }];
  return { parent: LIST_OF_CATEGORIES, subsets: [ACTIVE], properties };
}

/** Item `i` of the list `Bulk Items`. */
const bulkItem = (i: number) => {
  const number = String(i).padStart(9, '0');
  return { name: `Item ${number}`, code: `B${number}` };
};

/** Number of items of a list. */
export function listSize(data: ModelData, settings: Settings, list: ListDefinition): number {
  if (list.content === 'bulk') return settings.model.listItems;
  if (list.content === 'categories') return CATEGORIES.length;
  return list.content === 'products' ? data.products.size : data.regions.size;
}

/** The items of a list. */
export function listItems(data: ModelData, settings: Settings, list: ListDefinition): ListItem[] {
  const id = (code: string) => data.itemId(list.id, code);
  switch (list.content) {
    case 'bulk':
      return Array.from({ length: settings.model.listItems }, (_, i) => {
        const { name, code } = bulkItem(i);
        return { id: `204${String(i).padStart(9, '0')}`, name, code };
      });
    case 'categories':
      return CATEGORIES.map((name) => ({ id: id(name), name }));
    case 'regions':
      return [...data.regions].map(([code, name]) => ({ id: id(code), name, code }));
    case 'products':
      return [...data.products.values()].map(({ code, name, category, launch, active }) => ({
        id: id(code),
        name,
        code,
        ...(category === ''
          ? {}
          : {
              parent: category,
              parentId: data.itemId(LIST_OF_CATEGORIES.id, category),
              listId: LIST_OF_CATEGORIES.id,
              listName: LIST_OF_CATEGORIES.name,
            }),
        subsets: { [ACTIVE.name]: active },
        properties: { 'Launch Date': launch },
      }));
  }
}

/** The pages of a view. */
export function viewContent(
  data: ModelData,
  settings: Settings,
  view: ViewDefinition,
  exportType: string | undefined,
): PagedContent {
  const { viewPages, viewRowsPerPage } = settings.model;
  const everyPage = settings.readHeaders === 'every-page';
  if (view.content === 'prices') {
    const lines = [...data.products.keys()].map((code, i) => line([code, String((i % 100) + 1)]));
    return pagedLines('Products,Launch Price\n', lines, viewRowsPerPage, everyPage);
  }
  const grid = exportType === 'GRID_ALL_PAGES';
  if (view.content === 'sales') {
    const lines = data.salesLines();
    const header = line(['Products', 'Regions', 'Time', 'Units', 'Revenue', 'Last Order']);
    if (!grid) return pagedLines(header, lines, viewRowsPerPage, everyPage);
    return pagedLines(`Version: Actual\n,,${header}`, lines, viewRowsPerPage, false);
  }
  const total = viewPages * viewRowsPerPage;
  const row = (i: number) => `${bulkItem(i).name},North America,Jan 25,${(i * 7919) % 10_007},${i}\n`;
  const header = grid ? 'Version: Actual\n,,Time,Amount,Number\n' : 'Bulk Items,Regions,Time,Amount,Number\n';
  return pagedFormula(header, viewPages, viewRowsPerPage, total, row, everyPage && !grid);
}

/** The pages of a list. */
export function listContent(data: ModelData, settings: Settings, list: ListDefinition): PagedContent {
  const { listItems: count, listRowsPerPage } = settings.model;
  const everyPage = settings.readHeaders === 'every-page';
  const header = ',Parent,Code\n';
  if (list.content === 'bulk') {
    const row = (i: number) => `${bulkItem(i).name},All Items,${bulkItem(i).code}\n`;
    const pages = Math.max(1, Math.ceil(count / listRowsPerPage));
    return pagedFormula(header, pages, listRowsPerPage, count, row, everyPage);
  }
  const lines = listItems(data, settings, list).map((item) =>
    line([item.name, item.parent ?? '', item.code ?? '']),
  );
  return pagedLines(header, lines, listRowsPerPage, everyPage);
}
