import { createStorage, type StoredSource } from '../../src/storage';
import { openFormat } from '../../src/storage/formats/source';
import { collect, failure, storageContract } from './contract';
import { PartsStore } from './parts-store';

storageContract('a store of objects and parts', () => {
  const store = new PartsStore();
  return Promise.resolve({
    storage: createStorage({ roots: [], cwd: '/', stores: [store] }),
    uri: (name) => `mem://bucket/${name.split('/').map(encodeURIComponent).join('/')}`,
    put: (name, bytes) => Promise.resolve(store.put(name, bytes)),
    remove: (name) => Promise.resolve(void store.objects.delete(name)),
    get: (name) => Promise.resolve(store.objects.get(name)?.bytes),
    list: () =>
      Promise.resolve(
        [
          ...store.objects.keys(),
          ...[...store.uploads.values()].map((u) => `${u.key}.${u.token}.part`),
        ].sort(),
      ),
    close: () => Promise.resolve(),
  });
});

describe('what opens is chosen by scheme', () => {
  it('whatever its case; paths and unknown schemes are judged by the local files', async () => {
    const store = new PartsStore();
    store.put('a.csv', Buffer.from('a,b\n'));
    const storage = createStorage({ roots: [], cwd: '/', stores: [store] });
    const source = await storage.openSource('mem://bucket/a.csv');
    expect(source.uri).toBe('mem://bucket/a.csv');
    await failure(storage.openSource('Mem://bucket/none.csv'), 'SourceNotFound');
    expect(await failure(storage.openSource('s3://bucket/a.csv'), 'InvalidInput')).toContain('s3://');
    expect(await failure(storage.openTarget('a.csv', 'run-1'), 'InvalidInput')).toContain('root');
  });

  it('and two stores cannot have the same one', () => {
    const twice = [new PartsStore(), new PartsStore()];
    expect(() => createStorage({ roots: [], cwd: '/', stores: twice })).toThrow(/two stores open mem:\/\//);
  });
});

describe('a store that does not know the size of a source before its end', () => {
  const stored = (bytes: Buffer, name = 'a.csv'): StoredSource => ({
    uri: `mem://${name}`,
    name,
    version: { stamp: 'x' },
    async *read(from, length) {
      await Promise.resolve();
      if (from < bytes.length) yield bytes.subarray(from, from + length);
    },
    verify: () => Promise.resolve(),
    close: () => Promise.resolve(),
  });

  it('can be read all the same, and an empty one is noticed', async () => {
    const source = await openFormat(stored(Buffer.from('a,b\n1,2\n')), false);
    expect(source.size).toBeUndefined();
    expect((await collect(source.read(4, 100))).toString()).toBe('1,2\n');
    expect(await source.readBack()).toMatchObject({ size: 8 });
    await failure(openFormat(stored(Buffer.alloc(0)), false), 'SourceEmpty');
  });
});
