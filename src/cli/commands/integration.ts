import { Command } from 'commander';
import { commandOf } from '../../contracts';
import { commonFlags, type Flags, type IntegrationCommand } from '../integrations';
import { runFlags, type RunFlags } from '../shared-flags';

/** The commander command of an integration. */
export function integrationCommand(
  integration: IntegrationCommand,
  run: (integration: IntegrationCommand, flags: Flags & RunFlags) => Promise<void>,
): Command {
  const name = commandOf(integration.integration);
  const command = new Command(name).description(integration.summary);
  runFlags(commonFlags(integration.flags(command)));
  return command
    .allowExcessArguments(false)
    .addHelpText(
      'after',
      `\nExample:\n  anaplan-temporal ${name} --workspace Finance --model Plan ${integration.example}\n\n` +
        'Ctrl-C asks whether to detach or cancel; without a terminal SIGINT cancels and SIGTERM detaches (exit 1).\n' +
        'Exit codes: 0 success, 1 unexpected, 2 usage, 3 the action failed, 4 refused, 5 cancelled, 6 unavailable,\n' +
        '7 rows rejected, 8 source, target or transfer.',
    )
    .action((flags: Flags & RunFlags) => run(integration, flags));
}
