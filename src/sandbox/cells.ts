import { salesKey, type CellValue, type ModelData } from './data';
import type { LineItemDefinition, ViewDefinition } from './definitions';
import {
  dimensionContent,
  dimensionsOf,
  LINE_ITEMS,
  TIME,
  VERSIONS,
  type Dimension,
  type DimensionItem,
  type Shape,
} from './dimensions';

/** A view and where its dimensions stand. */
export interface ShownView extends Shape {
  view: ViewDefinition;
  axes: Record<string, Dimension[]>;
  /** The item that is shown of a dimension on the pages, by its ID. */
  pages?: ReadonlyMap<string, DimensionItem>;
}

/** The item of each dimension, by the dimension's ID. */
export type Place = ReadonlyMap<string, DimensionItem>;

const SALES_FIELDS: Readonly<Record<string, 'units' | 'revenue' | 'lastOrder'>> = {
  '411000000001': 'units',
  '411000000002': 'revenue',
  '411000000003': 'lastOrder',
};
const ACTUAL = '107000000001';

/** What is written in a cell; nothing where nothing was. */
function writtenValue(data: ModelData, item: LineItemDefinition, place: Place): CellValue | undefined {
  const version = place.get(VERSIONS.id)?.id;
  const field = SALES_FIELDS[item.id];
  if (field !== undefined && version === ACTUAL) return data.sales.get(rowKey(place))?.[field];
  return data.cells.get(cellKey(item, place));
}

/** Writes a cell. */
export function writeValue(data: ModelData, item: LineItemDefinition, place: Place, value: CellValue): void {
  const field = SALES_FIELDS[item.id];
  if (field === undefined || place.get(VERSIONS.id)?.id !== ACTUAL) {
    data.cells.set(cellKey(item, place), value);
    return;
  }
  const key = rowKey(place);
  const [product = '', region = '', month = ''] = key.split('|');
  data.sales.set(key, { ...(data.sales.get(key) ?? { product, region, month }), [field]: value });
}

const rowKey = (place: Place): string => {
  const [product = '', region = '', month = ''] = [...place]
    .filter(([id]) => id !== VERSIONS.id)
    .map(([, item]) => item.key);
  return salesKey(product, region, month);
};

const cellKey = (item: LineItemDefinition, place: Place): string =>
  [item.id, ...dimensionsOf(item).map(({ id }) => place.get(id)?.id ?? '')].join('|');

/** What a cell shows: sums of quarters and years, Actual before a switchover, the results of the sample's formulas. */
function shownValue(shape: Shape, item: LineItemDefinition, place: Place): CellValue {
  const { data } = shape;
  const period = place.get(TIME.id);
  if (period?.sum) {
    if (item.format !== 'NUMBER') return emptyOf(item);
    const whole = data.calendar.find(period.id);
    const months = data.calendar
      .periods()
      .filter((one) => one.level === 'month' && whole && whole.from <= one.from && one.to <= whole.to);
    const of = (one: { id: string; name: string }) =>
      Number(shownValue(shape, item, new Map(place).set(TIME.id, { ...one, key: one.name })));
    return Math.round(months.reduce((sum, one) => sum + of(one), 0) * 100) / 100;
  }
  const version = data.versions.find(place.get(VERSIONS.id)?.id ?? '');
  const other = (id: string) => new Map(place).set(VERSIONS.id, { id, name: '', key: id });
  if (version?.kind === 'variance' && item.format === 'NUMBER' && item.formula === undefined) {
    return (
      Number(shownValue(shape, item, other(ACTUAL))) - Number(shownValue(shape, item, other('107000000003')))
    );
  }
  const month = period && data.calendar.find(period.id);
  if (version?.switchover !== undefined && month !== undefined && month.from < version.switchover.from)
    return shownValue(shape, item, other(ACTUAL));
  if (item.formula !== undefined) return calculated(shape, item, place);
  return writtenValue(data, item, place) ?? emptyOf(item);
}

const emptyOf = ({ format }: LineItemDefinition): CellValue =>
  format === 'NUMBER' ? 0 : format === 'BOOLEAN' ? false : '';

function calculated(shape: Shape, item: LineItemDefinition, place: Place): CellValue {
  const { data, definition } = shape;
  if (item.name === 'Launch Price') {
    const at = [...data.products.keys()].indexOf([...place.values()][0]?.key ?? '');
    return (Math.max(0, at) % 100) + 1;
  }
  if (item.name === 'Stretch Target') {
    const target = definition.lineItems.find((one) => one.name === 'Target');
    return target === undefined ? 0 : 2 * Number(shownValue(shape, target, place));
  }
  const number = Number([...place.values()][0]?.key ?? 0);
  const [, region, month] = [...place.values()].map((one) => one.key);
  if (region !== 'NA' || month !== 'Jan 25') return 0;
  return item.name === 'Amount' ? (number * 7919) % 10_007 : number;
}

