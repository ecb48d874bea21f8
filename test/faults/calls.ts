/** The calls of the table by name, as the sandbox's faults and record name them. */

/** One call of the API. */
export interface NamedCall {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  /** What a good answer carries. */
  answers: 'json' | 'bytes' | 'nothing';
  /** The request carries bytes. */
  sends?: true;
  /** The task must take so long for the call to happen. */
  taskMs?: number;
  /** Which of the run's requests like this is meant, where it is not the first. */
  nth?: number;
}

const TASKS = '/models/*/*/*/tasks';
const READS = '/models/*/*/*/readRequests';

export const CALLS = {
  'log-in': { method: 'POST', path: '/token/authenticate', answers: 'json' },
  model: { method: 'GET', path: '/models/*', answers: 'json' },
  'imports list': { method: 'GET', path: '/models/*/imports', answers: 'json' },
  'import metadata': { method: 'GET', path: '/models/*/imports/*', answers: 'json' },
  'files list': { method: 'GET', path: '/models/*/files', answers: 'json' },
  'exports list': { method: 'GET', path: '/models/*/exports', answers: 'json' },
  'processes list': { method: 'GET', path: '/models/*/processes', answers: 'json' },
  'actions list': { method: 'GET', path: '/models/*/actions', answers: 'json' },
  'views list': { method: 'GET', path: '/models/*/views', answers: 'json' },
  'lists list': { method: 'GET', path: '/models/*/lists', answers: 'json' },
  'users/me': { method: 'GET', path: '/users/me', answers: 'json' },

  'chunk count': { method: 'POST', path: '/models/*/files/*', answers: 'json' },
  'chunk PUT': { method: 'PUT', path: '/models/*/files/*/chunks/1', answers: 'nothing', sends: true },
  'first chunk PUT': { method: 'PUT', path: '/models/*/files/*/chunks/0', answers: 'nothing', sends: true },
  'last chunk PUT': { method: 'PUT', path: '/models/*/files/*/chunks/2', answers: 'nothing', sends: true },
  complete: { method: 'POST', path: '/models/*/files/*/complete', answers: 'json' },

  'task list': { method: 'GET', path: TASKS, answers: 'json' },
  'task list after the file': { method: 'GET', path: TASKS, answers: 'json', nth: 2 },
  'task start': { method: 'POST', path: TASKS, answers: 'json' },
  'task poll': { method: 'GET', path: `${TASKS}/*`, answers: 'json' },
  'task poll in the middle': { method: 'GET', path: `${TASKS}/*`, answers: 'json', nth: 2, taskMs: 6_000 },
  'task DELETE': { method: 'DELETE', path: `${TASKS}/*`, answers: 'nothing' },

  'chunk list': { method: 'GET', path: '/models/*/files/*/chunks', answers: 'json' },
  'chunk GET': { method: 'GET', path: '/models/*/files/*/chunks/1', answers: 'bytes' },
  'last chunk GET': { method: 'GET', path: '/models/*/files/*/chunks/2', answers: 'bytes' },
  'dump chunk list': { method: 'GET', path: `${TASKS}/*/dump/chunks`, answers: 'json' },
  'dump chunk GET': { method: 'GET', path: `${TASKS}/*/dump/chunks/1`, answers: 'bytes' },
  'nested dump chunk list': { method: 'GET', path: `${TASKS}/*/dumps/*/chunks`, answers: 'json' },
  'nested dump chunk GET': { method: 'GET', path: `${TASKS}/*/dumps/*/chunks/1`, answers: 'bytes' },

  'read create': { method: 'POST', path: READS, answers: 'json' },
  'read status': { method: 'GET', path: `${READS}/*`, answers: 'json' },
  'first page GET': { method: 'GET', path: `${READS}/*/pages/0`, answers: 'bytes' },
  'page GET': { method: 'GET', path: `${READS}/*/pages/1`, answers: 'bytes' },
  'read DELETE': { method: 'DELETE', path: `${READS}/*`, answers: 'json' },

  'reconcile: task list': { method: 'GET', path: TASKS, answers: 'json', nth: 2 },
  'reconcile: model status': { method: 'POST', path: '/models/*/status', answers: 'json' },
} as const satisfies Record<string, NamedCall>;

/** The name of a call. */
export type CallName = keyof typeof CALLS;

/** A call by its name. */
export const callOf = (name: CallName): NamedCall => CALLS[name];
