/** Finding a model's objects, for the resolvers beside this file. */
import type { ImportMetadata, ModelRef } from '../../../anaplan';
import type { IntegrationName } from '../../../contracts';
import type { Named } from '../../attempt/contract';
import type { FileUses } from '../../hold/contract';
import type { Definitions } from '../catalogue';
import type { PreparedObjects, PreparedRun } from '../contract';
import { pick, reference } from '../names';

/** What resolving one integration's own objects yields. */
export type Resolved<N extends IntegrationName> = Pick<PreparedRun, 'object' | 'files'> & PreparedObjects[N];

/** Resolves inside one model. */
export interface Scope {
  client: Definitions;
  ref: ModelRef;
  /** For messages: ` in model "Sales"`. */
  where: string;
  signal: AbortSignal;
}

/** One of a model's objects by exact name or ID; `area` is that of the API client which lists them. */
export async function find<T extends Named>(
  s: Scope,
  what: string,
  given: string,
  area: { list(ref: ModelRef, options: { signal: AbortSignal }): Promise<T[]> },
): Promise<T> {
  return pick(what, s.where, reference('object', given), await area.list(s.ref, { signal: s.signal }));
}

/** An object as a run carries it: one without a name is called by its ID. */
export function named({ id, name }: Named): Named {
  return { id, name: name || id };
}

/** An export of the model by exact name or ID. */
export async function findExport(s: Scope, given: string): Promise<Named> {
  return named(await find(s, 'export', given, s.client.exports));
}

/** Whether an import reads a file: one from a model or a list names a source that is none. */
export function isFileImport({ type }: ImportMetadata, dataSourceId: string | undefined): boolean {
  return type === undefined ? dataSourceId !== undefined : type.toUpperCase() === 'FILE';
}

/** The files of a run, by what it does to them: who replaces one has it alone, whatever else it does with it. */
export function fileUses(o: { reads?: readonly string[]; replaces?: readonly string[] }): FileUses {
  return Object.fromEntries([
    ...(o.reads ?? []).map((id) => [id, 's'] as const),
    ...(o.replaces ?? []).map((id) => [id, 'x'] as const),
  ]);
}
