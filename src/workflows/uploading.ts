/** Uploading: a pinned source, batch after batch, resumed where the last one ended. */
import type { PinnedSource, PreparedUpload, UploadPosition } from '../activities/types';
import { transferQueue, type ResultTransfer } from '../contracts';
import { workflowInfo } from '@temporalio/workflow';
import { call } from './calls';
import { nobodyTookIt } from './failures';
import { hostIsServed, HOST_WAIT_MS, longer, onHostOf } from './hosts';
import type { Run } from './run';

/**
 * Pins the version of a source, before anything is sent.
 *
 * @param pinned the version that the run began with, where its host is gone: any other is `SourceChanged`
 */
export async function openSource(
  run: Run,
  upload: PreparedUpload,
  pinned?: PinnedSource,
): Promise<PinnedSource> {
  const source = await onHostOf(run, (where) =>
    call(
      'anaplan.openSource',
      { summary: `pin ${upload.source}`, withinMs: run.lightMs, ...where },
      {
        source: upload.source,
        workbook: upload.workbook,
        ...(upload.header && !pinned ? { header: upload.header } : {}),
        ...(pinned ? { pinned: pinned.identity } : {}),
      },
    ),
  );
  run.hostQueue ??= source.hostQueue;
  if (source.warning) run.warn(source.warning);
  return source;
}

/** Sends one source to its file. Afterwards the file is complete in Anaplan. */
export async function upload(run: Run, to: PreparedUpload, pinned: PinnedSource): Promise<ResultTransfer> {
  run.state('uploading', `${to.source} to file **${to.file.name}**`);
  const deadline = { name: 'transfer' as const, at: Date.now() + run.timeouts.transfer };
  const withinMs = run.timeouts.transfer + 10 * 60_000;
  let source = pinned;
  let from: UploadPosition | undefined;
  let waitMs = HOST_WAIT_MS;
  for (;;) {
    const position = from ? { from } : {};
    try {
      const batch = await call(
        'anaplan.uploadChunks',
        {
          summary: `${to.source}, from chunk ${from?.next ?? 0}`,
          withinMs,
          taskQueue: source.hostQueue ?? transferQueue(workflowInfo().taskQueue),
          ...(source.hostQueue ? { startWithinMs: waitMs } : {}),
        },
        { ...run.call(deadline), file: to.file, source, workbook: to.workbook, ...position },
      );
      if (!batch.done) {
        from = { next: batch.next, offset: batch.offset, digest: batch.digest };
        run.state(
          'uploading',
          `${to.source} to file **${to.file.name}**: ${batch.next} chunks, ${batch.offset} bytes`,
        );
        continue;
      }
      if (batch.completeNeeded) {
        await call(
          'anaplan.completeUpload',
          { summary: `complete ${to.file.name}`, withinMs },
          { ...run.call(deadline), file: to.file, chunks: batch.next },
        );
      }
      return {
        name: to.file.name,
        uri: source.uri,
        host: source.host,
        bytes: batch.sourceBytes ?? 0,
        chunks: batch.next,
        sha256: batch.sha256 ?? '',
      };
    } catch (error) {
      if (!source.hostQueue || !nobodyTookIt(error)) throw error;
      if (await hostIsServed(run, source.hostQueue)) {
        waitMs = longer(waitMs);
        continue;
      }
      // The host is gone: another one that has the very same source begins again.
      run.warn(
        `the worker of queue ${source.hostQueue} is gone; ${to.source} is uploaded again from the start`,
      );
      run.hostQueue = undefined;
      source = await openSource(run, to, source);
      from = undefined;
    }
  }
}
