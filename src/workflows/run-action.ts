import type { IntegrationResult, RunActionInput } from '../contracts';
import { conclude } from './conclude';
import { keepDumps } from './dumps';
import { writing } from './downloading';
import { holdingAll } from './hold';
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
