/** Between a worker and Temporal: a way that can go silent, as a network does, while everything else stays in reach. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** One connection through the proxy. */
interface Pair {
  near: Socket;
  far: Socket;
  /** While unplugged: what the near side's machine would send once its network is back, unless the socket was reset. */
  held: Buffer[];
}

/**
 * A TCP proxy. While it is silent, connections stay open and new ones are accepted, but no byte passes in either
 * direction: neither side is told. Afterwards all that was sent meanwhile arrives.
 */
export class SilentProxy {
  private readonly pairs = new Set<Pair>();
  private silent = false;
  private unplugged = false;
  private watched: { text: RegExp; seen: () => void } | undefined;
  /** Bytes that the near side sent through. */
  sent = 0;

  private constructor(
    private readonly server: Server,
    private readonly target: { host: string; port: number },
  ) {
    server.on('connection', (near) => this.accept(near));
  }

  /** @param target `host:port` that the bytes go to */
  static async start(target: string): Promise<SilentProxy> {
    const at = target.lastIndexOf(':');
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
    const proxy = new SilentProxy(server, { host: target.slice(0, at), port: Number(target.slice(at + 1)) });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  /** `host:port` to connect to. */
  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** From now on nothing passes. */
  silence(): void {
    this.silent = true;
    for (const { near, far } of this.pairs) {
      near.pause();
      far.pause();
    }
  }

  /**
   * The near side's machine loses its network: as {@link silence}, but no connection is made any more, and what it had
   * written stays with it. It is sent when the network is back, also of a socket that was closed meanwhile; of one that
   * was reset it is gone.
   */
  unplug(): void {
    this.silence();
    this.unplugged = true;
    for (const { near } of this.pairs) near.resume();
  }

  /** {@link unplug}s when the near side has written a text, which stays with it. */
  unplugAt(text: RegExp): Promise<void> {
    return new Promise((seen) => {
      this.watched = { text, seen };
    });
  }

  /** Everything passes again, what was held back first. */
  restore(): void {
    this.silent = false;
    this.unplugged = false;
    for (const { near, far, held } of this.pairs) {
      for (const bytes of held.splice(0)) this.forward(bytes, far);
      // Not at once: a server may take the end of a connection for the end of interest in its answer.
      if (near.readableEnded) setTimeout(() => far.end(), 1_000);
      near.resume();
      far.resume();
    }
  }

  async close(): Promise<void> {
    for (const { near, far } of this.pairs) {
      near.destroy();
      far.destroy();
    }
    this.server.close();
    await once(this.server, 'close');
  }

  private forward(bytes: Buffer, far: Socket): boolean {
    this.sent += bytes.length;
    return far.write(bytes);
  }

  /** Whether these bytes of the near side stay with it. */
  private keeps(bytes: Buffer): boolean {
    if (this.watched?.text.test(bytes.toString('latin1'))) {
      this.unplug();
      this.watched.seen();
      this.watched = undefined;
    }
    return this.unplugged;
  }

  private accept(near: Socket): void {
    if (this.unplugged) {
      near.on('error', () => undefined).resetAndDestroy();
      return;
    }
    const far = connect(this.target);
    // Half of a connection may be closed while the network is away.
    const pair: Pair = { near, far, held: [] };
    this.pairs.add(pair);
    const pass = (from: Socket, to: Socket): void => {
      from.on('data', (bytes: Buffer) => {
        if (from === near && this.keeps(bytes)) {
          pair.held.push(bytes);
          return;
        }
        if ((from === near ? this.forward(bytes, far) : to.write(bytes)) || this.silent) return;
        from.pause();
        to.once('drain', () => {
          if (!this.silent) from.resume();
        });
      });
      from.on('end', () => {
        if (from === near && this.unplugged) return;
        to.end();
      });
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.pairs.delete(pair);
        to.destroy();
      });
    };
    pass(near, far);
    pass(far, near);
    if (this.silent) far.pause();
    else near.resume();
  }
}
