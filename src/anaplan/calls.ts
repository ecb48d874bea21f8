/** One call of the API, and the method of the client that makes it. */
export interface ApiCallEntry {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below `/2/0`, as the guide prints it. */
  path: string;
  /** The heading of the guide; absent for a call that only public records and clients show. */
  heading?: string;
  /** E.g. `lists.add`, of `AnaplanClient`. */
  client: string;
}

const M = '/workspaces/{workspaceId}/models/{modelId}';
const m = '/models/{modelId}';

const calls = (...rows: [call: string, heading: string, client: string][]): ApiCallEntry[] =>
  rows.map(([call, heading, client]) => {
    const [method = '', path = ''] = call.split(' ');
    return { method: method as ApiCallEntry['method'], path, ...(heading === '' ? {} : { heading }), client };
  });

/** The task calls of a kind of action; cancelling one has no heading of its own. */
const tasks = (kind: string, id: string, start: string, list: string, get: string): ApiCallEntry[] =>
  calls(
    [`POST ${M}/${kind}/{${id}}/tasks`, start, 'tasks.start'],
    [`GET ${M}/${kind}/{${id}}/tasks`, list, 'tasks.list'],
    [`GET ${M}/${kind}/{${id}}/tasks/{taskId}`, get, 'tasks.get'],
    [`DELETE ${M}/${kind}/{${id}}/tasks/{taskId}`, get, 'tasks.cancel'],
  );

