import { z } from 'zod';
import { path, type Api, type Collection } from './api';
import { compact } from './compact';
import { neededText, read, textOrEmpty } from './parse';
import type { ModelRef, Named, PageOptions } from './types';

const namedSchema = z.object({ id: neededText, name: textOrEmpty }).transform(compact);

/** Reads one module, list or dimension. */
export const parseNamed = (raw: unknown): Named => read(namedSchema, raw, 'an object of the model');

/** Modules of a model (anaplan-api: "Retrieve IDs and names for all modules in a model"). */
export class ModulesApi {
  constructor(private readonly api: Api) {}

  list(ref: ModelRef, o?: PageOptions): Promise<Named[]> {
    return this.api.list(modules(ref), o);
  }

  /** As {@link list}, one after the other; `limit` is the size of a page. */
  each(ref: ModelRef, o?: PageOptions): AsyncGenerator<Named> {
    return this.api.each(modules(ref), o);
  }
}

const modules = (ref: ModelRef): Collection<Named> => ({
  path: path`/models/${ref.modelId}/modules`,
  what: 'the list of modules',
  keys: ['modules', 'module'],
  item: parseNamed,
  idOf: (m) => m.id,
});
