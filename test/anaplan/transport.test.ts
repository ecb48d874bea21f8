import type { ChunkBody } from '../../src/anaplan/types';
import { createServer as createTcp } from 'node:net';
import { gzipSync } from 'node:zlib';
import {
  type AnaplanClient,
  AnaplanError,
  type CallOptions,
  NOT_ANAPLANS,
  outcomeUnknown,
  RateLimiter,
} from '../../src/anaplan';
import { until } from '../support/until';
import {
  bytesOf,
  clientOf,
  fast,
  type Handler,
  json,
  ref,
  rejection,
  TestServer,
  tokenAnswer,
} from './server';

let server: TestServer;
let client: AnaplanClient;
const serve = (handler: Handler): void => {
  server.handler = handler;
};
const chunk = (c = client) => c.files.getChunk(ref, '116000000001', '0');
const error = async (promise: Promise<unknown>): Promise<AnaplanError> => {
  const e = await rejection(promise);
  expect(e).toBeInstanceOf(AnaplanError);
  return e as AnaplanError;
};

beforeEach(async () => {
  server = await TestServer.start((_, res) => json(res, {}));
  client = clientOf(server);
});
afterEach(async () => {
  await client.close();
  await server.stop();
});

const TEXT = Buffer.from('a,b\n1,2\n'.repeat(20_000));

