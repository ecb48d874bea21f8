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

export const CATEGORIES = ['Bakery', 'Dairy', 'Drinks', 'Household'] as const;
const MONTH_NAMES = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** The model's calendar: FY25 and FY26. */
export const MONTHS: ReadonlySet<string> = new Set(
  ['25', '26'].flatMap((year) => MONTH_NAMES.map((month) => `${month} ${year}`)),
);

/** The key of a sales row. */
export const salesKey = (product: string, region: string, month: string) => `${product}|${region}|${month}`;

/** The rows of one model; every import, export, delete and read works on these. */
export class ModelData {
  readonly products = new Map<string, Product>();
  readonly regions = new Map<string, string>();
  readonly sales = new Map<string, SalesCells>();
  bulk = 0;
  private readonly itemIds = new Map<string, string>();

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
  }

  /** The ID of a list's item: given when it is first asked for, the same ever after. */
  itemId(listId: string, key: string): string {
    const of = `${listId}|${key}`;
    const id = this.itemIds.get(of) ?? `203${String(this.itemIds.size + 1).padStart(9, '0')}`;
    this.itemIds.set(of, id);
    return id;
  }

  /** Deletes the inactive products with their sales; answers how many items went. */
  deleteInactive(): number {
    let gone = 0;
    for (const product of this.products.values()) {
      if (product.active) continue;
      this.products.delete(product.code);
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
