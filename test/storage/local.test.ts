import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

import { createStorage, SLICE_BYTES } from '../../src/storage';
import { collect, contentOf, failure, from, storageContract } from './contract';

const TOKEN = 'run-1';
let base: string;
let root: string;

/** A root of its own beside a directory that is none. */
async function fresh(): Promise<void> {
  base = await fs.realpath(await fs.mkdtemp(join(tmpdir(), 'storage-')));
  root = join(base, 'root');
  await fs.mkdir(root);
  await fs.mkdir(join(base, 'outside'));
}
const local = (shared = false) => createStorage({ roots: [{ path: root, shared }], cwd: root });
const write = async (name: string, data: string | Buffer): Promise<string> => {
  const path = join(root, name);
  await fs.mkdir(dirname(path), { recursive: true });
  await fs.writeFile(path, data);
  return path;
};

storageContract('local files', async () => {
  await fresh();
  return {
    storage: local(),
    uri: (name) => name,
    put: async (name, bytes) => void (await write(name, bytes)),
    remove: (name) => fs.rm(join(root, name)),
    get: (name) => fs.readFile(join(root, name)).catch(() => undefined),
    list: async () =>
      (await fs.readdir(root, { recursive: true, withFileTypes: true }))
        .filter((entry) => !entry.isDirectory())
        .map((entry) => relative(root, join(entry.parentPath, entry.name)))
        .sort(),
    close: () => fs.rm(base, { recursive: true }),
  };
});

