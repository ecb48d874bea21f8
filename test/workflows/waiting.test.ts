import { AnaplanTemporalClient } from '../../src/client';
import { lockId } from '../../src/contracts';
import { ownRig } from './support';

it('who looks at a waiting run sees place and holder as the lock has them, not as the run last heard', async () => {
  const { rig, close } = await ownRig({ sandbox: { taskDurationMs: 600_000 } });
  try {
    const client = new AnaplanTemporalClient(rig.client, { taskQueue: rig.taskQueue });
    const action = { action: 'Order Products' };
    const first = await rig.begin('runAction', action);
    const until = Date.now() + 60_000;
    const pause = () => new Promise((resolve) => setTimeout(resolve, 100));
    while (rig.sandbox.tasks('117000000002').length === 0 && Date.now() < until) await pause();
    const second = await rig.begin('runAction', action);
    const handle = client.handle(second.workflowId);
    let progress = await handle.progress();
    while (progress.waiting === undefined && Date.now() < until) {
      await pause();
      progress = await handle.progress();
    }
    expect(progress.waiting).toMatchObject({
      lockId: lockId(rig.modelId),
      for: 'model',
      place: 1,
      behind: [{ workflowId: first.workflowId, holds: true }],
    });
    await client.cancel(second.workflowId);
    await client.cancel(first.workflowId);
    expect(await Promise.all([rig.ending(first.workflowId), rig.ending(second.workflowId)])).toMatchObject([
      { cancelled: true },
      { cancelled: true },
    ]);
  } finally {
    await close();
  }
}, 120_000);
