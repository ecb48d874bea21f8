import { inWords, nextTry, RETRY_TABLE, type NextTry, type Refusals } from '../../src/anaplan';

type Row = keyof typeof RETRY_TABLE;
const [S, MIN, HOUR] = [1_000, 60_000, 3_600_000];
/** The defaults of a run's time-outs. */
const BOUNDS = { modelUnavailable: 6 * HOUR, unavailable: HOUR };
const full = () => 1;

/** So many refusals of a class, the last of them so long ago. */
const past = (kind: string, count: number, ms: number, agoMs = 0): Refusals => ({
  since: -ms - agoMs,
  count,
  last: { at: -agoMs, class: kind },
  classes: { [kind]: { count, ms } },
});

/** All tries of an answer that never changes: the delays, and the end. */
function tries(row: Row, o: Partial<Parameters<typeof nextTry>[3]> = {}) {
  const delays: number[] = [];
  let refusals: Refusals | undefined;
  let now = 1_000_000;
  for (;;) {
    const next = nextTry(RETRY_TABLE[row], refusals, now, { bounds: BOUNDS, random: full, ...o });
    if (!next.again || delays.length > 10_000) return { delays, end: next as NextTry & { words: string } };
    delays.push(next.delayMs);
    refusals = next.refusals;
    now += next.delayMs;
  }
}
const sum = (all: readonly number[]) => all.reduce((a, b) => a + b, 0);

