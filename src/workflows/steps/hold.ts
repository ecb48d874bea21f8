/** Holding a model's lock: one run at a time replaces a file, and one runs its task. */
import { condition, getExternalWorkflowHandle, uuid4, workflowInfo } from '@temporalio/workflow';
import type {
  FileUses,
  Held,
  HoldActivities,
  LockAnswer,
  LockAsk,
  LockParty,
} from '../../activities/hold/contract';
import { compact, lockId } from '../../contracts';
import { activities } from '../run/proxies';
import { failedAs, readFailure, stepFailure } from '../run/failures';
import { release } from '../lock';
import { iso, what as heldOf } from '../lock/view';
import { shielded, type Run } from '../run/frame';

const { askLock } = activities<Pick<HoldActivities, 'anaplan.askLock'>>({
  askLock: {
    summary: ({ ask }) => `ask for ${ask.whole ? `model "${ask.model.model.name}"` : heldOf(ask)}`,
  },
});

/** A run that waits asks again after these minutes, then each time after the last: what it shows stays true. */
const ASK_AGAIN_MINUTES = [1, 2, 4, 10];
const MINUTE = 60_000;

/** Holds all files that the run replaces or reads, while `body` works. */
export async function holdingFiles<T>(run: Run, body: () => Promise<T>): Promise<T> {
  return holding(run, run.prepared.files, false, body);
}

/** Holds the files and the model while `body` works, for a run that has nothing to do before its task. */
export async function holdingAll<T>(run: Run, body: () => Promise<T>): Promise<T> {
  return holding(run, run.prepared.files, true, body);
}

/**
 * Within {@link holdingFiles}: holds the model too, until that ends. Tasks lock it anyway, and their dumps and exports
 * are replaced by the next one.
 */
export async function holdingModel<T>(run: Run, body: () => Promise<T>): Promise<T> {
  await run.hold?.ask(true);
  return body();
}

async function holding<T>(run: Run, files: FileUses, whole: boolean, body: () => Promise<T>): Promise<T> {
  if (run.input.exclusive === false) return body();
  const hold = new Hold(run, files);
  run.hold = hold;
  try {
    if (whole || Object.keys(files).length > 0) await hold.ask(whole);
    return await body();
  } finally {
    delete run.hold;
    await shielded(() => hold.release());
  }
}

/** What one run holds of its model's lock. */
export class Hold {
  /** The latest grant. */
  held: Held | undefined;
  /** Since when the run has had the model, by workflow time. */
  private modelSince: number | undefined;
  private readonly ids: string[] = [];
  private readonly lock: string;

  constructor(
    private readonly run: Run,
    private readonly files: FileUses,
  ) {
    this.lock = lockId(run.model.model.id);
  }

  /** Asks for the files, and the model if `whole`, and waits until it has them. */
  async ask(whole: boolean): Promise<void> {
    const { run } = this;
    const about = whole ? `model "${run.model.model.name}"` : heldOf({ files: this.files, whole });
    const began = Date.now();
    const deadline = began + run.timeouts.lock;
    let behind: LockParty[] = [];
    for (let n = 0; ; n++) {
      const { ask, answer } = await this.askOnce(whole, about, behind, deadline);
      const { id } = ask;
      const grant = { lockId: this.lock, ask, byRunId: answer.runId };
      const asOf = Date.now();
      behind = answer.behind;
      const told = answer.granted ? answer.warnings : run.grants.get(id);
      if (told) {
        this.got(grant);
        for (const warning of told) run.warn(`lock ${this.lock}: ${warning}`);
        return;
      }
      const first = behind[0];
      const holder = first
        ? `\`${first.workflowId}\`, which ${first.holds ? 'holds' : 'waits for'} ${heldOf(first)} since ${iso(first.since)}`
        : 'another run';
      const wanted = answer.for === 'files' ? 'file' : 'model';
      run.state(
        `waiting for ${wanted}`,
        `Waiting for ${about} since ${iso(began)}, at place ${answer.place ?? 1} behind ${holder}, as of ${iso(asOf)}. Who holds and waits now: workflow \`${this.lock}\``,
      );
      const minutes = ASK_AGAIN_MINUTES[Math.min(n, ASK_AGAIN_MINUTES.length - 1)] ?? 10;
      const left = deadline - Date.now();
      const summary = `waiting for ${about}`;
      if (
        left > 0 &&
        (await condition(() => run.grants.has(id), Math.min(minutes * MINUTE, left), { summary }))
      ) {
        this.got(grant);
        for (const warning of run.grants.get(id) ?? []) run.warn(`lock ${this.lock}: ${warning}`);
        return;
      }
      if (Date.now() >= deadline) {
        throw stepFailure(
          'ModelLocked',
          `Another run, ${holder}, was still in the way of ${about} after ${Math.round(run.timeouts.lock / MINUTE)} min (timeouts.lock; lock ${this.lock}).`,
          { code: 'lock' },
        );
      }
    }
  }

  private got(grant: Held): void {
    this.held = grant;
    if (grant.ask.whole) this.modelSince ??= Date.now();
  }

  /** Gives back all of it. */
  async release(): Promise<void> {
    if (this.modelSince !== undefined) this.run.record({ is: 'heldModel', ms: Date.now() - this.modelSince });
    if (this.ids.length === 0) return;
    const { workflowId, firstExecutionRunId: firstRunId } = workflowInfo();
    await getExternalWorkflowHandle(this.lock)
      .signal(release, { workflowId, firstRunId, ids: this.ids.slice(-100) })
      // A lock that is gone has nothing to give back to.
      .catch(() => undefined);
  }

  private async askOnce(
    whole: boolean,
    about: string,
    seen: LockParty[],
    deadline: number,
  ): Promise<{ ask: LockAsk; answer: LockAnswer & { runId: string } }> {
    const { run } = this;
    const info = workflowInfo();
    const ask: LockAsk = {
      id: uuid4(),
      workflowId: info.workflowId,
      firstRunId: info.firstExecutionRunId,
      runId: info.runId,
      model: run.model,
      files: this.files,
      whole,
      ...compact({ priority: run.input.priority }),
      ...(seen.length > 0 ? { seen } : {}),
    };
    this.ids.push(ask.id);
    // Within the bound of the whole wait, but with time for a first answer.
    const withinMs = Math.max(deadline - Date.now(), 2 * MINUTE);
    try {
      const answer = await askLock({ lockId: this.lock, ask }, { scheduleToCloseTimeout: withinMs });
      return { ask, answer };
    } catch (error) {
      if (!failedAs(error, 'DeadlineExceeded') && !failedAs(error, 'ServiceUnavailable')) throw error;
      throw stepFailure(
        'ModelLocked',
        `The lock ${this.lock} did not answer within ${Math.round(withinMs / MINUTE)} min, so ${about} could not be held. ${readFailure(error).said}`,
        {
          code: 'lock',
          remedy: "Start a worker on the lock's task queue, or terminate the lock if its holders are gone.",
        },
      );
    }
  }
}
