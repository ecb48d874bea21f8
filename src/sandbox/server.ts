import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Readable, Transform } from 'node:stream';
import { answerControl } from './control';
import { sandboxOf, type Sandbox } from './controls';
import { edited, withNulls } from './edit';
import { normalPath, type FaultAction } from './faults';
import { errorReply, json, pause, readAll, Refusal, type Reply } from './http';
import type { Model } from './model';
import { RateLimit } from './rate-limit';
import { matchRoute, type Match } from './routes';
import type { Call } from './routes/route';
import { reset, sendFaulty, sendWhole } from './send';
import { Watch } from './watch';
import type { RequestRecord, World } from './world';

/** One request while it is being answered. */
interface Asked {
  req: IncomingMessage;
  method: string;
  pathname: string;
  path: string;
  query: URLSearchParams;
  match: Match | undefined;
  record: RequestRecord;
  body: Readable;
  /** Aborts when the client has left. */
  gone: AbortSignal;
}

/** What is asked about a model without loading it. */
const LEAVES_CLOSED = new Set(['/models/{m}', '/models/{m}/status', '/models/{m}/close']);

const REFUSALS = { locked: 423, offline: 424, archived: 422, deployed: 425 } as const;

/** The HTTP server of a tenant. */
export class TenantServer {
  readonly server: Server;
  readonly watch: Watch;
  /** What steers this tenant. */
  readonly sandbox: Sandbox;
  private readonly rate: RateLimit;

  constructor(private readonly world: World) {
    this.sandbox = sandboxOf(this, world);
    this.watch = new Watch(world);
    this.rate = new RateLimit(world.settings.requestsPerMinute, world.settings.clock);
    this.server = createServer((req, res) => void this.answer(req, res));
    // Long waits are part of the service's behaviour: nothing here ends them.
    this.server.requestTimeout = 0;
    this.server.headersTimeout = 0;
    this.server.keepAliveTimeout = 65_000;
    this.server.on('clientError', (_error, socket) => socket.destroy());
  }

  /** Back to the beginning. */
  reset(): void {
    this.world.reset();
    this.watch.reset();
    this.rate.reset();
  }

