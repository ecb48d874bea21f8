/**
 * The worker's part in the budget of a tenant. While calls wait, a rate is leased from the tenant's budget, a workflow
 * that all workers ask; the limiters of the tenant's connections share it. Without a lease calls leave at a trickle, which
 * is all that is safe where the budget cannot be asked.
 */
import { setTimeout as delay } from 'node:timers/promises';

import { WithStartWorkflowOperation, type Client } from '@temporalio/client';

import type { RateLimiter } from '../anaplan';
import { budgetId, shareOut, type BudgetAsk, type BudgetLease } from '../contracts';
import type { Log } from './logging';

/** So often a lease is renewed: at most 3 times a minute where more is wanted than there is, else as late as is safe. */
const RENEW_SOON_MS = 20_000;
const RENEW_MS = 45_000;
const ASKS_A_MINUTE = 3;
/** The first lease of a burst may be too small: it is asked for again so soon. */
const GROWN_MS = 1_000;
const MINUTE = 60_000;
/** The budget answers in a moment where a worker of its queue is there. */
const ANSWER_MS = 10_000;
const AFTER_FAILURE_MS = 5_000;
/** Before the budget has said what is safe without a lease. */
const FIRST_IDLE_PART = 0.03 / 4;
/** What is asked for at first: enough for a run that has just begun. */
const LEAST_WANT = 60;
/** A worker that stops gives back its lease, if that is quick. */
const GIVE_BACK_MS = 500;
/** Nobody has answered for so long: whatever was leased has ended. */
const STUCK_MS = 75_000;

/** What the budgets are asked with. */
export interface BudgetOptions {
  /** The client of the worker's own connection to Temporal; undefined before there is one. */
  temporal: () => Client | undefined;
  /** Of the entity, where this worker starts it. */
  taskQueue: string;
  /** Names this process among the workers. */
  worker: string;
  log: Log;
}

/** One connection's part. */
interface Member {
  limiter: RateLimiter;
  /** What its user configured for all workers of the tenant together. */
  perMinute: number;
  /** And for this one. */
  atMost: number;
}

/** The budgets of all tenants that this process has to do with. */
export class TenantBudgets {
  private readonly tenants = new Map<string, Leaseholder>();
  private closed = false;

  constructor(private readonly o: BudgetOptions) {}

  /**
   * Puts a limiter under the budget of its tenant.
   * @param rates - what all workers of the tenant may send together, and this one at most, requests a minute
   * @param tenant - finds out which tenant it is, with calls that the limiter lets pass; asked when calls wait
   * @param otherwise - names the tenant where that cannot be found out
   */
  attach(
    limiter: RateLimiter,
    rates: { perMinute: number; atMost: number },
    tenant: () => Promise<string>,
    otherwise: string,
  ): void {
    limiter.setRate(0, rates.perMinute * FIRST_IDLE_PART);
    let holder: Leaseholder | undefined;
    let finding = false;
    const find = async (): Promise<void> => {
      finding = true;
      let id = otherwise;
      try {
        id = await tenant();
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.o.log('debug', 'Anaplan did not say which tenant this is; the budget goes by its URL', {
          reason,
        });
      }
      if (this.closed) return;
      holder = this.tenants.get(id) ?? new Leaseholder(id, this.o);
      this.tenants.set(id, holder);
      holder.add({ limiter, ...rates });
      holder.look();
    };
    const look = (): void => {
      if (holder !== undefined) holder.look();
      else if (!finding && this.o.temporal() !== undefined) void find();
    };
    limiter.watch({
      waiting: look,
      throttled: () => {
        if (holder === undefined) look();
        else holder.throttled();
      },
    });
  }

  /** Gives back what is leased, within half a second. Never throws. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.tenants.values()].map((holder) => holder.close()));
  }
}

/** Holds this process's lease of one tenant. */
class Leaseholder {
  private readonly members: Member[] = [];
  private asking = false;
  private closed = false;
  private lease: BudgetLease | undefined;
  /** By the monotonic clock: when the lease ends, and when it was got. */
  private until = -Infinity;
  private gotAt = -Infinity;
  private asked: number[] = [];
  private notBefore = 0;
  private untold429 = false;
  private answeredAt = performance.now();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly tenant: string,
    private readonly o: BudgetOptions,
  ) {}

