/**
 * How the activities keep in touch with the server. Each heartbeat is a call that is paid for, and each one that does not
 * come is time until another worker goes on; what an activity does decides between the two.
 */
export type Rhythm =
  /** Moves bytes: every few seconds, each awaited, because every next byte needs its answer. A dead worker is soon replaced. */
  | 'bytes'
  /** Changes one thing by one request, or one file at its end: asks the server right before it, else is silent like a wait. */
  | 'effect'
  /** Asks Anaplan and waits: rarely. Nothing that must be quick depends on it. */
  | 'wait'
  /** Ends within moments, or is tried again: never. */
  | 'light';

/** The rhythm of each activity. */
export const RHYTHMS = {
  'anaplan.prepare': 'wait',
  // It may try whether dumps can be stored.
  'anaplan.openSource': 'effect',
  'anaplan.uploadChunks': 'bytes',
  // One request; but a lock passes on sooner than the long lease of an effect ends, and it would close another run's file.
  'anaplan.completeUpload': 'bytes',
  'anaplan.startTask': 'effect',
  'anaplan.reconcileStart': 'wait',
  'anaplan.followTask': 'wait',
  'anaplan.cancelTask': 'effect',
  'anaplan.fetchDump': 'bytes',
  'anaplan.fileChunks': 'wait',
  'anaplan.newerTasks': 'wait',
  'anaplan.downloadChunks': 'bytes',
  'anaplan.tryTargets': 'effect',
  'anaplan.commitTarget': 'bytes',
  'anaplan.discardTarget': 'bytes',
  'anaplan.createReadRequest': 'effect',
  'anaplan.readPages': 'bytes',
  'anaplan.awaitPages': 'wait',
  'anaplan.deleteReadRequest': 'effect',
  'anaplan.askLock': 'light',
  'anaplan.openRuns': 'light',
  'anaplan.modelIdle': 'wait',
  'anaplan.rootServed': 'light',
} as const satisfies Readonly<Record<string, Rhythm>>;

/** The rhythm of an activity by its name; a name that is not ours moves bytes, which is the strictest. */
export function rhythmOf(activity: string): Rhythm {
  return (RHYTHMS as Readonly<Record<string, Rhythm>>)[activity] ?? 'bytes';
}
