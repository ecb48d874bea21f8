/** What a worker does with leases, tried without a server: the budget's own rules answer it. */
import type { Client } from '@temporalio/client';
import { RateLimiter } from '../../src/anaplan';
import type { BudgetAsk, BudgetLease } from '../../src/contracts';
import { TenantBudgets } from '../../src/worker/budget';
import { emptyBudget, lease, type BudgetState } from '../../src/workflows/budget/state';
import { until } from '../workflows/support';

/** Budgets by workflow ID, as Temporal would keep them. */
class Budgets {
  readonly states = new Map<string, BudgetState>();
  readonly asks: (BudgetAsk & { id: string })[] = [];
  reachable = true;

  client(): Client {
    const executeUpdateWithStart = (
      _: string,
      o: { args: [BudgetAsk]; startWorkflowOperation: { options: { workflowId: string } } },
    ): Promise<BudgetLease> => {
      if (!this.reachable) return Promise.reject(new Error('Temporal is away'));
      const id = o.startWorkflowOperation.options.workflowId;
      const state = this.states.get(id) ?? emptyBudget(Date.now());
      this.states.set(id, state);
      this.asks.push({ id, ...o.args[0] });
      return Promise.resolve(lease(state, o.args[0], Date.now()));
    };
    return {
      withDeadline: (_: number, run: () => unknown) => run(),
      workflow: { executeUpdateWithStart },
    } as unknown as Client;
  }

  /** Requests a minute that are leased of a tenant. */
  leased(tenant: string): number {
    const members = Object.values(this.states.get(`anaplan-budget:${tenant}`)?.members ?? {});
    return members.reduce((sum, m) => sum + m.perMinute, 0);
  }
}

const RATES = { perMinute: 540, atMost: 540 };

function worker(budgets: Budgets, name: string): TenantBudgets {
  return new TenantBudgets({
    temporal: () => budgets.client(),
    taskQueue: 'anaplan',
    worker: name,
    log: () => undefined,
  });
}

/** Makes so many calls, and waits until they have left. */
async function calls(limiter: RateLimiter, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => limiter.acquire()));
}

test('who needs a few calls asks nobody; who needs more leases a rate and is let go', async () => {
  const budgets = new Budgets();
  const limiter = new RateLimiter(540);
  const mine = worker(budgets, 'w');
  mine.attach(limiter, RATES, () => Promise.resolve('T'), 'url');
  await calls(limiter, 4);
  expect(budgets.asks).toEqual([]);
  await calls(limiter, 20);
  expect(budgets.asks[0]).toMatchObject({ id: 'anaplan-budget:T', worker: 'w', perMinute: 540 });
  expect(budgets.leased('T')).toBeGreaterThan(60);
  await mine.close();
  expect(budgets.asks.at(-1)).toMatchObject({ want: 0 });
  expect(budgets.leased('T')).toBe(0);
});

test('two users of one tenant, by two URLs, have one lease together', async () => {
  const budgets = new Budgets();
  const [a, b] = [new RateLimiter(540), new RateLimiter(540)];
  const mine = worker(budgets, 'w');
  mine.attach(a, RATES, () => Promise.resolve('T'), 'https://one');
  mine.attach(b, RATES, () => Promise.resolve('T'), 'https://two');
  await Promise.all([calls(a, 15), calls(b, 15)]);
  expect(new Set(budgets.asks.map(({ id, worker: name }) => `${id} ${name}`))).toEqual(
    new Set(['anaplan-budget:T w']),
  );
  await mine.close();
});

test('two tenants behind one URL have a budget each; where Anaplan does not say which, the URL stands for it', async () => {
  const budgets = new Budgets();
  const limiters = [new RateLimiter(540), new RateLimiter(540), new RateLimiter(540)] as const;
  const mine = worker(budgets, 'w');
  mine.attach(limiters[0], RATES, () => Promise.resolve('T1'), 'url');
  mine.attach(limiters[1], RATES, () => Promise.resolve('T2'), 'url');
  mine.attach(limiters[2], RATES, () => Promise.reject(new Error('404')), 'url');
  await Promise.all(limiters.map((limiter) => calls(limiter, 10)));
  expect([...budgets.states.keys()].sort()).toEqual([
    'anaplan-budget:T1',
    'anaplan-budget:T2',
    'anaplan-budget:url',
  ]);
  await mine.close();
});

test('what a worker may send at most is not leased beyond', async () => {
  const budgets = new Budgets();
  const limiter = new RateLimiter(100);
  const mine = worker(budgets, 'w');
  mine.attach(limiter, { perMinute: 540, atMost: 100 }, () => Promise.resolve('T'), 'url');
  await calls(limiter, 6);
  expect(budgets.leased('T')).toBeLessThanOrEqual(100);
  await mine.close();
});

test('a worker that cannot reach the budget sends a trickle, and more once it can', async () => {
  const budgets = new Budgets();
  budgets.reachable = false;
  const limiter = new RateLimiter(540);
  const mine = worker(budgets, 'w');
  mine.attach(limiter, RATES, () => Promise.resolve('T'), 'url');
  let left = 0;
  const waiting = Promise.all(
    Array.from({ length: 20 }, async () => {
      await limiter.acquire();
      left++;
    }),
  );
  await until(() => left >= 4);
  expect(left).toBeLessThan(6);
  budgets.reachable = true;
  await waiting;
  expect(budgets.asks.length).toBeGreaterThan(0);
  await mine.close();
});

test('a 429 of one connection stops the others of the tenant here, and the budget hears of it', async () => {
  const budgets = new Budgets();
  const [a, b] = [new RateLimiter(540), new RateLimiter(540)];
  const mine = worker(budgets, 'w');
  mine.attach(a, RATES, () => Promise.resolve('T'), 'url');
  mine.attach(b, RATES, () => Promise.resolve('T'), 'url');
  await Promise.all([calls(a, 10), calls(b, 10)]);
  a.pause(30_000);
  expect(b.pausedMs).toBeGreaterThan(29_000);
  await until(() => budgets.asks.some((ask) => (ask.throttledMs ?? 0) > 29_000));
  // Another worker of the tenant is told when it asks.
  const elsewhere = new RateLimiter(540);
  const other = worker(budgets, 'v');
  other.attach(elsewhere, RATES, () => Promise.resolve('T'), 'url');
  void calls(elsewhere, 10).catch(() => undefined);
  await until(() => elsewhere.pausedMs > 20_000);
  await Promise.all([mine.close(), other.close()]);
});
