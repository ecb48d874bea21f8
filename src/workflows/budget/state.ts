/**
 * How a tenant's requests are shared out: pure. The sum of the leases that have not ended, with what workers may send
 * without one, is never above what the tenant may send.
 */
import { shareOut, type BudgetAsk, type BudgetLease, type BudgetView } from '../../contracts';

/** One worker's lease. */
interface Member {
  perMinute: number;
  /** Epoch ms at which it ends. */
  until: number;
  want: number;
  used: number;
  askedAt: number;
  /** What its configuration lets the tenant send. */
  configured: number;
}

/** What a budget carries over when it continues as new. */
export interface BudgetState {
  members: Record<string, Member>;
  /** When each worker asked last, epoch ms: they share what may be sent without a lease. */
  seen: Record<string, number>;
  /** Epoch ms. */
  pausedUntil: number;
  /** What the tenant may send since a 429 that no use of ours explains, as a part of what is configured. */
  lowered?: { part: number; at: number };
  /** Epoch ms from which on nobody had a lease; a burst is safe a minute later. */
  idleSince: number;
}

/** Long enough for three missed answers, short enough that a killed worker's part is soon another's. */
export const LEASE_MS = 60_000;
/** Part of the budget that is never leased: what workers send without a lease, first calls and rare polls. */
const IDLE_PART = 0.03;
/** Part that is left to a worker that joins while the others have all the rest. */
const NEWCOMER_PART = 0.03;
/** So many workers share the idle part at least: one that has not asked yet is not known. */
const LEAST_WORKERS = 4;
const SEEN_MS = 60 * 60_000;
/** What a worker gets at least, so that its polls go on. */
const FLOOR = 6;
/** Below this part of the budget our own use does not explain a 429: somebody else uses the tenant. */
const EXPLAINED_PART = 0.8;
/** The least that is left after 429s, and how much of the whole comes back each minute. */
const LEAST_PART = 0.1;
const BACK_A_MINUTE = 0.05;
const MAX_PAUSE_MS = 60 * 60_000;
const MINUTE = 60_000;

/** A budget that nobody has asked yet. */
export function emptyBudget(now: number): BudgetState {
  // A budget ends a minute after the last lease, so nobody can have had one lately.
  return { members: {}, seen: {}, pausedUntil: 0, idleSince: now - MINUTE };
}

/** Requests a minute of the tenant as of now. */
function budgetOf(s: BudgetState, now: number): { configured: number; perMinute: number } {
  const live = Object.values(s.members).filter((m) => m.until > now);
  const configured = live.length === 0 ? 0 : Math.min(...live.map((m) => m.configured));
  return { configured, perMinute: configured * partOf(s, now) };
}

function partOf({ lowered }: BudgetState, now: number): number {
  return lowered ? Math.min(1, lowered.part + (BACK_A_MINUTE * (now - lowered.at)) / MINUTE) : 1;
}

/** Takes in an ask and answers it. */
export function lease(s: BudgetState, ask: BudgetAsk, now: number): BudgetLease {
  expire(s, now);
  const before = s.members[ask.worker];
  const fresh = Object.keys(s.members).length === 0 && now - s.idleSince >= MINUTE;
  s.seen[ask.worker] = now;
  const most = Math.min(ask.atMost ?? Infinity, ask.perMinute);
  const want = ask.want === 'all' ? most : Math.min(ask.want, most);
  s.members[ask.worker] = {
    perMinute: before?.perMinute ?? 0,
    until: now + LEASE_MS,
    want,
    used: ask.used,
    askedAt: now,
    configured: ask.perMinute,
  };
  if (ask.throttledMs !== undefined) throttled(s, ask.throttledMs, now);
  const { perMinute } = budgetOf(s, now);
  const workers = Math.max(LEAST_WORKERS, Object.keys(s.seen).length);
  const answer = {
    ttlMs: LEASE_MS,
    idlePerMinute: round((perMinute * IDLE_PART) / workers),
    pauseMs: Math.max(0, s.pausedUntil - now),
    fresh,
  };
  if (want === 0) {
    // Given back. What it has sent lately still counts in its minute, so no burst is made of it.
    delete s.members[ask.worker];
    if (Object.keys(s.members).length === 0) s.idleSince = now;
    return { ...answer, perMinute: 0, contended: false };
  }
  const names = Object.keys(s.members);
  const leasable = perMinute * (1 - IDLE_PART);
  const fair = shareOut(
    leasable - perMinute * NEWCOMER_PART,
    names.map((name) => s.members[name]?.want ?? 0),
  );
  const others = names.filter((name) => name !== ask.worker);
  const held = others.reduce((sum, name) => sum + (s.members[name]?.perMinute ?? 0), 0);
  const free = Math.max(0, leasable - held);
  const mine = Math.max(fair[names.indexOf(ask.worker)] ?? 0, Math.min(want, FLOOR));
  // Half of what nobody wants besides: a demand that grows need not ask at once.
  const wanted = names.reduce((sum, name) => sum + (s.members[name]?.want ?? 0), 0);
  const spare = Math.max(0, leasable - perMinute * NEWCOMER_PART - Math.max(wanted, held + mine)) / 2;
  const granted = round(Math.min(mine + spare, free, most));
  const member = s.members[ask.worker];
  if (member) member.perMinute = granted;
  return { ...answer, perMinute: granted, contended: wanted > leasable };
}

