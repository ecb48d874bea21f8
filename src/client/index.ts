/** The Temporal side: starts integrations, waits for them, schedules them. */
export { AnaplanTemporalClient } from './client';
export type { ConnectOptions, IntegrationMethods, StartOptions } from './client';
export type { TenantBudget } from './budgets';
export { INPUT_MEMO, inputDigest } from './check';
export { AnaplanTemporalError, documentOf, IntegrationFailed } from './errors';
export type { IntegrationHandle } from './handle';
export type { ProgressBlocker, ProgressWait } from './waiting';
export type { ActivityProgress, ProgressOutage, RunProgress } from './progress';
export { ON_CLOSED, OVERLAPS } from './choices';
export type { OnClosed, Overlap } from './choices';
export { Schedules } from './schedules';
export type {
  ScheduleDefinition,
  ScheduleDetails,
  ScheduledRun,
  ScheduleListing,
  ScheduleTiming,
} from './schedules';
