import { compact } from './compact';
import { Refusal } from './http';
import type { FileInfo } from './files';
import type { Model } from './model';
import type { ReadRequest } from './reads';
import type { TaskResult } from './results';
import type { ActionKind, Task, TaskState } from './tasks';
import type { ExportDefinition } from './definitions';
import type { World } from './world';

/** A task as a test sees it. Times are epoch ms. */
export interface TaskInfo {
  taskId: string;
  kind: ActionKind;
  actionId: string;
  action: string;
  user: string;
  state: TaskState;
  createdAt: number;
  startedAt?: number;
  endedAt?: number;
  localeName: string;
  mappingParameters?: unknown;
  result?: TaskResult;
}

/** An open large read as a test sees it. */
export interface ReadInfo {
  requestId: string;
  kind: 'views' | 'lists';
  objectId: string;
  exportType?: string;
  createdAt: number;
}

/** A task without its inner workings. */
export function taskInfo(model: Model, task: Task): TaskInfo {
  const {
    taskId,
    kind,
    actionId,
    user,
    state,
    createdAt,
    startedAt,
    endedAt,
    localeName,
    mappingParameters,
    result,
  } = task;
  return {
    taskId,
    kind,
    actionId,
    action: model.nameOf(actionId),
    user,
    state,
    createdAt,
    ...compact({ startedAt, endedAt }),
    localeName,
    ...compact({ mappingParameters, result }),
  };
}

/** An open read without its content. */
export function readInfo(request: ReadRequest): ReadInfo {
  const { requestId, kind, objectId, exportType, createdAt } = request;
  return { requestId, kind, objectId, createdAt, ...compact({ exportType }) };
}

/** Every file of a model that holds something of the user's. */
function fileInfos(model: Model): FileInfo[] {
  const infos = [...model.files.files.keys()].map((id) => model.files.info(id));
  return infos.filter((info): info is FileInfo => info !== undefined && (info.chunks > 0 || info.completed));
}

/** How often each method and path pattern was asked. */
export function counts(world: World): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { method, pattern } of world.record) {
    const key = `${method} ${pattern}`;
    found[key] = (found[key] ?? 0) + 1;
  }
  return found;
}

/** The state of one model for `GET /sandbox/state`. */
export function modelState(model: Model): object {
  const { products, regions, sales, bulk } = model.data;
  return {
    id: model.entry.id,
    name: model.entry.name,
    workspaceId: model.entry.workspaceId,
    status: model.status(),
    tasks: model.tasks.list().map((task) => taskInfo(model, task)),
    files: fileInfos(model),
    openReadRequests: model.reads.open().map(readInfo),
    rows: { products: products.size, regions: regions.size, sales: sales.size, bulk },
  };
}

/** An export of a model by its ID, or a 404. */
export function exportById(model: Model, exportId: string): ExportDefinition {
  const found = model.definition.exports.find((item) => item.id === exportId);
  if (found === undefined) throw new Refusal(404, `There is no export ${exportId}.`);
  return found;
}
