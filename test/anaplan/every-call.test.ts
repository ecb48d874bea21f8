/** The client makes every call of the API against the sandbox, and survives every answer that is a little odd. */
import { Readable } from 'node:stream';
import { AnaplanClient, AnaplanError, CALLS, UNDOCUMENTED_CALLS } from '../../src/anaplan';
import type { Transport, WireRequest } from '../../src/anaplan/http/transport';
import type { WireResponse } from '../../src/anaplan/http/body';
import { ENDPOINTS, type Sandbox, startSandbox } from '../../src/sandbox';
import {
  ACTIONS,
  asked,
  chunkOf,
  EVERY_CALL,
  type Known,
  nothingKnown,
  PRODUCTS_FILE,
  REF,
  unnamed,
} from './every-call';
import { fast } from './server';

/** What a call was answered with. */
interface Answer {
  headers: WireResponse['headers'];
  body: Buffer;
}

let sandbox: Sandbox;
let client: AnaplanClient;
const known: Known = nothingKnown();
/** The last answer of each call. */
const answers = new Map<string, Answer>();

const transportOf = (of: AnaplanClient) => (of as unknown as { transport: Transport }).transport;

async function read(body: Readable): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of body) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

beforeAll(async () => {
  sandbox = await startSandbox({
    requestsPerMinute: false,
    taskDurationMs: 0,
    minPollMs: 0,
    readDurationMs: 0,
  });
  const { url, credentials } = sandbox;
  client = new AnaplanClient({
    apiUrl: url,
    authUrl: url,
    credentials: { kind: 'basic', ...credentials },
    limiter: fast(),
  });
  await client.files.setChunkCount(REF, PRODUCTS_FILE, 1);
  await client.files.putChunk(REF, PRODUCTS_FILE, 0, chunkOf('Code,Name,Category,Launch Date,Active\n'));
});
afterAll(async () => {
  await client.close();
  await sandbox.close();
});

test('the list has the 84 calls of the guide, each once, and no other method than the client has', () => {
  expect(CALLS.map(({ method, path }) => `${method} ${path}`)).toHaveLength(84);
  expect(new Set(CALLS.map(({ method, path }) => `${method} ${path}`)).size).toBe(84);
  for (const { client: name } of [...CALLS, ...UNDOCUMENTED_CALLS]) {
    const [area = '', method = ''] = name.split('.');
    const of = client[area as 'files'] as unknown as Record<string, unknown>;
    expect([name, typeof of[method]]).toEqual([name, 'function']);
  }
  // Who adds a call to the list adds it to this test.
  expect(EVERY_CALL.map(({ call }) => call).sort()).toEqual(
    [...CALLS, ...UNDOCUMENTED_CALLS].map(({ method, path }) => `${method} ${path}`).sort(),
  );
});

test('every call has an endpoint of the sandbox', () => {
  const answered = ENDPOINTS.map(({ method, pattern }) => `${method} ${unnamed(pattern)}`);
  const missing = [...CALLS, ...UNDOCUMENTED_CALLS].filter(
    ({ method, path }) => !answered.includes(`${method} ${unnamed(path)}`),
  );
  expect(missing).toEqual([]);
});

test('the client makes every call, and the sandbox answers it', async () => {
  const transport = transportOf(client);
  const send = transport.send.bind(transport);
  let current = '';
  transport.send = async (request, before) => {
    const res = await send(request, before);
    const body = await read(res.body);
    answers.set(current, { headers: res.headers, body });
    return { ...res, body: Readable.from([body]) };
  };
  try {
    for (const { call, step } of EVERY_CALL) {
      current = call;
      const before = sandbox.record.length;
      await step(client, known);
      await sandbox.settle();
      const [method, path = ''] = call.split(' ');
      // Clients send POST where the guide's example has GET.
      const verb = path.endsWith('/close') ? 'POST' : method;
      expect([call, asked(sandbox).length > before]).toEqual([call, true]);
      expect([call, asked(sandbox).at(-1)]).toEqual([call, `${verb} ${unnamed(path)}`]);
    }
  } finally {
    transport.send = send;
  }
  expect(sandbox.misuse).toEqual([]);
  expect(known.taskId[ACTIONS.imports.kind]).not.toBe('T');
}, 120_000);

test('a list whose answer is larger than what is held of one is read item by item', async () => {
  const transport = transportOf(client);
  const send = transport.send.bind(transport);
  const name = 'x'.repeat(1_000);
  let made = 0;
  const pieces = function* () {
    yield Buffer.from('{"meta":{},"listItems":[');
    for (made = 0; made < 40_000; made++)
      yield Buffer.from(`${made === 0 ? '' : ','}{"id":"${made}","name":"${name}"}`);
    yield Buffer.from(']}');
  };
  transport.send = (request: WireRequest) =>
    Promise.resolve({
      method: request.method,
      path: request.path,
      status: 200,
      headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
      body: Readable.from(pieces()),
    });
  try {
    let count = 0;
    for await (const { id } of client.lists.items(REF, '101000000003')) {
      expect(id).toBe(String(count));
      count += 1;
    }
    expect(count).toBe(40_000);
    // Who has seen enough leaves the loop, and the rest is not read.
    for await (const item of client.lists.items(REF, '101000000003')) {
      expect(item.id).toBe('0');
      break;
    }
    expect(made).toBeLessThan(1_000);
  } finally {
    transport.send = send;
  }
});

