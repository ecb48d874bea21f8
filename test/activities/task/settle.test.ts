import { countRows, parametersOf } from '../../../src/activities/task/counts';
import { settle } from '../../../src/activities/task/settle';
import { CATALOGUE, messageOf, type CatalogueEntry, type Task, type TaskDetail } from '../../../src/anaplan';

const detail = (type: string, values: Record<string, string> = {}, text?: string): TaskDetail => ({
  type,
  values,
  ...(text === undefined ? {} : { localMessageText: text }),
});
function task(result: Partial<NonNullable<Task['result']>>): Task {
  return {
    taskId: 'T',
    taskState: 'COMPLETE',
    result: { successful: true, failureDumpAvailable: false, details: [], nestedResults: [], ...result },
  } as Task;
}
const zero = { total: 0, created: 0, updated: 0, ignored: 0, rejected: 0, warnings: 0 };

describe('counting rows: a count that is read wrongly hides rejected rows', () => {
  it.each<[string, Record<string, string>, object]>([
    [
      'hierarchyRowsProcessed',
      { successCreateCount: '2', successUpdateCount: '3', ignoredCount: '1' },
      { created: 2, updated: 3, ignored: 1, total: 6 },
    ],
    [
      'hierarchyRowsProcessedWithFailures',
      {
        successCreateCount: '2',
        successUpdateCount: '0',
        warningsRowCount: '4',
        warningsCreateCount: '1',
        warningsUpdateCount: '3',
        failedCount: '5',
        ignoredCount: '6',
      },
      { created: 3, updated: 3, warnings: 4, rejected: 5, ignored: 6, total: 17 },
    ],
    [
      'hierarchyRowsProcessedWithWarnings',
      { successCreateCount: '1', warningsRowCount: '2', warningsUpdateCount: '2' },
      { created: 1, updated: 2, warnings: 2, total: 3 },
    ],
    [
      'hierarchyRowsProcessedWithInvalidNamesAndFailures',
      { createdCount: '9', invalidCount: '2', updatedCount: '1', failedCount: '3' },
      { created: 9, updated: 1, rejected: 5, total: 15 },
    ],
    [
      'hierarchyRowsProcessedFromLineItem',
      { createdCount: '1', renamedCount: '7', updatedCount: '2' },
      { created: 1, updated: 2, total: 3 },
    ],
    [
      'usersRowsProcessedWithFailures',
      { createdCount: '1', updatedCount: '2', failedCount: '3' },
      { created: 1, updated: 2, rejected: 3, total: 6 },
    ],
    ['versionsRowsProcessed', { createdCount: '0', updatedCount: '2' }, { updated: 2, total: 2 }],
    [
      'hierarchyRowsProcessed',
      { successCreateCount: '1,234', totalRowCount: '2,000' },
      { created: 1234, total: 2000 },
    ],
    ['hierarchyRowsProcessed', { successCreateCount: 'many' }, {}],
  ])('%s %p', (code, values, counts) =>
    expect(countRows([detail(code, values)])).toEqual({ unit: 'rows', ...zero, ...counts }),
  );

  it('adds up the line items of a module import, in cells', () => {
    const counts = countRows([
      detail('lineItemRowsProcessed', { lineItemName: 'Units', rowCount: '10' }),
      detail('lineItemRowsProcessedWithFailuresAndIgnored', {
        rowCount: '7',
        failureCount: '2',
        ignoredCount: '1',
      }),
      detail('moduleImportNumberFormat'),
    ]);
    // The code is the reason of the two that failed, and not a third one.
    expect(counts).toEqual({ unit: 'cells', ...zero, total: 20, updated: 17, rejected: 2, ignored: 1 });
  });

  it.each(Object.entries(CATALOGUE).filter(([code]) => /RowsProcessed/.test(code)))(
    '%s is read out of its text where Anaplan sent no values',
    (code, entry) => {
      const names = [...entry.template.matchAll(/\$\{([^}]+)\}/g)].map((m) => m[1] ?? '');
      const values = Object.fromEntries(
        names.map((n, i) => [n, /Count$/.test(n) ? String(i + 2) : 'My List: x (1/2)']),
      );
      expect(countRows([detail(code, {}, messageOf(code, values))])).toEqual(
        countRows([detail(code, values)]),
      );
    },
  );

  it.each(['hierarchyNoChanges', 'usersNoChanges', 'versionsNoChanges'])('%s counts nothing', (code) =>
    expect(countRows([detail(code)])).toEqual({ unit: 'rows', ...zero }),
  );

  it('knows of no rows where the task was no import', () =>
    expect(countRows([detail('exportSucceeded', { fileSize: '10' })])).toBeUndefined());

  it('tolerates blanks and line ends of another text', () => {
    expect(parametersOf('lineItemRowsProcessed', ' Net\nRevenue  cells:\t1,000 ')).toEqual({
      lineItemName: 'Net\nRevenue',
      rowCount: '1,000',
    });
    expect(parametersOf('lineItemRowsProcessed', 'something else')).toEqual({});
    expect(parametersOf('unknown', 'x')).toEqual({});
  });
});

