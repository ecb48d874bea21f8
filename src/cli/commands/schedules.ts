import { InvalidArgumentError, Option, type Command } from 'commander';
import { OVERLAPS, type Overlap } from '../../client/choices';
import type { Exit } from '../deps';
import { timeOption } from '../parse';
import type { ScheduleVerbs } from '../run-schedules';
import { outputFlag, temporalFlags, type RunFlags } from '../shared-flags';

/** Flags of `schedules create`. */
export interface CreateFlags extends RunFlags {
  cron: string[];
  timeZone?: string;
  overlap?: Overlap;
  catchupWindow?: string;
  jitter?: string;
  pauseOnFailure?: boolean;
  paused?: boolean;
  note?: string;
}

const overlapFlag = (): Option =>
  new Option('--overlap <policy>', 'what to do while the run before still goes on (default: SKIP)')
    .choices(OVERLAPS)
    .argParser((value: string): Overlap => {
      const wanted = value.toUpperCase().replace(/-/g, '_');
      const known = OVERLAPS.find((policy) => policy === wanted);
      if (known === undefined) throw new InvalidArgumentError(`It must be one of ${OVERLAPS.join(', ')}.`);
      return known;
    });

/**
 * `anaplan-temporal schedules ...`
 *
 * @param run gives what the commands do, once one of them is asked for
 */
export function schedulesCommand(
  command: Command,
  run: (verb: (verbs: ScheduleVerbs) => Promise<Exit>) => Promise<void>,
): Command {
  const sub = (usage: string, description: string): Command =>
    temporalFlags(outputFlag(command.command(usage).description(description)));
  command.description(
    'Schedules of integrations: create, list, describe, trigger, pause, unpause, backfill, delete',
  );

  const create = sub('create <id>', 'Create a schedule of an integration command, given after "--"')
    .requiredOption(
      '--cron <line>',
      'five fields, such as "0 6 * * 1-5"; repeatable',
      (line: string, before: string[] = []) => [...before, line],
    )
    .option('--time-zone <name>', 'IANA time zone of the cron lines (default: UTC)')
    .addOption(overlapFlag())
    .option(
      '--catchup-window <duration>',
      'how late a run may start after Temporal was down (default: a year)',
    )
    .option('--jitter <duration>', 'start up to this much later, at random')
    .option('--pause-on-failure', 'pause the schedule when a run fails')
    .option('--paused', 'create it paused')
    .option('--note <text>', 'a word for whoever looks at it')
    .argument('<command...>', 'an integration command with its options, after "--"')
    .addHelpText(
      'after',
      '\nExample:\n  anaplan-temporal schedules create nightly-sales --cron "0 6 * * 1-5" --time-zone Europe/London \\\n' +
        '    -- upload-import --workspace Finance --model Plan --import "Load sales" --source data/sales.csv',
    );
  create.action((id: string, args: string[], flags: CreateFlags) =>
    run((verbs) => verbs.create(id, args, flags)),
  );

  sub('list', 'List the schedules made by this tool').action((flags: RunFlags) =>
    run((verbs) => verbs.list(flags)),
  );
  sub('describe <id>', 'Show a schedule').action((id: string, flags: RunFlags) =>
    run((verbs) => verbs.describe(id, flags)),
  );
  sub('trigger <id>', 'Start a run now')
    .addOption(overlapFlag())
    .action((id: string, flags: RunFlags) => run((verbs) => verbs.trigger(id, flags)));
  for (const [name, what] of [
    ['pause', 'Pause'],
    ['unpause', 'Go on with'],
  ] as const) {
    sub(`${name} <id>`, `${what} a schedule`)
      .option('--note <text>', 'why')
      .action((id: string, flags: RunFlags) => run((verbs) => verbs[name](id, flags)));
  }
  sub('backfill <id>', 'Start the runs that were due between two times')
    .requiredOption('--start <time>', 'such as 2025-06-01T00:00:00Z (UTC without an offset)', timeOption)
    .requiredOption('--end <time>', 'end of the time', timeOption)
    .addOption(overlapFlag())
    .action((id: string, flags: RunFlags & { start: Date; end: Date }) =>
      run((verbs) => verbs.backfill(id, flags)),
    );
  sub('delete <id>', 'Delete a schedule; runs that it started go on').action((id: string, flags: RunFlags) =>
    run((verbs) => verbs.delete(id, flags)),
  );
  return command;
}
