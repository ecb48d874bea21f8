/** When an attempt heartbeats. */
import type { Rhythm } from '../../contracts';
import type { Lease } from './lease';

/** While bytes move. */
const BYTES_EVERY_MS = 4_000;
/** After a heartbeat without an answer. */
const SOON_MS = 1_000;

/** The time-out that the pauses of waits are meant for; with another one they are as much shorter or longer. */
const WAIT_TIMEOUT_MS = 150_000;
const WAIT_EVERY_MS = 15_000;
const WAIT_SHORTLY_MS = 120_000;
const WAIT_AT_MOST_MS = 60_000;

/**
 * When what waits heartbeats, in milliseconds from its begin: first after half its time-out, so that most attempts need
 * none; every 15 s until two minutes are over; then at intervals that double to 60 s. All that for a time-out of 150 s.
 */
export function* waitBeats(timeoutMs: number): Generator<number, never> {
  const scale = timeoutMs / WAIT_TIMEOUT_MS;
  let at = WAIT_TIMEOUT_MS / 2;
  let pause = WAIT_EVERY_MS;
  for (;;) {
    yield at * scale;
    if (at >= WAIT_SHORTLY_MS) pause = Math.min(pause * 2, WAIT_AT_MOST_MS);
    at += pause;
  }
}

/** What a pulse beats for. */
export interface PulseOptions {
  rhythm: Rhythm;
  /** The activity's heartbeat time-out. */
  timeoutMs: number;
  /** Of whatever changes something. */
  lease: Lease | undefined;
  /**
   * The SDK's heartbeat. It is not awaited, so it proves nothing; yet the SDK gives an attempt up by itself that it hears
   * nothing from, and drops its result.
   */
  beat: () => void;
  /** Called every second or so. */
  onTick: () => void;
  /** A heartbeat could not be made. */
  onError: (error: unknown) => void;
}

/** The heartbeats of one attempt, from `start` to `stop`. */
export class Pulse {
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly from = performance.now();
  private stopped = false;

  constructor(private readonly o: PulseOptions) {}

  start(): void {
    const { rhythm, timeoutMs, onTick } = this.o;
    this.timers.add(setInterval(onTick, Math.min(1000, timeoutMs / 10)));
    if (rhythm === 'bytes') this.after(Math.min(BYTES_EVERY_MS, timeoutMs / 5), () => this.often());
    else this.rarely(waitBeats(timeoutMs));
  }

  stop(): void {
    this.stopped = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  private get elapsed(): number {
    return performance.now() - this.from;
  }

  /** Awaited, and without a pause that the lease would not outlast. */
  private async often(): Promise<void> {
    const { lease, timeoutMs, beat } = this.o;
    const from = performance.now();
    const before = lease?.age() ?? 0;
    await lease?.renew();
    if (this.stopped) return;
    if (this.elapsed >= timeoutMs / 2) beat();
    const answered = lease === undefined || lease.age() < before;
    const pause = Math.min(answered ? BYTES_EVERY_MS : SOON_MS, timeoutMs / 5);
    this.after(pause - (performance.now() - from), () => this.often());
  }

  private rarely(beats: Generator<number, never>): void {
    this.after(beats.next().value - this.elapsed, async () => {
      this.o.beat();
      await this.o.lease?.renew();
      if (!this.stopped) this.rarely(beats);
    });
  }

  private after(ms: number, run: () => Promise<void>): void {
    const timer = setTimeout(
      () => {
        this.timers.delete(timer);
        run().catch(this.o.onError);
      },
      Math.max(0, ms),
    );
    this.timers.add(timer);
  }
}
