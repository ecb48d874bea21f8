import type { Fault } from './faults';

/** Sizes of the sample model's synthetic data. They are computed by formula and never held in memory. */
export interface ModelOptions {
  /** Size in bytes, at most, of what `Export Bulk` writes (whole rows). Default 1,000,000. */
  exportBytes?: number;
  /** Largest chunk of an export file, in bytes. Default 10,000,000 (seeds: "Parameter Types", chunks). */
  exportChunkBytes?: number;
  /** Largest chunk of a failure dump, in bytes. Default 10,000,000 (seeds: "Check dump file for failures"). */
  dumpChunkBytes?: number;
  /** Pages of the view `Bulk.All`. Default 5. */
  viewPages?: number;
  /** Data rows on each page of a view read. Default 1,000. */
  viewRowsPerPage?: number;
  /** Items of the list `Bulk Items`. Default 5,000. */
  listItems?: number;
  /** Items on each page of a list read. Default 1,000. */
  listRowsPerPage?: number;
}

/** How a sandbox tenant behaves. Every field has a default that suits a person who tries things by hand. */
export interface SandboxOptions {
  /** TCP port; 0 (default) lets the system choose. */
  port?: number;
  /** Address to bind. Default `127.0.0.1`: the control routes need no token, so think before widening it. */
  host?: string;
  /** The user's e-mail. Default `demo@example.com`. */
  user?: string;
  /** The user's password. Default `sandbox`. */
  password?: string;
  /** How long a task runs, in ms. Default 2,000; 0 completes it by the next poll. */
  taskDurationMs?: number;
  /** How long a task stays NOT_STARTED although the model is free, in ms. Default 0. */
  taskStartDelayMs?: number;
  /** How long a task stays CANCELLING, in ms; a task that ends before that completes. Default 500. */
  taskCancelMs?: number;
  /** Life of a token, in ms. Default 35 minutes. */
  tokenLifeMs?: number;
  /** Size of the tenant's token bucket, refilled evenly over a minute. Default 600; `false` switches it off. */
  requestsPerMinute?: number | false;
  /** `disk` (default) keeps uploaded bytes in a temporary folder until close; `digest` keeps sizes and digests only. */
  uploads?: 'disk' | 'digest';
  /** How long a private file is kept after its last use, in ms; then imports read the default file. Default 48 hours. */
  fileLifeMs?: number;
  /** Default and largest page of a list answer. Default 5,000. */
  pageSize?: number;
  /** How long a large read takes until COMPLETE, in ms. Default: `taskDurationMs`. */
  readDurationMs?: number;
  /** How long a large read stays NOT_STARTED, in ms. Default 0. */
  readStartDelayMs?: number;
  /** Idle time after which a read request expires, in ms. Default 30 minutes. */
  readIdleMs?: number;
  /** Read requests that may be open at once; one more is refused with 429. Default 20. */
  readRequestLimit?: number;
  /** Whether every page of a tabular read begins with the header line, or only page 0. Default `every-page`. */
  readHeaders?: 'every-page' | 'first-page';
  /** Hold requests that Anaplan does not answer while a task runs. Default false. */
  holdWhileBusy?: boolean;
  /** How long POST `/complete` takes, in ms. Default 0. */
  completeDelayMs?: number;
  /** Order of a task list without `sort`; the seeds contradict themselves. Default `ascending`. */
  taskOrder?: 'ascending' | 'descending';
  /** `live` (default) wraps lists alike; `documented` also copies the seeds' bare and singular forms. */
  envelopes?: 'live' | 'documented';
  /** What stands for a field without a value: nothing (default), or `null`. */
  absent?: 'omitted' | 'null';
  /** Whether a log-out of the last user unloads the models, so that task IDs are gone. Default true. */
  unloadOnLogOut?: boolean;
  /** Payloads of certificate log-ins that are accepted. Default both. */
  certificateFormats?: readonly ('v1' | 'v2')[];
  /** Unit of the time stamp in v2 payloads. Default `seconds`. */
  certificateTimestamp?: 'seconds' | 'milliseconds';
  /** PEM certificates of the user; without them any certificate that is valid now is taken. */
  certificates?: readonly string[];
  /** Polls of one task closer than this are noted as misuse. Default 4,800 (5 s less a tolerance). */
  minPollMs?: number;
  /** A start sent again sooner than this after an unanswered one is noted as misuse. Default 60,000. */
  startGraceMs?: number;
  /** Sizes of the synthetic data. */
  model?: ModelOptions;
  /** Faults planned from the start. */
  faults?: readonly Fault[];
  /** The time in epoch ms. Default `Date.now`. */
  clock?: () => number;
  /** How far the tenant's clock is from {@link clock}, in ms: its dates, and all that lasts or expires. Default 0. */
  clockOffsetMs?: number;
}

/** {@link SandboxOptions} with every default filled in. */
export type Settings = Required<Omit<SandboxOptions, 'model' | 'faults' | 'certificates'>> & {
  certificates: readonly string[] | undefined;
  model: Required<ModelOptions>;
};

