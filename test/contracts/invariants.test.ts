import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');
const sections = readFileSync(join(ROOT, 'INVARIANTS.md'), 'utf8').split(/^## /m).slice(1);

/** A section's test files, each with the beginnings of titles that are quoted behind it. */
function enforcers(section: string): { file: string; names: string[] }[] {
  const list = (section.split('Enforced by:')[1] ?? '').replace(/\n +/g, ' ');
  return list.split('\n').flatMap((line) => {
    const names = [...line.matchAll(/"([^"]+)"/g)].map((m) => m[1] ?? '');
    const files = [...line.matchAll(/`(test\/[^`]+)`/g)].map((m) => m[1] ?? '');
    return files.map((file) => ({ file, names }));
  });
}

describe('INVARIANTS.md: a promise without a test is a wish', () => {
  it('lists fifteen', () =>
    expect(sections.map((s) => Number.parseInt(s, 10))).toEqual(Array.from({ length: 15 }, (_, i) => i + 1)));

  it.each(sections.map((s) => [s.split('\n')[0] ?? '', s] as const))(
    '%s names tests that exist',
    (_, section) => {
      const all = enforcers(section);
      expect(all.length).toBeGreaterThan(0);
      for (const { file, names } of all) {
        expect([file, existsSync(join(ROOT, file))]).toEqual([file, true]);
        const text = readFileSync(join(ROOT, file), 'utf8').replace(/\\'/g, "'");
        const begins = (name: string): boolean =>
          ["'", '"', '`'].some((quote) => text.includes(quote + name));
        expect([file, names.filter((name) => !begins(name))]).toEqual([file, []]);
      }
    },
  );
});
