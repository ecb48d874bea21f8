import { parametersOf } from '../../src/activities/task/counts';
import { CATALOGUE, catalogued, messageOf, type CodeKind } from '../../src/anaplan';

// Facts of the API reference, "Completion, failure, and data error/warning codes": how many codes each of its three
// tables has, and words from the beginning, the middle and the end of each.
const COUNTS: Record<CodeKind, number> = { completion: 23, failure: 48, data: 70 };
const WORDS: [string, CodeKind, string, string | undefined][] = [
  [
    'deleteFromSelectionSucceeded',
    'completion',
    '${affectedItems} items were deleted from the list ${targetName} using ${filterName}',
    undefined,
  ],
  [
    'exportSucceeded',
    'completion',
    'Export for ${exportName} completed successfully. ${fileSize} bytes written.',
    undefined,
  ],
  [
    'versionsRowsProcessedWithFailures',
    'completion',
    'Versions: ${createdCount} created, ${updatedCount} properties updated (${failedCount} failed)',
    undefined,
  ],
  ['actionFailed', 'failure', 'Action failed. ${failureDetails}', 'Check the action was set up correctly.'],
  [
    'failedToLocateModule',
    'failure',
    'Failed to locate module ${entityName}',
    'Check if this module still exists.',
  ],
  [
    'versionsImportFailed',
    'failure',
    'Import into Versions failed: ${message}',
    'Check your versions are set up correctly.',
  ],
  [
    'columnSeparatorExpected',
    'data',
    'Column separator expected at line ${lineNumber}, character ${position}',
    'Include the column separator and missing character.',
  ],
  ['expectedDD', 'data', 'Expected 2-digit day number in date/period', 'Check the date format is correct.'],
  [
    'usersImportSSOStatusChangeFailed',
    'data',
    'User SSO status change failed',
    "Check the user's SSO settings are correct.",
  ],
];
/** Failure and data codes for which the reference says nothing to amend. */
const WITHOUT_REMEDY = [
  'msgExportCancelled',
  'msgImportCancelled',
  'hierarchyImportCannotChangeCodeForTopLevel',
];

const ENTRIES = Object.entries(CATALOGUE);

describe('the catalogue of codes: without an entry a user reads a code instead of a sentence', () => {
  it('has all 141 codes: 23 completion, 48 failure, 70 data', () => {
    const count = (kind: CodeKind) => ENTRIES.filter(([, entry]) => entry.kind === kind).length;
    expect({ completion: count('completion'), failure: count('failure'), data: count('data') }).toEqual(
      COUNTS,
    );
    expect(ENTRIES).toHaveLength(141);
  });

  it.each(WORDS)('%s says what the reference says', (code, kind, template, remedy) => {
    expect(CATALOGUE[code]).toMatchObject({ kind, template, ...(remedy === undefined ? {} : { remedy }) });
  });

  it.each(ENTRIES)('%s has a sentence, and a remedy where it failed', (code, entry) => {
    expect(entry.template.trim()).not.toBe('');
    expect(entry.template).toMatch(/^(?:[^$]|\$\{[^${}]+\})+$/);
    if (entry.kind === 'completion' || WITHOUT_REMEDY.includes(code)) expect(entry.remedy).toBeUndefined();
    else expect(entry.remedy).toMatch(/\w{3,}/);
  });

  it.each(ENTRIES)('%s: its parameters can be filled in and read back', (code, entry) => {
    const names = [...entry.template.matchAll(/\$\{([^}]+)\}/g)].map((m) => m[1] ?? '');
    const values = Object.fromEntries(
      names.map((name, i) => [name, /Count$/.test(name) ? `${i + 1},234` : `Value-${i}`]),
    );
    const text = messageOf(code, values);
    expect(text).not.toContain('${');
    expect(parametersOf(code, text)).toEqual(values);
  });

  it("prefers Anaplan's own text, and shows an unknown code as it is", () => {
    expect(messageOf('invalidDate', { format: 'dd' }, '  Ungültiges Datum ')).toBe('Ungültiges Datum');
    expect(messageOf('invalidDate', {}, '  ')).toBe('Invalid date for format ${format}');
    expect(messageOf('brandNewCode', { a: 'b' })).toBe('brandNewCode');
    expect(catalogued('toString')).toBeUndefined();
  });
});
