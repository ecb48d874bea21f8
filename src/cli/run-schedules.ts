/** What `anaplan-temporal schedules` does, once its flags are read. */
import type {
  AnaplanTemporalClient,
  Overlap,
  ScheduleDefinition,
  ScheduleDetails,
  ScheduleListing,
} from '../client';
import { AnaplanTemporalError } from '../client/errors';
import { commandOf, compact, type IntegrationName, INTEGRATIONS, issuesText, nearest } from '../contracts';
import { checkInput } from '../contracts/schemas';
import { integrationCommand } from './commands/integration';
import type { CreateFlags } from './commands/schedules';
import type { CliDeps, Exit } from './deps';
import { flagOf, inputOf, type Flags } from './integrations';
import { clean, span } from './render';
import { usageText } from './run-integration';
import type { RunFlags } from './shared-flags';
import { withClient as asking } from './with-client';

/** The commands of `schedules`, by name. Each answers the exit code. */
export type ScheduleVerbs = ReturnType<typeof scheduleVerbs>;

/** See {@link ScheduleVerbs}. */
export function scheduleVerbs(deps: CliDeps) {
  return {
    create: async (id: string, args: string[], flags: CreateFlags) => {
      // A wrong command is told whether Temporal answers or not.
      const definition = definitionOf(flags, args);
      return withClient(flags, deps, async (client) => {
        await client.schedules.create(id, definition);
        const made = await client.schedules.describe(id);
        return flags.output === 'json' ? made : `Created ${id}.\n${detailsText(made)}`;
      });
    },
    list: (flags: RunFlags) =>
      withClient(flags, deps, async (client) => {
        const all: ScheduleListing[] = [];
        for await (const one of client.schedules.list()) all.push(one);
        return flags.output === 'json' ? all : listText(all);
      }),
    describe: (id: string, flags: RunFlags) =>
      withClient(flags, deps, async (client) => {
        const details = await client.schedules.describe(id);
        return flags.output === 'json' ? details : detailsText(details);
      }),
    trigger: (id: string, flags: RunFlags & { overlap?: Overlap }) =>
      withClient(flags, deps, async (client) => {
        await client.schedules.trigger(id, flags.overlap);
        return done(flags, id, 'Triggered');
      }),
    pause: (id: string, flags: RunFlags & { note?: string }) =>
      withClient(flags, deps, async (client) => {
        await client.schedules.pause(id, flags.note);
        return done(flags, id, 'Paused');
      }),
    unpause: (id: string, flags: RunFlags & { note?: string }) =>
      withClient(flags, deps, async (client) => {
        await client.schedules.unpause(id, flags.note);
        return done(flags, id, 'Unpaused');
      }),
    backfill: (id: string, flags: RunFlags & { start: Date; end: Date; overlap?: Overlap }) =>
      withClient(flags, deps, async (client) => {
        const { start, end, overlap } = flags;
        await client.schedules.backfill(id, { start, end, ...compact({ overlap }) });
        return done(flags, id, 'Backfilling');
      }),
    delete: (id: string, flags: RunFlags) =>
      withClient(flags, deps, async (client) => {
        await client.schedules.delete(id);
        return done(flags, id, 'Deleted');
      }),
  };
}

/** Takes the command and options after `--` apart, with the very parser of that command. */
export function parseScheduled(args: readonly string[]): {
  integration: IntegrationName;
  flags: Flags & RunFlags;
} {
  // An ID that begins with a dash comes after a "--" of its own: schedules create --cron ... -- -nightly -- run-action ...
  const [name = '', ...rest] = args[0] === '--' ? args.slice(1) : args;
  const integration = INTEGRATIONS.find((candidate) => commandOf(candidate) === name);
  if (integration === undefined) {
    const known = INTEGRATIONS.map(commandOf);
    const meant = nearest(name, known);
    const hint = meant === undefined ? `It is one of ${known.join(', ')}.` : `Did you mean "${meant}"?`;
    const what =
      name === '' ? 'After "--" comes the command to run' : `"${name}" is not an integration command`;
    throw new AnaplanTemporalError('InvalidInput', `${what}. ${hint}`);
  }
  let found: (Flags & RunFlags) | undefined;
  const parser = integrationCommand(integration, (_, flags) => {
    found = flags;
    return Promise.resolve();
  });
  let said = '';
  parser
    .exitOverride()
    .configureOutput({ writeErr: (text) => (said += text), writeOut: (text) => (said += text) });
  try {
    parser.parse(rest, { from: 'user' });
  } catch {
    throw new AnaplanTemporalError('InvalidInput', said.trim() || `The options of ${name} cannot be read.`);
  }
  for (const flag of ['detach', 'id', 'onClosed', 'summary'] as const) {
    if (found?.[flag] !== undefined) {
      throw new AnaplanTemporalError('InvalidInput', `${flagOf(flag)} means nothing in a schedule.`, {
        remedy: 'Leave it out.',
      });
    }
  }
  for (const flag of ['config', 'address', 'namespace', 'profile'] as const) {
    if (found?.[flag] !== undefined) {
      throw new AnaplanTemporalError('InvalidInput', `${flagOf(flag)} says where the schedule is.`, {
        remedy: 'It belongs before "--".',
      });
    }
  }
  return { integration, flags: found ?? {} };
}

