/** How long the tasks of an action usually take, as this worker has seen it: so long there is nothing to ask for. */

/** Of so many actions; the oldest are forgotten. */
const MAX_ACTIONS = 1_000;
/** A task that ends early is noticed after this at the latest. */
const LONGEST_BLIND_MS = 60_000;
/** The end of a task lies between two polls: so near to each other they need not be brought nearer. */
const NEAR = 0.2;
/** Tasks may have become quicker: what was seen to run at an age is trusted less with each that ended by the next look. */
const TRUST = 0.98;

/** The ages between which tasks of an action end. */
interface Span {
  ranAt: number;
  endedBy: number;
}

/** What one worker has learned. */
export class UsualDurations {
  private readonly usual = new Map<string, Span>();

  /**
   * When to look at a task next, milliseconds from now; undefined where its age alone decides.
   * @param ageMs - since it was started
   */
  nextLookMs(action: string, ageMs: number): number | undefined {
    const span = this.usual.get(action);
    if (span === undefined) return undefined;
    const { ranAt, endedBy } = span;
    const at = endedBy - ranAt > NEAR * endedBy ? (ranAt + endedBy) / 2 : endedBy;
    return ageMs >= at ? undefined : Math.min(LONGEST_BLIND_MS, at - ageMs);
  }

  /**
   * Learns from a task that was seen to have ended.
   * @param endedBy - its age at that poll
   * @param ranAt - its age at the last poll that saw it run, if one did
   */
  learn(action: string, endedBy: number, ranAt: number | undefined): void {
    const before = this.usual.get(action) ?? { ranAt: 0, endedBy: Infinity };
    const span =
      ranAt === undefined || ranAt < before.endedBy
        ? {
            ranAt: Math.max(ranAt ?? 0, before.ranAt < endedBy ? before.ranAt * TRUST : 0),
            endedBy: Math.min(endedBy, before.endedBy),
          }
        : { ranAt, endedBy };
    this.usual.delete(action);
    this.usual.set(action, span);
    const [oldest] = this.usual.keys();
    if (this.usual.size > MAX_ACTIONS && oldest !== undefined) this.usual.delete(oldest);
  }
}
