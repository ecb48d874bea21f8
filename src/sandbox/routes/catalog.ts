import { CUSTOMER_ID, USER_ID } from '../auth';
import { json, Refusal } from '../http';
import { WORKSPACES, type ModelEntry } from '../tenant';
import { answers, envelope, find, holds, paged, param, type Call, type Route } from './route';

const flag = (call: Call, name: string) => call.query.get(name) === 'true';
const STATES: Record<string, string> = { archived: 'ARCHIVED', locked: 'LOCKED', deployed: 'PRODUCTION' };

function describeWorkspace(call: Call, workspace: { id: string; name: string }): object {
  const sizes = flag(call, 'tenantDetails') ? { sizeAllowance: 1_073_741_824, currentSize: 163_950_621 } : {};
  return { id: workspace.id, name: workspace.name, active: true, ...sizes };
}

function describeModel(call: Call, entry: ModelEntry): object {
  const workspace = WORKSPACES.find((candidate) => candidate.id === entry.workspaceId);
  const status = call.world.model(entry.id).status();
  const details = flag(call, 'modelDetails')
    ? {
        lastSavedSerialNumber: 2_000_000,
        lastModifiedByUserGuid: USER_ID,
        ...(status === 'archived' ? {} : { memoryUsage: 474_900 }),
        isoCreationDate: '2022-02-10T19:14:23.000+0000',
        lastModified: '2022-02-10T19:14:24.000+0000',
      }
    : {};
  return {
    id: entry.id,
    activeState: STATES[status] ?? 'UNLOCKED',
    name: entry.name,
    currentWorkspaceId: entry.workspaceId,
    currentWorkspaceName: workspace?.name ?? '',
    modelUrl: `${call.world.baseUrl}/anaplan/framework.jsp?selectedWorkspaceId=${entry.workspaceId}&selectedModelId=${entry.id}`,
    categoryValues: [],
    ...details,
  };
}

function models(call: Call, workspaceId?: string) {
  const search = call.query.get('s')?.toLowerCase();
  const entries = [...call.world.models.values()]
    .map((model) => model.entry)
    .filter((entry) => workspaceId === undefined || entry.workspaceId === workspaceId)
    .filter((entry) => search === undefined || entry.name.toLowerCase().includes(search));
  return paged(
    call,
    'model',
    'models',
    entries.map((entry) => describeModel(call, entry)),
  );
}

/** Model status (seeds: "Check model status"; facts: GET answers without an envelope). */
function requestStatus(call: Call): Record<string, unknown> {
  const { model } = call;
  const { user, clock } = call.world.settings;
  const task = model.tasks.running();
  const idle = {
    peakMemoryUsageEstimate: null,
    peakMemoryUsageTime: null,
    progress: -1.0,
    currentStep: 'Open',
    tooltip: null,
    exportTaskType: null,
    creationTime: clock(),
    taskId: null,
  };
  if (task === undefined) {
    if (model.status() === 'busy') return { ...idle, currentStep: 'Updating' };
    return model.status() === 'offline' ? { ...idle, currentStep: 'Closed' } : idle;
  }
  const noun = { imports: 'Import', exports: 'Export', processes: 'Process', actions: 'Action' }[task.kind];
  const article = /^[AEIOU]/.test(noun) ? 'an' : 'a';
  const who = task.user === user ? `Demo User (${task.user})` : `Other User (${task.user})`;
  const at = new Date(task.startedAt ?? task.createdAt).toISOString().slice(11, 16);
  return {
    ...idle,
    progress: model.tasks.progress(task),
    currentStep: 'Processing ...',
    tooltip:
      `The system is currently processing ${article} ${noun}:\n\n${noun} started by user ${who}\n\n` +
      `${noun} started at ${at} (UTC)\nTasks can be cancelled in Model Management.`,
    creationTime: task.createdAt,
    taskId: task.taskId,
  };
}

