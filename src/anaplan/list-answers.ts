import { z } from 'zod';
import { compact } from './compact';
import { parseFailures, type WriteFailure } from './failures';
import {
  isRecord,
  manyOf,
  neededText,
  optionalBoolean,
  optionalNumber,
  optionalText,
  read,
  textOrEmpty,
  unwrap,
} from './parse';
import type { Named } from './types';

/** Everything of a list but its items. What is not set is absent. */
export interface ListMetadata extends Named {
  category?: string;
  displayNameProperty?: string;
  hasSelectiveAccess?: boolean;
  itemCount?: number;
  managedBy?: string;
  /** Of a numbered list: the index of the next new item. */
  nextItemIndex?: number;
  numberedList?: boolean;
  parent?: { id?: string; name?: string };
  /** How many more items there may be. */
  permittedItems?: number;
  productionData?: boolean;
  properties: ListProperty[];
  subsets: { id?: string; name?: string }[];
  topLevelItem?: string;
  useTopLevelAsPageDefault?: boolean;
  workflowEnabled?: boolean;
}

export interface ListProperty {
  name: string;
  /** `TEXT`, `NUMBER`, `BOOLEAN`, `DATE`, `ENTITY` ...; not a closed list. */
  format?: string;
  formula?: string;
  notes?: string;
  referencedBy?: string;
}

/** An item of a list. What is not set is absent; the last four only with `includeAll`. */
export interface ListItem extends Named {
  code?: string;
  /** The parent's name, its ID, and ID and name of the list that it belongs to. */
  parent?: string;
  parentId?: string;
  listId?: string;
  listName?: string;
  /** By name of the subset. */
  subsets?: Record<string, boolean>;
  /** By name of the property; texts whatever their format, a number as `1.0`. */
  properties?: Record<string, string>;
  /** With Selective Access: who may read, and who may write too, as Anaplan writes it. */
  read?: string;
  write?: string;
}

/** What came of adding, changing or deleting items. */
export interface ListChange {
  /** Items added, changed or deleted; absent where Anaplan does not say. */
  changed?: number;
  ignored?: number;
  /** Items in the request. */
  total?: number;
  failures: WriteFailure[];
}

const reference = z.object({ id: optionalText, name: optionalText }).transform(compact);
/** A name, also where it comes as an object. */
const nameOrText = z.preprocess((value) => (isRecord(value) ? value['name'] : value), optionalText);
/** Several texts in one. */
const joined = z.preprocess(
  (value) => (Array.isArray(value) ? value.map(String).join(', ') : value),
  optionalText,
);

const metadataSchema = z
  .object({
    id: neededText,
    name: textOrEmpty,
    category: nameOrText,
    displayNameProperty: nameOrText,
    hasSelectiveAccess: optionalBoolean,
    itemCount: optionalNumber,
    managedBy: optionalText,
    nextItemIndex: optionalNumber,
    numberedList: optionalBoolean,
    parent: reference.optional().catch(undefined),
    permittedItems: optionalNumber,
    productionData: optionalBoolean,
    properties: manyOf(
      z
        .object({
          name: textOrEmpty,
          format: optionalText,
          formula: optionalText,
          notes: optionalText,
          referencedBy: joined,
        })
        .transform(compact),
    ).catch([]),
    subsets: manyOf(reference).catch([]),
    topLevelItem: nameOrText,
    useTopLevelAsPageDefault: optionalBoolean,
    workflowEnabled: optionalBoolean,
  })
  .transform(compact);

/** Reads the metadata of a list (anaplan-api: "Retrieve list metadata", which writes `nextitemIndex`). */
export function parseListMetadata(body: unknown): ListMetadata {
  const raw = unwrap(body, ['metadata', 'list'], ['id']);
  const known = isRecord(raw) ? { ...raw, nextItemIndex: raw['nextItemIndex'] ?? raw['nextitemIndex'] } : raw;
  return read(metadataSchema, known, "the list's metadata");
}

const recordOf = <T>(
  value: unknown,
  reader: (inner: unknown) => T | undefined,
): Record<string, T> | undefined => {
  if (!isRecord(value)) return undefined;
  const pairs = Object.entries(value).flatMap(([name, inner]) => {
    const found = reader(inner ?? undefined);
    return found === undefined ? [] : [[name, found] as const];
  });
  return Object.fromEntries(pairs);
};

const itemSchema = z
  .object({
    id: neededText,
    name: textOrEmpty,
    code: optionalText,
    parent: nameOrText,
    parentId: optionalText,
    listId: optionalText,
    listName: optionalText,
    subsets: z
      .unknown()
      .transform((value) => recordOf(value, (inner) => optionalBoolean.parse(inner)))
      .optional(),
    properties: z
      .unknown()
      .transform((value) => recordOf(value, (inner) => optionalText.parse(inner)))
      .optional(),
    read: joined,
    write: joined,
  })
  .transform(compact);

/** Reads one item of a list. */
export const parseListItem = (raw: unknown): ListItem => read(itemSchema, raw, 'an item of the list');

const COUNTS = ['added', 'updated', 'deleted', 'numberOfItemsDeleted'] as const;

/** Reads what came of a change: beside the envelope or under `result`, failures in any of the four printed shapes. */
export function parseListChange(body: unknown): ListChange {
  const marks = [...COUNTS, 'total', 'ignored', 'failures'];
  const raw = unwrap(body, ['result'], marks);
  const fields = read(z.record(z.string(), z.unknown()), raw, 'the answer to the change');
  const number = (key: string) => optionalNumber.parse(fields[key] ?? undefined);
  const changed = COUNTS.map(number).find((n) => n !== undefined);
  const counts = compact({ changed, ignored: number('ignored'), total: number('total') });
  return { ...counts, failures: parseFailures(fields['failures']) };
}