describe('rejections that only data codes tell: silent, they are data that nobody misses', () => {
  const DATA = Object.entries(CATALOGUE).filter(([, e]) => e.kind === 'data');
  const ofClass = (wanted: CatalogueEntry['class']) =>
    DATA.filter(([, e]) => e.class === wanted).map(([c]) => c);

  it('gives each of the 70 data codes a class, and only them', () => {
    expect(Object.values(CATALOGUE).filter((e) => e.class !== undefined)).toHaveLength(70);
    expect(ofClass('column')).toEqual([
      'moduleImportDimensionIdentifiersUnmapped',
      'moduleImportLineItemIdentifiersUnmapped',
      'usersImportNoSelectiveAccess',
    ]);
    expect(ofClass('note')).toEqual(['hierarchyImportCancelledByUser', 'usersImportConflictingAncestry']);
    expect(ofClass('row')).toHaveLength(65);
  });

  it.each(ofClass('row').flatMap((code) => [7, 1, 0, undefined].map((n) => [code, n] as const)))(
    '%s, alone and %p times, is that many rejected rows, and one at least',
    (code, occurrences) => {
      const { result } = settle(
        task({ details: [{ ...detail(code), ...(occurrences === undefined ? {} : { occurrences }) }] }),
      );
      expect(result?.rows).toEqual({
        unit: code.startsWith('moduleImport') ? 'cells' : 'rows',
        ignored: 0,
        rejected: Math.max(1, occurrences ?? 1),
        warnings: 0,
      });
      expect(result?.warnings).toBeUndefined();
    },
  );

  it.each([...ofClass('column'), ...ofClass('note')])('%s is a warning, and no rejected row', (code) => {
    const { result } = settle(task({ details: [{ ...detail(code), occurrences: 3 }] }));
    expect(result?.rows).toBeUndefined();
    expect(result?.warnings).toEqual([expect.stringMatching(/ \(3 times\)$/)]);
  });

  it('adds up the codes, each as often as it occurred', () =>
    expect(
      countRows([
        { ...detail('moduleImportNumberFormat'), occurrences: 12 },
        { ...detail('moduleImportDateFormat'), occurrences: 3 },
        detail('lineItemRowsProcessed', { rowCount: '100' }),
      ]),
    ).toMatchObject({ unit: 'cells', rejected: 15, updated: 100 }));

  it('never adds codes to a failed count, nor counts rows that were loaded with a warning', () => {
    const code = { ...detail('hierarchyImportInvalidParent'), occurrences: 7 };
    const line = (values: Record<string, string>) => detail('hierarchyRowsProcessedWithFailures', values);
    expect(countRows([line({ failedCount: '2' }), code])).toMatchObject({ rejected: 2 });
    expect(countRows([line({ failedCount: '0', warningsRowCount: '7' }), code])).toMatchObject({
      rejected: 0,
      warnings: 7,
    });
    expect(countRows([line({ failedCount: '0', warningsRowCount: '4' }), code])).toMatchObject({
      rejected: 3,
    });
  });

  it.each(Object.entries(CATALOGUE).filter(([, e]) => e.kind === 'failure'))(
    '%s on a result that Anaplan calls successful is a warning',
    (code) => {
      const { result } = settle(task({ details: [detail(code)] }));
      expect(result?.warnings).toEqual([expect.stringContaining(code)]);
      expect(settle(task({ successful: false, details: [detail(code)] })).result?.warnings).toBeUndefined();
    },
  );

  it('shows an unknown code on a successful result as a warning, without what stood in a row', () => {
    const details = [
      detail('newCode', {}, 'The moon is full'),
      { ...detail('newRowCode', {}, 'Invalid thing: Smith'), occurrences: 4 },
      detail('exportSucceeded'),
    ];
    const { result } = settle(task({ details }));
    expect(result?.warnings).toEqual([
      'Anaplan says what its documentation does not explain: newCode: The moon is full',
      expect.stringMatching(/newRowCode: Invalid .* \(4 times\)$/),
    ]);
    expect(JSON.stringify(result)).not.toContain('Smith');
  });

  it('keeps both on the actions of a process, where they happened', () => {
    const nested = {
      objectId: '112',
      successful: true,
      failureDumpAvailable: false,
      details: [{ ...detail('moduleImportNumberFormat'), occurrences: 12 }, detail('missingFields')],
      nestedResults: [],
    };
    const { result } = settle(task({ nestedResults: [nested] }));
    expect(result?.nested?.[0]).toMatchObject({ rows: { rejected: 12 }, warnings: [expect.any(String)] });
  });
});

