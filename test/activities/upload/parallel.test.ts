/** Several chunks on the wire: the same file and the same guarantees as one after the other. */
import { createHash } from 'node:crypto';
import { crc32, gzipSync } from 'node:zlib';

import type { PinnedSource, UploadPosition } from '../../../src/activities';
import { ActivityNotFoundError } from '@temporalio/client';
import { until } from '../../support/until';
import { attempt, Bench, shutDown, type AttemptOptions, ROOT } from '../support';

const FILE = { id: '113000000003', name: 'bulk.csv' };
const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const SOURCE = Buffer.from(
  'Key,Value\n' + Array.from({ length: 400 }, (_, i) => `Smith${i},${48_000 + i}\n`).join(''),
);
const CHUNK = 640;
const CHUNKS = Math.ceil(SOURCE.length / CHUNK);
const tick = () => new Promise((resolve) => setTimeout(resolve, 2));

describe('chunks that are sent three at a time', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start({ deps: { chunkBytes: CHUNK } });
  });
  afterAll(() => bench.close());
  beforeEach(() => {
    bench.sandbox.reset();
    bench.write('bulk.csv', SOURCE);
    bench.write('bulk.csv.gz', gzipSync(SOURCE));
  });

  const open = async (source = 'bulk.csv'): Promise<PinnedSource> => {
    const { result } = await attempt(() =>
      bench.activities['anaplan.openSource']({ source, root: ROOT, workbook: false }),
    );
    if (!result) throw new Error('not opened');
    return result;
  };
  const send = (source: PinnedSource, o?: AttemptOptions & { parallelChunks?: number }) =>
    attempt(
      () =>
        bench.activities['anaplan.uploadChunks']({
          ...bench.call,
          file: FILE,
          source,
          workbook: false,
          parallelChunks: o?.parallelChunks ?? 3,
        }),
      o,
    );
  const at = (next: number): Partial<UploadPosition> => ({
    next,
    offset: next * CHUNK,
    crc32: crc32(SOURCE.subarray(0, next * CHUNK)),
  });
  const there = () => bench.sandbox.files(FILE.id);
  /** Indexes of the chunks that have reached Anaplan. */
  const puts = () =>
    bench.sandbox.record.filter((r) => r.method === 'PUT').map((r) => Number(r.path.split('/').at(-1)));
  const hold = (chunk: number) =>
    bench.sandbox.faults.add({
      method: 'PUT',
      path: `/models/*/files/*/chunks/${chunk}`,
      action: { kind: 'stall', when: 'before' },
    });
  const positionOf = (beat: unknown) => (beat as { position?: UploadPosition } | undefined)?.position;

  it('are three while there are so many, and one where nothing is said', async () => {
    const held = [0, 1, 2].map(hold);
    const sending = send(await open());
    await until(() => held.every((id) => bench.sandbox.faults.hits(id) > 0));
    expect(puts().sort()).toEqual([0, 1, 2]);
    held.forEach((id) => bench.sandbox.faults.release(id));
    expect((await sending).result).toMatchObject({
      done: true,
      next: CHUNKS,
      stands: { sha256: sha(SOURCE) },
    });
    expect(there()).toMatchObject({ bytes: SOURCE.length, sha256: sha(SOURCE) });
    expect(bench.sandbox.misuse).toEqual([]);

    bench.sandbox.reset();
    const first = hold(0);
    const alone = send(await open(), { parallelChunks: 1 });
    await until(() => bench.sandbox.faults.hits(first) > 0);
    expect(puts()).toEqual([0]);
    bench.sandbox.faults.release(first);
    expect((await alone).result).toMatchObject({ done: true });
    expect(puts()).toEqual(Array.from({ length: CHUNKS }, (_, i) => i));
  });

  it('as the configuration of the connection says, where the input does not', async () => {
    const configured = await Bench.start({ deps: { chunkBytes: CHUNK } });
    const { client } = configured;
    (configured.deps as { connection: unknown }).connection = () => ({ client, parallelChunks: 2 });
    configured.write('bulk.csv', SOURCE);
    const { result: source } = await attempt(() =>
      configured.activities['anaplan.openSource']({ source: 'bulk.csv', root: ROOT, workbook: false }),
    );
    const held = [0, 1].map((chunk) =>
      configured.sandbox.faults.add({
        method: 'PUT',
        path: `/models/*/files/*/chunks/${chunk}`,
        action: { kind: 'stall', when: 'before' },
      }),
    );
    const sending = attempt(() =>
      configured.activities['anaplan.uploadChunks']({
        ...configured.call,
        file: FILE,
        source: source as PinnedSource,
        workbook: false,
      }),
    );
    await until(() => held.every((id) => configured.sandbox.faults.hits(id) > 0));
    expect(configured.sandbox.record.filter((r) => r.method === 'PUT')).toHaveLength(2);
    held.forEach((id) => configured.sandbox.faults.release(id));
    expect((await sending).result).toMatchObject({ done: true });
    await configured.close();
  });

  it('promise no position beyond one that is not answered, and go on from there when the worker stops', async () => {
    const source = await open();
    for (const missing of [0, 2, 4]) {
      const held = hold(missing);
      let env: Parameters<typeof shutDown>[0] | undefined;
      const sending = send(source, { onBeat: (e) => void (env = e) });
      // Those behind it are answered, as far as there is room for them.
      await until(
        () => env !== undefined && bench.sandbox.faults.hits(held) > 0 && puts().includes(missing + 4),
      );
      shutDown(env as Parameters<typeof shutDown>[0]);
      const first = await sending;
      expect(first.failure?.type).toBe('WorkerShutdown');
      const beat = first.beats.at(-1);
      expect(positionOf(beat)).toMatchObject(missing === 0 ? { next: 0, offset: 0, crc32: 0 } : at(missing));
      const before = puts().length;
      const second = await send(source, { resume: beat, attempt: 2 });
      expect(second.result).toMatchObject({ done: true, stands: { sha256: sha(SOURCE) } });
      expect(
        puts()
          .slice(before)
          .sort((a, b) => a - b),
      ).toEqual(Array.from({ length: CHUNKS - missing }, (_, i) => missing + i));
      expect(there()?.sha256).toBe(sha(SOURCE));
      bench.sandbox.reset();
    }
  });

  it('send the one that makes the file whole when all others are answered', async () => {
    const last = CHUNKS - 1;
    const held = hold(last - 2);
    const sending = send(await open());
    await until(() => puts().includes(last - 1));
    // The one before it is answered, and there is room on the wire: only its turn has not come.
    await until(() => puts().length === last && bench.sandbox.faults.hits(held) > 0);
    for (let i = 0; i < 50; i++) await tick();
    expect(puts()).not.toContain(last);
    bench.sandbox.faults.release(held);
    expect((await sending).result).toMatchObject({ done: true });
    expect(puts().at(-1)).toBe(last);
    expect(there()?.sha256).toBe(sha(SOURCE));
  });

  it('keep what came before one that failed, and leave nothing on the wire', async () => {
    const held = hold(4);
    const failed = bench.sandbox.faults.add({
      method: 'PUT',
      path: '/models/*/files/*/chunks/5',
      action: { kind: 'status', status: 503 },
    });
    const late = hold(6);
    const { files } = bench.client;
    const putChunk = files.putChunk.bind(files);
    const spy = jest.spyOn(files, 'putChunk').mockImplementation(async (...args) => {
      // Fails when the next one is on the wire.
      if (args[2] === 5) await until(() => bench.sandbox.faults.hits(late) > 0);
      return putChunk(...args);
    });
    const sending = send(await open());
    await until(() => [held, failed, late].every((id) => bench.sandbox.faults.hits(id) > 0));
    // The one behind it is given up at once, or the attempt would wait for it for ever.
    bench.sandbox.faults.release(held);
    const { failure, beats } = await sending;
    expect(failure?.type).toBe('ServiceUnavailable');
    expect(positionOf(beats.at(-1))).toMatchObject(at(5));
    expect(Math.max(...puts())).toBe(6);
    spy.mockRestore();
    const second = await send(await open(), { resume: beats.at(-1), attempt: 2 });
    expect(second.result).toMatchObject({ done: true });
    expect(there()?.sha256).toBe(sha(SOURCE));
  });

  it('all stop where the server no longer counts on the attempt', async () => {
    let lost = false;
    const held = [3, 4, 5].map(hold);
    const sending = send(await open(), {
      heartbeatTimeoutMs: 2_000,
      server: () => (lost ? Promise.reject(new ActivityNotFoundError('gone')) : Promise.resolve()),
    });
    await until(() => held.every((id) => bench.sandbox.faults.hits(id) > 0));
    lost = true;
    const { failure } = await sending;
    expect(failure?.message).toContain('given up');
    held.forEach((id) => bench.sandbox.faults.release(id));
    const before = puts().length;
    expect(Math.max(...puts())).toBe(5);
    const second = await send(await open(), { attempt: 2 });
    expect(second.result).toMatchObject({ done: true });
    expect(puts().length).toBe(before + CHUNKS);
    expect(there()?.sha256).toBe(sha(SOURCE));
  });

  it('of a .gz, whose end only its reading tells', async () => {
    const { result } = await send(await open('bulk.csv.gz'));
    expect(result).toMatchObject({ done: true, completeNeeded: true, next: CHUNKS, crc32: crc32(SOURCE) });
    await attempt(() =>
      bench.activities['anaplan.completeUpload']({ ...bench.call, file: FILE, chunks: result?.next ?? 0 }),
    );
    expect(there()?.sha256).toBe(sha(SOURCE));
  });
});
