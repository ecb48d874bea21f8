/**
 * The fields of inputs, each described once: the schema, the flag, its help and the row of the documents follow from
 * here. Kept out of the index of this room, because workflows import that and need none of it.
 */
import type {
  AcceptRejections,
  ActionInput,
  CheckHeader,
  CommonInput,
  Compress,
  MappingParameter,
  ProcessDownload,
  ProcessUpload,
  RunPriority,
  StartingInput,
  Timeouts,
} from './inputs';

/**
 * What a field holds. `schemas.ts` has a schema for each kind, the command line a parser for those that are no plain
 * texts; an object is given by exact name or ID.
 */
export interface KindValues {
  object: string;
  text: string;
  path: string;
  flag: boolean;
  timeouts: Timeouts;
  parallelChunks: number;
  compress: Compress;
  checkHeader: CheckHeader;
  priority: RunPriority;
  acceptRejections: AcceptRejections;
  mappingParameters: MappingParameter[];
  uploads: ProcessUpload[];
  downloads: ProcessDownload[];
}

/** One of {@link KindValues}. */
export type FieldKind = keyof KindValues;

/** Each kind in the documents, as Markdown. */
export const KIND_NAMES: Readonly<Record<FieldKind, string>> = {
  object: 'text',
  text: 'text',
  path: 'path or URI',
  flag: 'boolean',
  timeouts: 'object',
  parallelChunks: 'number from 1 to 8',
  compress: '`"gzip"` or boolean',
  checkHeader: '`"fail"`, `"warn"` or `"off"`',
  priority: '`"high"`, `"normal"` or `"low"`',
  acceptRejections: 'boolean, number, or map by action name',
  mappingParameters: 'list of `{entityType, entityName}`',
  uploads: 'list of `{file, source}`',
  downloads: 'list of `{export, target}`',
};

/** One field of an input. */
export interface Field<K extends FieldKind = FieldKind> {
  kind: K;
  required?: true;
  /** The flag that sets it, such as `--source <path|uri>`. */
  flag: string;
  /** What `--help` says of the flag; that it is required is added. */
  help: string;
  /** What the documents say of the field, as Markdown. */
  meaning: string;
}

/** The kinds that hold a value. */
type KindOf<V> = { [K in FieldKind]: [V, KindValues[K]] extends [KindValues[K], V] ? K : never }[FieldKind];

/** A description of each field of an input: of a kind that holds what the field holds, required where the field is. */
export type FieldsOf<I> = {
  [F in keyof I]-?: Field<KindOf<Exclude<I[F], undefined>>> &
    (object extends Pick<I, F> ? { required?: never } : { required: true });
};

/** The fields of `CommonInput`. */
const COMMON = {
  workspace: {
    kind: 'object',
    flag: '--workspace <name|id>',
    help: 'workspace; needed when the model is given by name',
    meaning: 'Workspace. Needed when `model` is a name.',
  },
  model: { kind: 'object', required: true, flag: '--model <name|id>', help: 'model', meaning: 'Model.' },
  connection: {
    kind: 'text',
    flag: '--connection <name>',
    help: 'connection of the worker\'s configuration (default: "default")',
    meaning: 'Connection of the worker’s configuration. Default `default`.',
  },
  localeName: {
    kind: 'text',
    flag: '--locale <name>',
    help: "language of Anaplan's messages (default: en_US)",
    meaning: 'Language of Anaplan’s messages, not of numbers or dates. Default `en_US`.',
  },
  exclusive: {
    kind: 'flag',
    flag: '--no-exclusive',
    help: 'do not wait for other runs on the same model or file',
    meaning: 'Wait for other runs on the same model or file. Default `true`.',
  },
  priority: {
    kind: 'priority',
    flag: '--priority <class>',
    help: 'among runs that wait for the model: high, normal or low (default: normal)',
    meaning:
      'Among runs that wait for the model or a file: `high` goes before normal ones that came up to an hour earlier, `low` after those that come up to an hour later. Default `normal`.',
  },
  timeouts: {
    kind: 'timeouts',
    flag: '--timeout <name=duration>',
    help: 'bound of a wait: lock, modelUnavailable, unavailable, task, transfer, cancel; repeatable',
    meaning: 'Bounds of the waits, see [time-outs](configuration.md#time-outs).',
  },
} as const satisfies FieldsOf<CommonInput>;

