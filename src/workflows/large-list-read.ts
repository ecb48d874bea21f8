import type { IntegrationResult, LargeListReadInput } from '../contracts';
import { largeRead } from './steps/read';
import { integration } from './run/frame';

/**
 * Reads a list of any size into one file: one header, every row once and in order.
 *
 * @throws ApplicationFailure (non-retryable) of a `FailureType`; `details[0]` is the `IntegrationResult`
 */
export async function largeListRead(...given: [input: LargeListReadInput]): Promise<IntegrationResult> {
  return integration('largeListRead', given, (run) => {
    const { id, name } = run.prepared.object;
    return largeRead(run, { kind: 'lists', id, name }, run.input.target, { compress: run.input.compress });
  });
}
