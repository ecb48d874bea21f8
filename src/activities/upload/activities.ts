/** Uploads: a pinned source, sent chunk by chunk. */
import type { AnaplanClient } from '../../anaplan';
import { type CheckHeader, compact, FILE_AGE_MS, LIMITS } from '../../contracts';
import { threads, type ByteSource } from '../../storage';
import { UploadBatch } from './batch';
import { planChunks, type ChunkPlan } from './chunk-plan';
import { LIGHT_BOUNDS, refOf, specOf } from '../attempt/calls';
import { DEFAULT_TIMING, type ActivityDeps } from '../attempt/deps';
import { tryDumps } from '../shared/dump-directory';
import { fail } from '../attempt/failures';
import { enterRoot } from '../shared/roots';
import { compareHeader } from './source-header';
import type { AnaplanActivities } from '../contract';
import type { Call, Named } from '../attempt/contract';
import type { ImportHeader } from '../prepare/contract';
import type { UploadChunksInput, UploadChunksResult, UploadPosition } from './contract';
import { RecordCounter } from './records';
import { work, type Work } from '../attempt/work';

/** A header line of thousands of columns ends within these. */
const HEADER_BYTES = 1024 * 1024;

/** Where one attempt of a batch stands, in its heartbeats. */
type UploadBeat = UploadPosition;

/** Builds the activities that upload. */
export function createUploads(
  deps: ActivityDeps,
): Pick<AnaplanActivities, 'anaplan.openSource' | 'anaplan.uploadChunks' | 'anaplan.completeUpload'> {
  const timing = { ...DEFAULT_TIMING, ...deps.timing };

  return {
    'anaplan.openSource': ({ source, root, workbook, headers, checkHeader, dumps }) => {
      const what = `Source ${source}${dumps ? `, with the directory for dumps ${dumps.directory}` : ''}`;
      return work({ what, bounds: LIGHT_BOUNDS, timing }, async (w) => {
        const entered = await enterRoot(deps, root, dumps ? 'write' : 'read', w.now());
        const opened = await deps.storage.openSource(source, { workbook });
        try {
          assertFits(opened, deps.chunkBytes);
          const warnings = await checkHeaders(opened, { workbook, headers, checkHeader });
          if (dumps) {
            await w.confirm();
            await tryDumps(deps.storage, dumps);
          }
          return {
            uri: opened.uri,
            place: source,
            root: entered,
            host: deps.host,
            version: opened.version,
            ...compact({ size: opened.size }),
            ...(warnings.length > 0 ? { warnings } : {}),
          };
        } finally {
          await opened.close();
        }
      });
    },

    'anaplan.uploadChunks': (input) => {
      const what = `Upload of ${input.source.uri} to file "${input.file.name}"`;
      return work<UploadBeat, UploadChunksResult>(specOf(input, what, timing), async (w) => {
        const { client, parallelChunks } = deps.connection(input.connection);
        await enterRoot(deps, input.source.root, 'read', w.now());
        const source = await deps.storage.openSource(input.source.place, {
          pinned: input.source.version,
          workbook: input.workbook,
        });
        try {
          const plan = planChunks(source.size, deps.chunkBytes);
          let start: UploadPosition | undefined = w.resumed ?? input.from;
          // What was sent so long ago may have expired: the file would be complete without it.
          if (start?.sentAt !== undefined && w.now() - start.sentAt > FILE_AGE_MS) start = undefined;
          if (!start) {
            await setChunkCount(client, input, input.file, plan, w);
            start = { next: 0, offset: 0, crc32: 0 };
            w.at(start);
          }
          const first = input.from?.next ?? 0;
          const parallel = input.parallelChunks ?? parallelChunks ?? 1;
          const options = { client, call: input, file: input.file, source, plan, parallel, w };
          const batch = new UploadBatch({ ...options, threads: threads() }, start);
          const { position, done } = await batch.send(first + LIMITS.chunksPerActivity);
          const sent = { ...position, done, completeNeeded: plan.count < 0 };
          return done ? { ...sent, stands: await readBack(source, input, position, w) } : sent;
        } finally {
          await source.close();
        }
      });
    },

    'anaplan.completeUpload': (input) =>
      work(specOf(input, `Completing file "${input.file.name}"`, timing), async (w) => {
        const { client } = deps.connection(input.connection);
        const file = { ...input.file, chunkCount: input.chunks };
        await client.files.complete(refOf(input), input.file.id, file, { ...w.fence, signal: w.signal });
      }),
  };
}

