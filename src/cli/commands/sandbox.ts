import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { compact, EXIT } from '../../contracts';
import type { Fault, Sandbox, TenantEntry } from '../../sandbox';
import { decodeText } from '../../anaplan/auth/text';
import type { CliDeps, Exit } from '../deps';
import { countOption } from '../parse';

/** Flags of `sandbox`. */
export interface SandboxFlags {
  port: number;
  host?: string;
  user?: string;
  password?: string;
  faults?: string;
  taskDuration?: number;
}

/** `anaplan-temporal sandbox` */
export function sandboxCommand(command: Command, run: (flags: SandboxFlags) => Promise<void>): Command {
  return command
    .description('Run a sandbox tenant: an Anaplan to try integrations against, without an account')
    .option('--port <n>', 'port, 0 for a free one', countOption(0, 65_535), 8080)
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--user <email>', 'user who can log in')
    .option('--password <text>', 'password of that user: one made up for this, it is printed')
    .option('--faults <file>', 'JSON list of planned faults')
    .option('--task-duration <ms>', 'how long a task runs', countOption(0, 3_600_000))
    .action(run);
}

function faultsOf(file: string, cwd: string): Fault[] {
  const parsed: unknown = JSON.parse(decodeText(readFileSync(resolve(cwd, file))));
  if (!Array.isArray(parsed)) throw new Error('it must hold a JSON list of faults');
  return parsed as Fault[];
}

/** The tenant's objects as a table, grouped by kind. */
export function tenantTable(entries: readonly TenantEntry[]): string {
  const width = Math.max(0, ...entries.map((entry) => entry.name.length));
  return entries
    .map(({ kind, id, name, note }) => {
      const tail = note === undefined || note === '' ? '' : `  ${note}`;
      return `  ${kind.padEnd(10)}${name.padEnd(width)}  ${id}${tail}`.trimEnd();
    })
    .join('\n');
}

function shellQuoted(text: string): string {
  return /^[\w@.:/-]+$/.test(text) ? text : `'${text.replace(/'/g, `'\\''`)}'`;
}

/** Runs the tenant until SIGINT or SIGTERM. */
export async function runSandboxCommand(flags: SandboxFlags, deps: CliDeps): Promise<Exit> {
  let faults: Fault[] = [];
  try {
    if (flags.faults !== undefined) faults = faultsOf(flags.faults, deps.cwd);
  } catch (error) {
    deps.stderr.write(`The faults in ${flags.faults} cannot be read: ${(error as Error).message}.\n`);
    return EXIT.usage;
  }
  const { describeTenant, startSandbox } = await import('../../sandbox/index.js');
  let sandbox: Sandbox;
  try {
    sandbox = await startSandbox({
      port: flags.port,
      faults,
      ...compact({
        host: flags.host,
        user: flags.user,
        password: flags.password,
        taskDurationMs: flags.taskDuration,
      }),
    });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why =
      code === 'EADDRINUSE'
        ? `port ${flags.port} is in use; choose another with --port`
        : (error as Error).message;
    deps.stderr.write(`The sandbox cannot start: ${why}.\n`);
    return EXIT.unexpected;
  }
  const { user, password } = sandbox.credentials;
  deps.stdout.write(
    [
      `Sandbox tenant at ${sandbox.url}`,
      '',
      'For a worker in another terminal:',
      `  export ANAPLAN_API_URL=${sandbox.url} ANAPLAN_AUTH_URL=${sandbox.url}`,
      `  export ANAPLAN_USER=${shellQuoted(user)} ANAPLAN_PASSWORD=${shellQuoted(password)}`,
      '  anaplan-temporal worker',
      '',
      'Its objects:',
      tenantTable(describeTenant(sandbox)),
      '',
      'Ctrl-C ends it.',
      '',
    ].join('\n'),
  );
  await new Promise<void>((done) => {
    const unlisten = deps.onSignal(() => {
      unlisten();
      done();
    });
  });
  await sandbox.close();
  return EXIT.ok;
}
