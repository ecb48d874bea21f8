import { isCancellation } from '@temporalio/workflow';
import { conclude } from './run/conclude';
import { readFailure } from './run/failures';
import type { Ending } from './run/facts';
import { integration, type Run } from './run/frame';
import { actionResults, type FinishedTask } from './run/verdict';
import { download } from './steps/download';
import { dumpsOf, keepDumps } from './steps/dump';
import { holdingFiles, holdingModel } from './steps/hold';
import { Target, writing } from './steps/target';
import { runTask } from './steps/task';
import { pinSources, upload } from './steps/upload';

/**
 * Uploads files, runs a process, keeps every failure dump of its imports, and downloads the exports it wrote.
 *
 * @throws ApplicationFailure (non-retryable) of a `FailureType`; `details[0]` is the `IntegrationResult`
 */
export const processWithDumps = integration('processWithDumps', async (run, input) => {
  const { action, steps, uploads, downloads } = run.prepared;
  const sources = await pinSources(run, uploads, input.checkHeader);
  const exports = downloads.map(({ export: file, target }) => ({ file, target: new Target(run, target) }));
  const writes = { targets: exports.map(({ target }) => target), dumps: dumpsOf(action, steps) };
  return writing(run, writes, () =>
    // The files of its exports and imports too: nobody may read what it replaces, or replace what it reads.
    holdingFiles(run, async () => {
      for (const source of sources) await upload(run, source);
      return holdingModel(run, async () => {
        const task = await runTask(run, action, input, steps);
        const dumps = await keepDumps(run, task);
        const ending = conclude(task, dumps, input.acceptRejections);
        // Rejected rows or a failed step do not take back the exports that were written.
        if (task.state !== 'CANCELLED') for (const one of exports) await fetchExport(run, one, task, ending);
        return ending;
      });
    }),
  );
});

/** Downloads an export that the process wrote. Where the run fails anyway, a download that fails is a warning. */
async function fetchExport(
  run: Run,
  { file, target }: { file: { id: string; name: string }; target: Target },
  task: FinishedTask,
  { outcome }: Ending,
): Promise<void> {
  const result = actionResults(task).findLast((r) => r.objectId === file.id);
  // Only what this process wrote is downloaded: an export that did not run has an older file, or none.
  if (!result?.successful) {
    run.warn(
      `export "${file.name}" (${file.id}) was not written by this run of the process, so its file was not downloaded`,
    );
    return;
  }
  try {
    await download(run, file, target, undefined, { bytes: result.fileSize });
  } catch (error) {
    if (outcome !== 'failed' || isCancellation(error)) throw error;
    run.warn(`export "${file.name}" could not be downloaded: ${readFailure(error).message}`);
  }
}
