/** Activities in a mocked environment, against a sandbox tenant and a folder. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Client } from '@temporalio/client';
import { ActivityCancellationDetails, ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';

import { type AnaplanActivities, type Beat, type Call, type RootPin } from '../../src/activities';
import { allActivities } from '../../src/activities/all';
import type { ActivityDeps } from '../../src/activities/attempt/deps';
import { AnaplanClient } from '../../src/anaplan';
import {
  DEMO_WORKSPACE,
  SALES_MODEL,
  startSandbox,
  type Sandbox,
  type SandboxOptions,
} from '../../src/sandbox';
import { createStorage, type Storage } from '../../src/storage';
import { FAST } from '../support/rig';

/** One attempt of an activity, with what it told the server meanwhile. */
export interface Attempt<R> {
  result?: R;
  failure?: ApplicationFailure;
  /** What was thrown that is no failure: a cancellation. */
  thrown?: unknown;
  beats: Beat<Record<string, unknown>>[];
}

/** How an attempt is run. */
export interface AttemptOptions {
  /** The last heartbeat of the attempt before. */
  resume?: unknown;
  heartbeatTimeoutMs?: number;
  attempt?: number;
  /** Which activity this is; default: one that is not ours, which is treated as one that moves bytes. */
  type?: keyof AnaplanActivities;
  /** How long before this attempt the activity was scheduled. */
  scheduledMsAgo?: number;
  /** What the server answers to an awaited heartbeat, or throws; default: that all is well. */
  server?: (beat: Beat<Record<string, unknown>>) => Promise<void>;
  /** Called at every heartbeat, awaited or not. */
  onBeat?: (env: MockActivityEnvironment, beat: Beat<Record<string, unknown>>) => void;
}

/** The part of a client that asks the server by a heartbeat. */
function serverDouble(answer: (beat: unknown) => Promise<void>): Client {
  const double = {
    options: { namespace: 'default' },
    withDeadline: <T>(_: number, run: () => Promise<T>) => run(),
    withAbortSignal: <T>(_: AbortSignal, run: () => Promise<T>) => run(),
    workflow: {
      getHandle: (_: string, runId: string) => ({
        describe: () => Promise.resolve({ raw: { workflowExecutionInfo: { firstRunId: runId } } }),
      }),
    },
    activity: { heartbeat: (_: Uint8Array, beat: unknown) => answer(beat) },
  };
  return double as unknown as Client;
}

/** Hands the worker's shutdown to a running attempt. */
export function shutDown(env: MockActivityEnvironment): void {
  env.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }));
}

/** Runs one attempt to its end, whatever it is. */
export async function attempt<R>(body: () => Promise<R>, o: AttemptOptions = {}): Promise<Attempt<R>> {
  const beats: Attempt<R>['beats'] = [];
  const note = (beat: unknown) => {
    // As the server keeps it.
    const copy = JSON.parse(JSON.stringify(beat)) as Beat<Record<string, unknown>>;
    beats.push(copy);
    o.onBeat?.(env, copy);
    return copy;
  };
  const now = Date.now();
  const env = new MockActivityEnvironment(
    {
      activityType: o.type ?? 'unknown',
      heartbeatTimeoutMs: o.heartbeatTimeoutMs ?? 15_000,
      startToCloseTimeoutMs: 3_600_000,
      heartbeatDetails: o.resume,
      attempt: o.attempt ?? 1,
      scheduledTimestampMs: now - (o.scheduledMsAgo ?? 0),
      currentAttemptScheduledTimestampMs: now,
    },
    {
      logger: new DefaultLogger('ERROR', () => undefined),
      client: serverDouble(async (beat) => {
        const noted = note(beat);
        await o.server?.(noted);
      }),
    },
  );
  env.on('heartbeat', note);
  try {
    return { result: await env.run(body), beats };
  } catch (error) {
    return error instanceof ApplicationFailure ? { failure: error, beats } : { thrown: error, beats };
  }
}

/** The only root of a {@link Bench}, as a run knows it that has not been there yet. */
export const ROOT: RootPin = { name: 'default' };

/** A tenant, a folder and the activities on them. */
export class Bench {
  readonly call: Call = {
    connection: 'default',
    workspace: { id: DEMO_WORKSPACE, name: 'Demo Workspace' },
    model: { id: SALES_MODEL, name: 'Sales Planning' },
    bounds: { modelUnavailable: 60_000, unavailable: 60_000 },
  };

  private constructor(
    readonly sandbox: Sandbox,
    readonly client: AnaplanClient,
    readonly root: string,
    readonly storage: Storage,
    readonly activities: AnaplanActivities,
    readonly deps: ActivityDeps,
  ) {}

  static async start(o: { sandbox?: SandboxOptions; deps?: Partial<ActivityDeps> } = {}): Promise<Bench> {
    const sandbox = await startSandbox({
      taskDurationMs: 0,
      requestsPerMinute: false,
      minPollMs: 0,
      startGraceMs: 0,
      ...o.sandbox,
    });
    const client = new AnaplanClient({
      apiUrl: sandbox.url,
      authUrl: sandbox.url,
      credentials: { kind: 'basic', ...sandbox.credentials },
      requestsPerMinute: 1_000_000,
    });
    const root = mkdtempSync(join(tmpdir(), 'anaplan-activities-'));
    const storage = createStorage({ roots: [{ path: root }], cwd: root });
    const deps: ActivityDeps = {
      connection: () => ({ client }),
      storage,
      taskQueue: 'test',
      host: 'this-host',
      since: performance.now(),
      dumps: join(root, 'dumps'),
      searchAttributes: () => false,
      timing: FAST,
      ...o.deps,
    };
    return new Bench(sandbox, client, root, storage, allActivities(deps), deps);
  }

  write(name: string, content: string | Buffer): string {
    writeFileSync(join(this.root, name), content);
    return name;
  }

  read(name: string): Buffer {
    return readFileSync(join(this.root, name));
  }

  async close(): Promise<void> {
    await this.client.close();
    await this.sandbox.close();
    rmSync(this.root, { recursive: true, force: true });
  }
}