  add(member: Member): void {
    this.members.push(member);
    this.spread();
  }

  throttled(): void {
    this.untold429 = true;
    const pausedMs = this.pausedMs();
    for (const { limiter } of this.members) if (limiter.pausedMs + 50 < pausedMs) limiter.stop(pausedMs);
    this.look();
  }

  /** Asks for a rate if it is time to, and wakes itself up when it will be. */
  look(): void {
    if (this.asking || this.closed) return;
    const now = performance.now();
    const held = now < this.until;
    if (!held && this.lease !== undefined && this.lease.perMinute > 0) this.lapse();
    const want = this.want();
    const due = this.dueAt(want, now);
    if (due <= now) {
      void this.ask(want);
      return;
    }
    this.wake(Math.min(due, held ? this.until : Infinity) - now);
  }

  /** When to ask: never, where nothing more than the trickle is wanted. */
  private dueAt(want: number | 'all', now: number): number {
    if (want === 0 && !this.untold429) return Infinity;
    const asked = this.asked.filter((at) => now - at < MINUTE);
    const bounded = asked.length < ASKS_A_MINUTE ? 0 : (asked[0] ?? 0) + MINUTE;
    const earliest = Math.max(bounded, this.notBefore);
    if (this.untold429 || now >= this.until) return earliest;
    const more = want === 'all' && (this.lease?.perMinute ?? 0) < this.atMost() * 0.9;
    const soon = more || this.lease?.contended === true;
    return Math.max(
      earliest,
      this.gotAt + (soon ? (asked.length < ASKS_A_MINUTE - 1 ? GROWN_MS : RENEW_SOON_MS) : RENEW_MS),
    );
  }

  private perMinute(): number {
    return Math.min(...this.members.map((m) => m.perMinute));
  }

  private atMost(): number {
    return Math.min(...this.members.map((m) => m.atMost));
  }

  /** What may be sent without a lease, as far as the budget has said. */
  private idlePerMinute(): number {
    return this.lease?.idlePerMinute ?? this.perMinute() * FIRST_IDLE_PART;
  }

  /** Requests of the last minute. */
  private used(): number {
    return this.members.reduce((sum, { limiter }) => sum + limiter.demand().used, 0);
  }

  private pausedMs(): number {
    return Math.max(0, ...this.members.map(({ limiter }) => limiter.pausedMs));
  }

  /** Requests a minute that this process could use; 0 where the trickle is enough. */
  private want(): number | 'all' {
    const demands = this.members.map(({ limiter }) => limiter.demand());
    if (demands.some((d) => d.saturated)) return 'all';
    const waiting = demands.reduce((sum, d) => sum + d.waiting, 0);
    const used = demands.reduce((sum, d) => sum + d.used, 0);
    const idle = this.idlePerMinute();
    if (waiting === 0 && used <= idle) return 0;
    if (waiting === 0 && performance.now() >= this.until) return 0;
    return Math.max(LEAST_WANT, Math.ceil(used * 1.5) + waiting * 6);
  }

  private async ask(want: number | 'all'): Promise<void> {
    const temporal = this.o.temporal();
    if (temporal === undefined) return;
    this.asking = true;
    // The lease counts from before the ask: the budget's clock begins later.
    const from = performance.now();
    this.asked = [...this.asked.filter((at) => from - at < MINUTE), from];
    const told429 = this.untold429;
    const pausedMs = Math.ceil(this.pausedMs());
    try {
      const given: BudgetAsk = {
        worker: this.o.worker,
        want,
        used: this.used(),
        perMinute: this.perMinute(),
        atMost: this.atMost(),
        ...(told429 ? { throttledMs: pausedMs } : {}),
      };
      const lease = await leaseOf(temporal, this.tenant, this.o.taskQueue, given);
      if (told429) this.untold429 = false;
      this.lease = lease;
      this.gotAt = from;
      this.answeredAt = from;
      this.until = want === 0 ? -Infinity : from + lease.ttlMs;
      const waitMs = lease.pauseMs - (performance.now() - from);
      for (const { limiter } of this.members) if (waitMs > limiter.pausedMs + 500) limiter.stop(waitMs);
      this.spread(lease.fresh);
    } catch (error) {
      // What was leased before may be used to its end; after that the trickle is what is safe.
      this.notBefore = performance.now() + AFTER_FAILURE_MS;
      const reason = error instanceof Error ? error.message : String(error);
      this.o.log('debug', 'The budget of the tenant does not answer', { tenant: this.tenant, reason });
      await this.unstick(temporal).catch(() => undefined);
    } finally {
      this.asking = false;
      this.look();
    }
  }