describe('an answer that is no content, although its status is 200', () => {
  const HTML = '<html><body>We will be back soon</body></html>';
  const ENVELOPE = '{"status":{"code":500,"message":"x"},"path":"/x"}';
  const downloads: Record<string, (c: AnaplanClient) => Promise<unknown>> = {
    chunk: async (c) => bytesOf(await c.files.getChunk(ref, '116', '0')),
    file: async (c) => bytesOf(await c.files.getWhole(ref, '116')),
    page: async (c) => bytesOf(await c.reads.page(ref, { kind: 'views', id: '2' }, 'R', 0)),
    dump: async (c) =>
      bytesOf(await c.dumps.getChunk(ref, { kind: 'imports', id: '112' }, 'T', undefined, '0')),
    wholeDump: async (c) =>
      bytesOf(await c.dumps.getWhole(ref, { kind: 'imports', id: '112' }, 'T', undefined)),
  };
  const answer = (type: string | undefined, body: string | Buffer, pieces = 1, status = 200) =>
    serve((_, res) => {
      const bytes = Buffer.from(body);
      res.writeHead(status, {
        'content-length': bytes.length,
        ...(type === undefined ? {} : { 'content-type': type }),
      });
      const step = Math.ceil(bytes.length / pieces);
      for (let i = 0; i < bytes.length; i += step) res.write(bytes.subarray(i, i + step));
      res.end();
    });
  const all = Object.keys(downloads);
  const csv = ['page', 'dump', 'wholeDump'];

  test.each<[string, string | undefined, string | Buffer, string[]]>([
    ['a page', 'text/html', HTML, all],
    ['a page behind a mark and blanks', 'Text/HTML; charset=utf-8', `\uFEFF \r\n${HTML}`, all],
    ['an XHTML page', 'application/xhtml+xml', `<?xml version="1.0"?>${HTML}`, all],
    ['a page in UTF-16', 'text/html', Buffer.from(`\uFEFF${HTML}`, 'utf16le'), all],
    ['an envelope', 'application/json', ENVELOPE, all],
    ['an envelope in words', 'application/json;charset=UTF-8', '{"status":{"code":"404"}}', all],
    ['a problem', 'application/problem+json', '{"title":"x","status":503}', all],
    ['a page without a type', undefined, HTML, csv],
    ['a page as bytes', 'application/octet-stream', `\n<!DOCTYPE html>${HTML}`, csv],
    ['an envelope as bytes', 'application/octet-stream', ENVELOPE, csv],
  ])('%s of type %s is refused, however it is cut', async (_, type, body, names) => {
    for (const name of names) {
      for (const pieces of [1, Buffer.from(body).length]) {
        answer(type, body, pieces);
        const e = await error(downloads[name]?.(client) ?? Promise.resolve());
        expect([name, e.kind, e.status]).toEqual([name, 'body', 200]);
        expect(e.message).not.toContain('be back soon');
      }
    }
  });

  test('a part that nobody asked for is refused', async () => {
    answer('application/octet-stream', 'a,b\n', 1, 206);
    for (const name of all)
      expect((await error(downloads[name]?.(client) ?? Promise.resolve())).kind).toBe('body');
    expect((await error(client.files.list(ref))).kind).toBe('body');
  });

  test.each<[string, string | undefined, string, string[]]>([
    ['what only looks like a page', 'text/csv', '<html>,b\n', ['chunk', 'file']],
    ['an export of XML', 'application/octet-stream', '<a><b/></a>', ['chunk', 'file']],
    ['CSV that is called HTML', 'text/html', 'a,b\n1,2\n', all],
    ['CSV that is called JSON', 'application/json', 'a,b\n1,2\n', all],
    ['JSON without a status', 'application/json', '{"a":[1,2]}', all],
    ['JSON of a success', 'application/json', '{"status":{"code":200},"a":1}', all],
    ['long JSON', 'application/json', `{"status":{"code":500},"a":"${'x'.repeat(70_000)}"}`, ['chunk']],
    ['a header of one angle bracket', 'text/csv', '<,b\n', csv],
    ['blanks', 'text/html', '  ', all],
    ['one byte', undefined, 'a', all],
  ])('%s is content: a real export may be any bytes', async (_, type, body, names) => {
    for (const name of names) {
      for (const pieces of [1, Math.min(100, body.length)]) {
        answer(type, body, pieces);
        expect(String(await downloads[name]?.(client))).toBe(body);
      }
    }
  });

  test('is no list either: a chunk list that is an error would be a file without chunks', async () => {
    for (const [type, body] of [
      ['application/json', ENVELOPE],
      ['text/html', HTML],
    ] as const) {
      answer(type, body);
      expect((await error(client.files.chunks(ref, '116'))).kind).toBe('body');
      expect((await error(client.tasks.get(ref, { kind: 'imports', id: '112' }, 'T'))).kind).toBe('body');
    }
  });

  test('is no receipt for a chunk that was sent: the file would lack it', async () => {
    answer('text/html', HTML);
    const body = { length: 1, gzip: false, slices: () => [Buffer.from('a')] };
    const sending = client.files.putChunk(ref, '113', 0, body as unknown as ChunkBody);
    expect((await error(sending)).kind).toBe('body');
  });

  test('a chunk list with a chunk twice or left out is refused like a body that is cut', async () => {
    for (const ids of [
      [0, 1, 1],
      [0, 2],
    ]) {
      serve((_, res) => json(res, { chunks: ids.map((id) => ({ id })) }));
      const action = { kind: 'imports', id: '112' } as const;
      for (const list of [client.files.chunks(ref, '116'), client.dumps.chunks(ref, action, 'T', undefined)])
        expect(await error(list)).toMatchObject({ kind: 'body', message: expect.stringMatching(/chunk 1/) });
    }
  });
});

