/** Objects by exact name or by ID. Pure: the lists come from elsewhere. */
import type { ApplicationFailure } from '@temporalio/common';

import { editDistance, ID_SHAPES } from '../../contracts';
import { fail } from '../attempt/failures';
import type { Named } from '../attempt/contract';

/** How an object was given. */
export interface Reference {
  by: 'id' | 'name' | 'either';
  value: string;
}

/** Kinds of objects whose IDs look different. */
export type ObjectKind = 'workspace' | 'model' | 'object';

/** Reads a reference: `id:` and `name:` force one, what looks like an ID is one, all else may be either. */
export function reference(kind: ObjectKind, given: string): Reference {
  if (given.startsWith('id:')) return { by: 'id', value: given.slice(3).trim() };
  if (given.startsWith('name:')) return { by: 'name', value: given.slice(5) };
  return { by: ID_SHAPES[kind].test(given) ? 'id' : 'either', value: given };
}

const ANY_CASE = /^[0-9a-f]{16,32}$/i;

/**
 * What to say about an ID in the wrong case: Anaplan does not recognise it (workspace IDs are lower-case, model IDs
 * upper-case). Undefined where a value is no such ID.
 */
export function wrongCase(
  kind: 'workspace' | 'model',
  { by, value }: Reference,
): ApplicationFailure | undefined {
  if (by === 'name' || !ANY_CASE.test(value)) return undefined;
  const right = kind === 'model' ? value.toUpperCase() : value.toLowerCase();
  if (right === value || !ID_SHAPES[kind].test(right)) return undefined;
  return fail(
    'InvalidInput',
    `${kind}: "${value}" is ${kind === 'model' ? 'a model' : 'a workspace'} ID in the wrong case, which Anaplan does not recognise: ` +
      `${kind} IDs are ${kind === 'model' ? 'upper' : 'lower'}-case.`,
    { remedy: `Give "${right}"; where it is a name, write "name:${value}".` },
  );
}

/** A candidate of a name search. */
export interface Candidate extends Named {
  /** An archived model loses against a live one of the same name. */
  archived?: boolean;
}

/**
 * The one candidate that a reference means.
 * @throws ApplicationFailure `NotFound` with what was near, or `InvalidInput` when the name is ambiguous
 */
export function pick<T extends Candidate>(what: string, where: string, ref: Reference, all: readonly T[]): T {
  const byId = ref.by === 'name' ? [] : all.filter((c) => c.id === ref.value);
  if (byId[0]) return byId[0];
  const named = ref.by === 'id' ? [] : all.filter((c) => c.name === ref.value);
  const live = named.filter((c) => !c.archived);
  const matches = live.length > 0 ? live : named;
  if (matches.length === 1 && matches[0]) return matches[0];
  if (matches.length > 1) {
    throw fail(
      'InvalidInput',
      `${cap(what)} "${ref.value}" is ambiguous${where}: ${matches.length} have that name (IDs ${matches
        .slice(0, 5)
        .map((m) => m.id)
        .join(', ')}).`,
      { remedy: 'Give the ID instead.' },
    );
  }
  throw notFound(what, where, ref, all);
}

function notFound(
  what: string,
  where: string,
  ref: Reference,
  all: readonly Candidate[],
): ApplicationFailure {
  const near = nearest(ref.value, all);
  const hint =
    near.length > 0
      ? `Near it: ${near.map((n) => `"${n.name}" (${n.id})`).join(', ')}.`
      : all.length === 0
        ? `The user sees no ${what}${where}.`
        : `None of the ${all.length} that the user sees has a name like it.`;
  return fail(
    'NotFound',
    `There is no ${what} ${ref.by === 'id' ? 'with ID ' : ''}"${ref.value}"${where}. ${hint}`,
    {
      remedy: 'Check the name, and that the user has access: Anaplan does not list what a user may not see.',
    },
  );
}

function nearest(wanted: string, all: readonly Candidate[]): Candidate[] {
  const target = wanted.toLowerCase();
  const limit = Math.max(2, Math.floor(target.length / 3));
  return all
    .map((c) => ({ c, d: closeness(target, c) }))
    .filter((x) => x.d <= limit)
    .sort((a, b) => a.d - b.d)
    .slice(0, 3)
    .map((x) => x.c);
}

function closeness(target: string, c: Candidate): number {
  const name = c.name.toLowerCase();
  if (name === target || c.id.toLowerCase() === target) return 0;
  if (name.includes(target) || (name.length > 3 && target.includes(name))) return 1;
  return editDistance(target, name);
}

function cap(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
