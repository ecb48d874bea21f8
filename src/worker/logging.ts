import type { LogLevel, LogMetadata, Logger } from '@temporalio/common';
import { Runtime } from '@temporalio/worker';

/** `text` for people, `json` for collectors: one object a line. */
export type LogFormat = 'text' | 'json';

/** What the worker and its activities log with. */
export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields?: Record<string, unknown>,
) => void;

const RANK: Record<LogLevel, number> = { TRACE: 0, DEBUG: 1, INFO: 2, WARN: 3, ERROR: 4 };

/** Fields of the SDK that tell a reader of the log where a line belongs; the rest of its metadata is noise. */
const SDK_FIELDS = ['workflowId', 'runId', 'workflowType', 'activityType', 'attempt', 'taskQueue'] as const;

/** A value as one short text. Errors lose their stacks: the first line is the sentence a person needs. */
function short(value: unknown): unknown {
  if (value instanceof Error) return value.message.split('\n', 1)[0];
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  return value;
}

function written(value: unknown): string {
  const text = String(short(value));
  return /[\s"=]/.test(text) ? JSON.stringify(text) : text;
}

/** One line of the log, without its line break. */
export function formatLine(
  format: LogFormat,
  at: Date,
  level: LogLevel,
  message: string,
  fields: Record<string, unknown>,
): string {
  const kept = Object.entries(fields).filter(([, value]) => value !== undefined);
  if (format === 'json') {
    const shown = Object.fromEntries(kept.map(([key, value]) => [key, short(value)]));
    return JSON.stringify({ time: at.toISOString(), level: level.toLowerCase(), message, ...shown });
  }
  const tail = kept.map(([key, value]) => ` ${key}=${written(value)}`).join('');
  return `${at.toISOString()} ${level.padEnd(5)} ${message.replace(/\s*\n\s*/g, ' ')}${tail}`;
}

/**
 * Our logger, which also takes what the SDK and its Core say. Everything goes to `write` (by default standard error):
 * standard output belongs to results.
 */
export class WorkerLogger implements Logger {
  constructor(
    private readonly format: LogFormat,
    private readonly level: LogLevel = 'INFO',
    private readonly write: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
  ) {}

  log(level: LogLevel, message: string, meta: LogMetadata = {}): void {
    const component: unknown = meta.sdkComponent;
    // "Workflow bundle created", "Worker state changed": how the SDK works, not what the integrations do.
    const sdk = component === 'worker' || component === 'core';
    // The transfer queues have no workflows by design.
    if (sdk && message.startsWith('No workflows registered')) return;
    const rank = sdk && level === 'INFO' ? RANK.DEBUG : RANK[level];
    if (rank < RANK[this.level]) return;
    const fields = component === undefined ? meta : fieldsOfSdk(meta);
    this.write(formatLine(this.format, new Date(), level, message, fields));
  }

  trace(message: string, meta?: LogMetadata): void {
    this.log('TRACE', message, meta);
  }

  debug(message: string, meta?: LogMetadata): void {
    this.log('DEBUG', message, meta);
  }

  info(message: string, meta?: LogMetadata): void {
    this.log('INFO', message, meta);
  }

  warn(message: string, meta?: LogMetadata): void {
    this.log('WARN', message, meta);
  }

  error(message: string, meta?: LogMetadata): void {
    this.log('ERROR', message, meta);
  }
}

function fieldsOfSdk(meta: LogMetadata): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const key of SDK_FIELDS) if (meta[key] !== undefined) out[key] = meta[key];
  if (meta.error !== undefined) out.error = meta.error;
  return out;
}

/** {@link Log} over a Temporal logger. */
export function logOf(logger: Logger): Log {
  return (level, message, fields) => logger[level](message, fields);
}

let installed = false;

/**
 * Sends the SDK's and its Core's log lines to our logger. Once per process, before the first connection; Core would
 * otherwise write to standard output. Signals are left to the caller.
 */
export function installRuntime(logger: Logger): void {
  if (installed) return;
  installed = true;
  Runtime.install({
    logger,
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
    shutdownSignals: [],
  });
}
