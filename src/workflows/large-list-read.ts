import { integration } from './run/frame';
import { largeRead } from './steps/read';

/**
 * Reads a list of any size into one file: one header, every row once and in order.
 *
 * @throws ApplicationFailure (non-retryable) of a `FailureType`; `details[0]` is the `IntegrationResult`
 */
export const largeListRead = integration('largeListRead', (run, input) =>
  largeRead(run, run.prepared.read, input),
);
