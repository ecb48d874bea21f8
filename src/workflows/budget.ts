/**
 * The budget of a tenant: 600 requests a minute (anaplan-api: "API rate limitation") for all workers together. Each asks
 * for a rate while its calls wait, and uses it for a minute. Nobody has to give anything back: a lease ends by itself.
 */
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  defineUpdate,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { BudgetAsk, BudgetLease, BudgetView } from '../contracts';
import './run/unreadable';
import {
  detailsOf,
  emptyBudget,
  expire,
  isAsk,
  lease,
  nextAt,
  viewOf,
  type BudgetState,
} from './budget/state';

/** Asks for a rate, or asks again: answered at once. */
const ask = defineUpdate<BudgetLease, [BudgetAsk]>('lease');
/** Who has which part. */
const budgetState = defineQuery<BudgetView>('state');

/** A run of a workflow takes 2,000 updates. */
const MAX_UPDATES = 1_000;
const MAX_HISTORY = 10_000;

/** The entity workflow `anaplanBudget`. It ends a minute after the last lease. */
export async function anaplanBudget(carried?: BudgetState): Promise<void> {
  await CancellationScope.nonCancellable(() => share(carried ?? emptyBudget(Date.now())));
}

async function share(s: BudgetState): Promise<void> {
  let updates = 0;
  let asked = 0;
  setHandler(
    ask,
    (wanted) => {
      updates += 1;
      asked += 1;
      const answer = lease(s, wanted, Date.now());
      setCurrentDetails(detailsOf(s, Date.now()));
      return answer;
    },
    {
      validator: (wanted) => {
        if (!isAsk(wanted))
          throw ApplicationFailure.nonRetryable('This is no ask of a budget', 'InvalidInput');
      },
    },
  );
  setHandler(budgetState, () => viewOf(s, Date.now()));
  for (;;) {
    const now = Date.now();
    expire(s, now);
    setCurrentDetails(detailsOf(s, now));
    const left = nextAt(s) - now;
    if (left <= 0) return;
    const { historyLength, continueAsNewSuggested } = workflowInfo();
    if (updates >= MAX_UPDATES || historyLength > MAX_HISTORY || continueAsNewSuggested) {
      await continueAsNew<typeof anaplanBudget>(s);
    }
    const seen = asked;
    // A lease that is renewed moves the end: one timer a minute, not one for each ask.
    await condition(() => updates >= MAX_UPDATES && asked !== seen, left, {
      summary: 'until the leases have ended',
    });
  }
}
