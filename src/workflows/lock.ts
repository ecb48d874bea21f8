/**
 * The lock of a model: who may replace or read its files, and whose task it runs, in the order of the asks.
 *
 * A holder gives back by signal. One that died without doing so is noticed only while somebody waits, and succeeded only
 * once its activities must have stopped and, if it held the model, once Anaplan shows no task.
 */
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  defineUpdate,
  getExternalWorkflowHandle,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { HoldActivities, LockAnswer, LockAsk, LockView } from '../activities/hold/contract';
import './run/unreadable';
import { activities, LONGEST_EFFECT_LEASE_MS } from './run/proxies';
import { isAsk, isRelease, stateFrom } from './lock/shapes';
import {
  blocking,
  drop,
  giveBack,
  isGranted,
  isHolder,
  settle,
  take,
  waiting,
  type Entry,
  type LockState,
} from './lock/state';
import { answerTo, detailsOf, iso, viewOf, what } from './lock/view';

/** Asks, or asks again: answered at once, by a grant or by a place in the line. */
const ask = defineUpdate<LockAnswer, [LockAsk]>('ask');
/** Gives back all that a run holds or waits for. */
export const release = defineSignal<[{ workflowId: string; firstRunId: string; ids: string[] }]>('release');
/** For operators: takes the lock from the run of this workflow ID, or from all that somebody waits for. */
const forceRelease = defineSignal<[string?]>('forceRelease');
/** Sent to a run that had to wait: its ask of this ID is granted; what it should know of the holder before. */
export const granted = defineSignal<[string, string[]?]>('anaplanLockGranted');
/** Who holds and who waits; with a workflow ID, also that run's own part. */
const lockState = defineQuery<LockView, [string?]>('state');

/** A dead holder is looked for this long after somebody began to wait, then at twice the interval, up to the longest. */
const SWEEP_MS = 30_000;
const LONGEST_SWEEP_MS = 5 * 60_000;
/** An attempt that Temporal has given up changes nothing more after this. Counted here: no two clocks are compared. */
const SETTLE_MS = LONGEST_EFFECT_LEASE_MS + 5_000;
/** A model that a dead holder held is asked this often whether its task has ended, and so long at most. */
const IDLE_EVERY_MS = 30_000;
const IDLE_BOUND_MS = 15 * 60_000;
/** One of these calls may not be answered: a busy model holds requests open. */
const CHECK_MS = 2 * 60_000;

const { openRuns, modelIdle } = activities<Pick<HoldActivities, 'anaplan.openRuns' | 'anaplan.modelIdle'>>({
  openRuns: {
    summary: ({ runs }) =>
      `are ${runs.length === 1 ? (runs[0]?.workflowId ?? '') : `${runs.length} runs`} still open?`,
    within: () => CHECK_MS,
  },
  modelIdle: { summary: ({ model }) => `does ${model.model.name} run a task?` },
});

/** A run of a workflow takes 2,000 updates. */
const QUIET_UPDATES = 1_000;
const MAX_UPDATES = 1_800;
const MAX_HISTORY = 10_000;

/** The entity workflow `anaplanLock`. It ends when nobody holds or waits, and cannot be cancelled before. */
export async function anaplanLock(state?: LockState): Promise<void> {
  await CancellationScope.nonCancellable(() => new Lock(stateFrom(state)).run());
}

class Lock {
  private updates = 0;
  /** Counts what happened, so that the loop below sees it. */
  private changes = 0;
  private sweepMs = SWEEP_MS;
  private sweepAt: number | undefined;
  private idleAt = 0;
  private alarmAt: number | undefined;
  private checking = false;