describe('failed and invalid counts: added where they are two groups of rows, not where one holds the other', () => {
  it.each<[string, Record<string, string>, number]>([
    // "9 created (2 invalid), 1 permissions updated (3 failed)": two groups of the sentence.
    ['usersRowsProcessedWithInvalidNamesAndFailures', { invalidCount: '2', failedCount: '3' }, 5],
    ['hierarchyRowsProcessedWithInvalidNamesAndFailures', { invalidCount: '2', failedCount: '3' }, 5],
    ['hierarchyRowsProcessedWithInvalidNames', { invalidCount: '2' }, 2],
    // The sentence divides the rows into successful, warned, failed and ignored: no room for other rows.
    ['hierarchyRowsProcessedWithFailures', { invalidCount: '2', failedCount: '3' }, 3],
    ['hierarchyRowsProcessedWithFailures', { invalidCount: '3', failedCount: '0' }, 3],
    // Ten rows in all, seven of them loaded.
    [
      'hierarchyRowsProcessedWithInvalidNamesAndFailures',
      { createdCount: '7', invalidCount: '2', failedCount: '3', totalRowCount: '10' },
      3,
    ],
    [
      'hierarchyRowsProcessedWithInvalidNamesAndFailures',
      { createdCount: '7', invalidCount: '2', failedCount: '3', totalRowCount: '12' },
      5,
    ],
    // The code says that rows failed, in numbers that nobody can read.
    ['usersRowsProcessedWithFailures', {}, 1],
    ['lineItemRowsProcessedWithFailures', { failureCount: 'einige' }, 1],
    ['lineItemRowsProcessedWithFailures', { failureCount: '1.234' }, 1234],
    ['lineItemRowsProcessedWithFailures', { failureCount: '1 234' }, 1234],
  ])('%s %p rejects %p', (code, values, rejected) =>
    expect(countRows([detail(code, values)])?.rejected).toBe(rejected),
  );
});

