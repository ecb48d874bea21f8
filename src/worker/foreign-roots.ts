/** Whether other workers have another file system under the name of one of this worker's roots. */
import type { NativeConnection } from '@temporalio/worker';
import { pollersOf } from '../activities';
import { ROOT_READ, rootTagOf } from '../contracts';
import type { Log } from './logging';

/** Two workers that start together: whoever asks later sees the other one. */
const LOOKS_AFTER_MS = [2_000, 30_000, 120_000];

/** Which queues this worker serves, and what it calls itself there. */
export interface ServedQueues {
  namespace: string;
  queues: readonly string[];
  identityOn(taskQueue: string, identity: string): string;
}

/**
 * Warns, once for each, of workers with another file system under a name. No refusal: the server lists workers for some
 * minutes after their end, so that one whose disk was replaced would not start.
 *
 * @returns ends the look; it ends by itself, too
 */
export function watchRoots(
  connection: Pick<NativeConnection, 'workflowService'>,
  o: ServedQueues,
  log: Log,
  looksAfterMs: readonly number[] = LOOKS_AFTER_MS,
): () => void {
  const told = new Set<string>();
  const look = async (): Promise<void> => {
    for (const queue of o.queues) {
      const own = rootTagOf(o.identityOn(queue, ''));
      if (own === undefined || own === ROOT_READ) continue;
      for (const { identity, tag } of await pollersOf(connection.workflowService, o.namespace, queue)) {
        if (tag === undefined || tag === ROOT_READ || tag === own || told.has(identity)) continue;
        told.add(identity);
        log(
          'warn',
          'Another worker has, or had minutes ago, a different file system under the name of one of these roots. A run goes on only with the one that it began with. Give different file systems different names.',
          { queue, worker: identity, marker: own },
        );
      }
    }
  };
  const timers = looksAfterMs.map((ms) =>
    // A server that does not answer, or may not, has no warning to give.
    setTimeout(() => void look().catch(() => undefined), ms).unref(),
  );
  return () => timers.forEach((timer) => clearTimeout(timer));
}