describe('a downloaded body', () => {
  test('arrives whole with a content-length', async () => {
    serve((_, res) => res.writeHead(200, { 'content-length': TEXT.length, 'content-type': 'x/y' }).end(TEXT));
    const body = await chunk();
    expect(body).toMatchObject({ contentLength: TEXT.length, contentType: 'x/y' });
    expect((await bytesOf(body)).equals(TEXT)).toBe(true);
    expect(server.seen[0]?.headers).toMatchObject({
      'accept-encoding': 'gzip',
      authorization: 'AnaplanAuthToken given-token',
    });
  });

  test('arrives whole in chunks, and gzip-encoded in either framing', async () => {
    serve((_, res) => {
      res.write(TEXT.subarray(0, 10));
      res.end(TEXT.subarray(10));
    });
    expect((await bytesOf(await chunk())).equals(TEXT)).toBe(true);
    const zip = gzipSync(TEXT);
    for (const headers of [{ 'content-length': zip.length }, { 'transfer-encoding': 'chunked' }]) {
      serve((_, res) => res.writeHead(200, { 'content-encoding': 'gzip', ...headers }).end(zip));
      const body = await chunk();
      expect(body.contentLength).toBeUndefined();
      expect((await bytesOf(body)).equals(TEXT)).toBe(true);
    }
  });

  const raw = (head: string, payload: Buffer, end: 'fin' | 'reset' = 'fin'): Handler => {
    return (_, __, socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n`);
      socket.write(payload, () =>
        setTimeout(() => (end === 'fin' ? socket.end() : socket.resetAndDestroy()), 20),
      );
    };
  };
  const zip = gzipSync(TEXT);
  const corrupt = Buffer.from(zip);
  corrupt[Math.floor(zip.length / 2)] = (corrupt[Math.floor(zip.length / 2)] ?? 0) ^ 0xff;
  const framed = (b: Buffer, length = b.length): string => `content-length: ${length}\r\n`;
  const gz = 'content-encoding: gzip\r\n';
  const oneChunk = Buffer.concat([Buffer.from(`${TEXT.length.toString(16)}\r\n`), TEXT, Buffer.from('\r\n')]);

  test.each<[string, Handler]>([
    ['content-length, cut by FIN', raw(framed(TEXT), TEXT.subarray(0, 99))],
    ['content-length, last byte missing', raw(framed(TEXT), TEXT.subarray(0, -1))],
    [
      'content-length and connection: close, cut by FIN',
      raw(`connection: close\r\n${framed(TEXT)}`, TEXT.subarray(0, 99)),
    ],
    ['content-length, cut by RST', raw(framed(TEXT), TEXT.subarray(0, 99), 'reset')],
    [
      'connection: close, cut by RST',
      raw(`connection: close\r\n${framed(TEXT)}`, TEXT.subarray(0, 99), 'reset'),
    ],
    ['chunked without the last chunk', raw('transfer-encoding: chunked\r\n', oneChunk)],
    [
      'chunked and connection: close without the last chunk',
      raw('connection: close\r\ntransfer-encoding: chunked\r\n', oneChunk),
    ],
    ['chunked, cut inside a chunk', raw('transfer-encoding: chunked\r\n', oneChunk.subarray(0, 50))],
    ['framed by nothing', raw('', TEXT)],
    ['framed by nothing, gzip without its trailer', raw(gz, zip.subarray(0, -8))],
    ['framed by nothing, gzip, empty', raw(gz, Buffer.alloc(0))],
    ['gzip cut, length right', raw(gz + framed(zip.subarray(0, 40)), zip.subarray(0, 40))],
    ['gzip corrupt', raw(gz + framed(corrupt), corrupt)],
    [
      'gzip with junk behind',
      raw(gz + framed(zip, zip.length + 4), Buffer.concat([zip, Buffer.from('junk')])),
    ],
    ['an encoding nobody asked for', raw('content-encoding: br\r\n' + framed(TEXT), TEXT)],
  ])('is refused: %s', async (_, handler) => {
    serve(handler);
    const e = await error(chunk().then(bytesOf));
    expect(e).toMatchObject({ kind: 'body', sent: 'answered', status: 200, method: 'GET' });
    expect(e.path).toBe('/workspaces/ws1/models/M1/files/116000000001/chunks/0');
  });

  test('framed by nothing is accepted with a whole gzip trailer', async () => {
    serve(raw(gz, zip));
    expect((await bytesOf(await chunk())).equals(TEXT)).toBe(true);
  });

  test('several gzip members are one body', async () => {
    const two = Buffer.concat([gzipSync('ab'), gzipSync('cd')]);
    serve(raw(gz + framed(two), two));
    expect((await bytesOf(await chunk())).toString()).toBe('abcd');
  });

  test('an empty one with a length is empty', async () => {
    serve((_, res) => res.writeHead(200, { 'content-length': 0 }).end());
    expect(await bytesOf(await chunk())).toHaveLength(0);
  });

  test('that stalls is a time-out', async () => {
    await client.close();
    client = clientOf(server, { timeouts: { bodyMs: 300 } });
    serve((_, res) => void res.writeHead(200, { 'content-length': 10 }).write('abc'));
    expect(await error(chunk().then(bytesOf))).toMatchObject({ kind: 'timeout', sent: 'answered' });
  });

  test('can be given up without reading it, and the client goes on', async () => {
    serve((_, res) => res.writeHead(200, { 'content-length': TEXT.length }).end(TEXT));
    const body = await chunk();
    await body.discard();
    await body.discard();
    const early = await chunk();
    for await (const part of early.stream) {
      expect(part.length).toBeGreaterThan(0);
      break;
    }
    expect(await bytesOf(await chunk())).toHaveLength(TEXT.length);
  });

  test('ends with the caller’s signal', async () => {
    serve((_, res) => void res.writeHead(200, { 'content-length': 10 }).write('abc'));
    const abort = new AbortController();
    const body = await client.files.getChunk(ref, '1', '0', { signal: abort.signal });
    setTimeout(() => abort.abort(new Error('enough')), 20);
    expect(await error(bytesOf(body))).toMatchObject({ code: 'ABORTED', sent: 'answered' });
  });
});

describe('a chunk that is sent', () => {
  const body = (parts: string[], gzip = false) => ({
    slices: function* () {
      for (const part of parts) yield Buffer.from(part);
    },
    length: parts.join('').length,
    gzip,
  });

  test('has its length and type, and answers 204', async () => {
    serve((_, res) => res.writeHead(204).end());
    await client.files.putChunk(ref, '113', 0, body(['ab', 'c']));
    await client.files.putChunk(ref, '113', 1, body(['zip'], true));
    expect(
      server.seen.map((s) => [s.url, s.headers['content-type'], s.headers['content-length'], String(s.body)]),
    ).toEqual([
      ['/2/0/workspaces/ws1/models/M1/files/113/chunks/0', 'application/octet-stream', '3', 'abc'],
      ['/2/0/workspaces/ws1/models/M1/files/113/chunks/1', 'application/x-gzip', '3', 'zip'],
    ]);
    expect(server.seen[0]?.headers['transfer-encoding']).toBeUndefined();
  });

  test('whose reader fails ends in the reader’s own error, and the server has no whole chunk', async () => {
    const lost = new Error('the disk is gone');
    const slices = async function* () {
      yield Buffer.from('a');
      await Promise.resolve();
      throw lost;
    };
    expect(await rejection(client.files.putChunk(ref, '113', 0, { slices, length: 9, gzip: false }))).toBe(
      lost,
    );
    expect(server.seen).toEqual([]);
  });

  test.each([
    ['too short', 9],
    ['too long', 2],
  ])('that is %s for its length never counts as sent', async (_, length) => {
    const e = await error(client.files.putChunk(ref, '113', 0, { ...body(['abc']), length }));
    expect(e.code).toBe('UND_ERR_REQ_CONTENT_LENGTH_MISMATCH');
    expect(server.seen).toEqual([]);
  });

  test('must not be gzip as a whole file', () => {
    expect(() => client.files.put(ref, '113', body(['a'], true))).toThrow(/must not be compressed/);
  });
});

describe('a call that may be sent only for a while', () => {
  const action = { kind: 'imports', id: '112' } as const;
  const start = (o: CallOptions) => client.tasks.start(ref, action, { localeName: 'en_US' }, o);
  const late = new Error('too late');
  const refuse = () => {
    throw late;
  };

  test.each<[string, CallOptions]>([
    ['while it is asked for', { beforeSend: () => Promise.reject(late) }],
    ['when a connection takes it', { atSend: refuse }],
  ])('is not sent once that is over, %s, and the caller hears his own reason', async (_, o) => {
    expect(await rejection(start(o))).toBe(late);
    expect(await rejection(client.tasks.cancel(ref, action, 'T', o))).toBe(late);
    const chunk = { slices: () => [Buffer.from('a')], length: 1, gzip: false };
    expect(await rejection(client.files.putChunk(ref, '113', 0, chunk, o))).toBe(late);
    expect(server.seen).toEqual([]);
    // The connections are as good as before.
    serve((_req, res) => json(res, { user: { id: 'u' } }));
    await client.users.me();
    expect(server.seen).toHaveLength(1);
  });

  test('is asked about again for each time that it is sent, after the log-in and right before the first byte', async () => {
    const order: string[] = [];
    serve((req, res) => {
      order.push(`${req.method} ${req.url.split('/').at(-1) ?? ''}`);
      if (req.url.endsWith('/token/authenticate')) return json(res, tokenAnswer('t'), 201);
      const first = order.filter((o) => o.startsWith('POST tasks')).length === 1;
      json(res, first ? {} : { task: { taskId: 'T' } }, first ? 401 : 200);
    });
    const basic = clientOf(server, { credentials: { kind: 'basic', user: 'u', password: 'p' } });
    await basic.tasks.start(
      ref,
      action,
      { localeName: 'en_US' },
      {
        beforeSend: async () => {
          await new Promise((resolve) => setTimeout(resolve, 20));
          order.push('asked');
        },
        atSend: () => void order.push('looked'),
      },
    );
    expect(order).toEqual([
      'POST authenticate',
      'asked',
      'looked',
      'POST tasks',
      'POST authenticate',
      'asked',
      'looked',
      'POST tasks',
    ]);
    await basic.close();
  });
});

describe('without an answer', () => {
  test('refused: provably nothing was sent', async () => {
    await server.stop();
    const e = await error(client.users.me());
    expect(e).toMatchObject({ kind: 'network', code: 'ECONNREFUSED', sent: 'no' });
    expect(outcomeUnknown(e)).toBe(false);
    server = await TestServer.start((_, res) => json(res, {}));
  });

  test('an unknown host: nothing was sent', async () => {
    const lost = clientOf(server, { apiUrl: 'http://nowhere.invalid' });
    expect(await error(lost.users.me())).toMatchObject({ kind: 'network', sent: 'no' });
    await lost.close();
  });

  test('a connection that never stands: nothing was sent', async () => {
    // A TLS handshake that nobody answers, because no address is sure to drop packets everywhere.
    const silent = createTcp((socket) => socket.on('error', () => undefined).resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const port = (silent.address() as { port: number }).port;
    const lost = clientOf(server, { apiUrl: `https://127.0.0.1:${port}`, timeouts: { connectMs: 300 } });
    expect(await error(lost.users.me())).toMatchObject({
      kind: 'timeout',
      sent: 'no',
      code: 'UND_ERR_CONNECT_TIMEOUT',
    });
    await lost.close();
    silent.close();
  });

  test.each(['start', 'get'] as const)(
    'reset after the request: unknown, and %s is not sent again',
    async (call) => {
      serve((_, __, socket) => socket.resetAndDestroy());
      const action = { kind: 'imports', id: '112' } as const;
      const e = await error(
        call === 'start'
          ? client.tasks.start(ref, action, { localeName: 'en_US' })
          : client.tasks.get(ref, action, 'T'),
      );
      expect(e).toMatchObject({ kind: 'network', sent: 'unknown' });
      expect(outcomeUnknown(e)).toBe(true);
      expect(server.seen).toHaveLength(1);
    },
  );

  test('a busy model that holds hundreds of calls open does not hold up those of other models', async () => {
    serve((req, res) => {
      if (req.url.includes('/models/BUSY')) return;
      json(res, req.method === 'POST' ? { taskId: 'T' } : { task: { taskId: 'T', taskState: 'COMPLETE' } });
    });
    const action = { kind: 'imports', id: '112' } as const;
    const body = { slices: () => [Buffer.from('abc')], length: 3, gzip: false };
    const calls = (modelId: string): Promise<unknown>[] => {
      const model = { workspaceId: 'ws1', modelId };
      return [
        client.tasks.get(model, action, 'T'),
        client.tasks.list(model, action),
        client.files.putChunk(model, '113', 0, body),
        client.tasks.start(model, action, { localeName: 'en_US' }),
        client.tasks.cancel(model, action, 'T'),
      ];
    };
    const held = Array.from({ length: 70 }, () => calls('BUSY')).flat();
    held.forEach((call) => call.catch(() => undefined));
    await until(() => server.seen.length === held.length);
    await Promise.all(calls('FREE'));
    expect(server.seen).toHaveLength(held.length + 5);
  });

  test('a poll is not waited for as long as a busy model holds other calls', async () => {
    await client.close();
    client = clientOf(server, { timeouts: { pollMs: 300 } });
    serve(() => undefined);
    const action = { kind: 'imports', id: '112' } as const;
    for (const poll of [
      client.tasks.get(ref, action, 'T'),
      client.reads.status(ref, { kind: 'views', id: '2' }, 'R'),
      client.models.status(ref),
    ]) {
      expect(await error(poll)).toMatchObject({ kind: 'timeout', sent: 'unknown' });
    }
  });

  test('a read request is waited for as long as its model may be busy: an answer that is lost leaves it open', async () => {
    await client.close();
    client = clientOf(server, { timeouts: { headersMs: 200, completeMs: 5_000 } });
    serve((_, res) =>
      setTimeout(
        () => json(res, { viewReadRequest: { requestId: 'R', requestState: 'NOT_STARTED' } }),
        1_500,
      ),
    );
    expect(await client.reads.create(ref, { kind: 'views', id: '2' })).toMatchObject({ requestId: 'R' });
  });

  test('no first byte in time: unknown', async () => {
    await client.close();
    client = clientOf(server, { timeouts: { headersMs: 300 } });
    serve(() => undefined);
    expect(await error(client.users.me())).toMatchObject({ kind: 'timeout', sent: 'unknown' });
  });

  test('aborted: at once, also while the connection is being made', async () => {
    serve(() => undefined);
    expect(await error(client.users.me({ signal: AbortSignal.timeout(50) }))).toMatchObject({
      code: 'ABORTED',
      sent: 'unknown',
    });
    const silent = createTcp((socket) => socket.on('error', () => undefined).resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const lost = clientOf(server, {
      apiUrl: `https://127.0.0.1:${(silent.address() as { port: number }).port}`,
      timeouts: { connectMs: 500 },
    });
    expect(await error(lost.users.me({ signal: AbortSignal.timeout(50) }))).toMatchObject({
      code: 'ABORTED',
      sent: 'no',
    });
    await lost.close();
    silent.close();
  });
});

describe('a status', () => {
  test('outside 2xx says what Anaplan said, and never a secret it echoed', async () => {
    serve((req, res) =>
      json(
        res,
        { status: { code: 404, message: `no model for ${req.headers.authorization}` }, path: '/x' },
        404,
      ),
    );
    const e = await error(client.models.get('M1'));
    expect(e).toMatchObject({ kind: 'status', status: 404, sent: 'answered', path: '/models/M1' });
    expect(e.message).toContain('no model for AnaplanAuthToken ***');
    expect(JSON.stringify(e) + e.message + String(e.stack)).not.toContain('given-token');
    expect(e.serverDate).toBeGreaterThan(0);
  });

  test('410 is sent again at once on a fresh connection, with its body, also POST /tasks', async () => {
    const action = { kind: 'processes', id: '118' } as const;
    serve((_, res) => (server.seen.length === 1 ? json(res, {}, 410) : json(res, { taskId: 'T1' })));
    expect(await client.tasks.start(ref, action, { localeName: 'en_US' })).toMatchObject({ taskId: 'T1' });
    expect(server.seen.map((s) => String(s.body))).toEqual(Array(2).fill('{"localeName":"en_US"}'));
    expect(server.seen[0]?.port).not.toBe(server.seen[1]?.port);
    serve((_, res) => json(res, {}, 410));
    expect(await error(client.users.me())).toMatchObject({ status: 410 });
    expect(server.seen).toHaveLength(4);
  });

  test('POST /tasks takes a connection of its own: a kept one may be dead', async () => {
    serve((req, res) => json(res, req.method === 'POST' ? { taskId: 'T' } : { user: { id: 'u' } }));
    await client.users.me();
    // undici notices on its next turn that the connection is free.
    await new Promise((resolve) => setTimeout(resolve, 20));
    await client.users.me();
    await client.tasks.start(ref, { kind: 'imports', id: '112' }, { localeName: 'en_US' });
    await client.tasks.start(ref, { kind: 'imports', id: '112' }, { localeName: 'en_US' });
    const ports = server.seen.map((s) => s.port);
    expect(ports[0]).toBe(ports[1]);
    expect(new Set(ports).size).toBe(3);
  });

  test.each([
    [{ 'retry-after': '3' }, 3_000],
    [{}, undefined],
  ])('429 with %j pauses every call of the tenant', async (headers, wait) => {
    const limiter = fast();
    const pause = jest.spyOn(limiter, 'pause').mockImplementation(() => undefined);
    const limited = clientOf(server, { limiter });
    serve((_, res) => json(res, {}, 429, headers as Record<string, string>));
    const e = await error(limited.users.me());
    expect(e.status).toBe(429);
    expect(e.retryAfterMs).toBe(wait);
    expect(pause).toHaveBeenCalledWith(wait ?? 10_000);
    expect(server.seen).toHaveLength(1);
    await limited.close();
  });

  test('429: a call that comes meanwhile waits', async () => {
    const limiter = new RateLimiter(540);
    const limited = clientOf(server, { limiter });
    serve((_, res) =>
      server.seen.length === 1
        ? json(res, {}, 429, { 'retry-after': '1' })
        : json(res, { user: { id: 'u' } }),
    );
    await error(limited.users.me());
    const from = performance.now();
    await limited.users.me();
    expect(performance.now() - from).toBeGreaterThan(900);
    await limited.close();
  });

  test("a model's status is asked by POST, as documented, and by GET where that is refused", async () => {
    const idle = { requestStatus: { currentStep: 'Open', progress: -1 } };
    serve((_, res) => json(res, idle));
    expect((await client.models.status(ref)).idle).toBe(true);
    const older = clientOf(server);
    serve((req, res) => (req.method === 'POST' ? json(res, {}, 405) : json(res, idle)));
    await older.models.status(ref);
    await older.models.status(ref);
    expect(server.seen.map((s) => s.method)).toEqual(['POST', 'POST', 'GET', 'GET']);
    serve((_, res) => json(res, { status: { message: 'No such model' } }, 404));
    const lost = clientOf(server);
    expect(await error(lost.models.status(ref))).toMatchObject({ status: 404, method: 'POST' });
    await Promise.all([older.close(), lost.close()]);
  });

  test('subsidiary views are listed where they are asked for', async () => {
    serve((_, res) => json(res, { views: [] }));
    await client.views.list(ref);
    await client.views.list(ref, { subsidiary: true });
    await client.views.listInModule(ref, '102', { subsidiary: true });
    expect(server.seen.map((s) => s.url.split('/models/M1')[1])).toEqual([
      '/views',
      '/views?includesubsidiaryviews=true',
      '/modules/102/views?includesubsidiaryviews=true',
    ]);
  });

  test('a redirect is followed on the same host, never to another', async () => {
    serve((req, res) =>
      req.url.endsWith('/moved')
        ? res.writeHead(200, { 'content-length': 2 }).end('ok')
        : res.writeHead(302, { location: '/2/0/moved' }).end(),
    );
    expect(String(await bytesOf(await chunk()))).toBe('ok');
    const other = await TestServer.start((_, res) => json(res, {}));
    serve((_, res) => res.writeHead(302, { location: `${other.url}/x` }).end());
    expect(await error(chunk())).toMatchObject({ status: 302 });
    expect(other.seen).toEqual([]);
    await other.stop();
  });
});

describe('a JSON answer', () => {
  test('that is not JSON, or lacks what is needed, is a protocol error', async () => {
    serve((_, res) => res.writeHead(200, { 'content-type': 'application/json' }).end('{"user":'));
    expect(await error(client.users.me())).toMatchObject({ kind: 'protocol', status: 200 });
    serve((_, res) => json(res, { user: { email: 'x' } }));
    const e = await error(client.users.me());
    expect(e.kind).toBe('protocol');
    expect(e.message).toContain('"id"');
  });

  test('that is larger than 32 MB is refused', async () => {
    serve((_, res) => {
      const part = Buffer.alloc(4 << 20, ' ');
      for (let i = 0; i < 9; i++) res.write(part);
      res.end('{}');
    });
    expect(await error(client.users.me())).toMatchObject({ kind: 'body' });
  });

  describe('of success that Anaplan cannot have given is none', () => {
    const action = { kind: 'imports', id: '112' } as const;
    const body = { slices: () => [Buffer.from('abc')], length: 3, gzip: false };
    const calls: [string, () => Promise<unknown>][] = [
      ['a chunk', () => client.files.putChunk(ref, '113', 0, body)],
      ['a file whole', () => client.files.put(ref, '113', body)],
      ['the chunk count', () => client.files.setChunkCount(ref, '113', 1)],
      ['complete', () => client.files.complete(ref, '113', { id: '113' })],
      ['the deletion of a file', () => client.files.delete(ref, '113')],
      ['a start', () => client.tasks.start(ref, action, { localeName: 'en_US' })],
      ['the deletion of a task', () => client.tasks.cancel(ref, action, 'T')],
      ['a read request', () => client.reads.create(ref, { kind: 'views', id: '101' })],
      ['its deletion', () => client.reads.delete(ref, { kind: 'views', id: '101' }, 'R')],
      ['a poll', () => client.tasks.get(ref, action, 'T')],
      ['a list', () => client.files.list(ref)],
      ['a chunk list', () => client.files.chunks(ref, '113')],
      ['the model', () => client.models.status(ref)],
    ];
    const answers: [string, string, string][] = [
      ['a page of a proxy', 'text/html', '<html><body>Please log in</body></html>'],
      ['an envelope with 500', 'application/json', '{"status":{"code":500,"message":"no"}}'],
      [
        'an envelope with 423 and all else',
        'application/json',
        '{"status":{"code":"423"},"taskId":"T","task":{"taskId":"T","taskState":"COMPLETE"},"file":{"id":"113"},"files":[],"chunks":[]}',
      ],
    ];
    test.each(calls.flatMap(([name, call]) => answers.map((answer) => [name, ...answer, call] as const)))(
      '%s answered by %s',
      async (_, __, type, text, call) => {
        serve((___, res) => res.writeHead(200, { 'content-type': type }).end(text));
        const e = await error(call());
        expect(e).toMatchObject({ kind: 'body', code: NOT_ANAPLANS, status: 200 });
        expect(outcomeUnknown(e)).toBe(true);
      },
    );

    test.each<[number, string | undefined]>([
      [204, undefined],
      [200, ''],
      [200, '{}'],
      [200, '{"status":{"code":200,"message":"Success"}}'],
      [202, '{"status":{"code":"204"}}'],
      [200, '{"status":"SUCCESS"}'],
    ])('while %d with %j is one', async (code, text) => {
      serve((_, res) => res.writeHead(code).end(text));
      await client.files.putChunk(ref, '113', 0, body);
    });
  });

  test('is asked for without compression, and read with it', async () => {
    const zip = gzipSync('{"user":{"id":"u"}}');
    serve((_, res) =>
      res.writeHead(200, { 'content-encoding': 'gzip', 'content-length': zip.length }).end(zip),
    );
    expect(await client.users.me()).toEqual({ id: 'u' });
    expect(server.seen[0]?.headers['accept-encoding']).toBe('identity');
  });

  test('of a start that was cut leaves its outcome unknown; one without an ID is told as such', async () => {
    const action = { kind: 'exports', id: '116' } as const;
    serve((_, __, socket) => void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"taskId":'));
    const e = await error(client.tasks.start(ref, action, { localeName: 'en_US' }));
    expect(e.kind).toBe('body');
    expect(outcomeUnknown(e)).toBe(true);
    serve((_, res) => res.writeHead(204).end());
    const answer = await client.tasks.start(ref, action, { localeName: 'en_US' });
    expect(answer.taskId).toBeUndefined();
    expect(answer.serverDate).toBeGreaterThan(0);
  });
});

test('IDs cannot leave their place in the path', async () => {
  await client.tasks.cancel(ref, { kind: 'imports', id: 'a/../b?c' }, 'T').catch(() => undefined);
  expect(server.seen[0]?.url).toBe('/2/0/workspaces/ws1/models/M1/imports/a%2F..%2Fb%3Fc/tasks/T');
  expect(() => client.workspaces.get('..')).toThrow(TypeError);
});

test('a base URL that has /2/0 already is not given another', async () => {
  const other = clientOf(server, { apiUrl: `${server.url}/2/0/` });
  serve((_, res) => json(res, { user: { id: 'u' } }));
  await other.users.me();
  expect(server.seen[0]?.url).toBe('/2/0/users/me');
  await other.close();
});
