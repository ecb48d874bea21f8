import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { AnaplanClient, type AnaplanClientOptions, type DownloadBody, RateLimiter } from '../../src/anaplan';

/** One request as the test server saw it. */
export interface Seen {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: Buffer;
  port: number | undefined;
}

export type Handler = (req: Seen, res: ServerResponse, socket: Socket) => unknown;

/** A small HTTP server whose answers a test writes itself, with a log of what it was asked. */
export class TestServer {
  readonly seen: Seen[] = [];
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  handler: Handler;

  private constructor(handler: Handler) {
    this.handler = handler;
    this.server = createServer((req, res) => {
      const parts: Buffer[] = [];
      req.on('error', () => undefined);
      req.on('data', (part: Buffer) => parts.push(part));
      req.on('end', () => {
        const one: Seen = {
          method: req.method ?? '',
          url: req.url ?? '',
          headers: req.headers,
          body: Buffer.concat(parts),
          port: req.socket.remotePort,
        };
        this.seen.push(one);
        void this.handler(one, res, req.socket);
      });
    });
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => undefined);
    });
  }

  static async start(handler: Handler): Promise<TestServer> {
    const server = new TestServer(handler);
    await new Promise<void>((resolve) => server.server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  calls(path: string): Seen[] {
    return this.seen.filter((s) => s.url.split('?')[0]?.endsWith(path));
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export function json(
  res: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  res.writeHead(status, { 'content-type': 'application/json', ...headers });
  res.end(JSON.stringify(body));
}

/** A log-in answer whose token lives `lifeMs`. */
export function tokenAnswer(value: string, lifeMs = 35 * 60_000): unknown {
  return {
    meta: { validationUrl: 'x' },
    status: 'SUCCESS',
    statusMessage: 'Login successful',
    tokenInfo: { tokenId: 'i', tokenValue: value, expiresAt: Date.now() + lifeMs, refreshTokenId: 'r' },
  };
}

/** A limiter that is in nobody's way. */
export const fast = (): RateLimiter => new RateLimiter(1_000_000, wideClock());

function wideClock() {
  // Time that runs a thousand times faster refills the bucket at once.
  return {
    now: () => performance.now() * 1000,
    setTimer: (run: () => void, ms: number): unknown => setTimeout(run, Math.ceil(ms / 1000)),
    clearTimer: (timer: unknown) => clearTimeout(timer as NodeJS.Timeout),
  };
}

export function clientOf(server: TestServer, options: Partial<AnaplanClientOptions> = {}): AnaplanClient {
  return new AnaplanClient({
    apiUrl: server.url,
    authUrl: server.url,
    credentials: { kind: 'token', value: 'given-token' },
    limiter: fast(),
    ...options,
  });
}

export async function bytesOf(body: DownloadBody): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of body.stream) parts.push(part);
  return Buffer.concat(parts);
}

/** What a promise was rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('it was fulfilled');
    },
    (error: unknown) => error,
  );
}

export const ref = { workspaceId: 'ws1', modelId: 'M1' };
