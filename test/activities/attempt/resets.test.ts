import { LEASE_AT_MOST_MS } from '../../../src/activities/attempt/lease';
import { waitAfterReset } from '../../../src/activities/attempt/resets';

type Context = Parameters<typeof waitAfterReset>[0];

/** A run as the server describes it. */
function contextOf(runId: string, firstRunId: string, asked: () => void = () => undefined): Context {
  const describe = () => {
    asked();
    return Promise.resolve({ raw: { workflowExecutionInfo: { firstRunId } } });
  };
  return {
    info: { workflowExecution: { workflowId: 'w', runId } },
    client: { workflow: { getHandle: () => ({ describe }) } },
  } as unknown as Context;
}

describe('a run that a reset made changes nothing while the run before it may still be at work', () => {
  it('waits as long as the longest right to change something lasts, from when its worker first saw it', async () => {
    const clock = jest.spyOn(performance, 'now').mockReturnValue(1_000_000);
    try {
      let asked = 0;
      const context = contextOf('second', 'first', () => (asked += 1));
      expect(await waitAfterReset(context)).toBe(LEASE_AT_MOST_MS);
      clock.mockReturnValue(1_000_000 + LEASE_AT_MOST_MS - 1);
      expect(await waitAfterReset(context)).toBe(1);
      clock.mockReturnValue(1_000_000 + LEASE_AT_MOST_MS);
      expect(await waitAfterReset(context)).toBe(0);
      expect(asked).toBe(1);
    } finally {
      clock.mockRestore();
    }
  });

  it('does not wait where nothing was reset', async () => {
    expect(await waitAfterReset(contextOf('only', 'only'))).toBe(0);
  });
});
