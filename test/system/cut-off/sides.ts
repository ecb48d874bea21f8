/** Two workers of one tenant, the first of which can be cut off from Temporal while Anaplan stays in its reach. */
import { setTimeout as delay } from 'node:timers/promises';

import type { SandboxOptions } from '../../../src/sandbox';
import { testAddress } from '../../support/namespace';
import { until, type Program } from '../../support/processes';
import { SilentProxy } from '../../support/silent-proxy';
import { Tenant } from '../../support/tenant';

/** Given up by heartbeat, and then perhaps handed to a poll that went silent, too: twice a time-out, and a minute. */
export const TAKEN_OVER_WITHIN_MS = 200_000;

/** One worker with its ways to Temporal and to Anaplan. */
class Side {
  private constructor(
    readonly worker: Program,
    readonly temporal: SilentProxy,
    readonly anaplan: SilentProxy,
  ) {}

  static async start(tenant: Tenant, args: readonly string[] = []): Promise<Side> {
    const temporal = await SilentProxy.start(testAddress());
    const anaplan = await SilentProxy.start(new URL(tenant.sandbox.url).host);
    const url = `http://${anaplan.address}`;
    const env = { TEMPORAL_ADDRESS: temporal.address, ANAPLAN_API_URL: url, ANAPLAN_AUTH_URL: url };
    return new Side(await tenant.worker(args, env), temporal, anaplan);
  }

  /** Bytes that it sent to Anaplan so far. */
  get sent(): number {
    return this.anaplan.sent;
  }

  /** Waits until it has sent more than so many bytes to Anaplan. */
  async sends(bytes = 0): Promise<void> {
    await until(`${bytes} bytes of the other worker`, () => this.sent > bytes, TAKEN_OVER_WITHIN_MS);
  }

  async close(): Promise<void> {
    await this.temporal.close();
    await this.anaplan.close();
  }
}

/** The two sides of a case. */
export interface Sides {
  tenant: Tenant;
  /** The one that is cut off. */
  first: Side;
  /** Cuts it off, and starts the other one. */
  cut: () => Promise<Side>;
  /** Takes all its network away once it has written a text to Anaplan, which does not leave its machine; starts the other one. */
  unplugAt: (text: RegExp) => Promise<Side>;
}

/** Opens a tenant with one worker. */
export function withSides(options: SandboxOptions, run: (sides: Sides) => Promise<void>): Promise<void> {
  return Tenant.with(options, async (tenant) => {
    // One slot: a worker that has another one free is given the next attempt, too, which dies on the silent way.
    const first = await Side.start(tenant, ['--transfer-slots', '1']);
    const sides = [first];
    const another = async (): Promise<Side> => {
      const second = await Side.start(tenant);
      sides.push(second);
      return second;
    };
    const cut = (): Promise<Side> => {
      first.temporal.silence();
      return another();
    };
    const unplugAt = async (text: RegExp): Promise<Side> => {
      await first.anaplan.unplugAt(text);
      first.temporal.unplug();
      return another();
    };
    try {
      await run({ tenant, first, cut, unplugAt });
    } finally {
      await Promise.all(sides.map((side) => side.worker.killed()));
      await Promise.all(sides.map((side) => side.close()));
    }
  });
}

/**
 * Makes the first `POST` to a path wait for a log-in of so many milliseconds: the worker has its turn, and is then slow on
 * its way.
 */
export function slowLogIn(tenant: Tenant, path: string, ms: number): void {
  tenant.sandbox.faults.add({ method: 'POST', path, action: { kind: 'expire-token' } });
  tenant.sandbox.faults.add({
    method: 'POST',
    path: '/token/authenticate',
    occurrence: 2,
    action: { kind: 'stall', ms, when: 'before' },
  });
}

const NO_MODEL = '0'.repeat(32);

/**
 * Makes the start of a run's task wait for its turn at the rate limit for `ms`, and waits until it does: while the run
 * reads the task list, another call of the same worker is told to come back later.
 */
export async function waitsForItsTurn(
  tenant: Tenant,
  kind: 'imports' | 'actions',
  begin: () => Promise<string>,
  ms: number,
): Promise<string> {
  const tasks = `/models/*/${kind}/*/tasks`;
  const list = tenant.sandbox.faults.add({
    method: 'GET',
    path: tasks,
    action: { kind: 'stall', when: 'before' },
  });
  const refused = tenant.sandbox.faults.add({
    path: `/models/${NO_MODEL}`,
    action: { kind: 'status', status: 429, headers: { 'retry-after': String(ms / 1000) } },
  });
  const id = await begin();
  await until('the task list', () => tenant.sandbox.faults.hits(list) > 0);
  const other = await tenant.begin('runAction', { model: NO_MODEL, action: 'any' });
  await until('the refusal', () => tenant.sandbox.faults.hits(refused) > 0);
  // What comes next takes up the answer before the list's.
  await delay(500);
  await tenant.client.workflow.getHandle(other).terminate();
  tenant.sandbox.faults.release(list);
  const handle = tenant.client.workflow.getHandle(id);
  const starting = async (): Promise<boolean> => {
    const { raw } = await handle.describe();
    return (raw.pendingActivities ?? []).some(
      (a) => a.activityType?.name === 'anaplan.startTask' && a.state === 2,
    );
  };
  while (!(await starting())) await delay(50);
  return id;
}
