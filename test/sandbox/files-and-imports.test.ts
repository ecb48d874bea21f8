import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { closeAll, tenant } from './client';

const PRODUCTS = '113000000001';
const SALES = '113000000002';
const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex');
const HEADER = 'Product,Region,Month,Units,Revenue,Last Order\n';

afterEach(closeAll);

test('chunks before a chunk count, out of range or not gzip are refused and noted', async () => {
  const { sandbox, client } = await tenant();
  expect(await client.put(SALES, 0, 'x')).toBe(400);
  await client.model('POST', `/files/${SALES}`, { chunkCount: 2 });
  expect(await client.put(SALES, 2, 'x')).toBe(400);
  const bad = await client.call(
    'PUT',
    `/models/75A40874E6B64FA3AE0743278996850F/files/${SALES}/chunks/0`,
    'no gzip',
    {
      'content-type': 'application/x-gzip',
    },
  );
  expect(bad.status).toBe(400);
  expect(await client.put(SALES, 0, 'ab')).toBe(204);
  expect(sandbox.files(SALES)).toMatchObject({ chunks: 1, completed: false });
  expect(await client.put(SALES, 1, 'cd', true)).toBe(204);
  expect(sandbox.files(SALES)).toMatchObject({
    chunks: 2,
    completed: true,
    bytes: 4,
    sha256: sha256('abcd'),
  });
  expect(sandbox.misuses.map((misuse) => misuse.kind)).toEqual(['chunk-before-count', 'chunk-out-of-range']);
});

test('a chunk of more than 50 MB is refused, measured after gunzip', async () => {
  const { sandbox, client } = await tenant({ uploads: 'digest' });
  await client.model('POST', '/files/113000000003', { chunkCount: 1 });
  expect(await client.put('113000000003', 0, Buffer.alloc(51 * 1024 * 1024, 'x'), true)).toBe(400);
  expect(sandbox.misuse[0]).toMatch(/^chunk-too-large: /);
  expect(sandbox.files('113000000003')).toMatchObject({ chunks: 0, completed: false });
});

test('an unknown file ID creates another file and answers its ID', async () => {
  const { client } = await tenant();
  const { status, body } = await client.model('POST', '/files/113000000077', { chunkCount: 1 });
  expect(status).toBe(200);
  expect((body.file as { id: string }).id).not.toBe('113000000077');
});

test('a count of -1 needs complete; then the same bytes are harmless and others are refused', async () => {
  const { sandbox, client } = await tenant();
  await client.model('POST', `/files/${SALES}`, { chunkCount: -1 });
  await client.put(SALES, 1, 'cd');
  expect((await client.model('POST', `/files/${SALES}/complete`)).status).toBe(400);
  await client.put(SALES, 0, 'ab');
  expect(sandbox.files(SALES)?.completed).toBe(false);
  expect((await client.model('POST', `/files/${SALES}/complete`)).status).toBe(200);
  expect(sandbox.files(SALES)).toMatchObject({ completed: true, sha256: sha256('abcd') });
  expect(await client.put(SALES, 1, 'cd')).toBe(204);
  expect(sandbox.misuse).toEqual([]);
  expect(await client.put(SALES, 1, 'xx')).toBe(400);
  expect(sandbox.misuse[0]).toMatch(/^bytes-after-complete: /);
  expect((await client.text(`/files/${SALES}/chunks/0`)).text).toBe('ab');
});

test('a whole file is one PUT, not compressed; one with a default file needs its chunk count; DELETE empties it', async () => {
  const { sandbox, client } = await tenant();
  const put = (file: string, type: string) =>
    client.call('PUT', `/models/75A40874E6B64FA3AE0743278996850F/files/${file}`, 'whole', {
      'content-type': type,
    });
  expect((await put(SALES, 'application/octet-stream')).status).toBe(204);
  expect(sandbox.files(SALES)).toMatchObject({ completed: true, sha256: sha256('whole') });
  expect((await put(SALES, 'application/x-gzip')).status).toBe(415);
  expect((await put('113000000004', 'application/octet-stream')).status).toBe(400);
  expect((await client.model('DELETE', `/files/${SALES}`)).status).toBe(204);
  expect((await client.model('GET', `/files/${SALES}/chunks`)).body).not.toHaveProperty('chunks');
});

test('bulk files are counted and digested without being kept', async () => {
  const { sandbox, client } = await tenant({ uploads: 'digest' });
  const part = randomBytes(300_000).toString('hex');
  await client.upload('113000000003', 'Key,Value\n1,' + part, '\n2,b\n', '3,c');
  expect(sandbox.files('113000000003')?.sha256).toBe(sha256('Key,Value\n1,' + part + '\n2,b\n3,c'));
  await client.run('imports', '112000000003');
  expect(sandbox.rows().bulk).toBe(3);
});

