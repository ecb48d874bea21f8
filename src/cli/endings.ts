/** How a command ends: the document of whatever went wrong, and the exit code. */
import { AnaplanTemporalError, documentOf, IntegrationFailed } from '../client/errors';
import { EXIT, FAILURES, type ExitCode, type IntegrationResult, type ResultFailure } from '../contracts';

/** The document of any error: the run's own, or one made from the error. */
export function documentOfError(
  error: unknown,
  effects: 'none' | 'unknown',
): IntegrationResult & { failure: ResultFailure } {
  if (error instanceof IntegrationFailed) {
    const made = documentOf(error.type, error.message, { effects: 'unknown', remedy: error.remedy });
    return { ...error.result, failure: error.result.failure ?? made.failure };
  }
  if (error instanceof AnaplanTemporalError) {
    return documentOf(error.type, error.message, {
      effects:
        error.effects ?? (error.type === 'InvalidInput' || error.type === 'Conflict' ? 'none' : effects),
      remedy: error.remedy,
    });
  }
  const message = error instanceof Error ? error.message : String(error);
  return documentOf('InternalError', message, { effects });
}

/** Exit code of a document: 0 when the run succeeded, else that of its failure (design, "CLI exit codes"). */
export function exitOf(result: IntegrationResult): ExitCode {
  if (result.outcome === 'succeeded' || result.outcome === 'succeededWithRejections') return EXIT.ok;
  if (result.outcome === 'cancelled') return EXIT.cancelled;
  return result.failure === undefined ? EXIT.unexpected : FAILURES[result.failure.type].exit;
}