/** Every call of the guide, in its order. */
export const CALLS: readonly ApiCallEntry[] = [
  ...calls(
    ['GET /workspaces', 'List user workspaces', 'workspaces.list'],
    ['GET /workspaces/{workspaceId}', 'Retrieve workspace information', 'workspaces.get'],
    ['GET /models', 'Retrieve models', 'models.list'],
    ['GET /workspaces/{workspaceId}/models', 'Retrieve models for a specific workspace', 'models.list'],
    [`GET ${m}`, 'Retrieve a specific model', 'models.get'],
    ['POST /workspaces/{workspaceId}/bulkDeleteModels', 'Bulk delete models', 'models.bulkDelete'],
    [`POST ${M}/status`, 'Check model status', 'models.status'],
    [`GET ${M}/close`, 'Close model', 'models.close'],
    [`GET ${m}/lineItems`, 'Retrieve all line items in a model', 'lineItems.list'],
    [
      `GET ${m}/lineItems/{lineItemId}/dimensions`,
      'Retrieve dimension Ids for a line item',
      'lineItems.dimensions',
    ],
    [
      `GET ${m}/modules/{moduleId}/lineItems`,
      'Retrieve all line items in a module',
      'lineItems.listInModule',
    ],
    [
      `POST ${M}/dimensions/{dimensionId}/items`,
      'Lookup dimension items by name or code',
      'dimensions.lookup',
    ],
    [`GET ${m}/dimensions/{dimensionId}/items`, 'Retrieve all items in a dimension', 'dimensions.items'],
    [
      `GET ${m}/views/{viewId}/dimensions/{dimensionId}/items`,
      'Retrieve selected items in a dimension',
      'views.dimensionItems',
    ],
    [`GET ${m}/modules`, 'Retrieve IDs and names for all modules in a model', 'modules.list'],
    [`GET ${m}/views`, 'Retrieve IDs and names for all views in a model', 'views.list'],
    [
      `GET ${m}/modules/{moduleId}/views`,
      'Retrieve IDs and names for views in a module',
      'views.listInModule',
    ],
    [`GET ${m}/views/{viewId}`, 'Retrieve metadata for dimensions on a view', 'views.get'],
    [`GET ${m}/views/{viewId}/data`, 'Retrieve cell data for a view', 'views.data'],
    [
      `GET ${m}/lineItems/{lineItemId}/dimensions/{dimensionId}/items`,
      'Retrieve dimension items for a line item',
      'lineItems.dimensionItems',
    ],
    [`POST ${M}/views/{viewId}/readRequests`, 'Initiate large read request', 'reads.create'],
    [
      `GET ${M}/views/{viewId}/readRequests/{requestId}`,
      'Retrieve status of large read request',
      'reads.status',
    ],
    [`GET ${M}/views/{viewId}/readRequests/{requestId}/pages/{pageNo}`, 'Download pages', 'reads.page'],
    [`DELETE ${M}/views/{viewId}/readRequests/{requestId}`, 'Delete read requests', 'reads.delete'],
    [`GET ${M}/lists`, 'Retrieve lists', 'lists.list'],
    [`GET ${M}/lists/{listId}`, 'Retrieve list metadata', 'lists.get'],
    [`POST ${m}/modules/{moduleId}/data`, 'Write cell data by coordinate or name', 'cells.write'],
    [`GET ${M}/lists/{listId}/items`, 'Retrieve list data', 'lists.items'],
    [`POST ${M}/lists/{listId}/items?action=add`, 'Add list items', 'lists.add'],
    [`PUT ${M}/lists/{listId}/items`, 'Update list items', 'lists.update'],
    [`POST ${M}/lists/{listId}/items?action=delete`, 'Delete list items', 'lists.deleteItems'],
    [`POST ${m}/lists/{listId}/resetIndex`, 'Reset list index', 'lists.resetIndex'],
    [`GET ${M}/lists/{listId}/preview`, 'Preview large data list read', 'lists.preview'],
    [`POST ${M}/lists/{listId}/readRequests`, 'Initiate large read request', 'reads.create'],
    [
      `GET ${M}/lists/{listId}/readRequests/{requestId}`,
      'Retrieve status of large read request',
      'reads.status',
    ],
    [`GET ${M}/lists/{listId}/readRequests/{requestId}/pages/{pageNo}`, 'Download pages', 'reads.page'],
    [`DELETE ${M}/lists/{listId}/readRequests/{requestId}`, 'Delete read requests', 'reads.delete'],
    [`GET ${M}/currentPeriod`, 'Retrieve current period', 'calendar.currentPeriod'],
    [`PUT ${M}/currentPeriod`, 'Set current period', 'calendar.setCurrentPeriod'],
    [`GET ${M}/modelCalendar`, 'Get current fiscal year', 'calendar.get'],
    [`PUT ${M}/modelCalendar/fiscalYear`, 'Update current fiscal year', 'calendar.setFiscalYear'],
    [`GET ${m}/versions`, 'Retrieve version metadata', 'versions.list'],
    [`PUT ${m}/versions/{versionId}/switchover`, 'Set version switchover date', 'versions.setSwitchover'],
    ['GET /users/me', 'Retrieve your user', 'users.me'],
    ['GET /users/{userId}', 'Retrieve user information', 'users.get'],
    ['GET /users', 'Retrieve user list', 'users.list'],
    [`GET ${M}/files`, 'Get the ID and information for the model file to upload', 'files.list'],
    [`POST ${M}/files/{fileId}`, 'Set the Chunk Count', 'files.setChunkCount'],
    [`PUT ${M}/files/{fileId}`, 'Upload file as a single chunk', 'files.put'],
    [`PUT ${M}/files/{fileId}/chunks/{chunkId}`, 'Upload a file in chunks', 'files.putChunk'],
    [`POST ${M}/files/{fileId}/complete`, 'Complete the upload', 'files.complete'],
    [`GET ${M}/files/{fileId}/chunks`, 'Get the chunks in a file', 'files.chunks'],
    [`GET ${M}/files/{fileId}/chunks/{chunkId}`, 'Get the data in a chunk', 'files.getChunk'],
    [`DELETE ${M}/files/{fileId}`, 'Delete Files', 'files.delete'],
    [`GET ${M}/imports`, 'Getting the import id', 'imports.list'],
    [`GET ${M}/imports/{importId}`, 'Get the metadata for an import definition', 'imports.get'],
  ),
  ...tasks(
    'imports',
    'importId',
    'Start the import',
    'Get a list of the import tasks',
    'Monitor the import tasks',
  ),
  ...calls(
    [
      `GET ${M}/imports/{importId}/tasks/{taskId}/dump/chunks`,
      'Query the number of chunks in a dump file',
      'dumps.chunks',
    ],
    [
      `GET ${M}/imports/{importId}/tasks/{taskId}/dump/chunks/{chunkId}`,
      'Download dump file chunks',
      'dumps.getChunk',
    ],
    [`GET ${M}/imports/{importId}/tasks/{taskId}/dump`, 'Check dump file for failures', 'dumps.getWhole'],
    [`GET ${M}/exports`, 'List the available export definitions as a JSON array', 'exports.list'],
    [`GET ${M}/exports/{exportId}`, 'Get the metadata for an export definition', 'exports.get'],
  ),
  ...tasks(
    'exports',
    'exportId',
    'Start the export',
    'Get a list of the export tasks',
    'Monitor the export tasks',
  ),
  ...calls(
    [`GET ${M}/actions`, 'Retrieve model actions', 'actions.list'],
    [`GET ${M}/actions/{actionId}`, 'Retrieve action metadata', 'actions.get'],
  ),
  ...tasks(
    'actions',
    'actionId',
    'Start deletion',
    'Get a list of deletion tasks',
    'Monitor the deletion tasks',
  ),
  ...calls(
    [
      `GET ${M}/processes`,
      'List the process definitions available in a model as a JSON array',
      'processes.list',
    ],
    [`GET ${m}/processes/{processId}`, 'Retrieve metadata for a process', 'processes.get'],
  ),
  ...tasks(
    'processes',
    'processId',
    'Start the process',
    'Get the list of tasks for the process',
    'Monitor the process tasks',
  ),
  ...calls(
    [
      `GET ${M}/processes/{processId}/tasks/{taskId}/dumps/{objectId}/chunks`,
      'Query the number of chunks in a dump file',
      'dumps.chunks',
    ],
    [
      `GET ${M}/processes/{processId}/tasks/{taskId}/dumps/{objectId}/chunks/{chunkId}`,
      'Download dump file chunks',
      'dumps.getChunk',
    ],
    [
      `GET ${M}/processes/{processId}/tasks/{taskId}/dumps/{objectId}`,
      'Check dump file for failures',
      'dumps.getWhole',
    ],
  ),
];

/** Calls that are not in the guide: public records of real tenants and public clients show them. */
export const UNDOCUMENTED_CALLS: readonly ApiCallEntry[] = calls(
  ['GET /workspaces/{workspaceId}/admins', '', 'workspaces.admins'],
  ['GET /workspaces/{workspaceId}/visitors', '', 'workspaces.visitors'],
  [`POST ${M}/open`, '', 'models.open'],
  [`GET ${M}/dashboards`, '', 'models.dashboards'],
  [`GET ${M}/files/{fileId}`, '', 'files.getWhole'],
  [`GET ${M}/optimizeActions/{actionId}/tasks/{taskId}/solutionLogs`, '', 'actions.optimizerLog'],
);