test('Load Sales counts cells, applies what is right and dumps what is not', async () => {
  const { sandbox, client } = await tenant({ model: { dumpChunkBytes: 100 } });
  const rows = [
    'P0001,EMEA,Jan 25,10,20.50,2026-01-05',
    'P9999,EMEA,Jan 25,1,1,2026-01-05',
    'P0002,EMEA,Jan 25,many,1,2026-01-05',
    'P0003,EMEA,Jan 25,1,1,2026-02-31x',
    'P0004,MARS,Smarch 25,1,1,',
    'P0001,EMEA,Jan 25,5,,2026-01-06',
    '',
  ];
  await client.upload(SALES, HEADER + rows.join('\n') + '\n');
  const taskId = await client.start('imports', '112000000002');
  const { result } = await client.task('imports', '112000000002', taskId);
  expect(result).toMatchObject({ successful: true, failureDumpAvailable: true, objectId: '112000000002' });
  expect(result?.details?.[0]).toMatchObject({
    type: 'lineItemRowsProcessedWithFailuresAndIgnored',
    localMessageText: 'Units cells: 3 (3 failed, 1 ignored)',
  });
  expect(result?.details?.find((entry) => entry.type === 'moduleImportNumberFormat')?.occurrences).toBe(1);
  expect(sandbox.rows().sales[0]).toEqual({
    product: 'P0001',
    region: 'EMEA',
    month: 'Jan 25',
    units: 15,
    revenue: 20.5,
    lastOrder: '2026-01-05',
  });
  const dump = `/imports/112000000002/tasks/${taskId}/dump`;
  const whole = (await client.text(dump)).text;
  expect(whole.split('\n')).toEqual([
    '"_Status_","Product","Region","Month","Units","Revenue","Last Order","_Line_","_Error_1_","_Error_2_"',
    '"E","P9999","EMEA","Jan 25","1","1","2026-01-05","3","Item not located in Products list: P9999",""',
    '"E","P0002","EMEA","Jan 25","many","1","2026-01-05","4","Invalid number: many",""',
    '"E","P0003","EMEA","Jan 25","1","1","2026-02-31x","5","Invalid date: 2026-02-31x",""',
    '"E","P0004","MARS","Smarch 25","1","1","","6","Item not located in Regions list: MARS","Invalid date or timescale identifier: Smarch 25"',
    '"W","P0001","EMEA","Jan 25","5","","2026-01-06","7","More than one data value has been provided for a non-numeric cell.",""',
    '',
  ]);
  const chunks = (await client.model('GET', `${dump}/chunks`)).body.chunks as { id: string }[];
  const parts = await Promise.all(
    chunks.map(async ({ id }) => (await client.text(`${dump}/chunks/${id}`)).text),
  );
  expect(parts.length).toBeGreaterThan(3);
  expect(parts.join('')).toBe(whole);
});

test('a clean run removes the dump although the older task still announces it', async () => {
  const { sandbox, client } = await tenant();
  await client.upload(SALES, HEADER + 'P9999,EMEA,Jan 25,1,1,\n');
  const old = await client.start('imports', '112000000002');
  await client.task('imports', '112000000002', old);
  await client.upload(SALES, HEADER + 'P0001,EMEA,Jan 25,1,1,2026-01-05\n');
  await client.run('imports', '112000000002');
  expect((await client.task('imports', '112000000002', old)).result?.failureDumpAvailable).toBe(true);
  expect((await client.text(`/imports/112000000002/tasks/${old}/dump/chunks`)).status).toBe(404);
  expect(sandbox.misuse[0]).toMatch(/^dump-gone: /);
});

test('Load Products counts rows: created, updated, ignored, warnings and rejected', async () => {
  const { sandbox, client } = await tenant();
  const rows = [
    'N0001,New,Dairy,2026-01-01,true',
    'P0001,Renamed,,,',
    'P0002,,,,',
    'N0002,Odd,Toys,tomorrow,yes',
    ',No code,Dairy,,',
    'N0001,Again,Dairy,,',
  ];
  await client.upload(PRODUCTS, 'Code,Name,Category,Launch Date,Active\n' + rows.join('\n') + '\n');
  const { result } = await client.run('imports', '112000000001');
  const values = result?.details?.[0]?.values ?? [];
  const value = (name: string) => values[values.indexOf(name) + 1];
  expect(result?.details?.[0]?.type).toBe('hierarchyRowsProcessedWithFailures');
  expect(
    [
      'successRowCount',
      'successCreateCount',
      'warningsRowCount',
      'failedCount',
      'ignoredCount',
      'totalRowCount',
    ].map(value),
  ).toEqual(['2', '1', '1', '2', '1', '6']);
  expect(result?.details?.map((entry) => entry.type)).toContain('hierarchyImportDuplicateKeyInSource');
  expect(sandbox.rows().products.find((product) => product.code === 'P0001')?.name).toBe('Renamed');
});

test('encoding and separator follow the file; without a private file the default file is read', async () => {
  const { sandbox, client } = await tenant();
  await client.run('imports', '112000000004');
  expect(sandbox.rows().regions.find((region) => region.code === 'LATAM')?.name).toBe('Latinoamérica');
  await client.upload('113000000004', Buffer.from('Code\tName\nNORD\tÅland\n', 'latin1'));
  await client.run('imports', '112000000004');
  expect(sandbox.rows().regions.find((region) => region.code === 'NORD')?.name).toBe('Åland');
});

test('an import fails without its file, with an incomplete one, or without a column', async () => {
  const { sandbox, client } = await tenant();
  const code = async () => (await client.run('imports', '112000000002')).result?.details?.[0]?.type;
  expect(await code()).toBe('uploadedFileNoLongerAvailable');
  await client.model('POST', `/files/${SALES}`, { chunkCount: 2 });
  await client.put(SALES, 0, HEADER);
  expect(await code()).toBe('uploadedFileNoLongerAvailable');
  expect(sandbox.misuse[0]).toMatch(/^import-of-incomplete-upload: /);
  await client.upload(SALES, 'Product,Region\nP0001,EMEA\n');
  expect(await code()).toBe('missingFields');
});

test('the example file loads with one row in a hundred rejected', async () => {
  const { sandbox, client } = await tenant();
  await client.upload(SALES, readFileSync(join(__dirname, '../../examples/sales.csv')));
  const taskId = await client.start('imports', '112000000002');
  await client.task('imports', '112000000002', taskId);
  const dump = (await client.text(`/imports/112000000002/tasks/${taskId}/dump`)).text;
  expect(dump.split('\n').filter((row) => row.startsWith('"E"'))).toHaveLength(80);
  expect(sandbox.rows().sales.length).toBeGreaterThan(7_900);
});