  private async answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url ?? '/', 'http://sandbox');
    const method = req.method ?? 'GET';
    req.on('error', () => undefined);
    res.on('error', () => undefined);
    if (url.pathname === '/sandbox' || url.pathname.startsWith('/sandbox/')) {
      await sendWhole(res, await answerControl(this.sandbox, this.world, method, url, req));
      return;
    }
    const path = normalPath(url.pathname);
    const match = matchRoute(method, path);
    const record: RequestRecord = {
      method,
      path: url.pathname,
      pattern: match?.pattern ?? path,
      status: 0,
      at: this.world.settings.clock(),
      requestBytes: 0,
    };
    this.world.record.push(record);
    const fault = this.world.faults.take(method, path);
    if (fault !== undefined) record.fault = fault.kind;
    const leaving = new AbortController();
    const onClose = () => leaving.abort();
    // A connection carries many requests: the listener goes with its own.
    req.socket.once('close', onClose);
    const body = this.countedBody(req, record, fault, leaving.signal);
    const asked: Asked = {
      req,
      method,
      pathname: url.pathname,
      path,
      query: url.searchParams,
      match,
      record,
      body,
      gone: leaving.signal,
    };
    let delivered = false;
    try {
      delivered = await this.respond(asked, res, fault);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (!res.headersSent)
        await sendWhole(res, errorReply(500, url.pathname, `The sandbox failed: ${message}`));
    }
    req.socket.off('close', onClose);
    // What was not read is let through, so that the connection can be used again.
    req.unpipe();
    req.resume();
    if (match?.params !== undefined) {
      const { at, status } = record;
      this.watch.ended({
        method,
        pattern: match.pattern,
        path: url.pathname,
        params: match.params,
        at,
        status,
        delivered,
      });
    }
  }

  /** The request's body, counted, and cut off where a fault says so. */
  private countedBody(
    req: IncomingMessage,
    record: RequestRecord,
    fault: FaultAction | undefined,
    gone: AbortSignal,
  ): Readable {
    const when = fault?.kind === 'reset' || fault?.kind === 'stall' ? fault.when : undefined;
    const cut = typeof when === 'object' && 'atRequestByte' in when ? when.atRequestByte : Infinity;
    let stalled = false;
    const body = new Transform({
      transform: (part: Buffer, _encoding, next) => {
        record.requestBytes += part.length;
        if (record.requestBytes < cut || stalled) return next(null, part);
        if (fault?.kind === 'reset') return reset(req.socket);
        stalled = true;
        const ms = fault?.kind === 'stall' ? fault.ms : undefined;
        void this.world.faults.hold(fault as FaultAction, ms, gone).then(() => next(null, part));
      },
    });
    body.on('error', () => undefined);
    req.on('close', () => {
      if (!req.complete) body.destroy(new Error('The client left.'));
    });
    return req.pipe(body);
  }

  private async respond(asked: Asked, res: ServerResponse, fault: FaultAction | undefined): Promise<boolean> {
    const { req, record, gone } = asked;
    const send = async (reply: Reply): Promise<boolean> => {
      if (gone.aborted) return false;
      record.status = reply.status;
      return sendWhole(res, this.dated(reply));
    };
    if (asked.pathname.startsWith('/2/0')) this.watch.arrived(record.at, `${asked.method} ${asked.pathname}`);
    const before = (fault?.kind === 'reset' || fault?.kind === 'stall') && fault.when === 'before';
    if (fault?.kind === 'status') return send(faultReply(fault, asked.pathname));
    if (fault?.kind === 'reset' && before) {
      reset(req.socket);
      return false;
    }
    if (fault?.kind === 'stall' && before) {
      await this.world.faults.hold(fault, fault.ms, gone);
      if (gone.aborted) return false;
    }
    if (fault?.kind === 'expire-token') this.world.auth.expire(req.headers);
    const answer = await this.carryOut(asked, fault?.kind === 'duplicate');
    if (answer === undefined || (gone.aborted && fault === undefined)) return false;
    const reply = this.dated(answer);
    if (fault?.kind === 'status-after-effect') return send(faultReply(fault, asked.pathname));
    if (fault === undefined || before || isRequestCut(fault)) return send(reply);
    const silent = fault.kind === 'reset' && fault.when === 'after-effect';
    record.status = silent ? 0 : fault.kind === 'empty-2xx' ? 200 : reply.status;
    if (fault.kind === 'edit') return send(edited(reply, fault));
    const hold = (ms: number | undefined) => this.world.faults.hold(fault, ms, gone);
    return sendFaulty(res, req.socket, reply, fault, gone, hold);
  }

  /** The date of an answer is the server's, whatever the clock of the machine says. */
  private dated(reply: Reply): Reply {
    const date = new Date(this.world.settings.clock()).toUTCString();
    return { ...reply, headers: { date, ...reply.headers } };
  }

  private async carryOut(asked: Asked, twice: boolean): Promise<Reply | undefined> {
    if (!twice) return this.execute(asked, asked.body, false);
    const whole = await readAll(asked.body, 64 * 1024 * 1024);
    await this.execute(asked, Readable.from([whole]), false);
    return this.execute(asked, Readable.from([whole]), true);
  }

  /** Lets a request have its effect. Nothing is answered where the client left while the model held it. */
  private async execute(asked: Asked, body: Readable, repeated: boolean): Promise<Reply | undefined> {
    try {
      if (asked.path.startsWith('/token/')) {
        const content = await readAll(body);
        const answer = this.world.auth.answer(asked.method, asked.path, asked.req.headers, content);
        return answer ?? errorReply(404, asked.pathname);
      }
      return await this.executeApi(asked, body, repeated);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const reply = errorReply(error.status, asked.pathname, error.message);
      return { ...reply, headers: { ...reply.headers, ...error.headers } };
    }
  }

  private async executeApi(asked: Asked, body: Readable, repeated: boolean): Promise<Reply | undefined> {
    const { match, req, method, pathname } = asked;
    if (!/^\/2\/0(\/|$)/.test(pathname)) throw new Refusal(404, 'Not Found');
    if (!this.world.auth.admits(req.headers, `${method} ${pathname}`)) throw new Refusal(401, 'Unauthorized');
    const wait = this.rate.take();
    if (wait > 0)
      throw new Refusal(429, 'Too Many Requests', { 'retry-after': String(Math.ceil(wait / 1_000)) });
    if (match === undefined) throw new Refusal(404, 'Not Found');
    if (match.route === undefined) throw new Refusal(405, `${method} is not allowed here.`);
    const { params, route } = match;
    const id = params.m;
    // Case-sensitive: an ID in the wrong case is unknown (anaplan-api: "Parameter Types").
    const model = id === undefined ? undefined : this.world.models.get(id);
    if (id !== undefined && (model === undefined || !inWorkspace(pathname, model)))
      throw new Refusal(404, 'Not Found');
    if (model !== undefined) {
      await model.tasks.settle();
      if (route.busy === 'holds' && !(await this.untilFree(model, asked.gone))) return undefined;
      refuseByState(model, method, match.pattern);
      if (!LEAVES_CLOSED.has(match.pattern)) model.load();
    }
    const call: Call = {
      world: this.world,
      method,
      path: pathname,
      query: asked.query,
      headers: req.headers,
      params,
      body,
      repeated,
      get model() {
        if (model === undefined) throw new Error(`${match.pattern} names no model.`);
        return model;
      },
    };
    const reply = await route.handle(call);
    return this.world.settings.absent === 'null' ? withNulls(reply, match.pattern) : reply;
  }

  /** anaplan-api: "API behavior when the model is busy": all other endpoints wait. */
  private async untilFree(model: Model, gone: AbortSignal): Promise<boolean> {
    const busy = () =>
      model.status() === 'busy' || (this.world.settings.holdWhileBusy && model.tasks.running() !== undefined);
    while (busy()) {
      await pause(20, gone);
      if (gone.aborted) return false;
      await model.tasks.settle();
    }
    return true;
  }
}

