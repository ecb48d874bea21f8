/** Every call of the API through the client, in an order in which a sandbox tenant can answer each of them. */
import {
  type ActionRef,
  type AnaplanClient,
  CALLS,
  type ModelRef,
  UNDOCUMENTED_CALLS,
} from '../../src/anaplan';
import type { Sandbox } from '../../src/sandbox';
import { DEMO_WORKSPACE, SALES_MODEL } from '../../src/sandbox';
import { bytesOf } from './server';

/** What a call needs of those before it. */
export interface Known {
  taskId: Record<ActionRef['kind'], string>;
  requestId: Record<'views' | 'lists', string>;
}

export const REF: ModelRef = { workspaceId: DEMO_WORKSPACE, modelId: SALES_MODEL };
/** Has no rows that a test counts on: it is closed and deleted at the end. */
const OTHER: ModelRef = { workspaceId: DEMO_WORKSPACE, modelId: '8BA821045BB34083B467C0082781DA69' };
export const ACTIONS: Record<ActionRef['kind'], ActionRef> = {
  imports: { kind: 'imports', id: '112000000002' },
  exports: { kind: 'exports', id: '116000000001' },
  actions: { kind: 'actions', id: '117000000003' },
  processes: { kind: 'processes', id: '118000000001' },
};
const FILE = '113000000002';
const SALES = '102000000001';
const STORES = '101000000005';
const TRANSACTIONS = '101000000006';
const REGIONS = '101000000002';
const VIEW = { kind: 'views', id: '206000000002' } as const;
const LIST = { kind: 'lists', id: '101000000003' } as const;
const ROWS = 'Product,Region,Month,Units,Revenue,Last Order\nP9999,EMEA,Jan 25,1,1,2026-01-05\n';

export const chunkOf = (text: string) => ({
  slices: () => [Buffer.from(text)],
  length: Buffer.byteLength(text),
  gzip: false,
});

/** Everything of an answer that comes piece by piece. */
async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const held: T[] = [];
  for await (const item of items) held.push(item);
  return held;
}

type Step = (c: AnaplanClient, known: Known) => Promise<unknown>;

const M = '/workspaces/{workspaceId}/models/{modelId}';
const m = '/models/{modelId}';

function taskSteps(kind: ActionRef['kind'], id: string): [string, Step][] {
  const at = `${M}/${kind}/{${id}}/tasks`;
  const start: Step = async (c, known) => {
    const { taskId } = await c.tasks.start(REF, ACTIONS[kind], { localeName: 'en_US' });
    known.taskId[kind] = taskId ?? known.taskId[kind];
  };
  return [
    [`POST ${at}`, start],
    [`GET ${at}`, (c) => c.tasks.list(REF, ACTIONS[kind], { sort: '-creationTime' })],
    [`GET ${at}/{taskId}`, (c, known) => c.tasks.get(REF, ACTIONS[kind], known.taskId[kind])],
    [`DELETE ${at}/{taskId}`, (c, known) => c.tasks.cancel(REF, ACTIONS[kind], known.taskId[kind])],
  ];
}

function dumpSteps(kind: 'imports' | 'processes', at: string, objectId?: string): [string, Step][] {
  const of = (known: Known) => [REF, ACTIONS[kind], known.taskId[kind], objectId] as const;
  return [
    [`GET ${at}/chunks`, (c, known) => c.dumps.chunks(...of(known))],
    [`GET ${at}/chunks/{chunkId}`, async (c, known) => bytesOf(await c.dumps.getChunk(...of(known), '0'))],
    [`GET ${at}`, async (c, known) => bytesOf(await c.dumps.getWhole(...of(known)))],
  ];
}

function readSteps(target: typeof VIEW | typeof LIST, at: string): [string, Step][] {
  const { kind } = target;
  const exportType = kind === 'views' ? { exportType: 'TABULAR_MULTI_COLUMN' } : {};
  const create: Step = async (c, known) => {
    known.requestId[kind] = (await c.reads.create(REF, target, exportType)).requestId;
  };
  return [
    [`POST ${at}`, create],
    [`GET ${at}/{requestId}`, (c, known) => c.reads.status(REF, target, known.requestId[kind])],
    [
      `GET ${at}/{requestId}/pages/{pageNo}`,
      async (c, known) => bytesOf(await c.reads.page(REF, target, known.requestId[kind], 0)),
    ],
    [`DELETE ${at}/{requestId}`, (c, known) => c.reads.delete(REF, target, known.requestId[kind])],
  ];
}

const cell = {
  lineItemName: 'Target',
  dimensions: [
    { dimensionName: 'Regions', itemCode: 'EMEA' },
    { dimensionName: 'Time', itemName: 'Jan 25' },
    { dimensionName: 'Versions', itemName: 'Actual' },
  ],
  value: 7,
};

