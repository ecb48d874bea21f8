import type { AnaplanClient } from '../../../src/anaplan';
import { catalogueOf, forgetModel } from '../../../src/activities/prepare/catalogue';

const REF = { workspaceId: 'W', modelId: 'M' };

/** A client whose imports are as a test sets them, and that counts how often it is asked. */
function tenant(names: string[]): {
  client: AnaplanClient;
  reads: () => number;
  hold: (on: boolean) => void;
} {
  let reads = 0;
  let held: Promise<void> | undefined;
  let release: () => void = () => undefined;
  const imports = {
    list: async () => {
      reads++;
      await held;
      return names.map((name, i) => ({ id: String(i), name }));
    },
    get: () => Promise.resolve({}),
  };
  const none = { get: () => Promise.resolve({}), list: () => Promise.resolve([]) };
  const client = {
    users: { me: () => Promise.resolve({}) },
    views: { list: none.list, listInModule: none.list },
    ...{ workspaces: none, models: none, files: none, exports: none, processes: none, actions: none },
    ...{ modules: none, lists: none, imports },
  } as unknown as AnaplanClient;
  return {
    client,
    reads: () => reads,
    hold: (on) => {
      if (on) held = new Promise((resolve) => (release = resolve));
      else release();
    },
  };
}

const signal = (): AbortSignal => new AbortController().signal;

const find = (client: AnaplanClient, name: string, keepMs = 60_000, s = signal()): Promise<string> =>
  catalogueOf(client, keepMs).resolve(s, async (read) => {
    const found = (await read.imports.list(REF, { signal: s })).find((one) => one.name === name);
    if (found === undefined) throw new Error(`no ${name}`);
    return found.id;
  });

test('the second run of an action asks for nothing that the first was told', async () => {
  const { client, reads } = tenant(['Load Sales']);
  expect(await find(client, 'Load Sales')).toBe('0');
  expect(await find(client, 'Load Sales')).toBe('0');
  expect(reads()).toBe(1);
});

test('runs that are prepared at the same time wait for one answer, and one that gives up takes it from nobody', async () => {
  const { client, reads, hold } = tenant(['Load Sales']);
  hold(true);
  const gone = new AbortController();
  const first = find(client, 'Load Sales', 60_000, gone.signal);
  const second = find(client, 'Load Sales');
  gone.abort(new Error('cancelled'));
  await expect(first).rejects.toThrow('cancelled');
  hold(false);
  expect(await second).toBe('0');
  expect(reads()).toBe(1);
});

test('a name that is new since then is found, and one that is not there is asked for before that is said', async () => {
  const names = ['Load Sales'];
  const { client, reads } = tenant(names);
  await find(client, 'Load Sales');
  names.push('Load Costs');
  expect(await find(client, 'Load Costs')).toBe('1');
  await expect(find(client, 'Load Nothing')).rejects.toThrow('no Load Nothing');
  expect(reads()).toBe(3);
});

test('what Anaplan has contradicted is read anew', async () => {
  const names = ['Load Sales'];
  const { client, reads } = tenant(names);
  await find(client, 'Load Sales');
  names.unshift('Another');
  forgetModel(client, 'Other');
  expect(await find(client, 'Load Sales')).toBe('0');
  forgetModel(client, 'M');
  expect(await find(client, 'Load Sales')).toBe('1');
  expect(reads()).toBe(2);
});

test('an answer that failed is not kept, and an old one is not used', async () => {
  const { client, reads } = tenant(['Load Sales']);
  const list = jest.spyOn(client.imports, 'list').mockRejectedValueOnce(new Error('503'));
  await expect(find(client, 'Load Sales')).rejects.toThrow('503');
  expect(await find(client, 'Load Sales')).toBe('0');
  expect(list).toHaveBeenCalledTimes(2);
  const again = tenant(['Load Sales']);
  await find(again.client, 'Load Sales', 0);
  await find(again.client, 'Load Sales', 0);
  expect(again.reads()).toBe(2);
  expect(reads()).toBe(1);
});
