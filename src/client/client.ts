import { randomUUID } from 'node:crypto';
import { Client, Connection, type ClientOptions } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import {
  DEFAULT_TASK_QUEUE,
  type DownloadFileInput,
  type ExportDownloadInput,
  type IntegrationInputs,
  type IntegrationName,
  type IntegrationResult,
  type LargeListReadInput,
  type LargeViewReadInput,
  type ProcessWithDumpsInput,
  type RunActionInput,
  type UploadFileInput,
  type UploadImportInput,
} from '../contracts';
import { checked, INPUT_MEMO, inputDigest } from './check';
import { detailsOf, idPrefix, summaryOf } from './describe-input';
import { digestOf } from './digest';
import { AnaplanTemporalError, invalidInput, temporalError } from './errors';
import { makeHandle, type IntegrationHandle } from './handle';
import { Schedules } from './schedules';

/** How a run is started. */
export interface StartOptions {
  /**
   * The workflow ID. An open run of that ID with the same input is joined, with another input it is a `Conflict`; a
   * closed one is followed by a new run. Default: an ID of its own for each start.
   */
  id?: string;
  /** Default: the client's. */
  taskQueue?: string;
  /** The line the Temporal UI shows for the run. Default: made from the input. */
  summary?: string;
}

/** Where Temporal is; what is left out comes from `TEMPORAL_*` and `temporal.toml`. */
export interface ConnectOptions {
  address?: string;
  namespace?: string;
  profile?: string;
  taskQueue?: string;
  /** How long Temporal may take to answer. Default 10 s. */
  connectTimeoutMs?: number;
  /** Further options of the Temporal client, such as a data converter. */
  client?: Omit<ClientOptions, 'connection' | 'namespace'>;
}

/**
 * Starts integrations and waits for them.
 *
 * Every method named after an integration starts it and waits: it resolves to the result document, and throws
 * `IntegrationFailed` (with the document) when the run fails or is cancelled, `AnaplanTemporalError` of type
 * `InvalidInput`, `Conflict` or `ServiceUnavailable` when it could not be started.
 */
export class AnaplanTemporalClient {
  /** Schedules of integrations. */
  readonly schedules: Schedules;
  /** Where Temporal was looked for, as far as this client knows. */
  readonly address: string | undefined;
  readonly taskQueue: string;

  /** @param temporal a Temporal client of yours; the caller closes its connection */
  constructor(
    readonly temporal: Client,
    o: { taskQueue?: string; address?: string } = {},
  ) {
    this.taskQueue = o.taskQueue ?? DEFAULT_TASK_QUEUE;
    this.address = o.address;
    this.schedules = new Schedules(temporal, { taskQueue: this.taskQueue, address: o.address });
  }

  /**
   * Connects by the SDK's standard environment (`TEMPORAL_ADDRESS`, ...) and `temporal.toml`. Call {@link close}.
   *
   * @throws AnaplanTemporalError ServiceUnavailable, PermissionDenied
   */
  static async connect(o: ConnectOptions = {}): Promise<AnaplanTemporalClient> {
    let address = o.address;
    try {
      const config = loadClientConnectConfig(o.profile === undefined ? {} : { profile: o.profile });
      address ??= config.connectionOptions.address ?? 'localhost:7233';
      const connection = await Connection.connect({
        ...config.connectionOptions,
        address,
        connectTimeout: o.connectTimeoutMs ?? 10_000,
      });
      const namespace = o.namespace ?? config.namespace ?? 'default';
      const temporal = new Client({ ...o.client, connection, namespace });
      return new AnaplanTemporalClient(temporal, {
        address,
        ...(o.taskQueue === undefined ? {} : { taskQueue: o.taskQueue }),
      });
    } catch (error) {
      throw temporalError(error, 'connect', address);
    }
  }

  /** Closes the connection to Temporal. Runs go on. */
  async close(): Promise<void> {
    await this.temporal.connection.close();
  }

  /** The namespace runs are started in. */
  get namespace(): string {
    return this.temporal.options.namespace;
  }

  /** Uploads a source to an import's file and runs the import. */
  async uploadImport(input: UploadImportInput, o?: StartOptions): Promise<IntegrationResult> {
    return this.execute('uploadImport', input, o);
  }

  /** Runs an export and downloads its file. */
  async exportDownload(input: ExportDownloadInput, o?: StartOptions): Promise<IntegrationResult> {
    return this.execute('exportDownload', input, o);
  }

  /** Uploads files, runs a process, keeps its failure dumps, downloads its exports. */
  async processWithDumps(input: ProcessWithDumpsInput, o?: StartOptions): Promise<IntegrationResult> {
    return this.execute('processWithDumps', input, o);
  }

  /** Reads a view of any size into a file. */
  async largeViewRead(input: LargeViewReadInput, o?: StartOptions): Promise<IntegrationResult> {
    return this.execute('largeViewRead', input, o);
  }

