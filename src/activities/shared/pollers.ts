/** Who serves a task queue, as the Temporal server lists it: good enough for messages and warnings, but no proof. */
import type { WorkflowService } from '@temporalio/client';

import { compact, rootTagOf } from '../../contracts';

/** temporal.api.enums.v1: TaskQueueType.ACTIVITY, DescribeTaskQueueMode.ENHANCED */
const ACTIVITY = 2;
const ENHANCED = 1;

/** A worker that polls a queue, or has done so in the last minutes: the server keeps the dead for a while. */
export interface Poller {
  identity: string;
  /** When it asked for work last, epoch ms by the server's clock. One that is idle asks about once a minute. */
  at: number;
  /** Which file system it has, see {@link rootTagOf}. */
  tag?: string;
}

/** Those who take activities from a queue. */
export async function pollersOf(
  service: Pick<WorkflowService, 'describeTaskQueue'>,
  namespace: string,
  taskQueue: string,
): Promise<Poller[]> {
  const queue = { namespace, taskQueue: { name: taskQueue } };
  // A queue has partitions, and the plain answer is that of one of them only.
  const { versionsInfo } = await service.describeTaskQueue({
    ...queue,
    apiMode: ENHANCED,
    taskQueueTypes: [ACTIVITY],
    reportPollers: true,
  });
  const types = Object.values(versionsInfo ?? {}).flatMap((version) =>
    Object.values(version.typesInfo ?? {}),
  );
  const all = types.flatMap((type) => type.pollers ?? []);
  // Servers that do not know the question answer nothing.
  const found =
    types.length > 0
      ? all
      : ((await service.describeTaskQueue({ ...queue, taskQueueType: ACTIVITY })).pollers ?? []);
  return found.map(({ identity, lastAccessTime }) => {
    const tag = rootTagOf(identity ?? '');
    return {
      identity: identity ?? '',
      at: Number(lastAccessTime?.seconds ?? 0) * 1000 + Number(lastAccessTime?.nanos ?? 0) / 1e6,
      ...compact({ tag }),
    };
  });
}
