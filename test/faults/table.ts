/**
 * The retry conformance table: which fault strikes which call of which integration, and how the run must end (design
 * section 4, "Retries" and what each integration promises). Rows are data; `conformance.ts` runs them.
 */
import { callOf, type CallName } from './calls';
import { expectedEnd } from './expected';
import { FAULTS, faultOf, type FaultName } from './faults';
import { planned, type Row } from './rows';
import type { ScenarioName } from './scenarios';
import { BOUND_ROWS, CANCEL_ROWS, START_ROWS } from './special';

/** Whether a fault can strike this call at all. */
function applies(call: CallName, name: FaultName): boolean {
  const { answers, sends } = callOf(call);
  const { strikes, action } = faultOf(name);
  if (strikes === 'request') return sends === true;
  if (strikes === 'answer' && answers === 'nothing') return false;
  // The log-in is what a 401 asks for.
  return call !== 'log-in' || (action.kind !== 'expire-token' && name !== '401 twice');
}

/** One row of the matrix. */
function row(scenario: ScenarioName, call: CallName, name: FaultName): Row {
  const fault = faultOf(name);
  const { taskMs } = callOf(call);
  const lostStart = call.startsWith('reconcile: ')
    ? [{ plan: planned('task start', 'answer lost after the effect'), hits: 1 }]
    : [];
  return {
    id: `${scenario}: ${call}: ${name}`,
    scenario,
    call,
    fault: name,
    faults: [{ plan: planned(call, name), hits: fault.hits ?? 1 }, ...lostStart],
    expected: expectedEnd(scenario, call, name),
    ...(fault.silent ? { silent: true as const } : {}),
    ...(fault.timeouts ? { timeouts: fault.timeouts } : {}),
    ...(taskMs === undefined ? {} : { taskMs }),
    ...(fault.waitMs === undefined ? {} : { wait: { ms: fault.waitMs, tenant: fault.tenantWaits ?? false } }),
  };
}

const NAMES = Object.keys(FAULTS) as FaultName[];
const ONCE = NAMES.filter((name) => !name.endsWith('every time'));

/** The faults by which a call's class of retries shows. */
const CORE: FaultName[] = [
  'reset before the answer',
  'truncated, in transfer chunks',
  'answer lost after the effect',
  '503',
  '401 in the middle',
  '429 with Retry-After: 15',
  '403',
];
/** CORE, and what a model's state or a proxy does. */
const WIDE: FaultName[] = [
  ...CORE,
  'reset in the middle',
  'corrupt gzip',
  'silence before the effect',
  '504 after the effect',
  'empty 200',
  'delivered twice',
  '410',
  '410 twice',
  '423',
  '424',
  '409',
  '404',
  '422',
  '425',
];

/** For the log-in: what can be answered there. */
const LOG_IN: FaultName[] = [
  'reset before the answer',
  'reset at the first byte',
  'reset in the middle',
  'reset at the last byte',
  'FIN in the middle',
  'truncated, with a length',
  'truncated, in transfer chunks',
  'corrupt gzip',
  'silence in the middle',
  'answer lost after the effect',
  '500',
  '502',
  '503',
  '504',
  '504 after the effect',
  '502 of a gateway, as HTML',
  'empty 200',
  'gzip',
  'delivered twice',
  '410',
  '410 twice',
  '429 with Retry-After: 15',
  '429 without Retry-After',
  '429 thrice',
  '400',
  '403',
  '503 every time',
  'reset every time',
];

/** Faults that never end, for calls without a deadline of their own and with one. */
const ENDLESS: FaultName[] = [
  '503 every time',
  'reset every time',
  '423 every time',
  '424 every time',
  '429 every time',
];
const ENDLESS_BYTES: FaultName[] = [
  '503 every time',
  'reset every time',
  'truncated every time',
  'unframed every time',
  'silence in the middle every time',
];

type Entry = [ScenarioName, CallName | CallName[], readonly FaultName[]];

