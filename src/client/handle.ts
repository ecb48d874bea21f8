import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowFailedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common';
import {
  compact,
  type IntegrationResult,
  isFailureType,
  RESULT_MEMO,
  type ResultFailure,
  tell,
} from '../contracts';
import { AnaplanTemporalError, documentOf, IntegrationFailed } from './errors';
import { isUnavailable, temporalError } from './grpc';
import { progressOf, type RunProgress } from './progress';
import { LockWatch } from './waiting';

/** While Temporal does not answer, a waiting client asks again for this long. */
const PATIENCE_MS = 10 * 60_000;
/** How long a look or a cancel may take. */
const PROMPT_MS = 10_000;

/** One run of an integration. */
export interface IntegrationHandle {
  readonly workflowId: string;
  /** The run this handle was made for; undefined for a handle made from a workflow ID alone. */
  readonly runId?: string;
  /** The first run of the chain: stays the same when an operator resets the run. */
  readonly firstRunId?: string;
  /** An open run of that ID was there already, with the same input. */
  readonly joined: boolean;
  /** The run of that ID had ended already, and nothing was started (`onClosed: 'return'`). */
  readonly ended: boolean;
  /**
   * Waits for the end, through restarts of Temporal and resets of the run.
   *
   * @returns the document of a run that succeeded, with rejections or without
   * @throws IntegrationFailed when it failed, was cancelled or terminated, with its document
   * @throws AnaplanTemporalError when there is no such run, or Temporal stays out of reach
   */
  result(): Promise<IntegrationResult>;
  /** Asks the run to cancel: it cancels its Anaplan task and cleans up, then ends. Does not wait for that. */
  cancel(): Promise<void>;
  /** Where the run stands now. */
  progress(): Promise<RunProgress>;
}

/** @internal Makes a handle. */
export function makeHandle(
  client: Client,
  at: {
    workflowId: string;
    runId?: string;
    firstRunId?: string;
    joined?: boolean;
    ended?: boolean;
    address?: string;
  },
): IntegrationHandle {
  const { workflowId, runId, address } = at;
  const firstRunId = at.firstRunId ?? runId;
  const lock = new LockWatch(client, workflowId);
  return {
    workflowId,
    ...compact({ runId, firstRunId }),
    joined: at.joined ?? false,
    ended: at.ended ?? false,
    result: () => waitFor(client, workflowId, { runId, firstRunId }, address),
    cancel: async () => {
      try {
        // Without a run ID, so that a run that was reset meanwhile is found.
        await promptly(client, () =>
          client.workflow.getHandle(workflowId, undefined, firstRun(firstRunId)).cancel(),
        );
      } catch (error) {
        throw gone(error, workflowId) ?? temporalError(error, `cancel ${workflowId}`, address);
      }
    },
    progress: async () => {
      try {
        const description = await promptly(client, () => client.workflow.getHandle(workflowId).describe());
        const progress = await progressOf(description, client.options.loadedDataConverter);
        const waiting = await lock.look({ runId: progress.runId, mayWait: mayWait(progress) });
        return waiting === undefined ? progress : { ...progress, waiting };
      } catch (error) {
        throw gone(error, workflowId) ?? temporalError(error, `look at ${workflowId}`, address);
      }
    },
  };
}

/** A run that waits for a lock has nothing else to do; where its state can be seen, that says so. */
function mayWait({ closedAt, unclaimed, activities, state }: RunProgress): boolean {
  if (closedAt !== undefined || unclaimed || activities.length > 0) return false;
  return state === undefined || state.startsWith('waiting for');
}

/** For calls that somebody watches: a server that says nothing is told of, not waited for. */
function promptly<T>(client: Client, call: () => Promise<T>): Promise<T> {
  return client.withDeadline(Date.now() + PROMPT_MS, call);
}

function firstRun(id: string | undefined): { firstExecutionRunId?: string } {
  return id === undefined ? {} : { firstExecutionRunId: id };
}

function gone(error: unknown, workflowId: string): AnaplanTemporalError | undefined {
  if (!(error instanceof WorkflowNotFoundError)) return undefined;
  return new AnaplanTemporalError(
    'NotFound',
    `There is no open or kept run ${workflowId} in this namespace.`,
    {
      remedy:
        'Check the ID and the namespace; a run that has ended cannot be cancelled, and old ones are deleted.',
      cause: error,
    },
  );
}

