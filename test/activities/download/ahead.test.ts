import type { DownloadBody } from '../../../src/anaplan';
import { ChunksAhead } from '../../../src/activities/download/ahead';

const MB = 1_000_000;

describe('the next chunk of a download', () => {
  /** What was asked for and dropped, in that order. */
  const calls: string[] = [];
  const body = (i: number, contentLength?: number): DownloadBody => ({
    stream: (async function* () {
      yield await Promise.resolve(Buffer.from(String(i)));
    })(),
    ...(contentLength === undefined ? {} : { contentLength }),
    discard: () => {
      calls.push(`drop ${i}`);
      return Promise.resolve();
    },
  });
  const chunksOf = (count: number, length?: number) =>
    new ChunksAhead((i) => {
      calls.push(`ask ${i}`);
      return i === 2 ? Promise.reject(new Error('no chunk 2')) : Promise.resolve(body(i, length));
    }, count);
  beforeEach(() => calls.splice(0));

  it('is asked for while one is written, once each, and one at a time', async () => {
    const chunks = chunksOf(2);
    await chunks.take(0);
    expect(calls).toEqual(['ask 0', 'ask 1']);
    await chunks.take(1);
    expect(calls).toEqual(['ask 0', 'ask 1']);
    await chunks.close();
    expect(calls).toEqual(['ask 0', 'ask 1']);
  });

  it('fails where its turn comes, though it was asked for before', async () => {
    const chunks = chunksOf(4);
    await chunks.take(1);
    expect(calls).toEqual(['ask 1', 'ask 2']);
    await expect(chunks.take(2)).rejects.toThrow('no chunk 2');
    await chunks.close();
  });

  it('is dropped where it is not wanted any more', async () => {
    const chunks = chunksOf(2);
    await chunks.take(0);
    await chunks.close();
    expect(calls).toEqual(['ask 0', 'ask 1', 'drop 1']);
  });

  it('waits for its turn where chunks are large, so that memory does not grow with them', async () => {
    const chunks = chunksOf(2, 50 * MB);
    await chunks.take(0);
    expect(calls).toEqual(['ask 0']);
  });
});
