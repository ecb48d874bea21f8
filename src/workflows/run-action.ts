import { conclude } from './run/conclude';
import { integration } from './run/frame';
import { dumpsOf, keepDumps } from './steps/dump';
import { holdingAll } from './steps/hold';
import { tryDumps } from './steps/target';
import { runTask } from './steps/task';

/**
 * Runs any import, export, process or other action of a model, without a transfer.
 *
 * @throws ApplicationFailure (non-retryable) of a `FailureType`; `details[0]` is the `IntegrationResult`
 */
export const runAction = integration('runAction', async (run, input) => {
  const { action, steps } = run.prepared;
  await tryDumps(run, dumpsOf(action, steps));
  // With the files: an export replaces its own, which somebody may be downloading, and an import reads one, which nobody
  // may replace meanwhile.
  return holdingAll(run, async () => {
    const task = await runTask(run, action, input, steps);
    const dumps = await keepDumps(run, task);
    return conclude(task, dumps, input.acceptRejections);
  });
});
