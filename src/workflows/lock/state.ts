import type {
  FileUses,
  LockAnswer,
  LockAsk,
  LockHolder,
  LockParty,
  LockView,
  LockWaiter,
} from '../../activities/hold/contract';

/** One run at a lock: what it asked for, and what of that it holds. */
export interface Entry extends Omit<LockAsk, 'seen'> {
  /** Epoch ms of its first ask. */
  since: number;
  /** Counts grants and asks of the lock: when it was granted its files, when it asked for and was granted the model. */
  filesAt?: number;
  wholeAsked?: number;
  wholeAt?: number;
  /** Epoch ms of the latest grant. */
  heldSince?: number;
  /** It was told that it waits, so it has to be told that it is granted. */
  waits?: boolean;
  /** Epoch ms at which it was found closed. */
  deadAt?: number;
  /** What the holder before it left behind. */
  warnings?: string[];
}

/** What a lock carries over when it continues as new. */
export interface LockState {
  entries: Entry[];
  count: number;
  /** IDs of asks that were given back lately: one of them that comes late holds nothing. */
  gone: string[];
  notes: string[];
}

const MAX_GONE = 200;
const MAX_NOTES = 5;
const MAX_SHOWN = 50;

/** A lock that nobody has asked yet. */
export function emptyLock(): LockState {
  return { entries: [], count: 0, gone: [], notes: [] };
}

/** Two entries of one run, also when the run was reset. */
function sameRun(
  a: { workflowId: string; firstRunId: string },
  b: { workflowId: string; firstRunId: string },
): boolean {
  return a.workflowId === b.workflowId && a.firstRunId === b.firstRunId;
}

/** Two runs may read one file, but nobody may replace what another uses. */
function clash(a: FileUses, b: FileUses): boolean {
  return Object.entries(a).some(([id, use]) => {
    const other = b[id];
    return other !== undefined && (use === 'x' || other === 'x');
  });
}

/** All that it asked for is held. */
export function isGranted(e: Entry): boolean {
  return e.filesAt !== undefined && (!e.whole || e.wholeAt !== undefined);
}

/** It holds something that another run could wait for. */
export function isHolder(e: Entry): boolean {
  return e.wholeAt !== undefined || (e.filesAt !== undefined && Object.keys(e.files).length > 0);
}

/** Who is in the way of an entry: holders, then those who asked before it for the same. */
function inTheWay(s: LockState, e: Entry): Entry[] {
  if (isGranted(e)) return [];
  const others = s.entries.filter((o) => o !== e);
  if (e.filesAt === undefined) {
    const at = s.entries.indexOf(e);
    const held = others.filter((o) => o.filesAt !== undefined && clash(o.files, e.files));
    const earlier = s.entries.slice(0, at).filter((o) => o.filesAt === undefined && clash(o.files, e.files));
    return [...held, ...earlier];
  }
  const line = others.filter((o) => inLine(o) && turn(o) < turn(e)).sort((a, b) => turn(a) - turn(b));
  return [...others.filter((o) => o.wholeAt !== undefined), ...line];
}

/** It waits for the model: only who has its files does, or two runs could wait for each other. */
function inLine(e: Entry): boolean {
  return e.whole && e.wholeAt === undefined && e.filesAt !== undefined;
}

function turn(e: Entry): number {
  return e.wholeAsked ?? 0;
}

/**
 * Grants what can be granted: files in the order of the asks, all of a run at once; then the model to the first in line.
 *
 * @returns the entries that now hold all they asked for and were waiting to be told so
 */
export function settle(s: LockState, now: number): Entry[] {
  for (const e of s.entries) {
    if (e.filesAt !== undefined || inTheWay(s, e).length > 0) continue;
    e.filesAt = ++s.count;
    e.heldSince = now;
  }
  if (!s.entries.some((e) => e.wholeAt !== undefined)) {
    const [next] = s.entries.filter(inLine).sort((a, b) => turn(a) - turn(b));
    if (next) {
      next.wholeAt = ++s.count;
      next.heldSince = now;
    }
  }
  return s.entries.filter((e) => e.waits && isGranted(e));
}

/** Takes in an ask. @returns its entry, or undefined when the ask was given back before it came */
export function take(s: LockState, ask: LockAsk, now: number): Entry | undefined {
  if (s.gone.includes(ask.id)) return undefined;
  const { seen = [], ...wanted } = ask;
  const known = s.entries.find((e) => sameRun(e, ask));
  if (!known) {
    adopt(s, seen, ask);
    const entry: Entry = { ...wanted, since: now };
    if (ask.whole) entry.wholeAsked = ++s.count;
    s.entries.push(entry);
    return entry;
  }
  const more = Object.entries(ask.files).some(
    ([id, use]) => known.files[id] !== 'x' && known.files[id] !== use,
  );
  if (more && known.filesAt !== undefined) {
    // Only a run that was reset asks for further files. Holding some while it waits for others, two runs could wait for
    // each other, so it begins again, at its old place.
    delete known.filesAt;
    delete known.wholeAt;
  }
  known.files = { ...known.files, ...ask.files };
  if (ask.whole && !known.whole) {
    known.whole = true;
    known.wholeAsked = ++s.count;
  }
  known.id = ask.id;
  known.runId = ask.runId;
  known.model = ask.model;
  // A run that was reset, or one whose server was asked too early: it is alive.
  delete known.deadAt;
  return known;
}

