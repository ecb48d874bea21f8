import { salesKey, type ModelData, type SalesCells } from './data';
import { lineItemDetail, listDetail, RowProblems, type ListCounts, type RowError } from './results';

const INVALID_NAME = 'hierarchyImportInvalidName';

/** A data row of a file. */
export interface Row {
  line: number;
  raw: readonly string[];
  get: (column: string) => string;
}

const isBlank = (row: Row) => row.raw.every((value) => value.trim() === '');
const isDate = (text: string) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));
const isNumber = (text: string) => /^-?\d+(\.\d+)?$/.test(text);

/** Nothing has happened yet. */
export const noCounts = (): ListCounts => ({
  created: 0,
  updated: 0,
  warnedCreated: 0,
  warnedUpdated: 0,
  failed: 0,
  ignored: 0,
  invalid: 0,
  total: 0,
  renamed: 0,
});

/** What all list imports share: keys, counts, and changes that apply at the end only. */
abstract class ListRules {
  readonly problems = new RowProblems();
  protected readonly counts = noCounts();
  protected readonly changes: (() => void)[] = [];
  private readonly keys = new Set<string>();
  protected abstract readonly list: string;

  constructor(protected readonly data: ModelData) {}

  /** Judges one row. */
  take(row: Row): void {
    this.counts.total += 1;
    if (isBlank(row)) {
      this.counts.ignored += 1;
      return;
    }
    const code = row.get('Code');
    const errors = this.rejections(row, code);
    if (errors.length > 0) {
      this.counts.failed += 1;
      if (errors.some(({ code }) => code === INVALID_NAME)) this.counts.invalid += 1;
      this.problems.add('E', row.raw, row.line, errors);
      return;
    }
    this.keys.add(code);
    const warnings = this.warnings(row);
    if (warnings.length > 0) this.problems.add('W', row.raw, row.line, warnings);
    const effect = this.place(row, code, warnings);
    if (effect === 'ignored') this.counts.ignored += 1;
    else if (warnings.length === 0) this.counts[effect] += 1;
    else this.counts[effect === 'created' ? 'warnedCreated' : 'warnedUpdated'] += 1;
  }

  /** Applies what was taken. */
  apply(): void {
    for (const change of this.changes) change();
  }

  /** The summary of the list. */
  summary() {
    return [listDetail(this.list, this.counts)];
  }

  private rejections(row: Row, code: string): RowError[] {
    if (code === '')
      return [{ code: 'hierarchyImportEmptyKey', text: 'Error parsing key for this row; no values' }];
    if (this.keys.has(code)) {
      return [
        {
          code: 'hierarchyImportDuplicateKeyInSource',
          text: 'Another row has already been processed with this key',
        },
      ];
    }
    const name = row.get('Name');
    // Anaplan's names are bounded; the sample model draws the line at 60 characters.
    if (name.length > 60) return [{ code: INVALID_NAME, text: 'Invalid name', value: name }];
    return [];
  }

  protected abstract warnings(row: Row): RowError[];
  protected abstract place(
    row: Row,
    code: string,
    warnings: readonly RowError[],
  ): 'created' | 'updated' | 'ignored';
}

/** `Load Products`: Code, Name, Category, Launch Date, Active. */
export class ProductRules extends ListRules {
  protected override readonly list = 'Products';

  protected override warnings(row: Row): RowError[] {
    const found: RowError[] = [];
    const launch = row.get('Launch Date');
    const category = row.get('Category');
    if (launch !== '' && !isDate(launch))
      found.push({ code: 'invalidDate', text: 'Invalid date', value: launch });
    if (category !== '' && this.data.categories.byName(category) === undefined) {
      found.push({ code: 'hierarchyImportInvalidParent', text: 'Invalid parent', value: category });
    }
    return found;
  }

  protected override place(
    row: Row,
    code: string,
    warnings: readonly RowError[],
  ): 'created' | 'updated' | 'ignored' {
    const before = this.data.products.get(code);
    const invalid = (warning: string) => warnings.some((entry) => entry.code === warning);
    const text = (column: string, fallback: string | undefined) => row.get(column) || (fallback ?? '');
    const active = row.get('Active').toLowerCase();
    const after = {
      code,
      name: text('Name', before?.name ?? code),
      category: invalid('hierarchyImportInvalidParent')
        ? (before?.category ?? '')
        : text('Category', before?.category),
      launch: invalid('invalidDate') ? (before?.launch ?? '') : text('Launch Date', before?.launch),
      active: active === '' ? (before?.active ?? true) : ['true', 'yes', '1'].includes(active),
    };
    if (before !== undefined && JSON.stringify(before) === JSON.stringify(after)) return 'ignored';
    if (before !== undefined && before.name !== after.name) this.counts.renamed += 1;
    this.changes.push(() => this.data.products.set(code, after));
    return before === undefined ? 'created' : 'updated';
  }
}