/** Users, workspaces, models, modules, views, lists. */
export const catalogRoutes: Route[] = [
  answers('GET', '/users/me', (call) =>
    envelope(call, 'user', {
      user: {
        id: USER_ID,
        active: true,
        email: call.world.settings.user,
        emailOptIn: true,
        firstName: 'Demo',
        lastName: 'User',
        customerId: CUSTOMER_ID,
        lastLoginDate: '2026-01-05T08:05:37.000+0000',
      },
    }),
  ),
  answers('GET', '/workspaces', (call) =>
    paged(
      call,
      'workspace',
      'workspaces',
      WORKSPACES.map((workspace) => describeWorkspace(call, workspace)),
    ),
  ),
  answers('GET', '/workspaces/{w}', (call) => {
    const workspace = find([...WORKSPACES], param(call, 'w'), 'Workspace');
    return envelope(call, 'workspace', { workspace: describeWorkspace(call, workspace) });
  }),
  answers('GET', '/workspaces/{w}/models', (call) => {
    find([...WORKSPACES], param(call, 'w'), 'Workspace');
    return models(call, param(call, 'w'));
  }),
  answers('GET', '/models', (call) => models(call)),
  answers('GET', '/models/{m}', (call) =>
    envelope(call, 'model', { model: describeModel(call, call.model.entry) }),
  ),
  answers('GET', '/models/{m}/status', (call) => json(requestStatus(call))),
  answers('POST', '/models/{m}/status', (call) =>
    envelope(call, 'dimension', { requestStatus: requestStatus(call) }),
  ),
  holds('GET', '/models/{m}/modules', (call) =>
    paged(
      call,
      'module',
      'modules',
      call.model.definition.modules.map((module) => ({ ...module })),
    ),
  ),
  holds('GET', '/models/{m}/views', (call) =>
    paged(
      call,
      'view',
      'views',
      call.model.definition.views.map(({ id, fullName, moduleId }) => ({
        code: '',
        id,
        name: fullName,
        moduleId,
      })),
    ),
  ),
  holds('GET', '/models/{m}/modules/{module}/views', (call) => {
    const module = find(call.model.definition.modules, param(call, 'module'), 'Module');
    const views = call.model.definition.views.filter((view) => view.moduleId === module.id);
    return paged(
      call,
      'view',
      'views',
      views.map(({ id, name, moduleId }) => ({ code: '', id, name, moduleId })),
    );
  }),
  holds('GET', '/models/{m}/views/{v}', (call) => {
    const view = find(call.model.definition.views, param(call, 'v'), 'View');
    // The seeds omit an axis without dimensions.
    return envelope(call, 'view', {
      viewName: view.name === 'default' ? view.fullName : view.name,
      viewId: view.id,
      rows: [
        view.content === 'sales'
          ? { id: '101000000001', name: 'Products' }
          : { id: '101000000003', name: 'Bulk Items' },
        { id: '101000000002', name: 'Regions' },
        { id: '20000000003', name: 'Time' },
      ],
      columns: [{ id: '101999999999', name: 'Line items' }],
    });
  }),
  holds('GET', '/models/{m}/lists', (call) =>
    paged(
      call,
      'list',
      'lists',
      call.model.definition.lists.map(({ id, name }) => ({ id, name })),
    ),
  ),
  holds('GET', '/models/{m}/lists/{l}', (call) => {
    const list = find(call.model.definition.lists, param(call, 'l'), 'List');
    return envelope(call, 'list', {
      metadata: {
        id: list.id,
        name: list.name,
        hasSelectiveAccess: false,
        managedBy: '',
        numberedList: false,
        useTopLevelAsPageDefault: false,
        itemCount: call.model.listSize(list),
        workflowEnabled: false,
        productionData: false,
      },
    });
  }),
  holds('GET', '/models/{m}/lists/{l}/items', (call) => {
    const list = find(call.model.definition.lists, param(call, 'l'), 'List');
    if (list.content === 'bulk') throw new Refusal(400, 'The list is too large: use a read request.');
    const items =
      list.content === 'products'
        ? [...call.model.data.products.values()].map(({ name, code }) => ({ name, code }))
        : [...call.model.data.regions].map(([code, name]) => ({ name, code }));
    const listItems = items.map((item, i) => ({ id: `2030000${String(i).padStart(5, '0')}`, ...item }));
    return envelope(call, 'list', { listItems });
  }),
];
