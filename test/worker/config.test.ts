import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { ConfigError, configuredActivities, configuredTaskQueue, loadConfig, Secret } from '../../src/worker';
import { openConnections } from '../../src/worker/connections';
import { canonicalBelow, canonicalRoots } from '../../src/worker/roots';
import { resolveSecret } from '../../src/worker/secrets';

let cwd: string;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'config-'));
});

afterEach(() => {
  rmSync(cwd, { recursive: true, force: true });
});

function write(name: string, content: string, mode = 0o600): string {
  const path = join(cwd, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

/** The message of the error that a configuration gives. */
function refused(yaml: string, env: NodeJS.ProcessEnv = {}): string {
  write('anaplan-temporal.yaml', yaml);
  try {
    loadConfig({ cwd, env });
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  throw new Error('the configuration was accepted');
}

const ENV = { ANAPLAN_USER: 'me@example.com', ANAPLAN_PASSWORD: 'hunter2-secret' };

test('what is wrong with a configuration names its file, whichever command reads it and whenever it is found', () => {
  const named = /^Configuration, .*: .*\. The file is .*anaplan-temporal\.yaml\.$/s;
  expect(refused('worker: { tranferSlots: 3 }')).toMatch(named);
  expect(() => configuredTaskQueue({ cwd, env: {} })).toThrow(named);
  expect(refused('connections: { default: { user: a, password: "${GONE}", region: mars } }')).toMatch(named);
  // Found only when the secret is read, with a file that is not open to others.
  write('anaplan-temporal.yaml', 'connections: { default: { user: a, password: "${GONE}" } }');
  expect(() => configuredActivities(loadConfig({ cwd, env: {} }), { env: {} })).toThrow(named);
  write('anaplan-temporal.yaml', '');
  expect(() => configuredActivities(loadConfig({ cwd, env: {} }), { env: {} })).toThrow(named);
});

describe('the environment alone configures the connection "default"', () => {
  test('user and password, US by default', () => {
    const config = loadConfig({ cwd, env: ENV });
    expect(config.connections).toEqual([
      {
        name: 'default',
        apiUrl: 'https://api.anaplan.com',
        authUrl: 'https://auth.anaplan.com',
        logIn: { kind: 'basic', user: 'me@example.com', password: { env: 'ANAPLAN_PASSWORD' } },
        requestsPerMinute: 540,
        budgetPerMinute: 540,
      },
    ]);
    expect(config.worker).toMatchObject({
      taskQueue: 'anaplan',
      roots: [{ path: cwd }],
      dumps: join(cwd, 'dumps'),
      maxConcurrentWaits: 2000,
    });
  });

  test('a certificate, a region, and URLs', () => {
    const certificate = {
      ANAPLAN_CERTIFICATE_FILE: 'me.pem',
      ANAPLAN_PRIVATE_KEY_FILE: '/keys/me.key',
      ANAPLAN_PRIVATE_KEY_PASSPHRASE: 'x',
    };
    const eu = loadConfig({ cwd, env: { ...certificate, ANAPLAN_REGION: 'eu3' } }).connections[0];
    expect(eu).toMatchObject({
      apiUrl: 'https://eu3.api.anaplan.com',
      logIn: {
        kind: 'certificate',
        certificateFile: join(cwd, 'me.pem'),
        privateKeyFile: '/keys/me.key',
        passphrase: { env: 'ANAPLAN_PRIVATE_KEY_PASSPHRASE' },
        payload: 'v2',
      },
    });
    const urls = { ANAPLAN_API_URL: 'http://127.0.0.1:1', ANAPLAN_AUTH_URL: 'http://127.0.0.1:2' };
    expect(loadConfig({ cwd, env: { ...ENV, ...urls } }).connections[0]).toMatchObject({
      apiUrl: 'http://127.0.0.1:1',
      authUrl: 'http://127.0.0.1:2',
    });
  });

  test.each<[string, NodeJS.ProcessEnv, RegExp]>([
    ['one URL alone', { ...ENV, ANAPLAN_API_URL: 'http://a' }, /authUrl \(ANAPLAN_AUTH_URL\) is missing/],
    ['no password', { ANAPLAN_USER: 'me' }, /password \(ANAPLAN_PASSWORD\) is missing/],
    [
      'a certificate without its key',
      { ANAPLAN_CERTIFICATE_FILE: 'a' },
      /privateKey \(ANAPLAN_PRIVATE_KEY_FILE\) is missing/,
    ],
    [
      'password and certificate',
      { ...ENV, ANAPLAN_CERTIFICATE_FILE: 'a', ANAPLAN_PRIVATE_KEY_FILE: 'b' },
      /both a password and a certificate/,
    ],
    ['an unknown region', { ...ENV, ANAPLAN_REGION: 'eu99' }, /Unknown Anaplan region "eu99".*eu3/],
    ['no URL', { ...ENV, ANAPLAN_API_URL: 'api', ANAPLAN_AUTH_URL: 'auth' }, /apiUrl: must be a URL/],
  ])('%s is refused', (_what, env, message) => {
    expect(() => loadConfig({ cwd, env })).toThrow(message);
  });

  test('no connection is no error here: a command that only starts runs needs none', () => {
    expect(loadConfig({ cwd, env: {} }).connections).toEqual([]);
  });
});

describe('the file', () => {
  test('connections, limits, roots and dumps', () => {
    mkdirSync(join(cwd, 'conf'));
    const path = write(
      'conf/a.yaml',
      `connections:
  default: { region: us1, user: "\${ANAPLAN_USER}", password: { file: ./secret }, requestsPerMinute: 600, share: 0.5 }
  prod: { apiUrl: https://a.example, authUrl: https://b.example, tenant: prod, certificate: { file: me.pem }, privateKey: { file: me.key }, passphrase: "\${PASS}", certificatePayload: v1 }
worker: { taskQueue: q, roots: [data, { path: /srv/shared, shared: true }], dumps: bad, transferSlots: 3, maxConcurrentWaits: 50 }
`,
    );
    const config = loadConfig({ cwd, env: { ANAPLAN_TEMPORAL_CONFIG: 'conf/a.yaml', ANAPLAN_USER: 'me' } });
    expect(config.file).toBe(path);
    const conf = join(cwd, 'conf');
    expect(config.connections.map((c) => [c.name, c.requestsPerMinute, c.logIn])).toEqual([
      ['default', 300, { kind: 'basic', user: 'me', password: { file: './secret' } }],
      [
        'prod',
        540,
        {
          kind: 'certificate',
          certificateFile: join(conf, 'me.pem'),
          privateKeyFile: join(conf, 'me.key'),
          passphrase: { env: 'PASS' },
          payload: 'v1',
        },
      ],
    ]);
    expect(config.worker).toMatchObject({
      taskQueue: 'q',
      roots: [
        { path: join(conf, 'data'), shared: false },
        { path: '/srv/shared', shared: true },
      ],
      dumps: join(conf, 'data', 'bad'),
      transferSlots: 3,
      maxConcurrentWaits: 50,
    });
  });

  test.each<[string, string, RegExp]>([
    ['a misspelt key', 'conections: {}', /conections: is not known here; did you mean "connections"\?/],
    [
      'a key inside',
      'worker: { tasksQueue: a }',
      /worker\.tasksQueue: is not known here; did you mean "taskQueue"\?/,
    ],
    [
      'a key of a connection',
      'connections: { default: { usr: a } }',
      /connections\.default\.usr: is not known here; did you mean "user"\?/,
    ],
    ['a wrong type', 'worker: { transferSlots: many }', /worker\.transferSlots: must be a whole number/],
    ['dumps outside', 'worker: { dumps: ../elsewhere }', /worker\.dumps: .* is below none of the roots/],
    ['no root', 'worker: { roots: [] }', /worker\.roots: must name at least one directory/],
    [
      'a reference to nothing',
      'connections: { a: { user: "${NOBODY}", password: "${P}" } }',
      /connections\.a\.user: the environment variable NOBODY is not set/,
    ],
  ])('%s is refused with its path', (_what, yaml, message) => {
    expect(refused(yaml)).toMatch(message);
  });

  test.each<[string, string, RegExp]>([
    ['a name of one letter', 'C: /data', /worker\.roots\.C: a root's name must begin with a letter/],
    ['a name with a dot', 'a.small: /data', /worker\.roots\["?a\.small.*a root's name must begin/],
    ['the scheme of a URI', 's3: /data', /worker\.roots\.s3: a root's name is what a URI begins with/],
    [
      'a wrong entry',
      'data: { path: /data, access: rw }',
      /worker\.roots\.data.*must be a path, or \{path: PATH/,
    ],
    ['no directory', 'data: 7', /worker\.roots\.data: must be a path, or \{path: PATH/],
  ])('a root with %s is refused', (_what, root, message) => {
    expect(refused(`worker: { roots: { ${root} } }`)).toMatch(message);
  });

  test('roots by name, and where dumps go then', () => {
    write(
      'anaplan-temporal.yaml',
      'worker: { roots: { payroll: { path: in, access: read }, exchange: { path: /mnt/x, shared: true }, default: . }, dumps: "exchange:kept" }',
    );
    expect(loadConfig({ cwd, env: {} }).worker).toMatchObject({
      roots: [
        { name: 'payroll', path: join(cwd, 'in'), access: 'read' },
        { name: 'exchange', path: '/mnt/x', shared: true },
        { name: 'default', path: cwd },
      ],
      dumps: '/mnt/x/kept',
    });
    write('anaplan-temporal.yaml', 'worker: { roots: { exchange: /mnt/x, default: . } }');
    expect(loadConfig({ cwd, env: {} }).worker.dumps).toBe(join(cwd, 'dumps'));
  });

  test('roots of a list are named: the first one is the default, the others are called as their directories', () => {
    write(
      'anaplan-temporal.yaml',
      'worker: { roots: [., { path: /mnt/exchange, shared: true }, /srv/exchange, /srv/2026] }',
    );
    const { roots } = loadConfig({ cwd, env: {} }).worker;
    expect(roots.map(({ name }) => name)).toEqual(['default', 'exchange', 'root3', 'root4']);
  });

  test('a file that is named and missing is refused', () => {
    expect(() => loadConfig({ cwd, env: {}, configPath: 'no.yaml' })).toThrow(
      /no\.yaml, named by --config, does not exist/,
    );
  });
});

describe('flags win over the environment, which wins over the file', () => {
  test('task queue, roots and dumps', () => {
    write('anaplan-temporal.yaml', 'worker: { taskQueue: file, roots: [.] }');
    const env = { ANAPLAN_TEMPORAL_TASK_QUEUE: 'env' };
    expect(loadConfig({ cwd, env: {} }).worker.taskQueue).toBe('file');
    expect(loadConfig({ cwd, env }).worker.taskQueue).toBe('env');
    expect(loadConfig({ cwd, env: { ANAPLAN_TEMPORAL_TASK_QUEUE: ' ' } }).worker.taskQueue).toBe('file');
    const flags = loadConfig({
      cwd,
      env,
      overrides: { taskQueue: 'flag', roots: ['data'], dumps: 'data/d' },
    });
    expect(flags.worker).toMatchObject({
      taskQueue: 'flag',
      roots: [{ path: join(cwd, 'data') }],
      dumps: join(cwd, 'data', 'd'),
    });
    const named = loadConfig({ cwd, env, overrides: { roots: ['data', 'payroll=/data/pay', './a=b'] } });
    expect(named.worker.roots).toEqual([
      { name: 'default', path: join(cwd, 'data') },
      { name: 'payroll', path: '/data/pay' },
      { name: 'root3', path: join(cwd, 'a=b') },
    ]);
    expect(() => loadConfig({ cwd, env, overrides: { roots: ['s3=data'] } })).toThrow(
      /--root: the name "s3"/,
    );
    expect(() => loadConfig({ cwd, env, overrides: { roots: ['in=a', 'in=b'] } })).toThrow(/named "in"/);
    expect(configuredTaskQueue({ cwd, env: {} })).toBe('file');
    expect(configuredTaskQueue({ cwd, env })).toBe('env');
    expect(configuredTaskQueue({ cwd, env, taskQueue: 'flag' })).toBe('flag');
  });

  test("the environment's log-in and host replace the file's whole", () => {
    write(
      'anaplan-temporal.yaml',
      'connections: { default: { region: eu3, share: 0.5, certificate: { file: a }, privateKey: { file: b }, passphrase: "${P}" } }',
    );
    const urls = { ANAPLAN_API_URL: 'http://a', ANAPLAN_AUTH_URL: 'http://b' };
    expect(loadConfig({ cwd, env: { ...ENV, ...urls } }).connections[0]).toEqual({
      name: 'default',
      apiUrl: 'http://a',
      authUrl: 'http://b',
      logIn: { kind: 'basic', user: 'me@example.com', password: { env: 'ANAPLAN_PASSWORD' } },
      requestsPerMinute: 270,
      budgetPerMinute: 540,
    });
  });

  test('the password of another connection makes no connection "default"', () => {
    write('anaplan-temporal.yaml', 'connections: { prod: { user: a, password: "${ANAPLAN_PASSWORD}" } }');
    const names = loadConfig({ cwd, env: { ANAPLAN_PASSWORD: 'x' } }).connections.map((c) => c.name);
    expect(names).toEqual(['prod']);
  });
});

describe('no secret is printed', () => {
  const PASSWORD = 'hunter2-secret';

  test('a literal secret is refused without repeating it', () => {
    const message = refused(`connections: { default: { user: a, password: ${PASSWORD} } }`);
    expect(message).toMatch(/connections\.default\.password: must be a reference/);
    expect(message).toContain(`The file is ${join(cwd, 'anaplan-temporal.yaml')}.`);
    expect(message).not.toContain(PASSWORD);
  });

  test('a broken file is refused without quoting it', () => {
    const message = refused(`connections:\n  default: { password: "${PASSWORD}\n`);
    expect(message).toMatch(/not valid YAML at line \d+, column \d+/);
    expect(message).not.toContain(PASSWORD);
  });

  test('a secret shows itself to nobody', () => {
    const secret = new Secret(PASSWORD);
    for (const shown of [String(secret), JSON.stringify({ secret }), inspect(secret), `${secret}`]) {
      expect(shown).not.toContain(PASSWORD);
    }
    expect(secret.reveal()).toBe(PASSWORD);
  });

  test.each([[0o640], [0o604], [0o620], [0o644]])('a file of mode %o is refused', (mode) => {
    write('secret', `${PASSWORD}\n`, mode);
    const read = (): unknown => resolveSecret('x', { file: 'secret' }, { env: {}, directory: cwd });
    expect(read).toThrow(/is open to other users \(mode 0\d+\): run "chmod 600/);
  });

  test('a file of our own is read, without its last line break', () => {
    write('secret', `${PASSWORD}\n`);
    expect(resolveSecret('x', { file: 'secret' }, { env: {}, directory: cwd }).reveal()).toBe(PASSWORD);
    write('empty', '\n');
    expect(() => resolveSecret('x', { file: 'empty' }, { env: {}, directory: cwd })).toThrow(/is empty/);
    expect(() => resolveSecret('x', { file: 'gone' }, { env: {}, directory: cwd })).toThrow(
      /gone does not exist/,
    );
    expect(() => resolveSecret('x', { env: 'GONE' }, { env: {}, directory: cwd })).toThrow(/GONE is not set/);
  });
});

describe('connections', () => {
  const open = (yaml: string, env: NodeJS.ProcessEnv): ReturnType<typeof openConnections> => {
    write('anaplan-temporal.yaml', yaml);
    return openConnections(loadConfig({ cwd, env }), { env, log: () => undefined });
  };

  test('an unknown connection is InvalidInput that names the known ones', () => {
    const connections = open('connections: { prod: { user: a, password: "${P}" } }', { P: 'x' });
    expect(() => connections.get('default')).toThrow(/"default" is not configured; this worker knows prod/);
    expect(() => connections.get('prd')).toThrow(/did you mean "prod"\?/);
  });

  test('a proxy that is none is blamed on its variable, not on a connection', () => {
    const before = process.env['https_proxy'];
    process.env['https_proxy'] = 'http://pat:s3/cret@proxy:8080';
    try {
      const start = (): unknown => open('connections: { a: { user: a, password: "${P}" } }', { P: 'x' });
      expect(start).toThrow(/^Configuration, https_proxy: the variable has "\/" in its user or password/);
      expect(start).not.toThrow(/cret/);
    } finally {
      if (before === undefined) delete process.env['https_proxy'];
      else process.env['https_proxy'] = before;
    }
  });

  test('a key that is open to others stops the worker, not a run', () => {
    write('c.pem', 'x');
    write('k.pem', 'x', 0o644);
    expect(() =>
      open('connections: { a: { certificate: { file: c.pem }, privateKey: { file: k.pem } } }', {}),
    ).toThrow(/connections\.a\.privateKey: the file .*k\.pem is open to other users/);
  });
});

describe('directories of roots', () => {
  test('a root that is missing or no directory is refused', () => {
    write('file', 'x');
    expect(() => canonicalRoots([{ path: join(cwd, 'gone') }])).toThrow(/gone does not exist/);
    expect(() => canonicalRoots([{ path: join(cwd, 'file') }])).toThrow(/file is no directory/);
    expect(() => canonicalRoots([{ path: cwd }, { name: 'again', path: join(cwd, '.') }])).toThrow(
      /worker\.roots\.again: .* is the directory of root "default" too/,
    );
  });

  test('dumps follow their root through its links', () => {
    expect(canonicalBelow([{ path: '/link' }], [{ path: '/real' }], '/link/dumps')).toBe('/real/dumps');
    expect(canonicalBelow([{ path: '/link' }], [{ path: '/real' }], '/else')).toBe('/else');
  });
});
