import { conclude, fileExpired } from './run/conclude';
import { integration } from './run/frame';
import { dumpsOf, keepDumps } from './steps/dump';
import { holdingFiles, holdingModel } from './steps/hold';
import { runTask } from './steps/task';
import { pinSource, upload, uploadAgain } from './steps/upload';

/**
 * Uploads a source to the import's file and runs the import, exactly once on exactly these bytes.
 *
 * @throws ApplicationFailure (non-retryable) of a `FailureType`; `details[0]` is the `IntegrationResult`
 */
export const uploadImport = integration('uploadImport', async (run, input) => {
  const { action, upload: wanted } = run.prepared;
  const source = await pinSource(run, wanted, input.checkHeader, dumpsOf(action));
  return holdingFiles(run, async () => {
    await upload(run, source);
    return holdingModel(run, async () => {
      let task = await runTask(run, action, input);
      if (fileExpired(task)) {
        // Nothing was loaded: the file expired between its upload and the import (anaplan-api: "Private and Default Files for Bulk APIs").
        await uploadAgain(run, source);
        task = await runTask(run, action, input);
      }
      const dumps = await keepDumps(run, task);
      return conclude(task, dumps, input.acceptRejections);
    });
  });
});
