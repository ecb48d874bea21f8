import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { StorageError } from '../../src/storage';
import { createStorage, MARKER_FILE, markRoots, type StorageRoot } from '../../src/storage';
import { failure, from } from './contract';

const TOKEN = 'run-1';

describe('roots: a name is one file system, and a path says by a name which one it means', () => {
  let base: string;
  const at = (...names: string[]) => join(base, ...names);
  const storage = (extra: StorageRoot[] = [], markers?: Map<string, string>) =>
    createStorage({
      roots: [
        { name: 'default', path: at('here') },
        { name: 'payroll', path: at('payroll'), access: 'read' },
        { name: 'exchange', path: at('exchange') },
        ...extra,
      ],
      cwd: base,
      ...(markers === undefined ? {} : { markers }),
    });

  beforeEach(async () => {
    base = await fs.realpath(await fs.mkdtemp(join(tmpdir(), 'roots-')));
    for (const name of ['here', 'payroll', 'exchange']) await fs.mkdir(at(name));
    await fs.writeFile(at('payroll', 'june.csv'), 'x');
    await fs.writeFile(at('here', 'a.csv'), 'x');
  });
  afterEach(() => fs.rm(base, { recursive: true }));

  it.each<[string, string, string]>([
    ['data/a.csv', 'default', 'data/a.csv'],
    ['./data//b/../a.csv', 'default', 'data/a.csv'],
    ['default:data/a.csv', 'default', 'data/a.csv'],
    ['payroll:june.csv', 'payroll', 'payroll:june.csv'],
    ['payroll:2026/./june.csv', 'payroll', 'payroll:2026/june.csv'],
    ['/BASE/exchange/x.csv', 'exchange', 'exchange:x.csv'],
    ['file:///BASE/exchange/x%20y.csv', 'exchange', 'exchange:x y.csv'],
    ['../exchange/x.csv', 'exchange', 'exchange:x.csv'],
    ['exchange:', 'exchange', 'exchange:.'],
    ['.', 'default', '.'],
    ['out/', 'default', 'out/'],
    // What looks like the name of a root is one, unless the path says otherwise.
    ['./sales:2026.csv', 'default', 'default:sales:2026.csv'],
    ['default:sales:2026.csv', 'default', 'default:sales:2026.csv'],
    ['data/sales:2026.csv', 'default', 'data/sales:2026.csv'],
    // A root of other workers.
    ['elsewhere:x/../y.csv', 'elsewhere', 'elsewhere:y.csv'],
  ])('%s is in root %s', async (text, root, uri) => {
    const place = await storage().placeOf(text.replace('/BASE', base));
    expect(place).toEqual({ root, uri });
    // A place names itself.
    expect(await storage().placeOf(place.uri)).toEqual(place);
  });

  it.each<[string, RegExp]>([
    ['s3://bucket/x.csv', /s3:\/\/ is not supported .*ROOT:a\.csv/],
    ['payroll:/june.csv', /absolute path behind the name of a root\. .*\(payroll:june\.csv\)/],
    ['payroll:../exchange/x.csv', /leads out of root "payroll"/],
    ['elsewhere:../x.csv', /leads out of root "elsewhere"/],
    ['/etc/passwd', /outside of the directories this worker may use \(default = .*, payroll = /],
    ['', /is empty/],
  ])('%j is refused', async (text, words) => {
    expect(await failure(storage().placeOf(text), 'InvalidInput')).toMatch(words);
  });

  it('opens by name, tells the known names of one that it has not, and keeps what is only read', async () => {
    const s = storage();
    const source = await s.openSource('payroll:june.csv');
    expect(source.uri).toBe(pathToFileURL(at('payroll', 'june.csv')).href);
    await source.close();
    expect(await failure(s.openSource('payrol:june.csv'), 'InvalidInput')).toMatch(
      /Root "payrol" is none of this worker's roots \(default, payroll, exchange\)/,
    );
    expect(await failure(s.openSource('payroll:none.csv'), 'SourceNotFound')).toContain(
      `below the root payroll = ${at('payroll')}`,
    );
    expect(await failure(s.tryTarget('payroll:x.csv', TOKEN), 'InvalidInput')).toMatch(/access: read/);
    await s.putOnce('exchange:d/x.csv', from(Buffer.from('x')), TOKEN);
    expect(await fs.readFile(at('exchange', 'd', 'x.csv'), 'utf8')).toBe('x');
  });

  it('of roots within each other the innermost counts, and a link that leads into another root is that one', async () => {
    await fs.mkdir(at('here', 'inner'));
    await fs.symlink(at('payroll'), at('here', 'pay'));
    await fs.symlink(at('here', 'a.csv'), at('here', 'latest.csv'));
    const s = storage([{ name: 'inner', path: at('here', 'inner') }]);
    expect(await s.placeOf('inner/x.csv')).toEqual({ root: 'inner', uri: 'inner:x.csv' });
    expect(await s.placeOf('pay/june.csv')).toEqual({ root: 'payroll', uri: 'payroll:june.csv' });
    // A link inside keeps its name: it is the file that is meant.
    expect(await s.placeOf('latest.csv')).toEqual({ root: 'default', uri: 'latest.csv' });
    // Where nobody has looked before, it is no way into a file system of which the run knows nothing.
    expect(await failure(s.openSource('pay/june.csv'), 'InvalidInput')).toMatch(
      /leads out of root "default" into root "payroll"\. Name it payroll:june\.csv/,
    );
  });

  describe('markers', () => {
    const marks = (roots: StorageRoot[]) =>
      markRoots(roots, (root, reason) => {
        throw new Error(`${root}: ${reason}`);
      });

    it('are made once, by whoever comes first, are kept, and are no source and no target', async () => {
      const roots = [{ name: 'exchange', path: at('exchange') }];
      const [marker] = marks(roots).values();
      expect(marker).toMatch(/^[0-9a-f]{16}$/);
      expect([...marks(roots).values()]).toEqual([marker]);
      expect(await storage().markerOf('exchange')).toBe(marker);
      expect(await fs.readdir(at('exchange'))).toEqual([MARKER_FILE]);
      await failure(storage().openSource(`exchange:${MARKER_FILE}`), 'InvalidInput');
      await failure(storage().openTarget(`exchange:${MARKER_FILE}`, TOKEN), 'InvalidInput');
    });

    it('are not made where a root is only read', async () => {
      expect(marks([{ name: 'payroll', path: at('payroll'), access: 'read' }]).size).toBe(0);
      expect(await storage().markerOf('payroll')).toBeUndefined();
      expect(await fs.readdir(at('payroll'))).toEqual(['june.csv']);
    });

    it('that are gone, or other ones than at the start, stop what is done there: the file system is another one', async () => {
      const s = storage([], marks([{ name: 'exchange', path: at('exchange') }]));
      const path = at('exchange', MARKER_FILE);
      const marker = await fs.readFile(path, 'utf8');
      const error = async () => s.markerOf('exchange').catch((thrown: unknown) => thrown as StorageError);
      await fs.rm(path);
      expect(await error()).toMatchObject({ type: 'TargetFailed', transient: 'root "exchange" is away' });
      expect(await fs.readdir(at('exchange'))).toEqual([]);
      await fs.writeFile(path, '0123456789abcdef\n');
      expect(await error()).toMatchObject({ transient: 'root "exchange" is away' });
      await fs.writeFile(path, marker);
      expect(await s.markerOf('exchange')).toBe(marker.trim());
    });

    it('that are damaged are not overwritten', async () => {
      await fs.writeFile(at('exchange', MARKER_FILE), 'what is this? it is no marker');
      expect(() => marks([{ name: 'exchange', path: at('exchange') }])).toThrow(/is damaged/);
      expect(await failure(storage().markerOf('exchange'), 'InvalidInput')).toMatch(/is damaged/);
    });

    const asRoot = process.getuid?.() === 0 ? it.skip : it;
    asRoot('are done without where nothing can be written, which is said', async () => {
      await fs.chmod(at('exchange'), 0o500);
      const said: string[] = [];
      const roots = [{ name: 'exchange', path: at('exchange') }];
      expect(markRoots(roots, (root, reason) => void said.push(`${root}: ${reason}`)).size).toBe(0);
      expect(said.join()).toMatch(/exchange: the worker's user lacks the permission/);
      expect(await storage().markerOf('exchange')).toBeUndefined();
    });
  });
});