/** Which calls of which runs meet which faults. */
const UPLOADS: Entry[] = [
  ['uploadFile', 'log-in', LOG_IN],
  ['uploadFile', 'chunk PUT', ONCE],
  ['uploadFile', ['chunk count', 'last chunk PUT'], WIDE],
  ['uploadFile', ['model', 'files list', 'first chunk PUT'], CORE],
  ['uploadFile', 'chunk count', ['503 every time', '423 every time']],
  ['uploadFile', 'chunk PUT', ['503 every time', 'reset every time', '424 every time']],
  ['uploadFile', 'files list', ENDLESS],
  ['uploadFile of a .gz', 'complete', WIDE],
  ['uploadFile of a .gz', 'chunk PUT', CORE],
  ['uploadImport', ['imports list', 'import metadata', 'users/me'], CORE],
  ['uploadImport', ['chunk count', 'chunk PUT', 'task list', 'task start', 'task poll'], CORE],
  ['uploadImport', 'task start', ['504 after the effect', '410']],
  ['uploadImport of a .gz', 'complete', CORE],
];

const TASKS: Entry[] = [
  ['runAction', 'task start', ONCE],
  ['runAction', 'task poll', ONCE],
  ['runAction', 'task list', WIDE],
  ['runAction', ['actions list', 'task poll in the middle'], CORE],
  ['runAction', ['reconcile: task list', 'reconcile: model status'], WIDE],
  ['runAction', 'task list', ENDLESS],
  ['runAction', 'task poll', ['503 every time', 'reset every time', '423 every time']],
  ['runAction', 'task start', ['503 every time', '423 every time', '424 every time', '429 every time']],
  ['exportDownload', ['task start', 'task poll', 'task list after the file'], CORE],
  ['exportDownload', 'task start', ['504 after the effect', '410']],
  ['processWithDumps', ['task start', 'task poll'], CORE],
  ['processWithDumps', 'task start', ['504 after the effect', '410']],
];

const DOWNLOADS: Entry[] = [
  ['downloadFile', 'chunk GET', ONCE],
  ['downloadFile', 'chunk list', WIDE],
  ['downloadFile', 'last chunk GET', CORE],
  ['downloadFile', 'chunk GET', ENDLESS_BYTES],
  ['exportDownload', ['exports list', 'chunk list', 'chunk GET'], CORE],
  ['uploadImport', 'dump chunk GET', ONCE],
  ['uploadImport', 'dump chunk list', WIDE],
  ['uploadImport', 'dump chunk GET', ['503 every time', 'truncated every time']],
  ['processWithDumps', ['nested dump chunk list', 'nested dump chunk GET', 'chunk GET'], CORE],
  ['largeViewRead', 'page GET', ONCE],
  ['largeViewRead', 'read create', WIDE],
  ['largeViewRead', 'read status', WIDE],
  ['largeViewRead', 'read DELETE', WIDE],
  ['largeViewRead', ['views list', 'first page GET'], CORE],
  ['largeViewRead', 'page GET', ENDLESS_BYTES],
  ['largeViewRead', 'read create', ['503 every time', '423 every time', '424 every time']],
  ['largeViewRead', 'read DELETE', ['503 every time']],
  ['largeListRead', ['lists list', 'read create', 'read status', 'page GET', 'read DELETE'], CORE],
];

const rowsOf = (entries: readonly Entry[]): Row[] =>
  entries.flatMap(([scenario, calls, faults]) =>
    [calls]
      .flat()
      .flatMap((call) =>
        faults.filter((name) => applies(call, name)).map((name) => row(scenario, call, name)),
      ),
  );

/** The table in three parts, for as many processes. */
export const TABLE = {
  uploads: rowsOf(UPLOADS),
  tasks: [...rowsOf(TASKS), ...START_ROWS, ...CANCEL_ROWS],
  downloads: [...rowsOf(DOWNLOADS), ...BOUND_ROWS],
} as const satisfies Record<string, readonly Row[]>;
