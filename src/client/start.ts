/** Starting a run under an ID: joined where it is open, and where it has ended as its starter wants. */
import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import {
  defineSearchAttributeKey,
  SearchAttributeType,
  WorkflowExecutionAlreadyStartedError,
  type SearchAttributePair,
} from '@temporalio/common';
import { INTEGRATIONS, type IntegrationInputs, type IntegrationName } from '../contracts';
import { decodePayloads } from '../contracts/payloads';
import { checkInput } from '../contracts/schemas';
import { INPUT_MEMO, inputDigest } from './check';
import type { OnClosed } from './choices';
import { attributesOf, detailsOf, summaryOf } from './describe-input';
import { digestOf } from './digest';
import { AnaplanTemporalError } from './errors';
import { isInvalidArgument, isTooLarge } from './grpc';

/** What is started. */
export interface RunToStart<N extends IntegrationName = IntegrationName> {
  integration: N;
  /** As checked by the schema. */
  input: IntegrationInputs[N];
  workflowId: string;
  taskQueue: string;
  summary?: string;
  onClosed: OnClosed;
}

/** The run that an ID stands for now. */
export interface StartedRun {
  runId: string;
  firstRunId: string;
  /** It was open already. */
  joined: boolean;
  /** It had ended already. */
  ended: boolean;
}

/** An open run can close, and a closed one be deleted, between two calls: then the next turn starts a new one. */
const TURNS = 4;

/**
 * Starts a run, joins the open one, or finds the closed one of the same ID.
 *
 * @throws AnaplanTemporalError Conflict; what Temporal refuses leaves as it is
 */
export async function startOrFind(client: Client, run: RunToStart): Promise<StartedRun> {
  const { workflowId, onClosed } = run;
  const digest = inputDigest(run.integration, run.input);
  for (let turn = 1; ; turn++) {
    try {
      const { firstExecutionRunId: runId } = await startDescribed(client, run, digest);
      return { runId, firstRunId: runId, joined: false, ended: false };
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      const found = await latestRun(client, workflowId);
      const settled = found !== undefined && (found.open || onClosed !== 'rerun');
      if (settled) {
        if (!found.open && onClosed === 'refuse') throw alreadyEnded(workflowId, found.described);
        if ((await digestOfRun(client, found.described)) !== digest) throw anotherInput(workflowId, found);
        return { ...found.ids, joined: found.open, ended: !found.open };
      }
      if (turn >= TURNS) {
        throw new AnaplanTemporalError(
          'Conflict',
          `Runs with the ID ${workflowId} begin and end faster than this one can be started.`,
          { remedy: 'Find out who else starts runs of this ID, or start this one under another ID.' },
        );
      }
    }
  }
}

/** With search attributes, so that also a run that fails early is found by them; without where they are not known. */
async function startDescribed(
  client: Client,
  run: RunToStart,
  digest: string,
): Promise<{ firstExecutionRunId: string }> {
  const { integration, input } = run;
  const start = (typedSearchAttributes: SearchAttributePair[]) =>
    client.workflow.start(integration, {
      workflowId: run.workflowId,
      taskQueue: run.taskQueue,
      args: [input],
      memo: { [INPUT_MEMO]: digest },
      staticSummary: run.summary ?? summaryOf(integration, input),
      staticDetails: detailsOf(integration, input),
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: run.onClosed === 'rerun' ? 'ALLOW_DUPLICATE' : 'REJECT_DUPLICATE',
      ...(typedSearchAttributes.length > 0 ? { typedSearchAttributes } : {}),
      // No time-outs of Temporal's: reaching one would skip the clean-up. The input's own clean up.
    });
  const attributes = Object.entries(attributesOf(integration, input)).map(
    ([name, value]): SearchAttributePair => ({
      key: defineSearchAttributeKey(name, SearchAttributeType.KEYWORD),
      value,
    }),
  );
  try {
    return await start(attributes);
  } catch (error) {
    if (!isInvalidArgument(error) || isTooLarge(error)) throw error;
    return await start([]);
  }
}

interface FoundRun {
  open: boolean;
  ids: { runId: string; firstRunId: string };
  described: WorkflowExecutionDescription;
}

/** The open or the latest run of an ID; undefined when Temporal knows none. */
async function latestRun(client: Client, workflowId: string): Promise<FoundRun | undefined> {
  try {
    const described = await client.workflow.getHandle(workflowId).describe();
    const { runId, raw, closeTime } = described;
    // A paused run is open, whatever its status is called.
    const firstRunId = raw.workflowExecutionInfo?.firstRunId || runId;
    return { open: closeTime === undefined, ids: { runId, firstRunId }, described };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** The digest in the memo; for runs that callers in other languages started, that of the input in their first event. */
async function digestOfRun(
  client: Client,
  { workflowId, runId, type, memo }: WorkflowExecutionDescription,
): Promise<string | undefined> {
  const noted: unknown = memo?.[INPUT_MEMO];
  if (typeof noted === 'string') return noted;
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  const payloads = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  const [input] = await decodePayloads(client.options.loadedDataConverter, payloads);
  const integration = INTEGRATIONS.find((name) => name === type);
  const check = integration === undefined ? undefined : checkInput(integration, input);
  return check?.ok ? digestOf([type, check.input]) : undefined;
}

function anotherInput(workflowId: string, { open, described }: FoundRun): AnaplanTemporalError {
  return new AnaplanTemporalError(
    'Conflict',
    open
      ? `A run of ${described.type} with the ID ${workflowId} is open and has another input.`
      : `The run of ${described.type} with the ID ${workflowId} has ended, and had another input: its result is not the one asked for.`,
    {
      remedy: open
        ? 'Wait for it or cancel it, or start this one under another ID.'
        : 'Give this one another ID.',
    },
  );
}

function alreadyEnded(
  workflowId: string,
  { status, closeTime }: WorkflowExecutionDescription,
): AnaplanTemporalError {
  const when = closeTime === undefined ? '' : ` at ${closeTime.toISOString()}`;
  return new AnaplanTemporalError(
    'Conflict',
    `A run with the ID ${workflowId} has already ended (${status.name}${when}), and a second one is refused.`,
    {
      remedy:
        'Give this one another ID, or say what to do with one that has ended: onClosed (--on-closed) rerun or return.',
    },
  );
}
