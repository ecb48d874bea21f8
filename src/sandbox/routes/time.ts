import { readJson, Refusal } from '../http';
import { envelope, holds, param, type Call, type Route } from './route';

/** A text of the body; '' where there is none. */
function textOf(body: Record<string, unknown>, name: string): string | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw new Refusal(400, `${name} must be a text.`);
  return value.trim();
}

const currentPeriod = (call: Call) =>
  envelope(call, 'currentPeriod', { currentPeriod: call.model.data.calendar.currentPeriod() });

/** The calendar and the versions of a model. */
export const timeRoutes: Route[] = [
  holds('GET', '/models/{m}/currentPeriod', currentPeriod),
  holds('PUT', '/models/{m}/currentPeriod', async (call) => {
    const inBody = textOf(await readJson(call.body), 'date');
    const inQuery = call.query.get('date') ?? undefined;
    if (inBody !== undefined && inQuery !== undefined)
      throw new Refusal(400, 'use query parameter or body to set date, not both');
    call.model.data.calendar.setCurrent(inBody ?? inQuery ?? '');
    return currentPeriod(call);
  }),
  holds('GET', '/models/{m}/modelCalendar', (call) =>
    envelope(call, 'modelCalendar', { modelCalendar: call.model.data.calendar.describe() }),
  ),
  holds('PUT', '/models/{m}/modelCalendar/fiscalYear', async (call) => {
    const { calendar } = call.model.data;
    calendar.setFiscalYear(textOf(await readJson(call.body), 'year') ?? '');
    call.model.data.dropLostPeriods();
    return envelope(call, 'modelCalendar', { modelCalendar: { fiscalYear: calendar.fiscalYear() } });
  }),
  holds('GET', '/models/{m}/versions', (call) =>
    envelope(call, 'version', { versionMetadata: call.model.data.versions.describe() }),
  ),
  holds('PUT', '/models/{m}/versions/{ver}/switchover', async (call) => {
    const date = textOf(await readJson(call.body), 'date');
    if (date === undefined) throw new Refusal(400, 'date is required.');
    const versionSwitchover = call.model.data.versions.setSwitchover(param(call, 'ver'), date);
    return envelope(call, 'switchover', { versionSwitchover });
  }),
];
