import { integration } from './run/frame';
import { largeRead } from './steps/read';

/**
 * Reads a list of any size into one file: one header, every row once and in order.
 *
 * @throws ApplicationFailure (non-retryable) of a `FailureType`; `details[0]` is the `IntegrationResult`
 */
export const largeListRead = integration('largeListRead', async (run, input) => {
  const { id, name } = run.prepared.object;
  return largeRead(run, { kind: 'lists', id, name }, input);
});
