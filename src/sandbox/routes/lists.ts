import { listItems, listSize, type ListItem } from '../contents';
import { line } from '../data';
import { bytes, empty, header, readJson, Refusal, type Reply } from '../http';
import { ListEdits } from '../list-edits';
import { envelope, find, holds, paged, param, type Call, type Route } from './route';

/** Larger lists are refused rather than cut (anaplan-api: "Retrieve list data"). */
const MAX_RECORDS = 1_000_000;

const listOf = (call: Call) => find(call.model.definition.lists, param(call, 'l'));

/** What a request of items may be; nothing is documented. */
const MAX_BODY = 100_000_000;

function metadata(call: Call): object {
  const list = listOf(call);
  const { lists } = call.model.definition;
  const parent = lists.find((one) => one.id === list.parent);
  const size = listSize(call.model.data, call.world.settings, list);
  const numbered = list.numbered ?? false;
  return {
    id: list.id,
    name: list.name,
    ...(list.properties === undefined
      ? {}
      : {
          properties: list.properties.map(({ name, format }) => ({
            name,
            format,
            notes: '',
            referencedBy: '',
          })),
        }),
    ...(list.subsets === undefined ? {} : { subsets: list.subsets }),
    hasSelectiveAccess: false,
    ...(parent === undefined ? {} : { parent: { id: parent.id, name: parent.name } }),
    managedBy: '',
    numberedList: numbered,
    ...(numbered ? { nextitemIndex: call.model.data.plainList(list.id, true).nextIndex } : {}),
    permittedItems: MAX_ITEMS - size,
    useTopLevelAsPageDefault: false,
    itemCount: size,
    workflowEnabled: false,
    productionData: false,
  };
}

/** A list of Anaplan has so many items at most. */
const MAX_ITEMS = 999_999_999;

/** Optional data only where they are asked for. */
function bare(item: ListItem): ListItem {
  const copy = { ...item };
  delete copy.subsets;
  delete copy.properties;
  return copy;
}

const FIXED = ['id', 'name', 'code', 'parent', 'parentId', 'listId', 'listName'] as const;

function asCsv(
  items: readonly ListItem[],
  subsets: readonly string[],
  properties: readonly string[],
): Buffer {
  const rows = items.map((item) => [
    ...FIXED.map((name) => item[name] ?? ''),
    ...subsets.map((name) => String(item.subsets?.[name] ?? false)),
    ...properties.map((name) => item.properties?.[name] ?? ''),
  ]);
  return Buffer.from([[...FIXED, ...subsets, ...properties], ...rows].map(line).join(''));
}

/** Lists and their items. */
export const listRoutes: Route[] = [
  holds('GET', '/models/{m}/lists', (call) =>
    paged(
      call,
      'list',
      'lists',
      call.model.definition.lists.map(({ id, name }) => ({ id, name })),
    ),
  ),
  holds('GET', '/models/{m}/lists/{l}', (call) => envelope(call, 'list', { metadata: metadata(call) })),
  holds('GET', '/models/{m}/lists/{l}/items', (call) => {
    const list = listOf(call);
    const { data } = call.model;
    if (listSize(data, call.world.settings, list) > MAX_RECORDS)
      throw new Refusal(400, 'The list has more than 1,000,000 items: use a read request.');
    const all = call.query.get('includeAll') === 'true';
    const items = listItems(data, call.world.settings, call.model.definition, list);
    if (/\btext\/csv\b/.test(header(call.headers, 'accept') ?? '')) {
      const { subsets = [], properties = [] } = all ? list : {};
      const names = (parts: readonly { name: string }[]) => parts.map(({ name }) => name);
      return bytes(asCsv(items, names(subsets), names(properties)), 'text/csv;charset=UTF-8');
    }
    return envelope(call, 'list', { listItems: all ? items : items.map(bare) });
  }),
  holds('POST', '/models/{m}/lists/{l}/items', (call) => {
    const action = call.query.get('action');
    if (action === 'add') return add(call);
    if (action === 'delete') return remove(call);
    throw new Refusal(400, 'action must be add or delete.');
  }),
  holds('PUT', '/models/{m}/lists/{l}/items', async (call) => {
    const { edits, items } = await request(call);
    const { done, failures } = edits.update(items);
    const counts = { total: items.length, ignored: items.length - done, updated: done };
    return envelope(call, 'list', { ...counts, ...some(failures) });
  }),
  holds('POST', '/models/{m}/lists/{l}/resetIndex', (call) => {
    const list = listOf(call);
    if (listSize(call.model.data, call.world.settings, list) > 0) throw new Refusal(400, NOT_EMPTY);
    if (list.numbered) call.model.data.plainList(list.id, true).nextIndex = 1;
    return empty(200);
  }),
];

const NOT_EMPTY =
  "We can't reset the list item index of a list that contains data. Select an empty list that doesn't contain any list items.";

/** The key is left out where nothing failed (anaplan-api: "Envelope, errors, paging"). */
const some = (failures: readonly object[]) => (failures.length === 0 ? {} : { failures });

async function request(call: Call): Promise<{ edits: ListEdits; items: unknown[] }> {
  const edits = new ListEdits(call.model.data, call.model.definition, listOf(call));
  const { items } = await readJson(call.body, MAX_BODY);
  if (!Array.isArray(items)) throw new Refusal(400, 'items is required.');
  return { edits, items };
}

async function add(call: Call): Promise<Reply> {
  const { edits, items } = await request(call);
  const { done, failures } = edits.add(items);
  const counts = { added: done, ignored: items.length - done, total: items.length };
  return envelope(call, 'item', { ...counts, ...some(failures) });
}

/** Two shapes, as the guide prints them: flat where all went well, else below `result`. */
async function remove(call: Call): Promise<Reply> {
  const { edits, items } = await request(call);
  const { done, failures } = edits.remove(items);
  if (failures.length === 0) return envelope(call, 'list', { deleted: done });
  return envelope(call, 'list', { result: { numberOfItemsDeleted: done, failures } });
}
