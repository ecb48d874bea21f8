import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, gunzipSync } from 'node:zlib';

import { ActivityNotFoundError } from '@temporalio/client';

import type { DownloadPosition } from '../../../src/activities';
import { allActivities } from '../../../src/activities/all';
import { startPosition, TargetWriter } from '../../../src/activities/shared/target-writer';
import { createStorage, type Storage } from '../../../src/storage';
import { PartsStore } from '../../storage/parts-store';
import { attempt, Bench, type AttemptOptions, ROOT } from '../support';

const EXPORT = { id: '116000000003', name: 'Export Bulk' };
const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
async function* of(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}
async function* broken(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
  throw new Error('cut');
}

describe('writing a target: what a heartbeat promises is on disk', () => {
  let bench: Bench;
  const target = { uri: 'out.csv', token: 'run1', root: ROOT };
  const part = () => bench.read('out.csv.run1.part').toString();
  const writer = async (at: DownloadPosition = startPosition(), compress = false) => {
    const opened = await TargetWriter.open(bench.storage, target, at, compress);
    if (!opened) throw new Error('not opened');
    return opened;
  };
  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(() => bench.close());

  it('keeps the whole chunks of a failed attempt and drops the beginning of the next', async () => {
    const first = await writer();
    await first.writeUnit(of('one,', '1\n'));
    expect(await first.reached(1, { rows: 0 })).toBe(false); // not due yet: nothing is promised
    expect(first.durable.next).toBe(0);
    await expect(first.writeUnit(broken('tw'))).rejects.toThrow('cut');
    expect(await first.salvage()).toBe(true);
    expect(first.durable).toEqual({
      next: 1,
      offset: 6,
      crc32: crc32('one,1\n'),
      sink: { offset: 6 },
      received: 6,
      rows: 0,
    });
    await first.close();
    expect(part()).toBe('one,1\n');

    const second = await writer(first.durable);
    await second.writeUnit(of('two,2\n'));
    expect(await second.reached(2, { rows: 0 }, true)).toBe(true);
    expect(second.durable).toEqual({
      next: 2,
      offset: 12,
      crc32: crc32('one,1\ntwo,2\n'),
      sink: { offset: 12 },
      received: 12,
      rows: 0,
    });
    await second.close();
  });

  it('drops what stands beyond the position it goes on from: it may be half a chunk', async () => {
    const first = await writer();
    await first.writeUnit(of('one,1\n'));
    await first.reached(1, { rows: 0 }, true);
    await first.writeUnit(of('two,'));
    await first.close();
    const second = await writer(first.durable);
    await second.close();
    expect(part()).toBe('one,1\n');
  });

  it('has nothing to keep where no chunk was whole, and begins again where the .part is short or gone', async () => {
    const first = await writer();
    await expect(first.writeUnit(broken('o'))).rejects.toThrow('cut');
    expect(await first.salvage()).toBe(false);
    await first.close();
    expect(
      await TargetWriter.open(
        bench.storage,
        target,
        { ...startPosition(), next: 3, offset: 100, sink: { offset: 100 } },
        false,
      ),
    ).toBeUndefined();
  });

  it('writes one gzip member a chunk, so that a later attempt can append', async () => {
    const first = await writer(startPosition(), true);
    await first.writeUnit(of('one\n'));
    await first.reached(1, { rows: 0 }, true);
    await first.close();
    const second = await writer(first.durable, true);
    await second.writeUnit(of('two\n'));
    await second.reached(2, { rows: 0 }, true);
    expect(second.durable.received).toBe(8);
    await second.close();
    expect(gunzipSync(bench.read('out.csv.run1.part')).toString()).toBe('one\ntwo\n');
  });

  it('goes on in a store of parts, of which none can be cut, wherever an attempt failed', async () => {
    const parts = new PartsStore();
    const storage = createStorage({ roots: [], cwd: '/', stores: [parts] });
    const there = { uri: 'mem://bucket/out.csv', token: 'run1' };
    const units = Array.from({ length: 40 }, (_, i) => 'x'.repeat((i * 7) % 23) + `${i}\n`);
    let at = startPosition();
    let attempts = 0;
    while (at.next < units.length) {
      attempts += 1;
      const opened = await TargetWriter.open(storage, there, at, false);
      if (!opened) throw new Error('not opened');
      const until = Math.min(at.next + 5, units.length);
      for (let i = at.next; i < until; i++) {
        await opened.writeUnit(of(units[i] ?? ''));
        await opened.reached(i + 1, { rows: 0 }, i % 3 === 0);
      }
      if (until < units.length) {
        await expect(opened.writeUnit(broken('half a unit'))).rejects.toThrow('cut');
        await opened.salvage();
      } else await opened.reached(until, { rows: 0 }, true);
      at = JSON.parse(JSON.stringify(opened.durable)) as DownloadPosition;
      await opened.close();
    }
    expect(attempts).toBeGreaterThan(5);
    const whole = Buffer.from(units.join(''));
    expect(at).toMatchObject({ next: 40, offset: whole.length, crc32: crc32(whole) });
    const sink = await storage.resumeTarget(there.uri, there.token, at.sink ?? {});
    await sink?.commit({ size: at.offset, crc32: at.crc32 });
    expect(parts.objects.get('out.csv')?.bytes.toString()).toBe(whole.toString());
    expect(parts.uploads.size).toBe(0);
  });
});

