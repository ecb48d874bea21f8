import type { IntegrationResult, UploadImportInput } from '../contracts';
import { conclude, fileExpired } from './run/conclude';
import { keepDumps } from './steps/dump';
import { writing } from './steps/download';
import { holdingFiles, holdingModel } from './steps/hold';
import { integration, present, type Run } from './run/frame';
import { runTask } from './steps/task';
import { pinSource, upload } from './steps/upload';

/**
 * Uploads a source to the import's file and runs the import, exactly once on exactly these bytes.
 *
 * @throws ApplicationFailure (non-retryable) of a `FailureType`; `details[0]` is the `IntegrationResult`
 */
export async function uploadImport(...given: [input: UploadImportInput]): Promise<IntegrationResult> {
  return integration('uploadImport', given, async (run) => {
    const { action } = run;
    const to = present(run.prepared.uploads[0], 'a file to upload to');
    const source = await pinSource(run, to);
    const send = async () => run.transferred(await upload(run, to, source));
    return writing(run, [], () =>
      holdingFiles(run, async () => {
        await send();
        return holdingModel(run, async () => {
          let task = await runTask(run, action);
          if (fileExpired(task)) {
            // Nothing was loaded: the file expired between its upload and the import (seeds: private files).
            task = await againWithFile(run, send, () => runTask(run, action));
          }
          const kept = await keepDumps(run, action, task);
          return run.succeed(conclude(run, action, kept));
        });
      }),
    );
  });
}

async function againWithFile<T>(run: Run, send: () => Promise<void>, start: () => Promise<T>): Promise<T> {
  run.warn('Anaplan no longer had the uploaded file, so it was uploaded again');
  run.result.transfers.length = 0;
  run.effects = 'none';
  await send();
  return start();
}
