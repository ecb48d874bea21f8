/** Downloading: chunks or pages into a `.part`, batch after batch, which becomes the target at the end. */
import { workflowInfo } from '@temporalio/workflow';

import type { ActionObject, DownloadPosition, DownloadResult, Named, TargetRef } from '../activities/types';
import { FAILURES, transferQueue, type Compress, type ResultTransfer } from '../contracts';
import { call, type CallSettings } from './calls';
import { nobodyTookIt, stepFailure } from './failures';
import { hostIsServed, HOST_WAIT_MS } from './hosts';
import { orElse, type Run } from './run';

/** How often a download begins again from its first byte. */
const MAX_RESTARTS = 5;
/** How often an export is read again because another run of it was started meanwhile. */
const MAX_REREADS = 3;

/** Whether the target is written as gzip. */
export function compresses(compress: Compress | undefined): boolean {
  return compress === true || compress === 'gzip';
}

/** One target while it is written. */
export class Target {
  readonly ref: TargetRef;
  /** The queue of the host with the `.part`. */
  queue: string | undefined;
  private waitMs = HOST_WAIT_MS;
  private restarts = 0;

  constructor(
    private readonly run: Run,
    uri: string,
  ) {
    this.ref = { uri, token: run.token };
    this.queue = run.hostQueue;
  }

  /** Where and how long a batch is run. */
  settings(summary: string): CallSettings {
    return {
      summary,
      withinMs: this.run.timeouts.transfer + 10 * 60_000,
      taskQueue: this.queue ?? transferQueue(workflowInfo().taskQueue),
      ...(this.queue ? { startWithinMs: this.waitMs } : {}),
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
      if (!result.restart) return result;
    } catch (error) {
      if (!this.queue || !nobodyTookIt(error)) throw error;
      if (await hostIsServed(this.run, this.queue)) {
        this.waitMs *= 2;
        return this.batch(body);
      }
      this.run.warn(
        `the worker of queue ${this.queue} is gone; ${this.ref.uri} is written again from the start`,
      );
      this.queue = undefined;
      this.run.hostQueue = undefined;
    }
    this.restarts += 1;
    if (this.restarts > MAX_RESTARTS) {
      throw stepFailure(
        'TargetFailed',
        `${this.ref.uri}: its unfinished file disappeared ${this.restarts} times. Check what removes files there. ${FAILURES.TargetFailed.remedy}`,
      );
    }
    return undefined;
  }

  /** Makes the target appear, whole, and answers the digest of its bytes. */
  async commit(end: DownloadResult): Promise<{ sha256: string }> {
    return this.onHost(() =>
      call('anaplan.commitTarget', this.localSettings('make the target appear'), {
        target: this.ref,
        bytes: end.offset,
        crc32: end.crc32,
      }),
    );
  }

  /** Removes the `.part`. */
  async discard(): Promise<void> {
    await this.onHost(() =>
      call('anaplan.discardTarget', this.localSettings('remove the unfinished target'), {
        target: this.ref,
      }),
    );
  }

  /** Runs what only the host with the `.part` can do: a busy one is waited for. */
  private async onHost<T>(body: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await body();
      } catch (error) {
        if (!this.queue || !nobodyTookIt(error)) throw error;
        if (!(await hostIsServed(this.run, this.queue))) {
          throw stepFailure(
            'TargetFailed',
            `${this.ref.uri}: the worker of queue ${this.queue}, which has the unfinished file, is gone. Start it again, then start the run again.`,
          );
        }
        this.waitMs *= 2;
      }
    }
  }

  private localSettings(summary: string): CallSettings {
    return { ...this.settings(summary), withinMs: 60 * 60_000 };
  }
}

/** Downloads a file of the model to a target that appears whole or not at all. */
export async function download(
  run: Run,
  file: Named,
  uri: string,
  compress: Compress | undefined,
  written?: { action: ActionObject; taskId: string },
): Promise<ResultTransfer> {
  run.state('downloading', `**${file.name}** to ${uri}`);
  const deadline = { name: 'transfer' as const, at: Date.now() + run.timeouts.transfer };
  const target = new Target(run, uri);
  return orElse(
    run,
    async () => {
      const known: string[] = [];
      for (let rereads = 0; ; rereads++) {
        const chunks = await call(
          'anaplan.fileChunks',
          { summary: `chunks of ${file.name}`, withinMs: run.lightMs },
          { ...run.call(deadline), file },
        );
        const end = await readChunks(run, file, target, chunks, compresses(compress), deadline);
        const newer = written
          ? await call(
              'anaplan.newerTasks',
              { summary: `was ${file.name} exported again meanwhile?`, withinMs: run.lightMs },
              { ...run.call(deadline), ...written, known },
            )
          : [];
        if (newer.length === 0) {
          const { sha256 } = await target.commit(end);
          return {
            name: file.name,
            uri,
            bytes: end.offset,
            chunks: chunks.count,
            sha256,
          };
        }
        known.push(...newer);
        if (rereads >= MAX_REREADS) {
          throw stepFailure(
            'Conflict',
            `Export "${file.name}" (${file.id}) was started again ${rereads + 1} times while its file was read, so the bytes may be a mixture. Stop the other runs of the export, then start again.`,
            { effects: 'applied' },
          );
        }
        run.warn(
          `another run of export "${file.name}" (task ${newer.join(', ')}) was started while its file was read; the file was read again`,
        );
      }
    },
    () => target.discard(),
  );
}

async function readChunks(
  run: Run,
  file: Named,
  target: Target,
  chunks: { count: number; ids?: string[] },
  compress: boolean,
  deadline: { name: 'transfer'; at: number },
): Promise<DownloadResult> {
  let from: DownloadPosition | undefined;
  for (;;) {
    const position = from ? { from } : {};
    const batch = await target.batch(() =>
      call('anaplan.downloadChunks', target.settings(`${file.name}, from chunk ${from?.next ?? 0}`), {
        ...run.call(deadline),
        file,
        target: target.ref,
        ...chunks,
        compress,
        ...position,
      }),
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
  const { next, offset, crc32, rows, header, crlf, lineOpen, polledAt, available, complete, touchedAt } =
    batch;
  return {
    next,
    offset,
    crc32,
    rows,
    ...(header === undefined ? {} : { header }),
    ...(crlf === undefined ? {} : { crlf }),
    ...(lineOpen === undefined ? {} : { lineOpen }),
    ...(polledAt === undefined ? {} : { polledAt }),
    ...(available === undefined ? {} : { available }),
    ...(complete === undefined ? {} : { complete }),
    ...(touchedAt === undefined ? {} : { touchedAt }),
  };
}
