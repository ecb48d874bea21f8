import { compact } from '../compact';
import { bytes, json, readJson, Refusal, type Reply } from '../http';
import { isTerminal, type ActionKind, type Task } from '../tasks';
import type { TaskResult } from '../results';
import { answers, envelope, find, holds, indexParam, paged, param, type Call, type Route } from './route';

const IMPORT_TASK = '/models/{m}/imports/{a}/tasks/{t}';
const PROCESS_TASK = '/models/{m}/processes/{a}/tasks/{t}';

function importEntry(item: { id: string; name: string; fileId?: string; importType: string }): object {
  const source = item.fileId === undefined ? {} : { importDataSourceId: item.fileId };
  return { id: item.id, name: item.name, ...source, importType: item.importType };
}

function importMetadata(call: Call): Reply {
  const item = find(call.model.definition.imports, param(call, 'a'));
  const file = call.model.definition.files.find((candidate) => candidate.id === item.fileId);
  const headers = { headerNames: item.headerNames, columnCount: item.headerNames.length };
  const source =
    file === undefined
      ? headers
      : {
          textEncoding: file.encoding,
          columnSeparator: file.separator,
          textDelimiter: '"',
          headerRow: file.headerRow,
          firstDataRow: file.firstDataRow,
          decimalSeparator: '.',
          ...headers,
        };
  const type = file === undefined ? 'MODEL' : 'FILE';
  return envelope(call, 'importMetadata', { importMetadata: { name: item.name, type, source } });
}

function exportMetadata(call: Call): Reply {
  const item = find(call.model.definition.exports, param(call, 'a'));
  return envelope(call, 'exportMetadata', {
    exportMetadata: {
      columnCount: item.headerNames.length,
      dataTypes: item.headerNames.map((_, i) => (i === 0 ? 'ENTITY' : 'MIXED')),
      delimiter: '"',
      encoding: 'UTF-8',
      exportFormat: item.exportFormat,
      headerNames: item.headerNames,
      listNames: item.headerNames.map(() => ''),
      rowCount: item.content === 'sales' ? call.model.data.sales.size : call.model.data.products.size,
      separator: ',',
    },
  });
}

function processMetadata(call: Call): Reply {
  const process = find(call.model.definition.processes, param(call, 'a'));
  const { imports, exports, actions } = call.model.definition;
  const showSource = call.query.get('showImportDataSource') === 'true';
  const entries = process.actionIds.map((id) => {
    const importing = imports.find((item) => item.id === id);
    if (importing !== undefined) {
      const type = importing.fileId === undefined ? 'MODEL' : 'FILE';
      const dataSource = {
        ...compact({ importDataSourceId: importing.fileId }),
        type,
      };
      return {
        ...importEntry(importing),
        actionType: 'IMPORT',
        ...(showSource ? { importDataSource: dataSource } : {}),
      };
    }
    const exporting = exports.find((item) => item.id === id);
    if (exporting !== undefined) {
      const { name, exportType, exportFormat } = exporting;
      return { id, name, actionType: 'EXPORT', exportType, exportFormat, layout: exportType };
    }
    const action = actions.find((item) => item.id === id);
    return { id, name: action?.name ?? id, actionType: action?.actionType ?? '' };
  });
  return envelope(call, 'process', { processMetadata: { name: process.name, actions: entries } });
}

function start(call: Call, kind: ActionKind): Promise<Reply> | Reply {
  const actionId = param(call, 'a');
  if (call.model.kindOf(actionId) !== kind) throw new Refusal(404, 'Not Found');
  return readJson(call.body).then((body) => {
    if (typeof body.localeName !== 'string' || body.localeName === '')
      throw new Refusal(400, 'localeName is required.');
    const user = call.world.settings.user;
    const unfinished = call.model.tasks
      .list()
      .some((task) => task.actionId === actionId && task.user === user && !isTerminal(task));
    if (unfinished && !call.repeated) call.world.misuse.note('second-task', `${call.method} ${call.path}`);
    const mapping = body.mappingParameters === undefined ? {} : { mappingParameters: body.mappingParameters };
    const task = call.model.start(actionId, user, { localeName: body.localeName, ...mapping });
    const taskId = task?.taskId ?? '';
    // anaplan-api: "Run the import": imports and processes answer the bare ID, but enveloped where mapping parameters were sent.
    const bare = (kind === 'imports' || kind === 'processes') && body.mappingParameters === undefined;
    if (bare) return json({ taskId });
    return kind === 'actions' ? json({ task: { taskId } }) : envelope(call, 'task', { task: { taskId } });
  });
}