const STEPS: [string, Step][] = [
  ['GET /users/me', (c) => c.users.me()],
  ['GET /users/{userId}', (c) => c.users.get('8a8196a55b193fa0015b1e57f3da172c')],
  ['GET /users', (c) => c.users.list({ sort: '+emailAddress' })],
  ['GET /workspaces', (c) => c.workspaces.list({ details: true })],
  ['GET /workspaces/{workspaceId}', (c) => c.workspaces.get(DEMO_WORKSPACE)],
  ['GET /workspaces/{workspaceId}/admins', (c) => c.workspaces.admins(DEMO_WORKSPACE)],
  ['GET /workspaces/{workspaceId}/visitors', (c) => c.workspaces.visitors(DEMO_WORKSPACE)],
  ['GET /models', (c) => c.models.list(undefined, { details: true, search: 'Sales' })],
  ['GET /workspaces/{workspaceId}/models', (c) => c.models.list(DEMO_WORKSPACE)],
  [`GET ${m}`, (c) => c.models.get(SALES_MODEL)],
  [`POST ${M}/status`, (c) => c.models.status(REF)],
  [`GET ${M}/dashboards`, (c) => c.models.dashboards(REF)],
  [`GET ${m}/lineItems`, (c) => c.lineItems.list(REF, { includeAll: true })],
  [`GET ${m}/lineItems/{lineItemId}/dimensions`, (c) => c.lineItems.dimensions(REF, '411000000001')],
  [`GET ${m}/modules/{moduleId}/lineItems`, (c) => c.lineItems.listInModule(REF, SALES)],
  [
    `GET ${m}/lineItems/{lineItemId}/dimensions/{dimensionId}/items`,
    (c) => all(c.lineItems.dimensionItems(REF, '411000000001', REGIONS)),
  ],
  [`POST ${M}/dimensions/{dimensionId}/items`, (c) => c.dimensions.lookup(REF, REGIONS, { codes: ['na'] })],
  [`GET ${m}/dimensions/{dimensionId}/items`, (c) => all(c.dimensions.items(REF, REGIONS))],
  [
    `GET ${m}/views/{viewId}/dimensions/{dimensionId}/items`,
    (c) => all(c.views.dimensionItems(REF, SALES, '20000000003')),
  ],
  [`GET ${m}/modules`, (c) => c.modules.list(REF)],
  [`GET ${m}/views`, (c) => c.views.list(REF, { subsidiary: true })],
  [`GET ${m}/modules/{moduleId}/views`, (c) => c.views.listInModule(REF, SALES)],
  [`GET ${m}/views/{viewId}`, (c) => c.views.get(REF, SALES)],
  [
    `GET ${m}/views/{viewId}/data`,
    async (c) => {
      const { rows, ...head } = await c.views.data(REF, '102000000003', { maxRows: 5 });
      return { ...head, rows: await all(rows) };
    },
  ],
  ...readSteps(VIEW, `${M}/views/{viewId}/readRequests`),
  [`GET ${M}/lists`, (c) => c.lists.list(REF)],
  [
    `POST ${M}/lists/{listId}/items?action=add`,
    (c) => c.lists.add(REF, STORES, [{ name: 'Oslo', code: 'S1' }, {}]),
  ],
  [
    `PUT ${M}/lists/{listId}/items`,
    (c) => c.lists.update(REF, STORES, [{ code: 'S1', parent: 'Europe' }, {}]),
  ],
  [`GET ${M}/lists/{listId}`, (c) => c.lists.get(REF, '101000000001')],
  [`GET ${M}/lists/{listId}/items`, (c) => all(c.lists.items(REF, STORES, { includeAll: true }))],
  [
    `POST ${M}/lists/{listId}/items?action=delete`,
    (c) => c.lists.deleteItems(REF, STORES, [{ code: 'S1' }, { code: 'S2' }]),
  ],
  [`POST ${m}/lists/{listId}/resetIndex`, (c) => c.lists.resetIndex(REF, TRANSACTIONS)],
  [`GET ${M}/lists/{listId}/preview`, async (c) => bytesOf(await c.lists.preview(REF, LIST.id))],
  ...readSteps(LIST, `${M}/lists/{listId}/readRequests`),
  [
    `POST ${m}/modules/{moduleId}/data`,
    (c) => c.cells.write(REF, '102000000003', [cell, { ...cell, value: 'x' }]),
  ],
  [`PUT ${M}/currentPeriod`, (c) => c.calendar.setCurrentPeriod(REF, '2026-05-20')],
  [`GET ${M}/currentPeriod`, (c) => c.calendar.currentPeriod(REF)],
  [`PUT ${M}/modelCalendar/fiscalYear`, (c) => c.calendar.setFiscalYear(REF, 'FY26')],
  [`GET ${M}/modelCalendar`, (c) => c.calendar.get(REF)],
  [
    `PUT ${m}/versions/{versionId}/switchover`,
    (c) => c.versions.setSwitchover(REF, '107000000002', '2026-05-20'),
  ],
  [`GET ${m}/versions`, (c) => c.versions.list(REF)],
  [`GET ${M}/files`, (c) => c.files.list(REF, { sort: 'name' })],
  [`POST ${M}/files/{fileId}`, (c) => c.files.setChunkCount(REF, FILE, -1)],
  [`PUT ${M}/files/{fileId}/chunks/{chunkId}`, (c) => c.files.putChunk(REF, FILE, 0, chunkOf(ROWS))],
  [
    `POST ${M}/files/{fileId}/complete`,
    (c) => c.files.complete(REF, FILE, { name: 'sales.csv', chunkCount: 1 }),
  ],
  [`GET ${M}/files/{fileId}/chunks`, (c) => c.files.chunks(REF, FILE)],
  [`GET ${M}/files/{fileId}/chunks/{chunkId}`, async (c) => bytesOf(await c.files.getChunk(REF, FILE, '0'))],
  [`GET ${M}/files/{fileId}`, async (c) => bytesOf(await c.files.getWhole(REF, FILE))],
  [`PUT ${M}/files/{fileId}`, (c) => c.files.put(REF, FILE, chunkOf(ROWS))],
  [`GET ${M}/imports`, (c) => c.imports.list(REF)],
  [`GET ${M}/imports/{importId}`, (c) => c.imports.get(REF, ACTIONS.imports.id)],
  ...taskSteps('imports', 'importId'),
  ...dumpSteps('imports', `${M}/imports/{importId}/tasks/{taskId}/dump`),
  [`GET ${M}/exports`, (c) => c.exports.list(REF)],
  [`GET ${M}/exports/{exportId}`, (c) => c.exports.get(REF, ACTIONS.exports.id)],
  ...taskSteps('exports', 'exportId'),
  [`GET ${M}/actions`, (c) => c.actions.list(REF)],
  [`GET ${M}/actions/{actionId}`, (c) => c.actions.get(REF, '117000000002')],
  ...taskSteps('actions', 'actionId'),
  [
    `GET ${M}/optimizeActions/{actionId}/tasks/{taskId}/solutionLogs`,
    async (c, known) => bytesOf(await c.actions.optimizerLog(REF, ACTIONS.actions.id, known.taskId.actions)),
  ],
  [`GET ${M}/processes`, (c) => c.processes.list(REF)],
  [`GET ${m}/processes/{processId}`, (c) => c.processes.get(REF, ACTIONS.processes.id)],
  ...taskSteps('processes', 'processId'),
  ...dumpSteps('processes', `${M}/processes/{processId}/tasks/{taskId}/dumps/{objectId}`, '112000000002'),
  [`DELETE ${M}/files/{fileId}`, (c) => c.files.delete(REF, FILE)],
  [`POST ${M}/open`, (c) => c.models.open(OTHER)],
  [`GET ${M}/close`, (c) => c.models.close(OTHER)],
  [
    'POST /workspaces/{workspaceId}/bulkDeleteModels',
    (c) => c.models.bulkDelete(DEMO_WORKSPACE, [OTHER.modelId, SALES_MODEL]),
  ],
];

/** Of the uploaded products of the process there are none. */
export const PRODUCTS_FILE = '113000000001';

/** Every call and what makes it, each with its entry of the list of calls. */
export const EVERY_CALL = STEPS.map(([call, step]) => {
  const entry = [...CALLS, ...UNDOCUMENTED_CALLS].find(({ method, path }) => `${method} ${path}` === call);
  return { call, client: entry?.client, step };
});

/** A path as the guide prints it, as the sandbox records it: without names of parameters, and of queries. */
export const unnamed = (path: string): string =>
  path
    .replace(/\?.*$/, '')
    .replace(/^\/workspaces\/\{\w+\}(?=\/models\/\{)/, '')
    .replace(/\{\w+\}/g, '{}');

/** What the sandbox was asked, as {@link unnamed} calls. */
export const asked = (sandbox: Sandbox): string[] =>
  sandbox.record
    .filter(({ status }) => status >= 200 && status < 300)
    .map(({ method, pattern }) => `${method} ${unnamed(pattern)}`);

/** Nothing is known yet. */
export const nothingKnown = (): Known => ({
  taskId: { imports: 'T', exports: 'T', processes: 'T', actions: 'T' },
  requestId: { views: 'R', lists: 'R' },
});
