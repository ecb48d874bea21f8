import { UsualDurations } from '../../../src/activities/task/usual';

test('a task is looked at when tasks of its action usually end, and at least every minute', () => {
  const usual = new UsualDurations();
  expect(usual.nextLookMs('a', 0)).toBeUndefined();
  usual.learn('a', 30_000, 25_000);
  expect(usual.nextLookMs('a', 0)).toBe(30_000);
  expect(usual.nextLookMs('a', 12_000)).toBe(18_000);
  expect(usual.nextLookMs('a', 30_000)).toBeUndefined();
  usual.learn('b', 600_000, 590_000);
  expect(usual.nextLookMs('b', 0)).toBe(60_000);
});

test('what had ended by the first look is looked at earlier the next time, until it is met running', () => {
  const usual = new UsualDurations();
  usual.learn('a', 10_000, undefined);
  const first = usual.nextLookMs('a', 0) ?? 0;
  expect(first).toBeLessThan(10_000);
  usual.learn('a', first, undefined);
  expect(usual.nextLookMs('a', 0)).toBeLessThan(first);
  usual.learn('a', 7_000, 5_000);
  expect(usual.nextLookMs('a', 0)).toBe(7_000);
});
