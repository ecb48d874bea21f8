/** Signals in the ways in which people start the program: directly, by npx and by an npm script. */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { builtLib } from '../support/build-lib';
import { sideBySide, until, type Program } from '../support/processes';
import { Tenant } from '../support/tenant';

const ACTION = ['run-action', '--workspace', 'Demo Workspace', '--model', 'Sales Planning'];
const ORDER = [...ACTION, '--action', 'Order Products', '-o', 'json'];
const DIRECT = 'node_modules/.bin/anaplan-temporal';

/** What a person has who followed the README: a project with the package in it. */
function project(tenant: Tenant): string {
  const bin = join(tenant.root, 'project/node_modules/.bin');
  mkdirSync(bin, { recursive: true });
  const main = join(builtLib(), 'cli/main.js');
  chmodSync(main, 0o755);
  symlinkSync(main, join(bin, 'anaplan-temporal'));
  const cwd = join(tenant.root, 'project');
  const scripts = { anaplan: 'anaplan-temporal' };
  writeFileSync(join(cwd, 'package.json'), JSON.stringify({ name: 'project', version: '1.0.0', scripts }));
  return cwd;
}

/** Starts a run whose task takes longer than the test, signals, and expects the run cancelled with its task. */
async function cancelledBy(
  words: readonly string[],
  send: (program: Program) => Promise<void>,
): Promise<Program> {
  let program: Program | undefined;
  await Tenant.with({ taskDurationMs: 600_000 }, async (tenant) => {
    await tenant.worker();
    program = tenant.through(words, ORDER, project(tenant));
    await until('the task', () => tenant.sandbox.tasks().length === 1, 180_000);
    await send(program);
    await program.ended;
    expect(JSON.parse(program.stdout)).toMatchObject({ outcome: 'cancelled' });
    expect(program.stderr).not.toContain('Detached');
    expect(tenant.sandbox.tasks()).toMatchObject([{ state: 'CANCELLED' }]);
  });
  if (program === undefined) throw new Error('unreachable');
  return program;
}

const groupInterrupt = async (program: Program): Promise<void> => program.signalGroup('SIGINT');

/** Once from the terminal, and again from whoever passes on what it got. */
async function twice(program: Program): Promise<void> {
  program.signal('SIGINT');
  await delay(100);
  program.signal('SIGINT');
}

sideBySide(
  {
    'Ctrl-C through npx cancels the run, and its task in Anaplan': async () => {
      await cancelledBy(['npx', '--no-install', 'anaplan-temporal'], groupInterrupt);
    },
    'Ctrl-C through an npm script cancels the run, and its task in Anaplan': async () => {
      await cancelledBy(['npm', 'run', '--silent', 'anaplan', '--'], groupInterrupt);
    },
    'one Ctrl-C that arrives twice is one, and the exit code is that of a cancelled run': async () => {
      const program = await cancelledBy([DIRECT], twice);
      expect(await program.ended).toEqual({ code: 5, signal: null });
    },
    'a command that gets SIGTERM twice leaves in order: the run goes on, and it says so': () =>
      Tenant.with({ taskDurationMs: 3_000 }, async (tenant) => {
        await tenant.worker();
        const program = tenant.through([DIRECT], [...ORDER, '--id', 'left-alone'], project(tenant));
        await until('the task', () => tenant.sandbox.tasks().length === 1, 180_000);
        await program.says(/Started/, 180_000);
        program.signal('SIGTERM');
        program.signal('SIGHUP');
        expect(await program.ended).toEqual({ code: 1, signal: null });
        expect(JSON.parse(program.stdout)).toMatchObject({ workflowId: 'left-alone' });
        expect((await tenant.ending('left-alone')).result).toMatchObject({ outcome: 'succeeded' });
      }),
    'a worker that gets one signal twice hands over all the same': () =>
      Tenant.with({}, async (tenant) => {
        const worker = await tenant.worker();
        worker.signal('SIGINT');
        await delay(100);
        worker.signal('SIGTERM');
        expect(await worker.ended).toEqual({ code: 0, signal: null });
        expect(worker.stderr).toContain('Stopped');
      }),
    'a worker whose terminal is closed hands over': () =>
      Tenant.with({}, async (tenant) => {
        const worker = await tenant.worker();
        worker.signal('SIGHUP');
        expect(await worker.ended).toEqual({ code: 0, signal: null });
      }),
    'a worker ends with the npx that started it, though the shell between them passes nothing on': () =>
      Tenant.with({}, async (tenant) => {
        const worker = tenant.through(
          ['npx', '--no-install', 'anaplan-temporal'],
          ['worker'],
          project(tenant),
        );
        await worker.says(/ Ready /, 180_000);
        worker.signal('SIGTERM');
        // Its output ends with the last process that holds it.
        await worker.ended;
        expect(worker.stderr).toContain('Stopped');
      }),
  },
  400_000,
  2,
);
