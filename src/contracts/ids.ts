/** Names that more than one room must agree on. */

/** Task queue of workflows and light activities, unless configured. */
export const DEFAULT_TASK_QUEUE = 'anaplan';

/** The queue of bytes that belong to no root: those of stores. */
export function transferQueue(taskQueue: string): string {
  return `${taskQueue}-transfer`;
}

/** The queue of the bytes of one root, served by each worker that has it. */
export function filesQueue(taskQueue: string, root: string): string {
  return `${taskQueue}-files.${root}`;
}

/**
 * Beside a queue of bytes: what is short, and must not wait behind other runs' bytes (pins, dumps, the last step of a
 * target).
 */
export function smallQueue(bytesQueue: string): string {
  return `${bytesQueue}.small`;
}

/** In the identity of a worker that only reads a root, in place of a marker. */
export const ROOT_READ = 'read';

/**
 * The identity of a worker on the queues of a root, with the file system that it has there: its marker,
 * {@link ROOT_READ}, or `unknown` where it can hold none.
 */
export function rootIdentity(identity: string, tag = 'unknown'): string {
  return `${identity} root:${tag}`;
}

/** What {@link rootIdentity} says of the file system; undefined where nothing is known. */
export function rootTagOf(identity: string): string | undefined {
  return / root:([0-9a-f]{16}|read)$/.exec(identity)?.[1];
}

/** Workflow ID of the lock of a model and its files. */
export function lockId(modelId: string): string {
  return `anaplan-lock:${modelId}`;
}

/**
 * What an ID looks like, by kind. Live tenants have 32 hex digits for workspaces (lower case) and models (upper case);
 * the API reference also shows shorter ones (`8a8b8c8d8e8f8g8i`, `FC12345678912343455667`). Other objects have numbers
 * whose first three digits name the kind (112 import, 116 export ...).
 */
export const ID_SHAPES = {
  workspace: /^(?:[0-9a-f]{32}|8a[0-9a-z]{14})$/,
  model: /^[0-9A-F]{20,32}$/,
  object: /^\d{11,13}$/,
} as const;

/** Temporal's own limit of a workflow ID and of a schedule ID, in bytes of UTF-8. */
export const MAX_ID_BYTES = 1000;

/** Bytes of a text in UTF-8. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}

/** What is wrong with a workflow ID or a schedule ID, which may be any UTF-8 up to Temporal's limit; else undefined. */
export function idFault(id: unknown, maxBytes = MAX_ID_BYTES): string | undefined {
  if (typeof id !== 'string') return 'must be a text';
  if (id.trim() === '') return 'must not be empty';
  if (/\p{Surrogate}/u.test(id)) return 'must be well-formed Unicode';
  if (id.includes('\0')) return 'must not hold a NUL character';
  const bytes = utf8Bytes(id);
  return bytes > maxBytes ? `must have at most ${maxBytes} bytes in UTF-8, not ${bytes}` : undefined;
}

/** Search attributes, all Keyword. */
export const SEARCH_ATTRIBUTES = [
  'AnaplanConnection',
  'AnaplanWorkspace',
  'AnaplanModel',
  'AnaplanObject',
  'AnaplanState',
] as const;

/** A search attribute of a run. */
export type SearchAttribute = (typeof SEARCH_ATTRIBUTES)[number];

/** Memo key under which a cancelled run keeps its result document. */
export const RESULT_MEMO = 'anaplanResult';
