import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { FaultAction } from './faults';
import { pause, reason, type Reply } from './http';

/** Bytes that were written get this long to arrive before a reset, which would overtake them. */
const ARRIVAL_MS = 25;

/** Sends an answer in order. Resolves when it has left, or the client has. */
export function sendWhole(res: ServerResponse, reply: Reply): Promise<boolean> {
  return new Promise((resolve) => {
    // A response has no socket yet while the one before it on the connection is still ending: it waits its turn.
    if (res.destroyed || res.req.socket.destroyed) return resolve(false);
    res.once('finish', () => resolve(true));
    res.once('close', () => resolve(false));
    const length = reply.status === 204 ? {} : { 'content-length': String(reply.body.length) };
    res.writeHead(reply.status, { ...reply.headers, ...length });
    res.end(reply.status === 204 ? undefined : reply.body);
  });
}

/** An answer sent by hand, because it breaks the rules that the server would keep. */
async function sendRaw(
  socket: Socket,
  reply: Reply,
  framing: Record<string, string>,
  part: Buffer,
): Promise<void> {
  const headers = { date: new Date().toUTCString(), ...reply.headers, ...framing };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`HTTP/1.1 ${reply.status} ${reason(reply.status)}\r\n${lines.join('')}\r\n`);
  await write(socket, Buffer.concat([head, part]));
}

function write(socket: Socket, part: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) return resolve();
    socket.once('close', resolve);
    socket.write(part, () => {
      socket.off('close', resolve);
      resolve();
    });
  });
}

/** Resets a connection (TCP RST). */
export function reset(socket: Socket): void {
  if (!socket.destroyed) socket.resetAndDestroy();
}

const length = (reply: Reply) => ({ 'content-length': String(reply.body.length) });

function corrupted(body: Buffer, at: number): Buffer {
  const copy = Buffer.from(body);
  const index = Math.min(at, copy.length - 1);
  const byte = copy[index];
  if (byte !== undefined) copy[index] = byte ^ 0xff;
  return copy;
}

function gzipped(reply: Reply, damage: boolean): Reply {
  const body = gzipSync(reply.body);
  return {
    status: reply.status,
    headers: { ...reply.headers, 'content-encoding': 'gzip' },
    body: damage ? corrupted(body, Math.floor(body.length / 2)) : body,
  };
}

/** Sends an answer the way a fault wants it. Answers whether the client could have received it whole. */
export async function sendFaulty(
  res: ServerResponse,
  socket: Socket,
  reply: Reply,
  action: FaultAction,
  gone: AbortSignal,
  hold: (ms: number | undefined) => Promise<void>,
): Promise<boolean> {
  switch (action.kind) {
    case 'reset':
      if (typeof action.when === 'object' && 'atByte' in action.when) {
        await sendRaw(socket, reply, length(reply), reply.body.subarray(0, action.when.atByte));
        await pause(ARRIVAL_MS);
      }
      reset(socket);
      return false;
    case 'fin':
      await sendRaw(socket, reply, length(reply), reply.body.subarray(0, action.atByte));
      socket.end();
      return false;
    case 'stall': {
      const byByte =
        typeof action.when === 'object' && 'atByte' in action.when ? action.when.atByte : undefined;
      if (byByte === undefined) {
        await hold(action.ms);
        return gone.aborted ? false : sendWhole(res, reply);
      }
      await sendRaw(socket, reply, { ...length(reply), connection: 'close' }, reply.body.subarray(0, byByte));
      await hold(action.ms);
      await write(socket, reply.body.subarray(byByte));
      socket.end();
      return !gone.aborted;
    }
    case 'truncate': {
      const part = reply.body.subarray(0, action.bytes);
      if (action.framing === 'chunked') {
        const frame = [Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')];
        await sendRaw(
          socket,
          reply,
          { 'transfer-encoding': 'chunked' },
          part.length === 0 ? part : Buffer.concat(frame),
        );
      } else {
        await sendRaw(socket, reply, length(reply), part);
      }
      socket.end();
      return false;
    }
    case 'corrupt':
      await sendWhole(res, { ...reply, body: corrupted(reply.body, action.atByte) });
      return false;
    case 'corrupt-gzip':
      await sendWhole(res, gzipped(reply, true));
      return false;
    case 'no-framing':
      await sendRaw(socket, reply, { connection: 'close' }, reply.body);
      socket.end();
      return true;
    case 'chunked':
      return new Promise((resolve) => {
        res.once('close', () => resolve(res.writableFinished));
        res.writeHead(reply.status, { ...reply.headers, 'transfer-encoding': 'chunked' });
        res.write(reply.body.subarray(0, Math.ceil(reply.body.length / 2)));
        res.end(reply.body.subarray(Math.ceil(reply.body.length / 2)));
      });
    case 'gzip':
      return sendWhole(res, gzipped(reply, false));
    case 'empty-2xx':
      await sendWhole(res, { status: 200, headers: {}, body: Buffer.alloc(0) });
      return false;
    default:
      return sendWhole(res, reply);
  }
}
