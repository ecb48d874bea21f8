import { createHash, randomBytes } from 'node:crypto';
import { gzipSync, crc32 } from 'node:zlib';

import {
  SLICE_BYTES,
  StorageError,
  type ExpectedContent,
  type Sink,
  type SinkState,
  type Storage,
  type StorageErrorType,
} from '../../src/storage';

/** One adapter under the contract: how the tests put and look at bytes behind the storage's back. */
export interface Harness {
  storage: Storage;
  uri(name: string): string;
  put(name: string, bytes: Buffer): Promise<void>;
  remove(name: string): Promise<void>;
  /** Undefined where nothing is. */
  get(name: string): Promise<Buffer | undefined>;
  /** Names of everything there, unfinished writes included. */
  list(): Promise<string[]>;
  close(): Promise<void>;
}

const TOKEN = 'run-1';
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** What a target of that text must hold. */
export function contentOf(text: string): ExpectedContent {
  const bytes = Buffer.from(text);
  return { size: bytes.length, crc32: crc32(bytes) };
}

export async function collect(slices: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const slice of slices) {
    expect(slice.length).toBeGreaterThan(0);
    expect(slice.length).toBeLessThanOrEqual(SLICE_BYTES);
    all.push(Buffer.from(slice));
  }
  return Buffer.concat(all);
}

/** Compares as a whole: the matchers of the test runner go byte by byte, which takes seconds for a megabyte. */
export function expectBytes(actual: Buffer | undefined, expected: Buffer): void {
  expect(actual?.length).toBe(expected.length);
  expect(actual?.equals(expected)).toBe(true);
}

export async function* from(...slices: Buffer[]): AsyncGenerator<Buffer> {
  yield* slices;
}

/** The failure of an action, which must be of that type; its message must name something and end as a sentence. */
export async function failure(action: Promise<unknown>, type: StorageErrorType): Promise<string> {
  const error: unknown = await action.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(StorageError);
  if (!(error instanceof StorageError)) throw new Error('unreachable');
  expect({ type: error.type, message: error.message }).toEqual({ type, message: error.message });
  expect(error.message).toMatch(/[.)]$/);
  return error.message;
}

