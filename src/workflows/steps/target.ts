/** What a run writes: tried before it has an effect, and there whole at its end or not at all. */
import type { DumpTrial, Named } from '../../activities/attempt/contract';
import type {
  DownloadActivities,
  DownloadPosition,
  DownloadResult,
  TargetRef,
} from '../../activities/download/contract';
import type { Place } from '../../activities/prepare/contract';
import { compact, FAILURES, type ResultTransfer } from '../../contracts';
import { activities, type CallOptions } from '../run/proxies';
import { readFailure, stepFailure } from '../run/failures';
import { deadlineOf, inRoot, type Deadline } from './roots';
import { shielded, type Run } from '../run/frame';

const { tryTargets, commitTarget, discardTarget } = activities<
  Pick<DownloadActivities, 'anaplan.tryTargets' | 'anaplan.commitTarget' | 'anaplan.discardTarget'>
>({
  tryTargets: { summary: () => 'try what will be written' },
  commitTarget: { summary: () => 'make the target appear' },
  discardTarget: { summary: () => 'remove the unfinished target' },
});

/** How often a target is begun again from its first byte. */
const MAX_RESTARTS = 5;

/**
 * Tries everything that the run will have to write, before it has an effect, then runs `body`. The `.part` files that
 * `body` did not turn into targets are removed whatever happens.
 *
 * @param dumps - the names of actions whose dumps may have to be stored
 */
export async function writing<T>(
  run: Run,
  { targets, dumps = [] }: { targets: readonly Target[]; dumps?: readonly string[] },
  body: () => Promise<T>,
): Promise<T> {
  try {
    await tryToWrite(run, targets, dumps);
    return await body();
  } finally {
    await shielded(async () => {
      for (const target of targets) await target.discard();
    });
  }
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

async function tryToWrite(run: Run, targets: readonly Target[], dumps: readonly string[]): Promise<void> {
  const roots = new Set(targets.map((target) => target.root));
  if (dumps.length > 0) roots.add(run.prepared.places.dumps.root);
  for (const root of roots) {
    const here = targets.filter((target) => target.root === root);
    const tried = await inRoot(run, { root, deadline: deadlineOf(run) }, (at) =>
      tryTargets(
        {
          root: run.root(root),
          targets: here.map(({ ref: { uri, token } }) => ({ uri, token })),
          ...compact({ dumps: dumpTrial(run, dumps, root) }),
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

  /** Makes the target appear, whole, with what was read of something, and records that. */
  async commit(
    { name }: Named,
    { offset, crc32, sink }: DownloadResult,
    units: Pick<ResultTransfer, 'chunks' | 'pages' | 'rows'>,
  ): Promise<void> {
    const { run, root, ref: target } = this;
    const end = { offset, crc32, ...compact({ sink }) };
    const { sha256 } = await inRoot(run, { root, deadline: deadlineOf(run) }, (at) =>
      commitTarget({ target, end }, at),
    );
    this.open = false;
    run.record({ is: 'downloaded', transfer: { name, ...this.shown, bytes: offset, ...units, sha256 } });
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
