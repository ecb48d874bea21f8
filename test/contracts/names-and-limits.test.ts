import {
  commandOf,
  DEFAULT_TIMEOUTS,
  durationMs,
  EXIT,
  FAILURE_TYPES,
  FAILURES,
  filesQueue,
  INTEGRATIONS,
  isFailureType,
  LIMITS,
  lockId,
  idFault,
  resolveTimeouts,
  transferQueue,
  utf8Bytes,
} from '../../src/contracts';
import { pathSafe } from '../../src/contracts/path-safe';
import { SCHEMAS } from '../../src/contracts/schemas';

describe('durations: one that is misread ends a run hours too early or too late', () => {
  it.each([
    [0, 0],
    [1500, 1500],
    ['250ms', 250],
    ['30s', 30_000],
    ['5 min', 300_000],
    ['5m', 300_000],
    [' 12h ', 43_200_000],
    ['1d', 86_400_000],
    ['1.5h', 5_400_000],
    [-1, undefined],
    [Number.NaN, undefined],
    [Number.POSITIVE_INFINITY, undefined],
    ['', undefined],
    ['12', undefined],
    ['12 hours', undefined],
    ['-5s', undefined],
    ['5S', undefined],
    ['1h30m', undefined],
  ])('%p is %p ms', (given, ms) => expect(durationMs(given)).toBe(ms));

  it('fills in the documented defaults', () => {
    expect(resolveTimeouts()).toEqual({
      lock: 12 * 3_600_000,
      modelUnavailable: 6 * 3_600_000,
      unavailable: 3_600_000,
      task: 24 * 3_600_000,
      transfer: 24 * 3_600_000,
      cancel: 1_800_000,
    });
    expect(resolveTimeouts({ lock: '1s', task: 'soon' })).toEqual({ ...DEFAULT_TIMEOUTS, lock: 1000 });
    // A span that Temporal refuses would fail the workflow task for ever.
    expect(resolveTimeouts({ lock: 1e308, task: 0.25 })).toEqual({ ...DEFAULT_TIMEOUTS, task: 1 });
  });
});

