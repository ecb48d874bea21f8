import { integration } from './run/frame';
import { largeRead } from './steps/read';

/** One row for each combination of the view's items, each dimension in a column of its own. */
const LAYOUT = 'TABULAR_MULTI_COLUMN';

/**
 * Reads a view of any size into one file: one header, every row once and in order.
 *
 * @throws ApplicationFailure (non-retryable) of a `FailureType`; `details[0]` is the `IntegrationResult`
 */
export const largeViewRead = integration('largeViewRead', (run, input) =>
  largeRead(run, run.prepared.read, input, input.exportType ?? LAYOUT),
);