describe('settling: what a history keeps of a result', () => {
  it.each<[string | undefined, string | undefined, number | undefined]>([
    ['0', undefined, 0],
    ['1,234,567', undefined, 1_234_567],
    [undefined, 'Export for A: B completed successfully. 17 bytes written.', 17],
    ['1.2 MB', undefined, undefined],
    [undefined, 'Fertig.', undefined],
  ])('reads the size of an export from %p or %p', (fileSize, text, expected) => {
    const details = [detail('exportSucceeded', fileSize === undefined ? {} : { fileSize }, text)];
    expect(settle(task({ details })).result?.fileSize).toBe(expected);
  });

  it('keeps when a process and its actions started and how long they took', () => {
    const nested = {
      objectId: '112',
      successful: true,
      failureDumpAvailable: false,
      startTime: 1677624625790,
      duration: 1112,
      details: [],
      nestedResults: [],
    };
    const { result } = settle(task({ startTime: 1677624626034, duration: 868, nestedResults: [nested] }));
    expect(result).toMatchObject({
      startTime: 1677624626034,
      duration: 868,
      nested: [{ startTime: 1677624625790, duration: 1112 }],
    });
  });

  it.each(Object.entries(CATALOGUE).filter(([, e]) => e.kind !== 'completion'))(
    '%s, unsuccessful, is the failure with its words and its remedy',
    (code, entry) => {
      const settled = settle(task({ successful: false, details: [detail('exportSucceeded'), detail(code)] }));
      // A data code is a failure's reason only where nothing better is said.
      if (entry.kind === 'failure') expect(settled.result?.failure?.code).toBe(code);
      expect(settled.result?.details[1]).toMatchObject({
        code,
        ...(entry.remedy ? { remedy: entry.remedy } : {}),
      });
      expect(settled.result?.failure?.remedy).toBe(entry.kind === 'failure' ? entry.remedy : undefined);
    },
  );

  it('shows an uncatalogued code and its words as they are', () => {
    const { result } = settle(
      task({ successful: false, details: [detail('newCode', { a: 'b' }, 'Said so')] }),
    );
    expect(result?.details).toEqual([{ code: 'newCode', message: 'Said so' }]);
    expect(result?.failure).toEqual({
      code: 'newCode',
      message: 'Said so',
      effects: 'unknown',
      parameters: { a: 'b' },
    });
  });

  it('names the actions of a process by its steps', () => {
    const nested = (objectId: string) => ({
      objectId,
      successful: true,
      failureDumpAvailable: true,
      details: [],
      nestedResults: [],
    });
    const { result } = settle(task({ nestedResults: [nested('112'), nested('117')] }), [
      { id: '112', name: 'Load' },
    ]);
    expect(result?.nested?.map((n) => n.objectName)).toEqual(['Load', undefined]);
    expect(result?.nested?.every((n) => n.dumpAvailable)).toBe(true);
  });

  it('keeps 100 details of 1 KB and every step of a process, and says that it cut', () => {
    const many = Array.from({ length: 300 }, () => detail('x', {}, 'y'.repeat(5_000)));
    const flat = settle(task({ details: many }));
    expect(flat.truncated).toBe(true);
    expect(flat.result?.details).toHaveLength(100);
    expect(flat.result?.details[0]?.message).toHaveLength(1024);
    const steps = Array.from({ length: 2_100 }, (_, i) => ({
      objectId: String(i),
      successful: i < 1_900,
      failureDumpAvailable: false,
      details: many.slice(0, 2),
      nestedResults: [],
    }));
    const nested = settle(task({ nestedResults: steps }));
    expect(nested.result?.nested).toHaveLength(2_000);
    expect(nested.result?.nested?.filter((n) => !n.successful)).toHaveLength(100);
    expect(nested.truncated).toBe(true);
    // Far below the 2 MB that Temporal takes as one payload.
    expect(JSON.stringify(nested).length).toBeLessThan(512 * 1024);
  });

  it('keeps the values of a rejected row out: the codes that repeat one are shown as templates', () => {
    const rows = [
      detail('hierarchyImportParseErrorInKey', {}, 'Error parsing key for this row; invalid data: Smith'),
      detail(
        'hierarchyImportNewEntityNumberedList',
        {},
        'Cannot import record into numbered list as it has a new name (Smith)',
      ),
      detail(
        'moduleImportLineItemIdentifiersUnmapped',
        {},
        '3 Line Item identifier(s) (Smith, Jones) were not mapped and ignored',
      ),
    ];
    const text = JSON.stringify(settle(task({ details: rows })));
    expect(text).not.toMatch(/Smith|Jones/);
    expect(text).toContain('Error parsing key for this row; invalid data: …');
  });

  it('keeps a count only where there is one', () => {
    const { result } = settle(
      task({
        details: [
          { ...detail('invalidDate'), occurrences: 0 },
          { ...detail('invalidDate'), occurrences: 3 },
        ],
      }),
    );
    expect(result?.details.map((d) => d.occurrences)).toEqual([undefined, 3]);
  });

  it('has no result for a task that ended without one', () =>
    expect(settle({ taskId: 'T', taskState: 'CANCELLED' } as Task)).toEqual({
      taskId: 'T',
      state: 'CANCELLED',
    }));
});
