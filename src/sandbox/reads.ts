import { randomBytes } from 'node:crypto';
import { Refusal } from './http';
import type { MisuseLog } from './misuse';
import type { Settings } from './options';
import type { PagedContent } from './synthetic';

/** The states of a read request (anaplan-api: "Retrieve status of large read request"). */
export type ReadState = 'NOT_STARTED' | 'IN_PROGRESS' | 'COMPLETE' | 'CANCELLED';

/** One large read. */
export interface ReadRequest {
  requestId: string;
  kind: 'views' | 'lists';
  objectId: string;
  exportType: string | undefined;
  createdAt: number;
  /** When it last was created or asked for a page divisible by 100. */
  touchedAt: number;
  content: PagedContent;
  /** Ends COMPLETE with `successful: false`. */
  fails: boolean;
  /** The most pages that a status has announced. */
  announced: number;
}

/** The large reads of one model. */
export class ReadRequests {
  private requests = new Map<string, ReadRequest>();
  private failNext = 0;

  constructor(
    private readonly settings: Settings,
    private readonly misuse: MisuseLog,
  ) {}

  /** Those that nobody has deleted and that have not expired. */
  open(): ReadRequest[] {
    this.expireIdle();
    return [...this.requests.values()];
  }

  /** The next `count` reads end unsuccessful. */
  failNextReads(count: number): void {
    this.failNext = count;
  }

  /** All open reads expire now. */
  expireAll(): void {
    this.requests.clear();
  }

  /** Begins a read; 429 when too many are open (behaviour `read-limit`). */
  create(
    kind: ReadRequest['kind'],
    objectId: string,
    exportType: string | undefined,
    content: PagedContent,
  ): ReadRequest {
    if (this.open().length >= this.settings.readRequestLimit) {
      throw new Refusal(429, 'Too many read requests are open: delete those that are done.', {
        'retry-after': '10',
      });
    }
    const now = this.settings.clock();
    const requestId = randomBytes(16).toString('hex').toUpperCase();
    const fails = this.failNext > 0;
    if (fails) this.failNext -= 1;
    const request: ReadRequest = {
      requestId,
      kind,
      objectId,
      exportType,
      createdAt: now,
      touchedAt: now,
      content,
      fails,
      announced: 0,
    };
    this.requests.set(requestId, request);
    return request;
  }

  /** The request, or a 404. */
  require(kind: ReadRequest['kind'], objectId: string, requestId: string): ReadRequest {
    this.expireIdle();
    const request = this.requests.get(requestId);
    if (request === undefined || request.kind !== kind || request.objectId !== objectId) {
      throw new Refusal(404, `Read request ${requestId} not found.`);
    }
    return request;
  }

  /** State and number of pages that can be read now. */
  status(request: ReadRequest): { state: ReadState; availablePages: number; successful: boolean } {
    const { readStartDelayMs, readDurationMs, clock } = this.settings;
    const ran = clock() - request.createdAt - readStartDelayMs;
    const status = this.statusAfter(request, ran, readDurationMs);
    request.announced = Math.max(request.announced, status.availablePages);
    return status;
  }

  private statusAfter(
    request: ReadRequest,
    ran: number,
    readDurationMs: number,
  ): { state: ReadState; availablePages: number; successful: boolean } {
    if (ran < 0) return { state: 'NOT_STARTED', availablePages: 0, successful: false };
    if (ran >= readDurationMs) {
      if (request.fails) return { state: 'COMPLETE', availablePages: 0, successful: false };
      return { state: 'COMPLETE', availablePages: request.content.pages, successful: true };
    }
    const availablePages = Math.floor((request.content.pages * ran) / readDurationMs);
    return { state: 'IN_PROGRESS', availablePages, successful: true };
  }

  /** One page; touches the idle timer only where the number is divisible by 100. */
  page(request: ReadRequest, index: number): Buffer {
    if (!Number.isInteger(index) || index < 0) throw new Refusal(400, 'The page number must be 0 or more.');
    const now = this.settings.clock();
    const idleMs = now - request.touchedAt;
    // anaplan-api: "Delete read requests" (where the requested page number divides by 100): asking is enough, whether or not it is there (assumed).
    if (index % 100 === 0) request.touchedAt = now;
    // What was announced can be read, also when the read fails later (assumed).
    if (index >= Math.max(request.announced, this.status(request).availablePages)) {
      const keepsAlive = index === 0 && idleMs > this.settings.readIdleMs / 3;
      if (!keepsAlive)
        this.misuse.note('page-out-of-range', `read request ${request.requestId}, page ${index}`);
      throw new Refusal(404, `Page ${index} is not available.`);
    }
    return request.content.page(index);
  }

  /** DELETE: removes the pages; answers the state it ended in. */
  delete(request: ReadRequest): ReadState {
    const { state } = this.status(request);
    this.requests.delete(request.requestId);
    // The guide shows COMPLETE for a finished list read and CANCELLED for a view read.
    return request.kind === 'lists' && state === 'COMPLETE' ? 'COMPLETE' : 'CANCELLED';
  }

  private expireIdle(): void {
    const now = this.settings.clock();
    for (const [id, request] of this.requests) {
      if (now - request.touchedAt > this.settings.readIdleMs) this.requests.delete(id);
    }
  }
}
