import { Option, type Command } from 'commander';
import { commandOf, compact, EXIT, INTEGRATIONS } from '../../contracts';
import type { CliDeps, Exit } from '../deps';

/** Flags of `demo`. */
export interface DemoFlags {
  keep?: boolean;
  wait?: boolean;
  only?: string;
}

/** `anaplan-temporal demo` */
export function demoCommand(command: Command, run: (flags: DemoFlags) => Promise<void>): Command {
  return command
    .description(
      'Show every integration: a Temporal server, a sandbox tenant and a worker, all on this machine',
    )
    .option('--keep', 'stay open at the end, so that the links can be followed (default on a terminal)')
    .option('--no-wait', 'end at once (default without a terminal)')
    .addOption(new Option('--only <integration>', 'run only this one').choices(INTEGRATIONS.map(commandOf)))
    .action(run);
}

/** Runs the demo. Exit 0 when every integration succeeded. */
export async function runDemoCommand(flags: DemoFlags, deps: CliDeps): Promise<Exit> {
  const terminal = deps.stdin.isTTY === true && deps.stdout.isTTY === true;
  const stay = flags.keep === true || (flags.wait !== false && terminal);
  try {
    const { runDemo } = await import('./demo.js');
    return await runDemo(deps, { stay, ...compact({ only: flags.only }) });
  } catch (error) {
    deps.stderr.write(`The demo could not run: ${error instanceof Error ? error.message : String(error)}\n`);
    return EXIT.unexpected;
  }
}
