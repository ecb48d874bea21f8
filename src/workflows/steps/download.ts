/** Downloading a file: its chunks into a target, batch after batch. */
import type { ActionObject, Named } from '../../activities/attempt/contract';
import type {
  DownloadActivities,
  DownloadPosition,
  DownloadResult,
} from '../../activities/download/contract';
import type { TaskActivities } from '../../activities/task/contract';
import { compact, type Compress } from '../../contracts';
import { activities, throughOutages, untilDeadline } from '../run/proxies';
import { stepFailure } from '../run/failures';
import { deadlineOf, type Deadline } from './roots';
import type { Run } from '../run/frame';
import type { Target } from './target';

const { fileChunks, downloadChunks, newerTasks } = activities<
  Pick<DownloadActivities, 'anaplan.fileChunks' | 'anaplan.downloadChunks'> &
    Pick<TaskActivities, 'anaplan.newerTasks'>
>({
  fileChunks: { summary: ({ file }) => `chunks of ${file.name}`, within: throughOutages },
  downloadChunks: {
    summary: ({ file, from }) => `${file.name}, from chunk ${from?.next ?? 0}`,
    within: untilDeadline,
  },
  newerTasks: {
    summary: ({ action }) => `was ${action.name} exported again meanwhile?`,
    within: throughOutages,
  },
});

/** How often an export is read again because another run of it was started meanwhile. */
const MAX_REREADS = 3;

/** Whether the target is written as gzip. */
export function compresses(compress: Compress | undefined): boolean {
  return compress === true || compress === 'gzip';
}

/** What is known of a file before it is downloaded. */
export interface ExpectedFile {
  /** Bytes that the task which wrote it says. */
  bytes: number | undefined;
  /** The task that wrote it, to see whether another one does meanwhile. */
  writtenBy?: { action: ActionObject; taskId: string };
}

/** Nothing is not a success, unless Anaplan says that nothing is right; and what it says of the size has to be true. */
function checkSize(run: Run, file: Named, { received }: DownloadResult, bytes: number | undefined): void {
  if (received === bytes || (bytes === undefined && received > 0)) {
    if (received === 0) run.warn(`export "${file.name}" wrote no byte, so its target is empty`);
    return;
  }
  const wrote = bytes === undefined ? '' : `: Anaplan says that ${bytes} bytes were written`;
  throw stepFailure(
    'TransferCorrupt',
    `The file of "${file.name}" (${file.id}) has ${received} bytes${wrote}. Nothing was changed at the target.`,
    { remedy: 'Start the run again; if it happens again, look at the export in Anaplan.' },
  );
}

/** Downloads a file of the model to a target that appears whole or not at all. */
export async function download(
  run: Run,
  file: Named,
  target: Target,
  compress: Compress | undefined,
  expected?: ExpectedFile,
): Promise<void> {
  const writtenBy = expected?.writtenBy;
  run.state('downloading', `**${file.name}** to ${target.given}`);
  const deadline = deadlineOf(run);
  const known: string[] = [];
  for (let rereads = 0; ; rereads++) {
    const chunks = await fileChunks({ ...run.call(deadline), file });
    // What another run of the export wrote has another size.
    const bytes = known.length === 0 ? expected?.bytes : undefined;
    const options = { ...chunks, compress: compresses(compress), ...compact({ bytes }) };
    const end = await readChunks(run, file, target, options, deadline);
    const newer = writtenBy
      ? await newerTasks({
          ...run.call(deadline),
          action: writtenBy.action,
          taskId: writtenBy.taskId,
          known,
        })
      : [];
    if (newer.length === 0) {
      checkSize(run, file, end, bytes);
      await target.commit(file, end, { chunks: chunks.count });
      return;
    }
    known.push(...newer);
    if (rereads >= MAX_REREADS) {
      throw stepFailure(
        'Conflict',
        `Export "${file.name}" (${file.id}) was started again ${rereads + 1} times while its file was read, so the bytes may be a mixture.`,
        { remedy: 'Stop the other runs of the export, then start again.' },
      );
    }
    run.warn(
      `another run of export "${file.name}" (task ${newer.join(', ')}) was started while its file was read; the file was read again`,
    );
  }
}

async function readChunks(
  run: Run,
  file: Named,
  target: Target,
  chunks: { count: number; ids?: string[]; compress: boolean; bytes?: number },
  deadline: Deadline,
): Promise<DownloadResult> {
  let from: DownloadPosition | undefined;
  for (;;) {
    const batch = await target.batch(deadline, (at, resumed = from) =>
      downloadChunks(
        { ...run.call(deadline), file, target: target.ref, ...chunks, ...compact({ from: resumed }) },
        at,
      ),
    );
    if (batch?.done) return batch;
    from = batch && positionOf(batch);
    run.state(
      'downloading',
      `**${file.name}** to ${target.shown.uri}: ${from?.next ?? 0} of ${chunks.count} chunks`,
    );
  }
}

/** Where the next batch goes on. */
export function positionOf(batch: DownloadResult): DownloadPosition {
  const { done: _done, restart: _restart, failed: _failed, waiting: _waiting, ...position } = batch;
  return position;
}
