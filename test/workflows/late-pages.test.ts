import { activitiesOf, expectClean, ownRig } from './support';

describe('a large read whose pages come late', () => {
  it('waits for them by an activity that hardly heartbeats, and has every page in the end', async () => {
    const { rig, close } = await ownRig({
      sandbox: { readStartDelayMs: 2_500, readDurationMs: 200 },
      timing: { pagesSoonMs: 300 },
    });
    try {
      const end = await rig.run('largeViewRead', { view: 'Bulk.All', target: 'late.csv' });
      expect(end.result).toMatchObject({ outcome: 'succeeded' });
      const handle = rig.client.workflow.getHandle(end.workflowId);
      const names = (await activitiesOf(handle)).filter((name) => /Pages$/.test(name));
      expect(names).toEqual(['anaplan.readPages', 'anaplan.awaitPages', 'anaplan.readPages']);
      expect(rig.read('late.csv').length).toBe(end.result.transfers[0]?.bytes);
      expectClean(rig);
    } finally {
      await close();
    }
  });

  it('is begun again where Anaplan gives it up before the first page', async () => {
    const { rig, close } = await ownRig({
      sandbox: { readStartDelayMs: 1_500, readDurationMs: 200 },
      timing: { pagesSoonMs: 300 },
    });
    try {
      rig.sandbox.faults.add({
        method: 'GET',
        path: /readRequests\/[^/]+$/,
        occurrence: 8,
        action: { kind: 'status', status: 404 },
      });
      const end = await rig.run('largeViewRead', { view: 'Bulk.All', target: 'late.csv' });
      expect(end.result).toMatchObject({ outcome: 'succeeded' });
      expect(end.result.warnings).toEqual([expect.stringContaining('the read was begun again')]);
      expectClean(rig);
    } finally {
      await close();
    }
  });
});