  constructor(private readonly s: LockState) {
    setHandler(ask, (wanted) => this.asked(wanted), {
      validator: (wanted) => {
        if (!isAsk(wanted)) throw ApplicationFailure.nonRetryable('This is no ask of a lock', 'InvalidInput');
      },
    });
    setHandler(release, (given) => {
      if (!isRelease(given)) return;
      giveBack(this.s, given.workflowId, given.firstRunId, given.ids);
      this.changed();
    });
    setHandler(forceRelease, (workflowId) => {
      this.force(workflowId);
    });
    setHandler(lockState, (workflowId) =>
      viewOf(this.s, typeof workflowId === 'string' ? workflowId : undefined),
    );
  }

  async run(): Promise<void> {
    // The ask that started this workflow comes with its first task. Started by hand, nobody may ever ask.
    if (this.s.entries.length === 0) await condition(() => this.changes > 0, '1 minute');
    for (;;) {
      const seen = this.changes;
      const [next] = settle(this.s, Date.now());
      setCurrentDetails(detailsOf(this.s));
      if (next) {
        await this.tell(next);
        continue;
      }
      if (this.s.entries.length === 0) return;
      const line = waiting(this.s);
      if (this.mustContinue(line.length)) await continueAsNew<typeof anaplanLock>(this.s);
      if (line.length === 0) {
        this.sweepAt = undefined;
        this.sweepMs = SWEEP_MS;
      } else this.watch();
      await condition(() => this.changes !== seen);
    }
  }

  private changed(): void {
    this.changes += 1;
  }

  private asked(wanted: LockAsk): LockAnswer {
    this.updates += 1;
    const entry = take(this.s, wanted, Date.now());
    this.changed();
    if (!entry) return { granted: false, behind: [], warnings: [] };
    // Not told twice: the answer to this ask tells.
    entry.waits = false;
    settle(this.s, Date.now());
    entry.waits = !isGranted(entry);
    return answerTo(this.s, entry);
  }

  private force(workflowId: unknown): void {
    if (workflowId !== undefined && workflowId !== null && typeof workflowId !== 'string') return;
    const held = this.s.entries.filter(isHolder);
    const inTheWay = blocking(this.s).filter(isHolder);
    const chosen =
      typeof workflowId === 'string'
        ? held.filter((e) => e.workflowId === workflowId)
        : inTheWay.length > 0
          ? inTheWay
          : held;
    for (const e of chosen) {
      const note = `${what(heldBy(e))} was taken from \`${e.workflowId}\` by an operator at ${iso(Date.now())}`;
      drop(this.s, e, note, true);
    }
    if (chosen.length > 0) this.changed();
  }

  private async tell(entry: Entry): Promise<void> {
    const { id } = entry;
    entry.waits = false;
    try {
      await getExternalWorkflowHandle(entry.workflowId).signal(granted, id, entry.warnings ?? []);
    } catch {
      // The run closed while it waited: the next one's turn.
      if (entry.id === id) this.s.entries = this.s.entries.filter((e) => e !== entry);
    }
  }

  private mustContinue(inLine: number): boolean {
    const { historyLength, continueAsNewSuggested } = workflowInfo();
    if (this.updates >= MAX_UPDATES) return true;
    const large = this.updates >= QUIET_UPDATES || historyLength > MAX_HISTORY || continueAsNewSuggested;
    // An ask that meets the end of a run has to be sent again, so this is done in a quiet moment where there is one.
    return large && ((inLine === 0 && !this.checking) || historyLength > 3 * MAX_HISTORY);
  }

  /** Does what is due while somebody waits, and sets the alarm for what is due next. */
  private watch(): void {
    const now = Date.now();
    this.sweepAt ??= now + this.sweepMs;
    const dead = blocking(this.s).filter((e) => e.deadAt !== undefined);
    if (!this.checking) {
      const settled = dead.find((e) => now >= (e.deadAt ?? 0) + SETTLE_MS);
      if (settled && now >= this.idleAt) this.check(() => this.succeed(settled));
      else if (now >= this.sweepAt) this.check(() => this.sweep());
    }
    // A check that is under way wakes the loop by its end.
    if (this.checking) return;
    const wake = dead.map((e) => Math.max((e.deadAt ?? 0) + SETTLE_MS, this.idleAt));
    this.alarm(Math.min(this.sweepAt, ...wake));
  }

