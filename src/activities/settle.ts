/** A task's result as histories keep it: judged by the catalogue, in Anaplan's words, and bounded. Pure. */
import type { Task, TaskDetail, TaskResult } from '../anaplan';
import { catalogued, LIMITS, messageOf, type ResultDetail, type RowCounts } from '../contracts';
import { errorTemplate } from './dumps';
import type { ProcessStep, SettledResult, SettledTask } from './types';

/** What one task may take up in a history. */
interface Budget {
  details: number;
  failures: number;
  cut: boolean;
}

/** A process stops at the first action that fails: more reasons than these are not read. */
const MAX_FAILURES = 20;

/** A process of more steps than this is not one. */
const MAX_NESTED = 2_000;

/** Settles a task that has ended. `steps` name the actions of a process, which results only number. */
export function settle(task: Task, steps: readonly ProcessStep[] = []): SettledTask {
  const names = new Map(steps.map((s) => [s.id, s.name]));
  const budget: Budget = { details: LIMITS.resultDetails, failures: MAX_FAILURES, cut: false };
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
  if (result.objectId !== undefined) settled.objectId = result.objectId;
  const name = result.objectName ?? (result.objectId === undefined ? undefined : names.get(result.objectId));
  if (name !== undefined) settled.objectName = name;
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

/** Parameters of data codes that hold what stood in a row: they stay out of histories. */
const REPEATS_ROW = /\$\{(value|name|items|parent|topLevel|message)\}/;

function settleDetail(detail: TaskDetail, budget: { cut: boolean }): ResultDetail {
  const entry = catalogued(detail.type);
  const said = messageOf(detail.type, detail.values, detail.localMessageText);
  const full = entry?.kind === 'data' && REPEATS_ROW.test(entry.template) ? errorTemplate(said) : said;
  const message = full.slice(0, LIMITS.textBytes);
  if (message.length < full.length) budget.cut = true;
  const out: ResultDetail = { code: detail.type, message };
  if (entry?.remedy !== undefined) out.remedy = entry.remedy;
  if (detail.occurrences !== undefined && detail.occurrences > 0) out.occurrences = detail.occurrences;
  return out;
}

function failureOf(details: readonly TaskDetail[]): SettledResult['failure'] {
  const detail =
    details.find((d) => catalogued(d.type)?.kind === 'failure') ??
    details.find((d) => catalogued(d.type) === undefined) ??
    details[0];
  if (!detail) return undefined;
  const { message, remedy } = settleDetail(detail, { cut: false });
  // The parameters of data codes repeat values of rows.
  const values = catalogued(detail.type)?.kind === 'data' ? {} : detail.values;
  return {
    code: detail.type,
    message,
    parameters: Object.fromEntries(
      Object.entries(values)
        .slice(0, 20)
        .map(([k, v]) => [k, v.slice(0, 200)]),
    ),
    ...(remedy === undefined ? {} : { remedy }),
  };
}

/**
 * The counts of an import from its details, or undefined when none of them counts. Module imports count cells
 * (`lineItemRowsProcessed...`), all others rows.
 */
export function countRows(details: readonly TaskDetail[]): RowCounts | undefined {
  let found = false;
  const sum: Required<RowCounts> = {
    unit: 'rows',
    total: 0,
    created: 0,
    updated: 0,
    ignored: 0,
    rejected: 0,
    warnings: 0,
  };
  for (const detail of details) {
    if (/NoChanges$/.test(detail.type)) found = true;
    if (!/RowsProcessed/.test(detail.type)) continue;
    found = true;
    const n = numbersOf(detail);
    if (detail.type.startsWith('lineItem')) {
      sum.unit = 'cells';
      sum.total += n('rowCount') + n('failureCount') + n('ignoredCount');
      sum.updated += n('rowCount');
      sum.rejected += n('failureCount');
      sum.ignored += n('ignoredCount');
      continue;
    }
    const created = n('createdCount') || n('successCreateCount') + n('warningsCreateCount');
    const updated = n('updatedCount') || n('successUpdateCount') + n('warningsUpdateCount');
    const rejected = n('failedCount') + n('invalidCount');
    sum.created += created;
    sum.updated += updated;
    sum.rejected += rejected;
    sum.ignored += n('ignoredCount');
    sum.warnings += n('warningsRowCount');
    sum.total += n('totalRowCount') || created + updated + rejected + n('ignoredCount');
  }
  return found ? sum : undefined;
}

/** A detail's numbers: from its values, or where Anaplan sent only the text, read out of it by the code's template. */
function numbersOf(detail: TaskDetail): (name: string) => number {
  const values =
    Object.keys(detail.values).length > 0
      ? detail.values
      : parametersOf(detail.type, detail.localMessageText ?? '');
  return (name) => {
    const value = Number((values[name] ?? '0').replace(/,/g, ''));
    return Number.isFinite(value) ? value : 0;
  };
}

/** Reads the parameters of a code back out of a text that its template made. */
export function parametersOf(code: string, text: string): Record<string, string> {
  const template = catalogued(code)?.template;
  if (template === undefined) return {};
  const names: string[] = [];
  const pattern = template
    .split(/(\$\{[^}]+\})/)
    .map((part) => {
      const name = /^\$\{([^}]+)\}$/.exec(part)?.[1];
      if (name === undefined) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\s+/g, '\\s+');
      names.push(name);
      return /Count$/.test(name) ? '([\\d,]+)' : '(.*?)';
    })
    .join('');
  const match = new RegExp(`^\\s*${pattern}\\s*$`, 's').exec(text);
  if (!match) return {};
  return Object.fromEntries(names.map((name, i) => [name, match[i + 1] ?? '']));
}
