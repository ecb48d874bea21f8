/** Downloads of files: chunk after chunk into a target that appears whole or not at all. */
import { isNotFound, type AnaplanClient } from '../../anaplan';
import { LIMITS } from '../../contracts';
import { alive, filled } from '../shared/bodies';
import { LIGHT_BOUNDS, refOf, specOf } from '../attempt/calls';
import { DEFAULT_TIMING, type ActivityDeps } from '../attempt/deps';
import { fail } from '../attempt/failures';
import { enterRoot } from '../shared/roots';
import { ChunksAhead } from './ahead';
import type { AnaplanActivities } from '../contract';
import type { DownloadChunksInput, DownloadPosition, DownloadResult } from './contract';
import { writeBatch, type TargetWriter } from '../shared/target-writer';
import { work, type Work } from '../attempt/work';

/** A download of any size is so many activities at most. */
const DOWNLOAD_BATCHES = 3;

/** Builds the activities that download. */
export function createDownloads(
  deps: ActivityDeps,
): Pick<
  AnaplanActivities,
  'anaplan.fileChunks' | 'anaplan.downloadChunks' | 'anaplan.commitTarget' | 'anaplan.discardTarget'
> {
  const timing = { ...DEFAULT_TIMING, ...deps.timing };

  return {
    'anaplan.fileChunks': (input) =>
      work(specOf(input, `Chunks of file "${input.file.name}" (${input.file.id})`, timing), async (w) => {
        const { client } = deps.connection(input.connection);
        const chunks = await client.files.chunks(refOf(input), input.file.id, { signal: w.signal });
        const ids = chunks.map((c) => c.id);
        return ids.every((id, i) => id === String(i)) ? { count: ids.length } : { count: ids.length, ids };
      }),

    'anaplan.downloadChunks': (input) =>
      work<DownloadPosition, DownloadResult>(
        specOf(input, `Download of "${input.file.name}" (${input.file.id}) to ${input.target.uri}`, timing),
        async (w) => {
          const { client } = deps.connection(input.connection);
          return writeBatch(deps, input, w, (writer) => ({
            read: () => readChunks(client, input, w, writer),
          }));
        },
      ),

    'anaplan.commitTarget': ({ target: { uri, token, root }, end }) =>
      work({ what: `Target ${uri}`, bounds: LIGHT_BOUNDS, timing }, async (w) => {
        const expected = { size: end.offset, crc32: end.crc32 };
        await enterRoot(deps, root, 'write', w.now());
        w.assertAlive();
        // A crash between the rename and the answer: the target already is what it shall be.
        const before = await deps.storage.committed(uri, token, expected);
        if (before) return { sha256: before.sha256 };
        const sink = end.sink && (await deps.storage.resumeTarget(uri, token, end.sink));
        if (!sink) {
          throw fail('TargetFailed', `${uri}: what was downloaded for it is gone, or is less than it was.`, {
            remedy: 'See what removes files there, and start the run again.',
          });
        }
        try {
          w.assertAlive();
          // It is read back first, which takes its time; a target that another run has written since must stay. A lease
          // may be older than that other run, so the server is asked.
          const { sha256 } = await sink.commit(expected, () => w.confirm());
          return { sha256 };
        } finally {
          await sink.close();
        }
      }),

    'anaplan.discardTarget': ({ target }) =>
      work({ what: `Target ${target.uri}`, bounds: LIGHT_BOUNDS, timing }, async (w) => {
        await enterRoot(deps, target.root, 'write', w.now());
        w.assertAlive();
        return deps.storage.discardPart(target.uri, target.token);
      }),
  };
}

/** Writes the chunks of one batch. */
async function readChunks(
  client: AnaplanClient,
  input: DownloadChunksInput,
  w: Work<DownloadPosition>,
  writer: TargetWriter,
): Promise<DownloadResult> {
  // Without chunks: the whole file, as one piece.
  const count = Math.max(1, input.count);
  const until = Math.min(count, (input.from?.next ?? 0) + batchOf(count));
  const stop = new AbortController();
  const signal = AbortSignal.any([w.signal, stop.signal]);
  const chunks = new ChunksAhead(
    (i) => client.files.getChunk(refOf(input), input.file.id, idOf(input, i), { signal }),
    until,
  );
  try {
    for (let i = writer.durable.next; i < until; i++) {
      w.assertInTime();
      w.assertAlive();
      await writer.writeUnit(alive(pieceOf(client, input, i, chunks, w.signal), () => w.assertAlive()));
      w.note(`chunk ${i + 1} of ${count}`);
      if (await writer.reached(i + 1, { rows: 0 })) w.at(writer.durable);
      else w.answered();
    }
  } finally {
    stop.abort();
    await chunks.close();
  }
  await writer.reached(until, { rows: 0 }, true);
  return { ...writer.durable, done: until >= count };
}

/**
 * The bytes of one chunk, or of a whole file without chunks. An empty answer counts as content only where Anaplan says that
 * the file is empty; otherwise an existing target stays as it is.
 */
async function* pieceOf(
  client: AnaplanClient,
  input: DownloadChunksInput,
  i: number,
  chunks: ChunksAhead,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  if (input.count === 0) {
    if (input.bytes !== 0) yield* wholeFile(client, input, signal);
    return;
  }
  const { stream } = await chunks.take(i);
  yield* input.bytes === 0 ? stream : filled(stream, `chunk ${idOf(input, i)}`);
}

function idOf({ ids }: DownloadChunksInput, i: number): string {
  return ids?.[i] ?? String(i);
}

/** @throws ApplicationFailure NotFound where there is no byte either, TransferCorrupt where there must be some */
async function* wholeFile(
  client: AnaplanClient,
  input: DownloadChunksInput,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const { file } = input;
  let bytes = 0;
  try {
    const { stream } = await client.files.getWhole(refOf(input), file.id, { signal });
    for await (const slice of stream) {
      bytes += slice.length;
      yield slice;
    }
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  if (bytes > 0) return;
  if (input.bytes !== undefined) {
    throw fail(
      'TransferCorrupt',
      `File "${file.name}" (${file.id}) has no content, although Anaplan says that ${input.bytes} bytes were written to it: it lists no chunk, and gives nothing for the whole either. Nothing was written.`,
      { remedy: 'Run the export again.' },
    );
  }
  throw fail(
    'NotFound',
    `File "${file.name}" (${file.id}) has no content: Anaplan lists no chunk of it, and gives nothing for the whole either. Nothing was written.`,
    {
      remedy:
        'Upload it, or run the export that writes it, as the same user: what a user uploads or exports is private, and gone 48 hours after it was last used.',
    },
  );
}

/** Chunks of one activity: an export's are 10 MB, so that 50 GB of them have to fit into as few events as an upload's. */
function batchOf(count: number): number {
  return Math.max(LIMITS.chunksPerActivity, Math.ceil(count / DOWNLOAD_BATCHES));
}
