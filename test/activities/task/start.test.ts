import { ActivityNotFoundError, ActivityPausedError } from '@temporalio/client';

import type { StartResult } from '../../../src/activities/task/contract';
import { until } from '../../support/processes';
import { attempt, Bench, type AttemptOptions } from '../support';

const ACTION = { kind: 'actions', id: '117000000002', name: 'Order Products' } as const;
const TASKS = `/models/*/actions/${ACTION.id}/tasks`;

describe('the start of a task: it must not arrive after somebody else has started it anew', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start();
  });
  beforeEach(async () => {
    bench.sandbox.reset();
    // Its tokens are gone, too: the log-in is not what these tests are about.
    await bench.client.models.list();
  });
  afterAll(() => bench.close());

  const start = (o: AttemptOptions) =>
    attempt<StartResult>(
      () => bench.activities['anaplan.startTask']({ ...bench.call, action: ACTION, localeName: 'en_US' }),
      { type: 'anaplan.startTask', ...o },
    );
  /** The request is held, and the server answers so once it is. */
  const whileHeld = (answer: () => Promise<void>) => {
    const fault = bench.sandbox.faults.add({
      method: 'POST',
      path: TASKS,
      action: { kind: 'stall', when: 'before' },
    });
    const server = () => (bench.sandbox.faults.hits(fault) === 0 ? Promise.resolve() : answer());
    return { fault, server };
  };

  it.each([
    ['is silent', () => Promise.reject(new Error('UNAVAILABLE'))],
    ['has given it up', () => Promise.reject(new ActivityNotFoundError('gone'))],
  ])(
    'takes its request back once the server %s: a machine without network would send it later',
    async (_, says) => {
      const { server } = whileHeld(says);
      const { result } = await start({ heartbeatTimeoutMs: 2_000, server });
      expect(result).toMatchObject({
        outcome: 'unknown',
        message: expect.stringContaining('was aborted') as string,
      });
      expect(bench.sandbox.tasks()).toEqual([]);
    },
  );

  it('waits for the answer where the activity is paused: nobody else starts it meanwhile', async () => {
    let told = false;
    const { fault, server } = whileHeld(() => {
      told = true;
      return Promise.reject(new ActivityPausedError('paused'));
    });
    const ending = start({ heartbeatTimeoutMs: 2_000, server });
    await until('the pause', () => told);
    await new Promise((resolve) => setTimeout(resolve, 500));
    bench.sandbox.faults.release(fault);
    const { result } = await ending;
    expect(result).toEqual({ outcome: 'started', taskId: bench.sandbox.tasks()[0]?.taskId });
  });
});
