import { z } from 'zod';
import { path, type Api } from './api';
import { modelPath } from './models';
import { compact } from './compact';
import {
  isRecord,
  neededText,
  optionalBoolean,
  optionalNumber,
  optionalText,
  optionalTime,
  read,
  textOrEmpty,
  unwrap,
} from './parse';
import type {
  ActionRef,
  CallOptions,
  ModelRef,
  PageOptions,
  Task,
  TaskDetail,
  TaskResult,
  TaskSummary,
} from './types';

/** The path of one action of a model. */
export function actionPath(ref: ModelRef, action: ActionRef): string {
  return modelPath(ref) + path`/${action.kind}/${action.id}`;
}

/** Body of a task's start. */
export interface StartTask {
  /** The language of messages (anaplan-api: "Start the import"). A start without it is refused with 400. */
  localeName: string;
  /** Runtime parameters of an import or process (anaplan-api: "Import with Mapping Data"). */
  mappingParameters?: MappingParameter[] | undefined;
}

/** E.g. `{entityType: 'Version', entityName: 'Actual'}`. */
export interface MappingParameter {
  entityType: string;
  entityName: string;
}

const state = neededText.transform((s) => s.trim().toUpperCase());

const summarySchema = z
  .object({
    taskId: neededText,
    taskState: state.optional().catch(undefined),
    creationTime: optionalTime,
  })
  .transform(compact);

const taskSchema = z
  .object({
    taskId: neededText,
    taskState: state.catch(''),
    creationTime: optionalTime,
    progress: optionalNumber,
    currentStep: optionalText,
    cancelledBy: optionalText,
    type: optionalText,
  })
  .transform(compact);

const resultSchema = z.object({
  successful: optionalBoolean,
  failureDumpAvailable: optionalBoolean,
  objectId: optionalText,
  objectName: optionalText,
  // Both come as texts (anaplan-api: "Monitor the process tasks").
  startTime: optionalTime,
  duration: optionalNumber,
});

const detailSchema = z.object({
  type: textOrEmpty,
  localMessageText: optionalText,
  occurrences: optionalNumber,
});

const TASK_MARKS = ['taskId'] as const;

/** Reads one entry of a task list. */
export function parseTaskSummary(raw: unknown): TaskSummary {
  return read(summarySchema, raw, 'a task');
}

/** The task ID of the answer to a start, with or without its envelope; undefined where there is none. */
export function parseStartedTask(body: unknown): string | undefined {
  const raw = unwrap(body, ['task', 'tasks'], TASK_MARKS);
  const id = isRecord(raw) ? optionalText.parse(raw['taskId'] ?? undefined) : undefined;
  return id === '' ? undefined : id;
}

/**
 * Reads a task. A state that is missing is an unknown one: the next poll may name it. A result that does not say whether
 * it was `successful` is marked as `assumed`: nothing else tells a success from a failure.
 * @param asked - the ID that was asked for, where the answer leaves it out
 */
export function parseTask(body: unknown, asked: string): Task {
  const raw = unwrap(body, ['task', 'tasks'], ['taskId', 'taskState']);
  const task = read(taskSchema, isRecord(raw) ? { ...raw, taskId: raw['taskId'] ?? asked } : raw, 'the task');
  const result = isRecord(raw) ? raw['result'] : undefined;
  if (!isRecord(result)) return task;
  return { ...task, result: parseResult(result, false) };
}

function parseResult(raw: Record<string, unknown>, otherwise: boolean): TaskResult {
  const { objectId, objectName, startTime, duration, ...rest } = read(resultSchema, raw, "the task's result");
  const successful = rest.successful ?? otherwise;
  const nested = raw['nestedResults'];
  const details = raw['details'];
  return {
    successful,
    ...(rest.successful === undefined ? { assumed: true as const } : {}),
    failureDumpAvailable: rest.failureDumpAvailable ?? false,
    ...compact({ objectId, objectName, startTime, duration }),
    details: listOf(details).map(parseDetail),
    nestedResults: listOf(nested).map((inner) => parseResult(inner, successful)),
  };
}

function listOf(value: unknown): Record<string, unknown>[] {
  return (Array.isArray(value) ? value : [value]).filter(isRecord);
}

