/** A sandbox tenant in a process of its own, so that its memory and time are not the worker's. Options come as JSON. */
import { startSandbox, type SandboxOptions } from '../src/sandbox';

async function main(): Promise<void> {
  const sandbox = await startSandbox(JSON.parse(process.argv[2] ?? '{}') as SandboxOptions);
  process.stdout.write(`${sandbox.url}\n`);
  process.on('SIGTERM', () => {
    void sandbox.close().then(() => process.exit(0));
  });
}

void main();
