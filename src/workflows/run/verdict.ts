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
} from '../../contracts';
import type { SettledResult, SettledTask } from '../../activities/task/contract';

/** A task that has ended, and how the run came to it. */
export interface FinishedTask extends SettledTask {
  adopted: boolean;
}

/** A dump as it was kept. */
export interface KeptDump extends ResultDump {
  warnings: number;
  /** Its result's place in {@link actionResults}; -1 where Anaplan names no result that it belongs to. */
  of: number;
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
  // Only what the map itself has: an action may be named like a property that every object has.
  const named = [action, objectId, '*'].find((key) => key !== undefined && Object.hasOwn(accept, key));
  return allowedRejections(named === undefined ? false : accept[named], action);
}

/**
 * The rows of one result: by the distinct lines with an error of its dump, but never fewer than Anaplan counts. In rows the
 * larger number counts; a dump without an error does not take back cells that Anaplan counts as failed.
 */
export function rowsOf(result: SettledResult, dump: KeptDump | undefined): RowCounts | undefined {
  // A dump without a row contradicts itself: what the details counted stands.
  if (!dump || saysNothing(dump) || saysLess(dump, result)) return result.rows;
  const counted: RowCounts = result.rows ?? { unit: 'rows', ignored: 0, rejected: 0, warnings: 0 };
  const rejected = countStands(dump, result)
    ? counted.rejected
    : result.byCodes || counted.unit === 'cells'
      ? dump.rows
      : Math.max(dump.rows, counted.rejected);
  return { ...counted, rejected, warnings: dump.warnings };
}

function saysNothing(dump: KeptDump): boolean {
  return dump.rows + dump.warnings === 0;
}

/** Of a dump that ends early the details may know more. */
function saysLess(dump: KeptDump, result: SettledResult): boolean {
  return dump.partial === true && dump.rows < (result.rows?.rejected ?? 0);
}

/** Anaplan counts failures, and the dump shows none. */
function countStands(dump: KeptDump, result: SettledResult): boolean {
  return dump.rows === 0 && !result.byCodes && (result.rows?.rejected ?? 0) > 0;
}

/** What a person has to hear where a whole dump and the count of the same result differ. */
export function differ(result: SettledResult, dump: KeptDump): string | undefined {
  const { rows } = result;
  if (!rows || result.byCodes || dump.partial || rows.rejected === dump.rows) return undefined;
  // A row has as many cells as it likes.
  if (rows.unit === 'cells' && !countStands(dump, result)) return undefined;
  const lines = dump.rows === 0 ? 'none' : String(dump.rows);
  return `Anaplan counts ${rows.rejected} rejected ${rows.unit} of "${dump.action}", and its failure dump has ${lines}: the larger number counts`;
}

/** All results of a task that stand for one action: the nested ones of a process, else the task's own. */
export function actionResults(task: SettledTask): SettledResult[] {
  const flat = (r: SettledResult): SettledResult[] => (r.nested ? r.nested.flatMap(flat) : [r]);
  return task.result ? flat(task.result) : [];
}

/** All results of a task: the task's own, then those of the actions of a process. */
export function allResults(task: SettledTask): SettledResult[] {
  const flat = (r: SettledResult): SettledResult[] => [r, ...(r.nested ?? []).flatMap(flat)];
  return task.result ? flat(task.result) : [];
}

/** What a result is called: its own name, else that of the object that was started. */
export function actionName(result: SettledResult, main: { id: string; name: string }): string {
  return (
    result.objectName ??
    (result.objectId === undefined || result.objectId === main.id ? main.name : result.objectId)
  );
}

