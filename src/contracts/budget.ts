/** What workers ask the budget of a tenant for, and its answers. */

/** Workflow ID of the budget of a tenant. */
export function budgetId(tenant: string): string {
  return `anaplan-budget:${tenant}`;
}

/** One worker asks for its part of a tenant's requests, or asks again. Rates are requests a minute. */
export interface BudgetAsk {
  /** Names the worker process: it has one lease a tenant, and a later one takes the place of the earlier. */
  worker: string;
  /** What it could use; `'all'` where its calls wait all the time, 0 to give back. */
  want: number | 'all';
  /** How many requests it has sent in the last minute. */
  used: number;
  /** What the worker is configured to let all workers of the tenant send together. */
  perMinute: number;
  /** What it may send itself at most, where that is less. */
  atMost?: number;
  /** Anaplan has answered it with 429: nobody of the tenant should send for so long. */
  throttledMs?: number;
}

/** A part of a tenant's requests, for a time. */
export interface BudgetLease {
  /** Requests a minute. 0: none can be had now. */
  perMinute: number;
  /** How long it may be used, counted from before the ask. */
  ttlMs: number;
  /** Requests a minute that a worker may send without a lease, or when its lease has ended. */
  idlePerMinute: number;
  /** Nobody of the tenant should send for so long. */
  pauseMs: number;
  /** Others want more than is left: ask again soon, so that all get their part. */
  contended: boolean;
  /** Nobody has had a lease for a minute: a burst may be made at once. */
  fresh: boolean;
}

/** One worker's part, as the query `state` shows it. */
export interface BudgetMember {
  worker: string;
  /** Requests a minute. */
  perMinute: number;
  want: number | 'all';
  /** Requests in the minute before it asked. */
  used: number;
  /** Epoch ms at which the lease ends. */
  until: number;
}

/** Answer of the query `state` of a tenant's budget. */
export interface BudgetView {
  /** What all may send together, requests a minute: as configured, or less after a 429 that nobody here explains. */
  perMinute: number;
  configured: number;
  /** Leased now. */
  leased: number;
  members: BudgetMember[];
  /** Epoch ms until which nobody sends, after a 429. */
  pausedUntil?: number;
}

/**
 * The most each can have so that nobody has less than another who wants more (max-min fairness).
 * @param wants - what each could use
 * @returns what each gets, in the order of `wants`; in all never more than `total`
 */
export function shareOut(total: number, wants: readonly number[]): number[] {
  const parts = wants.map(() => 0);
  let left = total;
  const byWant = wants.map((want, i) => ({ want, i })).sort((a, b) => a.want - b.want);
  byWant.forEach(({ want, i }, done) => {
    const part = Math.max(0, Math.min(want, left / (byWant.length - done)));
    parts[i] = part;
    left -= part;
  });
  return parts;
}
