/** Runs one row to its end. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';

import { RESULT_MEMO, type IntegrationResult } from '../../src/contracts';
import { SALES_MODEL } from '../../src/sandbox';
import type { Bench, Tenant } from './bench';
import { scenarioOf, type Scenario } from './scenarios';
import type { Row } from './rows';
import { until } from '../support/until';

/** How a run ended. */
export interface Ending {
  /** An outcome, or the type of the failure. */
  end: string;
  result?: IntegrationResult;
  message?: string;
  workflowId: string;
}

/**
 * A run that is not over by then is stuck. On a busy machine an activity's task can be lost on its way to the worker, and
 * the server notices at the attempt's time-out only: 150 s for what waits.
 */
const STUCK_MS = 1_000_000;
/** Generous, with room for a lost attempt: rows must not fail on a busy machine. Those about a bound have their own. */
const TIMEOUTS = {
  lock: '6m',
  modelUnavailable: '6m',
  unavailable: '6m',
  task: '6m',
  transfer: '6m',
  cancel: '4m',
};

/** The input with the row's own files. */
function inputOf(row: Row, scenario: Scenario, tenant: Tenant): object {
  const own = (name: string) => join(tenant.directory, name);
  const input = structuredClone(scenario.input) as {
    source?: string;
    target?: string;
    uploads?: { source: string }[];
    downloads?: { target: string }[];
  };
  if (input.source !== undefined) input.source = own(input.source);
  if (input.target !== undefined) input.target = own(input.target);
  for (const upload of input.uploads ?? []) upload.source = own(upload.source);
  for (const download of input.downloads ?? []) download.target = own(download.target);
  return {
    ...input,
    model: SALES_MODEL,
    connection: tenant.tag,
    ...(scenario.dumps ? { dumps: own('dumps') } : {}),
    timeouts: { ...TIMEOUTS, ...row.timeouts },
  };
}

/** What the row wants to happen while its run is under way. */
async function interfere(row: Row, tenant: Tenant, faultId: string, run: WorkflowHandle): Promise<void> {
  const { sandbox } = tenant;
  const action = scenarioOf(row.scenario).action ?? '';
  if (row.cancel) {
    const polls = /\/tasks\/\{t\}$/;
    await until(
      'a poll',
      () => sandbox.record.some((r) => polls.test(r.pattern) && r.status === 200),
      STUCK_MS,
    );
    await run.cancel();
  }
  if (row.meanwhile === undefined) return;
  await until('the fault', () => sandbox.faults.hits(faultId) > 0, STUCK_MS);
  if (row.meanwhile === 'another user starts the action') sandbox.otherUserStarts(action);
  else if (row.meanwhile === 'the model is unloaded') sandbox.unloadModel();
  else if (row.meanwhile === 'all reads expire') sandbox.expireReads();
  else await run.cancel();
}

/** Plans the row's faults, runs it, and answers its end and the faults' IDs. */
export async function runRow(
  bench: Bench,
  row: Row,
  tenant: Tenant,
): Promise<{ ending: Ending; faultIds: string[] }> {
  const scenario = scenarioOf(row.scenario);
  const { sandbox } = tenant;
  bench.write(tenant, scenario.sources ?? {});
  scenario.before?.(sandbox);
  if (row.earlierTask) {
    sandbox.otherUserStarts(scenario.action ?? '');
    await until('the earlier task', () => sandbox.tasks().every((t) => t.state === 'COMPLETE'), STUCK_MS);
  }
  const faultIds = row.faults.map(({ plan }) => sandbox.faults.add(plan));
  const handle = await bench.client.workflow.start(scenario.integration, {
    workflowId: `faults-${randomUUID()}`,
    taskQueue: bench.taskQueue,
    args: [inputOf(row, scenario, tenant)],
    workflowExecutionTimeout: STUCK_MS,
  });
  const [ending] = await Promise.all([endingOf(handle), interfere(row, tenant, faultIds[0] ?? '', handle)]);
  return { ending, faultIds };
}

async function endingOf(handle: WorkflowHandle): Promise<Ending> {
  const { workflowId } = handle;
  try {
    const result = (await handle.result()) as IntegrationResult;
    return { end: result.outcome, result, workflowId };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const { cause } = error;
    if (cause instanceof ApplicationFailure) {
      const result = cause.details?.[0] as IntegrationResult | undefined;
      return {
        end: cause.type ?? 'untyped',
        message: cause.message,
        workflowId,
        ...(result ? { result } : {}),
      };
    }
    const memo = (await handle.describe()).memo?.[RESULT_MEMO] as IntegrationResult | undefined;
    return memo
      ? { end: memo.outcome, result: memo, workflowId }
      : { end: cause?.name ?? 'unknown', message: String(cause), workflowId };
  }
}
