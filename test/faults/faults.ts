/**
 * The faults of the table by name: what the sandbox does, and which kind of trouble that is for a client. How a kind
 * ends is said in `table.ts`.
 */
import type { Fault, FaultAction } from '../../src/sandbox';
import type { FailureType } from '../../src/contracts';

/**
 * What a client can know after a fault:
 *
 * - `harmless`: the answer is whole, only sent in another way
 * - `again`: an answer that says "not now"; nothing was done
 * - `unanswered`: no answer, or a 5xx: nothing was done, but only the server knows that
 * - `lost`: it was done, and no usable answer came
 * - `twice`: it was done twice, by somebody between
 * - `empty`: it was done, and the answer lacks the value that is needed
 * - `refused`: an answer that says "never"
 */
export type FaultKind = 'harmless' | 'again' | 'unanswered' | 'lost' | 'twice' | 'empty' | 'refused';

/** One fault. */
export interface NamedFault {
  kind: FaultKind;
  action: FaultAction;
  /** Of the requests it is planned for; default the first. */
  occurrence?: Fault['occurrence'];
  /** Strikes inside the answer's body, or the request's: there must be one. */
  strikes?: 'answer' | 'request';
  /** The failure of a `refused` or `empty` one, or of one that never ends. */
  type?: FailureType;
  /** How often it must have struck; default once. */
  hits?: number;
  /** The client's time-outs must be short for this one. */
  silent?: true;
  /** No request like the struck one for so long, in production's milliseconds (design section 4, "Retries"). */
  waitMs?: number;
  /** The wait holds for every call of the tenant. */
  tenantWaits?: true;
}

const status = (code: number, headers?: Record<string, string>): FaultAction => ({
  kind: 'status',
  status: code,
  ...(headers ? { headers } : {}),
});

const refused = (code: number, type: FailureType): NamedFault => ({
  kind: 'refused',
  action: status(code),
  type,
});

/** The least delays of the retry table: the first one, less the fifth that is spread. */
const FIRST = { unavailable: 800, modelUnavailable: 24_000, rateLimited: 10_000 };

const unavailable = (code: number): NamedFault => ({
  kind: 'unanswered',
  action: status(code),
  waitMs: FIRST.unavailable,
});

/** In the sandbox a position counts the body's bytes as `subarray` does: -1 is all but the last. */
const LAST = -1;

