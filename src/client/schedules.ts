import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type Client,
  type ScheduleDescription,
  type ScheduleHandle,
  type ScheduleOptions,
  type ScheduleOverlapPolicy,
} from '@temporalio/client';
import {
  compact,
  type Duration,
  durationMs,
  idFault,
  type InputIssue,
  type IntegrationName,
} from '../contracts';
import { checked, INPUT_MEMO, inputDigest } from './check';
import type { Overlap } from './choices';
import { detailsOf, summaryOf } from './describe-input';
import { AnaplanTemporalError, invalidInput } from './errors';
import { checkSize, inputTooLarge, temporalError } from './grpc';
import {
  MAX_SCHEDULE_ID_BYTES,
  scheduleIssues,
  type ScheduleDefinition,
  type ScheduleTiming,
} from './schedule-definition';

export type { ScheduleDefinition, ScheduleTiming };

/** Memo of a schedule that this package made: fixed at its creation. */
const OWNER = { owner: 'anaplan' } as const;

/** A run that a schedule started. */
export interface ScheduledRun {
  workflowId: string;
  runId: string;
  scheduledAt: Date;
  takenAt: Date;
}

/** A schedule as the list shows it. */
export interface ScheduleListing {
  id: string;
  /** Workflow type. */
  integration: string;
  paused: boolean;
  note?: string;
  nextRuns: Date[];
  recentRuns: ScheduledRun[];
}

/** All of a schedule. */
export interface ScheduleDetails extends ScheduleListing {
  input: unknown;
  taskQueue: string;
  timeZone: string;
  overlap: string;
  catchupWindowMs: number;
  jitterMs?: number;
  /** The cron lines it was given; Temporal itself keeps only calendars. */
  cron?: string[];
  runs: { taken: number; missed: number; skipped: number; running: string[] };
  createdAt: Date;
  updatedAt?: Date;
}

/** Schedules of integrations over Temporal Schedules. */
export class Schedules {
  constructor(
    private readonly client: Client,
    private readonly o: { taskQueue: string; address: string | undefined },
  ) {}

  /**
   * Creates a schedule. Its runs are named `anaplan-{id}-{nominal time}`.
   *
   * @throws AnaplanTemporalError InvalidInput (input, cron, time zone), Conflict when the ID exists
   */
  async create<N extends IntegrationName>(id: string, given: ScheduleDefinition<N>): Promise<void> {
    const { spec, action, policies } = this.compile(id, given);
    try {
      await this.client.schedule.create({
        scheduleId: id,
        spec,
        action,
        policies,
        memo: OWNER,
        state: {
          ...compact({ paused: given.paused, note: given.note }),
        },
      });
    } catch (error) {
      if (error instanceof ScheduleAlreadyRunning) {
        throw new AnaplanTemporalError('Conflict', `There is already a schedule ${id} in this namespace.`, {
          remedy: 'Choose another ID, or delete or update that one.',
          cause: error,
        });
      }
      throw inputTooLarge(error, given.input) ?? this.typed(error, `create the schedule ${id}`);
    }
  }

  /** Replaces what a schedule runs and when. A pause and its note stay. @throws AnaplanTemporalError */
  async update<N extends IntegrationName>(id: string, given: ScheduleDefinition<N>): Promise<void> {
    const compiled = this.compile(id, given);
    await this.own(id, `update the schedule ${id}`, (handle) =>
      handle.update((previous) => ({ ...compiled, state: previous.state })),
    );
  }

  /** The schedules that this package made. A new one can take a moment to appear. */
  async *list(): AsyncGenerator<ScheduleListing> {
    try {
      for await (const s of this.client.schedule.list()) {
        if (s.memo?.owner !== OWNER.owner) continue;
        yield {
          id: s.scheduleId,
          integration: s.action?.workflowType ?? '',
          paused: s.state.paused,
          ...(s.state.note ? { note: s.state.note } : {}),
          nextRuns: s.info.nextActionTimes,
          recentRuns: s.info.recentActions.map(runOf),
        };
      }
    } catch (error) {
      throw this.typed(error, 'list the schedules');
    }
  }

  /** @throws AnaplanTemporalError NotFound */
  async describe(id: string): Promise<ScheduleDetails> {
    const d = await this.own(id, `look at the schedule ${id}`, (_handle, description) => description);
    const cron: unknown = d.action.memo?.[CRON_MEMO];
    return {
      id,
      integration: d.action.workflowType,
      paused: d.state.paused,
      ...(d.state.note ? { note: d.state.note } : {}),
      nextRuns: d.info.nextActionTimes,
      recentRuns: d.info.recentActions.map(runOf),
      input: (d.action.args as readonly unknown[] | undefined)?.[0],
      taskQueue: d.action.taskQueue ?? this.o.taskQueue,
      timeZone: d.spec.timezone || 'UTC',
      overlap: d.policies.overlap ?? 'SKIP',
      catchupWindowMs: d.policies.catchupWindow,
      ...(d.spec.jitter ? { jitterMs: d.spec.jitter } : {}),
      ...(Array.isArray(cron) ? { cron: cron.map(String) } : {}),
      runs: {
        taken: d.info.numActionsTaken,
        missed: d.info.numActionsMissedCatchupWindow,
        skipped: d.info.numActionsSkippedOverlap,
        running: d.info.runningActions.map((action) => action.workflow.workflowId),
      },
      createdAt: d.info.createdAt,
      ...compact({ updatedAt: d.info.lastUpdatedAt }),
    };
  }

