/** The state of a read request: asked for, and kept from expiring. */
import { AnaplanError, isNotFound, NOT_ANAPLANS, type AnaplanClient, type ReadRequest } from '../../anaplan';
import type { Timing } from '../attempt/deps';
import type { Call } from '../attempt/contract';
import type { DownloadPosition } from '../download/contract';
import type { ReadTarget } from './contract';
import { refOf } from '../attempt/calls';
import type { Work } from '../attempt/work';

/** What the state of a request said last, and when; kept from attempt to attempt. */
export type SeenState = Required<Pick<DownloadPosition, 'polledAt' | 'available' | 'complete' | 'touchedAt'>>;

/** One read request during one attempt. */
export class ReadState {
  seen: SeenState;

  /** @param remember keeps what is seen for a later attempt */
  constructor(
    private readonly client: AnaplanClient,
    private readonly input: Call & { read: ReadTarget; requestId: string },
    private readonly w: Pick<Work<never>, 'now' | 'sleep' | 'signal'>,
    private readonly timing: Pick<Timing, 'pollIntervalMs' | 'readTouchMs'>,
    start: Partial<SeenState> | undefined,
    private readonly remember: (seen: SeenState) => void,
  ) {
    this.seen = {
      polledAt: start?.polledAt ?? 0,
      available: start?.available ?? 0,
      complete: start?.complete ?? false,
      touchedAt: start?.touchedAt ?? w.now(),
    };
  }

  /**
   * Asks for the state of the request: never more often than the interval, over all attempts and batches.
   * @returns why the read cannot go on, if so
   */
  async poll(): Promise<string | undefined> {
    const { w, timing } = this;
    await w.sleep(Math.max(0, timing.pollIntervalMs - (w.now() - this.seen.polledAt)));
    this.seen = { ...this.seen, polledAt: w.now() };
    // Before the answer: where none comes, the next attempt waits as long.
    this.remember(this.seen);
    const status = await this.status();
    if (!status) return 'the read request expired';
    if (status.requestState === 'CANCELLED') return 'the read request was cancelled';
    const complete = status.requestState === 'COMPLETE';
    if (complete && status.successful === false) return 'Anaplan could not finish the read';
    this.seen = { ...this.seen, available: status.availablePages, complete };
    return undefined;
  }

  /** Notes that a page was asked for. */
  asked(page: number): void {
    if (page % 100 === 0) this.seen = { ...this.seen, touchedAt: this.w.now() };
  }

  /**
   * Only asking for a page whose number divides by 100 resets Anaplan's 30-minute timer (anaplan-api: "Delete read requests"), page 0
   * among them also while it is not there yet.
   * @returns false when the request is gone
   */
  async touch(next: number): Promise<boolean> {
    const { client, input, w } = this;
    if (w.now() - this.seen.touchedAt < this.timing.readTouchMs) return true;
    const page = Math.max(0, Math.floor((next - 1) / 100) * 100);
    try {
      const body = await client.reads.page(refOf(input), input.read, input.requestId, page, {
        signal: w.signal,
      });
      await body.discard();
    } catch (error) {
      const missing =
        isNotFound(error) ||
        (error instanceof AnaplanError && error.status === 400 && error.code !== NOT_ANAPLANS);
      // A page may just not be there yet; the state of the request tells whether the request still is.
      if (missing && next > 0) return false;
      if (!missing) throw error;
    }
    this.seen = { ...this.seen, touchedAt: w.now() };
    this.remember(this.seen);
    return true;
  }

  private async status(): Promise<ReadRequest | undefined> {
    const { client, input, w } = this;
    try {
      return await client.reads.status(refOf(input), input.read, input.requestId, { signal: w.signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}
