/** Judging a finished task: success, or the typed failure that its result asks for. */
import type { ActionObject, SettledResult } from '../activities/types';
import { catalogued, FAILURES, type AcceptRejections, type ResultFailure } from '../contracts';
import type { KeptTask } from './dumps';
import { stepFailure } from './failures';
import { actionResults, rejectionsOf, type FinishedTask, type KeptDump, type Rejection } from './judge';
import type { Run, Success } from './run';

/** How a run may end after this task; throws the typed failure that the task's result asks for. */
export function conclude(run: Run, action: ActionObject, { task, dumps, gone }: KeptTask): Success {
  const what = `${kindName(action)} "${action.name}" (${action.id})`;
  if (task.state === 'CANCELLED') {
    throw stepFailure(
      'ActionCancelled',
      `${what}: somebody cancelled task ${task.taskId} in Anaplan. ${FAILURES.ActionCancelled.remedy}`,
      { effects: action.kind === 'processes' ? 'unknown' : 'none' },
    );
  }
  if (!succeeded(task)) throw actionFailed(what, action, task, run);
  const { acceptRejections } = run.input as { acceptRejections?: AcceptRejections };
  const rejections = rejectionsOf(task, dumps, action, acceptRejections);
  const tooMany = rejections.filter((r) => r.rejected > r.allowed);
  if (tooMany.length > 0) throw rowsRejected(what, tooMany, dumps, gone);
  if (gone.length > 0 && acceptRejections !== true) {
    throw stepFailure('DumpUnavailable', `${what}: ${gone[0]}. ${FAILURES.DumpUnavailable.remedy}`, {
      effects: 'applied',
    });
  }
  return rejections.length > 0 ? 'succeededWithRejections' : 'succeeded';
}

/** COMPLETE is not success, and a process says so for each of its actions: one that failed fails the whole. */
function succeeded(task: FinishedTask): boolean {
  return task.result?.successful === true && actionResults(task).every((r) => r.successful);
}

function kindName(action: ActionObject): string {
  return { imports: 'Import', exports: 'Export', processes: 'Process', actions: 'Action' }[action.kind];
}

function rowsRejected(
  what: string,
  tooMany: readonly Rejection[],
  dumps: readonly KeptDump[],
  gone: readonly string[],
): Error {
  const parts = tooMany.map(
    (r) => `${r.rejected} ${r.unit} of "${r.action}"${r.allowed > 0 ? ` (${r.allowed} accepted)` : ''}`,
  );
  const top = dumps.flatMap((d) => d.errors).sort((a, b) => b.count - a.count)[0];
  const reason = top ? ` Most frequent reason: ${top.message} (${top.count}).` : '';
  const where =
    dumps.length > 0
      ? ` The rejected rows are in ${dumps
          .map((d) => d.uri)
          .slice(0, 3)
          .join(', ')}.`
      : '';
  const remedy =
    dumps.length === 0 && gone.length > 0 ? FAILURES.DumpUnavailable.remedy : FAILURES.RowsRejected.remedy;
  const lost = gone[0] === undefined ? '' : ` ${gone[0]}.`;
  return stepFailure(
    'RowsRejected',
    `${what} rejected ${parts.join(', ')}; the rest is loaded.${reason}${where}${lost} ${remedy}`,
    {
      remedy,
      effects: 'applied',
      parameters: Object.fromEntries(tooMany.slice(0, 20).map((r) => [r.action, String(r.rejected)])),
    },
  );
}

function actionFailed(what: string, action: ActionObject, task: FinishedTask, run: Run): Error {
  const failure = task.result?.failure;
  if (action.kind === 'processes') return processFailed(what, task, run);
  const said =
    failure?.message ?? task.result?.details[0]?.message ?? 'Anaplan says that it failed, without a reason';
  return stepFailure(
    'ActionFailed',
    `${what} failed: ${sentenceOf(said)} ${failure?.remedy ?? FAILURES.ActionFailed.remedy}`,
    {
      effects: PARTIAL.has(failure?.code ?? '') ? 'applied' : 'none',
      ...factsOf(failure),
    },
  );
}

/** Failures that say themselves that something was loaded before them. */
const PARTIAL = new Set(['hierarchyImportFailedToUpdateProperties', 'versionImportPropertyChangeFailed']);

/** A text of Anaplan's with exactly one full stop at its end. */
function sentenceOf(text: string): string {
  return `${text.replace(/[.\s]+$/, '')}.`;
}

/** Processes are not atomic: the message says what ran before the failure, and what did not run. */
function processFailed(what: string, task: FinishedTask, run: Run): Error {
  const results = actionResults(task).filter((r) => r.objectId !== undefined || r.details.length > 0);
  const nested = task.result?.nested ? results : [];
  const failed = nested.filter((r) => !r.successful);
  const applied = nested.filter((r) => r.successful).map(nameOf);
  const seen = new Set(nested.map((r) => r.objectId));
  const notRun = (run.prepared.steps ?? []).filter((s) => !seen.has(s.id)).map((s) => s.name);
  const failure = failed.map((f) => f.failure).find(Boolean) ?? task.result?.failure;
  const reasons = failed.map(
    (f) => `"${nameOf(f)}" failed: ${f.failure?.message ?? f.details[0]?.message ?? 'no reason given'}`,
  );
  const said =
    reasons.length > 0
      ? reasons.join('; ')
      : (failure?.message ?? 'Anaplan says that it failed, without a reason');
  const before =
    applied.length > 0 ? ` Already applied: ${quoted(applied)}.` : ' Nothing was applied before it.';
  const after = nested.length > 0 && notRun.length > 0 ? ` Did not run: ${quoted(notRun)}.` : '';
  return stepFailure(
    'ActionFailed',
    `${what} failed. ${sentenceOf(said)}${before}${after} ${failure?.remedy ?? FAILURES.ActionFailed.remedy}`,
    {
      effects:
        nested.length > 0 && applied.length === 0 ? 'none' : nested.length === 0 ? 'unknown' : 'applied',
      ...factsOf(failure),
    },
  );
}

function nameOf(result: SettledResult): string {
  return result.objectName ?? result.objectId ?? 'an action';
}

function quoted(names: readonly string[]): string {
  const shown = names.slice(0, 10).map((n) => `"${n}"`);
  return names.length > 10 ? `${shown.join(', ')} and ${names.length - 10} more` : shown.join(', ');
}

function factsOf(failure: SettledResult['failure']): Partial<ResultFailure> {
  if (!failure) return {};
  return {
    ...(failure.code ? { code: failure.code } : {}),
    parameters: failure.parameters,
    remedy: failure.remedy ?? catalogued(failure.code)?.remedy ?? FAILURES.ActionFailed.remedy,
  };
}

/** The one failure that an upload cures: the file expired in Anaplan between upload and import. */
export function fileExpired(task: FinishedTask): boolean {
  return (
    task.state === 'COMPLETE' &&
    task.result?.successful === false &&
    (task.result.failure?.code === 'uploadedFileNoLongerAvailable' ||
      task.result.details.some((d) => d.code === 'uploadedFileNoLongerAvailable'))
  );
}
