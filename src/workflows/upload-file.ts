import { SUCCEEDED } from './run/facts';
import { integration } from './run/frame';
import { holdingFiles } from './steps/hold';
import { pinSource, upload } from './steps/upload';

/**
 * Uploads a file of a model, without an import.
 *
 * @throws ApplicationFailure (non-retryable) of a `FailureType`; `details[0]` is the `IntegrationResult`
 */
export const uploadFile = integration('uploadFile', async (run) => {
  const source = await pinSource(run, run.prepared.upload);
  return holdingFiles(run, async () => {
    await upload(run, source);
    return SUCCEEDED;
  });
});