function list(call: Call, kind: ActionKind): Reply {
  // anaplan-api: "Tasks": a wrong parent ID is answered with an empty list.
  const tasks = call.model.tasks
    .list()
    .filter((task) => task.kind === kind && task.actionId === param(call, 'a'))
    .map((task) => ({
      taskId: task.taskId,
      taskState: task.state,
      creationTime: task.createdAt,
    }));
  if (call.world.settings.taskOrder === 'descending') tasks.reverse();
  const sort = call.query.get('sort');
  // The guide sorts by creationTime here and by creationDate there.
  if (sort?.includes('creationDate')) call.query.set('sort', sort.replace('creationDate', 'creationTime'));
  if (call.world.settings.envelopes === 'documented' && tasks.length === 1) {
    if (kind === 'imports') return envelope(call, 'task', { task: tasks[0] });
    if (kind === 'processes') return json(tasks[0]);
    if (kind === 'actions') return json({ tasks });
  }
  return paged(call, 'task', 'tasks', tasks, true);
}

function ownTask(call: Call, kind: ActionKind): Task {
  const task = call.model.tasks.get(param(call, 't'));
  if (task === undefined || task.kind !== kind || task.actionId !== param(call, 'a')) {
    throw new Refusal(404, `Task ${param(call, 't')} not found.`);
  }
  return task;
}

/** anaplan-api: "Monitor the process tasks": `includeProcessDetails` adds times to a process's result and to its nested ones. */
function timed(task: Task, result: TaskResult): TaskResult {
  const times = (from: number, to: number) => ({
    duration: String(Math.round(to - from)),
    startTime: String(Math.round(from)),
  });
  return {
    ...result,
    ...times(task.startedAt ?? task.createdAt, task.endedAt ?? task.createdAt),
    ...(result.nestedResults === undefined
      ? {}
      : {
          nestedResults: task.done.map((step) => ({
            ...step.result,
            ...times(step.startedAt, step.endedAt),
          })),
        }),
  };
}

function currentStep(call: Call, task: Task): string {
  if (task.state === 'COMPLETE') return 'Complete.';
  if (task.state === 'CANCELLED') return 'Cancelled.';
  if (task.state === 'NOT_STARTED') return 'Waiting ...';
  const step = task.steps[task.done.length]?.actionId;
  return task.kind === 'processes' && step !== undefined
    ? `Running ${call.model.nameOf(step)}`
    : 'Processing ...';
}

function taskInformation(call: Call, task: Task): object {
  const details = task.kind === 'processes' && /^true$/i.test(call.query.get('includeProcessDetails') ?? '');
  const { result } = task;
  return {
    ...(task.kind === 'imports' ? {} : { type: 'taskInformation' }),
    taskId: task.taskId,
    currentStep: currentStep(call, task),
    progress: call.model.tasks.progress(task),
    ...(result === undefined ? {} : { result: details ? timed(task, result) : result }),
    taskState: task.state,
    creationTime: task.createdAt,
  };
}

function answerTask(call: Call, kind: ActionKind, task: Task): Reply {
  const fields = { task: taskInformation(call, task) };
  return kind === 'actions' && call.world.settings.envelopes === 'documented'
    ? json(fields)
    : envelope(call, 'task', fields);
}

function cancel(call: Call, kind: ActionKind): Reply {
  const task = ownTask(call, kind);
  call.model.tasks.cancel(task);
  return answerTask(call, kind, task);
}

