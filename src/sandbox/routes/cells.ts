import {
  cellCount,
  columnNames,
  gridLines,
  rowsOf,
  shownPages,
  tabularLines,
  type ShownView,
} from '../cells';
import { CellWriter, malformed } from '../cell-writes';
import { axesOf } from '../contents';
import { line } from '../data';
import { dimensionContent, type DimensionItem } from '../dimensions';
import { bytes, errorReply, header, json, readValue, Refusal, type Reply } from '../http';
import { shapeOf } from './line-items';
import { envelope, find, holds, param, type Call, type Route } from './route';
import { viewOf } from './views';

/** Larger views are refused rather than cut (anaplan-api: "Retrieve cell data for a view"). */
const MAX_READ = 1_000_000;
/** Of one write (anaplan-api: "Write cell data by coordinate or name"). */
const MAX_WRITTEN = 100_000;
const MAX_WRITTEN_BYTES = 15_000_000;

/** The page selectors: `pages=dimension:item`, several by commas or by naming the parameter again. */
function selectors(call: Call, view: ShownView): Map<string, DimensionItem> {
  const pairs = call.query.getAll('pages').flatMap((text) => text.split(','));
  return new Map(
    pairs.map((pair): [string, DimensionItem] => {
      const [dimensionId = '', itemId = ''] = pair.split(':');
      const known = view.axes.pages?.some(({ id }) => id === dimensionId) ?? false;
      const item =
        known &&
        dimensionContent(view, dimensionId)
          ?.items()
          .find(({ id }) => id === itemId);
      if (!item) throw new Refusal(400, `Invalid page selector [${known ? pair : dimensionId}]`);
      return [dimensionId, item];
    }),
  );
}

const LAYOUTS = ['GRID_CURRENT_PAGE', 'GRID_ALL_PAGES', 'TABULAR_SINGLE_COLUMN', 'TABULAR_MULTI_COLUMN'];

function maxRows(call: Call): number {
  const text = call.query.get('maxRows');
  if (text === null) return Infinity;
  if (!/^\d+$/.test(text)) throw new Refusal(400, 'maxRows must be a number.');
  return Number(text);
}

function asCsv(call: Call, shown: ShownView): Reply {
  const [exportType, moduleId] = [call.query.get('exportType'), call.query.get('moduleId')];
  if ((exportType === null) !== (moduleId === null))
    throw new Refusal(400, 'exportType and moduleId are only taken together.');
  if (exportType !== null && !LAYOUTS.includes(exportType))
    throw new Refusal(400, `exportType must be one of ${LAYOUTS.join(', ')}.`);
  if (moduleId !== null && moduleId !== shown.view.moduleId)
    throw new Refusal(400, 'moduleId must be the module of the view.');
  const rows = maxRows(call);
  const lines = exportType?.startsWith('TABULAR')
    ? tabularLines(shown, exportType, rows)
    : gridLines(shown, exportType === 'GRID_ALL_PAGES' ? 'all' : 'current', rows);
  const escaped = /escaped=true/.test(header(call.headers, 'accept') ?? '');
  const quoted = (values: readonly string[]) =>
    `${values.map((v) => `"${v.replace(/"/g, '""')}"`).join(',')}\n`;
  return bytes(Buffer.from(lines.map(escaped ? quoted : line).join('')), 'text/csv;charset=UTF-8');
}

function asJson(call: Call, shown: ShownView): Reply {
  const rows: object[] = [];
  const most = maxRows(call);
  for (const { coordinates, cells } of rowsOf(shown)) {
    if (rows.length >= most) break;
    rows.push({ rowCoordinates: coordinates, cells });
  }
  const pages = shownPages(shown).map(({ name }) => name);
  const columnCoordinates = columnNames(shown).map((name) => [name]);
  // No envelope: only the data (anaplan-api: "Retrieve cell data for a view").
  return json({ ...(pages.length === 0 ? {} : { pages }), columnCoordinates, rows });
}

function read(call: Call): Reply {
  const view = viewOf(call, param(call, 'v'));
  const shown: ShownView = { ...shapeOf(call), view, axes: axesOf(view) };
  if (cellCount(shown) > MAX_READ)
    throw new Refusal(400, 'The view has more than 1,000,000 cells: use a read request.');
  const pages = selectors(call, shown);
  const wantsJson = /application\/json/.test(header(call.headers, 'accept') ?? '');
  const format = call.query.get('format');
  if (format !== null && format !== 'v1') throw new Refusal(400, 'format must be v1.');
  return wantsJson && format === 'v1' ? asJson(call, { ...shown, pages }) : asCsv(call, { ...shown, pages });
}

async function write(call: Call): Promise<Reply> {
  const module = find(call.model.definition.modules, param(call, 'module'));
  const writes = await readValue(call.body, MAX_WRITTEN_BYTES);
  if (!Array.isArray(writes)) throw new Refusal(400, 'The request body must be an array of cells.');
  if (writes.length > MAX_WRITTEN) throw new Refusal(400, `More than ${MAX_WRITTEN} cells in one request.`);
  const refused = malformed(writes);
  if (refused.length > 0) {
    const reply = errorReply(400, call.path);
    return json({ ...(JSON.parse(reply.body.toString()) as object), failures: refused }, 400);
  }
  const { changed, failures } = new CellWriter(shapeOf(call), module.id).write(writes);
  const some = failures.length === 0 ? {} : { failures };
  return envelope(call, 'writeCellDataResponse', { numberOfCellsChanged: changed, ...some });
}

/** The cells of views and modules. */
export const cellRoutes: Route[] = [
  holds('GET', '/models/{m}/views/{v}/data', read),
  holds('POST', '/models/{m}/modules/{module}/data', write),
];
