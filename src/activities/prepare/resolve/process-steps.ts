/** The actions of a process, and what they do to files. */
import { compact } from '../../../contracts';
import { kindOfId, type ActionKind } from '../../../contracts/kinds';
import type { ProcessStep } from '../contract';
import type { Scope } from './lookups';

/** Kinds that a process tells of its actions; those of others are of many types. */
const KIND_BY_TYPE: Readonly<Record<string, ActionKind>> = { IMPORT: 'imports', EXPORT: 'exports' };

/** The actions of a process in their order, with the file that each of its imports reads. */
export async function stepsOf(s: Scope, processId: string): Promise<ProcessStep[]> {
  const { actions } = await s.client.processes.get(s.ref, processId, { signal: s.signal });
  return actions.map((a): ProcessStep => {
    const { id, name, importDataSourceId: source, importDataSourceType: type } = a;
    const kind = KIND_BY_TYPE[a.actionType ?? ''] ?? kindOfId(id);
    const fileId = (type ?? 'FILE').toUpperCase() === 'FILE' ? source : undefined;
    const untold = kind === 'imports' && source === undefined && type === undefined;
    return { id, name: name || id, ...compact({ kind, fileId }), ...(untold ? { untold } : {}) };
  });
}

/** The files that the imports of a process read. */
export async function filesRead(s: Scope, steps: readonly ProcessStep[]): Promise<string[]> {
  const known = steps.flatMap((step) => step.fileId ?? []);
  const untold = steps.filter((step) => step.untold).map((step) => step.id);
  if (untold.length === 0) return known;
  const imports = await s.client.imports.list(s.ref, { signal: s.signal });
  return [...known, ...imports.flatMap((i) => (untold.includes(i.id) ? (i.importDataSourceId ?? []) : []))];
}

/** The files that the exports of a process write. */
export function filesWritten(steps: readonly ProcessStep[]): string[] {
  return steps.filter((step) => step.kind === 'exports').map((step) => step.id);
}
