import {
  parseAction,
  parseExportMetadata,
  parseImport,
  parseImportMetadata,
  parseProcess,
  parseProcessMetadata,
} from '../../src/anaplan/definitions';
import { parseFile } from '../../src/anaplan/files';
import { parseChunk } from '../../src/anaplan/chunks';
import { parseJson } from '../../src/anaplan/http/body';
import { parseModel, parseModelStatus } from '../../src/anaplan/models';
import { parseNamed } from '../../src/anaplan/objects';
import { parseView } from '../../src/anaplan/views';
import { nextPage, totalSize } from '../../src/anaplan/paging';
import { itemsOf } from '../../src/anaplan/parse';
import { parseReadRequest } from '../../src/anaplan/reads';
import { parseStartedTask, parseTask, parseTaskSummary } from '../../src/anaplan/tasks';
import { parseUser } from '../../src/anaplan/users';
import { parseWorkspace } from '../../src/anaplan/workspaces';
import { ShapeError } from '../../src/anaplan/errors';

/** The envelope of most of the guide's answers. */
const envelope = { meta: { schema: 'x' }, status: { code: 200, message: 'Success' } };

/** Sample answers of the guide, as it prints them: answer, reader, what comes out. */
describe('collections as the guide prints them', () => {
  test.each<[string, string, string[], string[], (raw: unknown) => unknown, unknown[]]>([
    [
      'workspaces',
      '{"meta":{"paging":{"currentPageSize":1,"totalSize":1,"offset":0}},"status":{"code":200,"message":"Success"},"workspaces":[{"id":"8a8b8c8d8e8f8g8i","name":"Financial Planning","active":true,"sizeAllowance":1073741824,"currentSize":873741824}]}',
      ['workspaces'],
      ['id'],
      parseWorkspace,
      [
        {
          id: '8a8b8c8d8e8f8g8i',
          name: 'Financial Planning',
          active: true,
          sizeAllowance: 1073741824,
          currentSize: 873741824,
        },
      ],
    ],
    [
      'models',
      '{"models":[{"id":"FC12345678912343455667","activeState":"UNLOCKED","name":"FP&A","currentWorkspaceId":"8a8b8c8d8e8f8g8i","currentWorkspaceName":"Financial Planning","categoryValues":[]}]}',
      ['models'],
      ['id'],
      parseModel,
      [
        {
          id: 'FC12345678912343455667',
          name: 'FP&A',
          activeState: 'UNLOCKED',
          currentWorkspaceId: '8a8b8c8d8e8f8g8i',
          currentWorkspaceName: 'Financial Planning',
        },
      ],
    ],
    [
      'files, an export output among them with fewer keys',
      '{"files":[{"id":"113000000000","name":"#T & #R.csv","chunkCount":0,"delimiter":"\\"","encoding":"ISO-8859-1","firstDataRow":2,"format":"txt","headerRow":1,"separator":","},{"id":"116000000001","name":"ExportGrid - ORG2Test.xls","chunkCount":1,"firstDataRow":0,"headerRow":0}]}',
      ['files'],
      ['id'],
      parseFile,
      [
        {
          id: '113000000000',
          name: '#T & #R.csv',
          chunkCount: 0,
          delimiter: '"',
          encoding: 'ISO-8859-1',
          firstDataRow: 2,
          format: 'txt',
          headerRow: 1,
          separator: ',',
        },
        {
          id: '116000000001',
          name: 'ExportGrid - ORG2Test.xls',
          chunkCount: 1,
          firstDataRow: 0,
          headerRow: 0,
        },
      ],
    ],
    [
      'imports',
      '{"imports":[{"id":"112000000007","name":"ORG2Test from Organization.txt","importDataSourceId":"113000000006","importType":"HIERARCHY_DATA"}]}',
      ['imports'],
      ['id'],
      parseImport,
      [
        {
          id: '112000000007',
          name: 'ORG2Test from Organization.txt',
          importDataSourceId: '113000000006',
          importType: 'HIERARCHY_DATA',
        },
      ],
    ],
    [
      'processes, a bare array',
      '[{"id":"118000000001","name":"Process1"},{"id":"118000000002","name":"Process2"}]',
      ['processes'],
      ['id'],
      parseProcess,
      [
        { id: '118000000001', name: 'Process1' },
        { id: '118000000002', name: 'Process2' },
      ],
    ],
    [
      'actions without envelope and without type',
      '{"actions":[{"id":"117000000019","name":"Delete From Org 2"}]}',
      ['actions'],
      ['id'],
      parseAction,
      [{ id: '117000000019', name: 'Delete From Org 2' }],
    ],
    [
      'modules',
      '{"modules":[{"id":"102000000125","name":"REV01 Price Book"}]}',
      ['modules'],
      ['id'],
      parseNamed,
      [{ id: '102000000125', name: 'REV01 Price Book' }],
    ],
    [
      'views, with an empty code',
      `{"views":[{"code":"","id":"207000000002","name":"StrategicPlanning.'accountSummary&overview/US$'","moduleId":"102000000000"}]}`,
      ['views'],
      ['id'],
      parseView,
      [
        {
          code: '',
          id: '207000000002',
          name: "StrategicPlanning.'accountSummary&overview/US$'",
          moduleId: '102000000000',
        },
      ],
    ],
    [
      'import tasks: an object where an array is meant',
      '{"task":{"taskId":"9530E1C5CAEB440DAC4E669178787160","taskState":"COMPLETE","creationTime":1535145471641}}',
      ['tasks', 'task'],
      ['taskId'],
      parseTaskSummary,
      [{ taskId: '9530E1C5CAEB440DAC4E669178787160', taskState: 'COMPLETE', creationTime: 1535145471641 }],
    ],
    [
      'process tasks: a bare task',
      '{"taskId":"BAB7819744034F25BF73EA1B41804478","taskState":"IN_PROGRESS","creationTime":1535145539157}',
      ['tasks', 'task'],
      ['taskId'],
      parseTaskSummary,
      [{ taskId: 'BAB7819744034F25BF73EA1B41804478', taskState: 'IN_PROGRESS', creationTime: 1535145539157 }],
    ],
    [
      'dump chunks behind a line of CSV (its missing last brace added: a cut text is never repaired)',
      '  "_Status_","Column 1","_Line_","_Error_1_"\n  {\n "meta" : {"paging" : {"currentPageSize" : 1,"offset" : 0,"totalSize" : 3}},"chunks" : [ {"id" : "0","name" : "Chunk 0"},{"id" : "1","name" : "Chunk 1"},{"id" : "2","name" : "Chunk 2"},{"id" : "3","name" : "Chunk 3"} ] }',
      ['chunks'],
      ['id'],
      parseChunk,
      [0, 1, 2, 3].map((n) => ({ id: `${n}`, name: `Chunk ${n}` })),
    ],
    [
      'an empty collection without its key',
      JSON.stringify(envelope),
      ['tasks', 'task'],
      ['taskId'],
      parseTaskSummary,
      [],
    ],
    ['an empty collection as null', '{"chunks":null}', ['chunks'], ['id'], parseChunk, []],
    ['nothing at all', '', ['chunks'], ['id'], parseChunk, []],
    [
      'numbers for texts and the reverse',
      '{"files":[{"id":113000000000,"name":7,"chunkCount":"2"}]}',
      ['files'],
      ['id'],
      parseFile,
      [{ id: '113000000000', name: '7', chunkCount: 2 }],
    ],
  ])('%s', (_, text, keys, marks, parse, expected) => {
    expect(itemsOf(parseJson(text), keys, marks).map(parse)).toEqual(expected);
  });

  test.each([
    [{ meta: { paging: { totalSize: 3 } } }, 3],
    [{ meta: { paging: { totalSize: '12' } } }, 12],
    [{ meta: {} }, undefined],
    [{ meta: { paging: { totalSize: -1 } } }, undefined],
    [[1], undefined],
    [{ meta: null }, undefined],
    [{ meta: { paging: null } }, undefined],
  ])('totalSize of %j', (body, expected) => expect(totalSize(body)).toBe(expected));

  test.each([
    ['https://api.anaplan.com/2/0/models/M/files?limit=2&offset=3&sort=name', { limit: 2, offset: 3 }],
    ['{baseUrl}/2/0/models?s=Jane&limit=1&offset=2', { limit: 1, offset: 2 }],
    ['/2/0/models?offset=20', { offset: 20 }],
    ['more', {}],
    ['', undefined],
    [null, undefined],
  ])('the page after: %j', (next, expected) =>
    expect(nextPage({ meta: { paging: { next } } })).toEqual(expected),
  );
});

