import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expectClean, GOOD, ownRig, sha } from './support';
import type { Rig } from '../support/rig';

const INPUT = {
  workspace: 'Demo Workspace',
  model: 'Sales Planning',
  import: 'Load Sales',
  source: 'sales.csv',
} as const;

describe('the second and later runs of an action in a worker', () => {
  let rig: Rig;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ rig, close } = await ownRig({ timing: { rememberMs: 60_000, firstPollMs: 1_000 } }));
    writeFileSync(join(rig.root, 'sales.csv'), GOOD);
  });
  afterAll(() => close());

  /** Runs the import, and answers the requests of it. */
  async function requests(): Promise<string[]> {
    const from = rig.sandbox.record.length;
    const { result } = await rig.run('uploadImport', INPUT);
    expect(result.outcome).toBe('succeeded');
    return rig.sandbox.record.slice(from).map(({ method, pattern }) => `${method} ${pattern}`);
  }

  test('take at most six requests: the file, the task, and no list that was read a moment ago', async () => {
    await requests();
    const second = await requests();
    expect(second.length).toBeLessThanOrEqual(6);
    expect(second.filter((request) => /(?:imports|files|models|workspaces|me)$/.test(request))).toEqual([]);
    expect(rig.sandbox.files('113000000002')?.sha256).toBe(sha(GOOD));
    expectClean(rig);
  });

  test('read everything anew after Anaplan has refused something', async () => {
    await requests();
    rig.sandbox.faults.add({
      method: 'PUT',
      path: '/models/*/files/*/chunks/*',
      times: 1,
      action: { kind: 'status', status: 404 },
    });
    const { result } = await rig.run('uploadImport', INPUT);
    expect(result.failure?.type).toBe('NotFound');
    const next = await requests();
    expect(next.some((request) => request.endsWith('/imports'))).toBe(true);
  });
});
