import { Calendar } from './calendar';
import { PlainList } from './list-store';
import { Versions } from './versions';

/** An item of the list Products. Dates are ISO. */
export interface Product {
  code: string;
  name: string;
  category: string;
  launch: string;
  active: boolean;
}

/** The cells of the module Sales for one product, region and month. */
export interface SalesCells {
  product: string;
  region: string;
  month: string;
  units?: number;
  revenue?: number;
  lastOrder?: string;
}

/** A copy of the sample model's rows. */
export interface Rows {
  products: Product[];
  regions: { code: string; name: string }[];
  sales: SalesCells[];
  /** Rows that the last `Load Bulk` counted. */
  bulk: number;
}

const CATEGORIES = ['Bakery', 'Dairy', 'Drinks', 'Household'] as const;
/** What a cell holds. */
export type CellValue = string | number | boolean;

const CATEGORY_LIST = '101000000004';
/** The lists that the rows of Sales are of. */
const SALES_LISTS: Readonly<Record<string, 'product' | 'region'>> = {
  '101000000001': 'product',
  '101000000002': 'region',
};

/** The key of a sales row. */
export const salesKey = (product: string, region: string, month: string) => `${product}|${region}|${month}`;

/** The rows of one model; every import, export, delete and read works on these. */
export class ModelData {
  readonly products = new Map<string, Product>();
  readonly regions = new Map<string, string>();
  readonly sales = new Map<string, SalesCells>();
  bulk = 0;
  readonly calendar = new Calendar();
  readonly versions = new Versions(this.calendar);
  /** Cells that are not of Sales, or not of its version Actual: by line item and items, see `cells.ts`. */
  readonly cells = new Map<string, CellValue>();
  private readonly itemIds = new Map<string, string>();
  private readonly plain = new Map<string, PlainList>();
  private ids = 0;

  /** Preloaded: products P0001 to P0200, five inactive ones (P0901 to P0905), four regions, no sales. */
  constructor() {
    const add = (number: number, active: boolean) => {
      const code = `P${String(number).padStart(4, '0')}`;
      const category = CATEGORIES[number % CATEGORIES.length] ?? CATEGORIES[0];
      this.products.set(code, { code, name: `Product ${number}`, category, launch: '2024-01-15', active });
    };
    for (let i = 1; i <= 200; i++) add(i, true);
    for (let i = 901; i <= 905; i++) add(i, false);
    this.regions.set('NA', 'North America');
    this.regions.set('EMEA', 'Europe');
    this.regions.set('APAC', 'Asia Pacific');
    this.regions.set('LATAM', 'Latin America');
    for (const name of CATEGORIES)
      this.plainList(CATEGORY_LIST, false).add({ name, properties: {}, subsets: {} });
  }

  /** The list of plain items with this ID. */
  plainList(listId: string, numbered: boolean): PlainList {
    const list = this.plain.get(listId) ?? new PlainList(() => this.newId(), numbered);
    this.plain.set(listId, list);
    return list;
  }

  /** The categories of products. */
  get categories(): PlainList {
    return this.plainList(CATEGORY_LIST, false);
  }

  private newId(): string {
    this.ids += 1;
    return `203${String(this.ids).padStart(9, '0')}`;
  }

  /** The ID of a list's item: given when it is first asked for, the same ever after. */
  itemId(listId: string, key: string): string {
    const of = `${listId}|${key}`;
    const id = this.itemIds.get(of) ?? this.newId();
    this.itemIds.set(of, id);
    return id;
  }

  /** An item of Products or Regions gets another key: its ID and its sales stay. */
  moveItem(listId: string, from: string, to: string): void {
    this.itemIds.set(`${listId}|${to}`, this.itemId(listId, from));
    this.itemIds.delete(`${listId}|${from}`);
    const field = SALES_LISTS[listId];
    if (field === undefined) return;
    for (const [key, cells] of this.sales) {
      if (cells[field] !== from) continue;
      this.sales.delete(key);
      const moved = { ...cells, [field]: to };
      this.sales.set(salesKey(moved.product, moved.region, moved.month), moved);
    }
  }

  /** An item of Products or Regions is gone, and with it what is written of it. */
  forgetItem(listId: string, key: string): void {
    const id = this.itemId(listId, key);
    this.itemIds.delete(`${listId}|${key}`);
    const field = SALES_LISTS[listId];
    if (field !== undefined)
      for (const [of, cells] of this.sales) if (cells[field] === key) this.sales.delete(of);
    this.forgetCells(id);
  }

  /** The cells of an item are gone. */
  forgetCells(itemId: string): void {
    for (const key of this.cells.keys()) if (key.split('|').includes(itemId)) this.cells.delete(key);
  }

  /** What lies in periods that the calendar no longer has is gone (anaplan-api: "Set current period"). */
  dropLostPeriods(): void {
    for (const [key, { month }] of this.sales) if (!this.calendar.hasMonth(month)) this.sales.delete(key);
    for (const key of this.cells.keys()) {
      const period = key.split('|').find((part) => part.startsWith('541'));
      if (period !== undefined && this.calendar.find(period) === undefined) this.cells.delete(key);
    }
  }

  /** Deletes the inactive products with their sales; answers how many items went. */
  deleteInactive(): number {
    let gone = 0;
    for (const product of this.products.values()) {
      if (product.active) continue;
      this.products.delete(product.code === '' ? product.name : product.code);
      gone += 1;
    }
    for (const [key, cells] of this.sales) if (!this.products.has(cells.product)) this.sales.delete(key);
    return gone;
  }

  /** A copy of everything. */
  rows(): Rows {
    return {
      products: [...this.products.values()].map((product) => ({ ...product })),
      regions: [...this.regions].map(([code, name]) => ({ code, name })),
      sales: [...this.sales.values()].map((cells) => ({ ...cells })),
      bulk: this.bulk,
    };
  }

  /** The list Products as lines of CSV, without a header. */
  productLines(): string[] {
    return [...this.products.values()].map((p) =>
      line([p.code, p.name, p.category, p.launch, String(p.active)]),
    );
  }

  /** The module Sales as lines of CSV, without a header. */
  salesLines(): string[] {
    return [...this.sales.values()].map((cells) =>
      line([
        cells.product,
        cells.region,
        cells.month,
        cells.units === undefined ? '' : String(cells.units),
        cells.revenue === undefined ? '' : String(cells.revenue),
        cells.lastOrder ?? '',
      ]),
    );
  }
}

/** One line of CSV, quoted where needed, with its line end. */
export function line(values: readonly string[]): string {
  return (
    values.map((value) => (/[",\r\n]/.test(value) ? `"${value.replace(/"/g, '""')}"` : value)).join(',') +
    '\n'
  );
}