test.each([
  ['bare', { taskId: '5E63' }, '5E63'],
  ['in its envelope', { ...envelope, task: { taskId: 'F362' } }, 'F362'],
  ['without envelope', { task: { taskId: '0690' } }, '0690'],
  ['nothing', undefined, undefined],
  ['empty', { ...envelope, task: {} }, undefined],
])('the started task, %s', (_, body, expected) => expect(parseStartedTask(body)).toBe(expected));

describe('tasks', () => {
  test('of the import sample: the pairs of the values array', () => {
    const task = parseTask(
      {
        ...envelope,
        task: {
          taskId: '1B1D84DDD53847BAA621810B593C3FC1',
          currentStep: 'Complete.',
          progress: 1.0,
          result: {
            details: [
              {
                localMessageText: 'Employees: 90 (0/90) rows successful, 5 ignored ',
                occurrences: 0,
                type: 'hierarchyRowsProcessed',
                values: ['hierarchyName', 'Employees', 'successRowCount', '90', 'ignoredCount', 5],
              },
            ],
            failureDumpAvailable: false,
            objectId: '112000000009',
            successful: true,
          },
          taskState: 'COMPLETE',
          creationTime: 1571258347545,
        },
      },
      'asked',
    );
    expect(task).toEqual({
      taskId: '1B1D84DDD53847BAA621810B593C3FC1',
      taskState: 'COMPLETE',
      creationTime: 1571258347545,
      progress: 1,
      currentStep: 'Complete.',
      result: {
        successful: true,
        failureDumpAvailable: false,
        objectId: '112000000009',
        details: [
          {
            type: 'hierarchyRowsProcessed',
            localMessageText: 'Employees: 90 (0/90) rows successful, 5 ignored ',
            occurrences: 0,
            values: { hierarchyName: 'Employees', successRowCount: '90', ignoredCount: '5' },
          },
        ],
        nestedResults: [],
      },
    });
  });

  test('of the process sample: nested results, no envelope needed', () => {
    const task = parseTask(
      {
        task: {
          type: 'taskInformation',
          taskId: '2846',
          progress: 1,
          result: {
            failureDumpAvailable: 'false',
            nestedResults: [
              { failureDumpAvailable: true, objectId: 117000000015, successful: false, duration: '1112' },
            ],
            objectId: '118000000002',
            successful: 'true',
          },
          taskState: 'COMPLETE',
        },
      },
      'asked',
    );
    expect(task.result).toMatchObject({ successful: true, failureDumpAvailable: false, details: [] });
    expect(task.result?.nestedResults).toEqual([
      {
        successful: false,
        failureDumpAvailable: true,
        objectId: '117000000015',
        duration: 1112,
        details: [],
        nestedResults: [],
      },
    ]);
  });

  test('under way, bare, with no ID and no result', () => {
    expect(parseTask({ taskState: 'in_progress', progress: '0.5', result: null }, 'asked')).toEqual({
      taskId: 'asked',
      taskState: 'IN_PROGRESS',
      progress: 0.5,
    });
  });

  test('a state that is missing is an unknown one: one odd answer must not end the following of a task', () => {
    expect(parseTask({ task: { taskId: 'T', taskState: null } }, 'T')).toEqual({
      taskId: 'T',
      taskState: '',
    });
  });

  test('one that is complete, but does not say whether it was successful, still says whether it has a dump', () => {
    const result = { successful: null, failureDumpAvailable: true };
    expect(parseTask({ task: { taskId: 'T', taskState: 'COMPLETE', result } }, 'T').result).toMatchObject({
      successful: false,
      assumed: true,
      failureDumpAvailable: true,
    });
  });

  test('nothing is refused', () => expect(() => parseTask(undefined, 'T')).toThrow(ShapeError));
});

