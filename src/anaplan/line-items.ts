import { z } from 'zod';
import { path, type Api } from './api';
import { compact } from './compact';
import { parseDimensionItem, type DimensionItem } from './dimensions';
import { parseNamed } from './objects';
import {
  isRecord,
  manyOf,
  neededText,
  optionalBoolean,
  optionalNumber,
  optionalText,
  read,
  textOrEmpty,
} from './parse';
import { held, streamItems } from './streams';
import type { CallOptions, ModelRef, Named } from './types';

/** Something that another object names; either half may be missing. */
export interface Reference {
  id?: string;
  name?: string;
}

/** A line item. What is not set is absent; all but the first four only with `includeAll`. */
export interface LineItem extends Named {
  moduleId?: string;
  moduleName?: string;
  isSummary?: boolean;
  startOfSection?: boolean;
  broughtForward?: boolean;
  useSwitchover?: boolean;
  breakback?: boolean;
  cellCount?: number;
  version?: Reference;
  /** The lists and subsets that it is dimensioned by. */
  appliesTo?: Reference[];
  dataTags?: Reference[];
  referencedBy?: Reference[];
  parent?: Reference;
  readAccessDriver?: Reference;
  writeAccessDriver?: Reference;
  formula?: string;
  /** `NUMBER`, `BOOLEAN`, `TEXT`, `DATE`, `TIME_ENTITY`, `ENTITY`, `NONE` ...; not a closed list. */
  format?: string;
  /** Which keys it has depends on its `dataType`; they are as Anaplan sent them. */
  formatMetadata?: Record<string, unknown>;
  summary?: string;
  timeScale?: string;
  timeRange?: string;
  formulaScope?: string;
  style?: string;
  code?: string;
  notes?: string;
}

const referenceSchema = z.object({ id: optionalText, name: optionalText }).transform(compact);
const reference = referenceSchema.optional().catch(undefined);
const references = z.preprocess(
  (value) => (value === null ? undefined : isRecord(value) ? [value] : value),
  manyOf(referenceSchema).optional().catch(undefined),
);

const schema = z
  .object({
    id: neededText,
    name: textOrEmpty,
    moduleId: optionalText,
    moduleName: optionalText,
    isSummary: optionalBoolean,
    startOfSection: optionalBoolean,
    broughtForward: optionalBoolean,
    useSwitchover: optionalBoolean,
    breakback: optionalBoolean,
    cellCount: optionalNumber,
    version: reference,
    appliesTo: references,
    dataTags: references,
    referencedBy: references,
    parent: reference,
    readAccessDriver: reference,
    writeAccessDriver: reference,
    formula: optionalText,
    format: optionalText,
    formatMetadata: z.record(z.string(), z.unknown()).optional().catch(undefined),
    summary: optionalText,
    timeScale: optionalText,
    timeRange: optionalText,
    formulaScope: optionalText,
    style: optionalText,
    code: optionalText,
    notes: optionalText,
  })
  .transform((item) => {
    const { appliesTo, dataTags, referencedBy } = item;
    const filled = (all: Reference[] | undefined) => (all?.length ? all : undefined);
    const lists = {
      appliesTo: filled(appliesTo),
      dataTags: filled(dataTags),
      referencedBy: filled(referencedBy),
    };
    return compact({ ...item, ...lists });
  });

/** Reads one line item. One without an ID is known by its code. */
export function parseLineItem(raw: unknown): LineItem {
  const known = isRecord(raw) ? { ...raw, id: raw['id'] ?? raw['code'] } : raw;
  return read(schema, known, 'a line item');
}

/** Options of the lists of line items. */
export interface LineItemOptions extends CallOptions {
  /** All metadata, not only ID, name and module. */
  includeAll?: boolean | undefined;
}

/**
 * Line items, for Workspace Administrators, of modules that the user's role can read (anaplan-api: "Line Items"). None of
 * these answers has pages.
 */
export class LineItemsApi {
  constructor(private readonly api: Api) {}

  /** All line items of the model, in a flat list (anaplan-api: "Retrieve all line items in a model"). */
  list(ref: ModelRef, o: LineItemOptions = {}): Promise<LineItem[]> {
    return held(this.each(ref, o));
  }

  /** As {@link list}, one after the other as they arrive. */
  each(ref: ModelRef, o: LineItemOptions = {}): AsyncGenerator<LineItem> {
    return this.read(path`/models/${ref.modelId}/lineItems`, o);
  }

  /** The line items of a module in their order; 404 where it is unknown (anaplan-api: "Retrieve all line items in a module"). */
  listInModule(ref: ModelRef, moduleId: string, o: LineItemOptions = {}): Promise<LineItem[]> {
    return held(this.read(path`/models/${ref.modelId}/modules/${moduleId}/lineItems`, o));
  }

  /** The dimensions of a line item, Time and Versions among them (anaplan-api: "Retrieve dimension Ids for a line item"). */
  dimensions(ref: ModelRef, lineItemId: string, o?: CallOptions): Promise<Named[]> {
    return this.api.list(
      {
        path: path`/models/${ref.modelId}/lineItems/${lineItemId}/dimensions`,
        what: `the dimensions of line item ${lineItemId}`,
        keys: ['dimensions', 'dimension'],
        item: parseNamed,
        idOf: (dimension) => dimension.id,
      },
      o,
    );
  }

  /**
   * The items of a dimension that apply to a line item, of any dimension, in the model's order and without hierarchy: up to
   * 1,000,000, else 400 (anaplan-api: "Retrieve dimension items for a line item"). 404 for an unknown ID, 400 for an
   * invalid one.
   */
  dimensionItems(
    ref: ModelRef,
    lineItemId: string,
    dimensionId: string,
    o?: CallOptions,
  ): AsyncGenerator<DimensionItem> {
    const at = path`/models/${ref.modelId}/lineItems/${lineItemId}/dimensions/${dimensionId}/items`;
    const what = `the items of dimension ${dimensionId}`;
    return streamItems(this.api, { method: 'GET', path: at }, what, ['items', 'item'], parseDimensionItem, o);
  }

  private read(at: string, o: LineItemOptions): AsyncGenerator<LineItem> {
    const call = { method: 'GET' as const, path: at, query: { includeAll: o.includeAll } };
    return streamItems(
      this.api,
      call,
      'the list of line items',
      ['items', 'lineItems', 'item'],
      parseLineItem,
      o,
    );
  }
}
