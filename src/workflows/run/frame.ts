/** The frame of every integration: what its page works with, and how the run ends whatever happens on the page. */
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
import type { Call, ModelContext, RootPin } from '../../activities/attempt/contract';
import type { Place, PrepareActivities, Prepared, PreparedRun } from '../../activities/prepare/contract';
import {
  compact,
  RESULT_MEMO,
  isDeeperThan,
  resolveTimeouts,
  timeoutsBeforeEffect,
  withoutAbsent,
  type CommonInput,
  type Effects,
  type IntegrationInputs,
  type IntegrationName,
  type IntegrationResult,
  type ResultTask,
  type TimeoutsMs,
} from '../../contracts';
import { granted } from '../lock';
import type { Hold } from '../steps/hold';
import { documentOf } from './document';
import { effectsSoFar, uploadsSoFar, type Attributes, type Ending, type Fact, type Uploaded } from './facts';
import { readFailure, resultFailure, stepFailure } from './failures';
import { activities, throughOutages } from './proxies';
import { attributesOf, detailsOf } from './shown';
import { unreadable } from './unreadable';

const { prepare } = activities<PrepareActivities>({
  prepare: { summary: () => 'check the input and resolve names' },
});

/** One run of an integration; without a name: of any. */
export class Run<N extends IntegrationName = IntegrationName> {
  readonly timeouts: TimeoutsMs;
  /** Asks that the model's lock has granted by signal, with what it said of the holders before. */
  readonly grants = new Map<string, string[]>();
  /** What the run holds of its model's lock. */
  hold?: Hold;
  /** The file systems that the run found under the names of roots at first. */
  private readonly roots = new Map<string, RootPin>();
  private readonly facts: Fact[] = [];
  private shown: Attributes = {};
  private resolved: Prepared<N> | undefined;

  constructor(
    readonly integration: N,
    readonly input: CommonInput,
  ) {
    // Anything can have been given: the first activity refuses what is not an input.
    this.timeouts = resolveTimeouts(input?.timeouts ?? {});
    setHandler(granted, (ask, warnings) => {
      // Anybody may signal a workflow, with anything.
      if (typeof ask !== 'string' || unreadable(ask) !== undefined) return;
      const texts = Array.isArray(warnings) ? warnings.filter((w) => typeof w === 'string') : [];
      this.grants.set(ask, texts);
    });
    setCurrentDetails(detailsOf(this.facts));
  }

  /** Adds to what has happened. Result, details and search attributes follow from it. */
  record(fact: Fact): void {
    this.facts.push(fact);
    setCurrentDetails(detailsOf(this.facts));
    const all = Object.entries(attributesOf(this.facts));
    const changed = all.filter(([name, value]) => this.shown[name as keyof Attributes] !== value);
    if (changed.length === 0) return;
    this.shown = Object.fromEntries(all);
    upsertSearchAttributes(Object.fromEntries(changed.map(([name, value]) => [name, [value]])));
  }

  /** Says in the UI what the run does from here. `state` is the search attribute, `text` a sentence of details. */
  state(state: string, text?: string): void {
    this.record({ is: 'doing', state, ...compact({ text }) });
  }

  /** Says in the UI what is waited for within a step. */
  waits(text: string): void {
    const doing = this.facts.findLast((fact) => fact.is === 'doing');
    this.state(doing?.is === 'doing' ? doing.state : 'preparing', text);
  }

  /** Adds a warning to the result. */
  warn(text: string): void {
    this.record({ is: 'warned', text });
  }

  /** The result as it stands. */
  get document(): IntegrationResult {
    return documentOf(this.facts);
  }

  /** The run's latest task, as far as it is known. */
  get task(): ResultTask | undefined {
    return this.document.task;
  }

  /** What the run has done to the model so far. */
  get effects(): Effects {
    return effectsSoFar(this.facts);
  }

  /** What this run has uploaded for its action to read: of each file the latest. */
  get uploads(): Uploaded[] {
    return uploadsSoFar(this.facts);
  }

  /** What the first activity found. */
  get prepared(): Prepared<N> {
    return present(this.resolved, 'the prepared run');
  }

  /** Where a file of the input is. */
  placeOf(given: string): Place {
    return present(this.prepared.places.files[given], `a place of ${given}`);
  }

  /** A root as this run knows it. */
  root(name: string): RootPin {
    return this.roots.get(name) ?? { name };
  }

  /** Takes note of the file system that was found in a root: from then on no other one will do. */
  pin(root: RootPin): void {
    if (this.root(root.name).marker === undefined) this.roots.set(root.name, root);
  }

