/** Holding locks: one run at a time on a file, and on a model. */
import { condition, getExternalWorkflowHandle, uuid4, workflowInfo } from '@temporalio/workflow';

import type { Lease, LockOptions, Prepared } from '../activities/types';
import { FAILURES, lockId } from '../contracts';
import { call } from './calls';
import { stepFailure } from './failures';
import { release } from './lock';
import { shielded, type Run } from './run';

/** A lost request is repeated after this. */
const ASK_AGAIN_MS = 10 * 60_000;
/** A dead holder is looked for this often, while somebody waits. */
const SWEEP_MS = 30_000;
/** An unused lock ends after this. */
const IDLE_MS = 15_000;

/** Holds the files, in ID order so that two runs cannot wait for each other, while `body` works. */
export async function holdingFiles<T>(
  run: Run,
  fileIds: readonly string[],
  body: () => Promise<T>,
): Promise<T> {
  const ordered = [...new Set(fileIds)].sort();
  const hold = (i: number): Promise<T> => {
    const id = ordered[i];
    if (id === undefined) return body();
    return holding(
      run,
      lockId(run.model.model.id, id),
      `file ${id}`,
      { sweepMs: SWEEP_MS, idleMs: IDLE_MS },
      () => hold(i + 1),
    );
  };
  return run.input.exclusive === false ? body() : hold(0);
}

/** The files that a run replaces: those of the exports it runs. */
export function exportFiles({ action, steps = [], downloads }: Prepared): string[] {
  const ran = action?.kind === 'exports' ? [action.id] : [];
  return [
    ...ran,
    ...steps.filter((s) => s.id.startsWith('116')).map((s) => s.id),
    ...downloads.map((d) => d.export.id),
  ];
}

/** Holds the model while `body` works: tasks lock it anyway, and their dumps and exports are replaced by the next one. */
export async function holdingModel<T>(run: Run, body: () => Promise<T>): Promise<T> {
  if (run.input.exclusive === false) return body();
  const options = { sweepMs: SWEEP_MS, idleMs: IDLE_MS, model: run.model };
  return holding(run, lockId(run.model.model.id), `model "${run.model.model.name}"`, options, body);
}

async function holding<T>(
  run: Run,
  lock: string,
  what: string,
  options: LockOptions,
  body: () => Promise<T>,
): Promise<T> {
  const info = workflowInfo();
  const lease: Lease = {
    id: uuid4(),
    workflowId: info.workflowId,
    firstRunId: info.firstExecutionRunId,
    runId: info.runId,
    since: Date.now(),
  };
  try {
    await wait(run, lock, what, options, lease);
    return await body();
  } finally {
    // A lock that is gone has nothing to release.
    await shielded(() =>
      getExternalWorkflowHandle(lock)
        .signal(release, lease.id)
        .catch(() => undefined),
    );
  }
}

async function wait(run: Run, lock: string, what: string, options: LockOptions, lease: Lease): Promise<void> {
  const deadline = lease.since + run.timeouts.lock;
  for (;;) {
    const view = await call(
      'anaplan.acquireLock',
      { summary: `ask for ${what}`, withinMs: run.lightMs },
      { lockId: lock, options, lease },
    );
    if (view.holder?.lease === lease.id || run.leases.has(lease.id)) return;
    const holder = view.holder
      ? `\`${view.holder.workflowId}\`, which asked for it at ${new Date(view.holder.since).toISOString()}`
      : 'another run';
    run.state(
      `waiting for ${what.split(' ')[0]}`,
      `Waiting for ${holder} to finish with ${what}, since ${new Date(lease.since).toISOString()}`,
    );
    const left = deadline - Date.now();
    const ours = () => run.leases.has(lease.id);
    if (left > 0 && (await condition(ours, Math.min(ASK_AGAIN_MS, left), { summary: `waiting for ${what}` })))
      return;
    if (Date.now() >= deadline) {
      throw stepFailure(
        'ModelLocked',
        `Another run, ${holder}, still holds ${what} after ${Math.round(run.timeouts.lock / 60_000)} min (timeouts.lock). ${FAILURES.ModelLocked.remedy}`,
        { code: 'lock' },
      );
    }
  }
}
