import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

import { SEARCH_ATTRIBUTES } from '../../src/contracts';

const ROOT = resolve(__dirname, '..', '..');
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

/** The part of the compose specification that we use; anything else is a typing error or a thing to check here too. */
const condition = z.enum(['service_started', 'service_healthy', 'service_completed_successfully']);
const duration = z.string().regex(/^\d+(ms|s|m|h)$/);
const service = z
  .strictObject({
    image: z.string().exactOptional(),
    build: z.string().exactOptional(),
    profiles: z.array(z.string()).exactOptional(),
    restart: z.string().regex(/^(no|always|unless-stopped|on-failure(:\d+)?)$/),
    init: z.boolean().exactOptional(),
    stop_grace_period: duration.exactOptional(),
    entrypoint: z.array(z.string()).exactOptional(),
    command: z.array(z.string()).exactOptional(),
    depends_on: z
      .record(z.string(), z.strictObject({ condition, required: z.boolean().exactOptional() }))
      .exactOptional(),
    environment: z.record(z.string().regex(/^[A-Z_]+$/), z.string()).exactOptional(),
    env_file: z.array(z.string()).exactOptional(),
    ports: z.array(z.string()).exactOptional(),
    volumes: z.array(z.string()).exactOptional(),
    healthcheck: z
      .strictObject({
        test: z.array(z.string()).min(2),
        interval: duration,
        timeout: duration,
        retries: z.int().positive(),
        start_period: duration.exactOptional(),
      })
      .exactOptional(),
  })
  .refine((s) => (s.image === undefined) !== (s.build === undefined), 'either image or build');
const schema = z.strictObject({
  name: z.string(),
  'x-admin-tools': z.unknown(),
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.null()),
});

const compose = schema.parse(parse(read('docker-compose.yml'), { merge: true }));
const services = Object.entries(compose.services);
/** `${NAME:-default}` as where NAME is not set. */
const withDefaults = (text: string): string => text.replace(/\$\{\w+:-([^}]*)\}/g, '$1');

