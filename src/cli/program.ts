import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, CommanderError } from 'commander';
import { AnaplanTemporalError, documentOf } from '../client';
import { EXIT, FAILURES } from '../contracts';
import { integrationCommand } from './commands/integration';
import { runSandboxCommand, sandboxCommand } from './commands/sandbox';
import { schedulesCommand, withClient } from './commands/schedules';
import { runWorkerCommand, workerCommand } from './commands/worker';
import { demoCommand, runDemoCommand } from './demo/command';
import type { CliDeps, Exit } from './deps';
import { INTEGRATION_COMMANDS } from './integrations';
import { runIntegration } from './run-integration';

function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(resolve(__dirname, '..', '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}

/** Whether the command line asks for JSON, before it is known to be right. */
export function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  const own = end < 0 ? args : args.slice(0, end);
  return own.some(
    (arg, i) =>
      /^(-o|--output=)=?json$/.test(arg) || ((arg === '-o' || arg === '--output') && own[i + 1] === 'json'),
  );
}

/** Runs the command line and answers its exit code. Never throws. */
export async function runCli(args: readonly string[], deps: CliDeps): Promise<Exit> {
  let exit: Exit = EXIT.ok;
  const set = async (code: Promise<Exit>): Promise<void> => {
    exit = await code;
  };
  const program = new Command('anaplan-temporal')
    .description('Anaplan integrations as durable Temporal workflows')
    .version(packageVersion())
    .configureHelp({ sortSubcommands: false })
    .showHelpAfterError('(--help shows the options)')
    .showSuggestionAfterError(true);

  program.commandsGroup('Integrations:');
  for (const integration of INTEGRATION_COMMANDS) {
    program.addCommand(
      integrationCommand(integration, (command, flags) => set(runIntegration(command, flags, deps))),
    );
  }
  program.commandsGroup('Schedules:');
  schedulesCommand(program.command('schedules'), (flags, run) => set(withClient(flags, deps, run)));
  program.commandsGroup('To run:');
  workerCommand(program.command('worker'), (flags) => set(runWorkerCommand(flags, deps)));
  sandboxCommand(program.command('sandbox'), (flags) => set(runSandboxCommand(flags, deps)));
  demoCommand(program.command('demo'), (flags) => set(runDemoCommand(flags, deps)));

  let said = '';
  const configure = (command: Command): void => {
    command.exitOverride().configureOutput({
      writeOut: (text) => deps.stdout.write(text),
      writeErr: (text) => {
        said += text;
        deps.stderr.write(text);
      },
    });
    command.commands.forEach(configure);
  };
  configure(program);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exit;
  } catch (error) {
    return failed(error, said, args, deps);
  }
}

function failed(error: unknown, said: string, args: readonly string[], deps: CliDeps): Exit {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok; // --help, --version
  const usage = error instanceof CommanderError;
  const type = error instanceof AnaplanTemporalError ? error.type : usage ? 'InvalidInput' : 'InternalError';
  const message = usage
    ? (said.trim().split('\n', 1)[0] ?? error.message).replace(/^error: /, '')
    : error instanceof Error
      ? error.message
      : String(error);
  if (wantsJson(args)) {
    const remedy = usage ? { remedy: 'Add --help to see the options.' } : {};
    const document = documentOf(type, message, { effects: 'none', ...remedy });
    deps.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
  }
  if (!usage) deps.stderr.write(`${message}\n`);
  return FAILURES[type].exit;
}