describe('model status', () => {
  const open = {
    peakMemoryUsageEstimate: null,
    progress: -1.0,
    currentStep: 'Open',
    tooltip: null,
    creationTime: 1645577591822,
    taskId: null,
  };
  const exporting = {
    exportTaskType: null,
    taskId: '6EB7-11',
    currentStep: 'Processing ...',
    tooltip: 'by Jesse',
    progress: 0.44,
    creationTime: 1578569563167,
  };
  test('keeps what is documented', () => {
    expect(
      parseModelStatus({
        requestStatus: { ...open, exportTaskType: 'X', peakMemoryUsageEstimate: 7, peakMemoryUsageTime: '8' },
      }),
    ).toMatchObject({ exportTaskType: 'X', peakMemoryUsageEstimate: 7, peakMemoryUsageTime: 8 });
  });
  const writing = {
    creationTime: 1646264082002,
    progress: -1.0,
    taskId: null,
    currentStep: 'Updating',
    tooltip: null,
  };
  test.each<[string, unknown, boolean]>([
    ['open', { ...envelope, requestStatus: open }, true],
    ['open without envelope', open, true],
    ['open, nested as the import sample seems to mean', { ...envelope, x: { requestStatus: open } }, true],
    ['-1 alone', { progress: -1 }, true],
    ['an export', { ...envelope, requestStatus: exporting }, false],
    ['an export without envelope', exporting, false],
    ['a writeback has -1 as well, but is not idle', { requestStatus: writing }, false],
    ['closed', { requestStatus: { ...open, currentStep: 'Closed' } }, false],
    ['open, but with a task', { requestStatus: { ...open, taskId: 'T' } }, false],
  ])('%s', (_, body, idle) => expect(parseModelStatus(body).idle).toBe(idle));

  test('nulls are absent', () => {
    expect(parseModelStatus({ requestStatus: open })).toEqual({
      currentStep: 'Open',
      progress: -1,
      creationTime: 1645577591822,
      idle: true,
    });
  });
  test.each([undefined, {}, envelope, []])('%j is not a status', (body) => {
    expect(() => parseModelStatus(body)).toThrow(ShapeError);
  });
});

