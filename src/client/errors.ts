import {
  compact,
  type Effects,
  type FailureType,
  type InputIssue,
  type IntegrationResult,
  issuesText,
  type ResultFailure,
  tell,
  type Told,
} from '../contracts';

/** Anything that this client throws on purpose: typed, a sentence that ends with what to do. */
export class AnaplanTemporalError extends Error {
  override readonly name: string = 'AnaplanTemporalError';
  readonly type: FailureType;
  /** With type `InvalidInput`: what is wrong with which field. */
  readonly issues: readonly InputIssue[];
  /** What to do about it. */
  readonly remedy: string;
  /** What was done to the model, where this error knows: `unknown` for a start whose answer was lost. */
  readonly effects: Effects | undefined;

  /** @param said - what happened, to which the remedy is added; or all that is to be said */
  constructor(
    type: FailureType,
    said: string | Told,
    o: { issues?: readonly InputIssue[]; remedy?: string; effects?: Effects; cause?: unknown } = {},
  ) {
    const told = typeof said === 'string' ? tell(type, said, o.remedy) : said;
    super(told.message, o.cause === undefined ? undefined : { cause: o.cause });
    this.type = type;
    this.issues = o.issues ?? [];
    this.remedy = told.remedy;
    this.effects = o.effects;
  }
}

/** A run that ended, and not well: failed, cancelled or terminated. */
export class IntegrationFailed extends AnaplanTemporalError {
  override readonly name = 'IntegrationFailed';

  constructor(
    readonly workflowId: string,
    /** The document of the run; made up from what Temporal knows where the run could not write one. */
    readonly result: IntegrationResult,
    failure: ResultFailure,
    cause?: unknown,
  ) {
    super(failure.type, failure, { effects: failure.effects, ...compact({ cause }) });
  }
}

/** The error for an input that the schemas refuse. */
export function invalidInput(issues: readonly InputIssue[]): AnaplanTemporalError {
  return new AnaplanTemporalError('InvalidInput', `The input is not valid: ${issuesText(issues)}.`, {
    issues,
  });
}

/** A result document for an ending that no run wrote: a refused input, Temporal out of reach, a terminated run. */
export function documentOf(
  failure: ResultFailure,
  outcome: 'failed' | 'cancelled' = 'failed',
): IntegrationResult & { failure: ResultFailure } {
  return { outcome, transfers: [], dumps: [], failure };
}
