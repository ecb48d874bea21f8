import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { join } from 'node:path';

import { Rig } from '../support/rig';

const SALES = readFileSync(join(__dirname, '../../examples/sales.csv'));
const sha = (b: Buffer) => createHash('sha256').update(b).digest('hex');

describe('uploadImport', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await Rig.start({ chunkBytes: 64 * 1024 });
  });
  afterAll(() => rig.close());

  it('loads a CSV, reports rejected rows and keeps their dump', async () => {
    rig.write('sales.csv', SALES);
    const end = await rig.run('uploadImport', {
      import: 'Load Sales',
      source: 'sales.csv',
      acceptRejections: true,
    });
    console.log(JSON.stringify(end, null, 1));
    expect(end.result.outcome).toBe('succeededWithRejections');
    expect(end.result.transfers[0]).toMatchObject({ bytes: SALES.length, sha256: sha(SALES) });
    expect(rig.sandbox.files('113000000002')).toMatchObject({ sha256: sha(SALES), bytes: SALES.length });
  });

  it('fails as RowsRejected by default, after the dump is stored', async () => {
    rig.write('sales.csv', SALES);
    const end = await rig.run('uploadImport', { import: 'Load Sales', source: 'sales.csv' });
    expect(end.type).toBe('RowsRejected');
    const history = await rig.client.workflow.getHandle(end.workflowId).fetchHistory();
    console.log(end.message, history.events?.length, history.events?.map((e) => e.eventType).join(','));
  });

  it('decompresses a .gz on the way', async () => {
    rig.write('sales.csv.gz', gzipSync(SALES));
    const end = await rig.run('uploadImport', {
      import: '112000000002',
      source: 'sales.csv.gz',
      acceptRejections: { '*': 1000 },
    });
    expect(end.message).toBeUndefined();
    expect(rig.sandbox.files('113000000002')).toMatchObject({ sha256: sha(SALES), bytes: SALES.length });
  });
});
