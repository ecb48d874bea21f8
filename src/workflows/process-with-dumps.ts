import { isCancellation } from '@temporalio/workflow';
import type { Named } from '../activities/attempt/contract';
import type { PinnedSource } from '../activities/upload/contract';
import type { PreparedUpload } from '../activities/prepare/contract';
import type { SettledResult, SettledTask } from '../activities/task/contract';
import type { IntegrationResult, ProcessWithDumpsInput } from '../contracts';
import { readFailure } from './run/failures';
import { conclude } from './run/conclude';
import { keepDumps } from './steps/dump';
import { download, writing, type Target } from './steps/download';
import { holdingFiles, holdingModel } from './steps/hold';
import { actionResults } from './run/verdict';
import { integration, present, type Run } from './run/frame';
import { runTask } from './steps/task';
import { pinSource, upload } from './steps/upload';

/**
 * Uploads files, runs a process, keeps every failure dump of its imports, and downloads the exports it wrote.
 *
 * @throws ApplicationFailure (non-retryable) of a `FailureType`; `details[0]` is the `IntegrationResult`
 */
export async function processWithDumps(...given: [input: ProcessWithDumpsInput]): Promise<IntegrationResult> {
  return integration('processWithDumps', given, async (run) => {
    const { action } = run;
    const { uploads } = run.prepared;
    const ready: { to: PreparedUpload; source: PinnedSource }[] = [];
    for (const to of uploads) ready.push({ to, source: await pinSource(run, to) });
    const uris = run.prepared.downloads.map((wanted) => wanted.target);
    // The files of its exports and imports too: nobody may read what it replaces, or replace what it reads.
    return writing(run, uris, (targets) =>
      holdingFiles(run, async () => {
        for (const { to, source } of ready) run.transferred(await upload(run, to, source));
        return holdingModel(run, async () => {
          const task = await runTask(run, action);
          const kept = await keepDumps(run, action, task);
          // Rejected rows or a failed step do not take back the exports that were written.
          const verdict = attempt(() => conclude(run, action, kept));
          await fetchExports(run, targets, task, verdict.failure !== undefined);
          return run.succeed(verdict.value());
        });
      }),
    );
  });
}

/** What a judgement answered, or what it threw, for after the downloads. */
function attempt<T>(judge: () => T): { failure?: unknown; value: () => T } {
  try {
    const value = judge();
    return { value: () => value };
  } catch (failure) {
    return {
      failure,
      value: () => {
        throw failure;
      },
    };
  }
}

/** Downloads the exports that the process wrote. Where the run fails anyway, a download that fails is a warning. */
async function fetchExports(
  run: Run,
  targets: readonly Target[],
  task: SettledTask,
  failed: boolean,
): Promise<void> {
  if (task.state === 'CANCELLED') return;
  for (const [i, wanted] of run.prepared.downloads.entries()) {
    const result = resultOf(run, task, wanted.export);
    if (!result) continue;
    const expected = result.fileSize === undefined ? {} : { bytes: result.fileSize };
    try {
      const target = present(targets[i], 'a target');
      run.transferred(await download(run, wanted.export, target, undefined, expected));
    } catch (error) {
      if (!failed || isCancellation(error)) throw error;
      run.warn(`export "${wanted.export.name}" could not be downloaded: ${readFailure(error).message}`);
    }
  }
}

/** Only what this process wrote is downloaded: an export that did not run has an older file, or none. */
function resultOf(run: Run, task: SettledTask, wanted: Named): SettledResult | undefined {
  const result = actionResults(task).findLast((r) => r.objectId === wanted.id);
  if (result?.successful) return result;
  run.warn(
    `export "${wanted.name}" (${wanted.id}) was not written by this run of the process, so its file was not downloaded`,
  );
  return undefined;
}