test.each([
  [
    { ...envelope, viewReadRequest: { requestId: '0A06', requestState: 'IN_PROGRESS', url: 'x' } },
    { requestId: '0A06', requestState: 'IN_PROGRESS', availablePages: 0, url: 'x' },
  ],
  [
    {
      viewReadRequest: {
        requestId: '0A06',
        viewId: 101000000014,
        requestState: 'COMPLETE',
        availablePages: 100,
        successful: true,
      },
    },
    {
      requestId: '0A06',
      viewId: '101000000014',
      requestState: 'COMPLETE',
      availablePages: 100,
      successful: true,
    },
  ],
  [
    {
      listReadRequest: {
        requestId: '0A06',
        requestState: 'COMPLETE',
        availablePages: '3',
        successful: 'false',
      },
    },
    { requestId: '0A06', requestState: 'COMPLETE', availablePages: 3, successful: false },
  ],
  [
    { requestId: '0A06', requestState: 'NOT_STARTED' },
    { requestId: '0A06', requestState: 'NOT_STARTED', availablePages: 0 },
  ],
])('read request %j', (body, expected) => expect(parseReadRequest(body)).toEqual(expected));

test('import metadata, whole and with keys missing', () => {
  const source = {
    textEncoding: 'ISO-8859-1',
    columnSeparator: '\t',
    textDelimiter: '"',
    headerRow: 1,
    firstDataRow: 2,
    decimalSeparator: '.',
    headerNames: ['Name', 'Code'],
    columnCount: 14,
  };
  expect(
    parseImportMetadata({ ...envelope, importMetadata: { name: 'Employees', type: 'FILE', source } }),
  ).toEqual({ name: 'Employees', type: 'FILE', source });
  expect(parseImportMetadata({ importMetadata: { name: 'x', source: {} } })).toEqual({
    name: 'x',
    source: { headerNames: [] },
  });
  expect(parseImportMetadata({ importMetadata: { type: 'MODEL' } })).toEqual({ name: '', type: 'MODEL' });
});

