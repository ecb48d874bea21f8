/** How long the tasks of an action usually take, as this worker has seen it: so long there is nothing to ask for. */

/** Of so many actions; the oldest are forgotten. */
const MAX_ACTIONS = 1_000;
/** A task that ends early is noticed after this at the latest. */
const LONGEST_BLIND_MS = 60_000;
/** A task that had ended by the first poll may have ended long before it. */
const EARLIER = 0.8;

/** What one worker has learned. */
export class UsualDurations {
  private readonly usual = new Map<string, number>();

  /**
   * When to look at a task next, milliseconds from now; undefined where its age alone decides.
   * @param ageMs - since it was started
   */
  nextLookMs(action: string, ageMs: number): number | undefined {
    const usual = this.usual.get(action);
    if (usual === undefined || ageMs >= usual) return undefined;
    return Math.min(LONGEST_BLIND_MS, usual - ageMs);
  }

  /**
   * Learns from a task that was seen to have ended.
   * @param endedBy - its age at that poll
   * @param ranAt - its age at the last poll that saw it run, if one did
   */
  learn(action: string, endedBy: number, ranAt: number | undefined): void {
    this.usual.delete(action);
    this.usual.set(action, ranAt === undefined ? endedBy * EARLIER : endedBy);
    const [oldest] = this.usual.keys();
    if (this.usual.size > MAX_ACTIONS && oldest !== undefined) this.usual.delete(oldest);
  }
}