function parseDetail(raw: Record<string, unknown>): TaskDetail {
  const { type, localMessageText, occurrences } = read(detailSchema, raw, 'a detail of the task');
  return { type, ...compact({ localMessageText, occurrences }), values: parseValues(raw['values']) };
}

/** The pairs of the flat `values` array: name, value, name, value ... A name without a value is left out. */
function parseValues(raw: unknown): Record<string, string> {
  const pairs: [string, string][] = [];
  if (Array.isArray(raw)) {
    for (let i = 0; i + 1 < raw.length; i += 2)
      pairs.push([textOrEmpty.parse(raw[i]), textOrEmpty.parse(raw[i + 1])]);
  } else if (isRecord(raw)) {
    for (const [name, value] of Object.entries(raw)) pairs.push([name, textOrEmpty.parse(value)]);
  }
  return Object.fromEntries(pairs);
}

/** Options of a list of tasks. */
export interface TaskListOptions extends PageOptions {
  /** The guide prints `-creationTime` here and `-creationDate` there. */
  sort?: string | undefined;
}

/** Tasks of imports, exports, processes and actions (anaplan-api: "Start the import", "Monitor the import tasks"). */
export class TasksApi {
  constructor(private readonly api: Api) {}

  /**
   * Starts a task: NOT idempotent. It is sent once on a fresh connection (a kept one may be dead by now), and again
   * only after a 401 or a 410, which are answers that nothing was started. Whether anything was after another error
   * tells `outcomeUnknown(error)`.
   * @returns the task's ID; without one where Anaplan answered 2xx but named none. `serverDate` is the answer's
   * `Date`, epoch milliseconds
   */
  async start(
    ref: ModelRef,
    action: ActionRef,
    start: StartTask,
    o?: CallOptions,
  ): Promise<{ taskId?: string; serverDate?: number }> {
    const { localeName, mappingParameters } = start;
    const json = mappingParameters === undefined ? { localeName } : { localeName, mappingParameters };
    const answer = await this.api.json(
      { method: 'POST', path: `${actionPath(ref, action)}/tasks`, json, fresh: true },
      o,
    );
    return compact({ taskId: parseStartedTask(answer.body), serverDate: answer.serverDate });
  }

  /**
   * All tasks of the action, all pages, other users' among them, in the order in which Anaplan gives them (the
   * documents disagree on it: sort by `creationTime`). [] also for an unknown action (anaplan-api: "Tasks").
   */
  async list(
    ref: ModelRef,
    action: ActionRef,
    o: TaskListOptions = {},
  ): Promise<{ tasks: TaskSummary[]; whole: boolean; serverDate?: number }> {
    const { items, whole, serverDate } = await this.api.listDated(
      {
        path: `${actionPath(ref, action)}/tasks`,
        query: { sort: o.sort },
        what: 'the task list',
        keys: ['tasks', 'task'],
        marks: TASK_MARKS,
        item: parseTaskSummary,
        idOf: (task) => task.taskId,
        partly: true,
      },
      o,
    );
    return { tasks: items, whole, ...compact({ serverDate }) };
  }

  /**
   * One task; of a process with the times of its steps, unless `details` is false. Not more often than every 5 s:
   * `limiter.pollIntervalMs(age)`.
   */
  get(
    ref: ModelRef,
    action: ActionRef,
    taskId: string,
    o: CallOptions & { details?: boolean | undefined } = {},
  ): Promise<Task> {
    return this.api.get(
      {
        method: 'GET',
        path: actionPath(ref, action) + path`/tasks/${taskId}`,
        poll: true,
        ...(action.kind === 'processes' ? { query: { includeProcessDetails: o.details ?? true } } : {}),
      },
      (body) => parseTask(body, taskId),
      o,
    );
  }

  /** Asks for the task's end. It is CANCELLED only once {@link get} says so; it may complete first. */
  cancel(ref: ModelRef, action: ActionRef, taskId: string, o?: CallOptions): Promise<void> {
    return this.api.run({ method: 'DELETE', path: actionPath(ref, action) + path`/tasks/${taskId}` }, o);
  }
}
