/** The answers of the transactional calls as the guide prints them, and the ways in which it contradicts itself. */
import { parseCellsWritten } from '../../src/anaplan/cells';
import { ShapeError } from '../../src/anaplan/errors';
import { parseFailures } from '../../src/anaplan/failures';
import { jsonEvents } from '../../src/anaplan/http/json-stream';
import { parseLineItem } from '../../src/anaplan/line-items';
import { parseListChange, parseListItem, parseListMetadata } from '../../src/anaplan/list-answers';
import { parseModelsDeleted } from '../../src/anaplan/models';
import { eachItem } from '../../src/anaplan/paging';
import {
  parseCurrentPeriod,
  parseModelCalendar,
  parseSwitchover,
  parseVersion,
} from '../../src/anaplan/time';
import { queryString } from '../../src/anaplan/url';
import { parseViewRow } from '../../src/anaplan/view-data';
import { parseViewMetadata } from '../../src/anaplan/views';

const envelope = { meta: { schema: 'x' }, status: { code: 200, message: 'Success' } };
const failure = { requestIndex: 1, failureType: 'INCORRECT_FORMAT', failureMessageDetails: 'wrong' };
const read = { requestIndex: 1, type: 'INCORRECT_FORMAT', message: 'wrong' };

test.each<[string, unknown, unknown]>([
  ['a list', [failure], [read]],
  ['one alone', failure, [read]],
  [
    'an object of them',
    { a: failure, b: { ...failure, requestIndex: '2' } },
    [read, { ...read, requestIndex: 2 }],
  ],
  ['an object by index', { 3: { failureType: 'Not found' } }, [{ requestIndex: 3, type: 'Not found' }]],
  ['nulls in it', [null, { failureType: null, requestIndex: null }], [{ type: '' }]],
  ['none', undefined, []],
  ['null', null, []],
])('failures of a write: %s', (_, raw, expected) => expect(parseFailures(raw)).toEqual(expected));

test.each<[string, unknown, unknown]>([
  [
    'added',
    { added: 1, ignored: 1, total: 2, failures: [failure] },
    { changed: 1, ignored: 1, total: 2, failures: [read] },
  ],
  ['updated', { total: 2, ignored: 0, updated: 2 }, { changed: 2, ignored: 0, total: 2, failures: [] }],
  ['deleted', { ...envelope, deleted: 2 }, { changed: 2, failures: [] }],
  [
    'some deleted',
    { ...envelope, result: { numberOfItemsDeleted: 1, failures: [failure] } },
    { changed: 1, failures: [read] },
  ],
  ['no count', { ...envelope, total: 2, added: null }, { total: 2, failures: [] }],
])('a change of a list: %s', (_, body, expected) => expect(parseListChange(body)).toEqual(expected));

test('an answer that says nothing of the change is no success', () => {
  expect(() => parseListChange(envelope)).toThrow(ShapeError);
  expect(() => parseCellsWritten(envelope)).toThrow(ShapeError);
  expect(() => parseModelsDeleted(envelope)).toThrow(ShapeError);
});

test('cells written, models deleted', () => {
  expect(parseCellsWritten({ ...envelope, numberOfCellsChanged: 42, failures: [failure] })).toEqual({
    changed: 42,
    failures: [read],
  });
  expect(parseCellsWritten({ ...envelope, numberOfCellsChanged: 0 })).toEqual({ changed: 0, failures: [] });
  const failed = { modelId: 'M', message: 'Model ID does not exist.' };
  expect(parseModelsDeleted({ modelsDeleted: 1, bulkDeleteModelsFailures: [failed] })).toEqual({
    deleted: 1,
    failures: [failed],
  });
  expect(parseModelsDeleted({ ...envelope, modelsDeleted: 1 })).toEqual({ deleted: 1, failures: [] });
});

test('items and metadata of a list', () => {
  const item = {
    id: '206000000001',
    name: 'cake',
    code: 'c1',
    subsets: { favourite: true, other: 'false' },
    properties: { count: '1.0', size: 3, gone: null },
    read: ['a@b', 'c@d'],
  };
  expect(parseListItem(item)).toEqual({
    ...item,
    subsets: { favourite: true, other: false },
    properties: { count: '1.0', size: '3' },
    read: 'a@b, c@d',
  });
  const metadata = {
    id: '101000000001',
    name: 'Sales Reps',
    properties: [{ name: 'Mail', format: 'TEXT', notes: '', referencedBy: '' }],
    hasSelectiveAccess: false,
    parent: { id: '101000000000', name: 'Organization' },
    managedBy: '',
    numberedList: true,
    nextitemIndex: 7,
    itemCount: 1,
    topLevelItem: { id: '1', name: 'All' },
  };
  const { nextitemIndex, ...rest } = metadata;
  expect(parseListMetadata({ ...envelope, metadata })).toEqual({
    ...rest,
    nextItemIndex: nextitemIndex,
    subsets: [],
    topLevelItem: 'All',
  });
});

test('line items: a format nobody knows is kept, and one without an ID is known by its code', () => {
  const item = {
    moduleId: '102000000001',
    moduleName: 'module2',
    id: '206000000006',
    name: 'lineitem-child',
    isSummary: false,
    cellCount: 51,
    version: { name: 'All', id: '16000000000' },
    appliesTo: [{ name: 'org', id: '109000000001' }],
    formula: '3 + 9',
    format: 'HOLOGRAM',
    formatMetadata: { dataType: 'HOLOGRAM', depth: [1, null] },
    summary: 'Sum',
  };
  expect(parseLineItem(item)).toEqual(item);
  expect(parseLineItem({ code: 'c7', name: 'x', appliesTo: [], formatMetadata: null })).toEqual({
    id: 'c7',
    code: 'c7',
    name: 'x',
  });
});

