import type { ApplicationFailure } from '@temporalio/common';

import { wrongCase, reference } from '../../../src/activities/prepare/names';
import { resolvers } from '../../../src/activities/prepare/resolve';
import type { Scope } from '../../../src/activities/prepare/resolve/lookups';
import type { AnaplanClient, View } from '../../../src/anaplan';
import { SALES_MODEL } from '../../../src/sandbox';
import { attempt, Bench } from '../support';

const MODULE = { id: '102000000000', name: 'REV' };
const SAVED: View[] = [
  { id: MODULE.id, name: 'REV', moduleId: MODULE.id },
  { id: '207000000000', name: "REV.'by country & month'", moduleId: MODULE.id },
];
const SUBSIDIARY: View[] = [
  { id: '411000000001', name: 'REV.Price', moduleId: MODULE.id },
  // A line item of the name that a saved view has.
  { id: '411000000002', name: 'REV.by country & month', moduleId: MODULE.id },
];

function scope(): Scope {
  const views = (prefix: boolean) => (_: unknown, o: { subsidiary?: boolean }) =>
    Promise.resolve(
      [...SAVED, ...(o.subsidiary ? SUBSIDIARY : [])].map((v) => ({
        ...v,
        name: prefix ? v.name : v.id === MODULE.id ? 'default' : v.name.replace('REV.', ''),
      })),
    );
  const client = {
    modules: { list: () => Promise.resolve([MODULE]) },
    views: {
      list: views(true),
      listInModule: (ref: unknown, _: string, o: object) => views(false)(ref, o),
    },
  } as unknown as AnaplanClient;
  const ref = { workspaceId: 'w', modelId: SALES_MODEL };
  return { client, ref, where: '', signal: new AbortController().signal };
}

describe('views by name: a name that is not found cannot be read at all', () => {
  const read = (view: string, module?: string) =>
    resolvers.largeViewRead(scope(), {
      model: SALES_MODEL,
      view,
      target: 't.csv',
      ...(module === undefined ? {} : { module }),
    });
  it.each([
    ['a saved one', 'REV.by country & month', undefined, '207000000000'],
    ['a subsidiary one of a line item', 'REV.Price', undefined, '411000000001'],
    ['a saved one in its module', 'by country & month', 'REV', '207000000000'],
    ['a subsidiary one in its module', 'Price', 'REV', '411000000001'],
    ['the default one of a module', 'default', 'REV', MODULE.id],
    ['the ID of a line item', '411000000001', undefined, '411000000001'],
  ])('%s', async (_, view, module, id) => expect((await read(view, module)).object.id).toBe(id));
});

it('an upload knows where header and data of its file begin, as /complete wants to be told', async () => {
  const file = { id: '113000000009', name: 'ATests.txt', chunkCount: 1, headerRow: 3, firstDataRow: 4 };
  const client = { files: { list: () => Promise.resolve([file]) } } as unknown as AnaplanClient;
  const resolved = await resolvers.uploadFile(
    { ...scope(), client },
    { model: SALES_MODEL, file: 'ATests.txt', source: 's.csv' },
  );
  expect(resolved.upload.file).toEqual({
    id: '113000000009',
    name: 'ATests.txt',
    headerRow: 3,
    firstDataRow: 4,
  });
});

describe('IDs in the wrong case', () => {
  it.each([
    ['model', SALES_MODEL.toLowerCase(), SALES_MODEL],
    ['model', `id:${SALES_MODEL.toLowerCase()}`, SALES_MODEL],
    ['workspace', '8A8B8C8D8E8F8G8I', undefined],
    ['workspace', '8A8B8C8D8E8F8081', '8a8b8c8d8e8f8081'],
    ['model', SALES_MODEL, undefined],
    ['model', `name:${SALES_MODEL.toLowerCase()}`, undefined],
    ['model', 'Sales Planning', undefined],
  ] as const)('%s "%s"', (kind, given, right) => {
    const said = wrongCase(kind, reference(kind, given));
    if (right === undefined) expect(said).toBeUndefined();
    else expect(said?.message).toContain(`Give "${right}"`);
  });

  it('a lower-case model ID says so, and nothing is started', async () => {
    const bench = await Bench.start();
    try {
      for (const model of [SALES_MODEL.toLowerCase(), `id:${SALES_MODEL.toLowerCase()}`]) {
        const failure = await prepare(bench, { model, workspace: 'Demo Workspace', action: 'Load Sales' });
        expect(failure).toMatchObject({ type: 'InvalidInput' });
        expect(failure?.message).toContain(`model IDs are upper-case. Give "${SALES_MODEL}"`);
      }
    } finally {
      await bench.close();
    }
  });
});

describe('parameters of a run', () => {
  const mappingParameters = [{ entityType: 'Version', entityName: 'Actual' }];
  it.each([
    ['Export Sales', /"Export Sales".* is an export/],
    ['Order Products', /"Order Products".* is neither an import nor a process/],
  ])('%s takes none: InvalidInput, not a start that ignores them', async (action, words) => {
    const bench = await Bench.start();
    try {
      const failure = await prepare(bench, { model: SALES_MODEL, action, mappingParameters });
      expect(failure).toMatchObject({ type: 'InvalidInput' });
      expect(failure?.message).toMatch(words);
      expect(bench.sandbox.record.filter((r) => r.method === 'POST' && /tasks/.test(r.path))).toEqual([]);
      expect(await prepare(bench, { model: SALES_MODEL, action })).toBeUndefined();
      expect(
        await prepare(bench, { model: SALES_MODEL, action: 'Load Sales', mappingParameters }),
      ).toBeUndefined();
    } finally {
      await bench.close();
    }
  });
});

/** The failure of `anaplan.prepare`; undefined where it succeeds. */
async function prepare(bench: Bench, input: object): Promise<ApplicationFailure | undefined> {
  const { failure } = await attempt(() =>
    bench.activities['anaplan.prepare']({ integration: 'runAction', input }),
  );
  return failure;
}
