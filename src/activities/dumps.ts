/** Failure dumps: fetched whole, stored where nothing overwrites them, and counted. */
import { parse } from 'csv-parse';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { activityInfo } from '@temporalio/activity';

import { AnaplanError, type AnaplanClient, type DownloadBody } from '../anaplan';
import { CATALOGUE, LIMITS, type DumpError } from '../contracts';
import { pathSafe } from '../contracts/path-safe';
import { DEFAULT_TIMING, type ActivityDeps } from './deps';
import { filled } from './downloads';
import { fail } from './errors';
import type { AnaplanActivities, FetchDumpInput, FetchDumpResult } from './types';
import { refOf, specOf } from './uploads';
import { work, type Work } from './work';

/** How many chunks some attempt got whole. Each begins anew, so only more than that is an end of the trouble. */
interface DumpBeat {
  got: number;
}

const EMPTY: DumpCounts = { rejected: 0, warnings: 0, errors: [] };

/** Builds `anaplan.fetchDump`. */
export function createDumps(deps: ActivityDeps): Pick<AnaplanActivities, 'anaplan.fetchDump'> {
  const timing = { ...DEFAULT_TIMING, ...deps.timing };
  return {
    'anaplan.fetchDump': (input) =>
      work<DumpBeat, FetchDumpResult>(specOf(input, `Failure dump of "${input.name}"`, timing), async (w) => {
        const { client } = deps.connection(input.connection);
        const execution = activityInfo().workflowExecution;
        if (!execution) throw fail('InternalError', 'A dump belongs to a workflow run');
        const { workflowId, runId } = execution;
        const objectId = input.objectId ?? input.action.id;
        const uri = join(
          input.directory,
          pathSafe(workflowId),
          pathSafe(runId),
          `${pathSafe(`${objectId}-${input.name}`)}.csv`,
        );
        try {
          const stored = await deps.storage.putOnce(uri, dumpBytes(client, input, w), runId);
          const counts = stored.size === 0 ? EMPTY : await countDump(readStored(deps, stored.uri, w));
          const local =
            (await deps.storage.localityOf(input.directory)) === 'host' && deps.hostQueue !== undefined;
          return {
            outcome: 'stored',
            dump: {
              objectId,
              action: input.name,
              uri: stored.uri,
              rows: counts.rejected,
              warnings: counts.warnings,
              errors: counts.errors,
              ...(local ? { hostQueue: deps.hostQueue } : {}),
            },
          };
        } catch (error) {
          if (error instanceof AnaplanError && error.status === 404) {
            return {
              outcome: 'gone',
              message: `Anaplan says that "${input.name}" has a failure dump, but no longer gives it (404): it is kept only for the user's last task of the action`,
            };
          }
          throw error;
        }
      }),
  };
}

function join(directory: string, ...rest: string[]): string {
  return [directory.replace(/\/+$/, '') || '/', ...rest].join('/');
}

/** The dump's bytes, chunk after chunk; whole where Anaplan names no chunks. */
async function* dumpBytes(
  client: AnaplanClient,
  input: FetchDumpInput,
  w: Work<DumpBeat>,
): AsyncGenerator<Buffer> {
  const ref = refOf(input);
  const options = { signal: w.signal };
  const chunks = await client.dumps.chunks(ref, input.action, input.taskId, input.objectId, options);
  if (chunks.length === 0) {
    yield* guarded(await client.dumps.getWhole(ref, input.action, input.taskId, input.objectId, options), w);
    return;
  }
  const { got } = w.resumed ?? { got: 0 };
  for (const [i, chunk] of chunks.entries()) {
    w.note(`dump chunk ${i + 1} of ${chunks.length}`);
    const { action, taskId, objectId } = input;
    const body = await client.dumps.getChunk(ref, action, taskId, objectId, chunk.id, options);
    yield* filled(guarded(body, w), `chunk ${chunk.id} of the dump`);
    if (i + 1 > got) w.at({ got: i + 1 });
  }
}

async function* guarded(body: DownloadBody, w: Work<DumpBeat>): AsyncGenerator<Buffer> {
  for await (const piece of body.stream) {
    w.assertAlive();
    yield piece;
  }
}

async function* readStored(deps: ActivityDeps, uri: string, w: Work<DumpBeat>): AsyncGenerator<Buffer> {
  const source = await deps.storage.openSource(uri);
  try {
    yield* source.read(0, Number.MAX_SAFE_INTEGER, w.signal);
  } finally {
    await source.close();
  }
}

/** What a dump says. */
export interface DumpCounts {
  /** Distinct `_Line_` of rows with status `E`. */
  rejected: number;
  warnings: number;
  /** Most frequent first, at most 20. */
  errors: DumpError[];
}

