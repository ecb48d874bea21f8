import { createHash, randomBytes } from 'node:crypto';
import { gzipSync, crc32 } from 'node:zlib';

import { SLICE_BYTES, type Storage, StorageError, type StorageErrorType } from '../../src/storage';

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
      it('appear at once and whole', async () => {
        await h.put('t.csv', Buffer.from('old'));
        const sink = await h.storage.openTarget(h.uri('t.csv'), TOKEN);
        await sink.write(Buffer.from('hello '));
        await sink.write(Buffer.from('world'));
        expect(await sink.sync()).toBe(11);
        expectBytes(await h.get('t.csv'), Buffer.from('old'));
        expect(await h.storage.targetState(h.uri('t.csv'), TOKEN)).toBe('part');
        await sink.commit();
        expectBytes(await h.get('t.csv'), Buffer.from('hello world'));
        expect(await h.list()).toEqual(['t.csv']);
        await sink.close();
      });

      it('may be empty', async () => {
        const sink = await h.storage.openTarget(h.uri('t.csv'), TOKEN);
        await sink.commit({ size: 0, crc32: 0 });
        expect(await h.get('t.csv')).toHaveLength(0);
      });

      it('go on at an offset, and from the start where the part is missing or shorter', async () => {
        const uri = h.uri('t.csv');
        const first = await h.storage.openTarget(uri, TOKEN);
        await first.write(Buffer.from('0123456789'));
        await first.close();
        const second = await h.storage.openTarget(uri, TOKEN, { resumeAt: 4 });
        expect(second.offset).toBe(4);
        await second.write(Buffer.from('abc'));
        await second.truncate(6);
        await second.write(Buffer.from('!'));
        await second.close();
        const beyond = await h.storage.openTarget(uri, 'run-2', { resumeAt: 4 });
        expect(beyond.offset).toBe(0);
        await beyond.abort();
        const third = await h.storage.openTarget(uri, TOKEN, { resumeAt: 7 });
        expect(third.offset).toBe(7);
        await third.commit();
        expectBytes(await h.get('t.csv'), Buffer.from('0123ab!'));
        const shorter = await h.storage.openTarget(uri, TOKEN);
        await shorter.write(Buffer.from('x'));
        await shorter.close();
        const tooFar = await h.storage.openTarget(uri, TOKEN, { resumeAt: 2 });
        expect(tooFar.offset).toBe(0);
        await tooFar.abort();
      });

      it('leave nothing behind when given up, and the parts of others alone', async () => {
        const uri = h.uri('t.csv');
        const mine = await h.storage.openTarget(uri, TOKEN);
        const other = await h.storage.openTarget(uri, 'run-2');
        await mine.write(Buffer.from('mine'));
        await other.write(Buffer.from('other'));
        await mine.abort();
        await mine.abort();
        await h.storage.discardPart(uri, TOKEN);
        expect(await h.storage.targetState(uri, TOKEN)).toBe('absent');
        expect(await h.storage.targetState(uri, 'run-2')).toBe('part');
        await other.commit();
        expectBytes(await h.get('t.csv'), Buffer.from('other'));
      });

      it('tell a commit that went through from a file of somebody else', async () => {
        const uri = h.uri('t.csv');
        const bytes = Buffer.from('content');
        const expected = { size: bytes.length, crc32: crc32(bytes) };
        expect(await h.storage.targetState(uri, TOKEN, expected)).toBe('absent');
        const sink = await h.storage.openTarget(uri, TOKEN);
        await sink.write(bytes);
        expect(await sink.commit(expected)).toEqual({ ...expected, sha256: sha256(bytes) });
        expect(await h.storage.digest(uri)).toEqual({ ...expected, sha256: sha256(bytes) });
        expect(await h.storage.targetState(uri, TOKEN, expected)).toBe('committed');
        expect(await h.storage.targetState(uri, TOKEN)).toBe('other');
        await h.put('t.csv', Buffer.from('CONTENT'));
        expect(await h.storage.targetState(uri, TOKEN, expected)).toBe('other');
      });

      it('never appear with other bytes than the expected ones', async () => {
        const sink = await h.storage.openTarget(h.uri('t.csv'), TOKEN);
        await sink.write(Buffer.from('wrong'));
        await failure(sink.commit({ size: 5, crc32: crc32(Buffer.from('right')) }), 'TransferCorrupt');
        await failure(sink.commit({ size: 6, crc32: crc32(Buffer.from('wrong')) }), 'TransferCorrupt');
        await sink.abort();
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
        expect(stored).toMatchObject({ size: 3, sha256: sha256(Buffer.from('a,b')), existed: false });
        let asked = false;
        const later = (async function* () {
          asked = true;
          yield Buffer.from('other');
        })();
        expect(await h.storage.putOnce(uri, later, TOKEN)).toEqual({ ...stored, existed: true });
        expect(asked).toBe(false);
        expect(await h.list()).toEqual(['dumps/wf/run/1-load.csv']);
      });

      it('are absent when their bytes fail to arrive, whose failure is passed on as it is', async () => {
        const broken = (async function* () {
          yield Buffer.from('half');
          throw new RangeError('connection lost');
        })();
        await expect(h.storage.putOnce(h.uri('d.csv'), broken, TOKEN)).rejects.toThrow(RangeError);
        expect(await h.list()).toEqual([]);
        expect(await h.storage.putOnce(h.uri('d.csv'), from(Buffer.from('ok')), TOKEN)).toMatchObject({
          existed: false,
        });
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