/** Forgets leases that have ended, and workers not heard of for long. */
export function expire(s: BudgetState, now: number): void {
  const ends = Object.entries(s.members);
  for (const [name, member] of ends) if (member.until <= now) delete s.members[name];
  if (ends.length > 0 && Object.keys(s.members).length === 0) {
    s.idleSince = Math.max(...ends.map(([, { until }]) => until));
  }
  for (const [name, at] of Object.entries(s.seen)) if (now - at > SEEN_MS) delete s.seen[name];
  if (s.lowered && partOf(s, now) >= 1) delete s.lowered;
}

/** Anaplan has said 429: all pause; where our own requests do not explain it, less is sent from now on. */
function throttled(s: BudgetState, ms: number, now: number): void {
  const known = now < s.pausedUntil;
  s.pausedUntil = Math.max(s.pausedUntil, now + Math.min(Math.max(0, ms), MAX_PAUSE_MS));
  // Of one overload several workers tell.
  if (known) return;
  const used = Object.values(s.members).reduce(
    (sum, m) => sum + (now - m.askedAt < MINUTE / 2 ? m.used : Math.max(m.used, m.perMinute)),
    0,
  );
  const { perMinute } = budgetOf(s, now);
  if (used >= EXPLAINED_PART * perMinute) return;
  s.lowered = { part: Math.max(LEAST_PART, partOf(s, now) / 2), at: now };
}

/** When the next thing happens by time alone, epoch ms: a lease ends, or all has been quiet for long enough to end. */
export function nextAt(s: BudgetState): number {
  const ends = Object.values(s.members).map(({ until }) => until);
  if (ends.length > 0) return Math.max(...ends);
  const quiet = s.idleSince + MINUTE;
  const { lowered } = s;
  return lowered ? Math.max(quiet, lowered.at + ((1 - lowered.part) / BACK_A_MINUTE) * MINUTE) : quiet;
}

/** For people and for the command line. */
export function viewOf(s: BudgetState, now: number): BudgetView {
  const { configured, perMinute } = budgetOf(s, now);
  const members = Object.entries(s.members)
    .filter(([, { until }]) => until > now)
    .map(([worker, { perMinute: part, want, used, until, configured: most }]) => ({
      worker,
      perMinute: part,
      want: want >= most ? ('all' as const) : want,
      used,
      until,
    }));
  return {
    perMinute: round(perMinute),
    configured,
    leased: round(members.reduce((sum, m) => sum + m.perMinute, 0)),
    members,
    ...(s.pausedUntil > now ? { pausedUntil: s.pausedUntil } : {}),
  };
}

/** Current details for the UI. */
export function detailsOf(s: BudgetState, now: number): string {
  const view = viewOf(s, now);
  const part = partOf(s, now);
  const lines = [
    `${view.leased} of ${view.perMinute} requests a minute are leased to ${view.members.length} worker${view.members.length === 1 ? '' : 's'}.`,
    ...(part < 1
      ? [
          `Anaplan answered 429 although our own use does not explain it: ${Math.round(part * 100)} % of the ${view.configured} configured are used until more turns out to be free.`,
        ]
      : []),
    ...(view.pausedUntil === undefined ? [] : [`Paused until ${new Date(view.pausedUntil).toISOString()}.`]),
    ...view.members.map((m) => `- ${m.worker}: ${m.perMinute} a minute`),
  ];
  return lines.join('\n');
}

/** Whether a value that anybody may send is an ask. */
export function isAsk(value: unknown): value is BudgetAsk {
  if (typeof value !== 'object' || value === null) return false;
  const { worker, want, used, perMinute, atMost, throttledMs } = value as Record<string, unknown>;
  return (
    typeof worker === 'string' &&
    worker !== '' &&
    worker.length <= 300 &&
    (want === 'all' || isAmount(want)) &&
    isAmount(used) &&
    isAmount(perMinute) &&
    perMinute > 0 &&
    (atMost === undefined || isAmount(atMost)) &&
    (throttledMs === undefined || isAmount(throttledMs))
  );
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/** Down to hundredths: a sum of parts never comes out above the whole. */
function round(value: number): number {
  return Math.floor(value * 100) / 100;
}
