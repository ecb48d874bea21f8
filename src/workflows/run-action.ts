import type { IntegrationResult, RunActionInput } from '../contracts';
import { conclude } from './conclude';
import { keepDumps } from './dumps';
import { exportFiles, holdingFiles, holdingModel } from './hold';
import { integration } from './run';
import { runTask } from './tasks';

/**
 * Runs any import, export, process or other action of a model, without a transfer.
 *
 * @throws ApplicationFailure (non-retryable) of a `FailureType`; `details[0]` is the `IntegrationResult`
 */
export async function runAction(...given: [input: RunActionInput]): Promise<IntegrationResult> {
  return integration('runAction', given, async (run) => {
    const { action } = run;
    // An export replaces its file, which somebody may be downloading.
    return holdingFiles(run, exportFiles(run.prepared), () =>
      holdingModel(run, async () => {
        const task = await runTask(run, action);
        return run.succeed(conclude(run, action, await keepDumps(run, action, task)));
      }),
    );
  });
}