/** Numbers that may be changed while the sandbox runs; running tasks and reads follow. */
const LIVE_NUMBERS = [
  'taskDurationMs',
  'taskStartDelayMs',
  'taskCancelMs',
  'tokenLifeMs',
  'fileLifeMs',
  'readDurationMs',
  'readStartDelayMs',
  'readIdleMs',
  'readRequestLimit',
  'completeDelayMs',
  'pageSize',
  'minPollMs',
  'startGraceMs',
  'clockOffsetMs',
] as const;

/** Choices that may be changed while the sandbox runs. */
const LIVE_CHOICES = {
  holdWhileBusy: [true, false],
  unloadOnLogOut: [true, false],
  absent: ['omitted', 'null'],
  readHeaders: ['every-page', 'first-page'],
  taskOrder: ['ascending', 'descending'],
  envelopes: ['live', 'documented'],
} as const;

/** Options that may be changed while the sandbox runs; of `model` what is made next has the new sizes. */
export type LiveOptions = Pick<
  SandboxOptions,
  (typeof LIVE_NUMBERS)[number] | keyof typeof LIVE_CHOICES | 'model'
>;

function liveNumber(name: string, value: unknown): number {
  const least = name === 'clockOffsetMs' ? -Infinity : 0;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < least)
    throw new Error(`${name} must be a number of 0 or more.`);
  return value;
}

/** Changes options while the sandbox runs. Nothing is changed where one of them cannot be. */
export function changeSettings(settings: Settings, options: Readonly<Record<string, unknown>>): void {
  const changes: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    const choices: readonly unknown[] | undefined = Object.entries(LIVE_CHOICES).find(
      ([choice]) => choice === name,
    )?.[1];
    if (choices !== undefined) {
      if (!choices.includes(value)) throw new Error(`${name} must be one of ${choices.join(', ')}.`);
      changes[name] = value;
    } else if (name === 'model' && typeof value === 'object' && value !== null) {
      const sizes = Object.entries(value).map(([size, count]) => {
        if (!(size in settings.model)) throw new Error(`model.${size} is not known.`);
        return [size, liveNumber(`model.${size}`, count)];
      });
      changes.model = { ...settings.model, ...Object.fromEntries(sizes) };
    } else if (LIVE_NUMBERS.some((known) => known === name)) {
      changes[name] = liveNumber(name, value);
    } else {
      const known = [...LIVE_NUMBERS, ...Object.keys(LIVE_CHOICES), 'model'];
      throw new Error(`${name} cannot be changed while the sandbox runs: ${known.join(', ')} can.`);
    }
  }
  Object.assign(settings, changes);
}

/** Fills in the defaults. */
export function resolveOptions(options: SandboxOptions): Settings {
  const taskDurationMs = options.taskDurationMs ?? 2_000;
  const clock = options.clock ?? Date.now;
  const settings: Settings = {
    port: options.port ?? 0,
    host: options.host ?? '127.0.0.1',
    user: options.user ?? 'demo@example.com',
    password: options.password ?? 'sandbox',
    taskDurationMs,
    taskStartDelayMs: options.taskStartDelayMs ?? 0,
    taskCancelMs: options.taskCancelMs ?? 500,
    tokenLifeMs: options.tokenLifeMs ?? 35 * 60_000,
    requestsPerMinute: options.requestsPerMinute ?? 600,
    uploads: options.uploads ?? 'disk',
    fileLifeMs: options.fileLifeMs ?? 48 * 60 * 60_000,
    pageSize: options.pageSize ?? 5_000,
    readDurationMs: options.readDurationMs ?? taskDurationMs,
    readStartDelayMs: options.readStartDelayMs ?? 0,
    readIdleMs: options.readIdleMs ?? 30 * 60_000,
    readRequestLimit: options.readRequestLimit ?? 20,
    readHeaders: options.readHeaders ?? 'every-page',
    holdWhileBusy: options.holdWhileBusy ?? false,
    completeDelayMs: options.completeDelayMs ?? 0,
    taskOrder: options.taskOrder ?? 'ascending',
    envelopes: options.envelopes ?? 'live',
    absent: options.absent ?? 'omitted',
    unloadOnLogOut: options.unloadOnLogOut ?? true,
    certificateFormats: options.certificateFormats ?? ['v1', 'v2'],
    certificateTimestamp: options.certificateTimestamp ?? 'seconds',
    certificates: options.certificates,
    minPollMs: options.minPollMs ?? 4_800,
    startGraceMs: options.startGraceMs ?? 60_000,
    clock: () => clock() + settings.clockOffsetMs,
    clockOffsetMs: options.clockOffsetMs ?? 0,
    model: {
      exportBytes: options.model?.exportBytes ?? 1_000_000,
      exportChunkBytes: options.model?.exportChunkBytes ?? 10_000_000,
      dumpChunkBytes: options.model?.dumpChunkBytes ?? 10_000_000,
      viewPages: options.model?.viewPages ?? 5,
      viewRowsPerPage: options.model?.viewRowsPerPage ?? 1_000,
      listItems: options.model?.listItems ?? 5_000,
      listRowsPerPage: options.model?.listRowsPerPage ?? 1_000,
    },
  };
  return settings;
}
