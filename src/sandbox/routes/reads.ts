import { bytes, header, readJson, Refusal, type Reply } from '../http';
import type { ReadRequest } from '../reads';
import { viewOf } from './views';
import { find, holds, indexParam, envelope, param, type Call, type Route } from './route';

type Kind = ReadRequest['kind'];

/** What a large read can be laid out as (anaplan-api: "Initiate large read request"). */
const EXPORT_TYPES = ['GRID_ALL_PAGES', 'TABULAR_SINGLE_COLUMN', 'TABULAR_MULTI_COLUMN'];
const singular = { views: 'view', lists: 'list' } as const;

/** anaplan-api: "Download pages": `Accept: text/csv` is required. */
function requireCsv(call: Call): void {
  const accept = header(call.headers, 'accept') ?? '*/*';
  if (!/text\/csv|text\/\*|\*\/\*/.test(accept)) throw new Refusal(406, 'The pages of a read are text/csv.');
}

function describe(call: Call, kind: Kind, request: ReadRequest, fields: Record<string, unknown>): Reply {
  const name = `${singular[kind]}ReadRequest`;
  const url = `${call.world.baseUrl}/2/0/workspaces/${call.model.entry.workspaceId}/models/${call.model.entry.id}/${kind}/${request.objectId}/readRequests/${request.requestId}`;
  return envelope(call, name, { [name]: { requestId: request.requestId, ...fields, url } });
}

/** The ID is a JSON number here, unlike everywhere else (anaplan-api: "Retrieve status of large read request"). */
const objectId = (kind: Kind, request: ReadRequest) => ({
  [`${singular[kind]}Id`]: Number(request.objectId),
});

const readOf = (call: Call, kind: Kind) => call.model.reads.require(kind, param(call, 'o'), param(call, 'r'));

async function create(call: Call, kind: Kind): Promise<Reply> {
  const id = param(call, 'o');
  let request: ReadRequest;
  if (kind === 'views') {
    const view = viewOf(call, id);
    const { exportType } = await readJson(call.body);
    if (typeof exportType !== 'string' || !EXPORT_TYPES.includes(exportType)) {
      throw new Refusal(400, `exportType must be one of ${EXPORT_TYPES.join(', ')}.`);
    }
    request = call.model.reads.create(kind, id, exportType, call.model.viewContent(view, exportType));
  } else {
    const list = find(call.model.definition.lists, id);
    request = call.model.reads.create(kind, id, undefined, call.model.listContent(list));
  }
  const { state } = call.model.reads.status(request);
  return describe(call, kind, request, { requestState: state === 'NOT_STARTED' ? state : 'IN_PROGRESS' });
}

function status(call: Call, kind: Kind): Reply {
  const request = readOf(call, kind);
  const { state, availablePages, successful } = call.model.reads.status(request);
  const base = { ...objectId(kind, request), requestState: state };
  if (state === 'NOT_STARTED') return describe(call, kind, request, base);
  return describe(call, kind, request, { ...base, availablePages, successful });
}

function page(call: Call, kind: Kind): Reply {
  requireCsv(call);
  return bytes(call.model.reads.page(readOf(call, kind), indexParam(call, 'p')), 'text/csv;charset=UTF-8');
}

function remove(call: Call, kind: Kind): Reply {
  const request = readOf(call, kind);
  const requestState = call.model.reads.delete(request);
  return describe(call, kind, request, { ...objectId(kind, request), requestState, successful: true });
}

const routesOf = (kind: Kind): Route[] => [
  holds('POST', `/models/{m}/${kind}/{o}/readRequests`, (call) => create(call, kind)),
  holds('GET', `/models/{m}/${kind}/{o}/readRequests/{r}`, (call) => status(call, kind)),
  holds('DELETE', `/models/{m}/${kind}/{o}/readRequests/{r}`, (call) => remove(call, kind)),
  holds('GET', `/models/{m}/${kind}/{o}/readRequests/{r}/pages/{p}`, (call) => page(call, kind)),
];

/** Large reads of views and lists, and the preview of a list. */
export const readRoutes: Route[] = [
  ...routesOf('views'),
  ...routesOf('lists'),
  holds('GET', '/models/{m}/lists/{l}/preview', (call) => {
    requireCsv(call);
    const list = find(call.model.definition.lists, param(call, 'l'));
    const content = call.model.listContent(list);
    const lines: string[] = [];
    // anaplan-api: "Preview large data list read": up to 1,000 records.
    for (let i = 0; i < content.pages && lines.length <= 1_000; i++) {
      const rows = content.page(i).toString('utf8').split('\n').slice(0, -1);
      lines.push(...(i === 0 ? rows : rows.filter((row) => row !== lines[0])));
    }
    return bytes(Buffer.from(lines.slice(0, 1_001).join('\n') + '\n'), 'text/csv;charset=UTF-8');
  }),
];