/** The line items on the columns of a view. */
function columnsOf({ definition, view }: ShownView): LineItemDefinition[] {
  return definition.lineItems.filter((item) =>
    view.content === 'prices'
      ? item.subsidiary === 'prices'
      : item.moduleId === view.moduleId && item.subsidiary === undefined,
  );
}

const itemsOn = (shown: ShownView, axis: string): { dimension: Dimension; items: DimensionItem[] }[] =>
  (shown.axes[axis] ?? []).map((dimension) => ({
    dimension,
    items:
      dimension.id === LINE_ITEMS.id
        ? columnsOf(shown).map(({ id, name }) => ({ id, name, key: id }))
        : (dimensionContent(shown, dimension.id)?.items() ?? []),
  }));

/** How many cells one page of a view has. */
export function cellCount(shown: ShownView): number {
  const rows = (shown.axes.rows ?? []).map(({ id }) => dimensionContent(shown, id)?.size ?? 0);
  return rows.reduce((product, size) => product * size, columnsOf(shown).length);
}

/** The item of each dimension on the pages that is shown: the first one, where none is chosen. */
export function shownPages(shown: ShownView): DimensionItem[] {
  return itemsOn(shown, 'pages').flatMap(
    ({ dimension, items }) => shown.pages?.get(dimension.id) ?? items.slice(0, 1),
  );
}

/** The rows of a view, each with its coordinates and its values as texts. */
export function* rowsOf(shown: ShownView): Generator<{ coordinates: string[]; cells: string[] }> {
  const columns = columnsOf(shown);
  const onPages = (shown.axes.pages ?? []).map(({ id }, i): [string, DimensionItem | undefined] => [
    id,
    shownPages(shown)[i],
  ]);
  const fixed = onPages.filter((pair): pair is [string, DimensionItem] => pair[1] !== undefined);
  const axes = itemsOn(shown, 'rows');
  const walk = function* (
    depth: number,
    place: [string, DimensionItem][],
  ): Generator<[string, DimensionItem][]> {
    const axis = axes[depth];
    if (axis === undefined) yield place;
    else for (const item of axis.items) yield* walk(depth + 1, [...place, [axis.dimension.id, item]]);
  };
  for (const place of walk(0, [])) {
    const at = new Map([...place, ...fixed]);
    yield {
      coordinates: place.map(([, item]) => item.name),
      cells: columns.map((column) => String(shownValue(shown, column, at))),
    };
  }
}

/** The names of the columns. */
export const columnNames = (shown: ShownView): string[] => columnsOf(shown).map(({ name }) => name);

/** Every page of a view: the item of each dimension on the pages. */
function* pagesOf(shown: ShownView): Generator<ShownView> {
  const [first] = itemsOn(shown, 'pages');
  if (first === undefined) yield shown;
  else for (const item of first.items) yield { ...shown, pages: new Map([[first.dimension.id, item]]) };
}

/** A view as a grid (anaplan-api: "Retrieve cell data for a view"): page selectors, one header line, the rows. */
export function gridLines(shown: ShownView, which: 'current' | 'all', maxRows = Infinity): string[][] {
  const blank = (shown.axes.rows ?? []).map(() => '');
  const lines: string[][] = [];
  for (const page of which === 'all' ? pagesOf(shown) : [shown]) {
    const selectors = shownPages(page).map(({ name }) => name);
    if (selectors.length > 0) lines.push(selectors);
    lines.push([...blank, ...columnNames(page)]);
    let rows = 0;
    for (const { coordinates, cells } of rowsOf(page)) {
      if (rows++ >= maxRows) break;
      lines.push([...coordinates, ...cells]);
    }
  }
  return lines;
}

/** A view as a table: a column for each dimension, then one for the values, or one for each line item. */
export function tabularLines(
  shown: ShownView,
  exportType: string | undefined,
  maxRows = Infinity,
): string[][] {
  const single = exportType === 'TABULAR_SINGLE_COLUMN';
  const dimensions = [...(shown.axes.pages ?? []), ...(shown.axes.rows ?? [])].map(({ name }) => name);
  const names = columnNames(shown);
  const lines = [[...dimensions, ...(single ? [LINE_ITEMS.name, 'Value'] : names)]];
  for (const page of pagesOf(shown)) {
    const selectors = shownPages(page).map(({ name }) => name);
    for (const { coordinates, cells } of rowsOf(page)) {
      const place = [...selectors, ...coordinates];
      if (single) lines.push(...names.map((name, i) => [...place, name, cells[i] ?? '']));
      else lines.push([...place, ...cells]);
      if (lines.length > maxRows) return lines.slice(0, maxRows + 1);
    }
  }
  return lines;
}
