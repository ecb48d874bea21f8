import { UsualDurations } from '../../../src/activities/task/usual';

const SOON = 1_000;
const EVERY = 5_000;

/** Follows a task as an activity does, and answers how long after its end that was noticed. */
function follow(
  usual: UsualDurations,
  action: string,
  durationMs: number,
): { lateMs: number; looks: number } {
  let age = Math.max(SOON, usual.nextLookMs(action, 0) ?? 0);
  let ranAt: number | undefined;
  let looks = 1;
  while (age < durationMs) {
    ranAt = age;
    age += Math.max(EVERY, usual.nextLookMs(action, age) ?? 0);
    looks++;
  }
  usual.learn(action, age, ranAt);
  return { lateMs: age - durationMs, looks };
}

test('nothing is known of an action that was never seen', () => {
  expect(new UsualDurations().nextLookMs('a', 0)).toBeUndefined();
});

test.each([1_500, 2_000, 7_000, 33_000, 58_000])(
  'tasks of %d ms are soon met by one look, a little after their end, nearly always',
  (durationMs) => {
    const usual = new UsualDurations();
    for (let i = 0; i < 12; i++) follow(usual, 'a', durationMs);
    const seen = Array.from({ length: 40 }, () => follow(usual, 'a', durationMs));
    expect(seen.filter(({ looks }) => looks === 1).length).toBeGreaterThanOrEqual(34);
    const late = seen.map(({ lateMs }) => lateMs).sort((a, b) => a - b);
    expect(late[20]).toBeLessThanOrEqual(0.3 * durationMs);
  },
);

test('a task that takes longer is asked every few seconds, and what is usual follows it', () => {
  const usual = new UsualDurations();
  for (let i = 0; i < 12; i++) follow(usual, 'a', 2_000);
  expect(follow(usual, 'a', 20_000).lateMs).toBeLessThan(EVERY);
  for (let i = 0; i < 12; i++) follow(usual, 'a', 20_000);
  const seen = Array.from({ length: 20 }, () => follow(usual, 'a', 20_000).looks);
  expect(seen.filter((looks) => looks === 1).length).toBeGreaterThanOrEqual(16);
});

test('tasks that become quicker are noticed by and by, and no task is left alone for more than a minute', () => {
  const usual = new UsualDurations();
  for (let i = 0; i < 10; i++) follow(usual, 'a', 30_000);
  for (let i = 0; i < 100; i++) follow(usual, 'a', 3_000);
  expect(follow(usual, 'a', 3_000).lateMs).toBeLessThan(5_000);
  usual.learn('b', 600_000, 590_000);
  expect(usual.nextLookMs('b', 0)).toBe(60_000);
});