const taskRoutes = (kind: ActionKind): Route[] => {
  // A busy model holds the lists of export, process and delete tasks: the guide names only those of imports.
  const listRoute = kind === 'imports' ? answers : holds;
  return [
    answers('POST', `/models/{m}/${kind}/{a}/tasks`, (call) => start(call, kind)),
    listRoute('GET', `/models/{m}/${kind}/{a}/tasks`, (call) => list(call, kind)),
    answers('GET', `/models/{m}/${kind}/{a}/tasks/{t}`, (call) =>
      answerTask(call, kind, ownTask(call, kind)),
    ),
    answers('DELETE', `/models/{m}/${kind}/{a}/tasks/{t}`, (call) => cancel(call, kind)),
  ];
};

function dump(call: Call): Buffer {
  const importId = call.params.object ?? param(call, 'a');
  const found = call.model.dump(call.world.settings.user, importId, param(call, 't'));
  if (found === undefined) {
    call.world.misuse.note('dump-gone', `${call.method} ${call.path}`);
    throw new Refusal(404, 'The dump file does not exist or is gone.');
  }
  return found;
}

const dumpRoutes = (base: string): Route[] => [
  answers('GET', base, (call) => bytes(dump(call), 'application/octet-stream')),
  answers('GET', `${base}/chunks`, (call) => {
    const count = Math.ceil(dump(call).length / call.world.settings.model.dumpChunkBytes);
    const chunks = Array.from({ length: count }, (_, i) => ({ id: String(i), name: `Chunk ${i}` }));
    return paged(call, 'chunk', 'chunks', chunks, true);
  }),
  answers('GET', `${base}/chunks/{i}`, (call) => {
    const size = call.world.settings.model.dumpChunkBytes;
    const from = indexParam(call, 'i') * size;
    const whole = dump(call);
    if (from >= whole.length) throw new Refusal(404, 'The dump file has no such chunk.');
    return bytes(whole.subarray(from, from + size), 'application/octet-stream');
  }),
];

/** Imports, exports, processes and other actions, their tasks and their dumps. */
export const actionRoutes: Route[] = [
  answers('GET', '/models/{m}/imports', (call) =>
    paged(
      call,
      'import',
      'imports',
      call.model.definition.imports.map((item) => importEntry(item)),
    ),
  ),
  answers('GET', '/models/{m}/imports/{a}', importMetadata),
  answers('GET', '/models/{m}/exports', (call) =>
    paged(
      call,
      'export',
      'exports',
      call.model.definition.exports.map(({ id, name, exportType }) => ({ id, name, exportType })),
    ),
  ),
  answers('GET', '/models/{m}/exports/{a}', exportMetadata),
  answers('GET', '/models/{m}/processes', (call) => {
    const processes = call.model.definition.processes.map(({ id, name }) => ({ id, name }));
    if (call.world.settings.envelopes === 'documented') return json(processes);
    return paged(call, 'process', 'processes', processes);
  }),
  answers('GET', '/models/{m}/processes/{a}', processMetadata),
  answers('GET', '/models/{m}/actions', (call) =>
    paged(
      call,
      'action',
      'actions',
      call.model.definition.actions.map(({ id, name, actionType }) => ({
        id,
        ...compact({ actionType }),
        name,
      })),
    ),
  ),
  holds('GET', '/models/{m}/actions/{a}', (call) => {
    const { id, name, actionType, metadata } = find(call.model.definition.actions, param(call, 'a'));
    const type = actionType === undefined ? {} : { actionType };
    return envelope(call, 'action', { action: { id, ...metadata, ...type, name } });
  }),
  ...(['imports', 'exports', 'processes', 'actions'] as const).flatMap(taskRoutes),
  ...dumpRoutes(`${IMPORT_TASK}/dump`),
  ...dumpRoutes(`${PROCESS_TASK}/dumps/{object}`),
  // Not in the guide; the vendor's collection has it, with the task as the correlation ID.
  answers('GET', '/models/{m}/optimizeActions/{a}/tasks/{t}/solutionLogs', (call) => {
    const { actionType, name } = find(call.model.definition.actions, param(call, 'a'));
    const task = ownTask(call, 'actions');
    if (actionType !== 'OPTIMIZER' || task.state !== 'COMPLETE') throw new Refusal(404, 'Not Found');
    return bytes(Buffer.from(`${name}\nOptimal solution found\nObjective 42\n`), 'text/plain;charset=UTF-8');
  }),
];
