import { randomUUID } from 'node:crypto';

import { Context } from '@temporalio/activity';
import {
  Client,
  WithStartWorkflowOperation,
  WorkflowUpdateFailedError,
  type WorkflowHandle,
} from '@temporalio/client';
import { type NativeConnection, Worker } from '@temporalio/worker';

import type {
  AnaplanActivities,
  FileUses,
  LockAnswer,
  LockAsk,
  LockParty,
  LockView,
} from '../../src/activities';
import { installRuntime, WorkerLogger } from '../../src/worker';
import { ownNamespace, testConnection, testNativeConnection } from '../support/namespace';
import { bundleWith, until } from './support';

/** Waits of production, short. */
const QUICK = { SWEEP_MS: 500, SETTLE_MS: 500, IDLE_EVERY_MS: 300 };

/** One run that asks; it is open on the server until it is closed, and takes signals, but no worker runs it. */
interface Asker {
  workflowId: string;
  firstRunId: string;
  ids: string[];
  close(): Promise<void>;
  /** IDs of the asks that the lock said by signal are granted. */
  granted(): Promise<unknown[][]>;
}

describe('the lock of a model, asked by strangers', () => {
  let client: Client;
  let native: NativeConnection;
  let namespace: string;
  let openRuns: (runs: { workflowId: string; firstRunId: string }[]) => boolean[] | Promise<boolean[]>;
  let modelIdle: () => boolean | Promise<boolean>;
  beforeAll(async () => {
    installRuntime(new WorkerLogger('text', 'ERROR', () => undefined));
    namespace = await ownNamespace([]);
    const connection = await testConnection();
    client = new Client({ connection, namespace });
    native = await testNativeConnection();
  });
  afterAll(async () => {
    await Promise.all([...served.values()].map(async (serving) => (await serving).stop()));
    await client.connection.close();
    await native.close();
  });
  beforeEach(() => {
    openRuns = (runs) => runs.map(() => true);
    modelIdle = () => true;
  });

  /** Workers by what they were made with: to load the workflows takes longer than most tests. */
  const served = new Map<string, ReturnType<typeof serve>>();
  async function serve(
    constants: Record<string, string | number>,
    o: { maxCachedWorkflows?: number },
  ): Promise<{ taskQueue: string; stop: () => Promise<void> }> {
    const taskQueue = `lock-${randomUUID().slice(0, 8)}`;
    const activities = {
      'anaplan.openRuns': ({ runs }: Parameters<AnaplanActivities['anaplan.openRuns']>[0]) => openRuns(runs),
      'anaplan.modelIdle': () => modelIdle(),
    };
    const worker = await Worker.create({
      connection: native,
      namespace,
      taskQueue,
      activities,
      workflowBundle: { code: bundleWith(constants) },
      ...o,
    });
    const running = worker.run();
    const stop = async () => {
      worker.shutdown();
      await running;
    };
    return { taskQueue, stop };
  }

  /** A lock of its own, on a worker with these constants. */
  async function withLock(
    constants: Record<string, string | number>,
    body: (lock: WorkflowHandle, ask: Ask, taskQueue: string) => Promise<void>,
    o: { maxCachedWorkflows?: number } = {},
  ): Promise<void> {
    const made = JSON.stringify([constants, o]);
    const serving = served.get(made) ?? serve(constants, o);
    served.set(made, serving);
    const { taskQueue } = await serving;
    const workflowId = `anaplan-lock-${randomUUID().slice(0, 8)}`;
    const ask: Ask = async (who, files, whole = false, over = {}) => {
      const id = over.id ?? randomUUID();
      who.ids.push(id);
      const wanted: LockAsk = {
        id,
        workflowId: who.workflowId,
        firstRunId: who.firstRunId,
        runId: who.firstRunId,
        model: {
          connection: 'default',
          workspace: { id: 'w', name: 'Workspace' },
          model: { id: 'm', name: 'Model' },
        },
        files,
        whole,
        ...over,
      };
      return update(workflowId, taskQueue, wanted, id);
    };
    await body(client.workflow.getHandle(workflowId), ask, taskQueue);
  }

  type Ask = (
    who: Asker,
    files: FileUses,
    whole?: boolean,
    over?: Partial<LockAsk> & { seen?: LockParty[] },
  ) => Promise<LockAnswer>;

  async function update(
    workflowId: string,
    taskQueue: string,
    wanted: unknown,
    id: string,
  ): Promise<LockAnswer> {
    for (let n = 0; ; n++) {
      try {
        return await client.workflow.executeUpdateWithStart<() => Promise<void>, LockAnswer, unknown[]>(
          'ask',
          {
            args: [wanted],
            updateId: `${id}.${n}`,
            startWorkflowOperation: new WithStartWorkflowOperation('anaplanLock', {
              workflowId,
              taskQueue,
              args: [],
              workflowIdConflictPolicy: 'USE_EXISTING',
            }),
          },
        );
      } catch (error) {
        // As the activity does: a task of the lock that failed under the ask.
        const refused =
          error instanceof WorkflowUpdateFailedError && /no ask of a lock/.test(String(error.cause?.message));
        if (refused || n >= 20) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  async function asker(): Promise<Asker> {
    const workflowId = `asker-${randomUUID().slice(0, 8)}`;
    const handle = await client.workflow.start('uploadFile', { workflowId, taskQueue: 'nobody', args: [] });
    return {
      workflowId,
      firstRunId: handle.firstExecutionRunId,
      ids: [],
      close: async () => {
        await handle.terminate('test');
      },
      granted: async () => {
        const { events } = await handle.fetchHistory();
        return (events ?? []).flatMap((e) => {
          const payloads = e.workflowExecutionSignaledEventAttributes?.input?.payloads;
          return payloads
            ? [payloads.map((p) => JSON.parse(Buffer.from(p.data ?? []).toString()) as unknown)]
            : [];
        });
      },
    };
  }
  const askers = (n: number) => Promise.all(Array.from({ length: n }, asker));
  const giveBack = (lock: WorkflowHandle, { workflowId, firstRunId, ids }: Asker) =>
    lock.signal('release', { workflowId, firstRunId, ids });
  const state = (lock: WorkflowHandle) => lock.query<LockView>('state');
  const types = async (lock: WorkflowHandle) =>
    ((await lock.fetchHistory()).events ?? []).map((e) =>
      Object.keys(e)
        .find((key) => key.endsWith('EventAttributes'))
        ?.replace('EventAttributes', ''),
    );
  const isGranted = (who: Asker) =>
    until(async () => (await who.granted()).some(([id]) => id === who.ids.at(-1)));

  it('ends when nobody holds or waits, within 16 events and without a timer', async () => {
    await withLock({}, async (lock, ask) => {
      const [a] = await askers(1);
      if (!a) return;
      expect(await ask(a, { f: 'x' })).toEqual({ granted: true, behind: [], warnings: [] });
      expect(await ask(a, { f: 'x' }, true)).toMatchObject({ granted: true });
      await giveBack(lock, a);
      await lock.result();
      const events = await types(lock);
      expect(events.filter((e) => e?.startsWith('timer'))).toEqual([]);
      expect(events.length).toBeLessThanOrEqual(16);
      await a.close();
    });
  });

  it('says by signal that an ask is granted only to who had to wait, with the ID of the latest ask', async () => {
    await withLock({}, async (lock, ask) => {
      const [a, b] = await askers(2);
      if (!a || !b) return;
      await ask(a, {}, true);
      expect(await ask(b, {}, true)).toMatchObject({
        granted: false,
        for: 'model',
        place: 1,
        behind: [{ workflowId: a.workflowId, whole: true, holds: true }],
      });
      await ask(b, {}, true);
      await giveBack(lock, a);
      await isGranted(b);
      expect(await a.granted()).toEqual([]);
      expect(await b.granted()).toEqual([[b.ids[1], []]]);
      await giveBack(lock, b);
      await lock.result();
      await Promise.all([a.close(), b.close()]);
    });
  });

  const MALFORMED: [string, unknown[]][] = [
    ['nothing', []],
    ['null', [null]],
    ['a number', [7]],
    ['a text', ['x']],
    ['an empty list', [[]]],
    ['an empty object', [{}]],
    ['an object of wrong fields', [{ workflowId: 7, firstRunId: null, ids: 'x', files: 3, model: 'm' }]],
  ];

  it('refuses malformed asks without an event, ignores malformed signals, and answers malformed queries', async () => {
    await withLock({}, async (lock, ask) => {
      const [a] = await askers(1);
      if (!a) return;
      await ask(a, { f: 'x' }, true);
      const before = (await types(lock)).length;
      for (const [, args] of MALFORMED) {
        await expect(lock.executeUpdate('ask', { args: args as [unknown] })).rejects.toThrow(
          WorkflowUpdateFailedError,
        );
        expect(await lock.query<LockView, unknown[]>('state', ...args)).toMatchObject({
          holders: [{ workflowId: a.workflowId }],
        });
      }
      expect((await types(lock)).length).toBe(before);
      for (const [what, args] of MALFORMED) {
        await lock.signal('release', ...args);
        if (what !== 'nothing' && what !== 'null') await lock.signal('forceRelease', ...args);
        await lock.signal('anaplanLockGranted', ...args);
        await lock.signal('no such signal', ...args);
      }
      expect(await state(lock)).toMatchObject({ holders: [{ workflowId: a.workflowId, whole: true }] });
      expect((await types(lock)).filter((e) => e === 'workflowTaskFailed')).toEqual([]);
      // Without an argument, or with null for one that is left out, it takes the lock from whoever has it.
      await lock.signal('forceRelease', null);
      await lock.result();
      await a.close();
    });
  });

  it.each<[string, unknown[]]>([...MALFORMED, ['a state of no lock', [{ entries: [{}], count: 'x' }]]])(
    'works when somebody starts it with %s',
    async (_, args) => {
      await withLock({}, async (lock, ask, taskQueue) => {
        const [a] = await askers(1);
        if (!a) return;
        await client.workflow.start('anaplanLock', { workflowId: lock.workflowId, taskQueue, args });
        expect(await ask(a, {}, true)).toMatchObject({ granted: true });
        await giveBack(lock, a);
        await lock.result();
        expect((await types(lock)).filter((e) => e === 'workflowTaskFailed')).toEqual([]);
        await a.close();
      });
    },
  );

  it('cannot be cancelled while somebody holds: the next one would get the model beside the holder', async () => {
    await withLock({}, async (lock, ask) => {
      const [a, b] = await askers(2);
      if (!a || !b) return;
      await ask(a, {}, true);
      await lock.cancel();
      expect(await ask(b, {}, true)).toMatchObject({ granted: false });
      await giveBack(lock, a);
      await isGranted(b);
      await giveBack(lock, b);
      await lock.result();
      await Promise.all([a.close(), b.close()]);
    });
  });

  it('passes on what a dead holder held after a moment in which its last attempt must have ended', async () => {
    await withLock(QUICK, async (lock, ask) => {
      const [a, b] = await askers(2);
      if (!a || !b) return;
      openRuns = (runs) => runs.map((r) => r.workflowId !== a.workflowId);
      let asked = 0;
      modelIdle = () => ++asked > 2;
      await ask(a, { f: 'x' }, true);
      await ask(b, { f: 'x' }, true);
      await isGranted(b);
      expect(asked).toBe(3);
      // Nothing to worry about: the model has no task.
      expect(await b.granted()).toEqual([[b.ids[0], []]]);
      expect((await state(lock)).notes[0]).toMatch(
        new RegExp(`^\`${a.workflowId}\` closed without giving back the model and file f; passed on at 20`),
      );
      // Found dead, then a timer, then passed on.
      const events = await types(lock);
      expect(events.filter((e) => e === 'timerFired').length).toBeGreaterThanOrEqual(2);
      await giveBack(lock, b);
      await lock.result();
      await Promise.all([a.close(), b.close()]);
    });
  });

  it.each<[string, () => boolean | Promise<boolean>]>([
    [
      'cannot be asked',
      () => {
        throw new Error('there is no such connection');
      },
    ],
    ['does not answer', () => Context.current().cancelled],
    ['never gets idle', () => false],
  ])(
    'passes on after 15 minutes at most, with a warning, what a dead holder held of a model that %s',
    async (_, idle) => {
      await withLock({ ...QUICK, IDLE_BOUND_MS: 2_000, CHECK_MS: 1_000 }, async (lock, ask) => {
        const [a, b, other] = await askers(3);
        if (!a || !b || !other) return;
        openRuns = (runs) => runs.map((r) => r.workflowId !== a.workflowId);
        modelIdle = idle;
        await ask(a, {}, true);
        await ask(b, {}, true);
        await ask(other, { f: 'x' });
        await isGranted(b);
        const [[, warnings] = []] = await b.granted();
        expect(warnings).toEqual([
          expect.stringMatching(
            new RegExp(
              `^\`${a.workflowId}\` closed without giving back the model, and Anaplan did not say within .* min`,
            ),
          ),
        ]);
        expect((await state(lock)).notes).toEqual(warnings);
        await giveBack(lock, b);
        await giveBack(lock, other);
        await lock.result();
        await Promise.all([a.close(), b.close(), other.close()]);
      });
    },
  );

  it('lets a dead holder live again that was reset before its hold passed on', async () => {
    await withLock(QUICK, async (lock, ask) => {
      const [a, b] = await askers(2);
      if (!a || !b) return;
      let open = false;
      openRuns = (runs) => runs.map((r) => r.workflowId !== a.workflowId || open);
      // It may hold the model, so the hold does not pass on before a task has ended.
      modelIdle = () => false;
      await ask(a, { f: 'x' }, true);
      await ask(b, { f: 'x' });
      await until(async () => (await state(lock)).holders[0]?.note !== undefined);
      open = true;
      await until(async () => (await state(lock)).holders[0]?.note === undefined);
      expect(await state(lock)).toMatchObject({
        holders: [{ workflowId: a.workflowId }],
        waiting: [{ workflowId: b.workflowId }],
      });
      await giveBack(lock, a);
      await isGranted(b);
      await giveBack(lock, b);
      await lock.result();
      await Promise.all([a.close(), b.close()]);
    });
  });

  it('lets an operator take the lock at once, while a call about its holder hangs', async () => {
    await withLock(QUICK, async (lock, ask) => {
      const [a, b] = await askers(2);
      if (!a || !b) return;
      let hangs = false;
      openRuns = () => {
        hangs = true;
        return Context.current().cancelled;
      };
      await ask(a, { f: 'x' }, true);
      await ask(b, { f: 'x' }, true);
      await until(() => hangs);
      await lock.signal('forceRelease');
      await isGranted(b);
      expect(await state(lock)).toMatchObject({
        holders: [{ workflowId: b.workflowId, whole: true }],
        waiting: [],
      });
      expect(await b.granted()).toEqual([
        [b.ids[0], [expect.stringMatching(/^the model and file f was taken from .* by an operator at 20/)]],
      ]);
      await giveBack(lock, b);
      await lock.result();
      await Promise.all([a.close(), b.close()]);
    });
  });

  it('lets an operator take the lock from one run and leaves it to the others', async () => {
    await withLock({}, async (lock, ask) => {
      const [a, b, c] = await askers(3);
      if (!a || !b || !c) return;
      await ask(a, { f: 'x' });
      await ask(b, { g: 'x' });
      await ask(c, { f: 's', g: 's' });
      await lock.signal('forceRelease', 'somebody else');
      await lock.signal('forceRelease', a.workflowId);
      await until(async () => (await state(lock)).holders.length === 1);
      expect(await state(lock)).toMatchObject({
        holders: [{ workflowId: b.workflowId }],
        waiting: [{ workflowId: c.workflowId, waitsFor: [{ workflowId: b.workflowId }] }],
      });
      await lock.signal('forceRelease');
      await isGranted(c);
      await giveBack(lock, c);
      await lock.result();
      await Promise.all([a.close(), b.close(), c.close()]);
    });
  });

  it('forgets one who waits ahead and has closed, so that those behind do not wait for a dead run', async () => {
    await withLock(QUICK, async (lock, ask) => {
      const [reader, writer, second] = await askers(3);
      if (!reader || !writer || !second) return;
      await ask(reader, { f: 's' });
      await ask(writer, { f: 'x' });
      await ask(second, { f: 's' });
      openRuns = (runs) => runs.map((r) => r.workflowId !== writer.workflowId);
      await writer.close();
      await isGranted(second);
      expect((await state(lock)).holders.map((h) => h.workflowId)).toEqual([
        reader.workflowId,
        second.workflowId,
      ]);
      await giveBack(lock, reader);
      await giveBack(lock, second);
      await lock.result();
      await Promise.all([reader.close(), second.close()]);
    });
  });

  it('was terminated: who waits brings its holders back, so that nobody gets the model beside them', async () => {
    await withLock({}, async (lock, ask) => {
      const [a, b, c] = await askers(3);
      if (!a || !b || !c) return;
      await ask(a, { f: 'x' }, true);
      const { behind } = await ask(b, {}, true);
      await lock.terminate('an operator');
      expect(await ask(b, {}, true, { seen: behind })).toMatchObject({
        granted: false,
        behind: [{ workflowId: a.workflowId, whole: true, files: { f: 'x' } }],
      });
      expect(await ask(c, { f: 's' })).toMatchObject({ granted: false, for: 'files' });
      await giveBack(lock, a);
      await isGranted(b);
      await isGranted(c);
      await giveBack(lock, b);
      await giveBack(lock, c);
      await lock.result();
      await Promise.all([a.close(), b.close(), c.close()]);
    });
  });

  it.each([undefined, 0])(
    'continues as new under load: one at a time, everybody served (cached workflows: %s)',
    async (maxCachedWorkflows) => {
      const all = await askers(13);
      await withLock(
        { QUIET_UPDATES: 4, MAX_UPDATES: 8 },
        async (lock, ask) => {
          // Until all have asked the lock is held: it would end whenever nobody holds it, and begin with a new count.
          const [first, ...others] = all;
          if (!first) throw new Error('nobody asks');
          await ask(first, { f: 's' }, true);
          let asked = 0;
          let inside = 0;
          let most = 0;
          await Promise.all(
            others.map(async (who) => {
              const answer = await ask(who, { f: 's' }, true);
              if (++asked === others.length) await giveBack(lock, first);
              if (!answer.granted) {
                await until(async () => (await who.granted()).some(([id]) => id === who.ids.at(-1)), 60_000);
              }
              most = Math.max(most, ++inside);
              await new Promise((resolve) => setTimeout(resolve, 20));
              inside -= 1;
              await giveBack(lock, who);
            }),
          );
          expect(most).toBe(1);
          await lock.result();
          const statuses = async () => {
            const runs: string[] = [];
            for await (const run of client.workflow.list({ query: `WorkflowId = '${lock.workflowId}'` })) {
              runs.push(run.status.name);
            }
            return runs;
          };
          await until(async () => (await statuses()).includes('CONTINUED_AS_NEW'));
          expect((await statuses()).filter((status) => /FAILED|TERMINATED/.test(status))).toEqual([]);
          expect((await state(lock)).holders).toEqual([]);
        },
        maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows },
      );
      await Promise.all(all.map((who) => who.close()));
    },
  );
});
