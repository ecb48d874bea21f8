import type { ExportDownloadInput, IntegrationResult } from '../contracts';
import { conclude } from './run/conclude';
import { keepDumps } from './steps/dump';
import { download, writing } from './steps/download';
import { holdingAll } from './steps/hold';
import { integration, present } from './run/frame';
import { runTask } from './steps/task';

/**
 * Runs an export and downloads its file. File and model are held until the last chunk is stored: the next run of the
 * export would replace the chunks one by one.
 *
 * @throws ApplicationFailure (non-retryable) of a `FailureType`; `details[0]` is the `IntegrationResult`
 */
export async function exportDownload(...given: [input: ExportDownloadInput]): Promise<IntegrationResult> {
  return integration('exportDownload', given, async (run) => {
    const { action } = run;
    const to = present(run.prepared.downloads[0], 'an export to download');
    return writing(run, [to.target], ([target]) =>
      holdingAll(run, async () => {
        const task = await runTask(run, action);
        const outcome = conclude(run, action, await keepDumps(run, action, task));
        const { fileSize } = task.result ?? {};
        const expected = {
          written: { action, taskId: task.taskId },
          ...(fileSize === undefined ? {} : { bytes: fileSize }),
        };
        const from = present(target, 'a target');
        run.transferred(await download(run, to.export, from, run.input.compress, expected));
        return run.succeed(outcome);
      }),
    );
  });
}
