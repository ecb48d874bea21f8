import type { Rig } from '../support/rig';
import { ownRig, until } from './support';

describe('a worker with a run that was reset and waits until the attempts of the run before are over', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ rig, close } = await ownRig());
  });
  afterAll(() => close());

  it('stops without a failure, and another one finishes the run', async () => {
    const handle = await rig.begin('largeListRead', { list: 'Products', target: 'out.csv' });
    await handle.result();
    const { events } = await handle.fetchHistory();
    const first = events?.find((event) => event.workflowTaskCompletedEventAttributes);
    await rig.client.workflowService.resetWorkflowExecution({
      namespace: rig.namespace,
      workflowExecution: { workflowId: handle.workflowId, runId: handle.firstExecutionRunId },
      workflowTaskFinishEventId: first?.eventId ?? null,
      requestId: 'again',
      reason: 'test',
    });
    const latest = rig.client.workflow.getHandle(handle.workflowId);
    await until(async () => {
      const { pendingActivities } = (await latest.describe()).raw;
      return (pendingActivities ?? []).some(
        ({ activityType, lastStartedTime }) => activityType?.name === 'anaplan.tryTargets' && lastStartedTime,
      );
    });
    await rig.stopWorkers();
    expect((await latest.describe()).status.name).toBe('RUNNING');
    await rig.startWorker();
    expect((await rig.ending(handle.workflowId)).result.outcome).toBe('succeeded');
  });
});