  /** Reads a list of any size into a file. */
  async largeListRead(input: LargeListReadInput, o?: StartOptions): Promise<IntegrationResult> {
    return this.execute('largeListRead', input, o);
  }

  /** Runs any import, export, process or other action without a transfer. */
  async runAction(input: RunActionInput, o?: StartOptions): Promise<IntegrationResult> {
    return this.execute('runAction', input, o);
  }

  /** Uploads a file, without an import. */
  async uploadFile(input: UploadFileInput, o?: StartOptions): Promise<IntegrationResult> {
    return this.execute('uploadFile', input, o);
  }

  /** Downloads a file of a model. */
  async downloadFile(input: DownloadFileInput, o?: StartOptions): Promise<IntegrationResult> {
    return this.execute('downloadFile', input, o);
  }

  /** Starts an integration and waits for its end; see the class. */
  async execute<N extends IntegrationName>(
    integration: N,
    input: IntegrationInputs[N],
    o?: StartOptions,
  ): Promise<IntegrationResult> {
    return (await this.start(integration, input, o)).result();
  }

  /**
   * Starts an integration, or joins the open run of `o.id` when it has the same input.
   *
   * @throws AnaplanTemporalError InvalidInput (nothing was started), Conflict, ServiceUnavailable
   */
  async start<N extends IntegrationName>(
    integration: N,
    given: IntegrationInputs[N],
    o: StartOptions = {},
  ): Promise<IntegrationHandle> {
    const input = checked(integration, given);
    if (o.id !== undefined && o.id.trim() === '')
      throw invalidInput([{ path: 'id', message: 'must not be empty' }]);
    const digest = inputDigest(integration, input);
    const workflowId = o.id ?? `${idPrefix(integration, input)}${randomUUID()}`;
    try {
      // An open run that closes between the two calls makes the next turn start a new one.
      for (let turn = 0; ; turn++) {
        try {
          const run = await this.temporal.workflow.start(integration, {
            workflowId,
            taskQueue: o.taskQueue ?? this.taskQueue,
            args: [input],
            memo: { [INPUT_MEMO]: digest },
            staticSummary: o.summary ?? summaryOf(integration, input),
            staticDetails: detailsOf(integration, input),
            workflowIdConflictPolicy: 'FAIL',
            workflowIdReusePolicy: 'ALLOW_DUPLICATE',
            // No time-outs of Temporal's: reaching one would skip the clean-up. The input's own clean up.
          });
          return this.handleOf(workflowId, { runId: run.firstExecutionRunId });
        } catch (error) {
          if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
          const open = await openRun(this.temporal, workflowId);
          if (open?.digest === digest) return this.handleOf(workflowId, { ...open.ids, joined: true });
          if (open !== undefined || turn >= 3) throw conflict(workflowId, open?.type);
        }
      }
    } catch (error) {
      throw temporalError(error, 'start the run', this.address);
    }
  }

  /** A handle on a run by its workflow ID: the open or latest one. Nothing is asked yet. */
  handle(workflowId: string): IntegrationHandle {
    return this.handleOf(workflowId, {});
  }

  /** Asks a run to cancel. @throws AnaplanTemporalError NotFound when it is not open */
  async cancel(workflowId: string): Promise<void> {
    await this.handle(workflowId).cancel();
  }

  private handleOf(
    workflowId: string,
    at: { runId?: string; firstRunId?: string; joined?: boolean },
  ): IntegrationHandle {
    return makeHandle(this.temporal, {
      workflowId,
      ...at,
      ...(this.address === undefined ? {} : { address: this.address }),
    });
  }
}

function conflict(workflowId: string, type: string | undefined): AnaplanTemporalError {
  const what = type === undefined ? 'A run' : `A run of ${type}`;
  return new AnaplanTemporalError(
    'Conflict',
    `${what} with the ID ${workflowId} is open and has another input.`,
    {
      remedy: 'Wait for it or cancel it, or start this one under another ID.',
    },
  );
}

/** The open run of an ID with the digest of its input, or undefined when it is not open any more. */
async function openRun(
  client: Client,
  workflowId: string,
): Promise<
  { type: string; digest: string | undefined; ids: { runId: string; firstRunId: string } } | undefined
> {
  const description = await client.workflow.getHandle(workflowId).describe();
  if (description.status.name !== 'RUNNING') return undefined;
  const { type, runId, memo } = description;
  const firstRunId = description.raw.workflowExecutionInfo?.firstRunId || runId;
  const noted: unknown = memo?.[INPUT_MEMO];
  const digest = typeof noted === 'string' ? noted : await digestFromHistory(client, workflowId, runId, type);
  return { type, digest, ids: { runId, firstRunId } };
}

/** For runs that callers in other languages started without our memo: the digest of the input in their first event. */
async function digestFromHistory(
  client: Client,
  workflowId: string,
  runId: string,
  type: string,
): Promise<string | undefined> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  const payloads = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  const [input] = await decodeArrayFromPayloads(client.options.loadedDataConverter, payloads);
  return input === undefined ? undefined : digestOf([type, input]);
}
