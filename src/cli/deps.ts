import type { AnaplanTemporalClient, ConnectOptions } from '../client';
import type { StopSignal } from '../worker/signals';

/** Where a command writes. */
export interface Output {
  write(text: string): unknown;
  /** A person looks at it. */
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What commands take from the process, so that tests can run them without one. */
export interface CliDeps {
  env: NodeJS.ProcessEnv;
  cwd: string;
  stdin: NodeJS.ReadableStream & { isTTY?: boolean };
  stdout: Output;
  stderr: Output;
  /** Connects to Temporal. @throws AnaplanTemporalError */
  connect(o: ConnectOptions): Promise<AnaplanTemporalClient>;
  /** Listens to the signals that ask for an end; returns how to stop listening. */
  onSignal(handler: (signal: StopSignal) => void): () => void;
}

/** What a command is asked to end the process with. */
export type Exit = number;

/**
 * Listens to signals from now on and keeps the first for whoever listens next: a Ctrl-C between the start of a run and
 * the moment in which it is waited for would otherwise end the command, and the run go on unseen.
 */
export function keepSignals(deps: CliDeps): { deps: CliDeps; stop: () => void } {
  let kept: StopSignal | undefined;
  let handler: ((signal: StopSignal) => void) | undefined;
  const stop = deps.onSignal((signal) => {
    if (handler === undefined) kept ??= signal;
    else handler(signal);
  });
  const onSignal: CliDeps['onSignal'] = (next) => {
    handler = next;
    const early = kept;
    kept = undefined;
    if (early !== undefined) setImmediate(() => handler?.(early));
    return () => {
      handler = undefined;
    };
  };
  return { deps: { ...deps, onSignal }, stop };
}
