/** The request budgets of tenants, as their workers share them now. */
import type { Client } from '@temporalio/client';
import { budgetId, type BudgetMember, type BudgetView } from '../contracts';

/** Workflow IDs of budgets begin so. */
const PREFIX = budgetId('');
/** A budget answers at once where a worker of its task queue is there. */
const PATIENCE_MS = 10_000;

/** The budget of one tenant. Rates are requests a minute. */
export interface TenantBudget {
  /** The tenant's own ID, or the URL of its API where Anaplan did not say which tenant it is. */
  tenant: string;
  /** Workflow ID of the budget. */
  workflowId: string;
  /** What all workers may send together; absent where the budget did not answer. */
  perMinute?: number;
  /** What they are configured to send; more than `perMinute` after a 429 that their own requests do not explain. */
  configured?: number;
  /** What is leased now. */
  leased?: number;
  /** After a 429: nobody sends until then. */
  pausedUntil?: Date;
  workers: { worker: string; perMinute: number; wants: number | 'all'; used: number; until: Date }[];
  /** Why it did not answer. */
  problem?: string;
}

/** The budgets in use. One of which no worker has wanted more than a trickle in the last minutes is not among them. */
export async function readBudgets(client: Client): Promise<TenantBudget[]> {
  const found: TenantBudget[] = [];
  const query = "WorkflowType = 'anaplanBudget' AND ExecutionStatus = 'Running'";
  for await (const { workflowId, runId } of client.workflow.list({ query })) {
    const tenant = workflowId.startsWith(PREFIX) ? workflowId.slice(PREFIX.length) : workflowId;
    try {
      const view: unknown = await client.withDeadline(Date.now() + PATIENCE_MS, () =>
        client.workflow.getHandle(workflowId, runId).query('state'),
      );
      found.push({ tenant, workflowId, ...budgetOf(view as BudgetView) });
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      found.push({ tenant, workflowId, workers: [], problem });
    }
  }
  return found;
}

function budgetOf(view: BudgetView): Omit<TenantBudget, 'tenant' | 'workflowId'> {
  const { perMinute, configured, leased, pausedUntil, members } = view;
  return {
    perMinute,
    configured,
    leased,
    ...(pausedUntil === undefined ? {} : { pausedUntil: new Date(pausedUntil) }),
    workers: members.map(({ worker, perMinute: rate, want, used, until }: BudgetMember) => ({
      worker,
      perMinute: rate,
      wants: want,
      used,
      until: new Date(until),
    })),
  };
}
