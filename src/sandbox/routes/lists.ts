import { compact } from '../compact';
import { listItems, listSize, partsOf, type ListItem } from '../contents';
import { line } from '../data';
import { bytes, header, Refusal } from '../http';
import { envelope, find, holds, paged, param, type Call, type Route } from './route';

/** Larger lists are refused rather than cut (anaplan-api: "Retrieve list data"). */
const MAX_RECORDS = 1_000_000;

const listOf = (call: Call) => find(call.model.definition.lists, param(call, 'l'));

function metadata(call: Call): object {
  const list = listOf(call);
  const { parent, subsets, properties } = partsOf(list);
  return {
    id: list.id,
    name: list.name,
    ...(properties.length === 0
      ? {}
      : { properties: properties.map((property) => ({ ...property, notes: '', referencedBy: '' })) }),
    ...(subsets.length === 0 ? {} : { subsets }),
    hasSelectiveAccess: false,
    ...compact({ parent }),
    managedBy: '',
    numberedList: false,
    useTopLevelAsPageDefault: false,
    itemCount: listSize(call.model.data, call.world.settings, list),
    workflowEnabled: false,
    productionData: false,
  };
}

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
    const items = listItems(data, call.world.settings, list);
    if (/\btext\/csv\b/.test(header(call.headers, 'accept') ?? '')) {
      const { subsets, properties } = all ? partsOf(list) : { subsets: [], properties: [] };
      const names = (parts: readonly { name: string }[]) => parts.map(({ name }) => name);
      return bytes(asCsv(items, names(subsets), names(properties)), 'text/csv;charset=UTF-8');
    }
    return envelope(call, 'list', { listItems: all ? items : items.map(bare) });
  }),
];
