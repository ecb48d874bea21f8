/** What the Temporal server knows of a run by its run ID alone, which is all that the name of a file tells. */
import type { NativeConnection } from '@temporalio/worker';
import { compact } from '../contracts';

/** gRPC status code NOT_FOUND. */
const NOT_FOUND = 5;

/** A server that has not answered by then cannot be asked. */
const ANSWER_MS = 10_000;

/** Open runs that are looked through for one that the server does not list by its first run ID. */
const OPEN_RUNS_AT_MOST = 1_000;

/** A run as the server describes it. */
export interface DescribedRun {
  runId: string;
  /** Of the first run of its chain, which resets and continuations keep; absent where the server does not say. */
  firstRunId?: string;
  /** Not closed: one that is paused is open. */
  open: boolean;
}

/** The questions. Each throws where the server cannot be asked. */
export interface RunQuestions {
  /** The workflow ID of a run, where the server lists it. */
  find(runId: string): Promise<string | undefined>;
  /** A run, by default the latest one of its workflow ID; undefined where there is none. */
  describe(workflowId: string, runId?: string): Promise<DescribedRun | undefined>;
  /** The runs that are open; undefined where they are too many. */
  open(): Promise<{ workflowId: string; runId: string }[] | undefined>;
}

/** What is known of the chain of runs that a run belongs to. */
export type ChainState =
  { state: 'open' | 'closed'; workflowId: string } | { state: 'unknown'; workflowId?: never };

/**
 * Whether the chain of a run has an open run. A run that was reset goes on under another run ID of the same workflow ID,
 * and a workflow ID has at most one open run: so the latest one decides, as long as it belongs to the same chain.
 */
export async function chainOf(server: RunQuestions, runId: string): Promise<ChainState> {
  const workflowId = await server.find(runId);
  if (workflowId === undefined) return { state: 'unknown' };
  const own = await server.describe(workflowId, runId);
  const latest = await server.describe(workflowId);
  if (latest === undefined) return own?.open === true ? { state: 'open', workflowId } : { state: 'unknown' };
  const first = own?.firstRunId ?? runId;
  const open =
    own?.open === true || (latest.open && (latest.firstRunId === undefined || latest.firstRunId === first));
  return { state: open ? 'open' : 'closed', workflowId };
}

/**
 * The run IDs and first run IDs of all open runs: a chain can outlive what the server keeps of its first run.
 * @returns undefined where they are too many to look through
 */
export async function openChains(server: RunQuestions): Promise<Set<string> | undefined> {
  const runs = await server.open();
  if (runs === undefined) return undefined;
  const ids = new Set<string>();
  for (const { workflowId, runId } of runs) {
    ids.add(runId);
    const run = await server.describe(workflowId, runId);
    if (run?.firstRunId !== undefined) ids.add(run.firstRunId);
  }
  return ids;
}

/** The part of a connection that this file needs. */
export type RunsConnection = Pick<NativeConnection, 'workflowService' | 'withDeadline' | 'withAbortSignal'>;

/** Asks a server. By its plain calls: memos and search attributes, which a codec may have encoded, stay as they are. */
export function runsOf(connection: RunsConnection, namespace: string, signal: AbortSignal): RunQuestions {
  const { workflowService } = connection;
  const ask = <T>(what: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    return connection.withAbortSignal(signal, () => connection.withDeadline(Date.now() + ANSWER_MS, what));
  };
  return {
    find: async (runId) => {
      const { executions } = await ask(() =>
        workflowService.listWorkflowExecutions({ namespace, pageSize: 1, query: `RunId = '${runId}'` }),
      );
      return executions[0]?.execution?.workflowId ?? undefined;
    },
    describe: async (workflowId, runId) => {
      const execution = { workflowId, ...compact({ runId }) };
      try {
        const { workflowExecutionInfo: info } = await ask(() =>
          workflowService.describeWorkflowExecution({ namespace, execution }),
        );
        if (!info?.execution?.runId)
          throw new Error('The Temporal server described a run without its run ID');
        return {
          runId: info.execution.runId,
          ...(info.firstRunId ? { firstRunId: info.firstRunId } : {}),
          open: !info.closeTime,
        };
      } catch (error) {
        if (isUnknownRun(error)) return undefined;
        throw error;
      }
    },
    open: async () => {
      const runs: { workflowId: string; runId: string }[] = [];
      let nextPageToken: Uint8Array | undefined;
      do {
        const token = nextPageToken;
        const page = await ask(() =>
          workflowService.listWorkflowExecutions({
            namespace,
            pageSize: 200,
            query: 'CloseTime IS NULL',
            ...compact({ nextPageToken: token }),
          }),
        );
        for (const { execution } of page.executions) {
          if (execution?.workflowId && execution.runId) {
            runs.push({ workflowId: execution.workflowId, runId: execution.runId });
          }
        }
        if (runs.length > OPEN_RUNS_AT_MOST) return undefined;
        nextPageToken = page.nextPageToken?.length ? page.nextPageToken : undefined;
      } while (nextPageToken !== undefined);
      return runs;
    },
  };
}

/** The server does not know the run; that it does not know the namespace says nothing about runs. */
function isUnknownRun(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && error.code === NOT_FOUND && !/namespace/i.test(error.message)
  );
}
