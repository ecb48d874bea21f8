import type { RunActionInput } from '../../../contracts';
import { ACTION_KINDS, kindOfId, loadsRows } from '../../../contracts/kinds';
import { fail } from '../../attempt/failures';
import type { ActionObject } from '../../attempt/contract';
import { pick, reference } from '../names';
import { fileUses, isFileImport, named, type Resolved, type Scope } from './lookups';
import { filesRead, filesWritten, stepsOf } from './process-steps';

/** An action of any kind; of a process its actions, too. */
export async function runAction(s: Scope, input: RunActionInput): Promise<Resolved<'runAction'>> {
  const action = await findAction(s, input.action);
  if (input.mappingParameters?.length && !loadsRows(action.kind)) {
    throw fail(
      'InvalidInput',
      `mappingParameters: "${action.name}" (${action.id}) is ${action.kind === 'exports' ? 'an export' : 'neither an import nor a process'}, and only imports and processes take parameters.`,
      { remedy: 'Leave them out.' },
    );
  }
  const steps = action.kind === 'processes' ? await stepsOf(s, action.id) : [];
  const reads = action.kind === 'imports' ? await fileRead(s, action.id) : await filesRead(s, steps);
  const replaces = action.kind === 'exports' ? [action.id] : filesWritten(steps);
  return {
    object: { kind: 'action', id: action.id, name: action.name },
    action,
    steps,
    files: fileUses({ reads, replaces }),
  };
}

async function findAction(s: Scope, given: string): Promise<ActionObject> {
  const ref = reference('object', given);
  const told = ref.by === 'id' ? kindOfId(ref.value) : undefined;
  const all: ActionObject[] = [];
  for (const kind of told ? [told] : ACTION_KINDS) {
    const listed = await s.client[kind].list(s.ref, { signal: s.signal });
    all.push(...listed.map((a) => ({ kind, ...named(a) })));
  }
  // The list of actions may repeat imports and exports that have lists of their own: one ID is one action.
  const unique = [...new Map(all.reverse().map((a) => [a.id, a])).values()];
  return pick('action', s.where, ref, unique);
}

/** The file that an import reads, if it reads one. */
async function fileRead(s: Scope, importId: string): Promise<string[]> {
  const listed = await s.client.imports.list(s.ref, { signal: s.signal });
  const source = listed.find((i) => i.id === importId)?.importDataSourceId;
  if (source === undefined) return [];
  const metadata = await s.client.imports.get(s.ref, importId, { signal: s.signal });
  return isFileImport(metadata, source) ? [source] : [];
}
