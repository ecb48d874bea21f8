/**
 * Inputs, results, failure types, limits and names. Plain types and values; the zod schemas are in `schemas.ts`, which
 * workflows must not import.
 */
export * from './inputs';
export * from './result';
export * from './failures';
export * from './limits';
export * from './absent';
export * from './compact';
export * from './ids';
export * from './near';
export * from './issues';
export * from './rhythms';
export * from './budget';
