import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createStorage, type SourceVersion } from '../../src/storage';
import { failure } from './contract';

describe('the version of a source: another host has another file of the same size and date', () => {
  let root: string;
  const path = () => join(root, 'a.csv');
  const storage = () => createStorage({ roots: [{ path: root }], cwd: root });
  const date = new Date('2026-03-06T12:00:00.123Z');
  const put = async (bytes: Buffer) => {
    await fs.rm(path(), { force: true });
    await fs.writeFile(path(), bytes);
    await fs.utimes(path(), date, date);
  };
  const pin = async (): Promise<SourceVersion> => {
    const source = await storage().openSource('a.csv');
    await source.close();
    return source.version;
  };
  beforeEach(async () => {
    root = await fs.realpath(await fs.mkdtemp(join(tmpdir(), 'fingerprint-')));
  });
  afterEach(() => fs.rm(root, { recursive: true }));

  it.each([10, 64 * 1024, 64 * 1024 + 1, 200_000])(
    'of %i bytes goes on with an exact copy only',
    async (size) => {
      const bytes = Buffer.alloc(size, 'x');
      await put(bytes);
      const pinned = await pin();
      await put(bytes);
      await (await storage().openSource('a.csv', { pinned })).close();
      for (const change of [0, size - 1]) {
        const other = Buffer.from(bytes);
        other[change] = 0x79;
        await put(other);
        await failure(storage().openSource('a.csv', { pinned }), 'SourceChanged');
      }
      await put(Buffer.alloc(size + 1, 'x'));
      await failure(storage().openSource('a.csv', { pinned }), 'SourceChanged');
      await put(bytes);
      await fs.utimes(path(), date, new Date(date.getTime() + 1));
      await failure(storage().openSource('a.csv', { pinned }), 'SourceChanged');
    },
  );

  it('is noticed on the same host where somebody set size and date back', async () => {
    await put(Buffer.from('Code\nP1\n'));
    const pinned = await pin();
    const file = await fs.open(path(), 'r+');
    await file.write('Code\nP2\n');
    await file.close();
    await fs.utimes(path(), date, date);
    await failure(storage().openSource('a.csv', { pinned }), 'SourceChanged');
  });

  it('says nothing of what the file holds but digests', async () => {
    await put(Buffer.from('Smith,48000\n'));
    expect(JSON.stringify(await pin())).not.toMatch(/Smith|48000/);
    expect((await pin()).stamp).toMatch(/^\d+-[0-9a-f]{64}$/);
  });
});
