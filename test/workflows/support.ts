/** What the workflow tests share: a rig of their own, and words for what they look at. */
import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { Client, type WorkflowHandle } from '@temporalio/client';
import { type NativeConnection, Worker } from '@temporalio/worker';

import type { AnaplanActivities, Prepared, PreparedObjects } from '../../src/activities';
import type { Timing } from '../../src/activities/attempt/deps';
import { filesQueue, smallQueue, type IntegrationName, type IntegrationResult } from '../../src/contracts';
import { DEMO_WORKSPACE, SALES_MODEL, type Fault } from '../../src/sandbox';
import { installRuntime, loadConfig, WorkerLogger } from '../../src/worker';
import { pacedWorker } from '../../src/worker/worker';
import { ownNamespace, testAddress, testConnection, testNativeConnection } from '../support/namespace';
import { FAST, Rig, type RigOptions } from '../support/rig';
import { until } from '../support/until';

export { until };

export const SALES = readFileSync(join(__dirname, '../../examples/sales.csv'));
const SALES_HEADER = 'Product,Region,Month,Units,Revenue,Last Order\n';
/** A source without a rejected row. */
export const GOOD = `${SALES_HEADER}P0001,NA,Jan 25,1,2.50,2026-03-06\nP0002,NA,Jan 25,2,3.50,2026-03-06\n`;
/** One good row and two that the sample model rejects. */
export const BAD = `${GOOD}P9999,NA,Jan 25,1,1.00,2026-03-06\nP0003,NA,Jan 25,many,1.00,2026-03-06\n`;
export const sha = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

/** A rig, and how to close it. */
export async function ownRig(options: RigOptions = {}): Promise<{ rig: Rig; close: () => Promise<void> }> {
  const rig = await Rig.start(options);
  return { rig, close: () => rig.close() };
}

/** What no run may leave behind, and what no careful client does. */
export function expectClean(rig: Rig): void {
  expect(rig.sandbox.openReadRequests()).toEqual([]);
  expect(leftovers(rig.root)).toEqual([]);
  expect(rig.sandbox.misuse).toEqual([]);
}

function leftovers(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.part'));
}

/** A request that the tenant does not answer until a test says so, however long the machine takes over the rest. */
export interface Held {
  /** Waits until it has come. */
  came(): Promise<void>;
  /** Lets it go on, once it has come. */
  letGo(): Promise<void>;
}

/** Holds the first request of a kind before it has any effect. */
export function hold(rig: Rig, request: Pick<Fault, 'method' | 'path' | 'occurrence'>): Held {
  const { faults } = rig.sandbox;
  const id = faults.add({ ...request, action: { kind: 'stall', when: 'before' } });
  const came = () => until(() => faults.hits(id) > 0);
  return {
    came,
    letGo: async () => {
      await came();
      faults.release(id);
    },
  };
}

/** How often a call was made; `what` is `METHOD` and the end of the path. */
export function asked(rig: Rig, method: string, path: RegExp): number {
  return rig.sandbox.record.filter((r) => r.method === method && path.test(r.path)).length;
}

/** Activity names of a run in the order in which they were scheduled. */
export async function activitiesOf(handle: WorkflowHandle): Promise<string[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap((e) => {
    const name = e.activityTaskScheduledEventAttributes?.activityType?.name;
    return name ? [name] : [];
  });
}

/** The state a run shows, as the search attribute has it. */
export async function stateOf(handle: WorkflowHandle): Promise<unknown> {
  const { searchAttributes } = await handle.describe();
  return (searchAttributes as Record<string, unknown[] | undefined>)['AnaplanState']?.[0];
}

/** Every state that a run has shown, in their order: a short one is past before somebody has looked. */
export async function statesOf(handle: WorkflowHandle): Promise<unknown[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap((e) => {
    const data =
      e.upsertWorkflowSearchAttributesEventAttributes?.searchAttributes?.indexedFields?.['AnaplanState']
        ?.data;
    return data ? (JSON.parse(Buffer.from(data).toString()) as unknown[]) : [];
  });
}

/** The test bundle with some of its constants changed: waits of production that no test can sit out. */
export function bundleWith(changes: Record<string, string | number>): string {
  let code = readFileSync(resolve(__dirname, '../../.cache/test/workflow-bundle.js'), 'utf8');
  for (const [name, value] of Object.entries(changes)) {
    const pattern = new RegExp(`(const ${name} = )[^;]+;`, 'g');
    if (!pattern.test(code)) throw new Error(`the bundle has no constant ${name}`);
    code = code.replace(pattern, `$1${value};`);
  }
  return code;
}

/** Activities that a test stands in for. */
export type Stubs = {
  [K in keyof AnaplanActivities]?: (input: Parameters<AnaplanActivities[K]>[0]) => unknown;
};

