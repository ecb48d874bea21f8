/** Judging a finished task: rows, rejections, outcome. Pure. */
import {
  LIMITS,
  type AcceptRejections,
  type IntegrationResult,
  type NestedTaskResult,
  type ResultDetail,
  type ResultDump,
  type ResultTask,
  type RowCounts,
} from '../contracts';
import type { SettledResult, SettledTask } from '../activities/types';

/** A dump as it was kept, or the word that it could not be. */
export interface KeptDump extends ResultDump {
  warnings: number;
}

/** The rejections of one action of the task. */
export interface Rejection {
  action: string;
  objectId?: string;
  rejected: number;
  unit: RowCounts['unit'];
  allowed: number;
}

/** How many rejected rows an action may have. */
export function allowedRejections(
  accept: AcceptRejections | undefined,
  action: string,
  objectId?: string,
): number {
  if (accept === undefined || accept === false) return 0;
  if (accept === true) return Number.POSITIVE_INFINITY;
  if (typeof accept === 'number') return accept;
  const own = accept[action] ?? (objectId === undefined ? undefined : accept[objectId]) ?? accept['*'];
  return allowedRejections(own ?? false, action);
}

/** The rows of one result; with a dump, rejected means its distinct lines with an error. */
export function rowsOf(result: SettledResult, dump: KeptDump | undefined): RowCounts | undefined {
  if (!dump) return result.rows;
  const counted: RowCounts = result.rows ?? { unit: 'rows', ignored: 0, rejected: 0, warnings: 0 };
  return { ...counted, rejected: dump.rows, warnings: dump.warnings };
}

/** All results of a task that stand for one action: the nested ones of a process, else the task's own. */
export function actionResults(task: SettledTask): SettledResult[] {
  const flat = (r: SettledResult): SettledResult[] => (r.nested ? r.nested.flatMap(flat) : [r]);
  return task.result ? flat(task.result) : [];
}

/** The dump of one result. */
export function dumpOf(
  result: SettledResult,
  dumps: readonly KeptDump[],
  fallbackId: string,
): KeptDump | undefined {
  return dumps.find((d) => d.objectId === (result.objectId ?? fallbackId));
}

/** Every action of a task that had rejected rows, with what is allowed. */
export function rejectionsOf(
  task: SettledTask,
  dumps: readonly KeptDump[],
  main: { id: string; name: string },
  accept: AcceptRejections | undefined,
): Rejection[] {
  return actionResults(task).flatMap((result) => {
    const dump = dumpOf(result, dumps, main.id);
    const rows = rowsOf(result, dump);
    if (!rows || rows.rejected === 0) return [];
    const action =
      result.objectName ??
      dump?.action ??
      (result.objectId === undefined || result.objectId === main.id ? main.name : result.objectId);
    return [
      {
        action,
        ...(result.objectId === undefined ? {} : { objectId: result.objectId }),
        rejected: rows.rejected,
        unit: dump ? ('rows' as const) : rows.unit,
        allowed: allowedRejections(accept, action, result.objectId),
      },
    ];
  });
}

/** The task as the result document shows it. */
export function resultTask(
  task: SettledTask,
  dumps: readonly KeptDump[],
  main: { id: string; name: string },
  adopted: boolean,
): ResultTask {
  const out: ResultTask = {
    taskId: task.taskId,
    state: task.state,
    successful: task.result?.successful ?? false,
    details: task.result?.details ?? [],
  };
  if (adopted) out.adopted = true;
  const nested = task.result?.nested;
  if (nested) {
    out.nested = nested.map((n) => nestedTask(n, dumps));
    return out;
  }
  const rows = task.result && rowsOf(task.result, dumpOf(task.result, dumps, main.id));
  if (rows) out.rows = rows;
  return out;
}

function nestedTask(result: SettledResult, dumps: readonly KeptDump[]): NestedTaskResult {
  const rows = rowsOf(result, dumpOf(result, dumps, ''));
  return {
    objectId: result.objectId ?? '',
    ...(result.objectName === undefined ? {} : { name: result.objectName }),
    successful: result.successful,
    ...(rows ? { rows } : {}),
    details: result.details,
  };
}

/** Keeps a result document within its bounds; what is left out is marked by `truncated`. */
export function fitResult(result: IntegrationResult): IntegrationResult {
  let out = shorten(result);
  for (const details of [20, 5, 0]) {
    if (JSON.stringify(out).length <= LIMITS.resultBytes * 0.9) return out;
    out = { ...out, truncated: true, ...(out.task ? { task: thinned(out.task, details) } : {}) };
  }
  if (JSON.stringify(out).length > LIMITS.resultBytes * 0.9) {
    out = { ...out, transfers: out.transfers.slice(0, 200), dumps: out.dumps.slice(0, 100) };
  }
  return out;
}

function thinned(task: ResultTask, details: number): ResultTask {
  const cut = (all: ResultDetail[]) => all.slice(0, details);
  return {
    ...task,
    details: cut(task.details),
    ...(task.nested
      ? { nested: task.nested.slice(0, 500).map((n) => ({ ...n, details: cut(n.details) })) }
      : {}),
  };
}

function shorten(result: IntegrationResult): IntegrationResult {
  let cut = false;
  const short = (text: string) => {
    if (text.length <= LIMITS.textBytes) return text;
    cut = true;
    return `${text.slice(0, LIMITS.textBytes - 1)}…`;
  };
  const out: IntegrationResult = { ...result };
  if (out.warnings) out.warnings = out.warnings.slice(0, 50).map(short);
  if (out.filesNotUploaded) out.filesNotUploaded = out.filesNotUploaded.slice(0, 500).map(short);
  if (out.failure) {
    out.failure = { ...out.failure, message: short(out.failure.message), remedy: short(out.failure.remedy) };
  }
  if (cut) out.truncated = true;
  return out;
}
