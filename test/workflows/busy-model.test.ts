import type { Rig } from '../support/rig';
import { asked, expectClean, GOOD, ownRig, until } from './support';

/** One of the sample tenant's models called "Forecast". */
const BUSY = '8BA821045BB34083B467C0082781DA69';
const HELD = 120;

describe('a model that holds its requests', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ rig, close } = await ownRig());
    rig.write('sales.csv', GOOD);
  });
  afterAll(() => close());

  it('takes neither slots nor connections from another: its run ends while more than a hundred are held', async () => {
    const { faults } = rig.sandbox;
    const id = faults.add({
      method: 'GET',
      path: `/models/${BUSY}/files`,
      occurrence: 'every',
      action: { kind: 'stall', when: 'before' },
    });
    const held = await Promise.all(
      Array.from({ length: HELD }, () =>
        rig.begin('uploadFile', { model: BUSY, file: 'No Such File', source: 'sales.csv', exclusive: false }),
      ),
    );
    await until(() => faults.hits(id) === HELD);
    const free = await rig.run('runAction', { action: '117000000002' });
    expect(free.result.outcome).toBe('succeeded');
    // All of them were still held.
    expect([faults.hits(id), asked(rig, 'GET', /\/users\/me$/)]).toEqual([HELD, 1]);
    await Promise.all(held.map((handle) => handle.terminate()));
    faults.release(id);
    faults.remove(id);
    expectClean(rig);
  }, 240_000);
});
