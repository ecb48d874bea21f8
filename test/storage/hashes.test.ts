import { createHash, randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';

import { gzipChunk, Sha256, SLICE_BYTES, StorageError } from '../../src/storage';
import { reasonOf, sourceError, targetError } from '../../src/storage/errors';
import { expectBytes, from } from './contract';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('Sha256', () => {
  const bytes = randomBytes(5000);

  it.each([0, 64, 128, 4992])('goes on from a state saved after %i bytes', async (at) => {
    const first = await Sha256.create();
    first.update(bytes.subarray(0, at));
    expect(first.hex()).toBe(sha256(bytes.subarray(0, at)));
    const second = await Sha256.restore(first.save());
    expect(second.position).toBe(at);
    for (let i = at; i < bytes.length; i += 37) second.update(bytes.subarray(i, i + 37));
    expect(second.hex()).toBe(sha256(bytes));
    expect(second.hex()).toBe(sha256(bytes));
    first.update(bytes.subarray(at));
    expect(first.hex()).toBe(sha256(bytes));
  });

  it('saves states that hold no content, and none where they would', async () => {
    const text = Buffer.from('Anna Smith;salary 123456;'.repeat(20).slice(0, 256));
    const hash = await Sha256.create();
    for (const byte of text.subarray(0, 255)) hash.update(Buffer.of(byte));
    expect(() => hash.save()).toThrow(RangeError);
    hash.update(text.subarray(255));
    const state = hash.save();
    const raw = Buffer.from(state.split('.')[0] ?? '', 'base64');
    for (let i = 0; i + 4 <= text.length; i++) expect(raw.includes(text.subarray(i, i + 4))).toBe(false);
    expect(state.length).toBeLessThan(250);
    expect((await Sha256.restore(state)).hex()).toBe(sha256(text));
  });

  it('is not disturbed by buffers that are reused', async () => {
    const hash = await Sha256.create();
    const buffer = Buffer.from('abc');
    hash.update(buffer);
    buffer.fill('x');
    expect(hash.hex()).toBe(sha256(Buffer.from('abc')));
  });

  it.each(['', 'x', 'AAAA.0', 'AAAA.x'])('refuses %j as a state', async (state) => {
    await expect(Sha256.restore(state)).rejects.toThrow();
  });
});

describe('gzip', () => {
  it('makes one member a chunk, in bounded slices; members add up to a valid file', async () => {
    const parts = [randomBytes(SLICE_BYTES), randomBytes(SLICE_BYTES), randomBytes(99)];
    const one = await gzipChunk(from(...parts), 1);
    const two = await gzipChunk(from(Buffer.from('tail')));
    for (const { slices, length } of [one, two]) {
      expect(slices.reduce((sum, slice) => sum + slice.length, 0)).toBe(length);
      expect(Math.max(...slices.map((slice) => slice.length))).toBeLessThanOrEqual(SLICE_BYTES);
    }
    const file = Buffer.concat([...one.slices, ...two.slices]);
    expectBytes(gunzipSync(file), Buffer.concat([...parts, Buffer.from('tail')]));
    expect(gunzipSync(Buffer.concat((await gzipChunk(from())).slices))).toHaveLength(0);
  });

  it('passes a failure of its slices on as it is', async () => {
    const broken = (async function* () {
      yield Buffer.from('x');
      throw new RangeError('source changed');
    })();
    await expect(gzipChunk(broken)).rejects.toThrow(RangeError);
  });
});

describe('system errors', () => {
  const errno = (code: string): Error => Object.assign(new Error(`${code}: words`), { code });

  it.each([
    ['ENOENT', 'SourceNotFound', 'TargetFailed'],
    ['EACCES', 'InvalidInput', 'TargetFailed'],
    ['ENOSPC', 'TransferCorrupt', 'TargetFailed'],
    ['EIO', 'TransferCorrupt', 'TargetFailed'],
    ['EROFS', 'TransferCorrupt', 'TargetFailed'],
    ['ENAMETOOLONG', 'InvalidInput', 'InvalidInput'],
    ['EWHATEVER', 'TransferCorrupt', 'TargetFailed'],
  ])('%s is %s for a source and %s for a target', (code, source, target) => {
    expect(sourceError(errno(code), '/data/x').type).toBe(source);
    expect(targetError(errno(code), '/data/x').type).toBe(target);
    expect(targetError(errno(code), '/data/x').message).toContain('/data/x');
    expect(reasonOf(errno(code))).toContain(code);
  });

  it('leaves typed failures alone', () => {
    const error = new StorageError('SourceEmpty', 'x.');
    expect(sourceError(error, '/y')).toBe(error);
    expect(targetError(error, '/y')).toBe(error);
  });
});
