/** One entry of `result.details`. */
export interface Detail {
  localMessageText: string;
  occurrences: number;
  type: string;
  /** Names and values in turn, as in anaplan-api: "Get the status of an import task". */
  values: string[];
}

/** The `result` of a task or of one action of a process. */
export interface TaskResult {
  details?: Detail[];
  failureDumpAvailable: boolean;
  nestedResults?: TaskResult[];
  objectId: string;
  successful: boolean;
  /** Only with `includeProcessDetails`: milliseconds, as strings. */
  duration?: string;
  startTime?: string;
}

/** A detail with its name-value pairs. */
export function detail(
  type: string,
  text: string,
  values: Record<string, string | number> = {},
  occurrences = 0,
): Detail {
  return {
    localMessageText: text,
    occurrences,
    type,
    values: Object.entries(values).flatMap(([name, value]) => [name, String(value)]),
  };
}

/** The result of an action that could not complete (anaplan-api: "Failure codes"). */
export function failure(
  objectId: string,
  type: string,
  text: string,
  values: Record<string, string> = {},
): TaskResult {
  return { details: [detail(type, text, values)], failureDumpAvailable: false, objectId, successful: false };
}

/** What happened to the rows of a list import. */
export interface ListCounts {
  created: number;
  updated: number;
  warnedCreated: number;
  warnedUpdated: number;
  failed: number;
  ignored: number;
  invalid: number;
  total: number;
  renamed: number;
}

/** The summary of a list import, worded by Anaplan's completion codes. Unit: rows. */
export function listDetail(list: string, counts: ListCounts): Detail {
  const success = counts.created + counts.updated;
  const warned = counts.warnedCreated + counts.warnedUpdated;
  if (success + warned + counts.failed === 0) {
    return detail('hierarchyNoChanges', `${list}: no changes required`, { hierarchyName: list });
  }
  const warnings = `${warned} (${counts.warnedCreated}/${counts.warnedUpdated}) rows has warnings`;
  const parts = [`${success} (${counts.created}/${counts.updated}) rows successful`];
  let type = 'hierarchyRowsProcessed';
  if (counts.failed > 0) {
    type = 'hierarchyRowsProcessedWithFailures';
    parts.push(warnings, `${counts.failed} failed`);
  } else if (warned > 0) {
    type = 'hierarchyRowsProcessedWithWarnings';
    parts.push(warnings);
  }
  parts.push(`${counts.ignored} ignored`);
  const created = counts.created + counts.warnedCreated;
  const updated = counts.updated + counts.warnedUpdated;
  let text = `${parts.join(', ')} `;
  if (counts.invalid > 0) {
    // The one line that prints both counts: here the invalid are among the failed (behaviour `invalid-names`).
    type = 'hierarchyRowsProcessedWithInvalidNamesAndFailures';
    text =
      `${created} created / ${counts.renamed} renamed (${counts.invalid} invalid), ` +
      `${updated} properties updated, ${counts.failed} failed`;
  }
  return detail(type, `${list}: ${text}`, {
    hierarchyName: list,
    successRowCount: success,
    successCreateCount: counts.created,
    successUpdateCount: counts.updated,
    warningsRowCount: warned,
    warningsCreateCount: counts.warnedCreated,
    warningsUpdateCount: counts.warnedUpdated,
    failedCount: counts.failed,
    ignoredCount: counts.ignored,
    totalRowCount: counts.total,
    totalCreateCount: created,
    totalUpdateCount: updated,
    invalidCount: counts.invalid,
    updatedCount: updated,
    renamedCount: counts.renamed,
    createdCount: created,
  });
}

/** The summary of one line item of a module import, worded by Anaplan's completion codes. Unit: cells. */
export function lineItemDetail(lineItem: string, cells: number, failed: number, ignored: number): Detail {
  const text = `${lineItem} cells: ${cells}`;
  const values = { lineItemName: lineItem, rowCount: cells };
  const all = { ...values, failureCount: failed, ignoredCount: ignored };
  if (failed > 0 && ignored > 0) {
    return detail(
      'lineItemRowsProcessedWithFailuresAndIgnored',
      `${text} (${failed} failed, ${ignored} ignored)`,
      all,
    );
  }
  if (failed > 0) return detail('lineItemRowsProcessedWithFailures', `${text} (${failed} failed)`, all);
  if (ignored > 0) return detail('lineItemRowsProcessedWithIgnored', `${text} (${ignored} ignored)`, all);
  return detail('lineItemRowsProcessed', text, values);
}

/** A row problem: its data code, the message for the details, and what the dump adds behind it. */
export interface RowError {
  code: string;
  text: string;
  value?: string;
}

/** Gathers rejected and doubtful rows, for the dump and the data codes of the details. */
export class RowProblems {
  private rows: { status: 'E' | 'W'; values: readonly string[]; line: number; errors: RowError[] }[] = [];
  private codes = new Map<string, { text: string; count: number }>();

  /** Adds a row; `E` for rejected in whole or in part, `W` for loaded with a warning. */
  add(status: 'E' | 'W', values: readonly string[], lineNumber: number, errors: RowError[]): void {
    this.rows.push({ status, values, line: lineNumber, errors });
    for (const { code, text } of errors) {
      const entry = this.codes.get(code);
      if (entry === undefined) this.codes.set(code, { text, count: 1 });
      else entry.count += 1;
    }
  }

  /** One detail per data code (anaplan-api: "Data error/warning codes": additional entries with counts). */
  details(): Detail[] {
    return [...this.codes].map(([code, { text, count }]) => detail(code, text, {}, count));
  }

  /** The dump as Anaplan writes it (anaplan-api: "Download dump file chunks"), or nothing without a problem. */
  dump(columns: readonly string[]): Buffer | undefined {
    if (this.rows.length === 0) return undefined;
    const most = this.rows.reduce((max, row) => Math.max(max, row.errors.length), 1);
    const quoted = (values: readonly string[]) =>
      values.map((v) => `"${v.replace(/"/g, '""')}"`).join(',') + '\n';
    const header = ['_Status_', ...columns, '_Line_'];
    for (let i = 1; i <= most; i++) header.push(`_Error_${i}_`);
    const lines = [quoted(header)];
    for (const row of this.rows) {
      const values = columns.map((_, i) => row.values[i] ?? '');
      const errors = Array.from({ length: most }, (_, i) => {
        const error = row.errors[i];
        return error === undefined ? '' : error.text + (error.value === undefined ? '' : `: ${error.value}`);
      });
      lines.push(quoted([row.status, ...values, String(row.line), ...errors]));
    }
    return Buffer.from(lines.join(''), 'utf8');
  }
}