describe('one clock of refusals: a wrong bound gives up a night run after a minute, or waits for ever', () => {
  it.each<[Row, number[], number, string]>([
    [
      'modelUnavailable',
      [30 * S, MIN, 2 * MIN, 4 * MIN, 5 * MIN, 5 * MIN],
      6 * HOUR,
      'timeouts.modelUnavailable (6 h)',
    ],
    [
      'conflict',
      [30 * S, MIN, 2 * MIN, 4 * MIN, 5 * MIN],
      15 * MIN,
      'the longest wait for such an answer (15 min)',
    ],
    ['unavailable', [S, 2 * S, 4 * S, 8 * S, 16 * S, 32 * S, MIN, MIN], HOUR, 'timeouts.unavailable (1 h)'],
    ['gone', [S, 2 * S], HOUR, 'timeouts.unavailable (1 h)'],
    ['network', [S, 2 * S], HOUR, 'timeouts.unavailable (1 h)'],
    ['credentialsLater', [5 * S, 10 * S], HOUR, 'timeouts.unavailable (1 h)'],
    ['silence', [S, 2 * S], 6 * HOUR, 'timeouts.modelUnavailable (6 h)'],
    ['rateLimited', [10 * S, 10 * S], 6 * HOUR, 'timeouts.modelUnavailable (6 h)'],
    ['oddWhileTask', [5 * S, 10 * S], 15 * MIN, 'the longest wait for such an answer (15 min)'],
  ])(
    '%s is tried again after %j ms ..., for %d ms in all, and says which bound is over',
    (row, first, bound, name) => {
      const { delays, end } = tries(row);
      expect(delays.slice(0, first.length)).toEqual(first);
      // The last try comes when the bound is reached, not before it.
      expect(sum(delays)).toBe(bound);
      expect(end).toMatchObject({ again: false, reached: 'bound' });
      expect(end.words).toBe(
        `It has been so for ${inWords(bound)}, in ${delays.length + 1} tries: ${name} is over.`,
      );
    },
  );

  it.each<Row>(['brokenBody', 'notAnaplans'])('%s is asked for again 8 times: more is no chance', (row) => {
    const { delays, end } = tries(row);
    expect(delays).toHaveLength(8);
    expect(end.words).toBe('It has been so for 3 min, in 9 tries: another one would not help.');
  });

  it.each<[Row, number, number | undefined, number]>([
    ['rateLimited', 9, 3 * S, 3 * S],
    ['rateLimited', 1, 0, S],
    ['unavailable', 1, 90 * S, 90 * S],
    ['unavailable', 50, undefined, MIN],
    ['modelUnavailable', 1, 90 * S, 90 * S],
  ])('%s, refused %d times, with Retry-After %s: waits %d ms', (row, count, after, expected) => {
    const { class: kind } = RETRY_TABLE[row];
    const earlier = count === 1 ? undefined : past(kind, count - 1, 0);
    expect(nextTry(RETRY_TABLE[row], earlier, 0, { bounds: BOUNDS, random: full }, after)).toMatchObject({
      again: true,
      delayMs: expected,
    });
  });

  it('spreads the delays by at most a fifth, never below Retry-After, and a 429 not at all', () => {
    const after = (row: Row, ms?: number) =>
      nextTry(RETRY_TABLE[row], undefined, 0, { bounds: BOUNDS, random: () => 0 }, ms);
    expect(after('unavailable')).toMatchObject({ delayMs: 800 });
    expect(after('unavailable', 950)).toMatchObject({ delayMs: 950 });
    expect(after('rateLimited')).toMatchObject({ delayMs: 10_000 });
  });

  it('says that a bound is too short for a second try', () =>
    expect(
      nextTry(RETRY_TABLE.gone, undefined, 0, { bounds: { modelUnavailable: 0, unavailable: 500 } }),
    ).toMatchObject({
      again: false,
      words: 'Another try does not fit into timeouts.unavailable (less than a second).',
    }));

  it('obeys no Retry-After beyond the bound, and says so', () => {
    const limits = { bounds: BOUNDS };
    expect(nextTry(RETRY_TABLE.unavailable, undefined, 0, limits, 2 * HOUR)).toMatchObject({
      words: 'A wait of 2 h is asked for, and timeouts.unavailable (1 h) leaves 1 h.',
    });
    expect(
      nextTry(RETRY_TABLE.unavailable, past('unavailable', 3, 20 * MIN), 0, limits, 2 * HOUR),
    ).toMatchObject({
      words:
        'It has been so for 20 min, in 4 tries: a wait of 2 h is asked for, and timeouts.unavailable (1 h) leaves 40 min.',
    });
  });

  describe('refusals of several classes', () => {
    const alternating = (rows: readonly Row[], unlimited = 5_000) => {
      let refusals: Refusals | undefined;
      let now = 0;
      for (let n = 0; n < unlimited; n++) {
        const rule = RETRY_TABLE[rows[n % rows.length] as Row];
        const next = nextTry(rule, refusals, now, { bounds: BOUNDS, random: full });
        if (!next.again) return { rule, now, words: next.words };
        ({ refusals } = next);
        now += next.delayMs;
      }
      throw new Error('waits for ever');
    };

    it.each<[Row, Row]>([
      ['unavailable', 'modelUnavailable'],
      ['unavailable', 'conflict'],
      ['oddWhileTask', 'unavailable'],
      ['silence', 'network'],
      ['rateLimited', 'gone'],
    ])('%s and %s in turn do not begin each other anew', (a, b) => {
      const { now } = alternating([a, b]);
      expect(now).toBeLessThanOrEqual(7 * HOUR);
      expect(now).toBeGreaterThan(15 * MIN);
    });

    it('a 503 now and then in the hours of a locked model costs its own waits only', () => {
      const twelveLocked = Array.from({ length: 12 }, () => 'modelUnavailable' as const);
      const { rule, now } = alternating([...twelveLocked, 'unavailable']);
      expect(rule.row).toBe('modelUnavailable');
      expect(now).toBeGreaterThanOrEqual(6 * HOUR);
    });

    it('broken bodies count apart from an outage: one after it is asked for again', () =>
      expect(
        nextTry(RETRY_TABLE.brokenBody, past('unavailable', 40, 30 * MIN), 0, { bounds: BOUNDS }),
      ).toMatchObject({ again: true }));

    it('tells since when nothing has been well, and how often', () => {
      const next = nextTry(RETRY_TABLE.unavailable, past('modelUnavailable', 3, 2 * MIN), 30 * S, {
        bounds: BOUNDS,
      });
      expect(next).toMatchObject({
        refusals: {
          since: -2 * MIN,
          count: 4,
          classes: { modelUnavailable: { count: 3, ms: 2 * MIN + 30 * S }, unavailable: { count: 1, ms: 0 } },
        },
      });
    });
  });

  describe("a step's own time-out", () => {
    it('ends what would be waited for longer', () =>
      expect(tries('unavailable', { leftMs: 500 }).end).toEqual({
        again: false,
        reached: 'step',
        words: '',
      }));

    it('is the only bound of 429', () => {
      const limits = { bounds: BOUNDS, leftMs: 10 * HOUR };
      expect(nextTry(RETRY_TABLE.rateLimited, past('rateLimited', 900, 9 * HOUR), 0, limits).again).toBe(
        true,
      );
      expect(nextTry(RETRY_TABLE.rateLimited, undefined, 0, { bounds: BOUNDS, leftMs: 5 * S })).toMatchObject(
        {
          reached: 'step',
        },
      );
    });
  });

  it.each([
    [400, 'less than a second'],
    [40_000, '40 s'],
    [61_000, '1 min'],
    [3_570_000, '1 h'],
    [5_400_000, '1 h 30 min'],
  ])('says %d ms as %s', (ms, words) => expect(inWords(ms)).toBe(words));
});
