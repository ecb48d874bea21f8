/** Failure dumps: kept before anything can erase them. */
import type { ActionObject, SettledResult } from '../activities/types';
import { call } from './calls';
import { nobodyTookIt } from './failures';
import { hostIsServed, HOST_WAIT_MS } from './hosts';
import { actionResults, resultTask, type FinishedTask, type KeptDump } from './judge';
import { shielded, type Run } from './run';

/** A task with what was kept of it. */
export interface KeptTask {
  task: FinishedTask;
  dumps: KeptDump[];
  /** Dumps that Anaplan promised and no longer had. */
  gone: string[];
}

/** Stores every dump of a task, before anything can erase it: a cancellation waits for that. */
export async function keepDumps(run: Run, action: ActionObject, task: FinishedTask): Promise<KeptTask> {
  const kept: KeptTask = { task, dumps: [], gone: [] };
  // Before its dumps, so that a run that fails over one still tells how the task ended.
  run.result.task = resultTask(task, [], action, task.adopted);
  run.effects = task.result?.successful || action.kind === 'processes' ? 'applied' : 'none';
  const withDumps = actionResults(task).filter((r) => r.dumpAvailable);
  if (withDumps.length > 0) {
    run.state('keeping dumps');
    await shielded(async () => {
      let first: unknown;
      for (const result of withDumps) {
        // One that fails must not cost the others: the next run of the action erases them all.
        await keepDump(run, action, result, kept).catch((error: unknown) => {
          first ??= error;
        });
      }
      run.result.task = resultTask(task, kept.dumps, action, task.adopted);
      if (first !== undefined) throw first;
    });
  }
  if (task.truncated) run.result.truncated = true;
  return kept;
}

async function keepDump(
  run: Run,
  action: ActionObject,
  result: SettledResult,
  kept: KeptTask,
): Promise<void> {
  const name =
    result.objectName ?? (action.kind === 'processes' ? (result.objectId ?? action.name) : action.name);
  const deadline = { name: 'transfer' as const, at: Date.now() + run.timeouts.transfer };
  const { dumps = run.prepared.defaultDumps } = run.input as { dumps?: string };
  const input = {
    ...run.call(deadline),
    action,
    taskId: kept.task.taskId,
    name,
    directory: dumps,
    ...(action.kind === 'processes' && result.objectId !== undefined ? { objectId: result.objectId } : {}),
  };
  let waitMs = HOST_WAIT_MS;
  for (;;) {
    try {
      const fetched = await call(
        'anaplan.fetchDump',
        {
          summary: `keep the dump of ${name}`,
          withinMs: run.timeouts.transfer + 10 * 60_000,
          taskQueue: run.transferQueue,
          ...(run.hostQueue ? { startWithinMs: waitMs } : {}),
        },
        input,
      );
      if (fetched.outcome === 'gone') {
        kept.gone.push(fetched.message);
        run.warn(fetched.message);
        return;
      }
      const { hostQueue: _hostQueue, ...dump } = fetched.dump;
      kept.dumps.push(dump);
      const { warnings: _warnings, ...shown } = dump;
      run.result.dumps.push(shown);
      run.done(`Dump of **${name}**: ${dump.rows} rejected rows, kept at \`${dump.uri}\``);
      return;
    } catch (error) {
      if (!run.hostQueue || !nobodyTookIt(error)) throw error;
      if (await hostIsServed(run, run.hostQueue)) waitMs *= 2;
      else run.hostQueue = undefined;
    }
  }
}
