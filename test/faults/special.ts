/** Rows that no matrix makes: starts about which the task list decides, cancellations, and endless faults with a bound. */
import type { CallName } from './calls';
import type { Expected } from './expected';
import type { FaultName } from './faults';
import { scenarioOf, type ScenarioName } from './scenarios';
import { planned, SOON, type Row } from './rows';

const STARTS: readonly ScenarioName[] = ['uploadImport', 'exportDownload', 'processWithDumps', 'runAction'];

interface Special {
  scenario: ScenarioName;
  call: CallName;
  fault: FaultName;
  /** Beside the fault's name. */
  also?: string;
  expected: Expected;
}

function special({ scenario, call, fault, also, expected }: Special, more: Partial<Row>): Row {
  const name = also === undefined ? fault : `${fault}, ${also}`;
  return {
    id: `${scenario}: ${call}: ${name}`,
    scenario,
    call,
    fault: name,
    faults: [{ plan: planned(call, fault), hits: 1 }],
    expected,
    ...more,
  };
}

/** Holds the list that decides, until what the row wants to have happened has happened. */
const LATE_LIST: Row['faults'][number] = {
  plan: {
    ...planned('reconcile: task list', 'a short silence'),
    action: { kind: 'stall', ms: 1_000, when: 'before' },
  },
  hits: 1,
};

const ambiguous = (tasks: number): Expected => ({
  end: 'AmbiguousTaskStart',
  effects: 'unknown',
  tasks,
  openReads: 0,
});

/** Two new tasks, or one of somebody else, or a list that was emptied: nobody can know. */
export const START_ROWS: readonly Row[] = STARTS.flatMap((scenario) => {
  const start = { scenario, call: 'task start' } as const;
  const list = (fault: FaultName) => [{ plan: planned('task start', fault), hits: 1 }, LATE_LIST];
  const lost = 'answer lost after the effect';
  return [
    special(
      { ...start, fault: lost, also: 'another user starts it too', expected: ambiguous(1) },
      { faults: list(lost), meanwhile: 'another user starts the action', taskMs: 30_000 },
    ),
    special(
      {
        ...start,
        fault: '503',
        also: 'with an earlier task in the list',
        expected: { end: scenarioOf(scenario).end, tasks: 1, openReads: 0 },
      },
      { faults: [{ plan: planned('task start', '503'), hits: 1 }], earlierTask: true },
    ),
    special(
      { ...start, fault: '503', also: 'only another user starts it', expected: ambiguous(0) },
      { faults: list('503'), meanwhile: 'another user starts the action', taskMs: 30_000 },
    ),
    special(
      { ...start, fault: lost, also: 'and the model is unloaded', expected: ambiguous(0) },
      { faults: list(lost), meanwhile: 'the model is unloaded', earlierTask: true },
    ),
  ];
});

const CANCELLED: Expected = { end: 'cancelled', tasks: 1, openReads: 0, taskState: 'CANCELLED' };
/** Long enough that only a cancellation ends the task within the row. */
const LONG_TASK = { cancel: true, taskMs: 100_000 } as const;

/** DELETE of the task, asked for by the run's cancellation. */
const OVERCOME: FaultName[] = [
  'reset before the answer',
  'answer lost after the effect',
  '500',
  '502',
  '503',
  '504',
  '504 after the effect',
  '401 in the middle',
  '410',
  '410 twice',
  '423',
  '429 with Retry-After: 15',
  'delivered twice',
];

/** With an older task in its list a start that never arrives is known not to have, and is sent again up to the bound. */
export const UNANSWERED_ROWS: readonly Row[] = [
  special(
    {
      scenario: 'runAction',
      call: 'task start',
      fault: '503 every time',
      also: 'with an earlier task in the list',
      expected: { end: 'ServiceUnavailable', effects: 'none', tasks: 0, openReads: 0 },
    },
    {
      faults: [{ plan: planned('task start', '503 every time'), hits: 2 }],
      timeouts: SOON,
      earlierTask: true,
    },
  ),
];

