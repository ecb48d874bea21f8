import {
  ABORTED,
  AnaplanError,
  NOT_ANAPLANS,
  outcomeUnknown,
  REGIONS,
  regionUrls,
  RETRY_TABLE,
  retryRule,
} from '../../src/anaplan';
import { errorMessage, parseJson } from '../../src/anaplan/http/body';
import { framing, retryAfterMs } from '../../src/anaplan/http/headers';
import { collect, type Page } from '../../src/anaplan/paging';
import { inOrder, listTrouble } from '../../src/anaplan/chunks';

const status = (s: number) => ({ kind: 'status', status: s }) as const;

describe('retry table', () => {
  type Row = [Parameters<typeof retryRule>[0], string, string, number, number];
  const rows: Row[] = [
    [status(429), 'rateLimited', 'rateLimited', 10_000, 10_000],
    [status(410), 'gone', 'unavailable', 1_000, 60_000],
    [status(423), 'modelUnavailable', 'modelUnavailable', 30_000, 300_000],
    [status(424), 'modelUnavailable', 'modelUnavailable', 30_000, 300_000],
    [status(409), 'conflict', 'conflict', 30_000, 300_000],
    [{ ...status(409), method: 'GET', path: '/x' }, 'conflict', 'conflict', 30_000, 300_000],
    [{ ...status(409), method: 'POST', path: '/m/status' }, 'conflict', 'conflict', 30_000, 300_000],
    ...['POST', 'PUT', 'DELETE'].map(
      (method) => [{ ...status(409), method, path: '/x' }, 'conflictOfChange', 'refused', 0, 0] as Row,
    ),
    [{ kind: 'auth', status: 407 }, 'credentials', 'refused', 0, 0],
    ...[500, 502, 503, 504, 599, 408, 421, 499].map(
      (s) =>
        [status(s), 'unavailable', 'unavailable', 1_000, 60_000] as [
          ReturnType<typeof status>,
          string,
          string,
          number,
          number,
        ],
    ),
    ...[302, 400, 403, 404, 405, 406, 415, 418, 422, 425].map(
      (s) =>
        [status(s), 'refused', 'refused', 0, 0] as [
          ReturnType<typeof status>,
          string,
          string,
          number,
          number,
        ],
    ),
    [{ kind: 'auth', status: 401 }, 'unauthorized', 'refused', 0, 0],
    [{ kind: 'auth' }, 'credentials', 'refused', 0, 0],
    [{ kind: 'network', code: 'ECONNRESET' }, 'network', 'unavailable', 1_000, 60_000],
    [{ kind: 'network', code: 'ENOTFOUND' }, 'network', 'unavailable', 1_000, 60_000],
    [{ kind: 'network', code: 'SELF_SIGNED_CERT_IN_CHAIN' }, 'certificate', 'refused', 0, 0],
    [{ kind: 'network', code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }, 'certificate', 'refused', 0, 0],
    [{ kind: 'network', code: ABORTED }, 'aborted', 'refused', 0, 0],
    [{ kind: 'timeout', code: 'UND_ERR_HEADERS_TIMEOUT' }, 'silence', 'modelUnavailable', 1_000, 60_000],
    [{ kind: 'body' }, 'brokenBody', 'broken', 1_000, 60_000],
    [{ kind: 'protocol' }, 'protocol', 'refused', 0, 0],
  ];
  test.each(rows)('%j is the row %s', (error, row, kind, first, max) => {
    const rule = retryRule(error);
    expect(rule).toMatchObject({ row, class: kind, firstDelayMs: first, maxDelayMs: max });
  });

  test('every row is reachable and named by its key', () => {
    expect(Object.entries(RETRY_TABLE).every(([key, rule]) => rule.row === key)).toBe(true);
    const reached = [
      ...rows.map(([, row]) => row),
      retryRule({ kind: 'auth' }, { begun: true }).row,
      retryRule({ kind: 'protocol', code: NOT_ANAPLANS }, { begun: true }).row,
      retryRule(status(400), { begun: true, task: true }).row,
    ];
    expect(new Set(reached)).toEqual(new Set(Object.keys(RETRY_TABLE)));
  });

  test.each([{ status: 401 }, { status: 407 }, {}])(
    'a refused log-in %j is waited for once the run has begun: a task may be running',
    (answer) => {
      const rule = retryRule({ kind: 'auth', ...answer }, { begun: true });
      expect(rule).toMatchObject({ class: 'unavailable', bound: 'unavailable' });
    },
  );

  test.each<Parameters<typeof retryRule>[0]>([
    ...[302, 400, 403, 404, 405, 406, 409, 413, 415, 418, 422, 425].map(status),
    { kind: 'protocol' },
    { kind: 'protocol', code: NOT_ANAPLANS },
    { kind: 'network', code: 'SELF_SIGNED_CERT_IN_CHAIN' },
  ])('%j is waited for once a task exists, which runs on whatever is answered', (error) => {
    const rule = retryRule({ method: 'DELETE', path: '/x', ...error }, { begun: true, task: true });
    expect(rule.class).toBe('odd');
    expect(retryRule({ kind: 'network', code: ABORTED }, { begun: true, task: true }).class).toBe('refused');
  });

  test('a page of a proxy in place of an answer is waited for in a run that has begun, and final before', () => {
    const page = { kind: 'protocol', code: NOT_ANAPLANS } as const;
    expect([retryRule(page).class, retryRule(page, { begun: true }).class]).toEqual(['refused', 'broken']);
  });
});