/** Every action of a task that had rejected rows, with what is allowed. */
export function rejectionsOf(
  task: SettledTask,
  dumps: readonly KeptDump[],
  main: { id: string; name: string },
  accept: AcceptRejections | undefined,
): Rejection[] {
  const one = (
    action: string,
    objectId: string | undefined,
    rejected: number,
    unit: RowCounts['unit'],
  ): Rejection => ({
    action,
    ...(objectId === undefined ? {} : { objectId }),
    rejected,
    unit,
    allowed: allowedRejections(accept, action, objectId),
  });
  const byResult = actionResults(task).flatMap((result, i) => {
    const dump = dumps.find((d) => d.of === i);
    const rows = rowsOf(result, dump);
    if (!rows || rows.rejected === 0) return [];
    const counted = dump && !saysNothing(dump) && !saysLess(dump, result) && !countStands(dump, result);
    const action = result.objectName ?? dump?.action ?? actionName(result, main);
    return [one(action, result.objectId, rows.rejected, counted ? 'rows' : rows.unit)];
  });
  const byDump = dumps
    .filter((dump) => dump.of < 0 && dump.rows > 0)
    .map((dump) => one(dump.action, dump.objectId, dump.rows, 'rows'));
  const found = [...byResult, ...byDump];
  // What a process says of all its actions counts only where none of them says it.
  const { result } = task;
  if (found.length > 0 || !result?.nested || !result.rows || result.rows.rejected === 0) return found;
  if (!result.byCodes)
    return [one(actionName(result, main), result.objectId, result.rows.rejected, result.rows.unit)];
  const warned = actionResults(task).reduce(
    (sum, r, i) =>
      sum +
      (rowsOf(
        r,
        dumps.find((d) => d.of === i),
      )?.warnings ?? 0),
    0,
  );
  const { rejected, unit } = result.rows;
  return rejected > warned ? [one(actionName(result, main), result.objectId, rejected - warned, unit)] : [];
}

/** The task as the result document shows it. */
export function resultTask(task: SettledTask, dumps: readonly KeptDump[], adopted: boolean): ResultTask {
  const out: ResultTask = {
    taskId: task.taskId,
    state: task.state,
    successful: task.result?.successful ?? false,
    details: task.result?.details ?? [],
  };
  if (adopted) out.adopted = true;
  const { result } = task;
  if (!result) return out;
  const places = new Map(actionResults(task).map((r, i) => [r, i]));
  const rows = (r: SettledResult) => {
    const place = places.get(r);
    return rowsOf(r, place === undefined ? undefined : dumps.find((d) => d.of === place));
  };
  const own = rows(result);
  if (own) out.rows = own;
  Object.assign(out, timesOf(result));
  if (result.nested) out.nested = result.nested.map((n) => nestedTask(n, rows(n)));
  return out;
}

function timesOf({ startTime, duration }: SettledResult): { startTime?: number; duration?: number } {
  return {
    ...(startTime === undefined ? {} : { startTime }),
    ...(duration === undefined ? {} : { duration }),
  };
}

function nestedTask(result: SettledResult, rows: RowCounts | undefined): NestedTaskResult {
  return {
    objectId: result.objectId ?? '',
    ...(result.objectName === undefined ? {} : { name: result.objectName }),
    successful: result.successful,
    ...(rows ? { rows } : {}),
    ...timesOf(result),
    details: result.details,
  };
}

/** Keeps a result document within its bounds; what is left out is marked by `truncated`. */
export function fitResult(result: IntegrationResult): IntegrationResult {
  let out = shorten(result);
  for (const details of [20, 5, 0]) {
    if (fits(out)) return out;
    out = { ...out, truncated: true, ...(out.task ? { task: thinned(out.task, details) } : {}) };
  }
  // Then the lists, the first entries of which say most.
  for (let most = 500; most > 0 && !fits(out); most = Math.floor(most / 2)) {
    out = {
      ...out,
      truncated: true,
      transfers: out.transfers.slice(0, most),
      dumps: out.dumps.slice(0, most).map((d) => ({ ...d, errors: d.errors.slice(0, 3) })),
      ...(out.warnings ? { warnings: out.warnings.slice(0, most) } : {}),
      ...(out.filesNotUploaded ? { filesNotUploaded: out.filesNotUploaded.slice(0, most) } : {}),
    };
  }
  return out;
}

/** Some room is left for what Temporal wraps around the document. */
function fits(result: IntegrationResult): boolean {
  return utf8Length(JSON.stringify(result)) <= LIMITS.resultBytes * 0.9;
}

function utf8Length(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : 3;
  }
  return bytes;
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
  const first = (all: string[], most: number) => {
    if (all.length > most) cut = true;
    return all.slice(0, most).map(short);
  };
  if (out.warnings) out.warnings = first(out.warnings, 50);
  if (out.filesNotUploaded) out.filesNotUploaded = first(out.filesNotUploaded, 500);
  if (out.failure) {
    out.failure = { ...out.failure, message: short(out.failure.message), remedy: short(out.failure.remedy) };
  }
  if (cut) out.truncated = true;
  return out;
}
