import { Refusal } from './http';

const MONTH_NAMES = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
export const CALENDAR_TYPE = 'Calendar Months/Quarters/Years';

/** A month, a quarter or a year of the timescale. */
export interface Period {
  id: string;
  /** As the model shows it: `Jan 25`, `Q1 FY25`, `FY25`. */
  name: string;
  level: 'month' | 'quarter' | 'year';
  /** Its first and last day, ISO. */
  from: string;
  to: string;
}

const two = (n: number): string => String(n).padStart(2, '0');
const lastDay = (year: number, month: number): number =>
  new Date(Date.UTC(2000 + year, month, 0)).getUTCDate();

function period(level: Period['level'], name: string, year: number, first: number, last: number): Period {
  const from = `20${two(year)}-${two(first)}-01`;
  const to = `20${two(year)}-${two(last)}-${two(lastDay(year, last))}`;
  const kind = { month: 1, quarter: 2, year: 3 }[level];
  return { id: `54${kind}${two(year)}${two(first)}0031`, name, level, from, to };
}

function yearOf(year: number): Period[] {
  const fy = `FY${two(year)}`;
  const months = MONTH_NAMES.map((name, i) => period('month', `${name} ${two(year)}`, year, i + 1, i + 1));
  const quarters = [0, 1, 2, 3].flatMap((q) => [
    ...months.slice(q * 3, q * 3 + 3),
    period('quarter', `Q${q + 1} ${fy}`, year, q * 3 + 1, q * 3 + 3),
  ]);
  return [...quarters, period('year', fy, year, 1, 12)];
}

/** True for a day that exists, as `YYYY-MM-DD`. */
export function isIsoDate(text: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)?.map(Number) ?? [];
  if (year === undefined || month === undefined || day === undefined) return false;
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** The calendar of a model: the fiscal year and one year before it. At first FY25 and FY26, no current period. */
export class Calendar {
  private year = 26;
  private current: Period | undefined;
  private all = this.build();

  /** All periods of the timescale: each quarter behind its months, each year at its end. */
  periods(): readonly Period[] {
    return this.all.list;
  }

  /** A period by its name or its ID. */
  find(text: string): Period | undefined {
    return this.all.byName.get(text.toLowerCase()) ?? this.all.byId.get(text);
  }

  /** Whether there is such a month. */
  hasMonth(name: string): boolean {
    return this.all.list.some((one) => one.level === 'month' && one.name === name);
  }

  /** `currentPeriod` as it is answered; empty texts where none is set. */
  currentPeriod(): { periodText: string; lastDay: string; calendarType: string } {
    const { name = '', to = '' } = this.current ?? {};
    return { periodText: name, lastDay: to, calendarType: CALENDAR_TYPE };
  }

  /** Sets the period with this date, or none (anaplan-api: "Set current period"). */
  setCurrent(date: string): void {
    this.current = date === '' ? undefined : this.monthOf(date);
  }

  /** The month with this date, or the documented refusals. */
  monthOf(date: string): Period {
    if (!isIsoDate(date)) {
      const message = `Invalid ISO date format '${date}'. Date should match format YYYY-MM-DD`;
      throw new Refusal(400, message);
    }
    const found = this.all.list.find((one) => one.level === 'month' && one.from <= date && date <= one.to);
    if (found !== undefined) return found;
    const [first, last] = [this.all.list[0]?.from ?? '', this.all.list.at(-1)?.to ?? ''];
    throw new Refusal(400, `Specified date '${date}' is out of timescale range ${first} - ${last}.`);
  }

  /** `fiscalYear` as it is answered. */
  fiscalYear(): { year: string; startDate: string; endDate: string } {
    const year = two(this.year);
    return { year: `FY${year}`, startDate: `20${year}-01-01`, endDate: `20${year}-12-31` };
  }

  /** Sets the fiscal year; the timescale moves with it (anaplan-api: "Update current fiscal year"). */
  setFiscalYear(text: string): void {
    const year = /^FY(\d{2})$/.exec(text)?.[1];
    if (year === undefined) throw new Refusal(400, `Specified year is not valid: ${text}`);
    if (Number(year) < 1 || Number(year) > 39)
      throw new Refusal(400, `Specified year is out of range: 20${year}`);
    this.year = Number(year);
    this.all = this.build();
    if (this.current !== undefined && this.find(this.current.id) === undefined) this.current = undefined;
  }

  /** The whole of it. */
  describe(): object {
    return {
      calendarType: CALENDAR_TYPE,
      fiscalYear: this.fiscalYear(),
      pastYearsCount: 1,
      futureYearsCount: 0,
      currentPeriod: { periodText: this.currentPeriod().periodText, lastDay: this.currentPeriod().lastDay },
      totalsSelection: {
        quarterTotals: true,
        halfYearTotals: false,
        yearToDateSummary: false,
        yearToGoSummary: false,
        totalOfAllPeriods: false,
      },
    };
  }

  private build() {
    const list = [...yearOf(this.year - 1), ...yearOf(this.year)];
    const byName = new Map(list.map((one) => [one.name.toLowerCase(), one]));
    return { list, byName, byId: new Map(list.map((one) => [one.id, one])) };
  }
}