describe('local files', () => {
  beforeEach(fresh);
  afterEach(() => fs.rm(base, { recursive: true }));

  describe('paths', () => {
    it('are relative to the default root, absolute, or file URIs with percent-encoding', async () => {
      const path = await write('sub/ü b#1.csv', 'x');
      const storage = createStorage({ roots: [{ path: 'sub' }], cwd: root });
      for (const uri of [
        'ü b#1.csv',
        './ü b#1.csv',
        path,
        pathToFileURL(path).href,
        `file://localhost${encodeURI(path).replace('#', '%23')}`,
      ]) {
        const source = await storage.openSource(uri);
        expect(source.uri).toBe(pathToFileURL(path).href);
        await source.close();
      }
    });

    it.each([
      'file://server/share/x.csv',
      'file:///a%2Fb',
      'file:///a%00b',
      'a\0b',
      'file:///x?y',
      'file:///x#y',
    ])('cannot be %j', async (uri) => {
      await failure(local().openSource(uri), 'InvalidInput');
      await failure(local().openTarget(uri, TOKEN), 'InvalidInput');
    });

    it('never lead out of the roots, by dots, absolute paths or links, whether the file exists or not', async () => {
      const secret = join(base, 'outside', 'secret.csv');
      await fs.writeFile(secret, 'secret');
      await fs.symlink(secret, join(root, 'file-link.csv'));
      await fs.symlink(join(base, 'outside'), join(root, 'dir-link'));
      await fs.mkdir(join(base, 'root-2'));
      await fs.writeFile(join(base, 'root-2', 'x.csv'), 'x');
      const ways = [
        '../outside/secret.csv',
        '../outside/none.csv',
        '../nowhere/none.csv',
        secret,
        pathToFileURL(secret).href,
        'file-link.csv',
        'dir-link/secret.csv',
        'dir-link/none.csv',
        'dir-link/deeper/none.csv',
        '../root-2/x.csv',
        '/dev/null',
        '/proc/self/environ',
      ];
      for (const way of ways) {
        expect(await failure(local().openSource(way), 'InvalidInput')).toContain(
          'outside of the directories',
        );
        await failure(local().openTarget(way, TOKEN), 'InvalidInput');
        await failure(local().putOnce(way, from(Buffer.from('x')), TOKEN), 'InvalidInput');
        await failure(local().discardPart(way, TOKEN), 'InvalidInput');
        await failure(local().committed(way, TOKEN, contentOf('')), 'InvalidInput');
        await failure(local().resumeTarget(way, TOKEN, { offset: 0 }), 'InvalidInput');
      }
      expect((await fs.readdir(join(base, 'outside'))).sort()).toEqual(['secret.csv']);
      await failure(createStorage({ roots: [], cwd: root }).openSource('x'), 'InvalidInput');
    });

    it('may go through links that stay inside, and roots that are links', async () => {
      await write('real/a.csv', 'x');
      await fs.symlink('real', join(root, 'link'));
      await fs.symlink(join(root, 'real', 'a.csv'), join(root, 'latest.csv'));
      await fs.symlink(root, join(base, 'root-link'));
      const storage = createStorage({
        roots: [{ path: join(base, 'root-link') }],
        cwd: join(base, 'root-link'),
      });
      for (const way of ['link/a.csv', 'latest.csv', join(root, 'real/a.csv')])
        await (await storage.openSource(way)).close();
      const sink = await storage.openTarget('latest.csv', TOKEN);
      await sink.write(Buffer.from('new'));
      await sink.commit(contentOf('new'));
      expect(await fs.readlink(join(root, 'latest.csv'))).toBe(join(root, 'real', 'a.csv'));
      expect(await fs.readFile(join(root, 'real', 'a.csv'), 'utf8')).toBe('new');
    });
  });

  describe('sources', () => {
    it('must be regular files; a named pipe without a writer does not hang', async () => {
      execFileSync('mkfifo', [join(root, 'pipe')]);
      const server = createServer().listen(join(root, 'socket'));
      await new Promise((done) => server.once('listening', done));
      await fs.mkdir(join(root, 'directory'));
      expect(await failure(local().openSource('pipe'), 'InvalidInput')).toContain('named pipe');
      expect(await failure(local().openSource('socket'), 'InvalidInput')).toContain('socket');
      expect(await failure(local().openSource('directory'), 'InvalidInput')).toContain('directory');
      expect(await failure(local().openSource('directory/'), 'InvalidInput')).toContain('directory');
      const devices = createStorage({ roots: [{ path: '/dev' }], cwd: '/dev' });
      expect(await failure(devices.openSource('zero'), 'InvalidInput')).toContain('device');
      await new Promise((done) => server.close(done));
    });

    it('say why they cannot be opened', async () => {
      await write('file.csv', 'x');
      await fs.symlink('nowhere', join(root, 'dangling'));
      await fs.symlink('loop', join(root, 'loop'));
      await failure(local().openSource('file.csv/below'), 'SourceNotFound');
      await failure(local().openSource('dangling'), 'InvalidInput');
      await failure(local().openSource('loop'), 'InvalidInput');
      await failure(local().openSource('x'.repeat(300)), 'InvalidInput');
    });

    it('that may not be read are refused with the reason', async () => {
      await fs.chmod(base, 0o755);
      await write('private.csv', 'x');
      await fs.chmod(join(root, 'private.csv'), 0);
      await asNobody(async () => {
        expect(await failure(local().openSource('private.csv'), 'InvalidInput')).toContain('EACCES');
      });
    });

    it('of several gigabytes are read in bounded memory', async () => {
      const path = await write('sparse.csv', 'start');
      const size = 3 * 1024 ** 3 + 7;
      await fs.truncate(path, size);
      const source = await local().openSource('sparse.csv');
      expect(source.size).toBe(size);
      let total = 0;
      let peak = 0;
      const before = process.memoryUsage().rss;
      for await (const slice of source.read(0, size)) {
        total += slice.length;
        if (total % (256 * SLICE_BYTES) === 0) peak = Math.max(peak, process.memoryUsage().rss);
      }
      expect(total).toBe(size);
      expect(peak - before).toBeLessThan(400 * 1024 ** 2);
      expect(await collect(source.read(size - 3, 10))).toEqual(Buffer.alloc(3));
      await source.close();
    });

    describe('that change while they are read are noticed:', () => {
      const PAST = new Date('2020-01-01T00:00:00Z');
      it.each<[string, (path: string) => Promise<void>]>([
        ['appended to', (path) => fs.appendFile(path, 'x')],
        ['truncated', (path) => fs.truncate(path, 3)],
        ['same size, another time', (path) => fs.writeFile(path, 'BBBBBBBB')],
        [
          'replaced by a file of the same size and time',
          async (path) => {
            await fs.writeFile(`${path}.new`, 'BBBBBBBB');
            await fs.utimes(`${path}.new`, PAST, PAST);
            await fs.rename(`${path}.new`, path);
          },
        ],
        ['removed', (path) => fs.rm(path)],
        [
          'a symbolic link that now leads elsewhere',
          async (path) => {
            await fs.rename(path, `${path}.old`);
            await fs.symlink('/etc/passwd', path);
          },
        ],
      ])('%s', async (_what, change) => {
        const path = await write('a.csv', 'AAAAAAAA');
        await fs.utimes(path, PAST, PAST);
        for (const storage of [local(), local(true)]) {
          await fs.rm(path, { force: true });
          await write('a.csv', 'AAAAAAAA');
          await fs.utimes(path, PAST, PAST);
          const source = await storage.openSource('a.csv');
          await source.verify();
          await change(path);
          await failure(source.verify(), 'SourceChanged');
          await source.close();
          await fs.rm(`${path}.old`, { force: true });
        }
      });

      it('shrunk below the place of reading', async () => {
        const path = await write('a.csv', Buffer.alloc(2 * SLICE_BYTES, 'a'));
        const source = await local().openSource('a.csv');
        await fs.truncate(path, 10);
        await failure(collect(source.read(0, 2 * SLICE_BYTES)), 'SourceChanged');
        await source.close();
      });

      it('a .gz exchanged in place names the change, not the damage', async () => {
        const random = Buffer.from(
          Array.from({ length: SLICE_BYTES }, () => Math.floor(Math.random() * 256)),
        );
        const path = await write('a.gz', gzipSync(random));
        const source = await local().openSource('a.gz');
        await fs.writeFile(path, gzipSync(random).subarray(0, 5000));
        await failure(collect(source.read(0, 2 * SLICE_BYTES)), 'SourceChanged');
        await source.close();
      });

      it('a link to another file of the same bytes', async () => {
        await write('monday.csv', 'AAAA');
        await write('tuesday.csv', 'BBBB');
        await fs.utimes(join(root, 'monday.csv'), PAST, PAST);
        await fs.utimes(join(root, 'tuesday.csv'), PAST, PAST);
        await fs.symlink('monday.csv', join(root, 'latest.csv'));
        const source = await local().openSource('latest.csv');
        await fs.rm(join(root, 'latest.csv'));
        await fs.symlink('tuesday.csv', join(root, 'latest.csv'));
        await failure(source.verify(), 'SourceChanged');
        await failure(local().openSource('latest.csv', { pinned: source.version }), 'SourceChanged');
        await source.close();
      });
    });
  });

  describe('targets', () => {
    const modeOf = async (path: string): Promise<string> => ((await fs.stat(path)).mode & 0o777).toString(8);

    it('gather privately; a new one gets the usual mode, a replaced one keeps its own', async () => {
      const sink = await local().openTarget('new/deep/t.csv', TOKEN);
      expect(await modeOf(join(root, 'new/deep', `t.csv.${TOKEN}.part`))).toBe('600');
      await sink.commit(contentOf(''));
      expect(await modeOf(join(root, 'new/deep/t.csv'))).toBe('640');
      await fs.chmod(join(root, 'new/deep/t.csv'), 0o644);
      await (await local().openTarget('new/deep/t.csv', TOKEN)).commit(contentOf(''));
      expect(await modeOf(join(root, 'new/deep/t.csv'))).toBe('644');
    });

    it('must not be directories, pipes, roots or below files', async () => {
      await fs.mkdir(join(root, 'directory'));
      await write('file', 'x');
      execFileSync('mkfifo', [join(root, 'pipe')]);
      await fs.symlink('nowhere', join(root, 'dangling'));
      await fs.symlink('nowhere', join(root, 'dangling-dir'));
      for (const target of [
        'directory',
        '.',
        '..',
        root,
        'pipe',
        'dangling',
        'dangling-dir/x',
        'file/below',
        'x'.repeat(255),
      ]) {
        await failure(local().openTarget(target, TOKEN), 'InvalidInput');
      }
      expect((await fs.readdir(root)).some((name) => name.endsWith('.part'))).toBe(false);
    });

    it('never follow what somebody put in the place of the .part', async () => {
      const victim = join(base, 'outside', 'victim');
      await fs.writeFile(victim, 'precious');
      const part = join(root, `t.csv.${TOKEN}.part`);
      await fs.symlink(victim, part);
      await failure(local().openTarget('t.csv', TOKEN), 'InvalidInput');
      await fs.rm(part);
      await fs.link(victim, part);
      await failure(local().openTarget('t.csv', TOKEN), 'InvalidInput');
      await fs.rm(part);
      execFileSync('mkfifo', [part]);
      await failure(local().openTarget('t.csv', TOKEN), 'InvalidInput');
      expect(await fs.readFile(victim, 'utf8')).toBe('precious');
    });

    it('fail when the .part was exchanged or shortened behind our back', async () => {
      const part = join(root, `t.csv.${TOKEN}.part`);
      const sink = await local().openTarget('t.csv', TOKEN);
      await sink.write(Buffer.from('0123456789'));
      await fs.truncate(part, 4);
      await failure(sink.commit(contentOf('0123456789')), 'TransferCorrupt');
      await fs.rm(part);
      await fs.writeFile(part, '0123456789');
      await failure(sink.commit(contentOf('0123456789')), 'TargetFailed');
      await sink.close();
    });

    it('that may not be written fail with the reason', async () => {
      await fs.chmod(base, 0o755);
      await asNobody(async () => {
        expect(await failure(local().openTarget('t.csv', TOKEN), 'TargetFailed')).toContain('EACCES');
        expect(await failure(local().putOnce('d/t.csv', from(), TOKEN), 'TargetFailed')).toContain('EACCES');
      });
    });

    it('survive a commit that died between the rename and the answer', async () => {
      const sink = await local().openTarget('t.csv', TOKEN);
      await sink.write(Buffer.from('abc'));
      await sink.close();
      await fs.rename(join(root, `t.csv.${TOKEN}.part`), join(root, 't.csv'));
      const found = await local().committed('t.csv', TOKEN, { size: 3, crc32: 0x352441c2 });
      expect(found?.sha256).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    });
  });

  describe('files that are stored once', () => {
    it('are private, in private directories', async () => {
      const { uri } = await local().putOnce('dumps/wf/run/a.csv', from(Buffer.from('x')), TOKEN);
      expect(uri).toBe(pathToFileURL(join(root, 'dumps/wf/run/a.csv')).href);
      expect((await fs.stat(join(root, 'dumps/wf/run/a.csv'))).mode & 0o777).toBe(0o600);
      for (const directory of ['dumps', 'dumps/wf', 'dumps/wf/run']) {
        expect((await fs.stat(join(root, directory))).mode & 0o777).toBe(0o700);
      }
    });

    it('survive an attempt that died while writing, or between its two names', async () => {
      await write(`d/a.csv.${TOKEN}.part`, 'half');
      expect((await local().putOnce('d/a.csv', from(Buffer.from('whole')), TOKEN)).size).toBe(5);
      await fs.link(join(root, 'd/a.csv'), join(root, `d/a.csv.${TOKEN}.part`));
      expect((await local().putOnce('d/a.csv', from(Buffer.from('another')), TOKEN)).size).toBe(5);
      expect(await fs.readdir(join(root, 'd'))).toEqual(['a.csv']);
      expect(await fs.readFile(join(root, 'd/a.csv'), 'utf8')).toBe('whole');
    });

    it('are never overwritten by one that was slower', async () => {
      const slow = (async function* () {
        yield Buffer.from('slow');
        await local().putOnce('a.csv', from(Buffer.from('quick')), 'run-2');
      })();
      expect(await local().putOnce('a.csv', slow, TOKEN)).toMatchObject({ size: 5 });
      expect(await fs.readFile(join(root, 'a.csv'), 'utf8')).toBe('quick');
      expect(await fs.readdir(root)).toEqual(['a.csv']);
    });
  });
});

/** Runs as a user without rights where the tests run as root, whom no mode stops. */
async function asNobody(action: () => Promise<void>): Promise<void> {
  const me = process.geteuid?.();
  if (me !== 0) {
    await fs.chmod(root, 0o555);
    try {
      await action();
    } finally {
      await fs.chmod(root, 0o755);
    }
    return;
  }
  process.seteuid?.(65534);
  try {
    await action();
  } finally {
    process.seteuid?.(0);
  }
}
