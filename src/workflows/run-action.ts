import type { IntegrationResult, RunActionInput } from '../contracts';
import { conclude } from './run/conclude';
import { keepDumps } from './steps/dump';
import { writing } from './steps/download';
import { holdingAll } from './steps/hold';
import { integration } from './run/frame';
import { runTask } from './steps/task';

/**
 * Runs any import, export, process or other action of a model, without a transfer.
 *
 * @throws ApplicationFailure (non-retryable) of a `FailureType`; `details[0]` is the `IntegrationResult`
 */
export async function runAction(...given: [input: RunActionInput]): Promise<IntegrationResult> {
  return integration('runAction', given, async (run) => {
    const { action } = run;
    // With the files: an export replaces its own, which somebody may be downloading, and an import reads one, which
    // nobody may replace meanwhile.
    return writing(run, [], () =>
      holdingAll(run, async () => {
        const task = await runTask(run, action);
        return run.succeed(conclude(run, action, await keepDumps(run, action, task)));
      }),
    );
  });
}
