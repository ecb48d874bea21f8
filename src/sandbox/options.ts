import { compact } from './compact';
import type { Fault } from './faults';

/** Sizes of the sample model's synthetic data, which are computed by formula and never held in memory. */
const MODEL_DEFAULTS = {
  /** Size in bytes, at most, of what `Export Bulk` writes (whole rows). */
  exportBytes: 1_000_000,
  /** Largest chunk of an export file, in bytes: Anaplan's own default. */
  exportChunkBytes: 10_000_000,
  /** Largest chunk of a failure dump, in bytes: Anaplan's own default. */
  dumpChunkBytes: 10_000_000,
  /** Pages of the view `Bulk.All`. */
  viewPages: 5,
  /** Data rows on each page of a view read. */
  viewRowsPerPage: 1_000,
  /** Items of the list `Bulk Items`. */
  listItems: 5_000,
  /** Items on each page of a list read. */
  listRowsPerPage: 1_000,
};

/** How a sandbox tenant behaves unless it is told otherwise: as suits a person who tries things by hand. */
const DEFAULTS = {
  /** TCP port; 0 lets the system choose. */
  port: 0,
  /** Address to bind. The control routes need no token, so think before widening it. */
  host: '127.0.0.1',
  /** The user's e-mail. */
  user: 'demo@example.com',
  /** The user's password. */
  password: 'sandbox',
  /** How long a task runs, in ms; 0 completes it by the next poll. */
  taskDurationMs: 2_000,
  /** How long a task stays NOT_STARTED although the model is free, in ms. */
  taskStartDelayMs: 0,
  /** How long a task stays CANCELLING, in ms; a task that ends before that completes. */
  taskCancelMs: 500,
  /** Life of a token, in ms. */
  tokenLifeMs: 35 * 60_000,
  /** Size of the tenant's token bucket, refilled evenly over a minute; `false` switches it off. */
  requestsPerMinute: 600 as number | false,
  /** `disk` keeps uploaded bytes in a temporary folder until close; `digest` keeps sizes and digests only. */
  uploads: 'disk' as 'disk' | 'digest',
  /** How long a private file is kept after its last use, in ms; then imports read the default file. */
  fileLifeMs: 48 * 60 * 60_000,
  /** Copies of the sample model, `Sales Planning 2` and so on, beside the models that are always there. */
  copies: 0,
  /** Default and largest page of a list answer. */
  pageSize: 5_000,
  /** How long a large read stays NOT_STARTED, in ms. */
  readStartDelayMs: 0,
  /** Idle time after which a read request expires, in ms. */
  readIdleMs: 30 * 60_000,
  /** Read requests that may be open at once; one more is refused with 429. */
  readRequestLimit: 20,
  /** Whether every page of a tabular read begins with the header line, or only page 0. */
  readHeaders: 'every-page' as 'every-page' | 'first-page',
  /** Hold requests that Anaplan does not answer while a task runs. */
  holdWhileBusy: false,
  /** How long POST `/complete` takes, in ms. */
  completeDelayMs: 0,
  /** Order of a task list without `sort`; the documents contradict themselves. */
  taskOrder: 'ascending' as 'ascending' | 'descending',
  /** `live` wraps lists alike; `documented` also copies the bare and singular forms of the documents. */
  envelopes: 'live' as 'live' | 'documented',
  /** What stands for a field without a value: nothing, or `null`. */
  absent: 'omitted' as 'omitted' | 'null',
  /** Whether a log-out of the last user unloads the models, so that task IDs are gone. */
  unloadOnLogOut: true,
  /** Payloads of certificate log-ins that are accepted. */
  certificateFormats: ['v1', 'v2'] as readonly ('v1' | 'v2')[],
  /** Unit of the time stamp in v2 payloads. */
  certificateTimestamp: 'seconds' as 'seconds' | 'milliseconds',
  /** Polls of one task closer than this are noted as misuse, in ms: 5 s less a tolerance. */
  minPollMs: 4_800,
  /** A start sent again sooner than this after an unanswered one is noted as misuse, in ms. */
  startGraceMs: 60_000,
  /** How far the tenant's clock is from `clock`, in ms: its dates, and all that lasts or expires. */
  clockOffsetMs: 0,
  /** The time in epoch ms. */
  clock: Date.now as () => number,
};

/** Sizes of the sample model's synthetic data; what is not given is as in {@link MODEL_DEFAULTS}. */
export type ModelOptions = Partial<typeof MODEL_DEFAULTS>;

/** How a sandbox tenant behaves; what is not given is as in {@link DEFAULTS}. */
export interface SandboxOptions extends Partial<typeof DEFAULTS> {
  /** How long a large read takes until COMPLETE, in ms; as long as a task where not given. */
  readDurationMs?: number;
  /** PEM certificates of the user; without them any certificate that is valid now is taken. */
  certificates?: readonly string[];
  /** Sizes of the synthetic data. */
  model?: ModelOptions;
  /** Faults planned from the start. */
  faults?: readonly Fault[];
}

/** {@link SandboxOptions} with every default filled in. */
export type Settings = typeof DEFAULTS & {
  readDurationMs: number;
  certificates: readonly string[] | undefined;
  model: typeof MODEL_DEFAULTS;
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
export function resolveOptions({ model = {}, faults: _, ...options }: SandboxOptions): Settings {
  const given = { ...DEFAULTS, ...compact(options) };
  const settings: Settings = {
    ...given,
    readDurationMs: options.readDurationMs ?? given.taskDurationMs,
    certificates: options.certificates,
    model: { ...MODEL_DEFAULTS, ...compact(model) },
    clock: () => given.clock() + settings.clockOffsetMs,
  };
  return settings;
}
