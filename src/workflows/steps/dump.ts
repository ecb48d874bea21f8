/** Failure dumps: kept before anything can erase them, and never at the cost of the verdict on the rows. */
import { isCancellation } from '@temporalio/workflow';
import type { ActionObject, Named } from '../../activities/attempt/contract';
import type { DumpActivities } from '../../activities/dump/contract';
import { compact, type FailureType, type ResultDump } from '../../contracts';
import { loadsRows } from '../../contracts/kinds';
import { activities, untilDeadline } from '../run/proxies';
import { readFailure } from '../run/failures';
import { deadlineOf, inRoot } from './roots';
import { actionName, allResults, differ, type FinishedTask, type KeptDump } from '../run/verdict';
import { shielded, type Run } from '../run/frame';
import { planDumps, replaced, type WantedDump } from './which-dumps';

const { fetchDump } = activities<DumpActivities>({
  fetchDump: { summary: ({ name }) => `keep the dump of ${name}`, within: untilDeadline },
});

/** A dump that is not at hand, so that what it says of the rows is not known. */
export interface MissingDump {
  /** The action by name, as `acceptRejections` names it. */
  action: string;
  objectId?: string;
  /** A sentence: whose dump, and why it is missing. */
  message: string;
  /** Anaplan has it, but it could not be stored or read: how that failed. Absent: Anaplan no longer has it. */
  failed?: FailureType;
  /** It is stored, but tells nothing: a person has to look into it. */
  uri?: string;
}

/** The longest name that a dump of an action can have; none where it has no dumps. */
export function dumpsOf(action: ActionObject, steps: readonly Named[] = []): string[] {
  if (!loadsRows(action.kind)) return [];
  const names = [action, ...steps].map((object) => object.name);
  return [names.reduce((a, b) => (b.length > a.length ? b : a))];
}

/** What was kept of a task, and what could not be. */
export interface Dumps {
  kept: KeptDump[];
  missing: MissingDump[];
}

/**
 * Stores every dump of a task, before anything can erase it: a cancellation waits for that. A dump that cannot be stored
 * is no failure yet: {@link conclude} has the verdict on the rows to give first.
 */
export async function keepDumps(run: Run, task: FinishedTask): Promise<Dumps> {
  const { action, steps } = task;
  const dumps: Dumps = { kept: [], missing: [] };
  for (const result of allResults(task)) {
    for (const text of result.warnings ?? []) run.warn(`"${actionName(result, action)}": ${text}`);
  }
  const plan = planDumps(task, action, steps);
  for (const { action: name, message, known } of replaced(plan)) {
    run.warn(message);
    if (!known) dumps.missing.push({ action: name, message });
  }
  if (plan.length === 0) return dumps;
  run.state('keeping dumps');
  await shielded(async () => {
    for (const wanted of plan) await keepDump(run, task, wanted, dumps);
  });
  noneOfProcess(run, action, plan, dumps);
  return dumps;
}

/** Stores one dump; whatever goes wrong is noted, for one that fails must not cost the others. */
async function keepDump(
  run: Run,
  task: FinishedTask,
  wanted: WantedDump,
  { kept, missing: lacking }: Dumps,
): Promise<void> {
  if (wanted.onlyIfNone && kept.length > 0) return;
  const { name, objectId } = wanted;
  const missing = (message: string, more: Partial<MissingDump> = {}) => {
    run.warn(message);
    lacking.push({ action: name, ...compact({ objectId }), message, ...more });
  };
  try {
    const fetched = await storeDump(run, task, wanted);
    if (fetched.outcome === 'gone') {
      if (!wanted.unsaid) missing(fetched.message);
      return;
    }
    const { warnings, uncounted, ...shown } = fetched.dump;
    const dump = { ...shown, warnings, of: wanted.of };
    kept.push(dump);
    run.record({ is: 'kept', dump });
    const other = wanted.result && differ(wanted.result, dump);
    if (other !== undefined) run.warn(other);
    if (uncounted !== undefined) toldByCounts(run, wanted, shown, uncounted, missing);
  } catch (error) {
    // The shield keeps cancellations out; one that comes all the same is not the dump's failure.
    if (isCancellation(error)) throw error;
    const { type, said, facts } = readFailure(error);
    missing(
      `The dump of "${name}" could not be stored: ${sentence(said)} ${stillThere(run, task, objectId)}`,
      {
        // A path that was good at the start and is no more; a code means that Anaplan said it.
        failed: type === 'InvalidInput' && facts.code === undefined ? 'TargetFailed' : type,
      },
    );
  }
}

/** Warns of a dump whose rows could not all be counted; Anaplan's own counts stand in, where there are some. */
function toldByCounts(
  run: Run,
  wanted: WantedDump,
  dump: ResultDump,
  why: string,
  missing: (message: string, more: Partial<MissingDump>) => void,
): void {
  const counted = wanted.result?.rows?.rejected ?? 0;
  const said = `The dump of "${wanted.name}" is stored at ${dump.uri}, but could not be counted to its end (${why})`;
  if (dump.rows === 0 && counted === 0) {
    missing(`${said}, and Anaplan counts no rejected row: look into it.`, { uri: dump.uri });
    return;
  }
  run.warn(
    counted > dump.rows
      ? `${said}: the number of rejected rows is Anaplan's own.`
      : `${said}: there may be more than ${dump.rows} rejected rows.`,
  );
}

/** Where a process says only as a whole that it has a dump, one of its imports must have had it. */
function noneOfProcess(
  run: Run,
  action: ActionObject,
  plan: readonly WantedDump[],
  { kept, missing }: Dumps,
): void {
  if (!plan.every((w) => w.unsaid) || kept.length + missing.length > 0) return;
  const message = `Anaplan says that process "${action.name}" has a failure dump, but gives none for any of its imports: it is kept only for the user's last run, and an import that runs again replaces it.`;
  run.warn(message);
  missing.push({ action: action.name, objectId: action.id, message });
}

/** How to get a dump that was not stored. */
function stillThere(run: Run, { action, taskId }: FinishedTask, objectId: string | undefined): string {
  const { workspace, model } = run.model;
  const path = `/workspaces/${workspace.id}/models/${model.id}/${action.kind}/${action.id}/tasks/${taskId}`;
  const dump = action.kind === 'processes' ? `/dumps/${objectId ?? action.id}` : '/dump';
  return `Anaplan keeps it for 48 hours, but only until the same user runs the action again: get it by GET ${path}${dump}/chunks and then .../chunks/0 and on, as the same user.`;
}

function sentence(text: string): string {
  return `${text.replace(/[.\s]+$/, '')}.`;
}

async function storeDump(run: Run, { action, taskId }: FinishedTask, wanted: WantedDump) {
  const deadline = deadlineOf(run);
  const { name, objectId } = wanted;
  const { root, uri: directory } = run.prepared.places.dumps;
  return inRoot(run, { root, deadline }, (at) =>
    fetchDump(
      {
        ...run.call(deadline),
        action,
        taskId,
        name,
        directory,
        root: run.root(root),
        ...compact({ objectId, unsaid: wanted.unsaid }),
      },
      at,
    ),
  );
}