  /** The model, for calls and locks. */
  get model(): ModelContext {
    const { connection, workspace, model } = this.prepared;
    return { connection, workspace, model };
  }

  /** Checks the input and resolves its names. */
  async prepare(): Promise<void> {
    // What it answers is chosen by the name that it gets.
    const prepared: PreparedRun = await prepare(
      { integration: this.integration, input: this.input, firstRunId: this.token },
      {
        scheduleToCloseTimeout: throughOutages({ bounds: timeoutsBeforeEffect(this.input?.timeouts ?? {}) }),
      },
    );
    this.resolved = prepared as Prepared<N>;
    this.record({ is: 'prepared', prepared: this.resolved });
  }

  /** What every activity that talks to Anaplan is told. */
  call(deadline?: { name: keyof TimeoutsMs; at: number }): Call {
    const { modelUnavailable, unavailable } = this.timeouts;
    return {
      ...this.model,
      bounds: { modelUnavailable, unavailable },
      ...compact({ held: this.hold?.held }),
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
}

/** The workflow of an integration, under its registered name. */
type Workflow<N extends IntegrationName> = (
  ...given: [input: IntegrationInputs[N]]
) => Promise<IntegrationResult>;

/**
 * Makes the workflow of an integration out of its page. It prepares, does what the page says, and has a result in every
 * ending: a failed run throws one non-retryable `ApplicationFailure` whose `details[0]` is the result, a cancelled run
 * keeps it in the memo.
 */
export function integration<N extends IntegrationName>(
  name: N,
  page: (run: Run<N>, input: IntegrationInputs[N]) => Promise<Ending>,
): Workflow<N> {
  const workflow: Workflow<N> = async (...given) => {
    // Of whatever shape: callers in other languages may send anything, and the first activity checks it before use.
    const input = withoutAbsent(given[0]) as IntegrationInputs[N];
    const run = new Run(name, input);
    let ending: Ending;
    let thrown: unknown;
    let attributes: Attributes | undefined;
    try {
      assertOneObject(name, given);
      await run.prepare();
      ending = await page(run, input);
    } catch (error) {
      thrown = error;
      ending = {
        outcome: isCancellation(error) ? 'cancelled' : 'failed',
        failure: resultFailure(error, run.effects),
      };
      ({ attributes } = readFailure(error).facts);
    }
    run.record({ is: 'concluded', ending, ...compact({ attributes }) });
    return close(run.document, ending, thrown);
  };
  // Temporal starts a workflow that is given as a function by the function's name.
  return Object.defineProperty(workflow, 'name', { value: name });
}

/** Closes the workflow as its ending says, with the document in a place where it is found. */
function close(document: IntegrationResult, ending: Ending, thrown: unknown): IntegrationResult {
  if (!('failure' in ending)) return document;
  if (ending.outcome === 'cancelled') {
    // Temporal keeps no details of a cancelled workflow, so the document goes where it can be found without a worker.
    upsertMemo({ [RESULT_MEMO]: document });
    throw thrown;
  }
  throw ApplicationFailure.create({
    type: ending.failure.type,
    message: ending.failure.message,
    nonRetryable: true,
    details: [document],
    ...(thrown instanceof Error ? { cause: thrown } : {}),
  });
}

/** No field of an input is nested half as deep; thousands of levels exhaust the stack of what writes them as JSON. */
const MAX_DEPTH = 100;

/** Refuses what the first activity could not tell, which gets one argument, as JSON. @throws `InvalidInput` */
function assertOneObject(name: IntegrationName, [input, ...more]: readonly unknown[]): void {
  const why = unreadable(input);
  const wrong = more.some((argument) => argument !== undefined && argument !== null)
    ? `${more.length + 1} arguments`
    : why === undefined
      ? ArrayBuffer.isView(input)
        ? 'bytes'
        : isDeeperThan(input, MAX_DEPTH) && `one that is nested more than ${MAX_DEPTH} levels deep`
      : `a payload that its worker cannot read (${why})`;
  if (!wrong) return;
  throw stepFailure(
    'InvalidInput',
    `The input of ${name} is not valid. It must be one JSON object, not ${wrong}.`,
  );
}

/** A value that must be there by construction. @throws ApplicationFailure `InternalError` where it is not */
function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw stepFailure('InternalError', `The preparation did not yield ${what}`);
  return value;
}

/** Runs something that a cancellation does not reach. */
export function shielded<T>(body: () => Promise<T>): Promise<T> {
  return CancellationScope.nonCancellable(body);
}
