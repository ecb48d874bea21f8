/** Secrets as editors write them and orchestrators mount them: read right, or refused with what to do. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPairSync } from 'node:crypto';
import { startSandbox } from '../../src/sandbox';
import { ConfigError, loadConfig } from '../../src/worker';
import { openConnections } from '../../src/worker/connections';
import { judgeAccess, mountIsReadOnly, type Access } from '../../src/worker/secret-access';
import { readConfigFile, resolveSecret } from '../../src/worker/secrets';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'secrets-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

function write(name: string, content: string | Buffer, mode = 0o600): string {
  const path = join(cwd, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

const secret = (file: string, env: NodeJS.ProcessEnv = {}): string =>
  resolveSecret('x', { file }, { env, directory: cwd }).reveal();

describe('who else can read a secret', () => {
  const pod = { uid: 1000, gids: [1000, 2000] };
  const root = { uid: 0, gids: [0] };
  const file = (uid: number, gid: number, mode: number): Pick<Access, 'uid' | 'gid' | 'mode'> => ({
    uid,
    gid,
    mode,
  });
  test.each<[string, Pick<Access, 'uid' | 'gid' | 'mode'>, Access['process'], boolean, string]>([
    ['our own, 0600', file(1000, 1000, 0o600), pod, false, 'private'],
    ['our own, 0400', file(1000, 1000, 0o400), pod, false, 'private'],
    ['our own, left open to the group', file(1000, 1000, 0o640), pod, false, 'exposed'],
    ['our own, left open to all', file(1000, 1000, 0o644), pod, false, 'exposed'],
    ['our own, left open to writers', file(1000, 1000, 0o620), pod, false, 'exposed'],
    ['Kubernetes with fsGroup, 0440', file(0, 2000, 0o440), pod, true, 'private'],
    ['Kubernetes with fsGroup and defaultMode 0600', file(0, 2000, 0o640), pod, true, 'private'],
    ['the same on a mount whose kind is not known', file(0, 2000, 0o440), pod, false, 'private'],
    ['Kubernetes without fsGroup, 0644', file(0, 0, 0o644), pod, true, 'open'],
    ['Docker Swarm, 0444', file(0, 0, 0o444), pod, true, 'open'],
    ['Docker Swarm, the process being root', file(0, 0, 0o444), root, true, 'open'],
    ['Kubernetes, the process being root', file(0, 0, 0o440), root, true, 'private'],
    ['root to its own group, unwritable', file(0, 0, 0o440), root, false, 'private'],
    ['root left its own file open to the group', file(0, 0, 0o640), root, false, 'exposed'],
    ['root left its own file open to all', file(0, 0, 0o644), root, false, 'exposed'],
    ['a file of root that all can read, where it can be changed', file(0, 0, 0o444), pod, false, 'exposed'],
    ['a group of root that we are not in', file(0, 3000, 0o440), pod, false, 'exposed'],
    ['a group that can write', file(0, 2000, 0o660), pod, false, 'exposed'],
    ['another user who is not root', file(1001, 2000, 0o440), pod, false, 'exposed'],
    ['our own on a read-only mount', file(1000, 1000, 0o644), pod, true, 'open'],
    ['a mode with set-group-ID and the like', file(0, 2000, 0o102440), pod, true, 'private'],
  ])('%s', (_, stat, process, readOnly, judgement) => {
    expect(judgeAccess({ ...stat, process, readOnly })).toBe(judgement);
  });
});

describe('a mount is read-only', () => {
  const table = [
    '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
    '30 22 0:25 / /run/secrets ro,relatime - tmpfs tmpfs rw,size=4k',
    '31 22 0:26 / /run/secrets/inner rw - tmpfs tmpfs rw',
    '32 22 0:27 / /mnt/with\\040blank rw,relatime - ext4 /dev/sdb ro',
    '33 22 0:28 / /twice ro - tmpfs tmpfs rw',
    '34 33 0:29 / /twice rw - tmpfs tmpfs rw',
    '35 22 0:30 / /run/secrets/one ro - tmpfs tmpfs rw',
    '',
  ].join('\n');
  test.each([
    ['/etc/passwd', false],
    ['/run/secrets/password', true],
    ['/run/secrets', true],
    ['/run/secrets-not', false],
    ['/run/secrets/inner/x', false],
    ['/mnt/with blank/x', true],
    ['/twice/x', false],
    // A single file can be a mount.
    ['/run/secrets/one', true],
  ])('%s: %p', (path, readOnly) => {
    expect(mountIsReadOnly(table, path)).toBe(readOnly);
  });

  test('a read-only root is one, and a table that says nothing is none', () => {
    expect(mountIsReadOnly('22 1 8:1 / / ro - overlay overlay rw', '/a')).toBe(true);
    expect(mountIsReadOnly('', '/a')).toBe(false);
  });
});

test('a secret behind the links of Kubernetes is read, also after it was replaced', () => {
  const version = (name: string, value: string): void => {
    mkdirSync(join(cwd, name));
    write(`${name}/password`, value, 0o400);
    symlinkSync(name, join(cwd, '..data_tmp'));
    renameSync(join(cwd, '..data_tmp'), join(cwd, '..data'));
  };
  version('..2026_01', 'first\n');
  symlinkSync('..data/password', join(cwd, 'password'));
  expect(secret('password')).toBe('first');
  version('..2026_02', 'second\n');
  expect(secret('password')).toBe('second');
  // What counts is the file, not the link, whose mode is always open.
  chmodSync(join(cwd, '..2026_02/password'), 0o644);
  expect(() => secret('password')).toThrow(/open to other users \(mode 0644\)/);
});

describe('a file as editors write it', () => {
  test.each<[string, string | Buffer, string]>([
    ['a line end', 'pä ss\n', 'pä ss'],
    ['CRLF', 'pass\r\n', 'pass'],
    ['no line end', 'pass', 'pass'],
    ['two line ends, of which one is taken', 'pass\n\n', 'pass\n'],
    ['blanks, which are part of it', ' pass \n', ' pass '],
    ['a byte-order mark', '\uFEFFpass\r\n', 'pass'],
    ['a byte-order mark in the middle, which is part of it', 'pa\uFEFFss', 'pa\uFEFFss'],
  ])('%s', (_, content, value) => {
    write('password', content);
    expect(secret('password')).toBe(value);
  });

  test.each<[string, Buffer, RegExp]>([
    [
      'UTF-16 with a mark',
      Buffer.from('\uFEFFsesame', 'utf16le'),
      /password is UTF-16 text: save it as UTF-8/,
    ],
    ['UTF-16 big-endian', Buffer.from('\uFEFFsesame', 'utf16le').swap16(), /is UTF-16 text/],
    ['UTF-16 without a mark', Buffer.from('sesame', 'utf16le'), /holds zero bytes/],
    ['Latin-1', Buffer.from('sesäme', 'latin1'), /is not UTF-8 text/],
    ['only a mark', Buffer.from('\uFEFF\n'), /is empty/],
  ])('%s is refused by its name, without the secret', (_, content, message) => {
    write('password', content);
    try {
      secret('password');
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      expect((error as Error).message).toMatch(message);
      expect(String((error as Error).stack)).not.toContain('sesame');
      return;
    }
    throw new Error('it was accepted');
  });

  test('a line end in an environment variable, as Kubernetes secrets often have one, is not part of it', () => {
    const read = (value: string): string =>
      resolveSecret('x', { env: 'P' }, { env: { P: value }, directory: cwd }).reveal();
    expect(read('pass\n')).toBe('pass');
    expect(() => read('\n')).toThrow(/P is not set/);
  });

  test('the configuration may have a mark and CRLF; UTF-16 is refused by its name', () => {
    const yaml = 'connections:\r\n  default: { user: "${U}", password: "${P}" }\r\n';
    write('anaplan-temporal.yaml', `\uFEFF${yaml}`);
    const [connection] = loadConfig({ cwd, env: { U: 'me@example.com\n' } }).connections;
    expect(connection).toMatchObject({ name: 'default', logIn: { user: 'me@example.com' } });
    write('anaplan-temporal.yaml', Buffer.from(`\uFEFF${yaml}`, 'utf16le'));
    expect(() => loadConfig({ cwd, env: {} })).toThrow(/anaplan-temporal\.yaml is UTF-16 text/);
  });
});

test('the password of a file with a byte-order mark logs in', async () => {
  const sandbox = await startSandbox({ user: 'me@example.com', password: 'sésame' });
  try {
    write('password', '\uFEFFsésame\r\n');
    write(
      'anaplan-temporal.yaml',
      `connections:\n  default: { apiUrl: "${sandbox.url}", authUrl: "${sandbox.url}", user: me@example.com, password: { file: password } }`,
    );
    const connections = openConnections(loadConfig({ cwd, env: {} }), { env: {}, log: () => undefined });
    const me = await connections.get('default').client.users.me();
    expect(me.email).toBe('me@example.com');
    await connections.close();
  } finally {
    await sandbox.close();
  }
});

describe('a certificate log-in', () => {
  const fixture = (name: string): string =>
    readFileSync(join(__dirname, '../sandbox/fixtures', name), 'utf8');
  const certificate = fixture('test-certificate.pem');
  const key = fixture('test-key.pem');
  const config = 'connections: { default: { certificate: { file: c.pem }, privateKey: { file: k.pem } } }';
  const open = (warnings: string[] = []): unknown => {
    write('anaplan-temporal.yaml', config);
    return openConnections(loadConfig({ cwd, env: {} }), {
      env: {},
      log: (level, message) => void (level === 'warn' && warnings.push(message)),
    });
  };

  test('a certificate file that holds the key too is a warning where others can read it', () => {
    write('k.pem', key);
    write('c.pem', key + certificate, 0o644);
    const warnings: string[] = [];
    open(warnings);
    expect(warnings).toEqual([
      expect.stringMatching(/c\.pem holds a private key, which other users can read/),
    ]);
    expect(warnings.join()).not.toContain('BEGIN');
    write('c.pem', key + certificate, 0o600);
    const none: string[] = [];
    open(none);
    expect(none).toEqual([]);
  });

  test('a binary file is read as such: the refusal names the file and the command', () => {
    write('c.pem', certificate);
    write('k.pem', Buffer.from([0x30, 0x82, 1, 0, 2, 1, 3, 0x30, 0x82, 0xff, 0xfe]));
    expect(() => open()).toThrow(
      /Configuration, connections\.default: .*private key in .*k\.pem is a PKCS#12 file.*openssl pkcs12 -in \S*k\.pem -nocerts/,
    );
  });

  test('a key of another certificate is told without either', () => {
    write('c.pem', certificate);
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    write('k.pem', other.export({ type: 'pkcs1', format: 'pem' }));
    expect(() => open()).toThrow(/the private key does not belong to the certificate\.$/);
  });
});

test('a directory, a missing file and one that may not be read say so', () => {
  mkdirSync(join(cwd, 'dir'));
  expect(() => readConfigFile('x', join(cwd, 'dir'), { secret: true })).toThrow(/dir is a directory/);
  expect(() => readConfigFile('x', join(cwd, 'gone'), { secret: true })).toThrow(/gone does not exist/);
  symlinkSync('loop', join(cwd, 'loop'));
  expect(() => readConfigFile('x', join(cwd, 'loop'), { secret: true })).toThrow(/cannot be read \(ELOOP\)/);
});