export const CANCEL_ROWS: readonly Row[] = [
  ...OVERCOME.map((fault) =>
    special({ scenario: 'runAction', call: 'task DELETE', fault, expected: CANCELLED }, LONG_TASK),
  ),
  special(
    {
      scenario: 'runAction',
      call: 'task DELETE',
      fault: '503 every time',
      expected: { ...CANCELLED, taskState: 'IN_PROGRESS', warning: 'may still run' },
    },
    { ...LONG_TASK, timeouts: SOON },
  ),
  // The task runs on, whatever is answered to the request to end it: it is asked again.
  ...(['403', '422', '425'] as const).map((fault) =>
    special({ scenario: 'runAction', call: 'task DELETE', fault, expected: CANCELLED }, LONG_TASK),
  ),
  // Anaplan says it is too late: the task is followed to its end, and reported as it ended.
  ...(['404', '409 of a change'] as const).map((fault) =>
    special(
      {
        scenario: 'runAction',
        call: 'task DELETE',
        fault,
        expected: { end: 'succeeded', tasks: 1, openReads: 0 },
      },
      { ...LONG_TASK, taskMs: 8_000 },
    ),
  ),
  ...(['uploadImport', 'exportDownload', 'processWithDumps'] as const).map((scenario) =>
    special(
      { scenario, call: 'task DELETE', fault: 'answer lost after the effect', expected: CANCELLED },
      LONG_TASK,
    ),
  ),
  // A cancellation while the answer to the start is on its way does not lose the task.
  special(
    {
      scenario: 'runAction',
      call: 'task start',
      fault: 'answer lost after the effect',
      also: 'and the run is cancelled',
      expected: { ...CANCELLED, adopted: true },
    },
    { meanwhile: 'the run is cancelled', taskMs: 100_000 },
  ),
  special(
    {
      scenario: 'largeViewRead',
      call: 'page GET',
      fault: '503',
      also: 'and the run is cancelled',
      expected: { end: 'cancelled', tasks: 0, openReads: 0 },
    },
    { meanwhile: 'the run is cancelled' },
  ),
  special(
    {
      scenario: 'downloadFile',
      call: 'chunk GET',
      fault: '503',
      also: 'and the run is cancelled',
      expected: { end: 'cancelled', tasks: 0, openReads: 0 },
    },
    { meanwhile: 'the run is cancelled' },
  ),
];

/** A 429 has no limit of attempts but the time-out of what it holds up. */
const rateLimitedTransfers = (
  [
    ['uploadFile', 'chunk PUT', 'none', 0],
    ['downloadFile', 'chunk GET', 'none', 0],
    ['largeViewRead', 'page GET', 'none', 0],
    ['largeViewRead', 'read create', 'none', 0],
    ['uploadImport', 'dump chunk GET', 'applied', 1],
  ] as const
).map(([scenario, call, effects, tasks]) =>
  special(
    {
      scenario,
      call,
      fault: '429 every time',
      also: 'with a deadline',
      expected: { end: 'DeadlineExceeded', effects, tasks, openReads: 0 },
    },
    { timeouts: { transfer: '5s' } },
  ),
);

const others: Row[] = [
  special(
    {
      scenario: 'runAction',
      call: 'task poll',
      fault: '404 every time',
      expected: { end: 'TaskLost', effects: 'unknown', tasks: 1, openReads: 0 },
    },
    {},
  ),
  special(
    {
      scenario: 'largeViewRead',
      call: 'page GET',
      fault: '404 every time',
      expected: { end: 'ReadRequestFailed', effects: 'none', tasks: 0, openReads: 0 },
    },
    {},
  ),
  special(
    {
      scenario: 'largeListRead',
      call: 'page GET',
      fault: '503',
      also: 'and all reads expire',
      expected: { end: 'succeeded', tasks: 0, openReads: 0, warning: 'begun again' },
    },
    { meanwhile: 'all reads expire' },
  ),
  // The bytes read may be a mixture: they are read again.
  special(
    {
      scenario: 'exportDownload',
      call: 'chunk GET',
      fault: '503',
      also: 'and another user starts the export',
      expected: { end: 'succeeded', tasks: 1, openReads: 0, warning: 'read again' },
    },
    { meanwhile: 'another user starts the action' },
  ),
];

/** Waits that have a bound, and what is begun again. */
export const BOUND_ROWS: readonly Row[] = [...rateLimitedTransfers, ...others];