describe('docker-compose.yml', () => {
  it.each(services)('%s: what it depends on exists and can come about', (_name, s) => {
    for (const [other, { condition, required }] of Object.entries(s.depends_on ?? {})) {
      const target = compose.services[other];
      expect(target).toBeDefined();
      if (condition === 'service_healthy') expect(target?.healthcheck).toBeDefined();
      // One that always starts again never completes.
      if (condition === 'service_completed_successfully') expect(target?.restart).toMatch(/^(no|on-failure)/);
      // A service of a profile is absent without the profile.
      if (target?.profiles !== undefined && s.profiles === undefined) expect(required).toBe(false);
    }
  });

  it.each(services)('%s: an image has a fixed version', (_name, { image }) => {
    if (image !== undefined) expect(image).toMatch(/^[\w./-]+:\d+(\.\d+)*$/);
  });

  it('uses images that are maintained, servers and tools of one version', () => {
    const images = services.flatMap(([, { image }]) => (image === undefined ? [] : [image]));
    expect(images.some((image) => image.includes('auto-setup'))).toBe(false);
    const versions = images
      .filter((image) => /\/(server|admin-tools):/.test(image))
      .map((image) => image.split(':')[1]);
    expect(new Set(versions).size).toBe(1);
  });

  it.each(services)('%s: ports are open to this machine only, and each once', (_name, { ports }) => {
    for (const port of ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  it('opens no port twice', () => {
    const ports = services.flatMap(([, s]) => s.ports ?? []).map((port) => port.split(':')[1]);
    expect(new Set(ports).size).toBe(ports.length);
  });

  it.each(services)('%s: its files and volumes exist', (_name, s) => {
    for (const volume of s.volumes ?? []) {
      const [from = '', to] = withDefaults(volume).split(':');
      expect(to).toMatch(/^\//);
      if (from.startsWith('.')) expect(existsSync(join(ROOT, from))).toBe(true);
      else expect(Object.keys(compose.volumes)).toContain(from);
    }
    for (const argument of s.command ?? []) {
      const script = /^\/deploy\/(.+)$/.exec(argument)?.[1];
      if (script !== undefined) expect(existsSync(join(ROOT, 'deploy/temporal', script))).toBe(true);
    }
  });

  it('has no password that nobody chose, and asks for a missing one', () => {
    for (const [name, s] of services) {
      for (const [key, value] of Object.entries(s.environment ?? {})) {
        if (/PASSWORD|PWD|SECRET|KEY/.test(key))
          expect({ name, key, value }).toMatchObject({ value: expect.stringMatching(/^\$\{\w+:\?.+\}$/) });
      }
    }
    expect(read('deploy/anaplan.env.example')).toMatch(/^ANAPLAN_PASSWORD=$/m);
  });

  it('gives worker and sandbox only variables and flags that exist', () => {
    const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => read(join('src', file)))
      .join('\n');
    const files = ['deploy/anaplan.env.example', 'deploy/sandbox.env'].map(read).join('\n');
    const names = [
      ...Array.from(files.matchAll(/^#?([A-Z_]+)=/gm), (match) => match[1] ?? ''),
      ...Object.keys(compose.services['worker']?.environment ?? {}),
    ];
    expect(names).toContain('ANAPLAN_USER');
    for (const name of names) expect(sources.includes(name) ? name : `${name} is read nowhere`).toBe(name);
    const commands = ['worker', 'sandbox'].flatMap((name) => compose.services[name]?.command ?? []);
    for (const [flag] of commands.join(' ').matchAll(/--[a-z-]+/g)) {
      expect(sources.includes(`'${flag} <`) ? flag : `${flag} is no flag`).toBe(flag);
    }
  });

  it('points the worker at the sandbox service when its file is chosen', () => {
    const port = /--port (\d+)/.exec(compose.services['sandbox']?.command?.join(' ') ?? '')?.[1];
    expect(read('deploy/sandbox.env')).toContain(`ANAPLAN_API_URL=http://sandbox:${port}\n`);
    expect(read('deploy/sandbox.env')).toContain(`ANAPLAN_AUTH_URL=http://sandbox:${port}\n`);
  });
});

describe('deploy', () => {
  it('registers the search attributes that runs set', () => {
    const registered = /for name in (.+); do/.exec(read('deploy/temporal/namespace.sh'))?.[1]?.split(' ');
    expect(registered).toEqual([...SEARCH_ATTRIBUTES]);
  });

  it.each(['schema.sh', 'namespace.sh'])(
    '%s is a valid shell script and refuses to run unconfigured',
    (name) => {
      const path = join(ROOT, 'deploy/temporal', name);
      execFileSync('sh', ['-n', path]);
      expect(statSync(path).mode & 0o111).not.toBe(0);
      expect(() => execFileSync('/bin/sh', [path], { env: {}, stdio: 'pipe' })).toThrow(/is not set/);
    },
  );

  it('never sets up the schema of a database in use again, whatever fails', () => {
    const directory = mkdtempSync(join(tmpdir(), 'schema-'));
    const tool = join(directory, 'tool');
    const run = (update: string): string => {
      const log = join(directory, 'log');
      writeFileSync(
        tool,
        `#!/bin/sh\necho "$3" >> ${log}\n[ "$3" = update-schema ] && ! grep -q setup ${log} && { ${update}; }\nexit 0\n`,
        {
          mode: 0o755,
        },
      );
      const env = {
        PATH: process.env['PATH'],
        SQL_PLUGIN: 'p',
        SQL_HOST: 'h',
        SQL_PORT: '1',
        SQL_USER: 'u',
        SQL_PASSWORD: 'x',
        SQL_TOOL: tool,
      };
      try {
        execFileSync('/bin/sh', [join(ROOT, 'deploy/temporal/schema.sh')], { env, stdio: 'pipe' });
      } catch {
        return `failed after ${readFileSync(log, 'utf8').trim().split('\n').join(' ')}`;
      }
      const steps = readFileSync(log, 'utf8').trim().split('\n').join(' ');
      rmSync(log);
      return steps;
    };
    expect(run('exit 0')).toBe('create update-schema create update-schema');
    expect(run(`echo 'relation "schema_version" does not exist' >&2; exit 1`)).toBe(
      'create update-schema setup-schema update-schema create update-schema',
    );
    expect(run('echo connection refused >&2; exit 1')).toBe('failed after create update-schema');
    rmSync(directory, { recursive: true });
  });

  it('lets into the image what the Dockerfile copies, and no more', () => {
    const copied = Array.from(
      read('Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm),
      (match) => match[1]?.split(' ') ?? [],
    ).flat();
    const allowed = Array.from(read('.dockerignore').matchAll(/^!(.+)$/gm), (match) => match[1]);
    expect(copied.map((path) => path.replace(/^\.\//, '')).sort()).toEqual([...allowed].sort());
    for (const path of copied) expect(existsSync(join(ROOT, path))).toBe(true);
  });

  it('makes the Temporal packages of the image dependencies, at the versions of the lock file', () => {
    const directory = mkdtempSync(join(tmpdir(), 'manifest-'));
    writeFileSync(join(directory, 'package.json'), read('package.json'));
    execFileSync(process.execPath, [join(ROOT, 'deploy/runtime-manifest.js')], { cwd: directory });
    const made = z
      .object({ dependencies: z.record(z.string(), z.string()), peerDependencies: z.undefined().optional() })
      .parse(JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')));
    const lock = z
      .object({ packages: z.record(z.string(), z.object({ version: z.string().optional() })) })
      .parse(JSON.parse(read('package-lock.json')));
    const peers = Object.keys(
      z.object({ peerDependencies: z.record(z.string(), z.string()) }).parse(JSON.parse(read('package.json')))
        .peerDependencies,
    );
    expect(peers).toContain('@temporalio/worker');
    for (const name of peers) {
      expect(made.dependencies[name]).toBe(lock.packages[`node_modules/${name}`]?.version);
    }
    rmSync(directory, { recursive: true });
  });
});
