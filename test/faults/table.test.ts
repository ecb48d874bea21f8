import { INTEGRATIONS } from '../../src/contracts';
import { CALLS } from './calls';
import { FAULTS } from './faults';
import { scenarioOf } from './scenarios';
import { TABLE } from './table';

const ROWS = [...TABLE.uploads, ...TABLE.tasks, ...TABLE.downloads];

// A row that is missing is a promise that nobody checks.
describe('the table', () => {
  it('is larger than the public storage conformance suite, and has no row twice', () => {
    expect(ROWS.length).toBeGreaterThan(315);
    expect(new Set(ROWS.map((row) => row.id)).size).toBe(ROWS.length);
  });

  it('has every fault, every call and every integration', () => {
    const unused = (names: string[], used: string[]) => names.filter((name) => !used.includes(name));
    expect(
      unused(
        Object.keys(FAULTS),
        ROWS.map((row) => row.fault),
      ),
    ).toEqual([]);
    expect(
      unused(
        Object.keys(CALLS),
        ROWS.map((row) => row.call),
      ),
    ).toEqual([]);
    expect(
      unused(
        [...INTEGRATIONS],
        ROWS.map((row) => scenarioOf(row.scenario).integration),
      ),
    ).toEqual([]);
  });
});