/** A run that waits and is not known here waited at a lock that was terminated: its holders hold still. */
function adopt(s: LockState, seen: readonly LockParty[], ask: LockAsk): void {
  for (const party of seen) {
    if (!party.holds || sameRun(party, ask) || s.entries.some((e) => sameRun(e, party))) continue;
    s.entries.push({
      id: `${party.workflowId}/${party.firstRunId}`,
      workflowId: party.workflowId,
      firstRunId: party.firstRunId,
      runId: party.firstRunId,
      model: { ...ask.model, connection: party.connection },
      files: party.files,
      whole: party.whole,
      since: party.since,
      heldSince: party.since,
      filesAt: ++s.count,
      ...(party.whole ? { wholeAsked: ++s.count, wholeAt: ++s.count } : {}),
    });
  }
}

/** Gives back all that a run holds or waits for. `ids` are its asks. */
export function giveBack(s: LockState, workflowId: string, firstRunId: string, ids: readonly string[]): void {
  s.gone = [...s.gone, ...ids].slice(-MAX_GONE);
  s.entries = s.entries.filter(
    (e) =>
      !(
        sameRun(e, { workflowId, firstRunId }) &&
        (ids.some((id) => e.id === id || e.id.startsWith(`${id}:`)) || e.id === `${workflowId}/${firstRunId}`)
      ),
  );
}

/** Drops an entry, and tells those who waited for it whom they follow. */
export function drop(s: LockState, e: Entry, note: string, warn: boolean): void {
  for (const waiting of s.entries) {
    if (warn && inTheWay(s, waiting).includes(e)) waiting.warnings = [...(waiting.warnings ?? []), note];
  }
  s.entries = s.entries.filter((o) => o !== e);
  s.notes = [...s.notes, note].slice(-MAX_NOTES);
}

/** Entries that wait, in the order in which they asked. */
export function waiting(s: LockState): Entry[] {
  return s.entries.filter((e) => !isGranted(e));
}

/** Entries that somebody waits for. */
export function blocking(s: LockState): Entry[] {
  const ahead = new Set(s.entries.flatMap((e) => inTheWay(s, e)));
  return s.entries.filter((e) => ahead.has(e));
}

/** What an ask is answered. */
export function answerTo(s: LockState, e: Entry): LockAnswer {
  if (isGranted(e)) return { granted: true, behind: [], warnings: e.warnings ?? [] };
  const ahead = inTheWay(s, e);
  return {
    granted: false,
    for: e.filesAt === undefined ? 'files' : 'model',
    place: placeOf(s, e),
    behind: ahead.slice(0, MAX_SHOWN).map(partyOf),
    warnings: [],
  };
}

/** Behind how many that wait themselves, plus one. */
function placeOf(s: LockState, e: Entry): number {
  return inTheWay(s, e).filter((o) => !isGranted(o)).length + 1;
}

function partyOf(e: Entry): LockParty {
  const holds = isHolder(e);
  return {
    workflowId: e.workflowId,
    firstRunId: e.firstRunId,
    since: holds ? (e.heldSince ?? e.since) : e.since,
    connection: e.model.connection,
    files: e.files,
    whole: holds ? e.wholeAt !== undefined : e.whole,
    holds,
  };
}

function holderOf(e: Entry): LockHolder {
  return {
    workflowId: e.workflowId,
    since: e.heldSince ?? e.since,
    files: e.filesAt === undefined ? {} : e.files,
    whole: e.wholeAt !== undefined,
    ...(e.deadAt === undefined ? {} : { note: `closed without giving back, seen ${iso(e.deadAt)}` }),
  };
}

function waiterOf(s: LockState, e: Entry): LockWaiter {
  return {
    workflowId: e.workflowId,
    since: e.since,
    for: e.filesAt === undefined ? 'files' : 'model',
    place: placeOf(s, e),
    waitsFor: inTheWay(s, e)
      .slice(0, MAX_SHOWN)
      .map(partyOf)
      .map(({ workflowId, since, holds }) => ({ workflowId, since, holds })),
  };
}

/** Answer of the query `state`. */
export function viewOf(s: LockState, workflowId?: string): LockView {
  const model = s.entries[0]?.model.model;
  const own = workflowId === undefined ? undefined : s.entries.find((e) => e.workflowId === workflowId);
  return {
    ...(model ? { model } : {}),
    holders: s.entries.filter(isHolder).map(holderOf),
    waiting: waiting(s).map((e) => waiterOf(s, e)),
    notes: s.notes,
    ...(own
      ? {
          run: {
            ...(isHolder(own) ? { holds: holderOf(own) } : {}),
            ...(isGranted(own) ? {} : { waits: waiterOf(s, own) }),
          },
        }
      : {}),
  };
}