/** `Load Regions`: Code, Name (tab-separated, ISO-8859-1). */
export class RegionRules extends ListRules {
  protected override readonly list = 'Regions';

  protected override warnings(): RowError[] {
    return [];
  }

  protected override place(row: Row, code: string): 'created' | 'updated' | 'ignored' {
    const before = this.data.regions.get(code);
    const name = row.get('Name') || (before ?? code);
    if (before === name) return 'ignored';
    if (before !== undefined) this.counts.renamed += 1;
    this.changes.push(() => this.data.regions.set(code, name));
    return before === undefined ? 'created' : 'updated';
  }
}

const LINE_ITEMS = ['Units', 'Revenue', 'Last Order'] as const;

/** `Load Sales`: Product, Region, Month locate the cells; Units, Revenue and Last Order are line items. */
export class SalesRules {
  readonly problems = new RowProblems();
  private readonly cells = new Map<string, SalesCells>();
  private readonly counts = LINE_ITEMS.map((name) => ({ name, loaded: 0, failed: 0, ignored: 0 }));

  constructor(private readonly data: ModelData) {}

  /** Judges one row, cell by cell. */
  take(row: Row): void {
    if (isBlank(row)) return this.every('ignored');
    const unlocated = this.unlocated(row);
    if (unlocated.length > 0) {
      this.every('failed');
      this.problems.add('E', row.raw, row.line, unlocated);
      return;
    }
    const [product, region, month] = [row.get('Product'), row.get('Region'), row.get('Month')];
    const key = salesKey(product, region, month);
    const cells = this.cells.get(key) ?? { product, region, month };
    const errors: RowError[] = [];
    const warnings: RowError[] = [];
    for (const count of this.counts) {
      const text = row.get(count.name);
      if (text === '') {
        count.ignored += 1;
        continue;
      }
      const error = this.setCell(cells, count.name, text, warnings);
      if (error === undefined) count.loaded += 1;
      else {
        count.failed += 1;
        errors.push(error);
      }
    }
    this.cells.set(key, cells);
    if (errors.length > 0) this.problems.add('E', row.raw, row.line, [...errors, ...warnings]);
    else if (warnings.length > 0) this.problems.add('W', row.raw, row.line, warnings);
  }

  /** Applies what was taken. */
  apply(): void {
    for (const [key, cells] of this.cells)
      this.data.sales.set(key, { ...this.data.sales.get(key), ...cells });
  }

  /** One summary per line item. */
  summary() {
    return this.counts.map(({ name, loaded, failed, ignored }) =>
      lineItemDetail(name, loaded, failed, ignored),
    );
  }

  private every(what: 'failed' | 'ignored'): void {
    for (const count of this.counts) count[what] += 1;
  }

  private unlocated(row: Row): RowError[] {
    const found: RowError[] = [];
    const [product, region, month] = [row.get('Product'), row.get('Region'), row.get('Month')];
    const code = 'moduleImportInvalidListIdentifier';
    if (!this.data.products.has(product))
      found.push({ code, text: 'Item not located in Products list', value: product });
    if (!this.data.regions.has(region))
      found.push({ code, text: 'Item not located in Regions list', value: region });
    if (!this.data.calendar.hasMonth(month)) {
      found.push({
        code: 'moduleImportInvalidTimescaleIdentifier',
        text: 'Invalid date or timescale identifier',
        value: month,
      });
    }
    return found;
  }

  /** Numbers of one cell add up within an import; of other values the first stays (behaviour `repeated-cells`). */
  private setCell(
    cells: SalesCells,
    name: (typeof LINE_ITEMS)[number],
    text: string,
    warnings: RowError[],
  ): RowError | undefined {
    if (name === 'Last Order') {
      if (!isDate(text)) return { code: 'moduleImportDateFormat', text: 'Invalid date', value: text };
      if (cells.lastOrder === undefined) cells.lastOrder = text;
      else if (cells.lastOrder !== text) {
        const message = 'More than one data value has been provided for a non-numeric cell.';
        warnings.push({ code: 'moduleImportRepeatedNonNumeric', text: message });
      }
      return undefined;
    }
    if (!isNumber(text)) return { code: 'moduleImportNumberFormat', text: 'Invalid number', value: text };
    const field = name === 'Units' ? 'units' : 'revenue';
    cells[field] = Math.round(((cells[field] ?? 0) + Number(text)) * 100) / 100;
    return undefined;
  }
}
