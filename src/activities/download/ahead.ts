/** Asks for the next chunk of a download while one is written. */
import type { DownloadBody } from '../../anaplan';

/** The next chunk is asked for ahead where this one is no larger: what comes faster than it is written stays in memory. */
const AHEAD_BYTES = 16 * 1024 * 1024;

/** The chunks of a download in their order, one of them ahead. */
export class ChunksAhead {
  private next: { index: number; body: Promise<DownloadBody> } | undefined;

  /** @param end the first chunk that is not wanted */
  constructor(
    private readonly open: (index: number) => Promise<DownloadBody>,
    private readonly end: number,
  ) {}

  /** One chunk. What goes wrong with it is told here, however early it went wrong. */
  async take(index: number): Promise<DownloadBody> {
    const asked = this.next?.index === index ? this.next.body : this.open(index);
    this.next = undefined;
    const body = await asked;
    if (index + 1 < this.end && (body.contentLength ?? 0) <= AHEAD_BYTES) {
      const ahead = this.open(index + 1);
      ahead.catch(() => undefined);
      this.next = { index: index + 1, body: ahead };
    }
    return body;
  }

  /** Drops what was asked for and is not wanted any more. */
  async close(): Promise<void> {
    const { next } = this;
    this.next = undefined;
    await next?.body.then(
      (body) => body.discard(),
      () => undefined,
    );
  }
}
