import type { ProcessStep } from '../../activities/prepare/contract';
import type { SettledResult } from '../../activities/task/contract';
import { FAILURES, type AcceptRejections, type Effects, type ResultFailure } from '../../contracts';
import { actionInWords } from '../../contracts/kinds';
import type { Dumps, MissingDump } from '../steps/dump';
import { failed, type Ending } from './facts';
import {
  actionResults,
  allowedRejections,
  rejectionsOf,
  type FinishedTask,
  type KeptDump,
  type Rejection,
} from './verdict';

/** How a run ends after its task. */
export function conclude(
  task: FinishedTask,
  dumps: Dumps,
  acceptRejections: AcceptRejections | undefined,
): Ending {
  const { action } = task;
  const { kept, missing } = dumps;
  const what = actionInWords(action);
  if (task.state === 'CANCELLED') {
    return failed('ActionCancelled', `${what}: somebody cancelled task ${task.taskId} in Anaplan.`, {
      effects: action.kind === 'processes' ? 'unknown' : 'none',
    });
  }
  if (!task.result || task.result.assumed) {
    const lacks = task.result ? 'does not say whether it was successful' : 'gives no result';
    return failed(
      'ProtocolError',
      `${what}: Anaplan says that task ${task.taskId} is ${task.state} and ${lacks}, so whether it succeeded is not known.${keptAt(kept)}${said(missing)}`,
      {
        effects: 'unknown',
        remedy: 'Look in the model whether the action was applied before you start it again.',
      },
    );
  }
  if (!succeeded(task)) return actionFailed(what, task, missing);
  const rejections = rejectionsOf(task, kept, action, acceptRejections);
  const tooMany = rejections.filter((r) => r.rejected > r.allowed);
  if (tooMany.length > 0) return rowsRejected(what, tooMany, task, dumps);
  const lost = missing.find((m) => m.failed !== undefined);
  // Also where they are accepted: the rejected rows are not yet anywhere that somebody could find them.
  if (lost) return dumpLost(what, task, lost, rejections, missing);
  const unknown = missing.find((m) =>
    Number.isFinite(allowedRejections(acceptRejections, m.action, m.objectId)),
  );
  if (unknown) return dumpUnknown(what, unknown);
  return { outcome: rejections.length > 0 ? 'succeededWithRejections' : 'succeeded' };
}

/** COMPLETE is not success, and a process says so for each of its actions: one that failed fails the whole. */
function succeeded(task: FinishedTask): boolean {
  return task.result?.successful === true && actionResults(task).every((r) => r.successful);
}

function rowsRejected(
  what: string,
  tooMany: readonly Rejection[],
  task: FinishedTask,
  { kept, missing }: Dumps,
): Ending {
  const parts = tooMany.map((r) => `${countedOf(r, task)}${r.allowed > 0 ? ` (${r.allowed} accepted)` : ''}`);
  const remedy =
    kept.length > 0
      ? FAILURES.RowsRejected.remedy
      : missing.some((m) => m.failed === undefined)
        ? FAILURES.DumpUnavailable.remedy
        : WITHOUT_DUMP;
  return failed(
    'RowsRejected',
    `${what} rejected ${parts.join(', ')}; the rest is loaded.${reasonOf(task, kept)}${keptAt(kept)}${said(missing)}`,
    {
      remedy,
      effects: 'applied',
      parameters: Object.fromEntries(tooMany.slice(0, 20).map((r) => [r.action, String(r.rejected)])),
    },
  );
}

/** Where the rejected rows are. */
function keptAt(dumps: readonly KeptDump[]): string {
  const uris = dumps.map((d) => d.uri).slice(0, 3);
  return uris.length > 0 ? ` The rejected rows are in ${uris.join(', ')}.` : '';
}

const WITHOUT_DUMP =
  'Correct the rows and load them again, or allow rejections with acceptRejections. The other rows are loaded.';

function counted({ rejected, unit }: Rejection): string {
  return `${rejected} ${rejected === 1 ? unit.replace(/s$/, '') : unit}`;
}

/** With the name of the action, where the sentence has not begun with it. */
function countedOf(r: Rejection, { action }: FinishedTask): string {
  const named = action.kind !== 'processes' || r.objectId === action.id;
  return named ? counted(r) : `${counted(r)} of "${r.action}"`;
}

/** The most frequent reason: of the dumps, else of the data codes. */
function reasonOf(task: FinishedTask, dumps: readonly KeptDump[]): string {
  const coded = actionResults(task).flatMap((r) => r.rejectedFor ?? []);
  const inDumps = dumps.flatMap((d) => d.errors);
  const top = [...(inDumps.length > 0 ? inDumps : coded)].sort((a, b) => b.count - a.count)[0];
  return top ? ` Most frequent reason: ${top.message} (${top.count}).` : '';
}

/** Sentences about missing dumps, each once. */
function said(missing: readonly MissingDump[]): string {
  const texts = [...new Set(missing.map((m) => sentenceOf(m.message)))];
  const more = texts.length > 3 ? ` The same holds for ${texts.length - 3} more.` : '';
  return texts.length > 0 ? ` ${texts.slice(0, 3).join(' ')}${more}` : '';
}

