import { randomUUID } from 'node:crypto';
import { Client, Connection, type ClientOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import {
  compact,
  DEFAULT_TASK_QUEUE,
  idFault,
  type InputIssue,
  type IntegrationInputs,
  type IntegrationName,
  type IntegrationResult,
  INTEGRATIONS,
  saidOf,
} from '../contracts';
import { readBudgets, type TenantBudget } from './budgets';
import { checked } from './check';
import { ON_CLOSED, type OnClosed } from './choices';
import { idPrefix } from './describe-input';
import { AnaplanTemporalError, invalidInput } from './errors';
import { checkSize, inputTooLarge, isNotSent, isUnavailable, temporalError } from './grpc';
import { makeHandle, type IntegrationHandle } from './handle';
import { Schedules } from './schedules';
import { startOrFind } from './start';

/** How a run is started. */
export interface StartOptions {
  /**
   * The workflow ID: any UTF-8 up to 1,000 bytes. An open run of that ID with the same input is joined, with another
   * input it is a `Conflict`; for a closed one see {@link StartOptions.onClosed}. Default: an ID of its own for each start.
   */
  id?: string;
  /**
   * What an `id` means whose run has ended. `rerun` (the default) starts a new run, for IDs that stand for a job that runs
   * again and again. `return` starts nothing and gives that run's ending, whatever it was; with another input it is a
   * `Conflict`. `refuse` is a `Conflict`. The last two are for IDs that stand for one piece of work, such as a day's load.
   */
  onClosed?: OnClosed;
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

/** A method for each integration, named after it; see {@link AnaplanTemporalClient}. */
export type IntegrationMethods = {
  [N in keyof IntegrationInputs]: (
    input: IntegrationInputs[N],
    o?: StartOptions,
  ) => Promise<IntegrationResult>;
};

/** They differ in nothing but the integration that they execute. */
const PerIntegration = class {} as new () => IntegrationMethods;
for (const integration of INTEGRATIONS) {
  Object.defineProperty(PerIntegration.prototype, integration, {
    configurable: true,
    writable: true,
    value(this: AnaplanTemporalClient, input: IntegrationInputs[IntegrationName], o?: StartOptions) {
      return this.execute(integration, input, o);
    },
  });
}

/**
 * Starts integrations and waits for them.
 *
 * Every method named after an integration starts it and waits: it resolves to the result document, and throws
 * `IntegrationFailed` (with the document) when the run fails or is cancelled, `AnaplanTemporalError` of type
 * `InvalidInput`, `Conflict` or `ServiceUnavailable` when it could not be started.
 */
export class AnaplanTemporalClient extends PerIntegration {
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
    super();
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
      const config = temporalConfig(o.profile);
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
        ...compact({ taskQueue: o.taskQueue }),
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

  /** Starts an integration and waits for its end; see the class. */
  async execute<N extends IntegrationName>(
    integration: N,
    input: IntegrationInputs[N],
    o?: StartOptions,
  ): Promise<IntegrationResult> {
    return (await this.start(integration, input, o)).result();
  }

  /**
   * Starts an integration, or joins the open run of `o.id` when it has the same input, or as `o.onClosed` says.
   *
   * @throws AnaplanTemporalError InvalidInput (nothing was started), Conflict, ServiceUnavailable
   */
  async start<N extends IntegrationName>(
    integration: N,
    given: IntegrationInputs[N],
    o: StartOptions = {},
  ): Promise<IntegrationHandle> {
    const input = checked(integration, given);
    const issues = optionIssues(o);
    if (issues.length > 0) throw invalidInput(issues);
    const workflowId = o.id ?? `${idPrefix(integration, input)}${randomUUID()}`;
    checkSize(this.temporal, input);
    try {
      const { joined, ended, ...ids } = await startOrFind(this.temporal, {
        integration,
        input,
        workflowId,
        taskQueue: o.taskQueue ?? this.taskQueue,
        onClosed: o.onClosed ?? 'rerun',
        ...compact({ summary: o.summary }),
      });
      return this.handleOf(workflowId, { ...ids, joined, ended });
    } catch (error) {
      throw (
        inputTooLarge(error, input) ??
        startLost(error, workflowId, this.address) ??
        temporalError(error, 'start the run', this.address)
      );
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

  /**
   * How the workers share the requests a minute of each tenant, and what they use. A budget that nobody has needed in the
   * last minutes is not listed.
   *
   * @throws AnaplanTemporalError ServiceUnavailable, PermissionDenied
   */
  async budgets(): Promise<TenantBudget[]> {
    try {
      return await readBudgets(this.temporal);
    } catch (error) {
      throw temporalError(error, 'list the budgets', this.address);
    }
  }

  private handleOf(
    workflowId: string,
    at: { runId?: string; firstRunId?: string; joined?: boolean; ended?: boolean },
  ): IntegrationHandle {
    return makeHandle(this.temporal, {
      workflowId,
      ...at,
      ...compact({ address: this.address }),
    });
  }
}

/** What `TEMPORAL_*` and `temporal.toml` say. @throws AnaplanTemporalError InvalidInput for what cannot be used of it */
function temporalConfig(profile: string | undefined): ReturnType<typeof loadClientConnectConfig> {
  try {
    return loadClientConnectConfig(profile === undefined ? {} : { profile });
  } catch (error) {
    // The first line: a parser goes on with the lines of the file, which can hold an API key.
    const [why = ''] = (error instanceof Error ? error.message : String(error)).split('\n', 1);
    throw new AnaplanTemporalError(
      'InvalidInput',
      `The configuration of Temporal cannot be used: ${why.slice(0, 300).replace(/\.$/, '')}.`,
      {
        effects: 'none',
        remedy: 'Correct --profile (TEMPORAL_PROFILE), the other TEMPORAL_ variables or temporal.toml.',
        cause: error,
      },
    );
  }
}

/** The error of a start that Temporal may have taken although its answer did not arrive. */
function startLost(
  error: unknown,
  workflowId: string,
  address: string | undefined,
): AnaplanTemporalError | undefined {
  if (!isUnavailable(error) || isNotSent(error)) return undefined;
  const unreached = temporalError(error, 'start the run', address);
  return new AnaplanTemporalError(
    'ServiceUnavailable',
    `${saidOf(unreached)} Whether the run ${workflowId} was started is not known.`,
    {
      effects: 'unknown',
      remedy:
        'Once Temporal answers, start it again under that ID (--id) with onClosed (--on-closed) return: what was started is joined, and nothing runs twice.',
      cause: error,
    },
  );
}

function optionIssues({ id, onClosed }: StartOptions): InputIssue[] {
  const issues: InputIssue[] = [];
  const fault = id === undefined ? undefined : idFault(id);
  if (fault !== undefined) issues.push({ path: 'id', message: fault });
  if (onClosed !== undefined && !ON_CLOSED.includes(onClosed)) {
    issues.push({ path: 'onClosed', message: `must be one of ${ON_CLOSED.join(', ')}` });
  } else if (id === undefined && onClosed !== undefined && onClosed !== 'rerun') {
    issues.push({ path: 'onClosed', message: 'needs an id: every start without one has an ID of its own' });
  }
  return issues;
}
