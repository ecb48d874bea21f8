import { z } from 'zod';
import { path, type Api } from './api';
import { compact } from './compact';
import { modelPath } from './models';
import {
  isRecord,
  neededText,
  optionalBoolean,
  optionalNumber,
  optionalText,
  read,
  textOrEmpty,
  unwrap,
} from './parse';
import type { CallOptions, ModelRef, Named } from './types';

/** The current period of a model; both texts are '' where none is set. */
export interface CurrentPeriod {
  /** As the model shows it, e.g. `May 20`. */
  periodText: string;
  /** `YYYY-MM-DD`. */
  lastDay: string;
  calendarType?: string;
}

/** The calendar of a model. Weeks General has none of it; what else there is depends on the type. */
export interface ModelCalendar {
  calendarType?: string;
  fiscalYear?: FiscalYear;
  pastYearsCount?: number;
  futureYearsCount?: number;
  currentPeriod?: CurrentPeriod;
  /** `quarterTotals`, `halfYearTotals`, `yearToDateSummary`, `yearToGoSummary`, `totalOfAllPeriods` ... */
  totalsSelection?: Record<string, boolean>;
  extraWeekMonth?: string;
}

export interface FiscalYear {
  /** E.g. `FY21`. */
  year?: string;
  /** `YYYY-MM-DD`. */
  startDate?: string;
  endDate?: string;
}

/** A period and a day of it, `YYYY-MM-DD`. */
export interface VersionPeriod {
  /** As the model shows it; `Start of Timescale` and `End of Timescale` stand for 1900-01-01 and 2399-12-31. */
  periodText?: string;
  date?: string;
  calendarType?: string;
}

/** A version of a model. What is not set is absent. */
export interface Version extends Named {
  isCurrent?: boolean;
  isActual?: boolean;
  /** Until when the version shows Actual. Its date is the first day of the period. */
  switchover?: VersionPeriod;
  editFrom?: VersionPeriod;
  editTo?: VersionPeriod;
  formula?: string;
  notes?: string;
}

const currentPeriodSchema = z
  .object({ periodText: textOrEmpty, lastDay: textOrEmpty, calendarType: optionalText })
  .transform(compact);
const fiscalYearSchema = z
  .object({ year: optionalText, startDate: optionalText, endDate: optionalText })
  .transform(compact);
/** The booleans of an object by their names; what is none is left out. */
function booleans(value: unknown): Record<string, boolean> | undefined {
  if (!isRecord(value)) return undefined;
  const pairs = Object.entries(value).map(([name, one]) => [name, optionalBoolean.parse(one)] as const);
  return Object.fromEntries(pairs.filter((pair): pair is [string, boolean] => pair[1] !== undefined));
}

const calendarSchema = z
  .object({
    calendarType: optionalText,
    fiscalYear: fiscalYearSchema.optional().catch(undefined),
    pastYearsCount: optionalNumber,
    futureYearsCount: optionalNumber,
    currentPeriod: currentPeriodSchema.optional().catch(undefined),
    totalsSelection: z.unknown().transform(booleans).optional(),
    extraWeekMonth: optionalText,
  })
  .transform(compact);
const versionPeriodSchema = z
  .object({ periodText: optionalText, date: optionalText, calendarType: optionalText })
  .transform(compact);
const versionPeriod = versionPeriodSchema.optional().catch(undefined);
const versionSchema = z
  .object({
    id: neededText,
    name: textOrEmpty,
    isCurrent: optionalBoolean,
    isActual: optionalBoolean,
    switchover: versionPeriod,
    editFrom: versionPeriod,
    editTo: versionPeriod,
    formula: optionalText,
    notes: optionalText,
  })
  .transform(compact);

/** Reads the current period. */
export function parseCurrentPeriod(body: unknown): CurrentPeriod {
  return read(
    currentPeriodSchema,
    unwrap(body, ['currentPeriod'], ['periodText', 'lastDay']),
    'the current period',
  );
}

