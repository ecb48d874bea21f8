/** What the details of a result count: rows or cells that were loaded, ignored and rejected. Pure. */
import { catalogued, type TaskDetail } from '../../anaplan';
import type { RowCounts } from '../../contracts';

/**
 * The counts of an import from its details, or undefined when none of them counts. Module imports count cells
 * (`lineItemRowsProcessed...`), all others rows. Where no detail counts a failed row, the data codes of class `row` say
 * how many were rejected: never added to a count, because they are the reasons of the same rows.
 */
export function countRows(details: readonly TaskDetail[]): RowCounts | undefined {
  const summed = sumOf(details);
  const byCode = rejectedByCodes(details);
  if (byCode === 0) return summed;
  if (!summed) {
    const cells = details.some((d) => isRowCode(d) && d.type.startsWith('moduleImport'));
    return { unit: cells ? 'cells' : 'rows', ignored: 0, rejected: byCode, warnings: 0 };
  }
  if (summed.rejected > 0) return summed;
  // Rows that were loaded with a warning have such a code, too.
  return { ...summed, rejected: Math.max(0, byCode - summed.warnings) };
}

/** Whether a detail counts a failed row. */
export function countsFailed(details: readonly TaskDetail[]): boolean {
  return (sumOf(details)?.rejected ?? 0) > 0;
}

function isRowCode(detail: TaskDetail): boolean {
  return catalogued(detail.type)?.class === 'row';
}

/** A code is there because something happened, whatever its `occurrences` say. */
function rejectedByCodes(details: readonly TaskDetail[]): number {
  return details.filter(isRowCode).reduce((sum, d) => sum + Math.max(1, Math.round(d.occurrences ?? 1)), 0);
}

function sumOf(details: readonly TaskDetail[]): Required<RowCounts> | undefined {
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
      const failed = atLeastOne(detail, [n.maybe('failureCount')]);
      sum.unit = 'cells';
      sum.total += n('rowCount') + failed + n('ignoredCount');
      sum.updated += n('rowCount');
      sum.rejected += failed;
      sum.ignored += n('ignoredCount');
      continue;
    }
    const created = n('createdCount') || n('successCreateCount') + n('warningsCreateCount');
    const updated = n('updatedCount') || n('successUpdateCount') + n('warningsUpdateCount');
    const rejected = rejectedIn(detail, n, created + updated);
    sum.created += created;
    sum.updated += updated;
    sum.rejected += rejected;
    sum.ignored += n('ignoredCount');
    sum.warnings += n('warningsRowCount');
    sum.total += n('totalRowCount') || created + updated + rejected + n('ignoredCount');
  }
  return found ? sum : undefined;
}

/**
 * Failed and invalid rows of one line. A code whose sentence names invalid rows apart from failed ones ("2 invalid ...
 * 3 failed") means two groups of rows. Every other one divides its rows into successful, warned, failed and ignored: an
 * `invalidCount` among its values is part of the failed ones. A total that has no room for both says the same.
 */
function rejectedIn(detail: TaskDetail, n: Numbers, loaded: number): number {
  const [failed, invalid] = [n.maybe('failedCount'), n.maybe('invalidCount')];
  const both = (failed ?? 0) + (invalid ?? 0);
  const apart = catalogued(detail.type)?.template.includes('${invalidCount}') ?? false;
  const total = n('totalRowCount');
  const roomForBoth = total === 0 || loaded + n('ignoredCount') + both <= total;
  const counted = apart && roomForBoth ? both : Math.max(failed ?? 0, invalid ?? 0);
  return counted > 0 ? counted : atLeastOne(detail, [failed, invalid]);
}

/** A code that says itself that rows failed: one at least, where its numbers cannot be read. */
function atLeastOne(detail: TaskDetail, numbers: readonly (number | undefined)[]): number {
  const sum = numbers.reduce<number>((all, one) => all + (one ?? 0), 0);
  const read = numbers.some((one) => one !== undefined);
  return read || !/Failures|InvalidNames/.test(detail.type) ? sum : 1;
}

interface Numbers {
  /** The number, 0 where there is none. */
  (name: string): number;
  maybe(name: string): number | undefined;
}

/** A detail's numbers: from its values, or where Anaplan sent only the text, read out of it by the code's template. */
function numbersOf(detail: TaskDetail): Numbers {
  const values = valuesOf(detail);
  const maybe = (name: string) => readNumber(values[name]);
  return Object.assign((name: string) => maybe(name) ?? 0, { maybe });
}

function valuesOf(detail: TaskDetail): Record<string, string> {
  return { ...parametersOf(detail.type, detail.localMessageText ?? ''), ...detail.values };
}

/** A whole number, also one whose thousands are set apart by any language's rule. */
function readNumber(text: string | undefined): number | undefined {
  const digits = text?.trim() ?? '';
  if (/^\d+$/.test(digits)) return Number(digits);
  if (/^\d{1,3}(?:([,.'’\s])\d{3})(?:\1\d{3})*$/.test(digits)) return Number(digits.replace(/\D/g, ''));
  // Numbers of other kinds come as 12.0.
  if (/^\d+\.0+$/.test(digits)) return Number(digits);
  return undefined;
}

/** The bytes that an export says it wrote, where it says so. */
export function fileSizeOf(details: readonly TaskDetail[]): number | undefined {
  const written = details.filter((d) => d.type === 'exportSucceeded');
  return written.length === 1 && written[0] ? readNumber(valuesOf(written[0])['fileSize']) : undefined;
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
