/** What a lock tells of itself: to those who ask it, to a query, and in the Temporal UI. Pure. */
import type {
  FileUses,
  LockAnswer,
  LockHolder,
  LockParty,
  LockView,
  LockWaiter,
} from '../../activities/hold/contract';
import { compact } from '../../contracts';
import { inTheWay, isGranted, isHolder, waiting, type Entry, type LockState } from './state';

const MAX_SHOWN = 50;

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
  return compact({
    model,
    holders: s.entries.filter(isHolder).map(holderOf),
    waiting: waiting(s).map((e) => waiterOf(s, e)),
    notes: s.notes,
    run: own && {
      ...(isHolder(own) ? { holds: holderOf(own) } : {}),
      ...(isGranted(own) ? {} : { waits: waiterOf(s, own) }),
    },
  });
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