/** What `anaplan.prepare` answers for the sample model: to `runAction`, unless told otherwise. */
export function prepared<N extends IntegrationName = 'runAction'>(over?: PreparedObjects[N]): Prepared {
  const object = { kind: 'action' as const, id: '117000000002', name: 'Order Products' };
  return {
    connection: 'default',
    workspace: { id: DEMO_WORKSPACE, name: 'Demo Workspace' },
    model: { id: SALES_MODEL, name: 'Sales Planning' },
    object,
    action: { kind: 'actions', id: object.id, name: object.name },
    steps: [],
    files: {},
    places: { files: {}, dumps: { root: 'default', uri: 'dumps' } },
    searchAttributes: false,
    ...over,
  };
}

/** All files of an input are in the default root. */
function withPlaces(stub: Stubs['anaplan.prepare']): Stubs['anaplan.prepare'] {
  return async (given) => {
    const answer = (await stub?.(given)) as Prepared;
    const paths = JSON.stringify([given.input, answer]).match(/"[^"]*"/g) ?? [];
    const files = paths.map((text) => text.slice(1, -1)).map((uri) => [uri, { root: 'default', uri }]);
    return {
      ...answer,
      places: { files: Object.fromEntries(files), dumps: { root: 'default', uri: 'dumps' } },
    };
  };
}

/** A worker on which everything can be written. */
const TRIED: Stubs = {
  'anaplan.tryTargets': ({ targets, root }) => ({
    host: 'stub',
    uris: targets.map((target) => target.uri),
    root,
  }),
  'anaplan.discardTarget': () => undefined,
};

/** Our workflows with stubbed activities, for waits that a real tenant would make too long. */
export class StubRig {
  private constructor(
    private readonly native: NativeConnection,
    readonly client: Client,
  ) {}

  static async start(): Promise<StubRig> {
    installRuntime(new WorkerLogger('text', 'ERROR', () => undefined));
    const namespace = await ownNamespace([]);
    const address = testAddress();
    const connection = await testConnection({ address });
    return new StubRig(await testNativeConnection({ address }), new Client({ connection, namespace }));
  }

  /** Runs one integration to its end while workers with these stubs run; `unserved`: no worker has their root. */
  async run(
    integration: IntegrationName,
    input: object,
    stubs: Stubs,
    o: { code?: string; unserved?: boolean; during?: (handle: WorkflowHandle) => Promise<void> } = {},
  ): Promise<{ result?: IntegrationResult; error?: unknown; handle: WorkflowHandle }> {
    const taskQueue = `stub-${randomUUID().slice(0, 8)}`;
    const code = o.code ?? bundleWith({});
    const files = filesQueue(taskQueue, 'default');
    const queues = [taskQueue, ...(o.unserved ? [] : [files, smallQueue(files)])];
    const workers = await Promise.all(
      queues.map((queue, i) =>
        Worker.create({
          connection: this.native,
          namespace: this.client.options.namespace,
          taskQueue: queue,
          activities: { ...TRIED, ...stubs, 'anaplan.prepare': withPlaces(stubs['anaplan.prepare']) },
          ...(i === 0 ? { workflowBundle: { code } } : {}),
        }),
      ),
    );
    const running = workers.map((worker) => worker.run());
    const handle = await this.client.workflow.start(integration, {
      taskQueue,
      workflowId: `${integration}-${randomUUID().slice(0, 8)}`,
      args: [input],
    });
    try {
      await o.during?.(handle);
      return { result: (await handle.result()) as IntegrationResult, handle };
    } catch (error) {
      return { error, handle };
    } finally {
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
    }
  }

  async close(): Promise<void> {
    await this.client.connection.close();
    await this.native.close();
  }
}

/** Serves a rig's queue by a worker with a changed bundle instead of its own. */
export async function replaceWorker(
  rig: Rig,
  code: string,
  timing: Partial<Timing>,
): Promise<() => Promise<void>> {
  await rig.stopWorkers();
  const env = {
    ANAPLAN_USER: rig.sandbox.credentials.user,
    ANAPLAN_PASSWORD: rig.sandbox.credentials.password,
    ANAPLAN_API_URL: rig.sandbox.url,
    ANAPLAN_AUTH_URL: rig.sandbox.url,
  };
  const config = loadConfig({ cwd: rig.root, env, overrides: { taskQueue: rig.taskQueue } });
  for (const connection of config.connections) {
    connection.requestsPerMinute = connection.budgetPerMinute = 1_000_000;
  }
  const native = await testNativeConnection();
  const worker = await pacedWorker(
    config,
    { connection: native, namespace: rig.namespace, env, workflowBundle: { code } },
    { timing: { ...FAST, ...timing } },
  );
  const running = worker.run();
  return async () => {
    worker.shutdown();
    await running;
    await native.close();
  };
}