/** A path with a workspace must name the model's own. */
function inWorkspace(pathname: string, model: Model): boolean {
  const asked = /^\/2\/0\/workspaces\/([^/]+)\/models\//.exec(pathname)?.[1];
  return asked === undefined || asked === model.entry.workspaceId;
}

/** Refuses by the state of the model (behaviour `model-states`). */
function refuseByState(model: Model, method: string, pattern: string): void {
  const status = model.status();
  if (status === 'open' || status === 'busy' || pattern === '/models/{m}') return;
  const about = pattern === '/models/{m}/status';
  if (about && status !== 'archived') return;
  const reads = method === 'GET';
  if (status === 'locked' && reads) return;
  if (status === 'deployed' && (reads || /\/(exports|readRequests)(\/|$)/.test(pattern))) return;
  throw new Refusal(REFUSALS[status], `Model ${status}`);
}

function isRequestCut(fault: FaultAction): boolean {
  return (
    (fault.kind === 'reset' || fault.kind === 'stall') &&
    typeof fault.when === 'object' &&
    'atRequestByte' in fault.when
  );
}

function faultReply(fault: Extract<FaultAction, { status: number }>, path: string): Reply {
  const reply =
    fault.body === undefined
      ? errorReply(fault.status, path)
      : typeof fault.body === 'string'
        ? { status: fault.status, headers: { 'content-type': 'text/html' }, body: Buffer.from(fault.body) }
        : json(fault.body, fault.status);
  return { ...reply, headers: { ...reply.headers, ...fault.headers } };
}
