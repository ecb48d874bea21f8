import type { PinnedSource, UploadActivities, UploadPosition } from '../../activities/upload/contract';
import type { ActionObject } from '../../activities/attempt/contract';
import type { PreparedUpload } from '../../activities/prepare/contract';
import { FILE_AGE_MS, transferQueue, type CheckHeader, type ResultTransfer } from '../../contracts';
import { workflowInfo } from '@temporalio/workflow';
import { activities, untilDeadline } from '../run/proxies';
import { nobodyTookIt, stepFailure } from '../run/failures';
import { assertTimeLeft, hostIsServed, HOST_WAIT_MS, longer, onHostOf } from './hosts';
import type { Uploaded } from '../run/facts';
import type { Run } from '../run/frame';

const { openSource, uploadChunks, completeUpload } = activities<UploadActivities>({
  openSource: { summary: ({ source }) => `pin ${source}` },
  uploadChunks: {
    summary: ({ file, from }) => `upload ${file.name}, from chunk ${from?.next ?? 0}`,
    within: untilDeadline,
  },
  completeUpload: { summary: ({ file }) => `complete ${file.name}`, within: untilDeadline },
});

/**
 * Pins the version of a source, before anything is sent.
 *
 * @param pinned - the version that the run began with, where its host is gone: any other is `SourceChanged`
 */
export async function pinSource(
  run: Run,
  upload: PreparedUpload,
  checkHeader: CheckHeader | undefined,
  pinned?: PinnedSource,
): Promise<PinnedSource> {
  const source = await onHostOf(run, (where) =>
    openSource(
      {
        source: upload.source,
        workbook: upload.workbook,
        // Of a version that was pinned before, all of this was said.
        ...(upload.headers && !pinned ? { headers: upload.headers } : {}),
        ...(checkHeader === undefined ? {} : { checkHeader }),
        ...(pinned ? { pinned: pinned.version } : {}),
      },
      { ...where, scheduleToCloseTimeout: run.lightMs },
    ),
  );
  run.hostQueue ??= source.hostQueue;
  for (const warning of source.warnings ?? []) run.warn(warning);
  return source;
}

/** As {@link pinSource}, for the sources of several files. */
export async function pinSources(
  run: Run,
  uploads: readonly PreparedUpload[],
  checkHeader: CheckHeader | undefined,
): Promise<{ to: PreparedUpload; source: PinnedSource }[]> {
  const pinned: { to: PreparedUpload; source: PinnedSource }[] = [];
  for (const to of uploads) pinned.push({ to, source: await pinSource(run, to, checkHeader) });
  return pinned;
}

/** Sends one source to its file. Afterwards the file is complete in Anaplan. */
export async function upload(run: Run, to: PreparedUpload, pinned: PinnedSource): Promise<void> {
  run.state('uploading', `${to.source} to file **${to.file.name}**`);
  const deadline = { name: 'transfer' as const, at: Date.now() + run.timeouts.transfer };
  let source = pinned;
  let from: UploadPosition | undefined;
  let waitMs = HOST_WAIT_MS;
  for (;;) {
    const position = from ? { from } : {};
    try {
      const batch = await uploadChunks(
        { ...run.call(deadline), file: to.file, source, workbook: to.workbook, ...position },
        {
          taskQueue: source.hostQueue ?? transferQueue(workflowInfo().taskQueue),
          ...(source.hostQueue ? { scheduleToStartTimeout: waitMs } : {}),
        },
      );
      if (!batch.done) {
        const { next, offset, crc32, sentAt } = batch;
        from = { next, offset, crc32, ...(sentAt === undefined ? {} : { sentAt }) };
        run.state(
          'uploading',
          `${to.source} to file **${to.file.name}**: ${batch.next} chunks, ${batch.offset} bytes`,
        );
        continue;
      }
      if (batch.completeNeeded) {
        await completeUpload({ ...run.call(deadline), file: to.file, chunks: batch.next });
      }
      const transfer: ResultTransfer = {
        name: to.file.name,
        uri: source.uri,
        host: source.host,
        bytes: batch.stands?.bytes ?? 0,
        chunks: batch.next,
        sha256: batch.stands?.sha256 ?? '',
      };
      run.record({ is: 'uploaded', upload: { to, source, at: batch.sentAt ?? Date.now() }, transfer });
      return;
    } catch (error) {
      if (!source.hostQueue || !nobodyTookIt(error)) throw error;
      if (await hostIsServed(run, source.hostQueue)) {
        waitMs = longer(waitMs);
        assertTimeLeft(deadline, `${to.source}: the workers of queue ${source.hostQueue} are busy`);
        continue;
      }
      // The host is gone: another one that has the very same source begins again.
      run.warn(
        `the worker of queue ${source.hostQueue} is gone; ${to.source} is uploaded again from the start`,
      );
      run.hostQueue = undefined;
      source = await pinSource(run, to, undefined, source);
      from = undefined;
    }
  }
}

/** Uploads once more what Anaplan dropped before the action read it. */
export async function uploadAgain(run: Run, to: PreparedUpload, source: PinnedSource): Promise<void> {
  run.warn('Anaplan no longer had the uploaded file, so it was uploaded again');
  run.record({ is: 'uploadsExpired' });
  await upload(run, to, source);
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
    await upload(run, to, source);
  }
  const still = old.length > 0 ? expiring(run)[0] : undefined;
  if (still) {
    throw stepFailure(
      'DeadlineExceeded',
      `The files that "${action.name}" reads take so long to upload that the first, ${still.to.source}, is too old when the last one is there: Anaplan drops a file that nobody has accessed for 48 h. Upload less at once.`,
      { effects: 'none' },
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
