/** Counting the rows and rejections of a finished task. Pure. */
import { compact, type AcceptRejections, type ResultDump, type RowCounts } from '../../contracts';
import type { ActionObject } from '../../activities/attempt/contract';
import type { ProcessStep } from '../../activities/prepare/contract';
import type { SettledResult, SettledTask } from '../../activities/task/contract';

/** A task that has ended, and how the run came to it. */
export interface FinishedTask extends SettledTask {
  action: ActionObject;
  /** The actions of a process, in the order in which they run. */
  steps: readonly ProcessStep[];
  /** Found in the task list after the answer to its start was lost. */
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
  // Own keys only: an action may be named like a property of every object (`constructor`).
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
  // One row can have many cells, so the numbers cannot be compared.
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
    ...compact({ objectId }),
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
