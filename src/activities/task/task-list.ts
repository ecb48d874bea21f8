/** What the task list of an action says about a start whose answer was lost. Pure. */
import type { ModelStatus, TaskSummary } from '../../anaplan';
import type { ReconcileResult, TaskBaseline } from './contract';

/** The newest tasks of a list, whatever order it came in (the documents disagree on it). */
export function baselineOf(tasks: readonly TaskSummary[], serverDate: number | undefined): TaskBaseline {
  const newest = tasks.reduce<number | null>(
    (max, t) =>
      t.creationTime !== undefined && (max === null || t.creationTime > max) ? t.creationTime : max,
    null,
  );
  return {
    newest,
    idsAtNewest: tasks
      .filter((t) => t.creationTime === undefined || t.creationTime === newest)
      .map((t) => t.taskId)
      .slice(0, 200),
    known: tasks.length,
    serverDate: serverDate ?? null,
  };
}

/** Anaplan's clock has whole seconds in its `Date`, and a task may be stamped a moment before its answer. */
const CLOCK_SLACK_MS = 5_000;

/** What a task list says about a start whose answer was lost. */
export function judgeList(
  tasks: readonly TaskSummary[],
  baseline: TaskBaseline,
  whole = true,
): ReconcileResult {
  if (baseline.newest !== null || baseline.idsAtNewest.length > 0) {
    const present = new Set(tasks.map((t) => t.taskId));
    if (!baseline.idsAtNewest.some((id) => present.has(id))) {
      return {
        outcome: 'ambiguous',
        reason:
          'the tasks that were listed before are gone: the model was unloaded meanwhile, and the task with it',
      };
    }
  }
  const old = new Set(baseline.idsAtNewest);
  const unknown = tasks.filter(
    (t) =>
      !old.has(t.taskId) &&
      (t.creationTime === undefined || baseline.newest === null || t.creationTime >= baseline.newest),
  );
  const { serverDate } = baseline;
  const fresh = unknown.filter(
    (t) =>
      t.creationTime === undefined || serverDate === null || t.creationTime >= serverDate - CLOCK_SLACK_MS,
  );
  if (unknown.length === 1 && fresh[0]) return { outcome: 'adopted', taskId: fresh[0].taskId };
  if (unknown.length > 1) {
    return {
      outcome: 'ambiguous',
      reason: `${unknown.length} tasks are new in the list, and Anaplan does not say who started them`,
    };
  }
  // Tasks and answers may be dated by different clocks, so this is no proof that it was not started.
  if (unknown[0]) {
    return {
      outcome: 'ambiguous',
      reason: `task ${unknown[0].taskId} is new in the list, yet dated before the start`,
    };
  }
  if (!whole) {
    return { outcome: 'ambiguous', reason: 'Anaplan lists fewer tasks than it says there are' };
  }
  return { outcome: 'notStarted' };
}

/** Checks a verdict against what the model says it is doing. */
export function contradiction(
  verdict: ReconcileResult,
  status: ModelStatus,
  input: { user?: { email: string; name: string }; passedMs: number; baseline: Pick<TaskBaseline, 'known'> },
  limitMs: number,
): ReconcileResult {
  if (verdict.outcome === 'adopted') {
    const running = status.taskId?.replace(/-\d+$/, '');
    const email = /\(([^()\s]+@[^()\s]+)\)/.exec(status.tooltip ?? '')?.[1];
    if (
      running === verdict.taskId &&
      email &&
      input.user &&
      email.toLowerCase() !== input.user.email.toLowerCase()
    ) {
      return {
        outcome: 'ambiguous',
        reason: `the one new task, ${verdict.taskId}, was started by another user`,
      };
    }
    return verdict;
  }
  if (verdict.outcome === 'ambiguous') return verdict;
  if (input.baseline.known === 0) {
    // Anaplan: "If GET does not return any tasks, the import is not running or might have completed."
    return {
      outcome: 'ambiguous',
      reason: 'the task list is empty, as it was before, which can also mean that the task has completed',
    };
  }
  if (!status.idle) {
    return {
      outcome: 'ambiguous',
      reason: 'no new task is listed, yet the model is busy, so the start may still be on its way',
    };
  }
  if (input.passedMs >= limitMs) {
    return {
      outcome: 'ambiguous',
      reason: 'no new task is listed, but too much time passed to be sure that there was none',
    };
  }
  return verdict;
}
