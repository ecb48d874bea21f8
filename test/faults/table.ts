/**
 * The retry conformance table: which fault strikes which call of which integration, and how the run must end (design
 * section 4, "Retries" and what each integration promises). Rows are data; `conformance.ts` runs them.
 */
import { callOf, type CallName } from './calls';
import { expectedEnd } from './expected';
import { FAULTS, faultOf, type FaultName } from './faults';
import { planned, SOON, type Row } from './rows';
import type { ScenarioName } from './scenarios';
import { BOUND_ROWS, CANCEL_ROWS, START_ROWS, UNANSWERED_ROWS } from './special';

/** Whether a fault can strike this call at all. */
function applies(call: CallName, name: FaultName): boolean {
  const { answers, sends, method } = callOf(call);
  const { strikes, action } = faultOf(name);
  if (name === '409') return method === 'GET';
  if (name === '409 of a change') return method !== 'GET' && call !== 'log-in';
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
    ...(fault.occurrence === 'every' ? { timeouts: SOON } : {}),
    ...(taskMs === undefined ? {} : { taskMs }),
    ...(fault.waitMs === undefined ? {} : { wait: { ms: fault.waitMs, tenant: fault.tenantWaits ?? false } }),
  };
}

/** Everything that strikes once. */
const ONCE = (Object.keys(FAULTS) as FaultName[]).filter((name) => !name.endsWith('every time'));

/** For calls that change nothing and come first. */
const LOOK_UP: FaultName[] = ['reset before the answer', 'truncated, in transfer chunks', '503', '403'];

/** Enough to see that a call of another integration is of the same class. */
const FEW: FaultName[] = ['answer lost after the effect', '503'];

/** The faults by which a call's class of retries shows. */
const CORE: FaultName[] = [
  'answer lost after the effect',
  '503',
  '401 in the middle',
  '429 with Retry-After: 15',
  '403',
];

/** CORE, and where the classes meet. */
const MIDDLE: FaultName[] = [
  ...CORE,
  'reset before the answer',
  'truncated, in transfer chunks',
  '504 after the effect',
  'empty 200',
  'delivered twice',
  '410 twice',
  '423',
  '404',
];

/** MIDDLE, and what a model's state or a proxy does. */
const WIDE: FaultName[] = [
  ...MIDDLE,
  'reset in the middle',
  'corrupt gzip',
  'silence before the effect',
  'silence in the middle',
  '500',
  '502',
  '504',
  '410',
  '424',
  '409',
  '409 of a change',
  '429 without Retry-After',
  '422',
  '425',
];

/** For the log-in: what can be answered there. */
const LOG_IN: FaultName[] = [
  'reset before the answer',
  'reset at the first byte',
  'reset in the middle',
  'reset at the last byte',
  'truncated, with a length',
  'corrupt gzip',
  'silence in the middle',
  'answer lost after the effect',
  '500',
  '503',
  '504 after the effect',
  '502 of a gateway, as HTML',
  'empty 200',
  'delivered twice',
  '410',
  '429 without Retry-After',
  '429 thrice',
  '400',
  '403',
  '503 every time',
  'reset every time',
];

/** What never ends, for calls of every kind and for those that carry bytes. */
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
  ['uploadFile', 'chunk count', MIDDLE],
  ['uploadFile', 'last chunk PUT', MIDDLE],
  ['uploadFile', ['model', 'files list'], LOOK_UP],
  ['uploadFile', 'first chunk PUT', FEW],
  ['uploadFile', 'files list', ENDLESS],
  ['uploadFile', 'chunk PUT', ['503 every time', 'reset every time', '424 every time']],
  ['uploadFile of a .gz', 'complete', MIDDLE],
  ['uploadFile of a .gz', 'chunk PUT', FEW],
  ['uploadImport', ['imports list', 'import metadata', 'users/me'], ['503', '403']],
  ['uploadImport', ['chunk count', 'chunk PUT'], [...FEW, '401 in the middle']],
  ['uploadImport of a .gz', 'complete', FEW],
];

const TASKS: Entry[] = [
  ['runAction', 'task start', ONCE],
  [
    'runAction',
    'task poll',
    [...MIDDLE, 'silence before the effect', 'corrupt gzip', '500', '410', '409', '422'],
  ],
  ['runAction', ['task list', 'reconcile: task list', 'reconcile: model status'], MIDDLE],
  ['runAction', 'task poll in the middle', CORE],
  ['runAction', 'actions list', ['503', '403']],
  ['runAction', 'task list', ['503 every time', '429 every time']],
  ['runAction', 'task poll', ['503 every time', 'reset every time', '423 every time']],
  ['runAction', 'task start', ['423 every time', '424 every time', '429 every time']],
  ['uploadImport', 'task list', FEW],
  ['uploadImport', ['task start', 'task poll'], CORE],
  ['exportDownload', ['task start', 'task poll', 'task list after the file'], CORE],
  ['processWithDumps', 'task start', CORE],
  ['processWithDumps', 'task poll', FEW],
  ['uploadImport', 'task start', ['504 after the effect', '410']],
  ['exportDownload', 'task start', ['504 after the effect', '410']],
  ['processWithDumps', 'task start', ['504 after the effect', '410']],
];

const DOWNLOADS: Entry[] = [
  ['downloadFile', 'chunk GET', [...ONCE, ...ENDLESS_BYTES]],
  ['downloadFile', 'chunk list', MIDDLE],
  ['downloadFile', 'last chunk GET', FEW],
  ['exportDownload', 'exports list', ['503', '403']],
  ['exportDownload', ['chunk list', 'chunk GET'], CORE],
  ['uploadImport', 'dump chunk GET', [...MIDDLE, 'corrupt gzip', '503 every time', 'truncated every time']],
  ['uploadImport', 'dump chunk list', MIDDLE],
  ['processWithDumps', 'processes list', ['503', '403']],
  ['processWithDumps', 'nested dump chunk GET', CORE],
  ['processWithDumps', ['nested dump chunk list', 'chunk GET'], FEW],
  ['largeViewRead', 'page GET', [...WIDE, ...ENDLESS_BYTES]],
  ['largeViewRead', 'read create', [...WIDE, '503 every time', '423 every time']],
  ['largeViewRead', 'read status', [...CORE, '404', '410 twice', 'empty 200']],
  ['largeViewRead', 'read DELETE', [...MIDDLE, '503 every time']],
  ['largeViewRead', 'first page GET', FEW],
  ['largeViewRead', 'views list', ['503', '403']],
  ['largeListRead', 'lists list', ['503', '403']],
  ['largeListRead', ['read create', 'page GET'], CORE],
  ['largeListRead', ['read status', 'read DELETE'], FEW],
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
  tasks: [...rowsOf(TASKS), ...START_ROWS, ...UNANSWERED_ROWS, ...CANCEL_ROWS],
  downloads: [...rowsOf(DOWNLOADS), ...BOUND_ROWS],
} as const satisfies Record<string, readonly Row[]>;
