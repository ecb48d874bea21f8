import { isIsoDate } from './calendar';
import { writeValue } from './cells';
import type { CellValue } from './data';
import type { LineItemDefinition } from './definitions';
import { dimensionContent, dimensionsOf, VERSIONS, type DimensionItem, type Shape } from './dimensions';
import { asObject } from './http';
import type { Failure } from './list-edits';
import { storeOf } from './list-store';

/** Details where the documents print none are the sentences of their table (anaplan-api: "Write cell data by coordinate or name"). */
const DETAILS: Readonly<Record<string, string>> = {
  missingRequiredField: 'there is a required field missing in the request',
  unsupportedValueType: 'the value must be a string, a number or a boolean',
  cellIsInvalid: 'the cell could not be found or resolved',
  cellIsCalculated: 'the cell is a calculated/aggregate cell and is not writeable',
  valueDataTypeMismatch: 'the value is not compatible with the data type of the line item',
  invalidListItemValue: 'the value does not reference a valid item of the list',
  invalidDateValue: 'the value is not a valid date of the form YYYY-MM-DD',
  invalidTimeScaleValue: 'the value does not match a value of the time scale',
  invalidLineItem: 'the line item is not a valid line item of the module',
  invalidDimension: 'the dimension cannot be found on the line item',
  invalidItem: 'the item cannot be found on the dimension',
};

/** Why a cell is not written; becomes a {@link Failure}. */
class Unwritten extends Error {
  constructor(readonly type: string) {
    super(DETAILS[type] ?? type);
  }
}

const failed = (requestIndex: number, error: Unwritten): Failure => ({
  requestIndex,
  failureType: error.type,
  failureMessageDetails: error.message,
});

const present = (value: unknown): boolean => value !== undefined && value !== null;
const text = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;

/** What refuses a request as a whole: mandatory fields that are missing, values of no kind that a cell has. */
export function malformed(writes: readonly unknown[]): Failure[] {
  return writes.flatMap((raw, i) => {
    const write = asObject(raw) ?? {};
    const coordinates = Array.isArray(write.dimensions)
      ? write.dimensions.map((one) => asObject(one) ?? {})
      : [];
    const whole =
      (present(write.lineItemId) || present(write.lineItemName)) &&
      present(write.value) &&
      coordinates.every(
        (one) =>
          (present(one.dimensionId) || present(one.dimensionName)) &&
          (present(one.itemId) || present(one.itemName) || present(one.itemCode)),
      );
    if (!whole) return [failed(i, new Unwritten('missingRequiredField'))];
    return typeof write.value === 'object' ? [failed(i, new Unwritten('unsupportedValueType'))] : [];
  });
}

/** Writes cells of a module; one that fails does not keep the others back. */
export class CellWriter {
  private readonly items = new Map<string, Map<string, DimensionItem>>();

  constructor(
    private readonly shape: Shape,
    private readonly moduleId: string,
  ) {}

  write(writes: readonly unknown[]): { changed: number; failures: Failure[] } {
    const failures: Failure[] = [];
    for (const [i, raw] of writes.entries()) {
      try {
        this.one(asObject(raw) ?? {});
      } catch (error) {
        if (!(error instanceof Unwritten)) throw error;
        failures.push(failed(i, error));
      }
    }
    return { changed: writes.length - failures.length, failures };
  }

  private one(write: Record<string, unknown>): void {
    const item = this.lineItem(write);
    const place = this.place(item, write.dimensions);
    const variance = this.shape.data.versions.find(place.get(VERSIONS.id)?.id ?? '')?.formula !== undefined;
    const sum = [...place.values()].some((one) => one.sum === true);
    if (item.formula !== undefined || variance || sum) throw new Unwritten('cellIsCalculated');
    writeValue(this.shape.data, item, place, this.value(item, write.value));
  }

  private lineItem({ lineItemId, lineItemName }: Record<string, unknown>): LineItemDefinition {
    const found = this.shape.definition.lineItems.find(
      (item) =>
        item.moduleId === this.moduleId &&
        (present(lineItemId) ? item.id === text(lineItemId) : item.name === text(lineItemName)),
    );
    if (found === undefined) throw new Unwritten('invalidLineItem');
    return found;
  }

  private place(item: LineItemDefinition, raw: unknown): Map<string, DimensionItem> {
    const dimensions = dimensionsOf(item);
    const found = new Map<string, DimensionItem>();
    for (const one of Array.isArray(raw) ? raw.map((each) => asObject(each) ?? {}) : []) {
      const name = text(one.dimensionName)?.toLowerCase();
      // The guide writes Version here and Versions there.
      const dimension = dimensions.find((candidate) =>
        present(one.dimensionId)
          ? candidate.id === text(one.dimensionId)
          : candidate.name.toLowerCase() === name || candidate.name.toLowerCase() === `${name ?? ''}s`,
      );
      if (dimension === undefined) throw new Unwritten('invalidDimension');
      const known = this.itemsOf(dimension.id);
      const key = present(one.itemId)
        ? `id:${text(one.itemId) ?? ''}`
        : present(one.itemCode)
          ? `code:${text(one.itemCode) ?? ''}`
          : `name:${text(one.itemName)?.toLowerCase() ?? ''}`;
      const member = known.get(key);
      if (member === undefined) throw new Unwritten('invalidItem');
      found.set(dimension.id, member);
    }
    if (found.size < dimensions.length) throw new Unwritten('cellIsInvalid');
    return new Map(
      dimensions.flatMap(({ id }) => (found.has(id) ? [[id, found.get(id) as DimensionItem]] : [])),
    );
  }

  /** The items of a dimension by ID, code and name; read once a request. */
  private itemsOf(dimensionId: string): Map<string, DimensionItem> {
    const known = this.items.get(dimensionId);
    if (known !== undefined) return known;
    const index = new Map<string, DimensionItem>();
    for (const item of dimensionContent(this.shape, dimensionId)?.items() ?? []) {
      index.set(`id:${item.id}`, item).set(`name:${item.name.toLowerCase()}`, item);
      if (item.code !== undefined) index.set(`code:${item.code}`, item);
    }
    this.items.set(dimensionId, index);
    return index;
  }

  private value(item: LineItemDefinition, value: unknown): CellValue {
    const mismatch = new Unwritten('valueDataTypeMismatch');
    switch (item.format) {
      case 'NUMBER': {
        const number =
          typeof value === 'number'
            ? value
            : typeof value === 'string' && value.trim() !== ''
              ? Number(value)
              : NaN;
        if (!Number.isFinite(number)) throw mismatch;
        return number;
      }
      case 'BOOLEAN':
        if (typeof value !== 'boolean') throw mismatch;
        return value;
      case 'TEXT':
        if (typeof value !== 'string') throw mismatch;
        return value;
      case 'DATE':
        if (typeof value !== 'string') throw mismatch;
        if (!isIsoDate(value) || value < '1900-01-01' || value > '2399-12-31')
          throw new Unwritten('invalidDateValue');
        return value;
      case 'TIME_ENTITY': {
        if (typeof value !== 'string') throw mismatch;
        const period = this.shape.data.calendar.find(value);
        if (period?.name !== value) throw new Unwritten('invalidTimeScaleValue');
        return value;
      }
      case 'ENTITY': {
        if (typeof value !== 'string') throw mismatch;
        const list = this.shape.definition.lists.find((one) => one.id === item.list);
        const found = list && storeOf(this.shape.data, list)?.byName(value);
        if (found === undefined) throw new Unwritten('invalidListItemValue');
        return found.name;
      }
    }
  }
}
