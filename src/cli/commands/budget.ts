import type { Command } from 'commander';
import { outputFlag, temporalFlags, type RunFlags } from '../shared-flags';

/** `anaplan-temporal budget` */
export function budgetCommand(command: Command, run: (flags: RunFlags) => Promise<void>): Command {
  return temporalFlags(
    outputFlag(
      command.description(
        'Show how the workers share the requests a minute of each tenant, and what they use',
      ),
    ),
  ).action(run);
}
