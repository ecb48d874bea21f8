import {
  compact,
  type Effects,
  FAILURES,
  type FailureType,
  type InputIssue,
  type IntegrationResult,
  issuesText,
  type ResultFailure,
} from '../contracts';

/** Anything that this client throws on purpose: typed, a sentence, with a remedy. */
export class AnaplanTemporalError extends Error {
  override readonly name: string = 'AnaplanTemporalError';
  readonly type: FailureType;
  /** With type `InvalidInput`: what is wrong with which field. */
  readonly issues: readonly InputIssue[];
  /** What to do about it. */
  readonly remedy: string;
  /** What was done to the model, where this error knows: `unknown` for a start whose answer was lost. */
  readonly effects: Effects | undefined;

  constructor(
    type: FailureType,
    message: string,
    o: { issues?: readonly InputIssue[]; remedy?: string; effects?: Effects; cause?: unknown } = {},
  ) {
    super(message, o.cause === undefined ? undefined : { cause: o.cause });
    this.type = type;
    this.issues = o.issues ?? [];
    this.remedy = o.remedy ?? FAILURES[type].remedy;
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
    super(failure.type, failure.message, {
      remedy: failure.remedy,
      effects: failure.effects,
      ...compact({ cause }),
    });
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
  type: FailureType,
  message: string,
  o: { effects: Effects; outcome?: 'failed' | 'cancelled'; remedy?: string },
): IntegrationResult & { failure: ResultFailure } {
  return {
    outcome: o.outcome ?? 'failed',
    transfers: [],
    dumps: [],
    failure: { type, message, remedy: o.remedy ?? FAILURES[type].remedy, effects: o.effects },
  };
}