describe('outcomeUnknown tells what must not be sent again blindly', () => {
  const make = (init: Partial<ConstructorParameters<typeof AnaplanError>[1]>) =>
    new AnaplanError('x', { kind: 'status', method: 'POST', path: '/tasks', sent: 'answered', ...init });
  test.each([
    ...[400, 401, 403, 404, 405, 406, 409, 410, 415, 422, 423, 424, 425, 429].map(
      (code) => [make({ status: code }), false] as [AnaplanError, boolean],
    ),
    ...[101, 302, 307, 402, 408, 412, 413, 414, 418, 421, 426, 428, 431, 444, 451, 460, 499].map(
      (code) => [make({ status: code }), true] as [AnaplanError, boolean],
    ),
    [make({ status: 500 }), true],
    [make({ status: 504 }), true],
    [make({ kind: 'network', sent: 'unknown' }), true],
    [make({ kind: 'network', sent: 'no' }), false],
    [make({ kind: 'body', status: 200 }), true],
    [make({ kind: 'protocol', status: 200 }), true],
  ])('%s: %s', (error, unknown) => expect(outcomeUnknown(error)).toBe(unknown));
});

describe('Retry-After', () => {
  const date = 'Sun, 22 Nov 2026 10:00:00 GMT';
  test.each([
    [undefined, undefined],
    ['', undefined],
    ['7', 7_000],
    ['0', 0],
    ['0.5', 500],
    [' 12 ', 12_000],
    ['-3', undefined],
    ['soon', undefined],
    ['Sun, 22 Nov 2026 10:00:30 GMT', 30_000],
    ['Sun, 22 Nov 2026 09:00:00 GMT', 0],
  ])('%j is %s ms', (value, expected) => {
    expect(retryAfterMs({ 'retry-after': value, date }, 0)).toBe(expected);
  });
  test('without a Date of the server our own clock counts', () => {
    expect(retryAfterMs({ 'retry-after': date }, Date.parse(date) - 2_000)).toBe(2_000);
  });
});

test.each([
  ['GET', 200, { 'content-length': '3' }, 'length'],
  ['GET', 200, { 'transfer-encoding': 'chunked' }, 'chunked'],
  ['GET', 200, { 'transfer-encoding': 'gzip, chunked', 'content-length': '3' }, 'chunked'],
  ['GET', 200, {}, 'close'],
  ['GET', 204, {}, 'none'],
] as const)('framing of %s %d %j is %s', (method, code, headers, expected) => {
  expect(framing(method, code, headers)).toBe(expected);
});

describe('regions', () => {
  test('the default and the odd one', () => {
    expect(regionUrls()).toEqual(REGIONS['us1']);
    expect(regionUrls('EU3').apiUrl).toBe('https://eu3.api.anaplan.com');
    expect(regionUrls('au1').authUrl).toBe('https://au1a.app2.anaplan.com');
  });
  test.each(['mars', 'constructor', '__proto__'])('an unknown one names the known: %s', (name) => {
    expect(() => regionUrls(name)).toThrow(/us1, us9, eu3.*au1a/);
  });
});

