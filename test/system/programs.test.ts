/** Every program of README and docs, as it stands there, compiled and run against the package as it is installed. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { Client, WorkflowFailedError } from '@temporalio/client';

import { RESULT_MEMO } from '../../src/contracts';
import { startSandbox, type Sandbox } from '../../src/sandbox';
import { builtLib } from '../support/build-lib';
import { ownNamespace, testAddress, testConnection } from '../support/namespace';
import { until } from '../support/processes';

const ROOT = resolve(__dirname, '../..');
const TSC = require.resolve('typescript/bin/tsc');
const PAGES = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((file) => `docs/${file}`)].filter((file) =>
  file.endsWith('.md'),
);

interface Block {
  page: string;
  language: string;
  text: string;
}

/** Fenced blocks of a page, without the indentation of a list that they stand in. */
const BLOCKS = PAGES.flatMap((page) =>
  [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^( *)```(\w+)\n([\s\S]*?)^ *```$/gm)].map(
    ([, indent = '', language = '', text = '']): Block => ({
      page,
      language,
      text: text.replace(new RegExp(`^${indent}`, 'gm'), ''),
    }),
  ),
);
const programs = BLOCKS.filter(({ language }) => ['ts', 'typescript', 'js', 'javascript'].includes(language));

/** A program says its file in its first line; one that does not stands alone. */
const NAMED = programs.map(({ page, text }, i) => ({
  name: /^\/\/ ([\w-]+)\.ts\n/.exec(text)?.[1] ?? `program-${i}`,
  page,
  text,
}));

/** Above the programs of both forms. */
const HOME = join(dirname(builtLib()), 'programs');

/** The package as npm installs it; what it needs is found further up. */
function install(): void {
  const home = join(HOME, 'node_modules/anaplan-temporal');
  mkdirSync(home, { recursive: true });
  copyFileSync(join(ROOT, 'package.json'), join(home, 'package.json'));
  execFileSync(process.execPath, [TSC, '-p', 'tsconfig.build.json', '--outDir', join(home, 'lib')], {
    cwd: ROOT,
    stdio: 'pipe',
  });
  for (const file of ['workflow-bundle.js', 'workflow-bundle.json']) {
    copyFileSync(join(builtLib(), file), join(home, 'lib', file));
  }
}

