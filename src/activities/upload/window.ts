/** How much of a source one upload holds in memory: read, being compressed, compressed, or on the wire. */

/** Bytes of one upload, apart from what its oldest chunk needs, which is at most 50 MB and some headers. */
const WINDOW_BYTES = 48 * 1024 * 1024;
/** Chunks that are packed ahead of those on the wire. */
const CHUNKS_AHEAD = 2;

/** The memory of one chunk. */
export interface ChunkMemory {
  /** Waits until so many bytes more may be held. */
  take(bytes: number): Promise<void>;
  /** It turned out to need less. */
  shrink(bytes: number): void;
  /** Idempotent. */
  release(): void;
}

/**
 * A chunk takes its memory slice by slice, in the order of the source. It waits while chunks before it are held and there
 * is too little; the only one that is held always gets what it needs, as nothing would ever be released otherwise.
 */
export class Window {
  private held = 0;
  private readonly chunks = new Set<object>();
  private waiting: (() => void)[] = [];
  private closed = false;

  /** @param parallel chunks that are on the wire at a time */
  constructor(
    private readonly parallel: number,
    private readonly bytes = WINDOW_BYTES,
  ) {}

  /** Bytes that are held now. */
  get inUse(): number {
    return this.held;
  }

  /** Waits until another chunk may be packed. */
  async chunk(): Promise<ChunkMemory> {
    await this.until(() => this.chunks.size < this.parallel + CHUNKS_AHEAD);
    const key = {};
    this.chunks.add(key);
    let own = 0;
    const change = (by: number): void => {
      own += by;
      this.held += by;
      if (by < 0) this.look();
    };
    return {
      take: async (bytes) => {
        await this.until(() => this.held + bytes <= this.bytes || this.chunks.size === 1);
        change(bytes);
      },
      shrink: (bytes) => {
        if (this.chunks.has(key)) change(-bytes);
      },
      release: () => {
        if (!this.chunks.delete(key)) return;
        change(-own);
        this.look();
      },
    };
  }

  /** Lets all pass that wait: nothing more will be released. */
  close(): void {
    this.closed = true;
    this.look();
  }

  private async until(room: () => boolean): Promise<void> {
    while (!this.closed && !room()) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private look(): void {
    const woken = this.waiting;
    this.waiting = [];
    for (const wake of woken) wake();
  }
}