describe('collect', () => {
  const pages = (...answers: Page<string>[]) => {
    const asked: unknown[] = [];
    return {
      asked,
      read: () =>
        collect(
          'the list',
          (page) => {
            asked.push(page);
            const answer = answers[Math.min(asked.length, answers.length) - 1];
            return Promise.resolve(answer ?? { items: [] });
          },
          (item) => item,
        ),
    };
  };

  test('one page without paging is all', async () => {
    expect(await pages({ items: ['a'] }).read()).toEqual(['a']);
  });
  test('more than the total is fine (the guide: 4 chunks, totalSize 3)', async () => {
    expect(await pages({ items: ['0', '1', '2', '3'], totalSize: 3 }).read()).toHaveLength(4);
  });
  test('follows by what was received', async () => {
    const p = pages(
      { items: ['a', 'b'], totalSize: 5 },
      { items: ['c'], totalSize: 5 },
      { items: ['d', 'e'], totalSize: 5 },
    );
    expect(await p.read()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(p.asked).toEqual([undefined, { offset: 2, limit: 2 }, { offset: 3, limit: 2 }]);
  });
  test('an empty page before the end is an error that names both numbers', async () => {
    await expect(pages({ items: ['a'], totalSize: 3 }, { items: [], totalSize: 3 }).read()).rejects.toThrow(
      /1 of 3/,
    );
    await expect(pages({ items: [], totalSize: 3 }).read()).rejects.toThrow(/says it has 3/);
  });
  test('a total that shrinks while it is read ends the reading', async () => {
    expect(await pages({ items: ['a', 'b'], totalSize: 3 }, { items: [], totalSize: 2 }).read()).toEqual([
      'a',
      'b',
    ]);
  });
  test('without a total the pages are followed by next: rows after the first page are not lost', async () => {
    const p = pages(
      { items: ['a', 'b'], next: { offset: 2, limit: 2 } },
      { items: ['c', 'd'], next: {} },
      { items: ['e'] },
    );
    expect(await p.read()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(p.asked).toEqual([undefined, { offset: 2, limit: 2 }, { offset: 4, limit: 2 }]);
  });
  test('a next that leads back to the same page is found out', async () => {
    await expect(pages({ items: ['a'], next: { offset: 0 } }).read()).rejects.toThrow(/repeats itself/);
  });
  test('a server that ignores the offset is found out', async () => {
    await expect(pages({ items: ['a', 'b'], totalSize: 6 }).read()).rejects.toThrow(/repeats itself/);
  });
  test('an item that shifts to the next page makes it read again', async () => {
    const p = pages(
      { items: ['a', 'b'], totalSize: 3 },
      { items: ['b', 'c'], totalSize: 4 },
      { items: ['z', 'a'], totalSize: 4 },
      { items: ['b', 'c'], totalSize: 4 },
    );
    expect(await p.read()).toEqual(['z', 'a', 'b', 'c']);
  });
});

describe('parseJson', () => {
  test.each([
    ['', undefined],
    ['\uFEFF{"a":1}', { a: 1 }],
    ['"_Status_","Column 1"\n  {\n "chunks" : []}', { chunks: [] }],
    ['junk\n[1]', [1]],
  ])('%j', (text, expected) => expect(parseJson(text)).toEqual(expected));
  test.each(['{"a":[1,2', '"x","y"\n{"chunks":[{"id":"0"},\n{"id":"1"}', 'no json'])(
    'a cut text is never repaired: %j',
    (text) => {
      expect(() => parseJson(text)).toThrow(SyntaxError);
    },
  );
});

test.each([
  ['{"status":{"code":404,"message":"Not Found"},"path":"/x"}', 'Not Found'],
  ['{"status":"FAILURE_BAD_CREDENTIAL","statusMessage":"bad"}', 'bad'],
  ['{"status":"FAILURE_BAD_CREDENTIAL"}', 'FAILURE_BAD_CREDENTIAL'],
  ['plain   text\n', 'plain text'],
  ['<html>502</html>', undefined],
  ['{"a":', '{"a":'],
  ['', undefined],
])('errorMessage(%j) is %j', (text, expected) => expect(errorMessage(text)).toBe(expected));

test.each<[string, string[], string | undefined]>([
  ['whole, from 0', ['0', '1', '2'], undefined],
  ['whole, from 1, in any order', ['3', '1', '2'], undefined],
  ['empty', [], undefined],
  ['of names', ['b', 'a'], undefined],
  ['of names and numbers', ['0', '2', 'a'], undefined],
  ['with a chunk twice', ['0', '1', '1'], 'it names chunk 1 twice'],
  ['with a number written in two ways', ['0', '1', '01'], 'it names chunk 1 twice'],
  ['with a name twice', ['a', 'b', 'a'], 'it names chunk a twice'],
  ['with a gap', ['0', '2'], 'it leaves out chunk 1'],
  ['with a gap behind a first chunk 1', ['1', '2', '4'], 'it leaves out chunk 3'],
  ['without its first chunks', ['2', '3'], 'it leaves out chunk 0'],
])('a chunk list that is %s is judged before a row is lost or doubled', (_, ids, trouble) =>
  expect(listTrouble(ids.map((id) => ({ id, name: '' })))).toBe(trouble),
);

test('chunks are joined by number, not by text', () => {
  const chunks = ['0', '1', '10', '2'].map((id) => ({ id, name: '' }));
  expect(inOrder(chunks).map((c) => c.id)).toEqual(['0', '1', '2', '10']);
  expect(
    inOrder([
      { id: 'b', name: '' },
      { id: 'a', name: '' },
    ]).map((c) => c.id),
  ).toEqual(['b', 'a']);
});
