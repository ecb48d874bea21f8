/** Downloading: chunks or pages into a `.part`, batch after batch, which becomes the target at the end. */
import { workflowInfo } from '@temporalio/workflow';
import type { ActionObject, Named } from '../../activities/attempt/contract';
import type {
  DownloadActivities,
  DownloadPosition,
  DownloadResult,
  TargetRef,
  TriedTargets,
  TryTargetsInput,
} from '../../activities/download/contract';
import type { TaskActivities } from '../../activities/task/contract';
import { FAILURES, transferQueue, type Compress } from '../../contracts';
import { activities, throughOutages, untilDeadline, type CallOptions } from '../run/proxies';
import { nobodyTookIt, readFailure, stepFailure } from '../run/failures';
import { assertTimeLeft, hostIsServed, HOST_WAIT_MS, longer, onHostOf, smallQueueOf } from './hosts';
import { present, shielded, type Run } from '../run/frame';

/** The end of a target is on its disk, the whole of which may have to be read back. */
const COMMIT_MS = 60 * 60_000;

const { tryTargets, fileChunks, downloadChunks, newerTasks, commitTarget, discardTarget } = activities<
  DownloadActivities & Pick<TaskActivities, 'anaplan.newerTasks'>
>({
  tryTargets: { summary: () => 'try what will be written' },
  fileChunks: { summary: ({ file }) => `chunks of ${file.name}`, within: throughOutages },
  downloadChunks: {
    summary: ({ file, from }) => `${file.name}, from chunk ${from?.next ?? 0}`,
    within: untilDeadline,
  },
  newerTasks: {
    summary: ({ action }) => `was ${action.name} exported again meanwhile?`,
    within: throughOutages,
  },
  commitTarget: { summary: () => 'make the target appear', within: () => COMMIT_MS },
  discardTarget: { summary: () => 'remove the unfinished target', within: () => COMMIT_MS },
});

/** How often a download begins again from its first byte. */
const MAX_RESTARTS = 5;
/** How often an export is read again because another run of it was started meanwhile. */
const MAX_REREADS = 3;

/** Whether the target is written as gzip. */
export function compresses(compress: Compress | undefined): boolean {
  return compress === true || compress === 'gzip';
}

/**
 * Tries everything that the run will have to write, before it has an effect, then runs `body`. The `.part` files that this
 * creates fix the host of the run; those that `body` did not turn into targets are removed whatever happens.
 */
export async function writingAll<T>(
  run: Run,
  uris: readonly string[],
  dumps: TryTargetsInput['dumps'] | undefined,
  body: (targets: readonly Target[]) => Promise<T>,
): Promise<T> {
  const targets = uris.map((uri) => new Target(run, uri));
  if (targets.length > 0 || dumps) await tryToWrite(run, targets, dumps);
  try {
    return await body(targets);
  } finally {
    await shielded(async () => {
      for (const target of targets) await target.discard();
    });
  }
}

/** As {@link writingAll}, for a run that writes one target. */
export function writing<T>(run: Run, uri: string, body: (target: Target) => Promise<T>): Promise<T> {
  return writingAll(run, [uri], undefined, ([target]) => body(present(target, 'a target')));
}

/** Tries whether the dumps of an action can be stored, for a run that writes nothing else. */
export async function tryDumps(
  run: Run,
  action: ActionObject,
  steps: readonly Named[],
  directory: string | undefined,
): Promise<void> {
  const dumps = dumpsOf(action, steps, directory);
  if (dumps) await tryToWrite(run, [], dumps);
}

/** What the dumps of an action may be called, and where they go; undefined where it has none. */
export function dumpsOf(
  action: ActionObject,
  steps: readonly Named[],
  directory: string | undefined,
): TryTargetsInput['dumps'] | undefined {
  if (action.kind !== 'imports' && action.kind !== 'processes') return undefined;
  const names = [action, ...steps].map((object) => object.name);
  return {
    ...(directory === undefined ? {} : { directory }),
    names: [names.reduce((a, b) => (b.length > a.length ? b : a))],
  };
}

