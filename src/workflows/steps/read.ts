import type { DownloadPosition, DownloadResult } from '../../activities/download/contract';
import type { ReadActivities, ReadTarget } from '../../activities/read/contract';
import { compact, type Compress } from '../../contracts';
import { activities, throughDowntime, throughOutages, untilDeadline } from '../run/proxies';
import { compresses, positionOf } from './download';
import { Target, writing } from './target';
import { SUCCEEDED, type Ending } from '../run/facts';
import { deadlineOf, type Deadline } from './roots';
import { stepFailure } from '../run/failures';
import { shielded, type Run } from '../run/frame';

const { createReadRequest, readPages, awaitPages, deleteReadRequest } = activities<ReadActivities>({
  createReadRequest: { summary: ({ read }) => `ask for ${read.name}`, within: throughOutages },
  readPages: {
    summary: ({ read, from }) => `${read.name}, from page ${from?.next ?? 0}`,
    within: untilDeadline,
  },
  awaitPages: {
    summary: ({ read, from }) => `wait for page ${from.next} of ${read.name}`,
    within: untilDeadline,
  },
  deleteReadRequest: {
    summary: ({ requestId }) => `delete read request ${requestId}`,
    within: throughDowntime,
  },
});

/** How often Anaplan may fail or lose a read before the run fails. */
const MAX_READS = 3;

/** Layouts whose pages are merged as they are: their lines do not repeat a header. */
function isVerbatim(exportType: string | undefined): boolean {
  return exportType?.toUpperCase().startsWith('GRID') ?? false;
}

/** Reads a view or list of any size into a target. */
export async function largeRead(
  run: Run,
  read: ReadTarget,
  input: { target: string; compress?: Compress },
  exportType?: string,
): Promise<Ending> {
  const target = new Target(run, input.target);
  return writing(run, { targets: [target] }, async () => {
    run.state('reading', `**${read.name}** to ${input.target}`);
    const deadline = deadlineOf(run);
    for (let reads = 1; ; reads++) {
      const end = await onePass(run, read, target, deadline, exportType, compresses(input.compress));
      if (end.done) {
        await target.commit(read, end, { chunks: end.next, pages: end.next, rows: end.rows });
        return SUCCEEDED;
      }
      if (reads >= MAX_READS) {
        throw stepFailure(
          'ReadRequestFailed',
          `Reading "${read.name}" (${read.id}) failed ${reads} times; the last time: ${end.failed}.`,
        );
      }
      run.warn(`${end.failed}; the read was begun again`);
    }
  });
}

/** One read request, from its creation to its deletion. */
async function onePass(
  run: Run,
  read: ReadTarget,
  target: Target,
  deadline: Deadline,
  exportType: string | undefined,
  compress: boolean,
): Promise<DownloadResult> {
  // Created out of reach of a cancellation, so that there is an ID to delete.
  const { requestId, lost } = await shielded(() =>
    createReadRequest({ ...run.call(deadline), read, ...compact({ exportType }) }),
  );
  if (lost) {
    run.warn(
      `the answer to ${lost} earlier request${lost === 1 ? '' : 's'} to read "${read.name}" was lost: what ${lost === 1 ? 'it' : 'they'} opened has no ID to delete it by, and is dropped by Anaplan after 30 minutes`,
    );
  }
  try {
    let from: DownloadPosition | undefined;
    for (;;) {
      const batch = await target.batch(deadline, (at, resumed = from) =>
        readPages(
          {
            ...run.call(deadline),
            read,
            requestId,
            target: target.ref,
            compress,
            verbatim: isVerbatim(exportType),
            ...compact({ from: resumed }),
          },
          at,
        ),
      );
      if (batch && (batch.done || batch.failed !== undefined)) return batch;
      from = batch && positionOf(batch);
      if (batch?.waiting && from) {
        const { failed, ...seen } = await awaitPages({ ...run.call(deadline), read, requestId, from });
        if (failed !== undefined) return { ...batch, failed };
        from = { ...from, ...seen };
      }
      run.state(
        'reading',
        `**${read.name}** to ${target.shown.uri}: ${from?.next ?? 0} pages, ${from?.rows ?? 0} rows`,
      );
    }
  } finally {
    await shielded(() => removeRequest(run, read, requestId));
  }
}

async function removeRequest(run: Run, read: ReadTarget, requestId: string): Promise<void> {
  try {
    await deleteReadRequest({ ...run.call(), read, requestId });
  } catch (error) {
    run.warn(
      `read request ${requestId} of "${read.name}" could not be deleted; Anaplan drops it after 30 minutes (${String(error)})`,
    );
  }
}
