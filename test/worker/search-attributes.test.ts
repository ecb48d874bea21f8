import { execFileSync } from 'node:child_process';

import { getTemporalBinary } from '../../src/dev-server/server';
import { SEARCH_ATTRIBUTES } from '../../src/contracts';
import { SearchAttributes, type SearchAttributesConnection } from '../../src/worker/search-attributes';
import { ownNamespace, testAddress, testConnection } from '../support/namespace';
import type { Rig } from '../support/rig';
import { ownRig, stateOf, until } from '../workflows/support';

const KEYWORD = 2;

describe('search attributes that vanish while a worker runs', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ rig, close } = await ownRig({
      sandbox: { taskDurationMs: 3_000 },
      pace: { searchAttributesEveryMs: 5_000 },
    }));
  });
  afterAll(() => close());

  it('are registered again: a run that sets them goes on to its end', async () => {
    const handle = await rig.begin('runAction', { action: 'Order Products' });
    await until(() => rig.sandbox.tasks().length === 1, 120_000);
    await rig.native.operatorService.removeSearchAttributes({
      namespace: rig.namespace,
      searchAttributes: ['AnaplanState', 'AnaplanModel'],
    });
    const end = await rig.ending(handle.workflowId);
    expect(end.result.outcome).toBe('succeeded');
    expect(await stateOf(handle)).toBe('succeeded');
  }, 300_000);
});

describe('a worker that may not register search attributes', () => {
  /** An operator service that refuses to add; what is there can be changed. */
  function refusing(there: Record<string, number>) {
    const calls: string[] = [];
    const denied = Object.assign(new Error('Request unauthorized.'), { code: 7 });
    let failWith: Error | undefined;
    const operatorService = {
      listSearchAttributes: async () => {
        calls.push('list');
        if (failWith) throw failWith;
        return { customAttributes: { ...there } };
      },
      addSearchAttributes: async () => {
        calls.push('add');
        throw denied;
      },
    } as unknown as SearchAttributesConnection['operatorService'];
    const lines: string[] = [];
    const attributes = new SearchAttributes({ operatorService }, 'finance', (_level, text) =>
      lines.push(text),
    );
    return { attributes, lines, calls, fail: (error?: Error) => (failWith = error) };
  }
  const all = () => Object.fromEntries(SEARCH_ATTRIBUTES.map((name) => [name, KEYWORD]));

  it('logs once the command that does it, and uses them when somebody ran it', async () => {
    const there: Record<string, number> = { AnaplanModel: KEYWORD };
    const { attributes, lines } = refusing(there);
    await attributes.check();
    await attributes.check();
    expect(attributes.registered).toBe(false);
    expect(lines).toHaveLength(1);
    const create = 'temporal operator search-attribute create --type Keyword --namespace finance --name';
    const names = ['AnaplanConnection', 'AnaplanWorkspace', 'AnaplanObject', 'AnaplanState'];
    expect(lines[0]).toContain(`run: ${names.map((name) => `${create} ${name}`).join(' && ')}`);
    Object.assign(there, all());
    await attributes.check();
    expect(attributes.registered).toBe(true);
    expect(lines).toHaveLength(2);
  });

  it('says that runs stand still when they vanish, and new runs do without', async () => {
    const there: Record<string, number> = all();
    const { attributes, lines } = refusing(there);
    await attributes.check();
    expect(attributes.registered).toBe(true);
    delete there['AnaplanState'];
    await attributes.check();
    expect(attributes.registered).toBe(false);
    expect(lines.join()).toMatch(
      /cannot go on .*create --type Keyword --namespace finance --name AnaplanState$/,
    );
  });

  it('does not take a server that does not answer for one that lost them', async () => {
    const { attributes, lines, fail } = refusing(all());
    await attributes.check();
    fail(Object.assign(new Error('connection refused'), { code: 14 }));
    await attributes.check();
    expect(attributes.registered).toBe(true);
    expect(lines).toEqual([]);
  });

  it.each([
    ['are missing', { AnaplanModel: KEYWORD }],
    ['have another type', { ...all(), AnaplanState: 1, AnaplanObject: 3 }],
  ])('logs commands that the Temporal CLI takes, where they %s', async (_case, there) => {
    const { attributes, lines } = refusing(there);
    await attributes.check();
    const namespace = await ownNamespace([]);
    const connection = await testConnection();
    try {
      await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: there });
      const { path } = await getTemporalBinary();
      const commands = (/run: (.*)$/.exec(lines[0] ?? '')?.[1] ?? '').split(' && ');
      for (const command of commands) {
        const [name, ...args] = command.replace('finance', namespace).split(' ');
        expect(name).toBe('temporal');
        execFileSync(path, [...args, '--address', testAddress()]);
      }
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
      expect(customAttributes).toMatchObject(all());
    } finally {
      await connection.close();
    }
  });
});
