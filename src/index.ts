/**
 * Starts integrations and follows them, from any process. Nothing here loads a worker: that is in
 * `anaplan-temporal/worker`, and what a worker of your own needs in `anaplan-temporal/workflows` and `/activities`.
 */
export * from './contracts';
export { checkInput, type CheckedInput } from './contracts/schemas';
export * from './client';
