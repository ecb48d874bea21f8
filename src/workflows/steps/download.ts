/** Downloading: chunks or pages into a `.part`, batch after batch, which becomes the target at the end. */
import type { ActionObject, DumpTrial, Named } from '../../activities/attempt/contract';
import type {
  DownloadActivities,
  DownloadPosition,
  DownloadResult,
  TargetRef,
} from '../../activities/download/contract';
import type { Place } from '../../activities/prepare/contract';
import type { TaskActivities } from '../../activities/task/contract';
import { compact, FAILURES, type Compress } from '../../contracts';
import { activities, throughOutages, untilDeadline, type CallOptions } from '../run/proxies';
import { readFailure, stepFailure } from '../run/failures';
import { deadlineOf, inRoot, type Deadline } from './roots';
import { present, shielded, type Run } from '../run/frame';

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
  commitTarget: { summary: () => 'make the target appear' },
  discardTarget: { summary: () => 'remove the unfinished target' },
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
 * Tries everything that the run will have to write, before it has an effect, then runs `body`. The `.part` files that
 * `body` did not turn into targets are removed whatever happens.
 *
 * @param dumps - the names of actions whose dumps may have to be stored
 */
export async function writingAll<T>(
  run: Run,
  uris: readonly string[],
  dumps: readonly string[],
  body: (targets: readonly Target[]) => Promise<T>,
): Promise<T> {
  const targets = uris.map((uri) => new Target(run, uri));
  try {
    await tryToWrite(run, targets, dumps);
    return await body(targets);
  } finally {
    await shielded(async () => {
      for (const target of targets) await target.discard();
    });
  }
}

/** As {@link writingAll}, for a run that writes one target. */
export function writing<T>(run: Run, uri: string, body: (target: Target) => Promise<T>): Promise<T> {
  return writingAll(run, [uri], [], ([target]) => body(present(target, 'a target')));
}

/** Tries whether dumps of actions with these names can be stored, for a run that writes nothing else. */
export async function tryDumps(run: Run, names: readonly string[]): Promise<void> {
  await tryToWrite(run, [], names);
}

/** What is to be tried in a root for the dumps of actions with these names; nothing where they go elsewhere. */
export function dumpTrial(run: Run, names: readonly string[], root: string): DumpTrial | undefined {
  const { dumps } = run.prepared.places;
  return names.length > 0 && dumps.root === root ? { directory: dumps.uri, names: [...names] } : undefined;
}

/** The longest name that a dump of an action can have; none where it has no dumps. */
export function dumpsOf(action: ActionObject, steps: readonly Named[] = []): string[] {
  if (action.kind !== 'imports' && action.kind !== 'processes') return [];
  const names = [action, ...steps].map((object) => object.name);
  return [names.reduce((a, b) => (b.length > a.length ? b : a))];
}

async function tryToWrite(run: Run, targets: readonly Target[], names: readonly string[]): Promise<void> {
  const roots = new Set(targets.map((target) => target.root));
  if (names.length > 0) roots.add(run.prepared.places.dumps.root);
  for (const root of roots) {
    const here = targets.filter((target) => target.root === root);
    const tried = await inRoot(run, { root, deadline: deadlineOf(run) }, (at) =>
      tryTargets(
        {
          root: run.root(root),
          targets: here.map(({ ref: { uri, token } }) => ({ uri, token })),
          ...compact({ dumps: dumpTrial(run, names, root) }),
        },
        at,
      ),
    );
    run.pin(tried.root);
    for (const [i, target] of here.entries()) target.stands(tried.host, tried.uris[i]);
  }
}

/** One target while it is written. */
export class Target {
  private readonly place: Place;
  /** Where it is, for people and for the result: absolute once it was tried. */
  shown: { uri: string; host?: string };
  /** There is a `.part`, as far as we know. */
  private open = false;
  private restarts = 0;

  constructor(
    private readonly run: Run,
    /** As the input names it. */
    readonly given: string,
  ) {
    this.place = run.placeOf(given);
    this.shown = { uri: given };
  }

  /** The name of its root. */
  get root(): string {
    return this.place.root;
  }

  /** What activities are told. */
  get ref(): TargetRef {
    return { uri: this.place.uri, token: this.run.token, root: this.run.root(this.root) };
  }

  /** Takes note that there is a `.part`, and where. */
  stands(host: string, uri = this.given): void {
    this.shown = { uri, host };
    this.open = true;
  }

  /**
   * Runs a batch at a worker that has the `.part`.
   *
   * @param send - gets the options of the call, and the position of an attempt that was handed over to nobody
   * @returns undefined when the target has to be begun again: the `.part` is gone
   */
  async batch(
    deadline: Deadline,
    send: (at: CallOptions, from: DownloadPosition | undefined) => Promise<DownloadResult>,
  ): Promise<DownloadResult | undefined> {
    const result = await inRoot(this.run, { root: this.root, bytes: true, deadline }, send);
    if (!result.restart) return result;
    this.restarts += 1;
    if (this.restarts > MAX_RESTARTS) {
      throw stepFailure(
        'TargetFailed',
        `${this.shown.uri}: its unfinished file disappeared ${this.restarts} times.`,
        { remedy: `Check what removes files there. ${FAILURES.TargetFailed.remedy}` },
      );
    }
    return undefined;
  }

  /** Makes the target appear, whole, and answers the digest of its bytes. */
  async commit({ offset, crc32, sink }: DownloadResult): Promise<{ sha256: string }> {
    const end = { offset, crc32, ...(sink ? { sink } : {}) };
    const committed = await inRoot(this.run, { root: this.root, deadline: deadlineOf(this.run) }, (at) =>
      commitTarget({ target: this.ref, end }, at),
    );
    this.open = false;
    return committed;
  }

  /** Removes the `.part`, unless the target has appeared. One that cannot be removed is a warning. */
  async discard(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    try {
      // The end of the run waits for it, and a worker that starts looks for what is left: not as long as for bytes.
      await inRoot(this.run, { root: this.root, deadline: deadlineOf(this.run, 'cancel') }, (at) =>
        discardTarget({ target: this.ref }, at),
      );
    } catch (error) {
      this.run.warn(`cleaning up failed: ${readFailure(error).message}`);
    }
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
        ...target.shown,
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
        {
          ...run.call(deadline),
          file,
          target: target.ref,
          ...chunks,
          ...(resumed ? { from: resumed } : {}),
        },
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