  /**
   * A budget runs on the task queue of the worker that asked first. Where no worker of that queue is left, nobody has a
   * lease any more: it is ended, and the next ask starts it here.
   */
  private async unstick(temporal: Client): Promise<void> {
    if (performance.now() - this.answeredAt < STUCK_MS) return;
    const handle = temporal.workflow.getHandle(budgetId(this.tenant));
    const { taskQueue } = await handle.describe();
    if (taskQueue === this.o.taskQueue) return;
    const { pollers } = await temporal.workflowService.describeTaskQueue({
      namespace: temporal.options.namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: 1,
    });
    const recent = (pollers ?? []).some(
      (p) => Date.now() - Number(p.lastAccessTime?.seconds ?? 0) * 1000 < STUCK_MS,
    );
    if (recent) return;
    this.o.log(
      'warn',
      `The budget of the tenant was on task queue ${taskQueue}, which nobody serves: it moves here`,
      {
        tenant: this.tenant,
      },
    );
    await handle.terminate(`task queue ${taskQueue} is not served`);
    this.notBefore = 0;
  }

  /** The lease has ended. */
  private lapse(): void {
    if (this.lease !== undefined) this.lease = { ...this.lease, perMinute: 0 };
    this.spread();
  }

  /** Sets the rates of the connections, by what each wants. */
  private spread(fresh = false): void {
    const total = performance.now() < this.until ? (this.lease?.perMinute ?? 0) : 0;
    const idle = this.idlePerMinute();
    const wants = this.members.map(({ limiter }) => {
      const { used, waiting, saturated } = limiter.demand();
      return saturated ? total : Math.max(1, used + waiting * 6);
    });
    const parts = shareOut(total, wants);
    const spare = (total - parts.reduce((sum, part) => sum + part, 0)) / this.members.length;
    this.members.forEach(({ limiter }, i) => {
      limiter.setRate((parts[i] ?? 0) + spare, idle / this.members.length, { fresh });
    });
  }

  private wake(ms: number): void {
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.timer = undefined;
    if (!Number.isFinite(ms)) return;
    this.timer = setTimeout(
      () => {
        this.timer = undefined;
        this.look();
      },
      Math.max(10, Math.ceil(ms)),
    );
    this.timer.unref();
  }

  async close(): Promise<void> {
    this.closed = true;
    this.wake(Infinity);
    const temporal = this.o.temporal();
    if (temporal === undefined || performance.now() >= this.until) return;
    const given = { worker: this.o.worker, want: 0, used: this.used(), perMinute: this.perMinute() };
    const back = leaseOf(temporal, this.tenant, this.o.taskQueue, given).catch(() => undefined);
    const waited = new AbortController();
    await Promise.race([back, delay(GIVE_BACK_MS, undefined, waited).catch(() => undefined)]);
    waited.abort();
  }
}

function leaseOf(temporal: Client, tenant: string, taskQueue: string, ask: BudgetAsk): Promise<BudgetLease> {
  return temporal.withDeadline(Date.now() + ANSWER_MS, () =>
    temporal.workflow.executeUpdateWithStart<() => Promise<void>, BudgetLease, [BudgetAsk]>('lease', {
      args: [ask],
      startWorkflowOperation: new WithStartWorkflowOperation('anaplanBudget', {
        workflowId: budgetId(tenant),
        taskQueue,
        args: [],
        workflowIdConflictPolicy: 'USE_EXISTING',
        staticSummary: 'Requests a minute of one Anaplan tenant, shared among workers',
      }),
    }),
  );
}
