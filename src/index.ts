/** Anaplan integrations as durable Temporal workflows. */
export * from './contracts';
export { checkInput, type CheckedInput } from './contracts/schemas';
export * from './client';
export * from './worker';
export { createActivities } from './activities';
export type { ActivityDeps, AnaplanActivities } from './activities';
