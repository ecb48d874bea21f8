import type { DownloadFileInput, IntegrationResult } from '../contracts';
import { download, writing } from './steps/download';
import { holdingFiles } from './steps/hold';
import { integration, present } from './run/frame';

/**
 * Downloads a file of a model: an export's output, or an uploaded file.
 *
 * @throws ApplicationFailure (non-retryable) of a `FailureType`; `details[0]` is the `IntegrationResult`
 */
export async function downloadFile(...given: [input: DownloadFileInput]): Promise<IntegrationResult> {
  return integration('downloadFile', given, async (run) => {
    const from = present(run.prepared.downloads[0], 'a file to download');
    // Shared: others may read the file too, but neither an upload nor an export may replace it meanwhile.
    return writing(run, [from.target], ([target]) =>
      holdingFiles(run, async () => {
        const to = present(target, 'a target');
        run.transferred(await download(run, from.export, to, run.input.compress));
        return run.succeed();
      }),
    );
  });
}
