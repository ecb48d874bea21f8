import { pause } from './http';

/** When a connection fault strikes. Bytes count the body, from 0. */
export type FaultMoment = 'before' | 'after-effect' | { atByte: number } | { atRequestByte: number };

/** What goes wrong. Unless it says otherwise, a fault strikes in place of the normal answer. */
export type FaultAction =
  /** Answers this status; the request has no effect. */
  | { kind: 'status'; status: number; headers?: Record<string, string>; body?: string | object }
  /** Has its effect, then answers this status. */
  | { kind: 'status-after-effect'; status: number; headers?: Record<string, string>; body?: string | object }
  /** Resets the connection (TCP RST). `atByte` counts the answer's body, `atRequestByte` the request's. */
  | { kind: 'reset'; when: FaultMoment }
  /** Ends the connection in order (TCP FIN) after so many bytes of the answer's body. */
  | { kind: 'fin'; atByte: number }
  /** Says nothing for `ms`, then goes on; without `ms` forever. */
  | { kind: 'stall'; ms?: number; when: FaultMoment }
  /** Sends only so many bytes of the body: less than `content-length` says, or chunked without the last chunk. */
  | { kind: 'truncate'; bytes: number; framing?: 'length' | 'chunked' }
  /** Inverts the byte at this position of the body. */
  | { kind: 'corrupt'; atByte: number }
  /** Sends the body with `content-encoding: gzip`, damaged in the middle. */
  | { kind: 'corrupt-gzip' }
  /** Sends the body without length or chunks: only the end of the connection ends it. */
  | { kind: 'no-framing' }
  /** Sends the body in transfer chunks, without a length (harmless). */
  | { kind: 'chunked' }
  /** Sends the body with `content-encoding: gzip` (harmless). */
  | { kind: 'gzip' }
  /** The token of this request dies now: 401. */
  | { kind: 'expire-token' }
  /** The request is carried out twice, as a proxy may; the second answer is sent. */
  | { kind: 'duplicate' }
  /** Has its effect, then answers 200 without a body. */
  | { kind: 'empty-2xx' }
  /**
   * Has its effect; its answer is edited: fields of JSON, or the whole body. Names of fields are joined by dots, `*` stands for every entry
   * and a number for one: `task.result.nestedResults.*.failureDumpAvailable`.
   */
  | {
      kind: 'edit';
      /** Values by the place where they go; objects on the way are made where they are missing. */
      set?: Record<string, unknown>;
      /** Places that are taken out. */
      remove?: readonly string[];
      /** Stands for the whole body, of whatever kind: `''` is an answer of 0 bytes. */
      body?: string;
      headers?: Record<string, string>;
    };

/** A regular expression as JSON carries it. */
export interface PathSource {
  source: string;
  flags?: string;
}

/**
 * A planned fault. `path` is matched against the path below `/2/0`, without `/workspaces/{id}` before `/models/` and
 * without a trailing slash (log-in paths as they are: `/token/authenticate`). In a string `*` or `{anything}` stands
 * for one segment and `**` for any number; a regular expression is searched in that path.
 */
export interface Fault {
  /** The HTTP method; absent or `*` for any. */
  method?: string;
  path: string | RegExp | PathSource;
  /**
   * Which matching requests are struck, counted from 1 since the fault was added. Default: the first, or with `times`
   * the first so many.
   */
  occurrence?: number | readonly number[] | 'every';
  /** At most so many strikes. */
  times?: number;
  action: FaultAction;
}

interface Planned {
  id: string;
  fault: Fault;
  matches: (path: string) => boolean;
  seen: number;
  hits: number;
  /** Aborts when somebody lets go what this fault holds. */
  held: AbortController;
}

/** The path as faults and records name it. */
export function normalPath(pathname: string): string {
  let path = pathname.replace(/\/{2,}/g, '/').replace(/^\/2\/0(?=\/|$)/, '');
  path = path.replace(/^\/workspaces\/[^/]+(?=\/models\/[^/]+)/, '');
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}

function matcher(path: Fault['path']): (path: string) => boolean {
  if (typeof path !== 'string') {
    const pattern = path instanceof RegExp ? path : new RegExp(path.source, path.flags);
    return (asked) => {
      pattern.lastIndex = 0;
      return pattern.test(asked);
    };
  }
  const source = normalPath(path)
    .split('/')
    .map((segment) => {
      if (segment === '**') return '.*';
      if (/^\{.*\}$/.test(segment)) return '[^/]+';
      return segment.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '[^/]*');
    })
    .join('/');
  const pattern = new RegExp(`^${source}$`);
  return (asked) => pattern.test(asked);
}

function strikes(planned: Planned): boolean {
  const { occurrence, times } = planned.fault;
  if (times !== undefined && planned.hits >= times) return false;
  if (occurrence === 'every') return true;
  if (occurrence === undefined) return times !== undefined || planned.seen === 1;
  return typeof occurrence === 'number' ? planned.seen === occurrence : occurrence.includes(planned.seen);
}

/** The planned faults of a tenant. */
export class FaultPlan {
  private planned: Planned[] = [];
  private next = 1;

  /** Plans a fault; answers its ID. */
  add(fault: Fault): string {
    const id = `fault-${this.next++}`;
    this.planned.push({
      id,
      fault,
      matches: matcher(fault.path),
      seen: 0,
      hits: 0,
      held: new AbortController(),
    });
    return id;
  }

  /** Takes a fault back; answers whether it was there. */
  remove(id: string): boolean {
    const before = this.planned.length;
    this.planned = this.planned.filter((planned) => planned.id !== id);
    return this.planned.length < before;
  }

  /** Takes all faults back. */
  clear(): void {
    this.planned = [];
  }

  /** Lets requests go on that a fault holds, or that any fault does. It strikes later ones as before. */
  release(id?: string): void {
    for (const planned of this.planned) {
      if (id !== undefined && planned.id !== id) continue;
      planned.held.abort();
      planned.held = new AbortController();
    }
  }

  /** Holds a request that a fault stalls: for `ms`, until somebody lets it go, or until its client has left. */
  async hold(action: FaultAction, ms: number | undefined, gone: AbortSignal): Promise<void> {
    const planned = this.planned.find((each) => each.fault.action === action);
    const signals = planned === undefined ? [gone] : [gone, planned.held.signal];
    await pause(ms ?? 2 ** 31 - 1, AbortSignal.any(signals));
  }

  /** How often a fault has struck. */
  hits(id: string): number {
    return this.planned.find((planned) => planned.id === id)?.hits ?? 0;
  }

  /** Every fault with its counts. */
  list(): { id: string; fault: Fault; seen: number; hits: number }[] {
    return this.planned.map(({ id, fault, seen, hits }) => ({ id, fault, seen, hits }));
  }

  /** Counts a request and answers the fault that strikes it: the first planned of those that would. */
  take(method: string, path: string): FaultAction | undefined {
    let struck: FaultAction | undefined;
    for (const planned of this.planned) {
      const wanted = planned.fault.method ?? '*';
      if (wanted !== '*' && wanted.toUpperCase() !== method) continue;
      if (!planned.matches(path)) continue;
      planned.seen += 1;
      if (struck === undefined && strikes(planned)) {
        planned.hits += 1;
        struck = planned.fault.action;
      }
    }
    return struck;
  }
}
