/** Between a worker and Temporal: a way that can go silent, as a network does, while everything else stays in reach. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** One connection through the proxy. */
interface Pair {
  near: Socket;
  far: Socket;
}

/**
 * A TCP proxy. While it is silent, connections stay open and new ones are accepted, but no byte passes in either
 * direction: neither side is told. Afterwards all that was sent meanwhile arrives.
 */
export class SilentProxy {
  private readonly pairs = new Set<Pair>();
  private silent = false;
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
    const server = createServer({ pauseOnConnect: true });
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

  /** Everything passes again, what was held back first. */
  restore(): void {
    this.silent = false;
    for (const { near, far } of this.pairs) {
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

  private accept(near: Socket): void {
    const far = connect(this.target);
    const pair = { near, far };
    this.pairs.add(pair);
    const pass = (from: Socket, to: Socket): void => {
      from.on('data', (bytes) => {
        if (from === near) this.sent += bytes.length;
        if (to.write(bytes) || this.silent) return;
        from.pause();
        to.once('drain', () => {
          if (!this.silent) from.resume();
        });
      });
      from.on('end', () => to.end());
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