function write(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

beforeAll(install, 300_000);
afterAll(() => rmSync(HOME, { recursive: true, force: true }));

describe.each(['commonjs', 'module'])('programs of the documentation, as %s', (type) => {
  const project = join(HOME, type);
  const running = new Set<ChildProcess>();
  let sandbox: Sandbox;
  let client: Client;
  let namespace: string;

  beforeAll(async () => {
    write(join(project, 'package.json'), JSON.stringify({ type }));
    const compilerOptions = {
      module: 'Node16',
      target: 'ES2022',
      strict: true,
      types: ['node'],
      skipLibCheck: true,
    };
    write(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    write(join(project, 'data/sales.csv'), readFileSync(join(ROOT, 'examples/sales.csv')));
    for (const { name, text } of NAMED) write(join(project, `${name}.ts`), text);
    sandbox = await startSandbox({ taskDurationMs: 300 });
    namespace = await ownNamespace([]);
    client = new Client({ connection: await testConnection(), namespace });
  }, 300_000);

  afterAll(async () => {
    for (const child of running) child.kill('SIGKILL');
    await sandbox.close();
    await client.connection.close();
  });

  const env = (): NodeJS.ProcessEnv => ({
    PATH: process.env['PATH'],
    TEMPORAL_ADDRESS: testAddress(),
    TEMPORAL_NAMESPACE: namespace,
    ANAPLAN_API_URL: sandbox.url,
    ANAPLAN_AUTH_URL: sandbox.url,
    ANAPLAN_USER: sandbox.credentials.user,
    ANAPLAN_PASSWORD: sandbox.credentials.password,
  });

  function start(name: string) {
    const child = spawn(process.execPath, [`${name}.js`], {
      cwd: project,
      env: env(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    const out = { text: '' };
    child.stdout.on('data', (data) => (out.text += String(data)));
    child.stderr.on('data', (data) => (out.text += String(data)));
    const ended = new Promise<number | null>((done) => {
      child.once('close', (code) => {
        running.delete(child);
        done(code);
      });
    });
    return { child, ended, out };
  }

  it('are compiled without an error', () => {
    const tsc = () => execFileSync(process.execPath, [TSC, '-p', '.'], { cwd: project, encoding: 'utf8' });
    try {
      tsc();
    } catch (error) {
      throw new Error((error as { stdout: string }).stdout);
    }
    for (const { name } of NAMED) expect(existsSync(join(project, `${name}.js`))).toBe(true);
  }, 120_000);

  it('that start and end by themselves do so', async () => {
    const alone = NAMED.filter(({ name }) => name.startsWith('program-'));
    expect(alone.length).toBeGreaterThan(0);
    for (const { name, page } of alone) {
      const { ended, out } = start(name);
      expect({ page, code: await ended, out: out.text }).toMatchObject({ page, code: 0 });
    }
  }, 300_000);

  it('worker.ts runs integrations and workflows.ts; load.ts starts one and says what was rejected', async () => {
    const worker = start('worker');
    const load = start('load');
    expect({ code: await load.ended, out: load.out.text }).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^RowsRejected/) as string,
    });
    const outcome = await client.workflow.execute('monthEnd', { taskQueue: 'mine', workflowId: 'month-end' });
    expect(outcome).toBe('succeededWithRejections');
    expect(existsSync(join(project, 'out/month-end.csv'))).toBe(true);

    // The policy that README explains: children of a parent that is terminated are cancelled, and clean up.
    sandbox.faults.add({
      method: 'GET',
      path: '/models/*/imports/*/tasks/*',
      occurrence: 'every',
      action: { kind: 'stall', ms: 2_000, when: 'before' },
    });
    const parent = await client.workflow.start('monthEnd', { taskQueue: 'mine', workflowId: 'terminated' });
    // A child that is only asked for has no run yet, and none comes once its parent is gone.
    const child = async () => {
      const [first] = (await parent.describe()).raw.pendingChildren ?? [];
      return first?.runId ? (first.workflowId ?? undefined) : undefined;
    };
    let childId: string | undefined;
    const look = setInterval(() => void child().then((id) => (childId ??= id)), 100);
    try {
      await until('the child workflow', () => childId !== undefined, 120_000);
    } finally {
      clearInterval(look);
    }
    await parent.terminate('as an operator would');
    const orphan = client.workflow.getHandle(childId ?? '');
    await expect(orphan.result()).rejects.toThrow(WorkflowFailedError);
    const described = await orphan.describe();
    expect(described.status.name).toBe('CANCELLED');
    expect(described.memo?.[RESULT_MEMO]).toMatchObject({ outcome: 'cancelled' });

    worker.child.kill('SIGTERM');
    expect({ code: await worker.ended, out: worker.out.text }).toMatchObject({ code: 0 });
  }, 300_000);

  it('own-worker.ts runs integrations beside workflows of its own', async () => {
    const worker = start('own-worker');
    const options = { taskQueue: 'anaplan', workflowId: 'own-month-end' };
    expect(await client.workflow.execute('monthEnd', options)).toBe('succeededWithRejections');
    worker.child.kill('SIGTERM');
    expect({ code: await worker.ended, out: worker.out.text }).toMatchObject({ code: 0 });
  }, 300_000);
});

/** Whether a tool answers here. */
function has(command: string, args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Tools that look at a program without running it. */
const CHECKS: Record<string, { name: string; there: () => boolean; check: (text: string) => void }> = {
  sh: {
    name: 'sh',
    there: () => has('sh', ['-c', 'true']),
    check: (text) => void execFileSync('sh', ['-n'], { input: text, stdio: ['pipe', 'pipe', 'pipe'] }),
  },
  python: {
    name: 'python3',
    there: () => has('python3', ['--version']),
    check: (text) =>
      void execFileSync('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], {
        input: text,
        stdio: ['pipe', 'pipe', 'pipe'],
      }),
  },
  go: {
    name: 'gofmt',
    there: () => has('gofmt', ['-h']) || has('sh', ['-c', 'command -v gofmt']),
    check: (text) => void execFileSync('gofmt', ['-e'], { input: text, stdio: ['pipe', 'pipe', 'pipe'] }),
  },
};

describe('programs in other languages', () => {
  it.each(BLOCKS.filter(({ language }) => CHECKS[language] !== undefined))(
    'a $language program of $page can be parsed',
    ({ language, page, text }) => {
      const tool = CHECKS[language];
      if (tool?.there() === true) return tool.check(text);
      // Jest cannot skip a test that has begun; the line beside it says that nothing was looked at.
      process.stderr.write(
        `Not checked: the ${language} program of ${page}, because ${tool?.name} is not here.\n`,
      );
    },
  );
});
