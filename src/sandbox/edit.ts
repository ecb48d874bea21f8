import type { FaultAction } from './faults';
import { asObject, type Reply } from './http';

type Edit = Extract<FaultAction, { kind: 'edit' }>;
type Visit = (parent: Record<string, unknown> | unknown[], key: string) => void;

/** Visits every place that a path names. `make` adds objects that are missing on the way. */
function visit(value: unknown, path: readonly string[], make: boolean, at: Visit): void {
  const [first, ...rest] = path;
  if (first === undefined || typeof value !== 'object' || value === null) return;
  const parent = value as Record<string, unknown> | unknown[];
  const keys = first === '*' ? Object.keys(parent) : [first];
  for (const key of keys) {
    if (rest.length === 0) {
      at(parent, key);
      continue;
    }
    const inner = (parent as Record<string, unknown>)[key];
    if (make && (inner === undefined || inner === null)) (parent as Record<string, unknown>)[key] = {};
    visit((parent as Record<string, unknown>)[key], rest, make, at);
  }
}

function rewritten(reply: Reply, change: (body: Record<string, unknown>) => void): Reply {
  if (!(reply.headers['content-type'] ?? '').startsWith('application/json')) return reply;
  const body = asObject(JSON.parse(reply.body.toString('utf8')));
  if (body === undefined) return reply;
  change(body);
  return { ...reply, body: Buffer.from(JSON.stringify(body)) };
}

/** An answer as an `edit` fault wants it. What is no JSON object keeps its body. */
export function edited(reply: Reply, action: Edit): Reply {
  const changed = rewritten(reply, (body) => {
    for (const path of action.remove ?? []) {
      visit(body, path.split('.'), false, (parent, key) => {
        if (Array.isArray(parent)) parent.splice(Number(key), 1);
        else delete parent[key];
      });
    }
    for (const [path, value] of Object.entries(action.set ?? {})) {
      visit(body, path.split('.'), true, (parent, key) => {
        (parent as Record<string, unknown>)[key] = value;
      });
    }
  });
  const body = action.body === undefined ? changed.body : Buffer.from(action.body);
  return { ...changed, body, headers: { ...changed.headers, ...action.headers } };
}

const TASK_RESULT = ['details', 'nestedResults', 'nestedResults.*.details', 'nestedResults.*.nestedResults'];
const FILE = ['encoding', 'delimiter', 'separator', 'format'];
const COLUMNS = [
  'textEncoding',
  'columnSeparator',
  'textDelimiter',
  'headerRow',
  'firstDataRow',
  'decimalSeparator',
];

/** What may be absent of an answer, by the end of its pattern. A field below an object that is absent is not made. */
const OPTIONAL: readonly (readonly [end: RegExp, fields: readonly string[]])[] = [
  [/./, ['meta.paging.next', 'meta.paging.previous']],
  [/\/tasks$/, ['tasks']],
  [/\/tasks\/\{t\}$/, ['task.type', 'task.result', ...TASK_RESULT.map((field) => `task.result.${field}`)]],
  [/\/chunks$/, ['chunks']],
  [/\/files$/, FILE.map((field) => `files.*.${field}`)],
  [/\/files\/\{f\}$/, FILE.map((field) => `file.${field}`)],
  [/\/imports$/, ['imports.*.importDataSourceId']],
  [/\/imports\/\{a\}$/, COLUMNS.map((field) => `importMetadata.source.${field}`)],
  [/\/actions$/, ['actions.*.actionType']],
  [
    /\/processes\/\{a\}$/,
    ['importDataSourceId', 'importType', 'importDataSource', 'exportType'].map(
      (field) => `processMetadata.actions.*.${field}`,
    ),
  ],
  [/\/models$/, ['models.*.memoryUsage', 'models.*.lastModified']],
  [/\/models\/\{m\}$/, ['model.memoryUsage', 'model.lastModified']],
  [
    /\/readRequests(\/\{r\})?$/,
    ['viewReadRequest', 'listReadRequest'].flatMap((name) => [
      `${name}.availablePages`,
      `${name}.successful`,
    ]),
  ],
];

/** An answer that says null for what it would leave out. */
export function withNulls(reply: Reply, pattern: string): Reply {
  if (reply.status >= 300) return reply;
  const fields = OPTIONAL.filter(([end]) => end.test(pattern)).flatMap(([, names]) => names);
  return rewritten(reply, (body) => {
    for (const path of fields) {
      visit(body, path.split('.'), false, (parent, key) => {
        if (!Array.isArray(parent) && parent[key] === undefined) parent[key] = null;
      });
    }
  });
}