/** The action is applied and its rows are counted, but the dump with the rejected ones is missing. */
function dumpLost(
  what: string,
  task: FinishedTask,
  lost: MissingDump,
  rejections: readonly Rejection[],
  missing: readonly MissingDump[],
): Ending {
  const type = lost.failed ?? 'DumpUnavailable';
  const rows = rejections.map((r) => countedOf(r, task));
  const verdict =
    rows.length > 0
      ? `It rejected ${rows.join(', ')}, which is accepted.`
      : 'Anaplan counts no rejected row.';
  return failed(type, `${what} is applied. ${verdict}${said(missing)}`, {
    effects: 'applied',
  });
}

function dumpUnknown(what: string, missing: MissingDump): Ending {
  const remedy =
    missing.uri === undefined
      ? FAILURES.DumpUnavailable.remedy
      : `Read the rejected rows in ${missing.uri}, correct them and load them again.`;
  return failed('DumpUnavailable', `${what}: ${sentenceOf(missing.message)}`, {
    effects: 'applied',
    remedy,
  });
}

function actionFailed(what: string, task: FinishedTask, missing: readonly MissingDump[]): Ending {
  const { action } = task;
  const failure = task.result?.failure;
  if (action.kind === 'processes') return processFailed(what, task, missing);
  const reason =
    failure?.message ?? task.result?.details[0]?.message ?? 'Anaplan says that it failed, without a reason';
  return failed('ActionFailed', `${what} failed: ${sentenceOf(reason)}${said(missing)}`, {
    effects: action.kind === 'exports' ? 'none' : effectsOf(task.result),
    ...factsOf(failure),
  });
}

/** What a failed action did to the model. Unknown is not "nothing": only a documented code says that it did nothing. */
function effectsOf(result: SettledResult | undefined): Effects {
  const { created = 0, updated = 0 } = result?.rows ?? {};
  if (created + updated > 0) return 'applied';
  return result?.failure?.effects ?? 'unknown';
}

/** A text of Anaplan's that ends in exactly one full stop. */
function sentenceOf(text: string): string {
  return `${text.replace(/[.\s]+$/, '')}.`;
}

/** Processes are not atomic: the message says what ran before the failure, and what did not run. */
function processFailed(what: string, task: FinishedTask, missing: readonly MissingDump[]): Ending {
  const nested = task.result?.nested ? actionResults(task) : [];
  const failures = nested.filter((r) => !r.successful && !r.assumed);
  const failure = failures.map((f) => f.failure).find(Boolean) ?? task.result?.failure;
  const reasons = failures.map(
    (f) => `"${nameOf(f)}" failed: ${f.failure?.message ?? f.details[0]?.message ?? 'no reason given'}`,
  );
  const reason =
    reasons.length > 0
      ? reasons.join('; ')
      : (failure?.message ?? 'Anaplan says that it failed, without a reason');
  const { text, effects } = appliedBy(nested, failures, task.steps);
  return failed('ActionFailed', `${what} failed. ${sentenceOf(reason)}${text}${said(missing)}`, {
    effects,
    ...factsOf(failure),
  });
}

/** Which steps of a failed process were applied, did not run, or are not spoken of. */
function appliedBy(
  nested: readonly SettledResult[],
  failed: readonly SettledResult[],
  steps: readonly ProcessStep[],
): { text: string; effects: Effects } {
  if (nested.length === 0) {
    return { text: ' Anaplan does not say which of its actions were applied before.', effects: 'unknown' };
  }
  const applied = nested.filter((r) => r.successful && !r.assumed);
  const silent = nested.filter((r) => r.assumed);
  const seen = new Set(nested.map((r) => r.objectId));
  const unseen = steps.filter((s) => !seen.has(s.id));
  const firstFailed = steps.findIndex((s) => failed.some((f) => f.objectId === s.id));
  // A step before the failed one has run; where Anaplan gives no result for it, nobody knows how it ended.
  const unsaid = unseen.filter((s) => firstFailed < 0 || steps.indexOf(s) < firstFailed);
  const notRun = unseen.filter((s) => !unsaid.includes(s));
  const unknown = [...silent.map(nameOf), ...unsaid.map((s) => s.name)];
  const texts = [
    applied.length > 0 ? `Already applied: ${quoted(applied.map(nameOf))}.` : '',
    unknown.length > 0 ? `Not known whether applied: ${quoted(unknown)}.` : '',
    applied.length + unknown.length === 0 && failed.length > 0 ? 'Nothing was applied before it.' : '',
    notRun.length > 0 ? `Did not run: ${quoted(notRun.map((s) => s.name))}.` : '',
  ];
  const own = failed.map(effectsOf);
  const effects =
    applied.length > 0 || own.includes('applied')
      ? 'applied'
      : failed.length === 0 || unknown.length > 0 || own.includes('unknown')
        ? 'unknown'
        : 'none';
  return {
    text: texts
      .filter(Boolean)
      .map((t) => ` ${t}`)
      .join(''),
    effects,
  };
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
  const { code, parameters, remedy } = failure;
  return { ...(code ? { code } : {}), parameters, ...(remedy ? { remedy } : {}) };
}

/** The one failure that an upload cures: the file expired in Anaplan between upload and import. */
export function fileExpired(task: FinishedTask): boolean {
  return (
    task.state === 'COMPLETE' &&
    task.result?.successful === false &&
    !task.result.assumed &&
    (task.result.failure?.code === 'uploadedFileNoLongerAvailable' ||
      task.result.details.some((d) => d.code === 'uploadedFileNoLongerAvailable'))
  );
}
