/** The frame of every integration: what the run works on, what the UI shows of it, and how it ends. */
import {
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { ActionObject, Call, ModelContext } from '../../activities/attempt/contract';
import type { PinnedSource } from '../../activities/upload/contract';
import type { PrepareActivities, Prepared, PreparedUpload } from '../../activities/prepare/contract';
import {
  FAILURES,
  RESULT_MEMO,
  resolveTimeouts,
  withoutAbsent,
  type CommonInput,
  type Effects,
  type IntegrationInputs,
  type IntegrationName,
  type IntegrationResult,
  type Outcome,
  type ResultTransfer,
  type SearchAttribute,
  type TimeoutsMs,
} from '../../contracts';
import { activities, throughOutages } from './proxies';
import { readFailure, resultFailure, stepFailure } from './failures';
import { unreadable } from './unreadable';
import { fitResult } from './verdict';
import type { Hold } from '../steps/hold';
import { granted } from '../lock';

const { prepare } = activities<PrepareActivities>({
  prepare: { summary: () => 'check the input and resolve names' },
});

/** The endings that are returned, not thrown. */
export type Success = Extract<Outcome, 'succeeded' | 'succeededWithRejections'>;

/** A file that a run has uploaded, and when its last byte was sent, epoch ms. */
export interface Uploaded {
  to: PreparedUpload;
  source: PinnedSource;
  at: number;
}

/** One run of an integration. */
export class Run<I extends CommonInput = CommonInput> {
  readonly timeouts: TimeoutsMs;
  readonly result: IntegrationResult = { outcome: 'failed', transfers: [], dumps: [] };
  /** What the run has done to the model so far. */
  effects: Effects = 'none';
  /** Asks that the model's lock has granted by signal, with what it said of the holders before. */
  readonly grants = new Map<string, string[]>();
  /** What the run holds of its model's lock. */
  hold?: Hold;
  /** What this run has uploaded for its action to read, by file. */
  readonly uploaded = new Map<string, Uploaded>();
  /** The queue of the host that has this run's files. */
  hostQueue: string | undefined;
  private resolved: Prepared | undefined;
  /** The first activity, or its failure, has told that our search attributes are registered. */
  private registered = false;
  private readonly lines: string[] = [];
  private now = 'preparing';

  constructor(
    readonly integration: IntegrationName,
    readonly input: I,
  ) {
    // Anything can have been given: the first activity refuses what is not an input.
    this.timeouts = resolveTimeouts(input?.timeouts ?? {});
    setHandler(granted, (ask, warnings) => {
      // Anybody may signal a workflow, with anything.
      if (typeof ask !== 'string' || unreadable(ask) !== undefined) return;
      const texts = Array.isArray(warnings) ? warnings.filter((w) => typeof w === 'string') : [];
      this.grants.set(ask, texts);
    });
    this.show();
  }

  /** What the first activity found. */
  get prepared(): Prepared {
    return present(this.resolved, 'the prepared run');
  }

  /** The action this run starts. */
  get action(): ActionObject {
    return present(this.prepared.action, 'an action to start');
  }

  /** The model, for calls and locks. */
  get model(): ModelContext {
    const { connection, workspace, model } = this.prepared;
    return { connection, workspace, model };
  }

  /** Checks the input and resolves its names. */
  async prepare(): Promise<void> {
    this.resolved = await prepare(
      { integration: this.integration, input: this.input, firstRunId: this.token },
      { scheduleToCloseTimeout: this.lightMs },
    );
    this.registered = this.resolved.searchAttributes;
    const { object, model, workspace, connection, warnings, filesNotUploaded } = this.resolved;
    if (warnings.length > 0) this.result.warnings = [...warnings];
    if (filesNotUploaded) this.result.filesNotUploaded = filesNotUploaded;
    this.lines.push(
      `${cap(object.kind)} **${object.name}** (${object.id}) in model **${model.name}**, workspace **${workspace.name}**`,
    );
    this.attributes({
      AnaplanConnection: connection,
      AnaplanWorkspace: workspace.name,
      AnaplanModel: model.name,
      AnaplanObject: `${object.kind} ${object.name}`,
      AnaplanState: this.now,
    });
    this.show();
  }

  /** What every activity that talks to Anaplan is told. */
  call(deadline?: { name: keyof TimeoutsMs; at: number }): Call {
    const { modelUnavailable, unavailable } = this.timeouts;
    return {
      ...this.model,
      bounds: { modelUnavailable, unavailable },
      ...(this.hold?.held ? { held: this.hold.held } : {}),
      ...(deadline ? { leftMs: Math.max(0, deadline.at - Date.now()), deadlineName: deadline.name } : {}),
    };
  }

  /** How long a light activity may take: what it waits for is bounded by its class, so a little more than that. */
  get lightMs(): number {
    return throughOutages({ bounds: this.timeouts });
  }

  /** Names the `.part` files of this run: the same after a reset. */
  get token(): string {
    return workflowInfo().firstExecutionRunId;
  }

  /** Says in the UI what the run does from here. `state` is the search attribute, `text` a sentence of details. */
  state(state: string, text?: string): void {
    if (this.now !== state) {
      this.now = state;
      this.attributes({ AnaplanState: state });
    }
    this.show(text);
  }

  /** Adds a line to what the UI shows as done. */
  done(line: string): void {
    this.lines.push(line);
    this.show();
  }

  /** Adds a warning to the result. */
  warn(text: string): void {
    (this.result.warnings ??= []).push(text);
    this.lines.push(`Warning: ${text}`);
  }

  /** Adds a finished transfer. */
  transferred(transfer: ResultTransfer): void {
    this.result.transfers.push(transfer);
    const pieces = `${transfer.pages === undefined ? 'chunk' : 'page'}${transfer.chunks === 1 ? '' : 's'}`;
    this.done(
      `Transferred **${transfer.name}**: ${grouped(transfer.bytes)} bytes in ${grouped(transfer.chunks)} ${pieces}, sha256 \`${transfer.sha256.slice(0, 12)}…\``,
    );
  }

  /** The result of a run that succeeded. */
  succeed(outcome: Success = 'succeeded'): IntegrationResult {
    this.result.outcome = outcome;
    this.state(outcome);
    return fitResult(this.result);
  }

  /** What to throw at the end of a run that did not succeed: every ending carries the result. */
  ending(error: unknown): unknown {
    const cancelled = isCancellation(error);
    const failure = resultFailure(error, this.effects);
    this.result.outcome = cancelled ? 'cancelled' : 'failed';
    this.result.failure = failure;
    const result = fitResult(this.result);
    const { attributes } = this.resolved ? {} : readFailure(error).facts;
    if (attributes) {
      this.registered = true;
      this.attributes(attributes);
    }
    this.state(this.result.outcome, `**${failure.type}**: ${failure.message}`);
    if (cancelled) {
      // Temporal keeps no details of a cancelled workflow, so the document goes where it can be found without a worker.
      upsertMemo({ [RESULT_MEMO]: result });
      return error;
    }
    return ApplicationFailure.create({
      type: failure.type,
      message: failure.message,
      nonRetryable: true,
      details: [result],
      ...(error instanceof Error ? { cause: error } : {}),
    });
  }

  private attributes(values: Partial<Record<SearchAttribute, string>>): void {
    // A command without a field would fail the workflow task for ever.
    const known = Object.entries(values).filter(([, value]) => value !== '');
    if (!this.registered || known.length === 0) return;
    upsertSearchAttributes(Object.fromEntries(known.map(([name, value]) => [name, [value.slice(0, 200)]])));
  }

  private show(text?: string): void {
    const parts = [...this.lines, `Now: **${this.now}**${text ? `. ${text}` : ''}`];
    setCurrentDetails(parts.map((p) => `- ${p}`).join('\n'));
  }
}

/** 1234567 as 1,234,567: workflows have no locale. */
function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

function cap(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * Runs an integration: prepares, does `body`, and ends with a result in every case. Failures leave as one non-retryable
 * `ApplicationFailure` whose `details[0]` is the result; a cancelled run keeps its result in the memo.
 *
 * @param given the arguments of the workflow, as they came: callers in other languages may send any
 */
export async function integration<N extends IntegrationName>(
  name: N,
  given: readonly [input: IntegrationInputs[N]],
  body: (run: Run<IntegrationInputs[N]>) => Promise<IntegrationResult>,
): Promise<IntegrationResult> {
  const [input, ...more] = given as readonly unknown[];
  // Of whatever shape: the first activity checks it before anything of it is used.
  const run = new Run(name, withoutAbsent(input) as IntegrationInputs[N]);
  try {
    // What the activity could not tell: it gets one argument, as JSON.
    const why = unreadable(input);
    const wrong = more.some((argument) => argument !== undefined && argument !== null)
      ? `${given.length} arguments`
      : why === undefined
        ? ArrayBuffer.isView(input) && 'bytes'
        : `a payload that its worker cannot read (${why})`;
    if (wrong) {
      throw stepFailure(
        'InvalidInput',
        `The input of ${name} is not valid. It must be one JSON object, not ${wrong}. ${FAILURES.InvalidInput.remedy}`,
      );
    }
    await run.prepare();
    return await body(run);
  } catch (error) {
    throw run.ending(error);
  }
}

/** A value that must be there by construction. @throws ApplicationFailure `InternalError` where it is not */
export function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw stepFailure('InternalError', `The preparation did not yield ${what}`);
  return value;
}

/** Runs something that a cancellation does not reach. */
export function shielded<T>(body: () => Promise<T>): Promise<T> {
  return CancellationScope.nonCancellable(body);
}
