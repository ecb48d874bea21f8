import { skewOf, watchSkew, type SkewConnection } from '../../src/worker/skew';

const poller = { namespace: 'default', taskQueue: 'anaplan', identity: 'me' };

/** A server whose clock differs from ours, and which lists our poll from the `nth` look on. */
function server(skewMs: number, nth = 1): { connection: SkewConnection; looks: () => number } {
  let looks = 0;
  const at = (ms: number) => ({ seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1e6 });
  const workflowService = {
    describeTaskQueue: () => {
      looks += 1;
      const other = { identity: 'other', lastAccessTime: at(Date.now() + 3_600_000) };
      const ours = { identity: 'me', lastAccessTime: at(Date.now() + skewMs) };
      return Promise.resolve({ pollers: looks >= nth ? [other, ours] : [other] });
    },
  };
  return { connection: { workflowService } as unknown as SkewConnection, looks: () => looks };
}

async function said(skewMs: number, nth?: number): Promise<{ lines: string[]; looks: number }> {
  const { connection, looks } = server(skewMs, nth);
  const lines: string[] = [];
  const end = watchSkew(connection, poller, (level, message) => void lines.push(`${level} ${message}`), 20);
  for (let i = 0; i < 500 && looks() < (nth ?? 1); i++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  await new Promise((resolve) => setTimeout(resolve, 100));
  end();
  return { lines, looks: looks() };
}

describe('a clock that differs from the server is heard of, and refuses nothing', () => {
  it.each([
    [5_000, /^warn The clock of this host is (4\.9|5\.0) s behind the Temporal server's/],
    [-90_000, /^warn The clock of this host is 90\.\d s ahead of the Temporal server's/],
  ])('%i ms', async (skew, text) => {
    const { lines, looks } = await said(skew);
    expect(lines).toEqual([expect.stringMatching(text)]);
    expect(looks).toBe(1);
  });

  it('says nothing where they agree, whatever the clocks of other workers say', async () =>
    expect((await said(500)).lines).toEqual([]));

  it('looks until the server lists our poll', async () => {
    const { lines, looks } = await said(10_000, 4);
    expect([lines.length, looks]).toEqual([1, 4]);
  });

  it.each([
    [1_000, 0, 1_000, undefined],
    [3_400, 0, 1_000, 2_900],
    [2_900, 0, 1_000, undefined],
    [-3_400, 0, 0, -3_400],
  ])('server %i, seen between %i and %i: %p', (at, from, to, skew) =>
    expect(skewOf(at, from, to)).toBe(skew),
  );
});