async function waitFor(
  client: Client,
  workflowId: string,
  at: { runId: string | undefined; firstRunId: string | undefined },
  address: string | undefined,
): Promise<IntegrationResult> {
  let { runId } = at;
  let silentSince: number | undefined;
  for (;;) {
    try {
      return (await client.workflow.getHandle(workflowId, runId).result()) as IntegrationResult;
    } catch (error) {
      if (error instanceof WorkflowFailedError) {
        const next = await successor(client, workflowId, runId, at.firstRunId, error).catch(() => undefined);
        if (next === undefined) throw await failed(client, workflowId, runId, error);
        runId = next;
        continue;
      }
      if (isUnavailable(error)) {
        silentSince ??= performance.now();
        if (performance.now() - silentSince < PATIENCE_MS) {
          await delay(2_000);
          // A long poll that times out is an answer too: only silence in a row counts.
          if (
            await client.workflowService.getSystemInfo({}).then(
              () => true,
              () => false,
            )
          )
            silentSince = undefined;
          continue;
        }
      }
      throw gone(error, workflowId) ?? temporalError(error, `wait for ${workflowId}`, address);
    }
  }
}

/** A reset terminates a run and goes on in another one of the same chain: that one's end is the answer. */
async function successor(
  client: Client,
  workflowId: string,
  runId: string | undefined,
  firstRunId: string | undefined,
  error: WorkflowFailedError,
): Promise<string | undefined> {
  if (runId === undefined || !(error.cause instanceof TerminatedFailure)) return undefined;
  const latest = await client.workflow.getHandle(workflowId).describe();
  const chain = latest.raw.workflowExecutionInfo?.firstRunId;
  return latest.runId !== runId && chain === firstRunId ? latest.runId : undefined;
}

/** The typed error of a run that ended badly, with the document it left or one made from what Temporal knows. */
async function failed(
  client: Client,
  workflowId: string,
  runId: string | undefined,
  error: WorkflowFailedError,
): Promise<IntegrationFailed> {
  const cause: unknown = error.cause;
  const end = (document: IntegrationResult & { failure: ResultFailure }): IntegrationFailed =>
    new IntegrationFailed(workflowId, document, document.failure, error);
  if (cause instanceof ApplicationFailure) {
    const type = isFailureType(cause.type) ? cause.type : 'InternalError';
    const document = asDocument(cause.details?.[0]);
    const effects = type === 'InvalidInput' ? 'none' : 'unknown';
    const made = documentOf({ ...tell(type, cause.message), effects });
    return end({ ...made, ...document, failure: document?.failure ?? made.failure });
  }
  if (cause instanceof CancelledFailure) {
    const memo = await client.workflow
      .getHandle(workflowId, runId)
      .describe()
      .then((description) => description.memo?.[RESULT_MEMO])
      .catch(() => undefined);
    const document = asDocument(memo);
    const told = tell('Cancelled', 'The run was cancelled.');
    const made = documentOf({ ...told, effects: 'unknown' }, 'cancelled');
    return end({ ...made, ...document, failure: document?.failure ?? made.failure });
  }
  if (cause instanceof TerminatedFailure) {
    const told = tell(
      'Cancelled',
      `The run was terminated in Temporal${cause.message ? ` (${cause.message})` : ''}, before it could end by itself.`,
      'Look in Anaplan whether its task still runs or was applied, then start again. Cancel instead of terminating: only that cleans up.',
    );
    return end(documentOf({ ...told, effects: 'unknown' }));
  }
  if (cause instanceof TimeoutFailure) {
    const told = tell(
      'DeadlineExceeded',
      'The run reached a time-out that its starter set in Temporal, and could not clean up.',
      'Start it without workflow time-outs; the input has timeouts of its own, which clean up.',
    );
    return end(documentOf({ ...told, effects: 'unknown' }));
  }
  const message = cause instanceof Error ? cause.message : error.message;
  return end(documentOf({ ...tell('InternalError', `The run failed: ${message}`), effects: 'unknown' }));
}

function asDocument(value: unknown): IntegrationResult | undefined {
  const given = value as Partial<IntegrationResult> | undefined | null;
  return typeof given?.outcome === 'string' && Array.isArray(given.transfers)
    ? (given as IntegrationResult)
    : undefined;
}
