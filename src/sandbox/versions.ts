import { CALENDAR_TYPE, type Calendar, type Period } from './calendar';
import { Refusal } from './http';

/** A version of a model. */
export interface Version {
  id: string;
  name: string;
  kind: 'actual' | 'forecast' | 'variance' | 'budget';
  formula?: string;
  notes?: string;
  switchover?: Period;
}

/** The versions of a model. */
export class Versions {
  readonly all: readonly Version[] = [
    { id: '107000000001', name: 'Actual', kind: 'actual', notes: 'Closed months' },
    { id: '107000000002', name: 'Forecast', kind: 'forecast' },
    { id: '107000000003', name: 'Budget', kind: 'budget' },
    { id: '107000000004', name: 'Variance', kind: 'variance', formula: 'Actual - Budget' },
  ];

  constructor(private readonly calendar: Calendar) {}

  /** A version by its ID or its name. */
  find(text: string): Version | undefined {
    const name = text.toLowerCase();
    return this.all.find((one) => one.id === text || one.name.toLowerCase() === name);
  }

  /** Sets or (by '') resets a switchover (anaplan-api: "Set version switchover date"). */
  setSwitchover(id: string, date: string): { periodText: string; date: string; calendarType: string } {
    const version = this.all.find((one) => one.id === id);
    if (version === undefined) throw new Refusal(404, 'Not Found');
    if (version.kind !== 'forecast' && version.kind !== 'variance')
      throw new Refusal(400, `Version ${version.name} cannot have a switchover date.`);
    if (date === '') {
      delete version.switchover;
      return { periodText: '', date: '', calendarType: CALENDAR_TYPE };
    }
    const period = this.calendar.monthOf(date);
    const { startDate, endDate, year } = this.calendar.fiscalYear();
    if (date < startDate || date > endDate)
      throw new Refusal(400, `The switchover date ${date} is outside of the current model year ${year}.`);
    if (version.switchover !== undefined && period.from <= version.switchover.from)
      throw new Refusal(400, `The switchover date ${date} is not after ${version.switchover.from}.`);
    version.switchover = period;
    return { periodText: period.name, date: period.from, calendarType: CALENDAR_TYPE };
  }

  /** `versionMetadata` as it is answered: what is not set is left out. */
  describe(): object[] {
    return this.all.map(({ id, name, kind, formula, notes, switchover }) => ({
      id,
      name,
      isCurrent: kind === 'forecast',
      isActual: kind === 'actual',
      ...(switchover === undefined
        ? {}
        : { switchover: { periodText: switchover.name, date: switchover.from } }),
      ...(formula === undefined ? {} : { formula }),
      editFrom: { periodText: 'Start of Timescale', date: '1900-01-01' },
      editTo: { periodText: 'End of Timescale', date: '2399-12-31' },
      ...(notes === undefined ? {} : { notes }),
    }));
  }
}
