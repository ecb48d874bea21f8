/** What a caller chooses from. In a file that loads nothing: the command line shows the choices in its help. */

/**
 * What a workflow ID means whose run has ended: `rerun` starts a new run, `return` gives that run's result and starts
 * nothing, `refuse` is a `Conflict`. Temporal knows a closed run for the retention time of its namespace.
 */
export type OnClosed = 'rerun' | 'return' | 'refuse';

/** Every {@link OnClosed}. */
export const ON_CLOSED: readonly OnClosed[] = ['rerun', 'return', 'refuse'];

/** What happens when a run is due while the one before it still goes on. */
export const OVERLAPS = [
  'SKIP',
  'BUFFER_ONE',
  'BUFFER_ALL',
  'CANCEL_OTHER',
  'TERMINATE_OTHER',
  'ALLOW_ALL',
] as const;

/** One of {@link OVERLAPS}. */
export type Overlap = (typeof OVERLAPS)[number];
