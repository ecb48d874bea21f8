import { SUCCEEDED } from './run/facts';
import { integration, present } from './run/frame';
import { download, writing } from './steps/download';
import { holdingFiles } from './steps/hold';

/**
 * Downloads a file of a model: an export's output, or an uploaded file.
 *
 * @throws ApplicationFailure (non-retryable) of a `FailureType`; `details[0]` is the `IntegrationResult`
 */
export const downloadFile = integration('downloadFile', async (run, input) => {
  const from = present(run.prepared.downloads[0], 'a file to download');
  // Shared: others may read the file too, but neither an upload nor an export may replace it meanwhile.
  return writing(run, input.target, (target) =>
    holdingFiles(run, async () => {
      await download(run, from.export, target, input.compress);
      return SUCCEEDED;
    }),
  );
});
