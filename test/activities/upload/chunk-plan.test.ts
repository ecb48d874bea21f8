import { planChunks } from '../../../src/activities/upload/chunk-plan';
import { LIMITS } from '../../../src/contracts';

const MB = 1_000_000;

describe('the chunk plan: a wrong one is refused by Anaplan, or mixes bytes after a resume', () => {
  it.each([
    [0, 1, 10_000_000],
    [1, 1, 10_000_000],
    [10 * MB, 1, 10_000_000],
    [10 * MB + 1, 2, 10_000_000],
    [4_000 * MB, 400, 10_000_000],
    [4_000 * MB + 1, 400, 10_000_001],
    [20_000 * MB, 400, 50_000_000],
    [50_000 * MB, 1_000, 50_000_000],
  ])('%i bytes are %i chunks of %i', (size, count, bytes) => {
    const plan = planChunks(size);
    expect([plan.count, plan.bytesOf(0)]).toEqual([count, bytes]);
  });

  it('covers every size by at most 1,000 chunks of at most 50 MB', () => {
    let size = 1;
    for (let i = 0; i < 2_000; i++) {
      size = Math.min(50_000 * MB, Math.floor(size * 1.013) + (i % 97));
      const { count, bytesOf } = planChunks(size);
      const bytes = bytesOf(0);
      expect(count).toBeLessThanOrEqual(LIMITS.maxChunks);
      expect(bytes).toBeLessThanOrEqual(LIMITS.maxChunkBytes);
      expect(bytes * count).toBeGreaterThanOrEqual(size);
      expect(bytes * (count - 1)).toBeLessThan(size);
    }
  });

  it('refuses what does not fit, by name of the limits', () => {
    expect(() => planChunks(50_000 * MB + 1)).toThrow(RangeError);
    expect(() => planChunks(50_000 * MB + 1)).toThrow(/1000 chunks of 50000000 bytes/);
  });

  it('begins small and grows where the size is unknown, so that 41 GB fit', () => {
    const plan = planChunks(undefined);
    expect(plan.count).toBe(-1);
    let total = 0;
    for (let i = 0; i < LIMITS.maxChunks; i++) {
      total += plan.bytesOf(i);
    }
    expect(total).toBe(100 * 10 * MB + 900 * 50 * MB);
  });
});
