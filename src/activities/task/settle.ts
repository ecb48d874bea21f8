/** A task's result as histories keep it: judged by the catalogue, in Anaplan's words, and bounded. Pure. */
import { catalogued, messageOf, type Task, type TaskDetail, type TaskResult } from '../../anaplan';
import { compact, type DumpError, type Effects, LIMITS, type ResultDetail } from '../../contracts';
import { countRows, countsFailed, fileSizeOf } from './counts';
import { errorTemplate } from '../../anaplan/row-messages';
import type { ProcessStep } from '../prepare/contract';
import type { SettledResult, SettledTask } from './contract';

/** What one task may take up in a history. */
interface Budget {
  details: number;
  failures: number;
  warnings: number;
  cut: boolean;
}

/** A process stops at the first action that fails, so more reasons than these would not be read. */
const MAX_FAILURES = 20;

/** More than the result document keeps. */
const MAX_WARNINGS = 60;

/** No process has more steps than this. */
const MAX_NESTED = 2_000;

/** Settles a task that has ended. `steps` name the actions of a process, which results only number. */
export function settle(task: Task, steps: readonly ProcessStep[] = []): SettledTask {
  const names = new Map(steps.map((s) => [s.id, s.name]));
  const budget: Budget = {
    details: LIMITS.resultDetails,
    failures: MAX_FAILURES,
    warnings: MAX_WARNINGS,
    cut: false,
  };
  const settled: SettledTask = { taskId: task.taskId, state: task.taskState };
  if (task.result) settled.result = settleResult(task.result, names, budget);
  if (budget.cut) settled.truncated = true;
  return settled;
}

function settleResult(result: TaskResult, names: ReadonlyMap<string, string>, budget: Budget): SettledResult {
  const settled: SettledResult = {
    successful: result.successful,
    dumpAvailable: result.failureDumpAvailable,
    details: [],
  };
  if (result.assumed) settled.assumed = true;
  if (result.objectId !== undefined) settled.objectId = result.objectId;
  const name = result.objectName ?? (result.objectId === undefined ? undefined : names.get(result.objectId));
  if (name !== undefined) settled.objectName = name;
  if (result.startTime !== undefined) settled.startTime = result.startTime;
  if (result.duration !== undefined) settled.duration = result.duration;
  for (const detail of result.details) {
    if (budget.details === 0) {
      budget.cut = true;
      break;
    }
    budget.details -= 1;
    settled.details.push(settleDetail(detail, budget));
  }
  const rows = countRows(result.details);
  if (rows) settled.rows = rows;
  if (rows && rows.rejected > 0 && !countsFailed(result.details)) settled.byCodes = true;
  const reason = reasonOf(result.details);
  if (reason) settled.rejectedFor = reason;
  const fileSize = fileSizeOf(result.details);
  if (fileSize !== undefined) settled.fileSize = fileSize;
  const warnings = warningsOf(result);
  if (warnings.length > budget.warnings) budget.cut = true;
  if (warnings.length > 0) settled.warnings = warnings.slice(0, budget.warnings);
  budget.warnings -= settled.warnings?.length ?? 0;
  if (!result.successful && budget.failures > 0) {
    const failure = failureOf(result.details);
    if (failure) {
      settled.failure = failure;
      budget.failures -= 1;
    }
  }
  if (result.nestedResults.length > 0) {
    // A process of hundreds of steps still has its outcome by step: only details are rationed.
    settled.nested = result.nestedResults.slice(0, MAX_NESTED).map((n) => settleResult(n, names, budget));
    if (result.nestedResults.length > MAX_NESTED) budget.cut = true;
  }
  return settled;
}

/**
 * What a result says besides its counts, and a person has to hear: columns that were left out, and on a result that
 * Anaplan calls successful every code that means a failure or nothing that Anaplan documents.
 */
function warningsOf(result: TaskResult): string[] {
  const out = result.details.flatMap((detail) => {
    const { message } = settleDetail(detail, { cut: false });
    const times = (detail.occurrences ?? 0) > 1 ? ` (${detail.occurrences} times)` : '';
    const entry = catalogued(detail.type);
    if (entry?.class === 'column' || entry?.class === 'note') return [`${message}${times}`];
    if (!result.successful || (detail.type === '' && message === '')) return [];
    if (entry?.kind === 'failure') {
      return [`Anaplan calls it successful, yet says: ${message} (${detail.type})${times}`];
    }
    if (entry !== undefined) return [];
    const code = detail.type === '' || message === detail.type ? '' : `${detail.type}: `;
    return [`Anaplan says what its documentation does not explain: ${code}${message}${times}`];
  });
  return [...new Set(out)];
}

/** Parameters of data codes that hold what stood in a row: they stay out of histories. */
const REPEATS_ROW = /\$\{(value|name|items|parent|topLevel|message)\}/;

/** Whether a text may repeat values of a row. An undocumented code with a count is taken to be about rows. */
function repeatsRow(detail: TaskDetail): boolean {
  const entry = catalogued(detail.type);
  if (entry === undefined) return (detail.occurrences ?? 0) > 0;
  return entry.kind === 'data' && REPEATS_ROW.test(entry.template);
}

function settleDetail(detail: TaskDetail, budget: { cut: boolean }): ResultDetail {
  const entry = catalogued(detail.type);
  const said = messageOf(detail.type, detail.values, detail.localMessageText);
  const full = repeatsRow(detail) ? errorTemplate(said) : said;
  const message = full.slice(0, LIMITS.textBytes);
  if (message.length < full.length) budget.cut = true;
  const out: ResultDetail = { code: detail.type, message };
  if (entry?.remedy !== undefined) out.remedy = entry.remedy;
  if (detail.occurrences !== undefined && detail.occurrences > 0) out.occurrences = detail.occurrences;
  return out;
}

/** The most frequent of the data codes that are about rows. */
function reasonOf(details: readonly TaskDetail[]): DumpError | undefined {
  return details
    .filter((d) => catalogued(d.type)?.class === 'row')
    .map((d) => ({
      message: settleDetail(d, { cut: false }).message,
      count: Math.max(1, d.occurrences ?? 1),
    }))
    .sort((a, b) => b.count - a.count)[0];
}

/** What a failed action did to the model, by its code. Unknown is not "nothing": only a documented code says that. */
function effectsOf(code: string): Effects {
  const entry = catalogued(code);
  return entry?.kind === 'failure' ? (entry.effects ?? 'none') : 'unknown';
}

function failureOf(details: readonly TaskDetail[]): SettledResult['failure'] {
  const detail =
    details.find((d) => catalogued(d.type)?.kind === 'failure') ??
    details.find((d) => catalogued(d.type) === undefined) ??
    details[0];
  if (!detail) return undefined;
  const { message, remedy } = settleDetail(detail, { cut: false });
  // The parameters of data codes repeat values of rows.
  const values = catalogued(detail.type)?.kind === 'data' || repeatsRow(detail) ? {} : detail.values;
  return {
    code: detail.type,
    message,
    effects: effectsOf(detail.type),
    parameters: Object.fromEntries(
      Object.entries(values)
        .slice(0, 20)
        .map(([k, v]) => [k, v.slice(0, 200)]),
    ),
    ...compact({ remedy }),
  };
}