test('views: axes that are absent are empty, rows are flat or nested', () => {
  const rows = [{ id: '1', name: 'Products' }];
  expect(parseViewMetadata({ ...envelope, viewName: 'V', viewId: 102000000000, rows })).toEqual({
    viewName: 'V',
    viewId: '102000000000',
    rows,
    columns: [],
    pages: [],
  });
  const flat = { coordinates: ['Durham', 'Jan'], cells: ['64.6', '', '7'] };
  expect(parseViewRow({ rowCoordinates: ['Durham', 'Jan'], cells: ['64.6', null, 7] })).toEqual(flat);
  expect(parseViewRow({ rowCoordinates: [['Durham'], ['Jan']], cells: ['64.6', null, 7] })).toEqual(flat);
});

test('calendar and versions', () => {
  expect(parseCurrentPeriod({ currentPeriod: { periodText: '', lastDay: null } })).toEqual({
    periodText: '',
    lastDay: '',
  });
  expect(parseModelCalendar({ ...envelope, modelCalendar: {} })).toEqual({});
  const fiscalYear = { year: 'FY21', startDate: '2020-03-29', endDate: '2021-03-27' };
  const calendar = { fiscalYear, pastYearsCount: 0, totalsSelection: { quarterTotals: true } };
  expect(parseModelCalendar({ modelCalendar: calendar })).toEqual(calendar);
  const version = {
    id: '107000000002',
    name: 'Variance',
    isCurrent: false,
    isActual: false,
    switchover: { periodText: 'Mar 20', date: '2020-03-01' },
    formula: 'Actual - 20',
  };
  expect(parseVersion({ ...version, editFrom: null })).toEqual(version);
  const switchover = { periodText: 'May 13', date: '2013-05-01', calendarType: 'Calendar Months' };
  expect(parseSwitchover({ ...envelope, versionSwitchover: switchover })).toEqual(switchover);
});

test('selectors of pages are sent as the guide prints them', () => {
  expect(queryString({ pages: ['1:2', '3:4'], format: 'v1', maxRows: undefined })).toBe(
    '?pages=1:2&pages=3:4&format=v1',
  );
  expect(queryString({ sort: '+emailAddress' })).toBe('?sort=%2BemailAddress');
});

describe('a stream of JSON', () => {
  const events = async (text: string, size: number, keys = ['items']) => {
    const bytes = Buffer.from(text);
    const pieces = async function* () {
      for (let i = 0; i < bytes.length; i += size) yield Promise.resolve(bytes.subarray(i, i + size));
    };
    const all: unknown[] = [];
    for await (const events of jsonEvents(pieces(), keys)) all.push(...events);
    return all;
  };
  const text =
    '\uFEFF {"meta": {"items": [1]}, "n": -1.5e3 , "items": [ {"a":"]}\\"\\\\", "ü": "€"}, [1,[2]], 3,null , "x"], "status":{"code":200}} ';
  const expected = [
    { key: 'meta', value: { items: [1] } },
    { key: 'n', value: -1500 },
    ...[{ a: ']}"\\', ü: '€' }, [1, [2]], 3, null, 'x'].map((item) => ({ item })),
    { key: 'status', value: { code: 200 } },
  ];
  test.each([1, 2, 3, 7, 1000])('in pieces of %i bytes', async (size) => {
    expect(await events(text, size)).toEqual(expected);
  });
  test('an array without an object around it', async () => {
    expect(await events('[1,{"a":2}]', 2)).toEqual([{ item: 1 }, { item: { a: 2 } }]);
  });
  test('cut anywhere it is an error, never a shorter list', async () => {
    const whole = text.trim();
    for (let end = 0; end < whole.length; end++) {
      await expect(events(whole.slice(0, end), 16)).rejects.toThrow(SyntaxError);
    }
  });
  test.each(['{"items": [1,2]} x', '{"a" 1}', '{"items": [1 2]}', '<html>', '{"a": }'])(
    'no JSON: %s',
    async (bad) => {
      await expect(events(bad, 4)).rejects.toThrow(SyntaxError);
    },
  );
});

describe('items one after the other', () => {
  const pages = (all: string[], total?: number) => (page: { offset: number; limit: number } | undefined) => {
    const from = page?.offset ?? 0;
    return Promise.resolve({ items: all.slice(from, from + 2), totalSize: total });
  };
  const taken = async (fetchPage: Parameters<typeof eachItem<string>>[1]) => {
    const found: string[] = [];
    for await (const item of eachItem('the list', fetchPage, (id) => id)) found.push(item);
    return found;
  };
  test('all pages, until the total is reached', async () => {
    expect(await taken(pages(['a', 'b', 'c', 'd', 'e'], 5))).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(await taken(pages(['a', 'b']))).toEqual(['a', 'b']);
    expect(await taken(pages([], 0))).toEqual([]);
  });
  test('one that ends early, repeats itself or was shifted is an error after what came', async () => {
    await expect(taken(pages(['a', 'b', 'c'], 5))).rejects.toThrow('ended early');
    await expect(taken(pages(['a', 'b', 'a', 'b'], 4))).rejects.toThrow('repeats itself');
    await expect(taken(pages(['a', 'b', 'b', 'c'], 4))).rejects.toThrow('changed while it was read');
  });
});
