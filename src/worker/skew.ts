import type { NativeConnection } from '@temporalio/worker';
import type { Log } from './logging';

/** Below this a difference says more about the way to the server than about clocks. */
const TOLERATED_MS = 2_000;
const EVERY_MS = 500;
/** A server that does not list our poll by then does not list it. */
const MAX_LOOKS = 60;

/** temporal.api.enums.v1.TaskQueueType.ACTIVITY */
const ACTIVITY = 2;

/** The part of a connection that this file needs. */
export type SkewConnection = Pick<NativeConnection, 'workflowService'>;

/** Whose poll is looked for. */
export interface Poller {
  namespace: string;
  taskQueue: string;
  identity: string;
}

/**
 * The server's clock minus ours, in milliseconds, from its time for something that happened between two of ours.
 * @returns undefined where they agree as far as can be told
 */
export function skewOf(server: number, from: number, to: number): number | undefined {
  const skew = server - (from + to) / 2;
  return Math.abs(skew) > TOLERATED_MS + (to - from) / 2 ? Math.round(skew) : undefined;
}

/**
 * Compares our clock with the server's once, by the time at which the server saw our first poll, and warns where they
 * differ. Nothing of ours depends on it; what people compare (logs, histories, dates in results) does.
 *
 * @returns ends the look; it ends by itself, too
 */
export function watchSkew(
  connection: SkewConnection,
  poller: Poller,
  log: Log,
  everyMs = EVERY_MS,
): () => void {
  let from = Date.now();
  let looks = 0;
  let looking = false;
  const look = async (): Promise<boolean> => {
    const { namespace, taskQueue, identity } = poller;
    const { pollers } = await connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: ACTIVITY,
    });
    const to = Date.now();
    const ours = (pollers ?? []).filter((p) => p.identity === identity && p.lastAccessTime);
    const seen = ours.map(
      ({ lastAccessTime: t }) => Number(t?.seconds ?? 0) * 1000 + Number(t?.nanos ?? 0) / 1e6,
    );
    if (seen.length === 0) {
      from = to;
      return false;
    }
    const skew = skewOf(Math.max(...seen), from, to);
    if (skew !== undefined) {
      log(
        'warn',
        `The clock of this host is ${(Math.abs(skew) / 1000).toFixed(1)} s ${skew > 0 ? 'behind' : 'ahead of'} the Temporal server's: set both by NTP, or dates in logs and results will not agree.`,
        { skewMs: skew },
      );
    }
    return true;
  };
  const timer = setInterval(() => {
    looks += 1;
    if (looks >= MAX_LOOKS) clearInterval(timer);
    if (looking) return;
    looking = true;
    look()
      .then(
        (done) => {
          if (done) clearInterval(timer);
        },
        () => {
          // Asked again; a server that never answers has worse to say than its time.
        },
      )
      .finally(() => (looking = false));
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
