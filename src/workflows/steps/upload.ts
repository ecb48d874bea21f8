import type { UploadActivities, UploadChunksResult, UploadPosition } from '../../activities/upload/contract';
import type { ActionObject } from '../../activities/attempt/contract';
import type { PreparedUpload } from '../../activities/prepare/contract';
import { compact, FILE_AGE_MS, type CheckHeader, type ResultTransfer } from '../../contracts';
import { activities, untilDeadline } from '../run/proxies';
import { stepFailure } from '../run/failures';
import { deadlineOf, inRoot, type Deadline } from './roots';
import type { Upload, Uploaded } from '../run/facts';
import type { Run } from '../run/frame';
import { dumpTrial, tryDumps } from './target';

const { openSource, uploadChunks, completeUpload } = activities<UploadActivities>({
  openSource: { summary: ({ source }) => `pin ${source}` },
  uploadChunks: {
    summary: ({ file, from }) => `upload ${file.name}, from chunk ${from?.next ?? 0}`,
    within: untilDeadline,
  },
  completeUpload: { summary: ({ file }) => `complete ${file.name}`, within: untilDeadline },
});

/**
 * Pins the version of a source and the file system that it is on, before anything is sent. What dumps will be stored as is
 * tried, too: on the way, where they go to the source's root.
 *
 * @param dumps - the names of actions whose dumps may have to be stored
 */
export async function pinSource(
  run: Run,
  to: PreparedUpload,
  checkHeader?: CheckHeader,
  dumps: readonly string[] = [],
): Promise<Upload> {
  const { root, uri } = run.placeOf(to.source);
  const trial = dumpTrial(run, dumps, root);
  const source = await inRoot(run, { root, deadline: deadlineOf(run) }, (at) =>
    openSource(
      {
        source: uri,
        root: run.root(root),
        workbook: to.workbook,
        ...compact({ headers: to.headers, checkHeader, dumps: trial }),
      },
      at,
    ),
  );
  run.pin(source.root);
  for (const warning of source.warnings ?? []) run.warn(warning);
  if (!trial) await tryDumps(run, dumps);
  return { to, source };
}

/** As {@link pinSource}, for the sources of several files. */
export async function pinSources(
  run: Run,
  uploads: readonly PreparedUpload[],
  checkHeader?: CheckHeader,
): Promise<Upload[]> {
  const pinned: Upload[] = [];
  for (const to of uploads) pinned.push(await pinSource(run, to, checkHeader));
  return pinned;
}

/** Sends one source to its file. Afterwards the file is complete in Anaplan. */
export async function upload(run: Run, what: Upload): Promise<void> {
  const { to, source } = what;
  run.state('uploading', `${to.source} to file **${to.file.name}**`);
  const deadline = deadlineOf(run);
  const where = { root: source.root.name, bytes: true, deadline } as const;
  let from: UploadPosition | undefined;
  for (;;) {
    const batch = await inRoot<UploadChunksResult, UploadPosition>(run, where, (at, resumed = from) => {
      const { file, workbook, records, parallelChunks } = to;
      return uploadChunks(
        {
          ...run.call(deadline),
          file,
          source,
          workbook,
          ...compact({ records, parallelChunks, from: resumed }),
        },
        at,
      );
    });
    if (batch.done) return complete(run, what, batch, deadline);
    const { done: _done, completeNeeded: _needed, stands: _stands, ...position } = batch;
    from = position;
    run.state(
      'uploading',
      `${to.source} to file **${to.file.name}**: ${batch.next} chunks, ${batch.offset} bytes`,
    );
  }
}

async function complete(
  run: Run,
  { to, source }: Upload,
  sent: UploadChunksResult,
  deadline: Deadline,
): Promise<void> {
  if (sent.completeNeeded) {
    await completeUpload({ ...run.call(deadline), file: to.file, chunks: sent.next });
  }
  const transfer: ResultTransfer = {
    name: to.file.name,
    uri: source.uri,
    host: source.host,
    bytes: sent.stands?.bytes ?? 0,
    chunks: sent.next,
    sha256: sent.stands?.sha256 ?? '',
    ...compact({ rows: sent.stands?.rows }),
  };
  run.record({ is: 'uploaded', upload: { to, source, at: sent.sentAt ?? Date.now() }, transfer });
}

/** Uploads once more what Anaplan dropped before the action read it. */
export async function uploadAgain(run: Run, what: Upload): Promise<void> {
  run.warn('Anaplan no longer had the uploaded file, so it was uploaded again');
  run.record({ is: 'uploadsExpired' });
  await upload(run, what);
}

/**
 * Uploads again what is so old that Anaplan may drop it before the action reads it: it would read the default file then,
 * without a word.
 * @throws `DeadlineExceeded` where the uploads together take longer than that
 */
export async function renewUploads(run: Run, action: ActionObject): Promise<void> {
  const old = expiring(run);
  for (const { to, source, at } of old) {
    run.warn(
      `${to.source} had been sent ${hours(Date.now() - at)} before "${action.name}" could be started; Anaplan drops a file that nobody has accessed for 48 h and reads the default file instead, so it was uploaded again`,
    );
    await upload(run, { to, source });
  }
  const still = old.length > 0 ? expiring(run)[0] : undefined;
  if (still) {
    throw stepFailure(
      'DeadlineExceeded',
      `The files that "${action.name}" reads take so long to upload that the first, ${still.to.source}, is too old when the last one is there: Anaplan drops a file that nobody has accessed for 48 h.`,
      { effects: 'none', remedy: 'Upload less at once.' },
    );
  }
}

/** Until when all uploads of the run are certainly there, epoch ms; undefined without any. */
export function uploadsUntil(run: Run): number | undefined {
  const { uploads } = run;
  if (uploads.length === 0) return undefined;
  return Math.min(...uploads.map((u) => u.at)) + FILE_AGE_MS + START_SLACK_MS;
}

/** A start may wait so long for a worker, and still be there well before the 48 h are over. */
const START_SLACK_MS = 4 * 3_600_000;

function expiring(run: Run): Uploaded[] {
  return run.uploads.filter((u) => Date.now() - u.at > FILE_AGE_MS);
}

function hours(ms: number): string {
  return `${Math.round(ms / 3_600_000)} h`;
}