/** What `StartingInput` adds. */
const STARTING = {
  startAgainIfUnknown: {
    kind: 'flag',
    flag: '--start-again-if-unknown',
    help: 'start the action again where nobody can tell whether it ran: it may then run twice',
    meaning:
      'An operator’s word that the action may run twice: where nobody can tell whether it started, it is started again. Default `false`: `AmbiguousTaskStart`.',
  },
} as const satisfies FieldsOf<Omit<StartingInput, keyof CommonInput>>;

/** What `ActionInput` adds. */
const ACTION = {
  ...STARTING,
  mappingParameters: {
    kind: 'mappingParameters',
    flag: '--mapping <type=name>',
    help: 'answer to a prompt of the action, such as Version=Actual; repeatable',
    meaning: 'Answers to the prompts of the action.',
  },
  acceptRejections: {
    kind: 'acceptRejections',
    flag: '--accept-rejections [n]',
    help: 'succeed although rows were rejected: any number, up to N, or by action of a process (NAME=N,...)',
    meaning:
      'How many rejected rows still are a success. Default `false`: none. See [rejected rows](results-and-failures.md#rejected-rows).',
  },
  dumps: {
    kind: 'path',
    flag: '--dumps <dir>',
    help: "directory for failure dumps (default: the worker's own)",
    meaning: 'Directory for failure dumps. Default: [the worker’s own](configuration.md#dumps-and-modes).',
  },
} as const satisfies FieldsOf<Omit<ActionInput, keyof CommonInput>>;

/** What the inputs share, by the interface that they extend; `common` is in all of them. */
export const SHARED_FIELDS = { common: COMMON, starting: STARTING, action: ACTION } as const;

/** `file`, where it is what the integration is about. */
export const FILE = {
  kind: 'object',
  required: true,
  flag: '--file <name|id>',
  help: 'file of the model',
  meaning: 'File of the model.',
} as const satisfies Field;

/** `source` */
export const SOURCE = {
  kind: 'path',
  required: true,
  flag: '--source <path|uri>',
  help: "file to upload, on the worker's host, relative to its root",
  meaning: 'File to upload, on the worker’s host.',
} as const satisfies Field;

/** `target` and `compress` */
export const TARGET = {
  target: {
    kind: 'path',
    required: true,
    flag: '--target <path|uri>',
    help: "file to write, on the worker's host, relative to its root",
    meaning: 'File to write, on the worker’s host. An existing one is replaced, at the end.',
  },
  compress: {
    kind: 'compress',
    flag: '--compress [gzip]',
    help: 'write gzip',
    meaning: 'Write gzip. Default `false`.',
  },
} as const satisfies Record<string, Field>;

/** `parallelChunks` */
export const PARALLEL_CHUNKS = {
  kind: 'parallelChunks',
  flag: '--parallel-chunks <n>',
  help: 'chunks of an upload that are sent at a time, 1 to 8 (default: as the connection is configured, else 1)',
  meaning:
    'Chunks of an upload that are sent at a time. Default: [as the connection is configured](configuration.md#the-file), else 1. See [speed](upload-import.md#speed).',
} as const satisfies Field;

/** `checkHeader` */
export const CHECK_HEADER = {
  kind: 'checkHeader',
  flag: '--check-header <mode>',
  help: 'a source whose header line lacks columns of the import: fail before the upload, warn, or off (default: fail)',
  meaning:
    'What happens when the header line of a source lacks columns that the import was made with: refused before the first byte, a warning in the result, or not looked at. Default `fail`.',
} as const satisfies Field;
