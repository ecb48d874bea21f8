/** What a person reads when a run fails: a sentence that names the object, said once, with what to do. */
import { FAILURES, type IntegrationName } from '../../src/contracts';
import type { Fault } from '../../src/sandbox';
import type { Rig } from '../support/rig';
import { BAD, GOOD, ownRig } from './support';

/** The sentences of a message. Dots inside names, numbers and abbreviations end none. */
function sentences(message: string): string[] {
  return message
    .split(/(?<=[.!?])\s+(?=["A-Z])/)
    .map((s) => s.trim())
    .filter((s) => s.length > 12);
}

function expectReadable(message: string): void {
  const said = sentences(message);
  expect(said.filter((s, i) => said.indexOf(s) !== i)).toEqual([]);
  expect(message).not.toMatch(/\.\.(?!\.|\/)|\.;|;\s*;|: :|undefined|\[object|NaN|\s{2,}/);
  expect(message).toMatch(/[.!?]\)?$/);
}

describe('the message of every failure', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ rig, close } = await ownRig());
    rig.write('good.csv', GOOD);
    rig.write('bad.csv', BAD);
    rig.write('empty.csv', '');
    rig.write('zip.csv', Buffer.from('PK\u0003\u0004xxxxxxxxxxxxxxxxxxxxxxxxxx'));
    rig.write('folder/a.csv', GOOD);
    rig.write(
      'products.csv',
      'Code,Name,Category,Launch Date,Active\nP9001,Rye Bread,Bakery,2025-01-15,true\n',
    );
  }, 60_000);
  afterEach(() => rig.sandbox.reset());
  afterAll(() => close());

  const always = (path: string, status: number, method = 'GET'): Fault => ({
    method,
    path,
    occurrence: 'every',
    action: { kind: 'status', status },
  });
  const sales = { import: 'Load Sales', source: 'good.csv' };
  const short = { timeouts: { modelUnavailable: '1s', unavailable: '1s' } };

  const CASES: [string, IntegrationName, object, string, Fault?][] = [
    ['rejected rows', 'uploadImport', { ...sales, source: 'bad.csv' }, 'RowsRejected'],
    [
      'a failed import',
      'uploadImport',
      { import: 'Load Price List', source: 'products.csv', checkHeader: 'off' },
      'ActionFailed',
    ],
    ['a failed process', 'processWithDumps', { process: 'Failing Load' }, 'ActionFailed'],
    ['no such import', 'uploadImport', { ...sales, import: 'Load Sale' }, 'NotFound'],
    ['no such list', 'largeListRead', { list: 'xyzzy', target: 'o.csv' }, 'NotFound'],
    ['no source', 'uploadImport', { ...sales, source: 'data/none.csv' }, 'SourceNotFound'],
    ['an empty source', 'uploadImport', { ...sales, source: 'empty.csv' }, 'SourceEmpty'],
    ['a folder as source', 'uploadImport', { ...sales, source: 'folder' }, 'InvalidInput'],
    ['a source elsewhere', 'uploadImport', { ...sales, source: '/etc/passwd' }, 'InvalidInput'],
    ['another scheme', 'uploadImport', { ...sales, source: 's3://b/k' }, 'InvalidInput'],
    ['a target elsewhere', 'exportDownload', { export: 'Export Sales', target: '../x.csv' }, 'InvalidInput'],
    [
      'a target that is a folder',
      'exportDownload',
      { export: 'Export Sales', target: 'folder' },
      'InvalidInput',
    ],
    ['an unknown connection', 'runAction', { action: 'Order Products', connection: 'prod' }, 'InvalidInput'],
    ['a field too many', 'runAction', { action: 'Order Products', sorce: 'x' }, 'InvalidInput'],
    [
      'a file without content',
      'downloadFile',
      { file: 'prices.csv', target: 'o.csv' },
      'NotFound',
      {
        method: 'GET',
        path: '/models/*/files/*/chunks',
        occurrence: 'every',
        action: { kind: 'status', status: 404 },
      },
    ],
    ['no permission', 'uploadImport', sales, 'PermissionDenied', always('/models/*/imports/*', 403)],
    [
      'no permission to run',
      'runAction',
      { action: 'Order Products' },
      'PermissionDenied',
      always('/models/*/actions/*/tasks', 403, 'POST'),
    ],
    ['archived', 'uploadImport', sales, 'ModelArchived', always('/models/*/imports/*', 422)],
    [
      'deployed',
      'runAction',
      { action: 'Order Products' },
      'ModelDeployed',
      always('/models/*/actions/*/tasks', 425, 'POST'),
    ],
    [
      'locked',
      'runAction',
      { action: 'Order Products', ...short },
      'ModelLocked',
      always('/models/*/actions', 423),
    ],
    [
      'offline',
      'runAction',
      { action: 'Order Products', ...short },
      'ModelOffline',
      always('/models/*/actions', 424),
    ],
    [
      'unavailable',
      'runAction',
      { action: 'Order Products', ...short },
      'ServiceUnavailable',
      always('/models/*/actions', 503),
    ],
    [
      'a conflict',
      'runAction',
      { action: 'Order Products', ...short },
      'Conflict',
      always('/models/*/actions/*/tasks', 409, 'POST'),
    ],
  ];

  it.each(CASES.map(([what, ...rest]) => [what, rest] as const))(
    '%s',
    async (_what, [name, input, type, fault]) => {
      if (fault) rig.sandbox.faults.add(fault);
      const end = await rig.run(name, input as never);
      expect(end.type).toBe(type);
      expectReadable(end.message ?? '');
      expect(end.result.failure?.remedy).toMatch(/\.$/);
    },
  );

  it('remedies say one thing each', () => {
    for (const { remedy } of Object.values(FAILURES)) expectReadable(remedy);
  });
});

it('a refused log-in says whose it was and where, once, and never the password', async () => {
  const { rig, close } = await ownRig({ env: { ANAPLAN_PASSWORD: 'not-the-right-one' } });
  try {
    const end = await rig.run('runAction', { action: 'Order Products' });
    expect(end.type).toBe('AuthenticationFailed');
    expect(end.message).toContain('user "demo@example.com" (connection "default")');
    expect(end.message).toContain(rig.sandbox.url);
    expect(end.message?.match(/exception user/g)).toHaveLength(1);
    expect(JSON.stringify(end)).not.toContain('not-the-right-one');
    expectReadable(end.message ?? '');
  } finally {
    await close();
  }
});

it('a source that is not there is named by where it was looked for', async () => {
  const { rig, close } = await ownRig();
  try {
    const end = await rig.run('uploadFile', { file: 'sales.csv', source: 'data/none.csv' });
    expect(end.type).toBe('SourceNotFound');
    expect(end.message).toContain(`looked for at ${rig.root}/data/none.csv, below the root ${rig.root}`);
  } finally {
    await close();
  }
});