test('export metadata', () => {
  const sample = {
    columnCount: 16,
    dataTypes: ['ENTITY'],
    delimiter: '"',
    encoding: 'UTF-8',
    exportFormat: 'text/csv',
    headerNames: ['Parent'],
    listNames: [''],
    rowCount: 20432,
    separator: ',',
  };
  expect(parseExportMetadata({ exportMetadata: sample })).toEqual(sample);
});

test('process metadata: the data source of an import', () => {
  const actions = [
    {
      id: '112000000000',
      name: 'Sales',
      actionType: 'IMPORT',
      importType: 'MODULE_DATA',
      importDataSource: { importDataSourceId: '113000000000', type: 'FILE' },
    },
    { id: '117000000000', name: 'Delete', actionType: 'DELETE_BY_SELECTION' },
  ];
  expect(parseProcessMetadata({ processMetadata: { name: 'P', actions } })).toEqual({
    name: 'P',
    actions: [
      {
        id: '112000000000',
        name: 'Sales',
        actionType: 'IMPORT',
        importType: 'MODULE_DATA',
        importDataSourceId: '113000000000',
        importDataSourceType: 'FILE',
      },
      { id: '117000000000', name: 'Delete', actionType: 'DELETE_BY_SELECTION' },
    ],
  });
});

test('the user', () => {
  expect(
    parseUser({
      ...envelope,
      user: { id: 'u', active: true, email: 'a@b', customerId: 'c', emailOptIn: true, lastLoginDate: '2017' },
    }),
  ).toEqual({
    id: 'u',
    active: true,
    email: 'a@b',
    customerId: 'c',
    emailOptIn: true,
    lastLoginDate: '2017',
  });
  expect(parseUser({ id: 'u' })).toEqual({ id: 'u' });
});

test('what is documented of a model, an action, a task and a step of a process is kept', () => {
  const model = {
    id: 'M',
    name: 'm',
    activeState: 'UNLOCKED',
    lastSavedSerialNumber: 2010876,
    modelTransactionRunning: false,
    lastModifiedByUserGuid: 'g',
    memoryUsage: 7,
    currentWorkspaceId: 'w',
    currentWorkspaceName: 'W',
    modelUrl: 'https://x',
    categoryValues: [
      { id: 'c', attribute: 'Sales', categoryId: 'i', categoryName: 'Function', customerId: 'u' },
    ],
    isoCreationDate: '2017-11-13T21:20:10.000+0000',
    lastModified: '2020-11-26T00:29:01.000+0000',
  };
  expect(parseModel(model)).toEqual(model);
  const order = {
    id: '117',
    listId: '101',
    sortOrder: 'Descending',
    lineItemId: '',
    actionType: 'ORDER_HIERARCHY',
    name: 'Order',
  };
  expect(parseAction(order)).toEqual(order);
  const others = { filterLineItemId: '503', targetMember: '107', sourceMember: '108' };
  expect(parseAction({ id: '117', name: 'x', ...others })).toEqual({ id: '117', name: 'x', ...others });
  expect(parseTask({ task: { type: 'taskInformation', taskId: 'T', taskState: 'COMPLETE' } }, 'T').type).toBe(
    'taskInformation',
  );
  const step = { id: '116', name: 'e', actionType: 'EXPORT', layout: 'GRID_CURRENT_PAGE' };
  expect(parseProcessMetadata({ processMetadata: { name: 'P', actions: [step] } }).actions).toEqual([step]);
});

