import type { Config } from './config';
import type { Log } from './logging';
import { onStopSignal } from './signals';
import { createWorker, type AnaplanWorker, type CreateWorkerOptions } from './worker';

/** Options of {@link runWorker}. */
export interface RunWorkerOptions extends CreateWorkerOptions {
  log: Log;
  /** Ends the worker when it aborts; default: SIGINT, SIGTERM and SIGHUP of this process. */
  signal?: AbortSignal;
  /** Called once the worker polls. */
  onReady?: (worker: AnaplanWorker) => void;
}

/** Milliseconds since this process started. */
function sinceStart(): number {
  return Math.round(process.uptime() * 1000);
}

/**
 * Runs a worker until it is told to stop. A first SIGINT, SIGTERM or SIGHUP hands over and returns; another one,
 * more than 1.5 s later, ends the process at once.
 *
 * @throws ConfigError, TemporalUnavailableError, or whatever a worker failed with
 */
export async function runWorker(config: Config, o: RunWorkerOptions): Promise<void> {
  const began = performance.now();
  const worker = await createWorker(config, o);
  const stop = (reason: string): void => {
    o.log('info', 'Stopping: what runs is handed over', { reason });
    worker.shutdown();
  };
  const unlisten = o.signal === undefined ? onSignals(stop) : onAbort(o.signal, stop);
  try {
    const ended = worker.run();
    // A failure is taken up below; without a handler now, one in the next lines would end the process.
    ended.catch(() => undefined);
    o.log('info', 'Ready', {
      ms: Math.round(performance.now() - began),
      processMs: sinceStart(),
      namespace: worker.namespace,
      taskQueues: worker.taskQueues.join(','),
      connections: config.connections.map((connection) => connection.name).join(','),
      roots: config.worker.roots.map((root) => root.path).join(','),
    });
    o.onReady?.(worker);
    await ended;
    o.log('info', 'Stopped');
  } finally {
    unlisten();
  }
}

function onAbort(signal: AbortSignal, stop: (reason: string) => void): () => void {
  const aborted = (): void => stop('asked');
  if (signal.aborted) aborted();
  signal.addEventListener('abort', aborted, { once: true });
  return () => signal.removeEventListener('abort', aborted);
}

function onSignals(stop: (reason: string) => void): () => void {
  let asked = false;
  return onStopSignal((signal) => {
    if (asked) process.exit(1);
    asked = true;
    stop(signal);
  });
}
