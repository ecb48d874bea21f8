/** Threads that compress: right bytes, whoever is done first, and never more memory than they say. */
import { createHash, randomBytes } from 'node:crypto';
import { crc32, gunzipSync } from 'node:zlib';

import { gzipChunk, gzipMember, inSlices, readAhead, SLICE_BYTES } from '../../src/storage';
import { crc32Of } from '../../src/storage/threads/crc';
import { ThreadPool } from '../../src/storage/threads/pool';
import { until } from '../support/until';
import { expectBytes, from } from './contract';

const rows = (length: number) =>
  Buffer.from('Account,Month,48210.77\n'.repeat(length / 20 + 1).slice(0, length));

describe('the CRC-32 of pieces', () => {
  it('is that of the whole, wherever it is cut', () => {
    const bytes = randomBytes(5_000);
    for (const at of [0, 1, 7, 4096, 4999, 5000]) {
      const [first, second] = [bytes.subarray(0, at), bytes.subarray(at)];
      expect(crc32Of(crc32(first), crc32(second), second.length)).toBe(crc32(bytes));
    }
    const large = randomBytes(3 * SLICE_BYTES + 17);
    expect(crc32Of(crc32(large.subarray(0, 17)), crc32(large.subarray(17)), 3 * SLICE_BYTES)).toBe(
      crc32(large),
    );
  });
});

describe('compressing side by side', () => {
  it('gives one gzip member of all slices in their order, though a later one is done first', async () => {
    const pool = new ThreadPool(3);
    // The first ones take longer by far.
    const slices = [
      randomBytes(SLICE_BYTES),
      rows(SLICE_BYTES),
      rows(SLICE_BYTES),
      Buffer.from('x'),
      rows(77),
    ];
    const ended: number[] = [];
    const pieces = [];
    for (const [i, slice] of slices.entries()) {
      const { done } = await pool.deflate(Buffer.from(slice));
      pieces.push(done.finally(() => ended.push(i)));
    }
    const member = gzipMember(await Promise.all(pieces));
    expect(ended).toHaveLength(slices.length);
    const packed = Buffer.concat(member.slices);
    expect(packed).toHaveLength(member.length);
    expectBytes(gunzipSync(packed), Buffer.concat(slices));
    expect(Math.max(...member.slices.map((slice) => slice.length))).toBeLessThanOrEqual(SLICE_BYTES);
  });

  it('never holds more slices than two for each thread, however many are offered', async () => {
    const pool = new ThreadPool(2);
    let most = 0;
    const offered = Array.from({ length: 40 }, () => {
      const slice = Buffer.allocUnsafeSlow(100_000);
      rows(100_000).copy(slice);
      return slice;
    });
    /** Those whose memory the pool has taken. */
    const taken = () => offered.filter((slice) => slice.length === 0).length;
    const work = offered.map(async (slice) => {
      const { done } = await pool.deflate(slice);
      most = Math.max(most, pool.slots.inUse);
      await done;
    });
    await Promise.resolve();
    expect(taken()).toBe(4);
    await Promise.all(work);
    expect([taken(), most]).toEqual([40, 4]);
    expect(pool.slots.inUse).toBe(0);
    expect(pool.running).toBe(2);
  });

  it('takes the memory of a slice, so that nobody can change it meanwhile; a part of a larger one is copied', async () => {
    const pool = new ThreadPool(1);
    const whole = Buffer.from(rows(SLICE_BYTES));
    const own = Buffer.allocUnsafeSlow(whole.length);
    whole.copy(own);
    const one = await pool.deflate(own);
    expect(own).toHaveLength(0);
    const part = whole.subarray(10, 20);
    const two = await pool.deflate(part);
    part.fill(0);
    const member = gzipMember([await one.done, await two.done]);
    expectBytes(
      gunzipSync(Buffer.concat(member.slices)),
      Buffer.concat([rows(SLICE_BYTES), rows(SLICE_BYTES).subarray(10, 20)]),
    );
  });

  it('ends its threads when they are not used, and starts others', async () => {
    const pool = new ThreadPool(2, 20);
    const { done } = await pool.deflate(Buffer.from('a'));
    await done;
    await until(() => pool.running === 0);
    const again = await pool.deflate(Buffer.from('b'));
    expect((await again.done).crc32).toBe(crc32('b'));
  });

  it('computes a SHA-256 beside, and keeps its thread until it is asked for', async () => {
    const pool = new ThreadPool(1, 20);
    const bytes = randomBytes(2 * SLICE_BYTES);
    const hash = pool.sha256();
    await hash.update(Buffer.from(bytes.subarray(0, 999)));
    const other = pool.sha256();
    const { done } = await pool.deflate(Buffer.from('between'));
    await done;
    other.drop();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await hash.update(Buffer.from(bytes.subarray(999)));
    expect(await hash.hex()).toBe(createHash('sha256').update(bytes).digest('hex'));
    await until(() => pool.running === 0);
  });
});

describe('slices', () => {
  it('of any size are joined to some that are worth compressing', async () => {
    const parts = [randomBytes(10), randomBytes(SLICE_BYTES), randomBytes(SLICE_BYTES - 10), randomBytes(3)];
    const out: Buffer[] = [];
    for await (const slice of inSlices(from(...parts))) out.push(Buffer.from(slice));
    expect(out.map((slice) => slice.length)).toEqual([SLICE_BYTES, SLICE_BYTES, 3]);
    expectBytes(Buffer.concat(out), Buffer.concat(parts));
  });

  it('are read one ahead, and what fails is told where it would have come', async () => {
    let read = 0;
    let closed = false;
    async function* source() {
      try {
        for (read = 1; read < 4; read++) yield read;
        throw new RangeError('source changed');
      } finally {
        closed = true;
      }
    }
    const seen: number[] = [];
    const reading = (async () => {
      for await (const slice of readAhead(source())) {
        seen.push(slice);
        await until(() => read > slice);
      }
    })();
    await expect(reading).rejects.toThrow('source changed');
    expect([seen, closed]).toEqual([[1, 2, 3], true]);
  });

  it('of a chunk fail as they are', async () => {
    async function* broken() {
      yield Buffer.from('x');
      await Promise.resolve();
      throw new RangeError('source changed');
    }
    await expect(gzipChunk(broken())).rejects.toThrow(RangeError);
  });
});
