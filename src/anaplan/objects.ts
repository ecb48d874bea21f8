import { z } from 'zod';
import { path, type Api, type Collection } from './api';
import { modelPath } from './models';
import { compact } from './compact';
import { neededText, optionalText, read, textOrEmpty } from './parse';
import type { CallOptions, ModelRef, Named, View } from './types';

const namedSchema = z.object({ id: neededText, name: textOrEmpty }).transform(compact);
const viewSchema = z
  .object({ id: neededText, name: textOrEmpty, moduleId: optionalText, code: optionalText })
  .transform(compact);

/** Reads one module or list. */
export const parseNamed = (raw: unknown): Named => read(namedSchema, raw, 'an object of the model');
/** Reads one view. */
export const parseView = (raw: unknown): View => read(viewSchema, raw, 'a view');

/** Modules of a model (anaplan-api: "Retrieve IDs and names of modules"). */
export class ModulesApi {
  constructor(private readonly api: Api) {}

  list(ref: ModelRef, o?: CallOptions): Promise<Named[]> {
    return this.api.list(
      {
        path: path`/models/${ref.modelId}/modules`,
        what: 'the list of modules',
        keys: ['modules', 'module'],
        item: parseNamed,
        idOf: (m) => m.id,
      },
      o,
    );
  }
}

/** Views of a model, for Workspace Administrators (anaplan-api: "Retrieve IDs and names for all views in a model"). */
export class ViewsApi {
  constructor(private readonly api: Api) {}

  /** Default and saved views of the whole model; a name is `module.view`, quoted where it has special characters. */
  list(ref: ModelRef, o?: ViewListOptions): Promise<View[]> {
    return this.api.list(views(path`/models/${ref.modelId}/views`, 'the list of views', o), o);
  }

  /**
   * The views of one module; the default view has the module's ID and is called `default`, a subsidiary view has ID and
   * name of its line item.
   */
  listInModule(ref: ModelRef, moduleId: string, o?: ViewListOptions): Promise<View[]> {
    const viewsPath = path`/models/${ref.modelId}/modules/${moduleId}/views`;
    return this.api.list(views(viewsPath, `the list of views of module ${moduleId}`, o), o);
  }
}

/** Options of the lists of views. */
export interface ViewListOptions extends CallOptions {
  /** Subsidiary views of line items too, which nobody has saved. Default false. */
  subsidiary?: boolean | undefined;
}

function views(viewsPath: string, what: string, o: ViewListOptions = {}): Collection<View> {
  return {
    path: viewsPath,
    ...(o.subsidiary ? { query: { includesubsidiaryviews: true } } : {}),
    what,
    keys: ['views', 'view'],
    item: parseView,
    idOf: (view) => view.id,
  };
}

/** Lists of a model (anaplan-api: "Retrieve lists"). */
export class ListsApi {
  constructor(private readonly api: Api) {}

  list(ref: ModelRef, o?: CallOptions): Promise<Named[]> {
    return this.api.list(
      {
        path: `${modelPath(ref)}/lists`,
        what: 'the list of lists',
        keys: ['lists', 'list'],
        item: parseNamed,
        idOf: (l) => l.id,
      },
      o,
    );
  }
}
