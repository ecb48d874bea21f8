/** What a schedule is made of, and what can be wrong with it. */
import {
  type Duration,
  durationMs,
  idFault,
  type InputIssue,
  type IntegrationInputs,
  type IntegrationName,
  INTEGRATIONS,
  MAX_ID_BYTES,
  nearest,
} from '../contracts';
import { OVERLAPS, type Overlap } from './choices';

/** When a schedule starts runs. */
export interface ScheduleTiming {
  /** One or more cron lines of five fields, such as `0 6 * * 1-5`. */
  cron: string | readonly string[];
  /** IANA name such as `Europe/London`. Default `UTC`. */
  timeZone?: string;
  /** Default `SKIP`. */
  overlap?: Overlap;
  /** How late a run may still be started after Temporal was down. Default: Temporal's, a year. */
  catchupWindow?: Duration;
  /** Each start is late by up to this long, at random. */
  jitter?: Duration;
  /** Pause the schedule when a run fails. */
  pauseOnFailure?: boolean;
}

/** A schedule of one integration. */
export interface ScheduleDefinition<N extends IntegrationName = IntegrationName> extends ScheduleTiming {
  integration: N;
  input: IntegrationInputs[N];
  /** Default: the client's. */
  taskQueue?: string;
  /** Create it paused. */
  paused?: boolean;
  note?: string;
}

/** The ID of a run holds the schedule's, `anaplan-` and a time; Temporal's own workflow of a schedule a prefix too. */
export const MAX_SCHEDULE_ID_BYTES = MAX_ID_BYTES - 50;

/** Temporal refuses a shorter one. */
const LEAST_CATCHUP_MS = 10_000;

/** What is wrong with a schedule, its input apart. */
export function scheduleIssues(id: string, given: ScheduleDefinition): InputIssue[] {
  const issues: InputIssue[] = [];
  const add = (path: string, message: string): void => {
    issues.push({ path, message });
  };
  if (!INTEGRATIONS.includes(given.integration)) add('integration', 'must be the name of an integration');
  const fault = idFault(id, MAX_SCHEDULE_ID_BYTES);
  if (fault !== undefined) add('id', fault);
  const cron: unknown = typeof given.cron === 'string' ? [given.cron] : given.cron;
  if (!Array.isArray(cron) || cron.some((line) => typeof line !== 'string'))
    add('cron', 'must be a text or a list of texts');
  else if (cron.length === 0 || cron.some((line: string) => line.trim() === ''))
    add('cron', 'must not be empty');
  if (given.timeZone !== undefined && !isTimeZone(given.timeZone)) {
    const meant = nearest(given.timeZone, Intl.supportedValuesOf('timeZone'));
    const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
    add('timeZone', `must be an IANA time zone such as Europe/London${hint}`);
  }
  if (given.overlap !== undefined && !OVERLAPS.includes(given.overlap)) {
    add('overlap', `must be one of ${OVERLAPS.join(', ')}`);
  }
  for (const key of ['catchupWindow', 'jitter'] as const) {
    const value = given[key];
    if (value === undefined) continue;
    const ms = durationMs(value);
    if (ms === undefined) add(key, 'must be a duration such as "10m"');
    else if (key === 'catchupWindow' && ms < LEAST_CATCHUP_MS) add(key, 'must be at least 10s');
  }
  return issues;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return !/^[+-]/.test(name);
  } catch {
    return false;
  }
}
