import { Window } from '../../../src/activities/upload/window';

const settled = async <T>(promise: Promise<T>): Promise<boolean> => {
  let done = false;
  void promise.then(() => (done = true));
  for (let i = 0; i < 10; i++) await Promise.resolve();
  return done;
};

describe('the memory of an upload', () => {
  it('is never more than its bound, however many chunks would like to be packed', async () => {
    const window = new Window(3, 1000);
    const first = await window.chunk();
    const second = await window.chunk();
    await first.take(700);
    await second.take(300);
    const more = second.take(1);
    expect(await settled(more)).toBe(false);
    first.shrink(400);
    expect(await settled(more)).toBe(true);
    expect(window.inUse).toBe(601);
    first.release();
    first.release();
    expect(window.inUse).toBe(301);
  });

  it('is what the only chunk needs: nothing else could be released', async () => {
    const window = new Window(1, 1000);
    const only = await window.chunk();
    await only.take(900);
    expect(await settled(only.take(900))).toBe(true);
    const next = await window.chunk();
    const taking = next.take(100);
    expect(await settled(taking)).toBe(false);
    only.release();
    expect(await settled(taking)).toBe(true);
    expect(window.inUse).toBe(100);
  });

  it('has two chunks ahead of those on the wire', async () => {
    const window = new Window(2);
    const chunks = [await window.chunk(), await window.chunk(), await window.chunk(), await window.chunk()];
    const fifth = window.chunk();
    expect(await settled(fifth)).toBe(false);
    chunks[2]?.release();
    expect(await settled(fifth)).toBe(true);
  });

  it('lets all pass when nothing will be released any more', async () => {
    const window = new Window(1, 10);
    const first = await window.chunk();
    await first.take(10);
    const second = (await window.chunk()).take(10);
    expect(await settled(second)).toBe(false);
    window.close();
    expect(await settled(second)).toBe(true);
  });
});
