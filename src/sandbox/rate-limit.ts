/** The tenant's token bucket (anaplan-api: "API rate limitation"). */
export class RateLimit {
  private tokens: number;
  private at: number;

  constructor(
    private readonly perMinute: number | false,
    private readonly clock: () => number,
  ) {
    this.tokens = perMinute === false ? 0 : perMinute;
    this.at = clock();
  }

  /** Takes a token: answers 0, or in how many ms there will be one. */
  take(): number {
    if (this.perMinute === false) return 0;
    const now = this.clock();
    const every = 60_000 / this.perMinute;
    this.tokens = Math.min(this.perMinute, this.tokens + (now - this.at) / every);
    this.at = now;
    if (this.tokens < 1) return Math.max(1, (1 - this.tokens) * every);
    this.tokens -= 1;
    return 0;
  }

  /** Fills the bucket. */
  reset(): void {
    this.tokens = this.perMinute === false ? 0 : this.perMinute;
    this.at = this.clock();
  }
}
