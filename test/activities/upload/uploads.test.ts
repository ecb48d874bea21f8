import { createHash } from 'node:crypto';
import {
  appendFileSync,
  openSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
  closeSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32, gzipSync } from 'node:zlib';

import type { PinnedSource, UploadPosition } from '../../../src/activities';
import { attempt, Bench, shutDown, type AttemptOptions, ROOT } from '../support';

const FILE = { id: '113000000003', name: 'bulk.csv' };
const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
/** Rows with words that would be recognised in a heartbeat. */
const SOURCE = Buffer.from(
  'Key,Value\n' + Array.from({ length: 400 }, (_, i) => `Smith${i},${48_000 + i}\n`).join(''),
);
const CHUNK = 640;
const tick = () => new Promise((resolve) => setImmediate(resolve));

describe('uploading chunks: one version of the source, every byte once, wherever an attempt ends', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start({ deps: { chunkBytes: CHUNK } });
  });
  afterAll(() => bench.close());
  beforeEach(() => {
    bench.sandbox.reset();
    bench.write('bulk.csv', SOURCE);
  });

  const open = async (source = 'bulk.csv'): Promise<PinnedSource> => {
    const { result } = await attempt(() =>
      bench.activities['anaplan.openSource']({ source, root: ROOT, workbook: false }),
    );
    if (!result) throw new Error('not opened');
    return result;
  };
  const send = (source: PinnedSource, from?: UploadPosition, o?: AttemptOptions) =>
    attempt(
      () =>
        bench.activities['anaplan.uploadChunks']({
          ...bench.call,
          file: FILE,
          source,
          workbook: false,
          ...(from ? { from } : {}),
        }),
      o,
    );
  /** The position after so many chunks. */
  const at = (next: number): UploadPosition => ({
    next,
    offset: next * CHUNK,
    crc32: crc32(SOURCE.subarray(0, next * CHUNK)),
  });
  const there = () => bench.sandbox.files(FILE.id);
  const puts = () => bench.sandbox.record.filter((r) => r.method === 'PUT').length;

  it('sends a source whole and says its digest', async () => {
    const { result } = await send(await open());
    const chunks = Math.ceil(SOURCE.length / CHUNK);
    expect(result).toMatchObject({
      done: true,
      completeNeeded: false,
      next: chunks,
      crc32: crc32(SOURCE),
      stands: { sha256: sha(SOURCE), bytes: SOURCE.length },
    });
    expect(there()).toMatchObject({ bytes: SOURCE.length, sha256: sha(SOURCE) });
    expect(puts()).toBe(chunks);
    expect(bench.sandbox.misuse).toEqual([]);
  });

  it('goes on from the last heartbeat of an attempt that handed over after any chunk', async () => {
    const source = await open();
    for (const stopAfter of [1, 2, 5, 8]) {
      // Held until the worker has stopped: the chunk after the last one that counts never gets its answer.
      const held = bench.sandbox.faults.add({
        method: 'PUT',
        path: `/models/*/files/*/chunks/${stopAfter}`,
        action: { kind: 'stall', when: 'before' },
      });
      let env: Parameters<typeof shutDown>[0] | undefined;
      const sending = send(source, undefined, { onBeat: (e) => void (env = e) });
      while (bench.sandbox.faults.hits(held) === 0 || !env) await tick();
      shutDown(env);
      const first = await sending;
      expect(first.failure?.type).toBe('WorkerShutdown');
      expect(puts()).toBe(stopAfter + 1);
      const beat = first.beats.at(-1);
      const second = await send(source, undefined, { resume: beat, attempt: 2 });
      expect(second.result).toMatchObject({ done: true, stands: { sha256: sha(SOURCE) } });
      expect(there()?.sha256).toBe(sha(SOURCE));
      bench.sandbox.reset();
    }
  });

  it('goes on from every position, in another activity as after a heartbeat, with the same digest', async () => {
    const source = await open();
    const whole = await send(source);
    for (const next of [1, 3, Math.floor(SOURCE.length / CHUNK)]) {
      const from = at(next);
      const again = await send(source, undefined, { resume: { position: from } });
      expect({ ...again.result, sentAt: 0 }).toEqual({ ...whole.result, sentAt: 0 });
      expect((await send(source, from)).result).toMatchObject({
        done: true,
        stands: { sha256: sha(SOURCE) },
      });
    }
    expect(there()?.sha256).toBe(sha(SOURCE));
  });

  it('begins again where the chunks before were sent so long ago that Anaplan may have dropped them', async () => {
    const source = await open();
    const from = at(1);
    const day = 24 * 3_600_000;
    const firsts = () =>
      bench.sandbox.record.filter((r) => r.method === 'PUT' && r.path.endsWith('/chunks/0')).length;
    const before = firsts();
    await send(source, { ...from, sentAt: Date.now() - day });
    expect(firsts()).toBe(before);
    const old = await send(source, { ...from, sentAt: Date.now() - 2 * day });
    expect(firsts()).toBe(before + 1);
    expect(old.result).toMatchObject({ done: true, stands: { sha256: sha(SOURCE) } });
    expect(there()?.sha256).toBe(sha(SOURCE));
  });

  it('keeps no byte of the source in a heartbeat, only where it stands and a CRC-32', async () => {
    for (const chunkBytes of [7, 64, 999]) {
      const odd = await Bench.start({ deps: { chunkBytes } });
      odd.write('bulk.csv', SOURCE.subarray(0, 3_333));
      const opened = await attempt(() =>
        odd.activities['anaplan.openSource']({ source: 'bulk.csv', root: ROOT, workbook: false }),
      );
      const beats: unknown[] = [];
      odd.sandbox.faults.add({
        method: 'PUT',
        path: '/models/*/files/*/chunks/3',
        occurrence: 'every',
        action: { kind: 'status', status: 503 },
      });
      const { beats: seen, failure } = await attempt(() =>
        odd.activities['anaplan.uploadChunks']({
          ...odd.call,
          file: FILE,
          source: opened.result as PinnedSource,
          workbook: false,
        }),
      );
      beats.push(...seen);
      expect(failure?.type).toBe('ServiceUnavailable');
      const position = seen.at(-1)?.position as unknown as UploadPosition;
      expect(position).toEqual({
        next: 3,
        offset: 3 * chunkBytes,
        crc32: crc32(SOURCE.subarray(0, 3 * chunkBytes)),
        sentAt: expect.any(Number) as number,
      });
      expect(JSON.stringify(beats)).not.toMatch(/Smith|48000|U21pdG/);
      await odd.close();
    }
  });

  it.each<[string, (path: string) => void, string]>([
    ['grew', (path) => appendFileSync(path, 'more\n'), 'SourceChanged'],
    ['shrank', (path) => truncateSync(path, 100), 'SourceChanged'],
    ['was touched', (path) => utimesSync(path, new Date(0), new Date(0)), 'SourceChanged'],
  ])(
    'refuses a source that %s since it was pinned, before the file in Anaplan is touched',
    async (_, change, type) => {
      const source = await open();
      change(join(bench.root, 'bulk.csv'));
      const { failure } = await send(source);
      expect(failure).toMatchObject({ type, nonRetryable: true });
      expect(bench.sandbox.record.filter((r) => r.path.includes('/files/'))).toEqual([]);
    },
  );

  describe('reads the source back at the end', () => {
    /** Changes bytes in place and leaves size and date as they were. */
    const change = (name: string, bytes: Buffer, position: number) => {
      const path = join(bench.root, name);
      const file = openSync(path, 'r+');
      writeSync(file, bytes, 0, bytes.length, position);
      closeSync(file);
      utimesSync(path, DATE, DATE);
    };
    const DATE = 1_770_000_000;

    it.each([
      ['a file', 'bulk.csv', SOURCE],
      ['a .gz', 'bulk.csv.gz', gzipSync(SOURCE, { level: 0 })],
    ])('and finds %s that was changed behind its date after it was sent', async (_, name, stored) => {
      bench.write(name, stored);
      utimesSync(join(bench.root, name), DATE, DATE);
      const source = await open(name);
      const id = bench.sandbox.faults.add({
        method: 'PUT',
        path: '/models/*/files/*/chunks/4',
        action: { kind: 'stall', when: 'before' },
      });
      const sending = send(source);
      while (!bench.sandbox.record.some((r) => r.path.endsWith('/chunks/4'))) await tick();
      // Of a .gz that is not compressed: the same bytes of a value, and the check value of the member at its end.
      const other = Buffer.from(SOURCE);
      other[CHUNK] = 0x78;
      const restored = name.endsWith('.gz') ? gzipSync(other, { level: 0 }) : other;
      expect(restored.length).toBe(stored.length);
      change(name, restored, 0);
      bench.sandbox.faults.release(id);
      const { failure } = await sending;
      expect(failure).toMatchObject({ type: 'TransferCorrupt', nonRetryable: true });
      expect(failure?.message).toContain('size and date are still the same');
    });

    it('compares what other attempts have sent, too', async () => {
      const source = await open();
      await send(source);
      const { failure } = await send(source, { ...at(3), crc32: crc32(Buffer.from('other')) });
      expect(failure).toMatchObject({ type: 'TransferCorrupt', nonRetryable: true });
    });

    it('as any other bytes: it hands over in the middle, and the next attempt sends nothing again', async () => {
      const source = await open();
      let reads = 0;
      let env: Parameters<typeof shutDown>[0] | undefined;
      const { openSource } = bench.storage;
      const spy = jest.spyOn(bench.storage, 'openSource').mockImplementation(async (...args) => {
        const opened = await openSource(...args);
        const readBack = opened.readBack.bind(opened);
        jest.spyOn(opened, 'readBack').mockImplementation((check) => {
          reads += 1;
          if (env && reads === 1) shutDown(env);
          return readBack(check);
        });
        return opened;
      });
      const first = await send(source, undefined, { onBeat: (e) => void (env = e) });
      expect(first.failure?.type).toBe('WorkerShutdown');
      const beat = first.beats.at(-1);
      const sent = puts();
      const second = await send(source, undefined, { resume: beat, attempt: 2 });
      spy.mockRestore();
      expect(second.result).toMatchObject({ done: true, stands: { sha256: sha(SOURCE) } });
      expect([reads, puts()]).toEqual([2, sent]);
    });
  });

  it('goes on elsewhere with an exact copy only: a file of the same size and date is not the same', async () => {
    const path = join(bench.root, 'bulk.csv');
    utimesSync(path, 1_770_000_000, 1_770_000_000);
    const pinned = (await open()).version;
    const again = (content: Buffer) => {
      rmSync(path);
      writeFileSync(path, content);
      utimesSync(path, 1_770_000_000, 1_770_000_000);
      return bench.storage.openSource('bulk.csv', { pinned });
    };
    const same = await again(SOURCE);
    expect(same.size).toBe(SOURCE.length);
    await same.close();
    const other = Buffer.from(SOURCE);
    other[other.length - 2] = 0x78;
    await expect(again(other)).rejects.toMatchObject({ type: 'SourceChanged' });
  });

  it('sends a .gz decompressed, of unknown length, and names the bytes as they stand', async () => {
    const packed = gzipSync(SOURCE);
    bench.write('bulk.csv.gz', packed);
    const source = await open('bulk.csv.gz');
    const { result } = await send(source);
    expect(result).toMatchObject({
      done: true,
      completeNeeded: true,
      stands: { sha256: sha(packed), bytes: packed.length },
      crc32: crc32(SOURCE),
    });
    const complete = jest.spyOn(bench.client.files, 'complete');
    const file = { ...FILE, headerRow: 3, firstDataRow: 4 };
    await attempt(() =>
      bench.activities['anaplan.completeUpload']({ ...bench.call, file, chunks: result?.next ?? 0 }),
    );
    // Without the rows Anaplan might take the header for data.
    expect(complete.mock.calls[0]?.[2]).toEqual({ ...file, chunkCount: result?.next });
    complete.mockRestore();
    expect(there()).toMatchObject({ bytes: SOURCE.length, sha256: sha(SOURCE) });
  });

  it('says NotFound when Anaplan makes another file instead of using the one that is gone', async () => {
    const source = await open();
    const { failure } = await attempt(() =>
      bench.activities['anaplan.uploadChunks']({
        ...bench.call,
        file: { id: '113000000099', name: 'gone.csv' },
        source,
        workbook: false,
      }),
    );
    expect(failure?.type).toBe('NotFound');
    expect(failure?.message).toMatch(/File "gone.csv" \(113000000099\) is gone .* made a new file/);
    expect(puts()).toBe(0);
  });

  it('says at once that a source does not fit into 1,000 chunks of this size', async () => {
    bench.write('large.csv', Buffer.alloc(64 * 1001));
    const small = await Bench.start({ deps: { chunkBytes: 64 } });
    small.write('large.csv', gzipSync(Buffer.alloc(64 * 1001)));
    bench.write('large.csv.gz', gzipSync(Buffer.alloc(CHUNK * 1001)));
    const source = await open('large.csv.gz');
    let from: UploadPosition | undefined;
    for (let i = 0; i < 4; i++) from = (await send(source, from)).result;
    expect(from?.next).toBe(1000);
    const { failure } = await send(source, from);
    expect(failure).toMatchObject({ type: 'InvalidInput', nonRetryable: true });
    await small.close();
  });
});
