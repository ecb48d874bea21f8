/**
 * The fence around whatever an attempt changes. An attempt's own clock proves nothing: cut off from Temporal, or woken up
 * after a freeze, it looks fine to itself while another one does its work. Only a heartbeat that the server has answered
 * says that it counts on this attempt, and for no longer than until it would give it up.
 */
import type { Context } from '@temporalio/activity';
import {
  ActivityCancelledError,
  ActivityNotFoundError,
  ActivityPausedError,
  ActivityResetError,
} from '@temporalio/client';

/** The server no longer counts on this attempt, or did not say for too long that it does. Final. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp';

  /** @param awaited - the server makes no other attempt before this one has ended: paused, or reset */
  constructor(
    message: string,
    readonly awaited = false,
    /** What comes next, in words. */
    readonly next = 'another attempt goes on',
  ) {
    super(message);
  }
}

/** Somebody has paused the activity: nothing happens until it is unpaused. */
export function pausedActivity(): GivenUp {
  return new GivenUp('the activity is paused', true, 'another attempt goes on once it is unpaused');
}

/** The server did not say in time that it counts on this attempt: nothing was done. */
export class NotConfirmed extends Error {
  override readonly name = 'NotConfirmed';
}

/** A moment on both clocks: the monotonic one stands still while a machine is suspended, the other one can be set. */
export class Moment {
  private readonly monotonic = performance.now();
  private readonly date = Date.now();

  /** Milliseconds since, by the clock that says more. */
  elapsed(): number {
    return Math.max(performance.now() - this.monotonic, Date.now() - this.date);
  }
}

/** After this another heartbeat is sent. An answer that comes later counts all the same, from when it was asked for. */
const ANSWER_MS = 3_000;
/** After this no answer is waited for. */
const LATE_MS = 15_000;
/** What is on its way when a lease ends has this long to arrive before anybody else begins. */
const MARGIN_MS = 4_000;
/** How fresh an answer must be for a change that is made by one request. */
const FRESH_MS = 10_000;

/** After this, an attempt that the server has given up changes nothing more: the heartbeat time-out of what moves bytes. */
export const LEASE_AT_MOST_MS = 20_000;

/** What the server says to a heartbeat. */
type Answer = 'current' | 'cancelled' | 'silent' | GivenUp;

/** How a lease asks and whom it tells. */
export interface LeaseOptions {
  context: Context;
  /** The activity's heartbeat time-out. */
  timeoutMs: number;
  /** What the heartbeats carry. */
  details: () => unknown;
  /** The server says that the activity is cancelled; the lease goes on. */
  onCancel: () => void;
  /** The lease is over. */
  onEnd: (why: GivenUp) => void;
}

/** One attempt's right to change something, renewed by heartbeats that are awaited. */
export class Lease {
  /** When the last heartbeat with a good answer was sent; before there is one, when the attempt began. */
  private since = new Moment();
  private granted = false;
  private over = false;
  private readonly validMs: number;
  private readonly freshMs: number;
  /** Heartbeats that are under way: a slow network answers each of them late, and all of them. */
  private readonly asked = new Set<Promise<void>>();

  constructor(private readonly o: LeaseOptions) {
    this.validMs = o.timeoutMs - Math.min(MARGIN_MS, o.timeoutMs / 4);
    this.freshMs = Math.min(FRESH_MS, this.validMs);
  }

  /** Whether the server counts on this attempt for certain. A lease that is found lapsed ends here. */
  holds(): boolean {
    return this.granted && this.lives();
  }

  /** Milliseconds since the last heartbeat with a good answer was sent. */
  age(): number {
    return this.since.elapsed();
  }

  /** As {@link holds}, by an answer of the last seconds. */
  isFresh(): boolean {
    return this.holds() && this.since.elapsed() <= this.freshMs;
  }

  /**
   * False once the lease is over. One that lapsed is never asked for again, even where the server would say yes: the
   * number of an attempt can be given to another one meanwhile.
   */
  lives(): boolean {
    if (!this.over && this.since.elapsed() > this.validMs) {
      this.end(new GivenUp('Temporal did not answer its heartbeats in time'));
    }
    return !this.over;
  }

  /**
   * Sends one heartbeat, and waits some seconds for an answer to it or to one before it. Does not throw: {@link holds}
   * tells.
   */
  async renew(): Promise<void> {
    if (!this.lives()) return;
    const from = new Moment();
    const asked = ask(this.o.context, this.o.details(), Math.min(LATE_MS, this.validMs))
      .then((answer) => this.take(answer, from))
      .finally(() => this.asked.delete(asked));
    this.asked.add(asked);
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.min(ANSWER_MS, this.validMs / 2));
    });
    try {
      await Promise.race([enough, ...this.asked]);
    } finally {
      clearTimeout(timer);
    }
  }

  private take(answer: Answer, from: Moment): void {
    if (!this.lives() || answer === 'silent') return;
    if (answer instanceof GivenUp) {
      this.end(answer);
      return;
    }
    if (from.elapsed() < this.since.elapsed()) this.since = from;
    this.granted = true;
    if (answer === 'cancelled') this.o.onCancel();
  }

  private end(why: GivenUp): void {
    this.over = true;
    this.o.onEnd(why);
  }
}

async function ask(context: Context, details: unknown, withinMs: number): Promise<Answer> {
  const { client, info } = context;
  const serializationContext = {
    type: 'activity' as const,
    namespace: client.options.namespace,
    activityId: info.activityId,
    isLocal: false,
    ...(info.workflowExecution ? { workflowId: info.workflowExecution.workflowId } : {}),
  };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Answer>((resolve) => {
    // The connection's own deadline needs a connection that notices it.
    timer = setTimeout(() => resolve('silent'), withinMs + 500);
  });
  const beat = client.withDeadline(Date.now() + withinMs, () =>
    client.activity.heartbeat(info.taskToken, details, { serializationContext }),
  );
  try {
    return await Promise.race([beat.then(() => 'current' as const, answerOf), late]);
  } finally {
    clearTimeout(timer);
  }
}

function answerOf(error: unknown): Answer {
  if (error instanceof ActivityCancelledError) return 'cancelled';
  if (error instanceof ActivityNotFoundError) return new GivenUp('the server gave this attempt up');
  if (error instanceof ActivityPausedError) return pausedActivity();
  if (error instanceof ActivityResetError) return new GivenUp('the activity was reset', true);
  return 'silent';
}