describe('names that histories, disks and other workers keep', () => {
  it.each([
    ['load-sales.1', 'load-sales.1'],
    ['8fea22af-cba3-424e-823a-fc001318d38d', '8fea22af-cba3-424e-823a-fc001318d38d'],
    ['../../etc/passwd', /^_\._\.\._etc_passwd-[0-9a-f]{10}$/],
    ['.', /^_-[0-9a-f]{10}$/],
    ['..', /^__-[0-9a-f]{10}$/],
    ['.env', /^_env-[0-9a-f]{10}$/],
    ['sales.', /^sales_-[0-9a-f]{10}$/],
    ['', /^_-[0-9a-f]{10}$/],
    ['a/b\\c\0d', /^a_b_c_d-[0-9a-f]{10}$/],
    ['Größe €', /^Gr__e__-[0-9a-f]{10}$/],
    ['nul', /^_nul-[0-9a-f]{10}$/],
    ['com1.sales', /^_com1\.sales-[0-9a-f]{10}$/],
    ['console', 'console'],
    ['x'.repeat(500), /^x{120}-[0-9a-f]{10}$/],
  ])('%p is %p as a path segment', (given, safe) => {
    if (typeof safe === 'string') expect(pathSafe(given)).toBe(safe);
    else expect(pathSafe(given)).toMatch(safe);
    expect(pathSafe(given)).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,131}$/);
    expect(pathSafe(given)).not.toMatch(/\.$/);
  });

  it('no two names share a path segment, on no file system: one run would overwrite what another stored', () => {
    const names = [
      ...[
        '夜間',
        '月次',
        'Größe',
        'Grosse',
        'Gr__e',
        'é',
        'e\u0301',
        'a b',
        'a_b',
        'a/b',
        '',
        '_',
        '.',
        '..',
      ],
      ...['Load', 'load', 'LOAD', 'nul', 'NUL', '_nul', 'a.', 'a_', 'a', '\ud800', '\ud801', '\ufffd'],
      ...['x'.repeat(120), 'x'.repeat(121), 'x'.repeat(122)],
    ];
    // Names that look like what another one was made into.
    const all = [...names, ...names.map(pathSafe), ...names.map((n) => pathSafe(n).toLowerCase())];
    const distinct = new Set(all);
    expect(new Set([...distinct].map((name) => pathSafe(name).toLowerCase().normalize('NFKC'))).size).toBe(
      distinct.size,
    );
  });

  it('IDs are any UTF-8 up to the limit of Temporal', () => {
    for (const id of ['夜間', 'a b/c', '🧮', 'x'.repeat(1000), '月'.repeat(333)])
      expect(idFault(id)).toBeUndefined();
    expect(idFault(' ')).toBe('must not be empty');
    expect(idFault('a\ud800')).toBe('must be well-formed Unicode');
    expect(idFault('a\0')).toBe('must not hold a NUL character');
    expect(idFault(7)).toBe('must be a text');
    expect(idFault('月'.repeat(334))).toBe('must have at most 1000 bytes in UTF-8, not 1002');
    for (const text of ['aé月🧮', '\ud800']) expect(utf8Bytes(text)).toBe(Buffer.from(text).length);
  });

  it('are the documented ones', () => {
    expect(lockId('M')).toBe('anaplan-lock:M');
    expect(transferQueue('anaplan')).toBe('anaplan-transfer');
    expect(filesQueue('anaplan', 'payroll')).toBe('anaplan-files.payroll');
    expect(INTEGRATIONS.map(commandOf)).toEqual([
      'upload-import',
      'export-download',
      'process-with-dumps',
      'large-view-read',
      'large-list-read',
      'run-action',
      'upload-file',
      'download-file',
    ]);
    expect(Object.keys(SCHEMAS).sort()).toEqual([...INTEGRATIONS].sort());
  });
});

describe('failure types: a script decides by them and by the exit code', () => {
  // Design section 3: none is renamed, more may be added.
  const PUBLIC =
    `InvalidInput NotFound PermissionDenied AuthenticationFailed Conflict ModelArchived ModelLocked
    ModelOffline ModelDeployed RateLimited ServiceUnavailable NetworkError ProtocolError ActionFailed ActionCancelled
    RowsRejected AmbiguousTaskStart TaskLost DeadlineExceeded SourceNotFound SourceEmpty SourceChanged TargetFailed
    TransferCorrupt DumpUnavailable`.split(/\s+/);

  it('has every public one', () => expect(FAILURE_TYPES).toEqual(expect.arrayContaining(PUBLIC)));

  it.each([...FAILURE_TYPES])('%s has a remedy that is a sentence, and an exit code', (type) => {
    expect(isFailureType(type)).toBe(true);
    expect(FAILURES[type].remedy).toMatch(/^[A-Z].*\.$/);
    expect(Object.values(EXIT)).toContain(FAILURES[type].exit);
    expect(FAILURES[type].exit).not.toBe(EXIT.ok);
  });

  it.each([
    ['InvalidInput', 2],
    ['ActionFailed', 3],
    ['PermissionDenied', 4],
    ['ModelDeployed', 4],
    ['Cancelled', 5],
    ['ModelLocked', 6],
    ['DeadlineExceeded', 6],
    ['RowsRejected', 7],
    ['SourceChanged', 8],
    ['TransferCorrupt', 8],
    ['InternalError', 1],
  ] as const)('%s exits with %i', (type, exit) => expect(FAILURES[type].exit).toBe(exit));

  it('knows nothing else', () => {
    expect(isFailureType('toString')).toBe(false);
    expect(isFailureType(undefined)).toBe(false);
  });
});

it("keeps Anaplan's sizes", () => {
  expect(LIMITS).toMatchObject({ maxChunkBytes: 50_000_000, maxChunks: 1000, defaultChunkBytes: 10_000_000 });
});
