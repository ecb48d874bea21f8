import { conclude } from './run/conclude';
import { integration } from './run/frame';
import { download } from './steps/download';
import { keepDumps } from './steps/dump';
import { holdingAll } from './steps/hold';
import { Target, writing } from './steps/target';
import { runTask } from './steps/task';

/**
 * Runs an export and downloads its file. File and model are held until the last chunk is stored: the next run of the
 * export would replace the chunks one by one.
 *
 * @throws ApplicationFailure (non-retryable) of a `FailureType`; `details[0]` is the `IntegrationResult`
 */
export const exportDownload = integration('exportDownload', async (run, input) => {
  const { action } = run.prepared;
  const target = new Target(run, input.target);
  return writing(run, { targets: [target] }, () =>
    holdingAll(run, async () => {
      const task = await runTask(run, action, input);
      const ending = conclude(task, await keepDumps(run, task), false);
      if (ending.outcome !== 'failed')
        await download(run, action, target, input.compress, {
          bytes: task.result?.fileSize,
          writtenBy: task,
        });
      return ending;
    }),
  );
});