/**
 * Counts a dump: distinct source lines with an error, lines with only a warning, and its messages as templates.
 * Memory: the numbers of a million lines at most, never the rows.
 */
export async function countDump(bytes: AsyncIterable<Buffer>): Promise<DumpCounts> {
  const rejected = new DistinctLines();
  const warned = new DistinctLines();
  const messages = new Map<string, number>();
  let columns: { status: number; line: number; errors: number[] } | undefined;
  let row = 0;
  const take = (record: string[]): void => {
    if (!columns) {
      columns = {
        status: record.indexOf('_Status_'),
        line: record.indexOf('_Line_'),
        errors: record.flatMap((name, i) => (/^_Error_\d+_$/.test(name) ? [i] : [])),
      };
      return;
    }
    row += 1;
    const status = record[columns.status] ?? 'E';
    const line = record[columns.line] ?? `#${row}`;
    if (status === 'E') rejected.add(line);
    else if (status === 'W') warned.add(line);
    // A row may have more errors than the header has names for.
    const texts = columns.errors.length > 0 ? record.slice(columns.errors[0]) : [];
    for (const text of new Set(texts.filter((t) => t !== '').map(errorTemplate))) {
      if (messages.has(text) || messages.size < 1000) messages.set(text, (messages.get(text) ?? 0) + 1);
    }
  };
  // A pipeline, so that an error of the bytes is this function's, and not the process's.
  await pipeline(
    Readable.from(bytes, { objectMode: true }),
    parse({
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      bom: true,
      max_record_size: 16 * 1024 * 1024,
    }),
    async (records: AsyncIterable<string[]>) => {
      for await (const record of records) take(record);
    },
  );
  const errors = [...messages]
    .map(([message, count]) => ({ message, count }))
    .sort((a, b) => b.count - a.count)
    .slice(0, LIMITS.dumpMessages);
  return { rejected: rejected.size, warnings: warned.sizeWithout(rejected), errors };
}

/** So many lines are told apart exactly; a dump of more is counted by its changes from line to line. */
const MAX_KNOWN_LINES = 1_000_000;

/** Counts distinct source lines in bounded memory. Dumps come in the order of the source. */
class DistinctLines {
  private readonly known = new Set<string>();
  private beyond = 0;
  private last: string | undefined;

  add(line: string): void {
    if (this.known.has(line) || line === this.last) return;
    this.last = line;
    if (this.known.size < MAX_KNOWN_LINES) this.known.add(line);
    else this.beyond += 1;
  }

  get size(): number {
    return this.known.size + this.beyond;
  }

  /** Lines that are not among others. */
  sizeWithout(others: DistinctLines): number {
    let size = this.beyond;
    for (const line of this.known) if (!others.known.has(line)) size += 1;
    return size;
  }
}

const PLACE = /\$\{[^}]+\}/g;
const WORD = /[^\s()[\],;:…]+/g;

/** Documented messages; those with the longest beginning first, so that the most exact one wins. */
const KNOWN = Object.values(CATALOGUE)
  .filter((e) => e.kind === 'data')
  .map((e) => ({ template: e.template, fixed: e.template.split(PLACE)[0] ?? '' }))
  .sort((a, b) => b.fixed.length - a.fixed.length);

/** The words of Anaplan's own messages. Any other word of an undocumented message may be a customer's. */
const WORDS = new Set(
  Object.values(CATALOGUE).flatMap((e) => e.template.replace(PLACE, ' ').match(WORD)?.map(plain) ?? []),
);

function plain(word: string): string {
  return word.toLowerCase().replace(/[.!?]+$/, '');
}

/**
 * A dump's message with the values removed: `Invalid name: Smith` is `Invalid name: …`. Names and salaries stay out of
 * histories, so what is not a documented message keeps only the words that Anaplan's documented messages use.
 */
export function errorTemplate(message: string): string {
  for (const { template, fixed } of KNOWN) {
    if (fixed.length < 8 || !message.startsWith(fixed.trimEnd())) continue;
    if (message === template && !template.includes('${')) return template;
    return template.includes('${')
      ? template.replace(PLACE, '…')
      : `${fixed}${message.length > fixed.length ? ': …' : ''}`;
  }
  const words = message
    .slice(0, LIMITS.textBytes)
    .replace(/:\s.*$/s, ': …')
    .replace(/(["'“‘]).*?(["'”’])/g, '…')
    .replace(WORD, (word) => (WORDS.has(plain(word)) ? word : '…'))
    .replace(/…(?:[\s,;]*…)+/g, '…')
    .slice(0, 200);
  return /\p{L}/u.test(words) ? words : 'a message that Anaplan does not document: …';
}
