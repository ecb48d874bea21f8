/** What a user may give to a worker. The doors of tests are no options: what stands in a type is relied upon. */
import * as activities from '../../src/activities';
import * as worker from '../../src/worker';

type Door = 'timing' | 'chunkBytes' | 'sweep' | 'searchAttributesEveryMs' | 'workflowsPath';

/** `true` where the options have none of the doors; otherwise the compiler refuses the test. */
type Closed<Options> = Extract<keyof Options, Door> extends never ? true : never;

test('no option of a worker or of its activities is there for tests only', () => {
  const closed: [
    Closed<worker.CreateWorkerOptions>,
    Closed<worker.RunWorkerOptions>,
    Closed<worker.ConfiguredActivitiesOptions>,
    Closed<activities.ActivityDeps>,
  ] = [true, true, true, true];
  expect(closed).toHaveLength(4);
});

test('what takes another pace is not exported', () => {
  for (const exported of [worker, activities]) {
    expect(Object.keys(exported).filter((name) => /^(paced|all[A-Z]|DEFAULT_TIMING)/.test(name))).toEqual([]);
  }
});
