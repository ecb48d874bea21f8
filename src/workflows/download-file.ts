import { SUCCEEDED } from './run/facts';
import { integration } from './run/frame';
import { download } from './steps/download';
import { holdingFiles } from './steps/hold';
import { Target, writing } from './steps/target';

/**
 * Downloads a file of a model: an export's output, or an uploaded file.
 *
 * @throws ApplicationFailure (non-retryable) of a `FailureType`; `details[0]` is the `IntegrationResult`
 */
export const downloadFile = integration('downloadFile', async (run, input) => {
  const { file } = run.prepared;
  const target = new Target(run, input.target);
  return writing(run, { targets: [target] }, () =>
    // Shared: others may read the file too, but neither an upload nor an export may replace it meanwhile.
    holdingFiles(run, async () => {
      await download(run, file, target, input.compress);
      return SUCCEEDED;
    }),
  );
});