async function tryToWrite(
  run: Run,
  targets: readonly Target[],
  dumps?: TryTargetsInput['dumps'],
): Promise<void> {
  const tried = await onHostOf(run, (where) =>
    tryTargets(
      {
        targets: targets.map((target) => ({ uri: target.given, token: run.token })),
        ...(dumps ? { dumps } : {}),
      },
      { ...where, scheduleToCloseTimeout: run.lightMs },
    ),
  );
  run.hostQueue ??= tried.hostQueue;
  for (const [i, target] of targets.entries()) target.stands(tried, tried.uris[i]);
}

/** One target while it is written. */
export class Target {
  /** Absolute, once the host is fixed. */
  ref: TargetRef;
  host: string | undefined;
  /** The queue of the host with the `.part`. */
  private queue: string | undefined;
  /** There is a `.part`, as far as we know. */
  private open = false;
  private waitMs = HOST_WAIT_MS;
  private busySince: number | undefined;
  private restarts = 0;

  constructor(
    private readonly run: Run,
    /** As the input names it. */
    readonly given: string,
  ) {
    this.ref = { uri: given, token: run.token };
  }

  /** Takes note of where the `.part` is. */
  stands(at: TriedTargets, uri = this.given): void {
    this.ref = { uri, token: this.run.token };
    this.host = at.host;
    this.queue = at.hostQueue;
    this.open = true;
  }

  /** Where the target is, for the result. */
  get place(): { uri: string; host?: string } {
    return { uri: this.ref.uri, ...(this.host === undefined ? {} : { host: this.host }) };
  }

  /** Where a batch is run. */
  get where(): CallOptions {
    return {
      taskQueue: this.queue ?? transferQueue(workflowInfo().taskQueue),
      ...(this.queue ? { scheduleToStartTimeout: this.waitMs } : {}),
    };
  }

  /**
   * Runs a batch on the host that has the `.part`.
   * @returns undefined when the target has to be begun again: its host is gone, or the `.part` is
   */
  async batch(body: () => Promise<DownloadResult>): Promise<DownloadResult | undefined> {
    try {
      const result = await body();
      this.queue = result.hostQueue;
      this.run.hostQueue ??= result.hostQueue;
      this.busySince = undefined;
      if (!result.restart) return result;
    } catch (error) {
      if (!this.queue || !nobodyTookIt(error)) throw error;
      if (await hostIsServed(this.run, this.queue)) {
        this.waitMs = longer(this.waitMs);
        this.assertTimeLeft();
        return this.batch(body);
      }
      this.run.warn(
        `the worker of queue ${this.queue} is gone; ${this.ref.uri} is written again from the start`,
      );
      this.open = false;
      this.run.hostQueue = undefined;
    }
    this.restarts += 1;
    if (this.restarts > MAX_RESTARTS) {
      throw stepFailure(
        'TargetFailed',
        `${this.ref.uri}: its unfinished file disappeared ${this.restarts} times. Check what removes files there. ${FAILURES.TargetFailed.remedy}`,
      );
    }
    // Elsewhere the host is fixed anew, so that the batches after this one find the `.part`.
    if (!this.open) await tryToWrite(this.run, [this]);
    return undefined;
  }

  /** Makes the target appear, whole, and answers the digest of its bytes. */
  async commit({ offset, crc32, sink }: DownloadResult): Promise<{ sha256: string }> {
    const committed = await this.onHost(() =>
      commitTarget({ target: this.ref, end: { offset, crc32, ...(sink ? { sink } : {}) } }, this.smallWhere),
    );
    this.open = false;
    return committed;
  }

  /** Removes the `.part`, unless the target has appeared. One that cannot be removed is a warning. */
  async discard(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    try {
      await this.onHost(() => discardTarget({ target: this.ref }, this.smallWhere));
    } catch (error) {
      this.run.warn(`cleaning up failed: ${readFailure(error).message}`);
    }
  }

