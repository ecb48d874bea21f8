/** The signals by which a process is asked to end. */
export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

const SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Within this time another signal is the same wish, told twice: Ctrl-C reaches every process of a terminal, and npm,
 * shells and supervisors pass on what they got to processes that have it already. Taken for a second Ctrl-C it would
 * end a clean-up.
 */
const SAME_MS = 1_500;

/** How often it is looked whether the process that started this one is still there. */
const PARENT_MS = 1_000;

/**
 * Tells of each signal that asks this process to end, once.
 *
 * Under npm and npx a shell stands between them and this process, and many shells do not pass on a signal that they
 * die of. So the loss of the parent counts as SIGTERM there.
 *
 * @returns how to stop listening; a repetition of the last signal is still swallowed then
 */
export function onStopSignal(handler: (signal: StopSignal) => void, env = process.env): () => void {
  let heardAt = -Infinity;
  let listening = true;
  const hear = (signal: StopSignal): void => {
    const now = performance.now();
    if (now - heardAt < SAME_MS) return;
    heardAt = now;
    if (listening) handler(signal);
  };
  for (const signal of SIGNALS) process.on(signal, hear);
  const parent = env['npm_command'] === undefined ? undefined : watchParent(() => hear('SIGTERM'));
  return () => {
    listening = false;
    clearInterval(parent);
    const off = (): void => {
      for (const signal of SIGNALS) process.off(signal, hear);
    };
    const left = heardAt + SAME_MS - performance.now();
    if (left > 0) setTimeout(off, left).unref();
    else off();
  };
}

function watchParent(gone: () => void): NodeJS.Timeout {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    gone();
  }, PARENT_MS);
  return timer.unref();
}
