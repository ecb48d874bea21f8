import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';

import { isOpen } from '../../../src/activities/shared/open-runs';
import { askLock } from '../../../src/activities/hold/activities';
import type { LockAsk } from '../../../src/activities/hold/contract';
/** temporal.api.enums.v1.WorkflowExecutionStatus */
const [RUNNING, COMPLETED, TERMINATED, PAUSED] = [1, 2, 5, 8];
const CLOSED = { seconds: 1_795_000_000, nanos: 0 };

/** A server that describes one run. */
function describing(info: object | Error): Client {
  const describe = (): Promise<unknown> =>
    info instanceof Error
      ? Promise.reject(info)
      : Promise.resolve({ raw: { workflowExecutionInfo: { firstRunId: 'first', ...info } } });
  return {
    withAbortSignal: <T>(_: AbortSignal, run: () => Promise<T>) => run(),
    workflow: { getHandle: () => ({ describe }) },
  } as unknown as Client;
}

describe('whether a holder of a lock is alive', () => {
  const look = (info: object | Error) =>
    new MockActivityEnvironment({}, { client: describing(info) }).run(() => isOpen('run', 'first'));

  it.each<[string, object | Error, boolean]>([
    ['one that runs is', { status: RUNNING, closeTime: null }, true],
    [
      'one that is paused is: its upload goes on when it is resumed',
      { status: PAUSED, closeTime: null },
      true,
    ],
    ['one of a status that is not known yet is', { status: 99 }, true],
    ['one that completed is not', { status: COMPLETED, closeTime: CLOSED }, false],
    ['one that was terminated is not', { status: TERMINATED, closeTime: CLOSED }, false],
    ['another run of the same workflow ID is not it', { status: RUNNING, firstRunId: 'another' }, false],
    [
      'one that the server does not keep any more is not',
      new WorkflowNotFoundError('gone', 'run', undefined),
      false,
    ],
  ])('%s', async (_, info, alive) => {
    expect(await look(info)).toBe(alive);
  });

  it('is not decided where the server does not answer', async () => {
    await expect(look(new Error('unavailable'))).rejects.toThrow('unavailable');
  });
});

describe('a lock that does not answer', () => {
  it('does not hold up a worker that stops, which may be the one that has the lock: the ask is tried again', async () => {
    const client = {
      withAbortSignal: <T>(_: AbortSignal, run: () => Promise<T>) => run(),
      withDeadline: <T>(_: number, run: () => Promise<T>) => run(),
      workflow: { executeUpdateWithStart: () => new Promise(() => undefined) },
    } as unknown as Client;
    const environment = new MockActivityEnvironment({}, { client });
    const ask = { id: 'ask', model: { model: { name: 'Sales' } } } as LockAsk;
    const asked = environment.run(() => askLock('lock', ask, 'queue'));
    environment.cancel('WORKER_SHUTDOWN');
    await expect(asked).rejects.toMatchObject({ type: 'ServiceUnavailable', nonRetryable: false });
  });
});