  /** Runs what only the host with the `.part` can do: a busy one is waited for. */
  private async onHost<T>(body: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await body();
      } catch (error) {
        if (!this.queue || !nobodyTookIt(error)) throw error;
        if (!(await hostIsServed(this.run, smallQueueOf(this.queue)))) {
          throw stepFailure(
            'TargetFailed',
            `${this.ref.uri}: the worker of queue ${this.queue}, which has the unfinished file, is gone. Start it again, then start the run again.`,
          );
        }
        this.waitMs = longer(this.waitMs);
        this.assertTimeLeft();
      }
    }
  }

  /** A host that is busy for ever is not waited for as long. */
  private assertTimeLeft(): void {
    this.busySince ??= Date.now();
    const deadline = { name: 'transfer' as const, at: this.busySince + this.run.timeouts.transfer };
    assertTimeLeft(deadline, `${this.ref.uri}: the workers of queue ${this.queue} are busy`);
  }

  private get smallWhere(): CallOptions {
    return { ...this.where, taskQueue: smallQueueOf(this.queue) };
  }
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
    `The file of "${file.name}" (${file.id}) has ${received} bytes${wrote}. Nothing was changed at the target. Start the run again; if it happens again, look at the export in Anaplan.`,
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
  const deadline = { name: 'transfer' as const, at: Date.now() + run.timeouts.transfer };
  const known: string[] = [];
  for (let rereads = 0; ; rereads++) {
    const chunks = await fileChunks({ ...run.call(deadline), file });
    // What another run of the export wrote has another size.
    const bytes = known.length === 0 ? expected?.bytes : undefined;
    const options = {
      ...chunks,
      compress: compresses(compress),
      ...(bytes === undefined ? {} : { bytes }),
    };
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
      const { sha256 } = await target.commit(end);
      const transfer = {
        name: file.name,
        ...target.place,
        bytes: end.offset,
        chunks: chunks.count,
        sha256,
      };
      run.record({ is: 'downloaded', transfer });
      return;
    }
    known.push(...newer);
    if (rereads >= MAX_REREADS) {
      throw stepFailure(
        'Conflict',
        `Export "${file.name}" (${file.id}) was started again ${rereads + 1} times while its file was read, so the bytes may be a mixture. Stop the other runs of the export, then start again.`,
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
  deadline: { name: 'transfer'; at: number },
): Promise<DownloadResult> {
  let from: DownloadPosition | undefined;
  for (;;) {
    const position = from ? { from } : {};
    const batch = await target.batch(() =>
      downloadChunks(
        { ...run.call(deadline), file, target: target.ref, ...chunks, ...position },
        target.where,
      ),
    );
    if (batch?.done) return batch;
    from = batch && positionOf(batch);
    run.state(
      'downloading',
      `**${file.name}** to ${target.ref.uri}: ${from?.next ?? 0} of ${chunks.count} chunks`,
    );
  }
}

/** Where the next batch goes on. */
export function positionOf(batch: DownloadResult): DownloadPosition {
  const {
    next,
    offset,
    crc32,
    sink,
    received,
    rows,
    header,
    crlf,
    lineOpen,
    polledAt,
    available,
    complete,
    touchedAt,
  } = batch;
  return {
    next,
    offset,
    crc32,
    received,
    rows,
    ...(sink === undefined ? {} : { sink }),
    ...(header === undefined ? {} : { header }),
    ...(crlf === undefined ? {} : { crlf }),
    ...(lineOpen === undefined ? {} : { lineOpen }),
    ...(polledAt === undefined ? {} : { polledAt }),
    ...(available === undefined ? {} : { available }),
    ...(complete === undefined ? {} : { complete }),
    ...(touchedAt === undefined ? {} : { touchedAt }),
  };
}
