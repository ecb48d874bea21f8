/** Payloads of any encoding: who may start and signal workflows can send bytes that no worker can decode. */
import { randomUUID } from 'node:crypto';

import type { temporal } from '@temporalio/proto';

import { INTEGRATIONS } from '../../src/contracts';
import type { Rig } from '../support/rig';
import { ownRig } from './support';

type Payload = temporal.api.common.v1.IPayload;

const payload = (encoding: string | undefined, data: string): Payload => ({
  metadata: encoding === undefined ? {} : { encoding: Buffer.from(encoding) },
  data: Buffer.from(data),
});

const UNREADABLE: [string, Payload][] = [
  ['an encoding that nobody knows', payload('binary/encrypted', '\u0001\u0002')],
  ['no encoding', payload(undefined, 'x')],
  ['nothing at all', {}],
  ['JSON that is none', payload('json/plain', '{not json')],
  ['JSON that is empty', payload('json/plain', '')],
  ['a message of an unknown type', { ...payload('json/protobuf', '{}') }],
];

describe('payloads that cannot be read', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ rig, close } = await ownRig());
  });
  afterAll(() => close());

  async function start(type: string, workflowId: string, payloads?: Payload[]): Promise<void> {
    await rig.client.workflowService.startWorkflowExecution({
      namespace: rig.namespace,
      workflowId,
      workflowType: { name: type },
      taskQueue: { name: rig.taskQueue },
      requestId: randomUUID(),
      ...(payloads === undefined ? {} : { input: { payloads } }),
    });
  }

  const signal = (workflowId: string, signalName: string, payloads: Payload[]) =>
    rig.client.workflowService.signalWorkflowExecution({
      namespace: rig.namespace,
      workflowExecution: { workflowId },
      signalName,
      input: { payloads },
      requestId: randomUUID(),
    });

  async function failedTasks(workflowId: string): Promise<number> {
    const { events } = await rig.client.workflow.getHandle(workflowId).fetchHistory();
    return (events ?? []).filter((e) => e.workflowTaskFailedEventAttributes).length;
  }

  it.each(INTEGRATIONS)('as input of %s end the run as InvalidInput', async (name) => {
    for (const [, bad] of UNREADABLE) {
      const workflowId = `${name}-${randomUUID().slice(0, 8)}`;
      await start(name, workflowId, [bad]);
      const end = await rig.ending(workflowId);
      expect(end).toMatchObject({ type: 'InvalidInput', result: { failure: { effects: 'none' } } });
      expect(end.message).toContain('cannot read');
      expect(await failedTasks(workflowId)).toBe(0);
    }
  });

  it('that are nested 20,000 levels deep are no defect but InvalidInput', async () => {
    const levels = 20_000;
    const deep = `{"import":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    const workflowId = `deep-${randomUUID().slice(0, 8)}`;
    await start('uploadImport', workflowId, [payload('json/plain', deep)]);
    const end = await rig.ending(workflowId);
    expect(end).toMatchObject({ type: 'InvalidInput', result: { failure: { effects: 'none' } } });
    expect(end.message).toContain('nested more than 100 levels deep');
    expect(await failedTasks(workflowId)).toBe(0);
  });

  it('as state or signals leave a lock at work, and take nothing from its holders', async () => {
    const workflowId = `anaplan-lock:${randomUUID()}`;
    await start('anaplanLock', workflowId, [payload('binary/encrypted', 'x')]);
    const ask = {
      id: 'ask-1',
      workflowId: 'holder',
      firstRunId: 'first',
      runId: 'run',
      model: {
        connection: 'default',
        workspace: { id: 'w', name: 'W' },
        model: { id: 'm', name: 'M' },
      },
      files: {},
      whole: true,
    };
    const lock = rig.client.workflow.getHandle(workflowId);
    await lock.executeUpdate('ask', { args: [ask] });
    for (const [, bad] of UNREADABLE) {
      for (const name of ['forceRelease', 'release', 'no such signal']) {
        await signal(workflowId, name, [bad]);
        await signal(workflowId, name, [bad, bad]);
      }
    }
    expect(await lock.query('state')).toMatchObject({ holders: [{ workflowId: 'holder' }] });
    expect(await failedTasks(workflowId)).toBe(0);
    await lock.signal('forceRelease');
    await lock.result();
  });
});

it.each([[undefined], [{}], [{ interceptors: {} }]])(
  'with an SDK that keeps its interceptors elsewhere (%j) workflows load all the same',
  (activator) => {
    const place = globalThis as { __TEMPORAL_ACTIVATOR__?: unknown };
    place.__TEMPORAL_ACTIVATOR__ = activator;
    try {
      jest.isolateModules(() => {
        // eslint-disable-next-line @typescript-eslint/no-require-imports
        const loaded = require('../../src/workflows/run/unreadable') as {
          unreadable: (argument: unknown) => string | undefined;
        };
        expect(loaded.unreadable('any text')).toBeUndefined();
      });
    } finally {
      delete place.__TEMPORAL_ACTIVATOR__;
    }
  },
);
