import type { Named } from '../activities/types';
import type { IntegrationResult, LargeViewReadInput } from '../contracts';
import { largeRead } from './reading';
import { integration, type Run } from './run';

/**
 * Reads a view of any size into one file: one header, every row once and in order.
 *
 * @throws ApplicationFailure (non-retryable) of a `FailureType`; `details[0]` is the `IntegrationResult`
 */
export async function largeViewRead(input: LargeViewReadInput): Promise<IntegrationResult> {
  return integration('largeViewRead', input, (run) =>
    largeRead(run, { ...named(run), kind: 'views' }, input.target, {
      exportType: input.exportType ?? 'TABULAR_MULTI_COLUMN',
      compress: input.compress,
    }),
  );
}

function named(run: Run): Named {
  const { id, name } = run.prepared.object;
  return { id, name };
}