/** Reads the calendar; one without a fiscal year is empty. */
export function parseModelCalendar(body: unknown): ModelCalendar {
  const raw = unwrap(body, ['modelCalendar'], ['fiscalYear', 'calendarType']);
  return read(calendarSchema, raw, "the model's calendar");
}

/** Reads one version. */
export const parseVersion = (raw: unknown): Version => read(versionSchema, raw, 'a version');

/** Reads a switchover; a reset one has no period. */
export function parseSwitchover(body: unknown): VersionPeriod {
  const raw = unwrap(body, ['versionSwitchover', 'switchover'], ['periodText', 'date', 'status']);
  return read(versionPeriodSchema, raw, 'the switchover');
}

/** The current period and the fiscal year of a model (anaplan-api: "Model Calendar"). */
export class CalendarApi {
  constructor(private readonly api: Api) {}

  /** The current period (anaplan-api: "Retrieve current period"). */
  currentPeriod(ref: ModelRef, o?: CallOptions): Promise<CurrentPeriod> {
    return this.api.get({ method: 'GET', path: `${modelPath(ref)}/currentPeriod` }, parseCurrentPeriod, o);
  }

  /**
   * Makes the period with this date, `YYYY-MM-DD`, the current one; '' resets it (anaplan-api: "Set current period"). Periods
   * that the model no longer has lose their DATA. 400 for a date of another form or outside of the timescale. A lost answer
   * may be repeated with the same date.
   */
  setCurrentPeriod(ref: ModelRef, date: string, o?: CallOptions): Promise<CurrentPeriod> {
    const at = `${modelPath(ref)}/currentPeriod`;
    return this.api.get({ method: 'PUT', path: at, json: { date } }, parseCurrentPeriod, o);
  }

  /** The calendar with its fiscal year, for Workspace Administrators (anaplan-api: "Get current fiscal year"). */
  get(ref: ModelRef, o?: CallOptions): Promise<ModelCalendar> {
    return this.api.get({ method: 'GET', path: `${modelPath(ref)}/modelCalendar` }, parseModelCalendar, o);
  }

  /**
   * Sets the current fiscal year, such as `FY21`, for Workspace Administrators (anaplan-api: "Update current fiscal year").
   * Years that the model no longer has lose their DATA. 400 for a year out of range and for Weeks General. A lost answer
   * may be repeated with the same year.
   */
  setFiscalYear(ref: ModelRef, year: string, o?: CallOptions): Promise<ModelCalendar> {
    const at = `${modelPath(ref)}/modelCalendar/fiscalYear`;
    return this.api.get({ method: 'PUT', path: at, json: { year } }, parseModelCalendar, o);
  }
}

/** Versions of a model, for Workspace Administrators (anaplan-api: "Model versions"). */
export class VersionsApi {
  constructor(private readonly api: Api) {}

  /** The versions that the user's role can read (anaplan-api: "Retrieve version metadata"). */
  list(ref: ModelRef, o?: CallOptions): Promise<Version[]> {
    return this.api.list(
      {
        path: path`/models/${ref.modelId}/versions`,
        what: 'the list of versions',
        keys: ['versionMetadata', 'versions'],
        item: parseVersion,
        idOf: (version) => version.id,
      },
      o,
    );
  }

  /**
   * Sets the date, `YYYY-MM-DD`, from which a forecast or variance no longer shows Actual; '' resets it (anaplan-api: "Set
   * version switchover date"). 400 for a date that is not after the one before or outside of the model's years, and for
   * Actual. So a repeat after a lost answer may be refused although the first took effect: read {@link list} first.
   */
  setSwitchover(ref: ModelRef, versionId: string, date: string, o?: CallOptions): Promise<VersionPeriod> {
    const at = path`/models/${ref.modelId}/versions/${versionId}/switchover`;
    return this.api.get({ method: 'PUT', path: at, json: { date } }, parseSwitchover, o);
  }
}
