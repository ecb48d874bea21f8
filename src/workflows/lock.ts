/**
 * The lock on a model or a file: a queue of runs, served in the order of arrival, one at a time.
 *
 * A holder releases by signal. One that died without doing so is noticed only while somebody waits, and succeeded only
 * once its activities must have stopped and, for a model, once Anaplan shows no task.
 */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  getExternalWorkflowHandle,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';

import type { Lease, LockOptions, LockView } from '../activities/types';
import { call } from './calls';

/** Asks for the lock, or asks again. */
export const acquire = defineSignal<[Lease]>('acquire');
/** Gives the lock back, or takes a request back. */
export const release = defineSignal<[string]>('release');
/** For operators: takes the lock from its holder, whatever it is doing. */
export const forceRelease = defineSignal('forceRelease');
/** Sent to a holder: the lease with this ID is granted. */
export const granted = defineSignal<[string]>('anaplanLockGranted');
/** Who holds and how many wait. */
export const lockState = defineQuery<LockView>('state');

/** What a lock carries over when it continues as new. */
export interface LockState {
  holder?: Lease;
  queue: Lease[];
}

const MAX_HISTORY = 2_000;

/** Two leases of one run, also when the run was reset: the pair of workflow ID and first run ID stays. */
function sameRun(a: Lease, b: Lease): boolean {
  return a.workflowId === b.workflowId && a.firstRunId === b.firstRunId;
}

/** The entity workflow `anaplanLock`. */
export async function anaplanLock(options: LockOptions, state: LockState = { queue: [] }): Promise<void> {
  // After continue-as-new the grant is repeated: the signal may have been lost with the old run.
  let notify = true;

  setHandler(acquire, (lease) => {
    const { holder } = state;
    if (holder?.id === lease.id) {
      notify = true;
      return;
    }
    if (holder && sameRun(holder, lease) && holder.runId !== lease.runId) {
      state.holder = lease;
      notify = true;
      return;
    }
    state.queue = state.queue.filter((q) => !(sameRun(q, lease) && q.runId !== lease.runId));
    if (!state.queue.some((q) => q.id === lease.id)) state.queue.push(lease);
    // Granted here already, so that the query that follows the signal sees it.
    if (!state.holder) grantNext();
  });
  setHandler(release, (id) => {
    if (state.holder?.id === id) delete state.holder;
    state.queue = state.queue.filter((q) => q.id !== id);
  });
  setHandler(forceRelease, () => {
    delete state.holder;
  });
  setHandler(lockState, () => viewOf(state));

  function grantNext(): void {
    const next = state.queue.shift();
    if (!next) return;
    state.holder = next;
    notify = true;
  }

  for (;;) {
    setCurrentDetails(describe(state));
    if (state.holder && notify) {
      notify = false;
      await tell(state.holder);
    } else if (!state.holder) {
      grantNext();
      if (!state.holder && !(await condition(() => state.queue.length > 0 || !!state.holder, options.idleMs)))
        return;
    } else {
      await watch(state.holder);
    }
    if (workflowInfo().historyLength > MAX_HISTORY || workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      await continueAsNew<typeof anaplanLock>(options, state);
    }
  }

  async function tell(holder: Lease): Promise<void> {
    try {
      await getExternalWorkflowHandle(holder.workflowId).signal(granted, holder.id);
    } catch {
      // The run closed while it waited: the next one's turn.
      if (state.holder?.id === holder.id) delete state.holder;
    }
  }

  async function watch(holder: Lease): Promise<void> {
    const moved = () => notify || state.holder?.id !== holder.id;
    // While nobody waits there is nothing to watch, and no timer runs.
    if (state.queue.length === 0) {
      await condition(() => moved() || state.queue.length > 0);
      return;
    }
    if (await condition(moved, options.sweepMs)) return;
    const alive = await call(
      'anaplan.holderState',
      { summary: `is ${holder.workflowId} still alive?`, withinMs: 10 * 60_000 },
      { holder, ...(options.model ? { model: options.model } : {}) },
    ).catch(() => 'settling' as const);
    if (alive === 'gone' && state.holder?.id === holder.id) delete state.holder;
  }
}

function viewOf(state: LockState): LockView {
  return {
    waiting: state.queue.length,
    ...(state.holder
      ? { holder: { workflowId: state.holder.workflowId, lease: state.holder.id, since: state.holder.since } }
      : {}),
  };
}

function describe(state: LockState): string {
  const holder = state.holder ? `Held by \`${state.holder.workflowId}\`` : 'Free';
  const queue = state.queue.map((q, i) => `${i + 1}. \`${q.workflowId}\``).join('\n');
  return queue ? `${holder}\n\nWaiting:\n\n${queue}` : holder;
}
