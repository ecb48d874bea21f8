import { Option, type Command } from 'commander';
import { ON_CLOSED, type OnClosed } from '../client/choices';

/** Flags of every command that talks to Temporal. */
export interface TemporalFlags {
  config?: string;
  address?: string;
  namespace?: string;
  profile?: string;
  taskQueue?: string;
}

/** Flags of the commands that start a run. */
export interface RunFlags extends TemporalFlags {
  id?: string;
  onClosed?: OnClosed;
  summary?: string;
  detach?: boolean;
  output?: 'text' | 'json';
}

/** Adds `--config`, `--address`, `--namespace`, `--profile`, `--task-queue`. */
export function temporalFlags(command: Command): Command {
  return command
    .option('--task-queue <name>', 'task queue of the workers (default: anaplan)')
    .option(
      '--config <file>',
      'configuration (default: ANAPLAN_TEMPORAL_CONFIG, else anaplan-temporal.yaml here)',
    )
    .option(
      '--address <host:port>',
      'Temporal (default: TEMPORAL_ADDRESS, temporal.toml, else localhost:7233)',
    )
    .option(
      '--namespace <name>',
      'Temporal namespace (default: TEMPORAL_NAMESPACE, temporal.toml, else default)',
    )
    .option('--profile <name>', 'profile of temporal.toml');
}

/** `-o json`. */
export function outputFlag(command: Command): Command {
  return command.addOption(
    new Option('-o, --output <format>', 'text for people, json for machines')
      .choices(['text', 'json'])
      .default('text'),
  );
}

/** Adds the flags of {@link RunFlags}. */
export function runFlags(command: Command): Command {
  return temporalFlags(
    outputFlag(
      command
        .option('--id <id>', 'workflow ID: an open run of it with the same input is joined')
        .addOption(
          new Option(
            '--on-closed <what>',
            'when the run of --id has ended: start a new one, return its result, or refuse (default: rerun)',
          ).choices(ON_CLOSED),
        )
        .option('--summary <text>', 'line for the run in the Temporal UI')
        .option('--detach', 'print the workflow ID and leave; the run goes on'),
    ),
  );
}
