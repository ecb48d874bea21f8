import type { AnaplanTemporalClient, ConnectOptions } from '../client';

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
  /** Listens to SIGINT and SIGTERM; returns how to stop listening. */
  onSignal(handler: (signal: 'SIGINT' | 'SIGTERM') => void): () => void;
}

/** What a command is asked to end the process with. */
export type Exit = number;