/** What the Temporal UI shows of a lock. */
export function detailsOf(s: LockState): string {
  const { holders, waiting: line, notes } = viewOf(s);
  const held = holders
    .slice(0, MAX_SHOWN)
    .map(
      (h) => `- \`${h.workflowId}\` holds ${what(h)} since ${iso(h.since)}${h.note ? ` (${h.note})` : ''}`,
    );
  const queue = line
    .slice(0, MAX_SHOWN)
    .map(
      (w) =>
        `${w.place}. \`${w.workflowId}\`, since ${iso(w.since)}, for its ${w.for}, behind ${w.waitsFor.map((b) => `\`${b.workflowId}\``).join(', ')}`,
    );
  return [
    held.length > 0 ? `Held:\n\n${held.join('\n')}` : 'Free',
    ...(queue.length > 0 ? [`Waiting:\n\n${queue.join('\n')}`] : []),
    ...(notes.length > 0 ? [`Notes:\n\n${notes.map((n) => `- ${n}`).join('\n')}`] : []),
  ].join('\n\n');
}

/** What is held, in words. */
export function what(h: { files: FileUses; whole: boolean }): string {
  const ids = Object.entries(h.files)
    .slice(0, 5)
    .map(([id, use]) => `${id}${use === 's' ? ' (to read)' : ''}`);
  const more = Object.keys(h.files).length - ids.length;
  const files =
    ids.length === 0
      ? []
      : [`${ids.length > 1 ? 'files' : 'file'} ${ids.join(', ')}${more > 0 ? ` and ${more} more` : ''}`];
  return [...(h.whole ? ['the model'] : []), ...files].join(' and ') || 'nothing yet';
}

/** A time for people. */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

type Shape = Record<string, unknown>;
const isObject = (v: unknown): v is Shape => typeof v === 'object' && v !== null && !Array.isArray(v);
const isText = (v: unknown): v is string => typeof v === 'string' && v !== '' && v.length <= 2_000;
const isNamed = (v: unknown): boolean => isObject(v) && isText(v['id']) && typeof v['name'] === 'string';
const isTime = (v: unknown): boolean => typeof v === 'number' && Math.abs(v) < 8.64e15;
const isUses = (v: unknown): boolean => isObject(v) && Object.values(v).every((u) => u === 'x' || u === 's');
const isModel = (v: unknown): boolean =>
  isObject(v) && isText(v['connection']) && isNamed(v['workspace']) && isNamed(v['model']);
const isParty = (v: unknown): boolean =>
  isObject(v) &&
  isText(v['workflowId']) &&
  isText(v['firstRunId']) &&
  isTime(v['since']) &&
  isText(v['connection']) &&
  isUses(v['files']) &&
  typeof v['whole'] === 'boolean' &&
  typeof v['holds'] === 'boolean';
const optional = (v: unknown, is: (v: unknown) => boolean): boolean => v === undefined || v === null || is(v);
const isList = (v: unknown, is: (v: unknown) => boolean): boolean => Array.isArray(v) && v.every(is);

/** Whether something that a caller sent is an ask. Anybody may signal or update a workflow. */
export function isAsk(v: unknown): v is LockAsk {
  return (
    isObject(v) &&
    isText(v['id']) &&
    isText(v['workflowId']) &&
    isText(v['firstRunId']) &&
    isText(v['runId']) &&
    isModel(v['model']) &&
    isUses(v['files']) &&
    typeof v['whole'] === 'boolean' &&
    (v['seen'] === undefined || isList(v['seen'], isParty))
  );
}

/** Whether something is a release. */
export function isRelease(v: unknown): v is { workflowId: string; firstRunId: string; ids: string[] } {
  return isObject(v) && isText(v['workflowId']) && isText(v['firstRunId']) && isList(v['ids'], isText);
}

/** The state that a lock was continued with; anything else begins as an empty lock. */
export function stateFrom(v: unknown): LockState {
  const entry = (e: unknown): boolean =>
    isAsk(e) &&
    isTime((e as unknown as Shape)['since']) &&
    ['filesAt', 'wholeAsked', 'wholeAt', 'heldSince', 'deadAt'].every((key) =>
      optional((e as unknown as Shape)[key], isTime),
    ) &&
    optional((e as unknown as Shape)['warnings'], (w) => isList(w, isText));
  const good =
    isObject(v) &&
    isList(v['entries'], entry) &&
    typeof v['count'] === 'number' &&
    isList(v['gone'], isText) &&
    isList(v['notes'], isText);
  return good ? (v as unknown as LockState) : emptyLock();
}
