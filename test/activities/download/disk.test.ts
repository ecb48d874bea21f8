import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, statfsSync, writeFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { createStorage, StorageError, type Storage } from '../../../src/storage';
import { targetError } from '../../../src/storage/errors';
import { attempt, Bench, type Attempt, ROOT } from '../support';

const DUMPED = { kind: 'imports' as const, id: '112000000002', name: 'Load Sales' };
const HOUR = 3_600_000;
/** So many refusals of the file system, of which the first came so long ago. */
const refusals = (ms: number, count: number) => {
  const since = Date.now() - ms;
  return { since, count, last: { at: since, class: 'storage' }, classes: { storage: { count, ms: 0 } } };
};

function errno(code: string): Error {
  return Object.assign(new Error(`${code}: it happened`), { code });
}

describe('a disk that is full is waited for: a dump that is given up is erased by the next run of the action', () => {
  let bench: Bench;
  let blocked: string | undefined;
  beforeAll(async () => {
    bench = await Bench.start();
  });
  afterAll(() => bench.close());
  beforeEach(() => {
    blocked = undefined;
  });

  /** The storage of the bench, of which every write fails as the system would. */
  const faulty = (): Storage => {
    const real = bench.storage;
    const check = (uri: string) => {
      if (blocked !== undefined) throw targetError(errno(blocked), uri);
    };
    return {
      ...real,
      putOnce: (uri, slices, token) => {
        check(uri);
        return real.putOnce(uri, slices, token);
      },
      tryTarget: (uri, token) => {
        check(uri);
        return real.tryTarget(uri, token);
      },
    };
  };
  const fault = async (o: { leftMs?: number; resume?: unknown; attempt?: number } = {}) => {
    const { activities, close } = await Bench.start({ deps: { storage: faulty() } }).then((other) => ({
      activities: other.activities,
      close: () => other.close(),
    }));
    try {
      return await attempt(
        () =>
          activities['anaplan.fetchDump']({
            ...bench.call,
            ...(o.leftMs === undefined ? {} : { leftMs: o.leftMs }),
            action: DUMPED,
            taskId: 'T1',
            name: DUMPED.name,
            directory: 'dumps',
            root: ROOT,
          }),
        o,
      );
    } finally {
      await close();
    }
  };

  it.each([
    ['ENOSPC', 'disk full'],
    ['EDQUOT', 'disk quota used up'],
    ['EIO', 'disk error'],
    ['ESTALE', 'network file system lost the file'],
    ['EMFILE', 'too many open files'],
    ['ENFILE', 'too many open files'],
    ['ETIMEDOUT', 'network file system does not answer'],
  ])('%s is tried again, and the UI says "waiting: %s"', async (code, words) => {
    blocked = code;
    const { failure, beats } = await fault({ leftMs: HOUR });
    expect(failure).toMatchObject({ type: 'TargetFailed', nonRetryable: false });
    expect(failure?.message).toMatch(new RegExp(`^waiting: ${words}\\. The target .* cannot be written`));
    expect(beats.at(-1)?.outage).toMatchObject({ last: { class: 'storage' }, count: 1 });
    expect(beats.at(-1)?.outage?.message).toContain(words);
  });

  it.each(['EACCES', 'EROFS', 'ENAMETOOLONG'])('%s is final: waiting does not help', async (code) => {
    blocked = code;
    expect((await fault({ leftMs: HOUR })).failure?.nonRetryable).toBe(true);
  });

  it('a dump is waited for until timeouts.transfer is reached, then the failure says so', async () => {
    blocked = 'ENOSPC';
    const outage = refusals(5 * HOUR, 300);
    const waiting = await fault({ leftMs: HOUR, resume: { outage }, attempt: 301 });
    expect(waiting.failure?.nonRetryable).toBe(false);
    expect(waiting.beats.at(-1)?.outage).toMatchObject({ since: outage.since, count: 301 });
    const over = await fault({ leftMs: 0, resume: { outage }, attempt: 301 });
    expect(over.failure).toMatchObject({ type: 'TargetFailed', nonRetryable: true });
    expect(over.failure?.message).toMatch(
      /file system is full.*\. It has been so for 5 h, in 301 tries\. Free some space\.$/,
    );
  });

  it('a target is waited for 15 minutes', async () => {
    blocked = 'ENOSPC';
    const other = await Bench.start({ deps: { storage: faulty() } });
    const tryIt = (minutes: number): Promise<Attempt<unknown>> =>
      attempt(
        () =>
          other.activities['anaplan.tryTargets']({ root: ROOT, targets: [{ uri: 'x.csv', token: 'run1' }] }),
        {
          attempt: 9,
          resume: { outage: refusals(minutes * 60_000, 8) },
        },
      );
    expect((await tryIt(14)).failure).toMatchObject({ nonRetryable: false });
    expect((await tryIt(16)).failure).toMatchObject({ type: 'TargetFailed', nonRetryable: true });
    await other.close();
  });
});

/** A file system of 256 KB, where this process may mount one. */
function smallDisk(path: string): boolean {
  try {
    mkdirSync(path);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'small', path], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('a disk that is really full', () => {
  let bench: Bench;
  let disk: string;
  let mounted = false;
  beforeAll(async () => {
    bench = await Bench.start();
    disk = join(bench.root, 'disk');
    mounted = smallDisk(disk);
    if (!mounted)
      process.stderr.write('No small file system can be mounted here: errors are injected only.\n');
  });
  afterAll(async () => {
    if (mounted) execFileSync('umount', [disk]);
    await bench.close();
  });

  it('is found out by a trial, leaves nothing there, and does when there is room again', async () => {
    if (!mounted) return;
    const storage = createStorage({ roots: [{ path: disk }], cwd: disk });
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(join(disk, 'full'), Buffer.alloc(bavail * bsize));
    for (const trial of [storage.tryTarget('a.csv', 'run1'), storage.tryOnce('dumps/a.csv', 'run1')]) {
      const error: unknown = await trial.catch((e: unknown) => e);
      expect(error).toBeInstanceOf(StorageError);
      expect(error).toMatchObject({ type: 'TargetFailed', transient: 'disk full' });
      expect((error as StorageError).message).toMatch(/file system is full.*\(ENOSPC\)/);
    }
    expect(readdirSync(disk)).toEqual(['full']);
    rmSync(join(disk, 'full'));
    await storage.tryOnce('dumps/a.csv', 'run1');
    await storage.tryTarget('a.csv', 'run1');
    expect(readdirSync(disk)).toEqual(['a.csv.run1.part']);
  });

  it('that cannot be written at all says so, and not that a directory is missing', async () => {
    if (!mounted) return;
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    const storage = createStorage({ roots: [{ path: disk }], cwd: disk });
    try {
      for (const trial of [
        storage.tryTarget('new/a.csv', 'run1'),
        storage.tryOnce('dumps/w/r/a.csv', 'run1'),
      ]) {
        const error: unknown = await trial.catch((e: unknown) => e);
        expect(error).toMatchObject({ type: 'TargetFailed' });
        expect((error as StorageError).message).toMatch(/read-only.*\(EROFS\)/);
        expect((error as StorageError).transient).toBeUndefined();
      }
    } finally {
      execFileSync('mount', ['-o', 'remount,rw', disk]);
    }
  });
});
