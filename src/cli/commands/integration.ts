import { Command } from 'commander';
import { commandOf, type IntegrationName } from '../../contracts';
import { REGISTRY } from '../../contracts/integrations';
import { optionsOf, type Flags } from '../integrations';
import { runFlags, type RunFlags } from '../shared-flags';

/** The command of an integration, as the registry describes it. */
export function integrationCommand(
  integration: IntegrationName,
  run: (integration: IntegrationName, flags: Flags & RunFlags) => Promise<void>,
): Command {
  const name = commandOf(integration);
  const { summary, example } = REGISTRY[integration];
  const command = new Command(name).description(summary);
  for (const option of optionsOf(integration)) command.addOption(option);
  return runFlags(command)
    .allowExcessArguments(false)
    .addHelpText(
      'after',
      `\nExample:\n  anaplan-temporal ${name} --workspace Finance --model Plan ${example}\n\n` +
        'Ctrl-C asks whether to detach or cancel; without a terminal SIGINT cancels and SIGTERM detaches (exit 1).\n' +
        'Exit codes: 0 success, 1 unexpected, 2 usage, 3 the action failed, 4 refused, 5 cancelled, 6 unavailable,\n' +
        '7 rows rejected, 8 source, target or transfer.',
    )
    .action((flags: Flags & RunFlags) => run(integration, flags));
}
