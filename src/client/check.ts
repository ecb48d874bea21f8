import type { IntegrationInputs, IntegrationName } from '../contracts';
import { checkInput } from '../contracts/schemas';
import { digestOf } from './digest';
import { invalidInput } from './errors';

/** Memo key of the digest over workflow type and input, by which a second start of an ID knows its own. */
export const INPUT_MEMO = 'anaplanInput';

/** Digest of a run: equal for equal workflow types and inputs, whatever the order of their keys. */
export function inputDigest(integration: IntegrationName, input: unknown): string {
  return digestOf([integration, input]);
}

/** The typed input. @throws AnaplanTemporalError InvalidInput, with all issues */
export function checked<N extends IntegrationName>(integration: N, input: unknown): IntegrationInputs[N] {
  const outcome = checkInput(integration, input);
  if (!outcome.ok) throw invalidInput(outcome.issues);
  return outcome.input;
}
