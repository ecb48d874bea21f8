/** What a user adds to client and worker that concerns workflows: the build's bundle cannot know it. */
import { join } from 'node:path';

import type { Payload, PayloadCodec } from '@temporalio/common';

import type * as WorkerModule from '../../src/worker/worker';
import { builtLib } from '../support/build-lib';
import { historyToJSON } from '../support/history-json';
import type { Rig, RigOptions } from '../support/rig';
import { ownRig, until } from '../workflows/support';

/** The package as it is installed, with the bundle of its build beside it. */
// eslint-disable-next-line @typescript-eslint/no-require-imports
const { pacedWorker } = require(join(builtLib(), 'worker/worker')) as typeof WorkerModule;
const path = (name: string): string => join(__dirname, 'converters', name);

/** Hides what a payload says; the key of a real one would not stand beside it. */
const codec: PayloadCodec = {
  encode: async (payloads) => payloads.map(hidden),
  decode: async (payloads) => payloads.map(hidden),
};
function hidden(payload: Payload): Payload {
  return {
    metadata: payload.metadata ?? {},
    data: (payload.data ?? new Uint8Array()).map((byte) => byte ^ 0x5a),
  };
}

async function withRig(options: RigOptions, run: (rig: Rig) => Promise<void>): Promise<void> {
  const { rig, close } = await ownRig({ createWorker: pacedWorker, ...options });
  try {
    await run(rig);
  } finally {
    await close();
  }
}

/**
 * A run's history, and what of it is readable once base64 is undone. Without its search attributes: no converter has
 * them, because the server compares them.
 */
async function storedText(rig: Rig, workflowId: string): Promise<string> {
  const history = await rig.client.workflow.getHandle(workflowId).fetchHistory();
  const events = (history.events ?? []).filter((e) => !e.upsertWorkflowSearchAttributesEventAttributes);
  const json = historyToJSON({ ...history, events });
  const decoded = json.replace(/"data": ?"([^"]*)"/g, (_all, data: string) =>
    Buffer.from(data, 'base64').toString(),
  );
  return json + decoded;
}

/** Some characters around each place where the text matches. */
function found(text: string, what: string): string[] {
  return text.match(new RegExp(`.{0,80}(?:${what}).{0,80}`, 'g')) ?? [];
}

describe('a payload converter of the user', () => {
  it('is used by workflows too: a run ends, and nothing of it is stored as plain JSON', async () => {
    await withRig({ dataConverter: { payloadConverterPath: path('scrambled.js') } }, async (rig) => {
      rig.write(
        'products.csv',
        'Code,Name,Category,Launch Date,Active\nP0001,Bread,Bakery,2024-01-15,true\n',
      );
      const end = await rig.run('uploadImport', { import: 'Load Products', source: 'products.csv' });
      expect(end.message).toBeUndefined();
      expect(end.result).toMatchObject({ outcome: 'succeeded', task: { rows: { unit: 'rows' } } });
      const text = await storedText(rig, end.workflowId);
      expect(found(text, 'Load Products|json/plain')).toEqual([]);
    });
  });

  it('does not keep a run from being cancelled: its task is cancelled in Anaplan', async () => {
    const options = {
      sandbox: { taskDurationMs: 600_000 },
      dataConverter: { payloadConverterPath: path('scrambled.js') },
    };
    await withRig(options, async (rig) => {
      const handle = await rig.begin('runAction', { action: 'Order Products' });
      await until(() => rig.sandbox.tasks().length === 1);
      await handle.cancel();
      const end = await rig.ending(handle.workflowId);
      expect(end).toMatchObject({ cancelled: true, result: { outcome: 'cancelled' } });
      expect(rig.sandbox.tasks()).toMatchObject([{ state: 'CANCELLED' }]);
    });
  });
});

describe('a failure converter of the user', () => {
  it('hides what a failure says, in activities and in workflows', async () => {
    const dataConverter = { payloadCodecs: [codec], failureConverterPath: path('encoded-failures.js') };
    await withRig({ dataConverter }, async (rig) => {
      const end = await rig.run('runAction', { action: 'Delete Locked Products' });
      expect(end).toMatchObject({ type: 'ActionFailed', result: { outcome: 'failed' } });
      expect(end.message).toContain('Delete Locked Products');
      const unknown = await rig.run('runAction', { action: 'Delete Lokced Products' });
      expect(unknown).toMatchObject({ type: 'NotFound' });
      for (const { workflowId } of [end, unknown]) {
        const text = await storedText(rig, workflowId);
        expect(text).toContain('Encoded failure');
        expect(found(text, 'Products|Lokced|at \\S+ .*\\.js:')).toEqual([]);
      }
    });
  });
});

describe('workflow interceptors of the user', () => {
  it('see the integrations', async () => {
    await withRig({ worker: { interceptors: { workflowModules: [path('seen.js')] } } }, async (rig) => {
      const end = await rig.run('runAction', { action: 'Order Products' });
      expect(end.result.outcome).toBe('succeeded');
      const { memo } = await rig.client.workflow.getHandle(end.workflowId).describe();
      expect(memo).toMatchObject({ seenByInterceptor: true });
    });
  });

  it('come with a plug-in of the connection as well', async () => {
    // What `NativeConnection.connect({ plugins })` keeps: it is asked for the options of every worker.
    const plugin = {
      name: 'of-the-user',
      configureWorker: <T extends object>(o: T): T => ({
        ...o,
        interceptors: { workflowModules: [path('seen.js')] },
      }),
    };
    await withRig({ plugins: [plugin] }, async (rig) => {
      const end = await rig.run('runAction', { action: 'Order Products' });
      const { memo } = await rig.client.workflow.getHandle(end.workflowId).describe();
      expect(memo).toMatchObject({ seenByInterceptor: true });
    });
  });
});
