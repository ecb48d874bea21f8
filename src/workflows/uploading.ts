/** Uploading: a pinned source, batch after batch, resumed where the last one ended. */
import type { PinnedSource, PreparedUpload, UploadPosition } from '../activities/types';
import { FAILURES, transferQueue, type ResultTransfer } from '../contracts';
import { workflowInfo } from '@temporalio/workflow';
import { call } from './calls';
import { nobodyTookIt, stepFailure } from './failures';
import { hostIsServed, HOST_WAIT_MS, longer, onHostOf } from './hosts';
import type { Run } from './run';

/** Pins the version of a source, before anything is sent. */
export async function openSource(run: Run, upload: PreparedUpload): Promise<PinnedSource> {
  const source = await onHostOf(run, (where) =>
    call(
      'anaplan.openSource',
      { summary: `pin ${upload.source}`, withinMs: run.lightMs, ...where },
      {
        source: upload.source,
        workbook: upload.workbook,
        ...(upload.header ? { header: upload.header } : {}),
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
      // The host is gone: another one that has the source begins again, with the version it finds.
      run.warn(
        `the worker of queue ${source.hostQueue} is gone; ${to.source} is uploaded again from the start`,
      );
      run.hostQueue = undefined;
      const elsewhere = await openSource(run, to);
      if (elsewhere.identity.size !== source.identity.size) {
        throw stepFailure(
          'SourceChanged',
          `${to.source} on another host has ${elsewhere.identity.size} bytes, the one that this run began with had ${source.identity.size}. ${FAILURES.SourceChanged.remedy}`,
        );
      }
      source = elsewhere;
      from = undefined;
    }
  }
}