export const FAULTS = {
  // The connection breaks before anything was done.
  'reset before the answer': {
    kind: 'unanswered',
    action: { kind: 'reset', when: 'before' },
    waitMs: FIRST.unavailable,
  },
  'reset at the first byte sent': {
    kind: 'unanswered',
    action: { kind: 'reset', when: { atRequestByte: 1 } },
    strikes: 'request',
  },
  'reset in the middle of the bytes sent': {
    kind: 'unanswered',
    action: { kind: 'reset', when: { atRequestByte: 100 } },
    strikes: 'request',
  },
  'silence before the effect': {
    kind: 'unanswered',
    action: { kind: 'stall', when: 'before' },
    silent: true,
  },
  '500': unavailable(500),
  '502': unavailable(502),
  '503': unavailable(503),
  '504': unavailable(504),
  '503 with Retry-After: 5': {
    kind: 'unanswered',
    action: status(503, { 'retry-after': '5' }),
    waitMs: 5_000,
  },
  '502 of a gateway, as HTML': {
    kind: 'unanswered',
    action: { kind: 'status', status: 502, body: '<html><body>Bad Gateway</body></html>' },
  },

  // It was done, and the answer does not arrive whole.
  'reset at the first byte': {
    kind: 'lost',
    action: { kind: 'reset', when: { atByte: 0 } },
    strikes: 'answer',
  },
  'reset in the middle': {
    kind: 'lost',
    action: { kind: 'reset', when: { atByte: 20 } },
    strikes: 'answer',
  },
  'reset at the last byte': {
    kind: 'lost',
    action: { kind: 'reset', when: { atByte: LAST } },
    strikes: 'answer',
  },
  'FIN in the middle': { kind: 'lost', action: { kind: 'fin', atByte: 20 }, strikes: 'answer' },
  'FIN at the last byte': { kind: 'lost', action: { kind: 'fin', atByte: LAST }, strikes: 'answer' },
  'truncated, with a length': {
    kind: 'lost',
    action: { kind: 'truncate', bytes: 30, framing: 'length' },
    strikes: 'answer',
  },
  'truncated, in transfer chunks': {
    kind: 'lost',
    action: { kind: 'truncate', bytes: 30, framing: 'chunked' },
    strikes: 'answer',
  },
  'last byte missing, in transfer chunks': {
    kind: 'lost',
    action: { kind: 'truncate', bytes: LAST, framing: 'chunked' },
    strikes: 'answer',
  },
  'corrupt gzip': { kind: 'lost', action: { kind: 'corrupt-gzip' }, strikes: 'answer' },
  'silence in the middle': {
    kind: 'lost',
    action: { kind: 'stall', when: { atByte: 20 } },
    strikes: 'answer',
    silent: true,
  },
  'silence after the effect': {
    kind: 'lost',
    action: { kind: 'stall', when: 'after-effect' },
    silent: true,
  },
  'answer lost after the effect': { kind: 'lost', action: { kind: 'reset', when: 'after-effect' } },
  '500 after the effect': { kind: 'lost', action: { kind: 'status-after-effect', status: 500 } },
  '502 after the effect': { kind: 'lost', action: { kind: 'status-after-effect', status: 502 } },
  '504 after the effect': { kind: 'lost', action: { kind: 'status-after-effect', status: 504 } },
  'empty 200': { kind: 'empty', action: { kind: 'empty-2xx' }, strikes: 'answer', type: 'ProtocolError' },

  // Whole, in another form.
  'in transfer chunks': { kind: 'harmless', action: { kind: 'chunked' }, strikes: 'answer' },
  gzip: { kind: 'harmless', action: { kind: 'gzip' }, strikes: 'answer' },
  'neither length nor chunks': { kind: 'harmless', action: { kind: 'no-framing' }, strikes: 'answer' },
  'a short silence': { kind: 'harmless', action: { kind: 'stall', ms: 400, when: 'before' } },
  'delivered twice': { kind: 'twice', action: { kind: 'duplicate' } },

  // Not now.
  '401 in the middle': { kind: 'again', action: { kind: 'expire-token' } },
  // With the new token as well: a run that has begun waits for better credentials.
  '401 twice': { kind: 'again', action: status(401), occurrence: [1, 2], hits: 2 },
  '410': { kind: 'again', action: status(410) },
  '410 twice': {
    kind: 'again',
    action: status(410),
    occurrence: [1, 2],
    hits: 2,
  },
  // Of a call that only reads; what changes something is refused for good.
  '409': { kind: 'again', action: status(409), waitMs: FIRST.modelUnavailable },
  '423': { kind: 'again', action: status(423), waitMs: FIRST.modelUnavailable },
  '424': { kind: 'again', action: status(424), waitMs: FIRST.modelUnavailable },
  '429 with Retry-After: 15': {
    kind: 'again',
    action: status(429, { 'retry-after': '15' }),
    waitMs: 15_000,
    tenantWaits: true,
  },
  '429 without Retry-After': {
    kind: 'again',
    action: status(429),
    waitMs: FIRST.rateLimited,
    tenantWaits: true,
  },
  '429 thrice': {
    kind: 'again',
    action: status(429, { 'retry-after': '0' }),
    occurrence: [1, 2, 3],
    hits: 3,
  },

  // Never.
  '400': refused(400, 'InvalidInput'),
  '409 of a change': refused(409, 'Conflict'),
  '403': refused(403, 'PermissionDenied'),
  '404': refused(404, 'NotFound'),
  '405': refused(405, 'ProtocolError'),
  '406': refused(406, 'ProtocolError'),
  '415': refused(415, 'ProtocolError'),
  '422': refused(422, 'ModelArchived'),
  '425': refused(425, 'ModelDeployed'),

  '404 every time': { ...refused(404, 'NotFound'), occurrence: 'every', hits: 2 },

  // Every time: the waiting has a bound, and the failure says what was waited for.
  '503 every time': {
    kind: 'refused',
    action: status(503),
    occurrence: 'every',
    hits: 2,
    type: 'ServiceUnavailable',
  },
  'reset every time': {
    kind: 'refused',
    action: { kind: 'reset', when: 'before' },
    occurrence: 'every',
    hits: 2,
    type: 'NetworkError',
  },
  'truncated every time': {
    kind: 'refused',
    action: { kind: 'truncate', bytes: 30, framing: 'chunked' },
    occurrence: 'every',
    strikes: 'answer',
    hits: 2,
    type: 'TransferCorrupt',
  },
  'unframed every time': {
    kind: 'refused',
    action: { kind: 'no-framing' },
    occurrence: 'every',
    strikes: 'answer',
    hits: 2,
    type: 'TransferCorrupt',
  },
  'silence in the middle every time': {
    kind: 'refused',
    action: { kind: 'stall', when: { atByte: 20 } },
    occurrence: 'every',
    strikes: 'answer',
    silent: true,
    hits: 2,
    type: 'NetworkError',
  },
  '423 every time': {
    kind: 'refused',
    action: status(423),
    occurrence: 'every',
    hits: 2,
    type: 'ModelLocked',
  },
  '424 every time': {
    kind: 'refused',
    action: status(424),
    occurrence: 'every',
    hits: 2,
    type: 'ModelOffline',
  },
  '429 every time': {
    kind: 'refused',
    action: status(429, { 'retry-after': '15' }),
    occurrence: 'every',
    hits: 2,
    type: 'RateLimited',
  },
} as const satisfies Record<string, NamedFault>;

/** The name of a fault. */
export type FaultName = keyof typeof FAULTS;

/** A fault by its name. */
export const faultOf = (name: FaultName): NamedFault => FAULTS[name];
