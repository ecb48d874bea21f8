import { killedAtRandom, RUNS } from './kills/each';
import { frozenBeforeStart, frozenBeforeUpload, frozenDownload, frozenUpload } from './kills/frozen';
import { holderTerminated, holdersWorkerKilled, modelHolderTerminated, oneModel } from './kills/locks';
import { handedOver, killedTwice, killedWithTheStart } from './kills/upload';
import { sideBySide } from '../support/processes';

/** Kills at random moments, more of them than usual on demand. */
const rounds = Object.fromEntries(
  [...Array(RUNS).keys()].map((round) => [
    `every integration is whole, right and single after SIGKILL at random moments, round ${round + 1}`,
    () => killedAtRandom(round),
  ]),
);

/** Takes more than the minute in which a task is looked for, so only where thoroughness is asked for. */
const long: Record<string, () => Promise<void>> =
  process.env['KILL_RUNS'] === undefined
    ? {}
    : { 'a frozen worker that wakes up does not start a second task': frozenBeforeStart };

/** At most this many cases at once: more only wait for a core. */
const AT_ONCE = 12;

/** What a user would lose: bytes, or the certainty that an import ran once. */
describe('whatever happens to workers', () => {
  sideBySide(
    {
      'a second run on a model waits for the task of a first one that was terminated': modelHolderTerminated,
      'a second run on a file goes on when the first one is terminated': holderTerminated,
      'a second run on a file waits although the worker of the first one died': holdersWorkerKilled,
      ...long,
      ...rounds,
      'a frozen worker that wakes up does not begin what it was given meanwhile': frozenBeforeUpload,
      'a frozen worker that wakes up sends no more of its chunk': frozenUpload,
      'a frozen worker that wakes up writes no more to its target': frozenDownload,
      'an upload goes on after SIGKILL in its middle and again during the import': killedTwice,
      'a task is found when the worker died with the answer to its start': killedWithTheStart,
      'a worker that gets SIGTERM hands over within seconds': handedOver,
      'two runs on a model upload side by side and run one after the other': oneModel,
    },
    200_000 + Math.max(0, RUNS - 2) * 30_000,
    AT_ONCE,
  );
});
