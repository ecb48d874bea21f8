/** The rules of a lock: who holds, who waits, and who is next. Pure. */
import type { RunPriority } from '../../contracts';
import type { FileUses, LockAsk, LockParty } from '../../activities/hold/contract';

/** One run at a lock: what it asked for, and what of that it holds. */
export interface Entry extends Omit<LockAsk, 'seen'> {
  /** Epoch ms of its first ask. */
  since: number;
  /** Epoch ms of its first ask for the model. */
  wholeSince?: number;
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

const HOUR = 3_600_000;
/** So much earlier than it did an entry counts as having asked. Whoever waits for longer than that is passed by nobody. */
const HEAD_START_MS: Readonly<Record<RunPriority, number>> = { high: HOUR, normal: 0, low: -HOUR };

function headStart({ priority = 'normal' }: Entry): number {
  return HEAD_START_MS[priority];
}

/** Whether one that waits for files comes before another: by the time of its first ask, less its head start. */
function asksBefore(s: LockState, a: Entry, b: Entry): boolean {
  const by = a.since - headStart(a) - (b.since - headStart(b));
  return by === 0 ? s.entries.indexOf(a) < s.entries.indexOf(b) : by < 0;
}

/** Who is in the way of an entry: holders, then those who asked before it for the same. */
export function inTheWay(s: LockState, e: Entry): Entry[] {
  if (isGranted(e)) return [];
  const others = s.entries.filter((o) => o !== e);
  if (e.filesAt === undefined) {
    const held = others.filter((o) => o.filesAt !== undefined && clash(o.files, e.files));
    const earlier = others
      .filter((o) => o.filesAt === undefined && asksBefore(s, o, e) && clash(o.files, e.files))
      .sort((a, b) => (asksBefore(s, a, b) ? -1 : 1));
    return [...held, ...earlier];
  }
  const line = others.filter((o) => inLine(o) && turn(o, e) < 0).sort(turn);
  return [...others.filter((o) => o.wholeAt !== undefined), ...line];
}

/** It waits for the model: only who has its files does, or two runs could wait for each other. */
function inLine(e: Entry): boolean {
  return e.whole && e.wholeAt === undefined && e.filesAt !== undefined;
}

/** Sorts those who wait for the model. */
function turn(a: Entry, b: Entry): number {
  const at = (e: Entry): number => (e.wholeSince ?? e.since) - headStart(e);
  return at(a) - at(b) || (a.wholeAsked ?? 0) - (b.wholeAsked ?? 0);
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
    const [next] = s.entries.filter(inLine).sort(turn);
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
    if (ask.whole) [entry.wholeAsked, entry.wholeSince] = [++s.count, now];
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
    [known.wholeAsked, known.wholeSince] = [++s.count, now];
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

/** Entries that wait, in the order in which they came. */
export function waiting(s: LockState): Entry[] {
  return s.entries.filter((e) => !isGranted(e));
}

/** Entries that somebody waits for. */
export function blocking(s: LockState): Entry[] {
  const ahead = new Set(s.entries.flatMap((e) => inTheWay(s, e)));
  return s.entries.filter((e) => ahead.has(e));
}