/** The definition that `schedules create` describes. */
function definitionOf(flags: CreateFlags, args: readonly string[]): ScheduleDefinition {
  const { integration, flags: of } = parseScheduled(args);
  const check = checkInput(integration, inputOf(integration, of));
  if (!check.ok) {
    throw new AnaplanTemporalError('InvalidInput', `The input is not valid: ${usageText(check.issues)}.`, {
      issues: check.issues,
      remedy: `See "anaplan-temporal ${commandOf(integration)} --help".`,
    });
  }
  const taskQueue = of.taskQueue ?? flags.taskQueue;
  return {
    integration,
    input: check.input,
    cron: flags.cron,
    ...compact({
      taskQueue,
      timeZone: flags.timeZone,
      overlap: flags.overlap,
      catchupWindow: flags.catchupWindow,
      jitter: flags.jitter,
      pauseOnFailure: flags.pauseOnFailure,
      paused: flags.paused,
      note: flags.note,
    }),
  };
}

/** As for every command; errors are told in the flags of a schedule. */
function withClient(
  flags: RunFlags,
  deps: CliDeps,
  run: (client: AnaplanTemporalClient) => Promise<string | object>,
): Promise<Exit> {
  return asking(flags, deps, run, inFlagsOf);
}

/** An error of the client over fields of a schedule, with the flags that set them; `id` is no flag here. */
function inFlagsOf(error: unknown): unknown {
  if (!(error instanceof AnaplanTemporalError) || !error.message.endsWith(`: ${issuesText(error.issues)}.`))
    return error;
  const named = error.issues.map((issue) => (issue.path === 'id' ? { ...issue, path: '<id>' } : issue));
  return new AnaplanTemporalError(error.type, `The schedule is not valid: ${usageText(named)}.`, {
    issues: error.issues,
    remedy: 'See "anaplan-temporal schedules create --help".',
    cause: error,
  });
}

function done(flags: RunFlags, id: string, what: string): string | object {
  return flags.output === 'json' ? { id, done: what.toLowerCase() } : `${what} ${id}.\n`;
}

/** So wide is the column of IDs at most: one that is longer makes no other line longer. */
const ID_WIDTH = 60;

/** The lines of `schedules list`: one for each schedule, whatever characters its ID has. */
export function listText(all: readonly ScheduleListing[]): string {
  if (all.length === 0) return 'There is no schedule.\n';
  const width = Math.min(ID_WIDTH, Math.max(...all.map((one) => one.id.length)));
  return all
    .map((one) => {
      const next = one.paused ? 'paused' : (one.nextRuns[0]?.toISOString() ?? 'never');
      return `${clean(one.id).padEnd(width)}  ${one.integration.padEnd(16)}  ${next}\n`;
    })
    .join('');
}

function detailsText(d: ScheduleDetails): string {
  const line = (label: string, text: string): string => `${label.padEnd(12)}${clean(text)}`;
  const lines = [
    line('Runs', `${d.integration} on task queue ${d.taskQueue}`),
    line('Input', JSON.stringify(d.input)),
    line('When', `${d.cron?.join('; ') ?? 'see the Temporal UI'} (${d.timeZone})`),
    line(
      'Overlap',
      `${d.overlap}, catch-up window ${span(d.catchupWindowMs)}${d.jitterMs === undefined ? '' : `, jitter ${span(d.jitterMs)}`}`,
    ),
    line('State', `${d.paused ? 'paused' : 'active'}${d.note === undefined ? '' : `: ${d.note}`}`),
    line(
      'Next',
      d.nextRuns
        .slice(0, 3)
        .map((time) => time.toISOString())
        .join(', ') || 'never',
    ),
    line('So far', `${d.runs.taken} started, ${d.runs.skipped} skipped, ${d.runs.missed} missed`),
    ...d.recentRuns.slice(-5).map((run) => line('', `${run.takenAt.toISOString()} ${run.workflowId}`)),
  ];
  return `${lines.join('\n')}\n`;
}
