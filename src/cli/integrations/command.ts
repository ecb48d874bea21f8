import { Option, type Command } from 'commander';
import type {
  AcceptRejections,
  IntegrationInputs,
  IntegrationName,
  MappingParameter,
  Timeouts,
} from '../../contracts';
import { acceptRejectionsOption, compressOption, mappingOption, timeoutOption } from '../parse';

/** Flags as commander hands them over, by the names of the input's fields. */
export type Flags = Record<string, unknown>;

/** The command of one integration: which flags it has; they are the fields of its input. */
export interface IntegrationCommand<N extends IntegrationName = IntegrationName> {
  integration: N;
  summary: string;
  /** An example, without the flags that all have. */
  example: string;
  /** Adds the flags that only this integration has. */
  flags(command: Command): Command;
  /** Names of the fields those flags set. */
  fields: readonly (keyof IntegrationInputs[N] & string)[];
}

const COMMON = ['workspace', 'model', 'connection', 'localeName', 'timeouts'] as const;

/** Flags of every integration. */
export function commonFlags(command: Command): Command {
  return command
    .option('--workspace <name|id>', 'workspace; needed when the model is given by name')
    .option('--model <name|id>', 'model (required)')
    .option('--connection <name>', 'connection of the worker\'s configuration (default: "default")')
    .option('--locale <name>', "language of Anaplan's messages (default: en_US)")
    .option('--no-exclusive', 'do not wait for other runs on the same model or file')
    .option<Timeouts>(
      '--timeout <name=duration>',
      'bound of a wait: lock, modelUnavailable, unavailable, task, transfer, cancel; repeatable',
      timeoutOption,
    );
}

/** Flags of the integrations that start a task. */
export function startFlags(command: Command): Command {
  return command.option(
    '--start-again-if-unknown',
    'start the action again where nobody can tell whether it ran: it may then run twice',
  );
}

/** The fields of {@link startFlags}. */
export const START_FIELDS = ['startAgainIfUnknown'] as const;

/** Flags of the integrations that run an action. */
export function actionFlags(command: Command): Command {
  return startFlags(command)
    .option<MappingParameter[]>(
      '--mapping <type=name>',
      'answer to a prompt of the action, such as Version=Actual; repeatable',
      mappingOption,
    )
    .addOption(
      new Option(
        '--accept-rejections [n]',
        'succeed although rows were rejected: any number, up to N, or by action of a process (NAME=N,...)',
      )
        .preset('true')
        .argParser<AcceptRejections>(acceptRejectionsOption),
    )
    .option('--dumps <dir>', "directory for failure dumps (default: the worker's own)");
}

/** Where a flag has another name than its field: a repeatable flag names one, its field all. */
const FLAG_OF: Readonly<Record<string, string>> = {
  localeName: 'locale',
  timeouts: 'timeout',
  mappingParameters: 'mapping',
  uploads: 'upload',
  downloads: 'download',
};

/** The flag that sets a field of the input: `acceptRejections` is `--accept-rejections`. */
export function flagOf(field: string): string {
  return `--${(FLAG_OF[field] ?? field).replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
}

/** The fields of {@link actionFlags}. */
export const ACTION_FIELDS = ['mappingParameters', 'acceptRejections', 'dumps', ...START_FIELDS] as const;

/** `--target` and `--compress`. */
export function targetFlags(command: Command): Command {
  return command
    .option('--target <path|uri>', "file to write, on the worker's host, relative to its root (required)")
    .addOption(new Option('--compress [gzip]', 'write gzip').preset('gzip').argParser(compressOption));
}

/** `--check-header`. */
export function checkHeaderFlag(command: Command): Command {
  return command.addOption(
    new Option(
      '--check-header <mode>',
      'a source whose header line lacks columns of the import: fail before the upload, warn, or off (default: fail)',
    ).choices(['fail', 'warn', 'off']),
  );
}

/** `--source`. */
export function sourceFlag(command: Command): Command {
  return command.option(
    '--source <path|uri>',
    "file to upload, on the worker's host, relative to its root (required)",
  );
}

/** The input that the flags say: unchecked, without what was not given. */
export function inputOf(command: IntegrationCommand, flags: Flags): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const field of [...COMMON, ...command.fields]) {
    const value = flags[FLAG_OF[field] ?? field];
    if (value !== undefined) input[field] = value;
  }
  if (flags.exclusive === false) input.exclusive = false;
  return input;
}
