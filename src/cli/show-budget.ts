/** What `anaplan-temporal budget` prints. */
import type { TenantBudget } from '../client';
import type { CliDeps, Exit } from './deps';
import { clean } from './render';
import type { RunFlags } from './shared-flags';
import { withClient } from './with-client';

/** Shows the budgets of all tenants that workers have lately asked for requests. */
export function showBudget(flags: RunFlags, deps: CliDeps): Promise<Exit> {
  return withClient(flags, deps, async (client) => {
    const all = await client.budgets();
    return flags.output === 'json' ? all : budgetsText(all, Date.now());
  });
}

/** The budgets as text. */
function budgetsText(all: readonly TenantBudget[], now: number): string {
  if (all.length === 0) {
    return 'No budget is in use: no worker has lately needed more than a few requests a minute.\n';
  }
  return all.map((one) => `${budgetLines(one, now).join('\n')}\n`).join('\n');
}

function budgetLines(budget: TenantBudget, now: number): string[] {
  const { tenant, perMinute = 0, configured = 0, leased = 0, pausedUntil, workers, problem } = budget;
  if (problem !== undefined)
    return [`Tenant ${clean(tenant)}: the budget does not answer (${clean(problem)}).`];
  const lines = [`Tenant ${clean(tenant)}: ${leased} of ${perMinute} requests a minute are leased.`];
  if (perMinute < configured) {
    lines.push(
      `  Anaplan refused requests (429) that these workers do not explain: other tools use the tenant, too. Of ${configured} configured, ${perMinute} are used until more turns out to be free.`,
    );
  }
  if (pausedUntil !== undefined && pausedUntil.getTime() > now) {
    lines.push(`  Anaplan asked to wait (429): nobody sends before ${pausedUntil.toISOString()}.`);
  }
  const width = Math.max(6, ...workers.map(({ worker }) => clean(worker).length));
  if (workers.length > 0) lines.push(`  ${'WORKER'.padEnd(width)}  LEASED   USED  WANTS  FOR`);
  for (const { worker, perMinute: rate, used, wants, until } of workers) {
    const left = Math.max(0, Math.round((until.getTime() - now) / 1000));
    lines.push(
      `  ${clean(worker).padEnd(width)}  ${String(Math.round(rate)).padStart(6)}  ${String(used).padStart(5)}  ${String(wants).padStart(5)}  ${left} s`,
    );
  }
  return lines;
}