/** Every reader, with everything that is not needed as null. */
test.each<[string, () => unknown, unknown]>([
  [
    'a workspace',
    () => parseWorkspace({ id: 'w', name: null, active: null, sizeAllowance: null }),
    { id: 'w', name: '' },
  ],
  [
    'a model',
    () => parseModel({ id: 'M', name: null, activeState: null, categoryValues: null }),
    { id: 'M', name: '' },
  ],
  [
    'a model with a category that is null',
    () => parseModel({ id: 'M', name: 'm', categoryValues: [null, { id: null, attribute: 'a' }] }),
    { id: 'M', name: 'm', categoryValues: [{ attribute: 'a' }] },
  ],
  [
    'a user',
    () => parseUser({ user: { id: 'u', email: null, active: null, lastLoginDate: null } }),
    { id: 'u' },
  ],
  [
    'a file',
    () => parseFile({ id: '113', name: null, chunkCount: null, headerRow: null }),
    { id: '113', name: '' },
  ],
  ['a chunk', () => parseChunk({ id: '0', name: null }), { id: '0', name: '' }],
  [
    'an import',
    () => parseImport({ id: '112', name: null, importDataSourceId: null }),
    { id: '112', name: '' },
  ],
  ['a process', () => parseProcess({ id: '118', name: null }), { id: '118', name: '' }],
  ['an action', () => parseAction({ id: '117', name: null, listId: null }), { id: '117', name: '' }],
  ['a view', () => parseView({ id: '2', name: null, moduleId: null, code: null }), { id: '2', name: '' }],
  [
    "an import's metadata",
    () => parseImportMetadata({ importMetadata: { name: null, type: null, source: null } }),
    { name: '' },
  ],
  [
    "an import's source",
    () =>
      parseImportMetadata({ importMetadata: { name: 'i', source: { headerNames: null, headerRow: null } } }),
    { name: 'i', source: { headerNames: [] } },
  ],
  [
    "an export's metadata",
    () =>
      parseExportMetadata({
        exportMetadata: {
          headerNames: null,
          dataTypes: null,
          listNames: null,
          rowCount: null,
          exportFormat: 'x',
        },
      }),
    { headerNames: [], dataTypes: [], listNames: [], exportFormat: 'x' },
  ],
  [
    "a process's actions",
    () => parseProcessMetadata({ processMetadata: { name: null, actions: null } }),
    { name: '', actions: [] },
  ],
  [
    'an action of a process',
    () =>
      parseProcessMetadata({
        processMetadata: {
          name: 'P',
          actions: [null, { id: '1', name: null, importDataSource: null, layout: null }],
        },
      }),
    { name: 'P', actions: [{ id: '1', name: '' }] },
  ],
  [
    'a task in a list',
    () => parseTaskSummary({ taskId: 'T', taskState: null, creationTime: null }),
    { taskId: 'T' },
  ],
  [
    'a task',
    () =>
      parseTask(
        {
          task: {
            taskId: null,
            taskState: 'COMPLETE',
            progress: null,
            currentStep: null,
            result: {
              successful: true,
              failureDumpAvailable: null,
              objectId: null,
              details: null,
              nestedResults: null,
            },
          },
        },
        'T',
      ),
    {
      taskId: 'T',
      taskState: 'COMPLETE',
      result: { successful: true, failureDumpAvailable: false, details: [], nestedResults: [] },
    },
  ],
  [
    'a detail of a task',
    () =>
      parseTask(
        {
          taskState: 'COMPLETE',
          result: {
            successful: true,
            details: [null, { type: null, localMessageText: null, occurrences: null, values: null }],
            nestedResults: [null, { objectId: null, successful: null }],
          },
        },
        'T',
      ).result,
    {
      successful: true,
      failureDumpAvailable: false,
      details: [{ type: '', values: {} }],
      nestedResults: [
        { successful: true, assumed: true, failureDumpAvailable: false, details: [], nestedResults: [] },
      ],
    },
  ],
  [
    'a read request',
    () =>
      parseReadRequest({
        viewReadRequest: {
          requestId: 'R',
          requestState: 'COMPLETE',
          availablePages: null,
          successful: null,
          url: null,
        },
      }),
    { requestId: 'R', requestState: 'COMPLETE', availablePages: 0 },
  ],
  [
    'a list with nulls in it',
    () => itemsOf({ files: [null, { id: '1' }] }, ['files'], ['id']),
    [{ id: '1' }],
  ],
])('null stands for absent: %s', (_, parse, expected) => expect(parse()).toEqual(expected));