function assertFits(source: ByteSource, chunkBytes: number | undefined): void {
  try {
    planChunks(source.size, chunkBytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw fail('InvalidInput', `source: ${source.uri}: ${error.message}`, {
      remedy: 'Split it into several files.',
    });
  }
}

/**
 * Compares a source with the columns of the imports that will read it, before anything is sent: a file that belongs to
 * another import would load nothing, or load wrongly, and look as if all were well.
 *
 * @returns warnings
 * @throws ApplicationFailure InvalidInput where columns are missing, unless told otherwise
 */
async function checkHeaders(
  source: ByteSource,
  o: {
    workbook: boolean;
    headers: ImportHeader[] | undefined;
    checkHeader: CheckHeader | undefined;
  },
): Promise<string[]> {
  const { workbook, headers = [], checkHeader = 'fail' } = o;
  if (checkHeader === 'off' || headers.length === 0) return [];
  if (workbook) {
    return [
      `${source.uri} is a workbook: its header line was not compared with the columns of import "${headers[0]?.import ?? ''}".`,
    ];
  }
  const start = await source.peek(HEADER_BYTES);
  const warnings: string[] = [];
  for (const header of headers) {
    const verdict = compareHeader(start, start.length < HEADER_BYTES, header);
    if (verdict.kind === 'same') continue;
    if (verdict.kind === 'lacking' && checkHeader === 'fail') {
      throw fail('InvalidInput', `source: ${source.uri}: ${verdict.text} Nothing was uploaded.`, {
        remedy:
          'Give the file that belongs to the import; if this is the one, set checkHeader to "warn" (--check-header warn).',
      });
    }
    warnings.push(verdict.text);
  }
  return warnings;
}

/** anaplan-api: "Set the Chunk Count". An unknown file ID would create another file: the answered ID tells. */
async function setChunkCount(
  client: AnaplanClient,
  call: Call,
  file: Named,
  plan: ChunkPlan,
  w: Work<UploadBeat>,
): Promise<void> {
  // It throws away what was sent so far, by another attempt too.
  const answered = await client.files.setChunkCount(refOf(call), file.id, plan.count, {
    ...w.fence,
    signal: w.signal,
  });
  w.answered();
  if (answered.id !== file.id) {
    throw fail(
      'NotFound',
      `File "${file.name}" (${file.id}) is gone from model "${call.model.name}": Anaplan made a new file ${answered.id} instead.`,
      { remedy: "Delete that one, and upload the file once in Anaplan's user interface." },
    );
  }
}

/**
 * The result names the bytes as they stand in the source, of a `.gz` the compressed ones; and what was sent, by however
 * many attempts, must be what they say. Rows are counted on this one way through all bytes.
 */
async function readBack(
  source: ByteSource,
  { file, records }: Pick<UploadChunksInput, 'file' | 'records'>,
  position: UploadPosition,
  w: Work<UploadBeat>,
): Promise<NonNullable<UploadChunksResult['stands']>> {
  w.note('reading the source back');
  const counter = records === undefined ? undefined : new RecordCounter(records);
  const found = await source.readBack(
    () => {
      w.assertInTime();
      w.assertAlive();
    },
    (slice) => counter?.add(slice),
  );
  await source.verify();
  if (found.crc32 === position.crc32) {
    return { bytes: found.size, sha256: found.sha256, ...compact({ rows: counter?.rows() }) };
  }
  throw fail(
    'TransferCorrupt',
    `What was sent of ${source.uri} is not what stands in it (their CRC-32 differ), although its size and date are still the same. The file "${file.name}" in Anaplan is not to be trusted, and nothing was done with it.`,
    {
      remedy:
        'Look for what writes to the source without a new date, or for a disk or memory that fails; then start the run again.',
    },
  );
}
