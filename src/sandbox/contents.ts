import { gridLines, tabularLines } from './cells';
import { line, type ModelData } from './data';
import type { ListDefinition, ModelDefinition, ViewDefinition } from './definitions';
import { BULK_ITEMS, LINE_ITEMS, PRODUCTS, REGIONS, TIME, VERSIONS, type Dimension } from './dimensions';
import { storeOf, type Entry } from './list-store';
import type { Settings } from './options';
import { bulkItem, pagedFormula, pagedLines, type PagedContent } from './synthetic';

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

/** Where the dimensions of a view stand; an axis without any is left out. */
export function axesOf(view: ViewDefinition): Record<string, Dimension[]> {
  switch (view.content) {
    // Dimensions of its own: no versions, so nothing is left for the pages.
    case 'prices':
      return { rows: [PRODUCTS], columns: [LINE_ITEMS] };
    case 'settings':
      return { columns: [LINE_ITEMS] };
    case 'targets':
      return { rows: [REGIONS, TIME], columns: [LINE_ITEMS], pages: [VERSIONS] };
    case 'sales':
    case 'bulk':
      return {
        rows: [view.content === 'sales' ? PRODUCTS : BULK_ITEMS, REGIONS, TIME],
        columns: [LINE_ITEMS],
        pages: [VERSIONS],
      };
  }
}

/** Number of items of a list. */
export function listSize(data: ModelData, settings: Settings, list: ListDefinition): number {
  return storeOf(data, list)?.size ?? settings.model.listItems;
}

/** The items of a list. */
export function listItems(
  data: ModelData,
  settings: Settings,
  definition: ModelDefinition,
  list: ListDefinition,
): ListItem[] {
  const store = storeOf(data, list);
  if (store === undefined) return Array.from({ length: settings.model.listItems }, (_, i) => bulkItem(i));
  const parents = definition.lists.find((one) => one.id === list.parent);
  const above = parents && storeOf(data, parents);
  const item = ({ id, name, code, parent, subsets, properties }: Entry): ListItem => {
    const found = parent === undefined ? undefined : above?.byName(parent);
    return {
      id,
      name,
      ...(code === undefined ? {} : { code }),
      ...(parent === undefined ? {} : { parent }),
      ...(found === undefined
        ? {}
        : { parentId: found.id, listId: parents?.id ?? '', listName: parents?.name ?? '' }),
      ...(list.subsets === undefined ? {} : { subsets: { ...subsets } }),
      ...(list.properties === undefined ? {} : { properties: { ...properties } }),
    };
  };
  return Array.from(store.entries(), item);
}

/** The pages of a view. */
export function viewContent(
  data: ModelData,
  settings: Settings,
  definition: ModelDefinition,
  view: ViewDefinition,
  exportType: string | undefined,
): PagedContent {
  const { viewPages, viewRowsPerPage } = settings.model;
  const everyPage = settings.readHeaders === 'every-page';
  const grid = exportType === 'GRID_ALL_PAGES';
  if (view.content === 'prices') {
    const lines = [...data.products.keys()].map((code, i) => line([code, String((i % 100) + 1)]));
    return pagedLines('Products,Launch Price\n', lines, viewRowsPerPage, everyPage);
  }
  if (view.content === 'targets' || view.content === 'settings') {
    const of = { data, settings, definition, view, axes: axesOf(view) };
    const [header = '', ...lines] = (grid ? gridLines(of, 'all') : tabularLines(of, exportType)).map(line);
    return pagedLines(header, lines, viewRowsPerPage, everyPage && !grid);
  }
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
export function listContent(
  data: ModelData,
  settings: Settings,
  definition: ModelDefinition,
  list: ListDefinition,
): PagedContent {
  const { listItems: count, listRowsPerPage } = settings.model;
  const everyPage = settings.readHeaders === 'every-page';
  const header = ',Parent,Code\n';
  if (list.content === 'bulk') {
    const row = (i: number) => `${bulkItem(i).name},All Items,${bulkItem(i).code}\n`;
    const pages = Math.max(1, Math.ceil(count / listRowsPerPage));
    return pagedFormula(header, pages, listRowsPerPage, count, row, everyPage);
  }
  const lines = listItems(data, settings, definition, list).map((item) =>
    line([item.name, item.parent ?? '', item.code ?? '']),
  );
  return pagedLines(header, lines, listRowsPerPage, everyPage);
}
