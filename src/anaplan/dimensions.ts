import { z } from 'zod';
import { path, type Api } from './api';
import { compact } from './compact';
import { modelPath } from './models';
import { itemsOf, neededText, optionalText, read, textOrEmpty } from './parse';
import { streamItems } from './streams';
import type { CallOptions, ModelRef, Named } from './types';

/** An item of a dimension: of a list or subset, of Time, Versions or Users. */
export interface DimensionItem extends Named {
  /** Absent where the item has none. */
  code?: string;
}

const schema = z.object({ id: neededText, name: textOrEmpty, code: optionalText }).transform(compact);

/** Reads one item of a dimension. */
export const parseDimensionItem = (raw: unknown): DimensionItem =>
  read(schema, raw, 'an item of the dimension');

/** What to look up: the names, the codes, or both. */
export interface DimensionLookup {
  /** Names without regard to case: of Time as the model shows them (`May 21`). */
  names?: readonly string[] | undefined;
  /** Codes without regard to case; of lists only, else 400. */
  codes?: readonly string[] | undefined;
}

/** Dimensions of a model, for Workspace Administrators. Those of one view or line item are in `views` and `lineItems`. */
export class DimensionsApi {
  constructor(private readonly api: Api) {}

  /**
   * All items of a list, a list subset, a line item subset or Users (of Time: 400), whatever views hide and whoever may see
   * them: up to 1,000,000, else 400 (anaplan-api: "Retrieve all items in a dimension"). Read as they arrive.
   */
  items(ref: ModelRef, dimensionId: string, o?: CallOptions): AsyncGenerator<DimensionItem> {
    const at = path`/models/${ref.modelId}/dimensions/${dimensionId}/items`;
    const what = `the items of dimension ${dimensionId}`;
    return streamItems(this.api, { method: 'GET', path: at }, what, ['items', 'item'], parseDimensionItem, o);
  }

  /**
   * The items with these names or codes, of a list, Time, Versions or Users (anaplan-api: "Lookup dimension items by name or
   * code"). What does not exist is left out, nothing says which name an item was found by, one may be found by its name and
   * its code: compare without regard to case. It only reads: a lost answer may be repeated.
   * @throws RangeError where neither names nor codes are given; nothing was sent
   */
  lookup(
    ref: ModelRef,
    dimensionId: string,
    { names = [], codes = [] }: DimensionLookup,
    o?: CallOptions,
  ): Promise<DimensionItem[]> {
    if (names.length + codes.length === 0) throw new RangeError('A lookup needs names or codes.');
    const json = { ...(names.length > 0 ? { names } : {}), ...(codes.length > 0 ? { codes } : {}) };
    const at = modelPath(ref) + path`/dimensions/${dimensionId}/items`;
    return this.api.get(
      { method: 'POST', path: at, json },
      (body) => itemsOf(body, ['items', 'item'], ['id']).map(parseDimensionItem),
      o,
    );
  }
}
