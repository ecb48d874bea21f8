import { z } from 'zod';
import { path, type Api, type ApiCall, type Collection } from './api';
import { compact } from './compact';
import { parseDimensionItem, type DimensionItem } from './dimensions';
import { manyOf, neededText, optionalText, read, textOrEmpty, unwrap } from './parse';
import { streamItems } from './streams';
import type { CallOptions, DownloadBody, ModelRef, Named, PageOptions, View } from './types';
import { readViewData, type ViewData } from './view-data';

const viewSchema = z
  .object({ id: neededText, name: textOrEmpty, moduleId: optionalText, code: optionalText })
  .transform(compact);

/** Reads one view. */
export const parseView = (raw: unknown): View => read(viewSchema, raw, 'a view');

/** Where the dimensions of a view stand; an axis without any is empty. */
export interface ViewMetadata {
  viewId?: string;
  viewName?: string;
  rows: Named[];
  columns: Named[];
  pages: Named[];
}

const axis = manyOf(z.object({ id: textOrEmpty, name: textOrEmpty })).catch([]);
const metadataSchema = z
  .object({ viewId: optionalText, viewName: optionalText, rows: axis, columns: axis, pages: axis })
  .transform(compact);

/** Reads the metadata of a view; they stand beside the envelope, not in it. */
export function parseViewMetadata(body: unknown): ViewMetadata {
  const marks = ['viewId', 'viewName', 'rows', 'columns', 'pages'];
  return read(metadataSchema, unwrap(body, ['view'], marks), "the view's metadata");
}

/** Options of the lists of views. */
export interface ViewListOptions extends PageOptions {
  /** Subsidiary views of line items too, which nobody has saved. Default false. */
  subsidiary?: boolean | undefined;
}

/** Options of a view's cells. */
export interface ViewDataOptions extends CallOptions {
  /** The item to show of each dimension on the pages; without it the view's default. 400 for a dimension elsewhere. */
  pages?: readonly { dimensionId: string; itemId: string }[] | undefined;
  /** Rows at most, the header not counted. */
  maxRows?: number | undefined;
}

/** Options of a view's cells as CSV. */
export interface ViewCsvOptions extends ViewDataOptions {
  /**
   * `GRID_CURRENT_PAGE`, `GRID_ALL_PAGES`, `TABULAR_SINGLE_COLUMN` or `TABULAR_MULTI_COLUMN`, passed through as given.
   * Anaplan wants the module's ID with it.
   */
  layout?: { exportType: string; moduleId: string } | undefined;
  /** Sensitive fields in quotes. Where a tenant refuses plain CSV for its security, this is what it answers. */
  escaped?: boolean | undefined;
}

/**
 * Views of a model, for Workspace Administrators (anaplan-api: "Read module, view metadata and limited volume cell data").
 * Wherever a view is named, the ID of a line item means its subsidiary view, or the default view where it has none.
 */
export class ViewsApi {
  constructor(private readonly api: Api) {}

  /** Default and saved views of the whole model; a name is `module.view`, quoted where it has special characters. */
  list(ref: ModelRef, o?: ViewListOptions): Promise<View[]> {
    return this.api.list(views(path`/models/${ref.modelId}/views`, 'the list of views', o), o);
  }

  /** As {@link list}, one after the other; `limit` is the size of a page. */
  each(ref: ModelRef, o?: ViewListOptions): AsyncGenerator<View> {
    return this.api.each(views(path`/models/${ref.modelId}/views`, 'the list of views', o), o);
  }

  /**
   * The views of one module; the default view has the module's ID and is called `default`, a subsidiary view has ID and
   * name of its line item (anaplan-api: "Retrieve IDs and names for views in a module").
   */
  listInModule(ref: ModelRef, moduleId: string, o?: ViewListOptions): Promise<View[]> {
    const viewsPath = path`/models/${ref.modelId}/modules/${moduleId}/views`;
    return this.api.list(views(viewsPath, `the list of views of module ${moduleId}`, o), o);
  }

  /** The dimensions on the axes of a view (anaplan-api: "Retrieve metadata for dimensions on a view"). */
  get(ref: ModelRef, viewId: string, o?: CallOptions): Promise<ViewMetadata> {
    return this.api.get({ method: 'GET', path: viewPath(ref, viewId) }, parseViewMetadata, o);
  }

  /**
   * The items of a dimension that a view shows: without what is hidden, filtered or, by Selective Access, not the user's
   * (anaplan-api: "Retrieve selected items in a dimension"). Any dimension, in no certain order; 400 above 1,000,000.
   */
  dimensionItems(
    ref: ModelRef,
    viewId: string,
    dimensionId: string,
    o?: CallOptions,
  ): AsyncGenerator<DimensionItem> {
    const at = viewPath(ref, viewId) + path`/dimensions/${dimensionId}/items`;
    const what = `the items of dimension ${dimensionId}`;
    return streamItems(this.api, { method: 'GET', path: at }, what, ['items', 'item'], parseDimensionItem, o);
  }

  /**
   * The cells of one page of a view, row by row as they arrive; values are texts (anaplan-api: "Retrieve cell data for a
   * view"). Up to 1,000,000 cells, else 400: then read it with `reads`. Read `rows` to their end, or leave the loop.
   */
  data(ref: ModelRef, viewId: string, o: ViewDataOptions = {}): Promise<ViewData> {
    const query = { ...dataQuery(o), format: 'v1' };
    return readViewData(this.api, { ...dataCall(ref, viewId), query }, o);
  }

  /**
   * As {@link data}, as CSV. Of a grid the first line names the items of the pages, where there are any, one header line
   * follows for each dimension on the columns, and each row begins with a field for each dimension on the rows.
   */
  dataCsv(ref: ModelRef, viewId: string, o: ViewCsvOptions = {}): Promise<DownloadBody> {
    const { layout, escaped } = o;
    const query = { ...dataQuery(o), exportType: layout?.exportType, moduleId: layout?.moduleId };
    const accept = escaped ? 'text/csv;escaped=true' : 'text/csv';
    return this.api.download({ ...dataCall(ref, viewId), query, accept }, 'csv', o);
  }
}

const viewPath = (ref: ModelRef, viewId: string): string => path`/models/${ref.modelId}/views/${viewId}`;

const dataCall = (ref: ModelRef, viewId: string): ApiCall => ({
  method: 'GET',
  path: `${viewPath(ref, viewId)}/data`,
});

const dataQuery = ({ pages = [], maxRows }: ViewDataOptions) => ({
  pages: pages.map(({ dimensionId, itemId }) => `${dimensionId}:${itemId}`),
  maxRows,
});

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