/** What every storage adapter must do. A user who switches adapters loses nothing that is tested here. */
export function storageContract(adapter: string, create: () => Promise<Harness>): void {
  describe(`storage contract: ${adapter}`, () => {
    let h: Harness;
    beforeEach(async () => {
      h = await create();
    });
    afterEach(() => h.close());

    describe('sources', () => {
      const bytes = randomBytes(3 * SLICE_BYTES + 12345);

      it('reads any part in slices, and stops at the end', async () => {
        await h.put('a.csv', bytes);
        const source = await h.storage.openSource(h.uri('a.csv'));
        expect(source).toMatchObject({ size: bytes.length, version: { size: bytes.length } });
        expectBytes(await source.peek(10), bytes.subarray(0, 10));
        expectBytes(await collect(source.read(0, bytes.length)), bytes);
        expectBytes(
          await collect(source.read(777, 2 * SLICE_BYTES)),
          bytes.subarray(777, 777 + 2 * SLICE_BYTES),
        );
        expectBytes(await collect(source.read(bytes.length - 5, 100)), bytes.subarray(-5));
        expect(await collect(source.read(bytes.length, 100))).toHaveLength(0);
        expect((await source.peek(10 * bytes.length)).length).toBe(bytes.length);
        await source.verify();
        await source.close();
        await source.close();
      });

      it('can be opened again by its own URI and version', async () => {
        await h.put('a b%20ü#?.csv', bytes);
        const source = await h.storage.openSource(h.uri('a b%20ü#?.csv'));
        const pinned: typeof source.version = JSON.parse(JSON.stringify(source.version));
        await source.close();
        const again = await h.storage.openSource(source.uri, { pinned });
        expectBytes(await collect(again.read(0, 10)), bytes.subarray(0, 10));
        await again.close();
      });

      it('notices another version, when open and when opened again', async () => {
        await h.put('a.csv', bytes);
        const source = await h.storage.openSource(h.uri('a.csv'));
        await h.put('a.csv', Buffer.concat([bytes, Buffer.from('more')]));
        await failure(source.verify(), 'SourceChanged');
        await failure(h.storage.openSource(source.uri, { pinned: source.version }), 'SourceChanged');
        await h.put('a.csv', Buffer.alloc(0));
        await failure(h.storage.openSource(source.uri, { pinned: source.version }), 'SourceChanged');
        await h.remove('a.csv');
        await failure(source.verify(), 'SourceChanged');
        await source.close();
      });

      it('stops when told to', async () => {
        await h.put('a.csv', bytes);
        const source = await h.storage.openSource(h.uri('a.csv'));
        const stop = new AbortController();
        const reading = source.read(0, bytes.length, stop.signal)[Symbol.asyncIterator]();
        await reading.next();
        stop.abort(new Error('enough'));
        await expect(reading.next()).rejects.toThrow('enough');
        await source.close();
      });

      it('refuses what is missing, empty, a zip, or not what its name says', async () => {
        const open = (name: string, o = {}) => h.storage.openSource(h.uri(name), o);
        expect(await failure(open('none.csv'), 'SourceNotFound')).toContain('none.csv');
        await h.put('empty.csv', Buffer.alloc(0));
        await failure(open('empty.csv'), 'SourceEmpty');
        await h.put('empty.csv.gz', gzipSync(''));
        await failure(open('empty.csv.gz'), 'SourceEmpty');
        const zip = Buffer.from('PK\x03\x04rest of a zip');
        await h.put('a.zip', zip);
        expect(await failure(open('a.zip'), 'InvalidInput')).toContain('zip');
        await (await open('a.zip', { workbook: true })).close();
        await h.put('zip.gz', gzipSync(zip));
        await failure(open('zip.gz'), 'InvalidInput');
        await h.put('packed.csv', gzipSync('a,b'));
        expect(await failure(open('packed.csv'), 'InvalidInput')).toContain('.gz');
        await h.put('plain.csv.gz', Buffer.from('a,b\n1,2\n'));
        await failure(open('plain.csv.gz'), 'InvalidInput');
        await h.put('twice.csv.gz', gzipSync(gzipSync('a,b')));
        await failure(open('twice.csv.gz'), 'InvalidInput');
      });

      it('reads the decompressed bytes of a .gz of several members, from any offset, again and again', async () => {
        const members = [bytes.subarray(0, 100), Buffer.alloc(0), bytes.subarray(100)];
        await h.put('a.csv.GZ', Buffer.concat(members.map((m) => gzipSync(m))));
        const source = await h.storage.openSource(h.uri('a.csv.GZ'));
        expect(source.size).toBeUndefined();
        expectBytes(await source.peek(200), bytes.subarray(0, 200));
        const chunk = SLICE_BYTES + 17;
        for (let at = 0; at < bytes.length; at += chunk) {
          await source.verify();
          expectBytes(await collect(source.read(at, chunk)), bytes.subarray(at, at + chunk));
          expectBytes(await source.peek(3), bytes.subarray(0, 3));
        }
        expect(await collect(source.read(bytes.length, 1))).toHaveLength(0);
        for (const at of [0, 5, 99, 100, 2 * SLICE_BYTES + 1, 7, bytes.length - 1]) {
          const resumed = await h.storage.openSource(source.uri, { pinned: source.version });
          expectBytes(await collect(resumed.read(at, chunk)), bytes.subarray(at, at + chunk));
          expectBytes(await collect(source.read(at, 20)), bytes.subarray(at, at + 20));
          await resumed.close();
        }
        await source.close();
      });

      it('reads back what stands in it, and stops when the check says so', async () => {
        await h.put('a.csv', bytes);
        const packed = Buffer.concat([gzipSync(bytes.subarray(0, 100)), gzipSync(bytes.subarray(100))]);
        await h.put('a.csv.gz', packed);
        for (const [name, stored] of [
          ['a.csv', bytes],
          ['a.csv.gz', packed],
        ] as const) {
          const source = await h.storage.openSource(h.uri(name));
          await collect(source.read(5, 100));
          let checks = 0;
          expect(await source.readBack(() => void (checks += 1))).toEqual({
            size: stored.length,
            sha256: sha256(stored),
            crc32: crc32(bytes),
          });
          expect(checks).toBeGreaterThan(3);
          expectBytes(await collect(source.read(105, 100)), bytes.subarray(105, 205));
          let left = 2;
          const stopping = source.readBack(() => {
            left -= 1;
            if (left < 0) throw new RangeError('no more');
          });
          await expect(stopping).rejects.toThrow(RangeError);
          await source.close();
        }
      });

      it('goes on in a .gz where a reader left off in the middle of a slice sequence', async () => {
        await h.put('a.gz', gzipSync(bytes));
        const source = await h.storage.openSource(h.uri('a.gz'));
        let seen = 0;
        for await (const slice of source.read(0, bytes.length)) {
          seen = slice.length;
          break;
        }
        expectBytes(await collect(source.read(seen, 1000)), bytes.subarray(seen, seen + 1000));
        await source.close();
      });

      it.each([
        ['truncated', (gz: Buffer) => gz.subarray(0, -9)],
        ['without its trailer', (gz: Buffer) => gz.subarray(0, -8)],
        ['damaged', (gz: Buffer) => Buffer.concat([gz.subarray(0, -4), Buffer.from('oops')])],
      ])('never passes a %s .gz off as whole', async (_what, damage) => {
        await h.put('a.csv.gz', damage(gzipSync(bytes)));
        const source = await h.storage.openSource(h.uri('a.csv.gz'));
        await failure(collect(source.read(0, 2 * bytes.length)), 'TransferCorrupt');
        await failure(source.readBack(), 'TransferCorrupt');
        await source.close();
      });
    });

    describe('targets', () => {
      const open = (token = TOKEN) => h.storage.openTarget(h.uri('t.csv'), token);
      const resume = (state: SinkState, token = TOKEN) =>
        // As heartbeats and histories keep it.
        h.storage.resumeTarget(h.uri('t.csv'), token, JSON.parse(JSON.stringify(state)) as SinkState);
      const write = async (sink: Sink, text: string) => {
        for (const letter of text) await sink.write(Buffer.from(letter));
      };
      const commit = (sink: Sink, text: string) => sink.commit(contentOf(text));

      it('appear at once and whole', async () => {
        await h.put('t.csv', Buffer.from('old'));
        const sink = await open();
        await sink.write(Buffer.from('hello '));
        await sink.write(Buffer.from('world'));
        expect(sink.size).toBe(11);
        await sink.sync();
        expectBytes(await h.get('t.csv'), Buffer.from('old'));
        let whole = false;
        const expected = contentOf('hello world');
        const digest = await sink.commit(expected, () => void (whole = true));
        expect(digest).toEqual({ ...expected, sha256: sha256(Buffer.from('hello world')) });
        expect(whole).toBe(true);
        expectBytes(await h.get('t.csv'), Buffer.from('hello world'));
        expect(await h.list()).toEqual(['t.csv']);
        await sink.close();
      });

      it('may be empty', async () => {
        await commit(await open(), '');
        expect(await h.get('t.csv')).toHaveLength(0);
      });

      it('do not appear where the last look before it says no', async () => {
        await h.put('t.csv', Buffer.from('old'));
        const sink = await open();
        await write(sink, 'new');
        const refused = sink.commit(contentOf('new'), () => {
          throw new RangeError('given up');
        });
        await expect(refused).rejects.toThrow(RangeError);
        await sink.close();
        expectBytes(await h.get('t.csv'), Buffer.from('old'));
      });

      it('are gone on with from any state that was given, by whoever has it', async () => {
        const text = 'abcdefghijklmnopqrstuvwxyz';
        const states: [number, SinkState][] = [];
        const first = await open();
        states.push([0, await first.sync()]);
        for (let at = 0; at < text.length; at++) {
          await write(first, text.slice(at, at + 1));
          if (at % 3 === 0) states.push([at + 1, await first.sync()]);
        }
        await first.close();
        for (const [size, state] of states.reverse()) {
          const again = await resume(state);
          expect(again?.size).toBe(size);
          if (!again) continue;
          // What is written now may have other bytes than what was written there before.
          await write(again, '0123456789'.slice(0, 4));
          const further = await again.sync();
          await write(again, 'dropped');
          await again.close();
          const last = await resume(further);
          expect(last?.size).toBe(size + 4);
          if (!last) continue;
          await write(last, '.');
          await last.close();
        }
        const sink = await resume(states.at(-1)?.[1] ?? {});
        if (!sink) throw new Error('not resumed');
        await write(sink, 'whole');
        await commit(sink, 'whole');
        expectBytes(await h.get('t.csv'), Buffer.from('whole'));
        expect(await h.list()).toEqual(['t.csv']);
      });

      it('say what they are after they were gone on with', async () => {
        const first = await open();
        await write(first, 'one and ');
        const state = await first.sync();
        await write(first, 'half a');
        await first.close();
        const second = await resume(state);
        if (!second) throw new Error('not resumed');
        await write(second, 'two');
        await second.sync();
        await commit(second, 'one and two');
        expectBytes(await h.get('t.csv'), Buffer.from('one and two'));
      });

      it('are not gone on with where what gathered is gone, or what is asked for is no state', async () => {
        const sink = await open();
        await write(sink, 'abc');
        const state = await sink.sync();
        await sink.close();
        expect(await resume(state, 'run-2')).toBeUndefined();
        expect(await resume({})).toBeUndefined();
        expect(await resume({ offset: 'x', id: 7 })).toBeUndefined();
        await h.storage.discardPart(h.uri('t.csv'), TOKEN);
        expect(await resume(state)).toBeUndefined();
        expect(await h.list()).toEqual([]);
      });

      it('begin anew where they are opened again', async () => {
        const first = await open();
        await write(first, 'abc');
        const state = await first.sync();
        await first.close();
        const second = await open();
        expect(second.size).toBe(0);
        await write(second, 'x');
        await second.sync();
        await second.close();
        expect(await resume(state)).toBeUndefined();
      });

      it('go back to what was whole, or stay at their last state', async () => {
        const text = 'one,two,three,four';
        for (let size = 4; size <= text.length; size++) {
          const sink = await open();
          await write(sink, text.slice(0, 4));
          const before = await sink.sync();
          await write(sink, text.slice(4));
          const back = await sink.rollBack(size);
          await sink.close();
          const again = await resume(back ?? before);
          const stands = back ? size : 4;
          expect(again?.size).toBe(stands);
          if (!again) return;
          await write(again, `${text.slice(stands)}!`);
          await commit(again, `${text}!`);
          expectBytes(await h.get('t.csv'), Buffer.from(`${text}!`));
        }
      });

      it('leave nothing behind when given up, and the parts of others alone', async () => {
        const uri = h.uri('t.csv');
        const mine = await open();
        const other = await open('run-2');
        await write(mine, 'mine, and more');
        await mine.sync();
        await write(other, 'other');
        await mine.close();
        await h.storage.discardPart(uri, TOKEN);
        await h.storage.discardPart(uri, TOKEN);
        await commit(other, 'other');
        expectBytes(await h.get('t.csv'), Buffer.from('other'));
        expect(await h.list()).toEqual(['t.csv']);
      });

      it('tell a commit that went through from a file of somebody else', async () => {
        const uri = h.uri('t.csv');
        const expected = contentOf('content');
        const digest = { ...expected, sha256: sha256(Buffer.from('content')) };
        const committed = () => h.storage.committed(uri, TOKEN, expected);
        expect(await committed()).toBeUndefined();
        const sink = await open();
        await write(sink, 'content');
        expect(await sink.commit(expected)).toEqual(digest);
        expect(await committed()).toEqual(digest);
        await h.put('t.csv', Buffer.from('CONTENT'));
        expect(await committed()).toBeUndefined();
        await h.put('t.csv', Buffer.from('content'));
        await (await open()).close();
        // Ours still gathers, so what stands there was put by somebody else.
        expect(await committed()).toBeUndefined();
      });

      it('never appear with other bytes than the expected ones', async () => {
        for (const expected of [contentOf('right'), { ...contentOf('wrong'), size: 6 }, contentOf('')]) {
          const sink = await open();
          await write(sink, 'wrong');
          await failure(sink.commit(expected), 'TransferCorrupt');
          await sink.close();
        }
        await h.storage.discardPart(h.uri('t.csv'), TOKEN);
        expect(await h.list()).toEqual([]);
      });

      it('can be tried, and tell who else has begun one', async () => {
        const uri = h.uri('new/t.csv');
        const [one, two] = ['11111111-aaaa-4aaa-8aaa-111111111111', '22222222-aaaa-4aaa-8aaa-222222222222'];
        const tried = await h.storage.tryTarget(uri, one);
        expect(tried.uri).toMatch(/t\.csv$/);
        expect(await h.storage.otherParts(uri, one)).toEqual([]);
        await h.storage.tryTarget(uri, two);
        const seen = [...(await h.storage.otherParts(uri, one)), ...(await h.storage.otherParts(uri, two))];
        expect(seen.map((part) => part.token)).toEqual([two, one]);
        expect(seen.filter((part) => part.older)).toHaveLength(1);
        // A trial never costs an attempt what it has got.
        const sink = await h.storage.openTarget(uri, one);
        await write(sink, 'abcdefgh');
        const state = await sink.sync();
        await sink.close();
        await h.storage.tryTarget(uri, one);
        const again = await h.storage.resumeTarget(uri, one, state);
        expect(again?.size).toBe(8);
        await again?.close();
        await h.storage.discardPart(uri, two);
        expect(await h.storage.otherParts(uri, one)).toEqual([]);
        await h.storage.discardPart(uri, one);
        expect(await h.list()).toEqual([]);
      });

      it('must be files, of writers with a safe name', async () => {
        await failure(h.storage.openTarget(h.uri('dir/'), TOKEN), 'InvalidInput');
        await failure(h.storage.openTarget(h.uri('t.csv'), '../evil'), 'InvalidInput');
        await failure(h.storage.openTarget(h.uri('t.csv'), ''), 'InvalidInput');
        expect(await h.list()).toEqual([]);
      });
    });

    describe('files that are stored once', () => {
      it('are stored whole, and not again by a later attempt', async () => {
        const uri = h.uri('dumps/wf/run/1-load.csv');
        const stored = await h.storage.putOnce(uri, from(Buffer.from('a,'), Buffer.from('b')), TOKEN);
        expect(stored.size).toBe(3);
        let asked = false;
        const later = (async function* () {
          asked = true;
          yield Buffer.from('other');
        })();
        expect(await h.storage.putOnce(uri, later, TOKEN)).toEqual(stored);
        expect(asked).toBe(false);
        expectBytes(await h.get('dumps/wf/run/1-load.csv'), Buffer.from('a,b'));
        await h.storage.tryOnce(h.uri('dumps/wf/run/2-load.csv'), TOKEN);
        expect(await h.list()).toEqual(['dumps/wf/run/1-load.csv']);
      });

      it('are absent when their bytes fail to arrive, whose failure is passed on as it is', async () => {
        const broken = (async function* () {
          yield Buffer.from('half');
          throw new RangeError('connection lost');
        })();
        await expect(h.storage.putOnce(h.uri('d.csv'), broken, TOKEN)).rejects.toThrow(RangeError);
        expect(await h.list()).toEqual([]);
        expect((await h.storage.putOnce(h.uri('d.csv'), from(Buffer.from('ok')), TOKEN)).size).toBe(2);
        expectBytes(await h.get('d.csv'), Buffer.from('ok'));
      });
    });

    it.each(['s3://bucket/key', 'https://x.example/y.csv', 'abfss://c@a/x', '', '  '])(
      'refuses %j',
      async (uri) => {
        await failure(h.storage.openSource(uri), 'InvalidInput');
        await failure(h.storage.openTarget(uri, TOKEN), 'InvalidInput');
        await failure(h.storage.putOnce(uri, from(), TOKEN), 'InvalidInput');
      },
    );
  });
}
