import { SUCCEEDED } from './run/facts';
import { integration, present } from './run/frame';
import { holdingFiles } from './steps/hold';
import { pinSource, upload } from './steps/upload';

/**
 * Uploads a file of a model, without an import.
 *
 * @throws ApplicationFailure (non-retryable) of a `FailureType`; `details[0]` is the `IntegrationResult`
 */
export const uploadFile = integration('uploadFile', async (run) => {
  const to = present(run.prepared.uploads[0], 'a file to upload to');
  const source = await pinSource(run, to);
  return holdingFiles(run, async () => {
    await upload(run, to, source);
    return SUCCEEDED;
  });
});
