import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';

import { gzipChunk, SLICE_BYTES, StorageError } from '../../src/storage';
import { reasonOf, sourceError, targetError } from '../../src/storage/errors';
import { expectBytes, from } from './contract';

describe('gzip', () => {
  it('makes one member a chunk, in bounded slices; members add up to a valid file', async () => {
    const parts = [randomBytes(SLICE_BYTES), randomBytes(SLICE_BYTES), randomBytes(99)];
    const one = await gzipChunk(from(...parts.map((part) => Buffer.from(part))));
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
