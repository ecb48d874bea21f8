import type { IntegrationResult, UploadFileInput } from '../contracts';
import { holdingFiles } from './steps/hold';
import { integration, present } from './run/frame';
import { pinSource, upload } from './steps/upload';

/**
 * Uploads a file of a model, without an import.
 *
 * @throws ApplicationFailure (non-retryable) of a `FailureType`; `details[0]` is the `IntegrationResult`
 */
export async function uploadFile(...given: [input: UploadFileInput]): Promise<IntegrationResult> {
  return integration('uploadFile', given, async (run) => {
    const to = present(run.prepared.uploads[0], 'a file to upload to');
    const source = await pinSource(run, to);
    return holdingFiles(run, async () => {
      run.transferred(await upload(run, to, source));
      return run.succeed();
    });
  });
}
