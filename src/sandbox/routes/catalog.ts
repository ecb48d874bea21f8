import { USER_ID } from '../auth';
import { json } from '../http';
import type { ModelEntry } from '../definitions';
import { WORKSPACES } from '../tenant';
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

/** Model status (anaplan-api: "Check model status"; GET answers without an envelope). */
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
    if (model.closed) return { ...idle, currentStep: 'Closed' };
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

/** Workspaces, models, modules. */
export const catalogRoutes: Route[] = [
  answers('GET', '/workspaces', (call) =>
    paged(
      call,
      'workspace',
      'workspaces',
      WORKSPACES.map((workspace) => describeWorkspace(call, workspace)),
    ),
  ),
  answers('GET', '/workspaces/{w}', (call) => {
    const workspace = find([...WORKSPACES], param(call, 'w'));
    return envelope(call, 'workspace', { workspace: describeWorkspace(call, workspace) });
  }),
  answers('GET', '/workspaces/{w}/models', (call) => {
    find([...WORKSPACES], param(call, 'w'));
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
];
