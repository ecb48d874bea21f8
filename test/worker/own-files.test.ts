import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { configuredActivities, loadConfig } from '../../src/worker';
import { canonicalRoots } from '../../src/worker/roots';
import { configurationFiles, ownFiles } from '../../src/worker/own-files';

const CONFIG = `
connections:
  default: { user: me@example.com, password: { file: secrets/password } }
  emea:
    region: eu5
    certificate: { file: certificates/emea.pem }
    privateKey: { file: certificates/emea.key }
    passphrase: { file: secrets/passphrase }
`;

describe("the worker's own files, which runs may neither read nor write", () => {
  let cwd: string;
  const at = (name: string) => join(cwd, name);
  beforeEach(() => {
    cwd = realpathSync(mkdtempSync(join(tmpdir(), 'own-files-')));
    for (const directory of ['secrets', 'certificates', 'data', 'etc']) mkdirSync(at(directory));
  });
  afterEach(() => rmSync(cwd, { recursive: true, force: true }));
  const load = (yaml = CONFIG, env: NodeJS.ProcessEnv = {}) => {
    writeFileSync(at('anaplan-temporal.yaml'), yaml);
    return loadConfig({ cwd, env });
  };

  it('are the configuration, every file it refers to, and what the environment and Temporal name', () => {
    writeFileSync(at('etc/temporal.toml'), '[profile.default.tls]\nclient_key_path = "client.key"\n');
    const env = {
      HOME: at('home'),
      TEMPORAL_CONFIG_FILE: at('etc/temporal.toml'),
      TEMPORAL_TLS_CLIENT_CERT_PATH: at('etc/client.pem'),
      ANAPLAN_PRIVATE_KEY_FILE: at('etc/key.pem'),
      NODE_EXTRA_CA_CERTS: at('etc/ca.pem'),
      PATH: '/usr/bin',
    };
    writeFileSync(at('anaplan-temporal.yaml'), CONFIG);
    const files = configurationFiles(loadConfig({ cwd, env: {} }), env);
    for (const name of [
      'anaplan-temporal.yaml',
      'secrets/password',
      'secrets/passphrase',
      'certificates/emea.pem',
      'certificates/emea.key',
      'etc/temporal.toml',
      'etc/client.key',
      'etc/client.pem',
      'etc/key.pem',
      'etc/ca.pem',
      'home/.config/temporalio/temporal.toml',
    ])
      expect(files).toContain(at(name));
    expect(files).not.toContain('/usr/bin');
  });

  it('include the program that runs, and .env files by what they are', () => {
    writeFileSync(at('.env.local'), 'x');
    const config = load();
    const own = ownFiles(config, {}, canonicalRoots(config.worker.roots));
    expect(own).toContain(at('.env.local'));
    expect(own).toContain(process.argv[1]);
  });

  const warnings = (yaml: string): string[] => {
    const said: string[] = [];
    writeFileSync(at('secrets/password'), 'not to be printed', { mode: 0o600 });
    const config = load(yaml);
    configuredActivities(config, {
      env: {},
      log: (level, message, fields) => {
        if (level === 'warn') said.push(`${message} ${JSON.stringify(fields)}`);
      },
    });
    return said.filter((text) => text.startsWith('A root holds'));
  };
  const ONE = 'connections: { default: { user: me@example.com, password: { file: secrets/password } } }\n';

  it('below a root are a warning at start, which names them and tells nothing of them', () => {
    const said = warnings(ONE);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(at('anaplan-temporal.yaml'));
    expect(said[0]).toContain(at('secrets/password'));
    expect(said[0]).not.toContain('not to be printed');
  });

  it('elsewhere are no reason to warn; a link into the root is', () => {
    expect(warnings(`${ONE}worker: { roots: [data] }`)).toEqual([]);
    rmSync(at('secrets/password'));
    writeFileSync(at('data/really'), 'not to be printed', { mode: 0o600 });
    symlinkSync(at('data/really'), at('secrets/password'));
    const said: string[] = [];
    configuredActivities(load(`${ONE}worker: { roots: [data] }`), {
      env: {},
      log: (level, message) => void (level === 'warn' && said.push(message)),
    });
    expect(said.some((text) => text.startsWith('A root holds'))).toBe(true);
  });
});

describe('roots that are only read, and the mode of new files', () => {
  let cwd: string;
  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), 'access-'));
  });
  afterEach(() => rmSync(cwd, { recursive: true, force: true }));
  const worker = (yaml: string) => {
    writeFileSync(join(cwd, 'anaplan-temporal.yaml'), yaml);
    return loadConfig({ cwd, env: {} }).worker;
  };

  it('dumps go below the first root that may be written', () => {
    expect(worker('worker: { roots: [{ path: in, access: read }, out] }')).toMatchObject({
      roots: [{ path: join(cwd, 'in'), access: 'read' }, { path: join(cwd, 'out') }],
      dumps: join(cwd, 'out', 'dumps'),
    });
  });

  it.each<[string, RegExp]>([
    [
      'worker: { roots: [{ path: in, access: read }], dumps: keep }',
      /worker\.dumps: .* is only read \(access: read\)/,
    ],
    ['worker: { roots: [in], dumps: .keep }', /worker\.dumps: .* is hidden/],
    ['worker: { roots: [in], dumps: node_modules/keep }', /worker\.dumps: .* is hidden/],
    ['worker: { roots: [{ path: in, access: rw }] }', /must be a path, or \{path: PATH/],
    ['worker: { fileMode: "0755" }', /worker\.fileMode: must be an octal mode in quotes/],
    ['worker: { fileMode: 0o640 }', /worker\.fileMode: must be an octal mode in quotes/],
    ['worker: { fileMode: rw-r----- }', /worker\.fileMode: must be an octal mode in quotes/],
    ['worker: { fileMode: "4640" }', /worker\.fileMode: must be an octal mode in quotes/],
  ])('%s is refused', (yaml, words) => expect(() => worker(yaml)).toThrow(words));

  it.each<[string, number]>([
    ['"0640"', 0o640],
    ['0640', 0o640],
    ['600', 0o600],
    ['"664"', 0o664],
  ])('fileMode: %s is what people mean by it', (text, mode) =>
    expect(worker(`worker: { fileMode: ${text} }`).fileMode).toBe(mode),
  );
});