  private alarm(at: number): void {
    if (this.alarmAt !== undefined && this.alarmAt <= at) return;
    this.alarmAt = at;
    void sleep(Math.max(1, at - Date.now()), { summary: 'until the holders are looked at again' }).then(
      () => {
        if (this.alarmAt === at) this.alarmAt = undefined;
        this.changed();
      },
    );
  }

  /** Asks something beside the loop: whoever releases meanwhile, by force too, is not waited for. */
  private check(body: () => Promise<void>): void {
    this.checking = true;
    void body()
      // Whatever failed is asked again at the next alarm.
      .catch(() => undefined)
      .finally(() => {
        this.checking = false;
        this.changed();
      });
  }

  /** Looks which of those who are waited for are still open; a run that is paused is. */
  private async sweep(): Promise<void> {
    const looked = blocking(this.s)
      .filter((e) => e.deadAt === undefined)
      .slice(0, 100);
    this.sweepMs = Math.min(2 * this.sweepMs, LONGEST_SWEEP_MS);
    this.sweepAt = Date.now() + this.sweepMs;
    const open = await this.openRuns(looked);
    this.sweepAt = Date.now() + this.sweepMs;
    looked.forEach((e, i) => {
      if (open[i] !== false || !this.s.entries.includes(e)) return;
      if (isHolder(e)) e.deadAt = Date.now();
      else this.s.entries = this.s.entries.filter((o) => o !== e);
    });
  }

  /** Passes on what a dead holder held, once nothing of it can be at work. */
  private async succeed(e: Entry): Promise<void> {
    const { deadAt, id } = e;
    if (deadAt === undefined) return;
    this.idleAt = Date.now() + IDLE_EVERY_MS;
    const same = () => this.s.entries.includes(e) && e.deadAt === deadAt && e.id === id;
    // A reset gives a closed run a successor, which may go on after its asks.
    const [open] = await this.openRuns([e]);
    if (!same()) return;
    if (open === true) {
      delete e.deadAt;
      return;
    }
    const note = `\`${e.workflowId}\` closed without giving back ${what(heldBy(e))}`;
    if (e.wholeAt === undefined) {
      drop(this.s, e, `${note}; passed on at ${iso(Date.now())}`, false);
    } else {
      const left = deadAt + IDLE_BOUND_MS - Date.now();
      const idle = await this.modelIdle(e, Math.min(CHECK_MS, Math.max(left, 10_000))).catch(() => false);
      if (!same()) return;
      if (idle) drop(this.s, e, `${note}; passed on at ${iso(Date.now())}, with no task in the model`, false);
      else if (Date.now() >= deadAt + IDLE_BOUND_MS) {
        drop(
          this.s,
          e,
          `${note}, and Anaplan did not say within ${IDLE_BOUND_MS / 60_000} min that the model has no task: a task of that run may still be at work. Passed on at ${iso(Date.now())}`,
          true,
        );
      } else this.idleAt = Math.min(Date.now() + IDLE_EVERY_MS, Math.max(deadAt + IDLE_BOUND_MS, Date.now()));
      return;
    }
    this.idleAt = 0;
  }

  private openRuns(entries: readonly Entry[]): Promise<boolean[]> {
    return openRuns({ runs: entries.map(({ workflowId, firstRunId }) => ({ workflowId, firstRunId })) });
  }

  private modelIdle(e: Entry, withinMs: number): Promise<boolean> {
    const connections = [e, ...waiting(this.s)].map((o) => o.model.connection);
    return modelIdle(
      { model: e.model, connections: [...new Set(connections)].slice(0, 5) },
      { scheduleToCloseTimeout: withinMs },
    );
  }
}

function heldBy(e: Entry): { files: Entry['files']; whole: boolean } {
  return { files: e.filesAt === undefined ? {} : e.files, whole: e.wholeAt !== undefined };
}