describe('downloading chunks: whole or absent', () => {
  let bench: Bench;
  let bytes: Buffer;
  const target = { uri: 'out/bulk.csv', token: 'run1', root: ROOT };
  beforeAll(async () => {
    bench = await Bench.start({ sandbox: { model: { exportBytes: 50_000, exportChunkBytes: 5_000 } } });
    bench.sandbox.replaceExport(EXPORT.id);
    const whole = await bench.client.files.getChunk(
      { workspaceId: bench.call.workspace.id, modelId: bench.call.model.id },
      EXPORT.id,
      '0',
    );
    const parts: Buffer[] = [];
    for await (const slice of whole.stream) parts.push(slice);
    bytes = Buffer.concat(parts);
  });
  afterAll(() => bench.close());
  afterEach(() => bench.sandbox.faults.clear());

  const chunks = async () => {
    const { result } = await attempt(() =>
      bench.activities['anaplan.fileChunks']({ ...bench.call, file: EXPORT }),
    );
    if (!result) throw new Error('no chunks');
    return result;
  };
  const get = (count: number, o?: AttemptOptions, from?: DownloadPosition, token = target.token) =>
    attempt(
      () =>
        bench.activities['anaplan.downloadChunks']({
          ...bench.call,
          file: EXPORT,
          target: { ...target, token },
          count,
          compress: false,
          ...(from ? { from } : {}),
        }),
      o,
    );

  it('goes on after the last whole chunk of an attempt that failed in the middle of the next one', async () => {
    const { count } = await chunks();
    expect(count).toBeGreaterThan(5);
    bench.sandbox.faults.add({
      path: '/models/*/files/*/chunks/3',
      action: { kind: 'reset', when: { atByte: 2_000 } },
    });
    const first = await get(count);
    expect(first.failure?.nonRetryable).toBe(false);
    const beat = first.beats.at(-1);
    expect(beat?.position).toMatchObject({ next: 3 });
    const asked = bench.sandbox.record.length;
    const second = await get(count, { resume: beat, attempt: 2 });
    expect(second.result).toMatchObject({ done: true, next: count });
    expect(bench.sandbox.record.slice(asked).filter((r) => r.path.endsWith('/chunks/0'))).toEqual([]);
    const expected = bench.sandbox.files(EXPORT.id);
    expect(second.result?.offset).toBe(expected?.bytes);
    const end = await attempt(() =>
      bench.activities['anaplan.commitTarget']({
        target,
        end: second.result ?? startPosition(),
      }),
    );
    expect(end.result).toEqual({ sha256: expected?.sha256 });
    expect(sha(bench.read('out/bulk.csv'))).toBe(expected?.sha256);
    expect(bench.read('out/bulk.csv').subarray(0, bytes.length)).toEqual(bytes);
    // The answer to the commit may be lost: asked again, it finds what it made.
    const again = await attempt(() =>
      bench.activities['anaplan.commitTarget']({
        target,
        end: second.result ?? startPosition(),
      }),
    );
    expect(again.result).toEqual(end.result);
    expect(readdirSync(join(bench.root, 'out'))).toEqual(['bulk.csv']);
  });

  it('refuses to make a target appear that is not what was downloaded', async () => {
    const { count } = await chunks();
    const { result } = await get(count, {}, undefined, 'run2');
    const bad = await attempt(() =>
      bench.activities['anaplan.commitTarget']({
        target: { ...target, token: 'run2' },
        end: { ...(result ?? startPosition()), crc32: 1 },
      }),
    );
    expect(bad.failure).toMatchObject({ type: 'TransferCorrupt', nonRetryable: true });
    await attempt(() => bench.activities['anaplan.discardTarget']({ target: { ...target, token: 'run2' } }));
    expect(readdirSync(join(bench.root, 'out')).filter((f) => f.endsWith('.part'))).toEqual([]);
  });

  it.each([
    // A lease that has lapsed by then, and one that still holds.
    ['is silent', 1_000, () => Promise.reject(new Error('UNAVAILABLE'))],
    ['has given it up', 60_000, () => Promise.reject(new ActivityNotFoundError('gone'))],
  ])(
    'makes no target appear while it was read back and the server %s',
    async (_, heartbeatTimeoutMs, server) => {
      const { count } = await chunks();
      const { result } = await get(count, {}, undefined, 'run9');
      let cut = false;
      // What takes long for a large file: the look at what was written.
      const storage: Storage = Object.create(bench.storage, {
        resumeTarget: {
          value: async (...args: Parameters<Storage['resumeTarget']>) => {
            const sink = await bench.storage.resumeTarget(...args);
            if (!sink) throw new Error('not resumed');
            const commit: typeof sink.commit = async (expected, beforeAppearing) => {
              cut = true;
              await new Promise((resolve) => setTimeout(resolve, 1_500));
              return sink.commit(expected, beforeAppearing);
            };
            return Object.create(sink, {
              commit: { value: commit },
              close: { value: () => sink.close() },
            }) as typeof sink;
          },
        },
      }) as Storage;
      const activities = allActivities({ ...bench.deps, storage });
      const late = { uri: 'out/late.csv', token: 'run9', root: ROOT };
      writeFileSync(
        join(bench.root, 'out/late.csv.run9.part'),
        readFileSync(join(bench.root, 'out/bulk.csv.run9.part')),
      );
      writeFileSync(join(bench.root, 'out/late.csv'), 'what another run has written since');
      const { failure } = await attempt(
        () =>
          activities['anaplan.commitTarget']({
            target: late,
            end: result ?? startPosition(),
          }),
        {
          type: 'anaplan.commitTarget',
          heartbeatTimeoutMs,
          server: () => (cut ? server() : Promise.resolve()),
        },
      );
      expect(failure).toBeDefined();
      expect(bench.read('out/late.csv').toString()).toBe('what another run has written since');
      for (const name of ['out/late.csv', 'out/late.csv.run9.part', 'out/bulk.csv.run9.part'])
        rmSync(join(bench.root, name));
    },
  );

  it('asks to begin again where the .part of earlier batches is not on this host', async () => {
    const { count } = await chunks();
    const first = await get(count, {}, undefined, 'run3');
    truncateSync(join(bench.root, 'out/bulk.csv.run3.part'), 10);
    const sink = { offset: 10_000 };
    const from = { next: 2, offset: 10_000, crc32: 0, sink, received: 10_000, rows: 0 };
    const again = await get(count, {}, from, 'run3');
    expect(again.result).toMatchObject({ restart: true, done: false, next: 0, offset: 0 });
    expect(first.result?.done).toBe(true);
  });
});
