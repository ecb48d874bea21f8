/** The words of a failure: what happened, then what to do, each once, wherever they are made and whoever shows them. */
import { fail, castError } from '../../src/activities/attempt/failures';
import { AnaplanTemporalError, documentOf } from '../../src/client/errors';
import { renderResult } from '../../src/cli/render';
import { failureText, inFlags } from '../../src/cli/words';
import { FAILURE_TYPES, FAILURES, saidOf, shorterTold, tell, type ResultFailure } from '../../src/contracts';
import { StorageError } from '../../src/storage';
import { failed } from '../../src/workflows/run/facts';
import { readFailure, resultFailure, stepFailure } from '../../src/workflows/run/failures';

const SAID = 'Import "Load" (112000000001) met something';
const OWN = 'Do this instead.';

const times = (text: string, of: string): number => text.split(of).length - 1;

/** What each maker of failures makes of the same: without and with a remedy of its own. */
const MAKERS: [string, (type: (typeof FAILURE_TYPES)[number], remedy?: string) => ResultFailure][] = [
  ['an activity', (type, remedy) => resultFailure(fail(type, SAID, remedy ? { remedy } : {}), 'none')],
  ['a step', (type, remedy) => resultFailure(stepFailure(type, SAID, remedy ? { remedy } : {}), 'none')],
  [
    'an ending',
    (type, remedy) => {
      const ending = failed(type, SAID, { effects: 'none', ...(remedy ? { remedy } : {}) });
      return (ending as { failure: ResultFailure }).failure;
    },
  ],
  [
    'the client',
    (type, remedy) => {
      const error = new AnaplanTemporalError(type, SAID, remedy ? { remedy } : {});
      return { type, message: error.message, remedy: error.remedy, effects: 'none' };
    },
  ],
  ['a document', (type, remedy) => documentOf({ ...tell(type, SAID, remedy), effects: 'none' }).failure],
];

describe.each(MAKERS)('a failure of %s', (_, make) => {
  it.each(FAILURE_TYPES.map((type) => [type]))(
    '%s says what happened, then what to do, each once',
    (type) => {
      for (const own of [undefined, OWN]) {
        const failure = make(type, own);
        const remedy = own ?? FAILURES[type].remedy;
        expect(failure.remedy).toBe(remedy);
        expect(failure.message).toBe(`${SAID}. ${remedy}`);
        expect(saidOf(failure)).toBe(`${SAID}.`);

        const lines = failureText(failure);
        expect(lines).toBe(`${SAID}.\n${inFlags(remedy)}`);
        const shown = renderResult('uploadImport', documentOf(failure));
        expect([times(shown, SAID), times(shown, inFlags(remedy))]).toEqual([1, 1]);
      }
    },
  );
});

describe('the words of a failure', () => {
  it('of storage go on with what storage knows to do, else with what the type says', () => {
    const known = castError('x', new StorageError('TargetFailed', 'The disk is full.', { remedy: OWN }));
    expect(known).toMatchObject({ message: `The disk is full. ${OWN}`, details: [{ remedy: OWN }] });
    expect(castError('x', new StorageError('TargetFailed', 'It is away.')).message).toBe(
      `It is away. ${FAILURES.TargetFailed.remedy}`,
    );
  });

  it('of others get a remedy, and have one where they speak of another failure', () => {
    const other = readFailure(new Error('cannot read x of undefined'));
    expect(other.message).toBe(`cannot read x of undefined. ${FAILURES.InternalError.remedy}`);
    const inner = readFailure(fail('NotFound', 'There is no file'));
    const outer = stepFailure('ModelLocked', `Not held. ${inner.said}`);
    expect(outer.message).toBe(`Not held. There is no file. ${FAILURES.ModelLocked.remedy}`);
  });

  it('keep what to do when they are cut', () => {
    const long = tell('NotFound', 'x'.repeat(5_000));
    const cut = shorterTold(long, 1_024);
    expect(cut.message).toHaveLength(1_024);
    expect(cut.message.endsWith(`x… ${FAILURES.NotFound.remedy}`)).toBe(true);
    expect(shorterTold(cut, 1_024)).toBe(cut);
    const both = shorterTold(tell('NotFound', 'x'.repeat(5_000), 'y'.repeat(5_000)), 1_024);
    expect(both.message.length).toBeLessThanOrEqual(1_024);
    expect(both.message.endsWith(both.remedy)).toBe(true);
  });
});
