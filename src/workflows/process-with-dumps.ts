import { isCancellation } from '@temporalio/workflow';
import type { ProcessDownload } from '../activities/prepare/contract';
import { conclude } from './run/conclude';
import { readFailure } from './run/failures';
import { integration, present, type Run } from './run/frame';
import { actionResults, type FinishedTask } from './run/verdict';
import { download, dumpsOf, writingAll, type Target } from './steps/download';
import { keepDumps } from './steps/dump';
import { holdingFiles, holdingModel } from './steps/hold';
import { runTask } from './steps/task';
import { pinSources, upload } from './steps/upload';

/**
 * Uploads files, runs a process, keeps every failure dump of its imports, and downloads the exports it wrote.
 *
 * @throws ApplicationFailure (non-retryable) of a `FailureType`; `details[0]` is the `IntegrationResult`
 */
export const processWithDumps = integration('processWithDumps', async (run, input) => {
  const { action } = run;
  const { uploads, downloads, steps = [] } = run.prepared;
  const sources = await pinSources(run, uploads, input.checkHeader);
  const uris = downloads.map((wanted) => wanted.target);
  return writingAll(run, uris, dumpsOf(action, steps), (targets) =>
    // The files of its exports and imports too: nobody may read what it replaces, or replace what it reads.
    holdingFiles(run, async () => {
      for (const { to, source } of sources) await upload(run, to, source);
      return holdingModel(run, async () => {
        const task = await runTask(run, action, input);
        const dumps = await keepDumps(run, task);
        const ending = conclude(task, dumps, input.acceptRejections);
        // Rejected rows or a failed step do not take back the exports that were written.
        await fetchExports(run, downloads, targets, task, ending.outcome === 'failed');
        return ending;
      });
    }),
  );
});

/** Downloads the exports that the process wrote. Where the run fails anyway, a download that fails is a warning. */
async function fetchExports(
  run: Run,
  downloads: readonly ProcessDownload[],
  targets: readonly Target[],
  task: FinishedTask,
  failed: boolean,
): Promise<void> {
  if (task.state === 'CANCELLED') return;
  for (const [i, target] of targets.entries()) {
    const { export: wanted } = present(downloads[i], 'an export to download');
    const result = actionResults(task).findLast((r) => r.objectId === wanted.id);
    // Only what this process wrote is downloaded: an export that did not run has an older file, or none.
    if (!result?.successful) {
      run.warn(
        `export "${wanted.name}" (${wanted.id}) was not written by this run of the process, so its file was not downloaded`,
      );
      continue;
    }
    try {
      await download(run, wanted, target, undefined, { bytes: result.fileSize });
    } catch (error) {
      if (!failed || isCancellation(error)) throw error;
      run.warn(`export "${wanted.name}" could not be downloaded: ${readFailure(error).message}`);
    }
  }
}
