#!/usr/bin/env node
import { onStopSignal } from '../worker/signals';
import type { CliDeps } from './deps';
import { runCli } from './program';

const deps: CliDeps = {
  env: process.env,
  cwd: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  connect: async (o) => (await import('../client/index.js')).AnaplanTemporalClient.connect(o),
  onSignal: (handler) => onStopSignal(handler),
};

// "| head" closes the pipe early, and a terminal that is closed takes nothing: that ends the output, not the command.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  });
}

runCli(process.argv.slice(2), deps).then(
  (exit) => {
    process.exitCode = exit;
    // An open handle of a library must not keep a finished command; what was written is flushed first.
    process.stdout.write('', () => process.stderr.write('', () => process.exit(exit)));
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
