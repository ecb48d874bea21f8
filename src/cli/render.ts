import {
  commandOf,
  saidOf,
  type IntegrationName,
  type IntegrationResult,
  type RowCounts,
  type ResultDump,
} from '../contracts';
import { inFlags } from './words';

/** `1234567` as `1,234,567`. */
export function count(n: number): string {
  return n.toLocaleString('en-US');
}

/** Bytes for people: `12 B`, `1.2 kB`, `48.8 MB`, `3.1 GB` (powers of 1,000, as Anaplan counts). */
export function bytes(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = n;
  let unit = 0;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** Milliseconds for people: `850 ms`, `12 s`, `3 min 5 s`, `2 h 10 min`. */
export function span(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  const s = Math.round(ms / 1000);
  if (s < 60) return `${s} s`;
  if (s < 3_600) return `${Math.floor(s / 60)} min${s % 60 === 0 ? '' : ` ${s % 60} s`}`;
  const min = Math.round(s / 60);
  return `${Math.floor(min / 60)} h${min % 60 === 0 ? '' : ` ${min % 60} min`}`;
}

function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** Control characters in names and messages of others must not steer the reader's terminal. */
export function clean(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}

/** Bytes rounded and exact. */
function size(n: number): string {
  return n < 1_000 ? plural(n, 'byte') : `${bytes(n)} (${count(n)} bytes)`;
}

const WIDTH = 10;

function line(label: string, text: string): string {
  return `${label.padEnd(WIDTH)}${clean(text)}`;
}

/** `dumped`: rejected counts the dump's rows, whatever unit Anaplan counts the rest in. */
function rowsText(rows: RowCounts, dumped: boolean): string {
  const unit = rows.unit === 'rows' ? 'row' : 'cell';
  const parts: string[] = [];
  if (rows.total !== undefined) parts.push(plural(rows.total, unit));
  if (rows.created !== undefined) parts.push(`${count(rows.created)} created`);
  if (rows.updated !== undefined) parts.push(`${count(rows.updated)} updated`);
  parts.push(
    `${count(rows.ignored)} ignored`,
    dumped && rows.unit === 'cells'
      ? `${plural(rows.rejected, 'row')} rejected`
      : `${count(rows.rejected)} rejected`,
  );
  if (rows.warnings > 0) parts.push(plural(rows.warnings, 'warning'));
  return (rows.total === undefined ? `${rows.unit}: ` : '') + parts.join(', ');
}

function headline(result: IntegrationResult): string {
  const rejected = rejectedOf(result);
  switch (result.outcome) {
    case 'succeeded':
      return 'succeeded';
    case 'succeededWithRejections':
      return rejected ? `succeeded, with ${rejected} rejected` : 'succeeded, with rejections';
    case 'cancelled':
      return 'cancelled';
    case 'failed':
      return `failed: ${result.failure?.type ?? 'InternalError'}`;
  }
}

/** What was rejected, in words: rows, or the cells that Anaplan counts where no dump counts the rows. */
function rejectedOf({ task, dumps }: IntegrationResult): string | undefined {
  const counts = (task?.nested ? task.nested.map((n) => n.rows) : [task?.rows]).filter(
    (rows) => rows !== undefined && rows.rejected > 0,
  );
  const inDumps = dumps.reduce((sum, dump) => sum + dump.rows, 0);
  const rejected = counts.reduce((sum, rows) => sum + (rows?.rejected ?? 0), 0) || inDumps;
  if (rejected === 0) return undefined;
  const cells = inDumps === 0 && counts.every((rows) => rows?.unit === 'cells');
  return plural(rejected, cells ? 'cell' : 'row');
}

function taskLines(result: IntegrationResult): string[] {
  const { task } = result;
  if (task === undefined) return [];
  const out: string[] = [];
  if (task.rows !== undefined) out.push(line('Rows', rowsText(task.rows, result.dumps.length > 0)));
  const adopted = task.adopted === true ? ', found in the task list after its answer was lost' : '';
  out.push(line('Task', `${task.taskId} ${task.state}${adopted}`));
  for (const detail of task.details) {
    const times =
      detail.occurrences !== undefined && detail.occurrences > 1
        ? ` (${count(detail.occurrences)} times)`
        : '';
    out.push(line('', `${detail.message || detail.code}${times}`));
  }
  for (const nested of task.nested ?? []) {
    const dumped = result.dumps.some((dump) => dump.objectId === nested.objectId);
    const rows = nested.rows === undefined ? '' : `: ${rowsText(nested.rows, dumped)}`;
    const took = nested.duration === undefined ? '' : ` (${span(nested.duration)})`;
    out.push(
      line(
        'Step',
        `${nested.successful ? 'ok    ' : 'FAILED'} ${nested.name ?? nested.objectId}${rows}${took}`,
      ),
    );
    if (!nested.successful)
      for (const d of nested.details) out.push(line('', `       ${d.message || d.code}`));
  }
  return out;
}

function transferLines(result: IntegrationResult): string[] {
  return result.transfers.flatMap((t) => {
    const pieces = t.pages === undefined ? plural(t.chunks, 'chunk') : plural(t.pages, 'page');
    const rows = t.rows === undefined ? '' : `, ${plural(t.rows, 'row')}`;
    return [
      line('Transfer', `${t.name}: ${size(t.bytes)} in ${pieces}${rows}`),
      line('', t.uri),
      line('', `sha256 ${t.sha256}`),
    ];
  });
}

function dumpLines(result: IntegrationResult): string[] {
  return result.dumps.flatMap((dump) => [
    dumpLine(dump),
    ...dump.errors.map((e) => line('', `${count(e.count).padStart(7)} x ${e.message}`)),
    line('', `all of them in ${dump.uri}`),
  ]);
}

function dumpLine({ action, rows, partial }: ResultDump): string {
  if (rows > 0) return line('Rejected', `${partial ? 'at least ' : ''}${plural(rows, 'row')} of ${action}`);
  return line(
    'Dump',
    partial
      ? `${action}: its rows could not be counted; look into the dump`
      : `${action}: no row was rejected, but Anaplan has messages`,
  );
}

/**
 * A result as a person reads it: one line for the ending, then rows, task, transfers, rejected rows with their reasons,
 * warnings; a bad ending says why, and what to do.
 *
 * @param o.name what ran, as in `Load sales`
 * @param o.link the run in the Temporal UI
 */
export function renderResult(
  integration: IntegrationName,
  result: IntegrationResult,
  o: { name?: string; workflowId?: string; link?: string; tookMs?: number } = {},
): string {
  const name = o.name === undefined ? '' : ` ${clean(o.name)}`;
  const took = o.tookMs === undefined ? '' : ` (${span(o.tookMs)})`;
  const lines = [`${commandOf(integration)}${name} ${headline(result)}${took}`];
  const { failure } = result;
  if (failure !== undefined) {
    const code = failure.code === undefined ? '' : ` [${failure.code}]`;
    lines.push(line('Why', `${inFlags(saidOf(failure))}${code}`));
    lines.push(line('Remedy', inFlags(failure.remedy)));
    lines.push(line('Effects', EFFECTS[failure.effects]));
  }
  lines.push(...taskLines(result), ...transferLines(result), ...dumpLines(result));
  if (result.filesNotUploaded !== undefined && result.filesNotUploaded.length > 0) {
    lines.push(
      line(
        'Old data',
        `the process also loads files that got no upload: ${result.filesNotUploaded.join(', ')}`,
      ),
    );
  }
  if (result.modelHeldMs !== undefined) lines.push(line('Held', `the model for ${span(result.modelHeldMs)}`));
  for (const warning of result.warnings ?? []) lines.push(line('Warning', inFlags(warning)));
  if (result.truncated) lines.push(line('', 'Some details were left out to keep the result small.'));
  if (o.workflowId !== undefined) lines.push(line('Run', o.workflowId));
  if (o.link !== undefined) lines.push(line('', o.link));
  return `${lines.join('\n')}\n`;
}

const EFFECTS = {
  none: 'none: nothing was changed in the model',
  applied: 'applied: the model was changed',
  unknown: 'unknown: look in the model before you start again',
} as const;
