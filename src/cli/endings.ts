/** How a command ends: the document of whatever went wrong, and the exit code. */
import { AnaplanTemporalError, documentOf, IntegrationFailed } from '../client/errors';
import {
  EXIT,
  FAILURES,
  tell,
  type ExitCode,
  type IntegrationResult,
  type ResultFailure,
} from '../contracts';

/** The document of any error: the run's own, or one made from the error. */
export function documentOfError(
  error: unknown,
  effects: 'none' | 'unknown',
): IntegrationResult & { failure: ResultFailure } {
  if (error instanceof IntegrationFailed) {
    const { type, message, remedy } = error;
    return {
      ...error.result,
      failure: error.result.failure ?? { type, message, remedy, effects: 'unknown' },
    };
  }
  if (error instanceof AnaplanTemporalError) {
    const { type, message, remedy } = error;
    const certain = type === 'InvalidInput' || type === 'Conflict' ? 'none' : effects;
    return documentOf({ type, message, remedy, effects: error.effects ?? certain });
  }
  const message = error instanceof Error ? error.message : String(error);
  return documentOf({ ...tell('InternalError', message), effects });
}

/** Exit code of a document: 0 when the run succeeded, else that of its failure (design, "CLI exit codes"). */
export function exitOf(result: IntegrationResult): ExitCode {
  if (result.outcome === 'succeeded' || result.outcome === 'succeededWithRejections') return EXIT.ok;
  if (result.outcome === 'cancelled') return EXIT.cancelled;
  return result.failure === undefined ? EXIT.unexpected : FAILURES[result.failure.type].exit;
}
