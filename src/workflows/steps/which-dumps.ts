import type { ActionObject } from '../../activities/attempt/contract';
import type { ProcessStep } from '../../activities/prepare/contract';
import type { SettledResult, SettledTask } from '../../activities/task/contract';
import { compact } from '../../contracts';
import { kindOfId } from '../../contracts/kinds';
import { actionName, actionResults } from '../run/verdict';

/** A dump to ask for. */
export interface WantedDump {
  /** The action that it belongs to, by name. */
  name: string;
  /** Of a process: the nested result's object. */
  objectId?: string;
  /** The result's place in `actionResults`; -1 where there is no result. */
  of: number;
  result?: SettledResult;
  /** Nobody says that this action has one: only that the process has. */
  unsaid?: true;
  /** Asked for only where no other dump was found. */
  onlyIfNone?: true;
  /** Earlier results of the same object, whose dumps this one has replaced. */
  replaces?: SettledResult[];
}

/**
 * The dumps of a task, each asked for once: a process names them by object (`/dumps/{objectId}`), so of an import that
 * ran twice in it only the last dump is there. Where a process says as a whole that there is a dump, and none of its
 * actions does, each import is asked for one, and the process itself at last.
 */
export function planDumps(
  task: SettledTask,
  action: ActionObject,
  steps: readonly ProcessStep[],
): WantedDump[] {
  if (!task.result) return [];
  if (action.kind !== 'processes') {
    return actionResults(task).flatMap((result, of) =>
      result.dumpAvailable ? [{ name: actionName(result, action), of, result }] : [],
    );
  }
  const leaves = leavesOf(task.result).map((leaf, of) => ({ ...leaf, of }));
  // Without the object of an action its dump has no address: that says no more than the process does.
  const addressed = ({ result }: Leaf) => result !== task.result && result.objectId !== undefined;
  const said = onePerObject(
    leaves.filter((l) => l.result.dumpAvailable && addressed(l)).map((l) => wanted(l.result, l.of, action)),
  );
  const unsaid = leaves.filter((l) => l.unsaid || (l.result.dumpAvailable && !addressed(l)));
  if (unsaid.length === 0) return said;
  // Only imports have dumps (anaplan-api: "Parameter Types").
  const imports = steps.filter((s) => s.kind === 'imports');
  const ids = new Set(imports.map((s) => s.id));
  const maybe = unsaid
    .filter(
      (l) =>
        addressed(l) && (ids.has(l.result.objectId ?? '') || kindOfId(l.result.objectId ?? '') === 'imports'),
    )
    .map((l) => wanted(l.result, l.of, action));
  // Without a result by action: every import that the process has.
  const asked = maybe.length > 0 ? maybe : imports.map(({ id, name }) => ({ name, objectId: id, of: -1 }));
  const known = new Set(said.map((w) => w.objectId));
  const rest = onePerObject(asked)
    .filter((w) => !known.has(w.objectId))
    .map(({ replaces: _unsaid, ...w }) => ({ ...w, unsaid: true as const }));
  const whole = { name: action.name, objectId: action.id, of: -1, unsaid: true, onlyIfNone: true } as const;
  return [...said, ...rest, whole];
}

/** Dumps that a later run of the same import has replaced: known where Anaplan's own counts explain them. */
export function replaced(plan: readonly WantedDump[]): { action: string; message: string; known: boolean }[] {
  return plan.flatMap((w) =>
    (w.replaces ?? []).map((result) => {
      const { rejected = 0, warnings = 0 } = result.rows ?? {};
      const known = rejected + warnings > 0;
      const counts = known
        ? `Anaplan counts ${rejected} rejected and ${warnings} doubtful ${result.rows?.unit ?? 'rows'} for it`
        : 'Anaplan does not count its rejected rows';
      return {
        action: w.name,
        message: `"${w.name}" ran more than once in this process, and Anaplan keeps only its last dump: that of an earlier run is gone. ${counts}.`,
        known,
      };
    }),
  );
}

interface Leaf {
  result: SettledResult;
  /** Something around it says that there is a dump, and nothing in that says whose. */
  unsaid: boolean;
}

function leavesOf(result: SettledResult): Leaf[] {
  if (!result.nested) return [{ result, unsaid: false }];
  const all = result.nested.flatMap(leavesOf);
  const unsaid = result.dumpAvailable && !all.some((l) => l.unsaid || l.result.dumpAvailable);
  return unsaid ? all.map((l) => ({ ...l, unsaid: true })) : all;
}

function wanted(result: SettledResult, of: number, action: ActionObject): WantedDump {
  return {
    name: result.objectName ?? result.objectId ?? action.name,
    ...compact({ objectId: result.objectId }),
    of,
    result,
  };
}

/** The last of each object, with the results before it. */
function onePerObject(all: readonly WantedDump[]): WantedDump[] {
  const last = new Map<string, WantedDump>();
  for (const one of all) {
    const before = last.get(one.objectId ?? '');
    const replaces = before?.result ? [...(before.replaces ?? []), before.result] : [];
    last.delete(one.objectId ?? '');
    last.set(one.objectId ?? '', replaces.length > 0 ? { ...one, replaces } : one);
  }
  return [...last.values()];
}