test('pages are read one by one, or the one that is asked for', async () => {
  const names: string[] = [];
  for await (const one of client.users.each({ limit: 2 })) names.push(one.id);
  expect(names).toEqual((await client.users.list()).map(({ id }) => id));
  expect(await client.users.list({ offset: 1, limit: 1 })).toEqual((await client.users.list()).slice(1, 2));
});

test('what is more than one request may be is refused before anything is sent', async () => {
  const before = sandbox.record.length;
  const items = Array.from({ length: 100_001 }, () => ({ name: 'x' }));
  await expect(client.lists.add(REF, '101000000005', items)).rejects.toThrow(RangeError);
  const cell = { lineItemName: 'Target', value: 'x'.repeat(1_000) };
  await expect(client.cells.write(REF, '102000000003', Array(100_001).fill(cell))).rejects.toThrow(
    RangeError,
  );
  await expect(client.cells.write(REF, '102000000003', Array(16_000).fill(cell))).rejects.toThrow('bytes');
  expect(() => client.dimensions.lookup(REF, '101000000005', {})).toThrow(RangeError);
  expect(() => client.models.bulkDelete('w', [])).toThrow(RangeError);
  expect(sandbox.record).toHaveLength(before);
});

/** Without these an answer is of no use, and an error says so. */
const NEEDED = new Set(['id', 'taskId', 'requestId', 'requestState', 'moduleId']);
/** What the envelope says is not of the answer. */
const ENVELOPE = new Set(['meta', 'status']);

type Path = (string | number)[];

/** The places of a value: of a list only the first two items. */
function* places(value: unknown, at: Path = []): Generator<Path> {
  if (typeof value !== 'object' || value === null) return;
  const entries = Array.isArray(value) ? [...value.entries()].slice(0, 2) : Object.entries(value);
  for (const [key, inner] of entries as [string | number, unknown][]) {
    if (at.length === 0 && ENVELOPE.has(String(key))) continue;
    yield [...at, key];
    yield* places(inner, [...at, key]);
  }
}

/** An answer with one place changed. */
function changed(body: unknown, path: Path, to: unknown): unknown {
  const copy = structuredClone(body);
  let parent = copy as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) parent = parent[key] as Record<string | number, unknown>;
  const last = path.at(-1) ?? '';
  if (to !== undefined) parent[last] = to;
  else if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else Reflect.deleteProperty(parent, last);
  return copy;
}

const ODD: [string, (value: unknown) => unknown][] = [
  [
    'a value that nobody documented',
    (value) => (typeof value === 'string' ? 'SOMETHING_NEW' : { new: 'SHAPE' }),
  ],
  ['null', () => null],
  ['a number for a text', (value) => (typeof value === 'string' ? 4711 : '4711')],
  ['nothing', () => undefined],
];

test('an answer with a value that nobody documented, a null, another type or a gap is read, or is an error that says what is missing', async () => {
  const transport = transportOf(client);
  const send = transport.send.bind(transport);
  const found: string[] = [];
  let tried = 0;
  try {
    for (const { call, step } of EVERY_CALL) {
      const answer = answers.get(call);
      if (answer === undefined || !/json/.test(String(answer.headers['content-type']))) continue;
      const body = JSON.parse(answer.body.toString()) as unknown;
      for (const path of places(body)) {
        const value = path.reduce<unknown>((of, key) => (of as Record<string | number, unknown>)[key], body);
        for (const [odd, to] of ODD) {
          const text = Buffer.from(JSON.stringify(changed(body, path, to(value))));
          transport.send = (request: WireRequest) =>
            Promise.resolve({
              method: request.method,
              path: request.path,
              status: 200,
              headers: { 'content-type': 'application/json', 'content-length': String(text.length) },
              body: Readable.from([text]),
            });
          tried += 1;
          const error = await step(client, nothingKnown()).then(
            () => undefined,
            (thrown: unknown) => thrown,
          );
          if (error === undefined) continue;
          // A chunk with another number is one that is missing.
          const clear = error instanceof AnaplanError && ['protocol', 'body'].includes(error.kind);
          const container = typeof value === 'object';
          if (!clear || !(container || NEEDED.has(String(path.at(-1)))))
            found.push(`${call}: ${path.join('.')} as ${odd}: ${String(error)}`);
        }
      }
    }
  } finally {
    transport.send = send;
  }
  expect(found).toEqual([]);
  expect(tried).toBeGreaterThan(2_000);
}, 300_000);
