import type { Named } from '../activities/attempt/contract';
import type { IntegrationResult, LargeViewReadInput } from '../contracts';
import { largeRead } from './steps/read';
import { integration, type Run } from './run/frame';

/**
 * Reads a view of any size into one file: one header, every row once and in order.
 *
 * @throws ApplicationFailure (non-retryable) of a `FailureType`; `details[0]` is the `IntegrationResult`
 */
export async function largeViewRead(...given: [input: LargeViewReadInput]): Promise<IntegrationResult> {
  return integration('largeViewRead', given, (run) =>
    largeRead(run, { ...named(run), kind: 'views' }, run.input.target, {
      exportType: run.input.exportType ?? 'TABULAR_MULTI_COLUMN',
      compress: run.input.compress,
    }),
  );
}

function named(run: Run): Named {
  const { id, name } = run.prepared.object;
  return { id, name };
}