  /** Starts a run now, also when paused. */
  async trigger(id: string, overlap?: Overlap): Promise<void> {
    await this.own(id, `trigger the schedule ${id}`, (handle) => handle.trigger(overlap));
  }

  async pause(id: string, note?: string): Promise<void> {
    await this.own(id, `pause the schedule ${id}`, (handle) => handle.pause(note ?? 'paused'));
  }

  async unpause(id: string, note?: string): Promise<void> {
    await this.own(id, `unpause the schedule ${id}`, (handle) => handle.unpause(note ?? 'unpaused'));
  }

  /** Starts the runs that were due between two times, one after the other unless `overlap` says otherwise. */
  async backfill(id: string, o: { start: Date; end: Date; overlap?: Overlap }): Promise<void> {
    const issues: InputIssue[] = [];
    if (Number.isNaN(o.start.getTime())) issues.push({ path: 'start', message: 'must be a time' });
    if (Number.isNaN(o.end.getTime())) issues.push({ path: 'end', message: 'must be a time' });
    if (issues.length === 0 && o.start >= o.end) issues.push({ path: 'end', message: 'must be after start' });
    if (issues.length > 0) throw invalidInput(issues);
    // Runs of one model queue behind its lock anyway; in order is what a reader of the past expects.
    const overlap: ScheduleOverlapPolicy = o.overlap ?? 'BUFFER_ALL';
    await this.own(id, `backfill the schedule ${id}`, (handle) =>
      handle.backfill({ start: o.start, end: o.end, overlap }),
    );
  }

  /** Deletes the schedule; runs that it started go on. */
  async delete(id: string): Promise<void> {
    await this.own(id, `delete the schedule ${id}`, (handle) => handle.delete());
  }

  /** Calls something on a schedule that this package made. */
  private async own<T>(
    id: string,
    doing: string,
    call: (handle: ScheduleHandle, description: ScheduleDescription) => Promise<T> | T,
  ): Promise<T> {
    const fault = idFault(id, MAX_SCHEDULE_ID_BYTES);
    if (fault !== undefined) throw invalidInput([{ path: 'id', message: fault }]);
    try {
      const handle = this.client.schedule.getHandle(id);
      const description = await handle.describe();
      if (description.memo?.owner !== OWNER.owner) {
        throw new AnaplanTemporalError('Conflict', `The schedule ${id} was not made by anaplan-temporal.`, {
          remedy: 'Use the Temporal CLI or UI for it, or choose another ID.',
        });
      }
      return await call(handle, description);
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) {
        throw new AnaplanTemporalError('NotFound', `There is no schedule ${id} in this namespace.`, {
          remedy: 'List them with "anaplan-temporal schedules list", and check the namespace.',
          cause: error,
        });
      }
      throw this.typed(error, doing);
    }
  }

  /** The SDK reports what the server says of a bad cron line or time zone as a TypeError. */
  private typed(error: unknown, doing: string): AnaplanTemporalError {
    if (error instanceof TypeError) {
      const cause = error.cause instanceof Error ? error.cause.message : error.message;
      const reason = cause.replace(/^\d+ INVALID_ARGUMENT: /, '').replace(/\.$/, '');
      const path = /time zone|timezone/i.test(reason) ? 'timeZone' : 'cron';
      return new AnaplanTemporalError('InvalidInput', `Temporal refused to ${doing}: ${reason}.`, {
        issues: [{ path, message: reason }],
        cause: error,
      });
    }
    return temporalError(error, doing, this.o.address);
  }

  private compile<N extends IntegrationName>(
    id: string,
    given: ScheduleDefinition<N>,
  ): Pick<ScheduleOptions, 'spec' | 'action'> & { policies: NonNullable<ScheduleOptions['policies']> } {
    const input = checked(given.integration, given.input);
    const issues = scheduleIssues(id, given);
    if (issues.length > 0) throw invalidInput(issues);
    checkSize(this.client, input);
    const cron = typeof given.cron === 'string' ? [given.cron] : [...given.cron];
    const ms = (d: Duration): number => durationMs(d) ?? 0;
    return {
      spec: {
        cronExpressions: cron,
        timezone: given.timeZone ?? 'UTC',
        ...(given.jitter === undefined ? {} : { jitter: ms(given.jitter) }),
      },
      action: {
        type: 'startWorkflow',
        workflowType: given.integration,
        // As it is: schedules that differ in any character must not share the IDs of their runs.
        workflowId: `anaplan-${id}`,
        taskQueue: given.taskQueue ?? this.o.taskQueue,
        args: [input],
        memo: { [INPUT_MEMO]: inputDigest(given.integration, input), [CRON_MEMO]: cron },
        staticSummary: summaryOf(given.integration, input),
        staticDetails: detailsOf(given.integration, input),
      },
      policies: {
        overlap: given.overlap ?? 'SKIP',
        ...(given.catchupWindow === undefined ? {} : { catchupWindow: ms(given.catchupWindow) }),
        ...compact({ pauseOnFailure: given.pauseOnFailure }),
      },
    };
  }
}

/** Memo key of a scheduled run: the cron lines as given, which a description of the schedule does not return. */
const CRON_MEMO = 'anaplanCron';

function runOf(action: ScheduleDescription['info']['recentActions'][number]): ScheduledRun {
  return {
    workflowId: action.action.workflow.workflowId,
    runId: action.action.workflow.firstExecutionRunId,
    scheduledAt: action.scheduledAt,
    takenAt: action.takenAt,
  };
}
