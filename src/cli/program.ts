import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, CommanderError } from 'commander';
import { documentOf } from '../client/errors';
import { EXIT, INTEGRATIONS, tell } from '../contracts';
import { budgetCommand } from './commands/budget';
import { integrationCommand } from './commands/integration';
import { runSandboxCommand, sandboxCommand } from './commands/sandbox';
import { schedulesCommand } from './commands/schedules';
import { runWorkerCommand, workerCommand } from './commands/worker';
import { demoCommand, runDemoCommand } from './demo/command';
import type { CliDeps, Exit } from './deps';
import { documentOfError, exitOf } from './endings';
import { failureText } from './words';

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

/**
 * Runs the command line and answers its exit code. Never throws.
 *
 * The commands are names, flags and help; what they do is imported once one of them runs, so that `--help` answers at once.
 */
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
  for (const integration of INTEGRATIONS) {
    program.addCommand(
      integrationCommand(integration, async (_, flags) => {
        const { runIntegration } = await import('./run-integration.js');
        await set(runIntegration(integration, flags, deps));
      }),
    );
  }
  program.commandsGroup('Schedules:');
  schedulesCommand(program.command('schedules'), async (verb) => {
    const { scheduleVerbs } = await import('./run-schedules.js');
    await set(verb(scheduleVerbs(deps)));
  });
  program.commandsGroup('To look:');
  budgetCommand(program.command('budget'), async (flags) => {
    const { showBudget } = await import('./show-budget.js');
    await set(showBudget(flags, deps));
  });
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

/** Says why nothing was run: a document for machines, a sentence and what to do for people. */
function failed(error: unknown, said: string, args: readonly string[], deps: CliDeps): Exit {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok; // --help, --version
  const usage = error instanceof CommanderError;
  const document = usage
    ? documentOf({
        ...tell('InvalidInput', usageMessage(said, error), 'Add --help to see the options.'),
        effects: 'none',
      })
    : documentOfError(error, 'unknown');
  if (wantsJson(args)) deps.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
  // What commander refuses it has said itself.
  if (!usage) deps.stderr.write(`${failureText(document.failure)}\n`);
  return exitOf(document);
}

/** What commander said, as one sentence with its hint: `unknown option '--sorce'. Did you mean --source?` */
function usageMessage(said: string, error: CommanderError): string {
  const lines = said.split('\n').map((line) => line.trim());
  const first = lines.find((line) => line !== '') ?? error.message;
  const hint = lines.map((line) => /^\((Did you mean .*)\)$/.exec(line)?.[1]).find(Boolean);
  const message = first.replace(/^error: /, '');
  return hint === undefined ? message : `${message.replace(/\.$/, '')}. ${hint}`;
}
