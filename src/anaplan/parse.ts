import { z } from 'zod';
import { ShapeError } from './errors';

/**
 * Anaplan's answers vary: numbers arrive as strings and the reverse, keys are missing, null stands for absent.
 * These are the only readers of primitives in this room.
 */

const scalarText = z.union([z.string(), z.number(), z.bigint(), z.boolean()]).transform((v) => String(v));

/** A text that must be there; a number counts as its digits. */
export const neededText = scalarText.refine((v) => v !== '', 'is empty');
/** A text or nothing; null, objects and empty names of optional things count as nothing. */
export const optionalText = scalarText.optional().catch(undefined);
/** A text, '' where there is none. */
export const textOrEmpty = scalarText.catch('');

const toNumber = (v: string | number): number | undefined => {
  if (typeof v === 'string' && v.trim() === '') return undefined;
  const n = Number(v);
  return Number.isFinite(n) ? n : undefined;
};

/** A number, also one written as text; anything else counts as nothing. */
export const optionalNumber = z
  .union([z.number(), z.string()])
  .transform(toNumber)
  .optional()
  .catch(undefined);

const toBoolean = (v: unknown): boolean | undefined => {
  if (typeof v === 'boolean') return v;
  if (v === 1 || v === 0) return v === 1;
  if (typeof v !== 'string') return undefined;
  const text = v.trim().toLowerCase();
  return text === 'true' ? true : text === 'false' ? false : undefined;
};

/** A boolean, also one written as text or as 0 or 1; anything else counts as nothing. */
export const optionalBoolean = z.unknown().transform(toBoolean).optional();

/** Epoch milliseconds, from a number, its digits, or an ISO date. */
export const optionalTime = z
  .union([z.number(), z.string()])
  .transform((v) => {
    const n = toNumber(v);
    if (n !== undefined) return n;
    const parsed = Date.parse(String(v));
    return Number.isNaN(parsed) ? undefined : parsed;
  })
  .optional()
  .catch(undefined);

/** A list of texts, [] where there is none. */
export const texts = z.array(textOrEmpty).catch([]);

const isPresent = (value: unknown): boolean => value !== null && value !== undefined;

/** A list of objects, [] where there is none; a null in it is no object. */
export const manyOf = <S extends z.ZodType>(item: S) =>
  z.preprocess((value) => (Array.isArray(value) ? value.filter(isPresent) : []), z.array(item));

/** Reads a value with a schema; what is missing becomes a sentence with its path. */
export function read<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const at = issue?.path.join('.') ?? '';
  throw new ShapeError(`${what} has no usable ${at === '' ? 'content' : `"${at}"`}`);
}

/** True for a JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The object an answer is about: under one of `keys`, or the answer itself where it came without its envelope
 * (the guide: bare `taskId`, bare status). Undefined when there is neither.
 * @param marks - keys of which a bare object must have at least one
 */
export function unwrap(body: unknown, keys: readonly string[], marks: readonly string[]): unknown {
  if (!isRecord(body)) return Array.isArray(body) && body.length === 1 ? body[0] : undefined;
  for (const key of keys) {
    const inner = body[key];
    if (isRecord(inner)) return inner;
    if (Array.isArray(inner) && inner.length === 1) return inner[0];
  }
  return marks.some((mark) => body[mark] !== undefined && body[mark] !== null) ? body : undefined;
}

/**
 * The items of a collection: under one of `keys` as an array or as a single object, as a bare array, or a bare
 * item (the guide shows all four). A missing key is an empty collection (anaplan-api: "Envelope, errors, paging").
 */
export function itemsOf(body: unknown, keys: readonly string[], marks: readonly string[]): unknown[] {
  if (Array.isArray(body)) return body.filter(isPresent);
  if (!isRecord(body)) return [];
  for (const key of keys) {
    const inner = body[key];
    if (Array.isArray(inner)) return inner.filter(isPresent);
    if (isRecord(inner)) return [inner];
  }
  return marks.some((mark) => body[mark] !== undefined && body[mark] !== null) ? [body] : [];
}
