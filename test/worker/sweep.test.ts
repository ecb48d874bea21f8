import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import type { StorageRoot } from '../../src/storage';
import { WALK_BOUNDS } from '../../src/worker/leftovers';
import type { DescribedRun, RunQuestions } from '../../src/worker/run-states';
import { sweep, type SweepTiming } from '../../src/worker/sweep';

const DAY_MS = 86_400_000;

/** A chain of runs of one workflow ID, the latest one last. */
interface Chain {
  runs: DescribedRun[];
  /** The server does not keep the first run any more. */
  forgotten?: boolean;
}

/** A Temporal server that knows these chains. `asked` comes before each answer. */
class Server implements RunQuestions {
  readonly chains = new Map<string, Chain>();
  asked: (question: string) => void = () => undefined;

  find(runId: string): Promise<string | undefined> {
    return this.answer('find', () => {
      for (const [workflowId, { runs, forgotten }] of this.chains) {
        if (runs.some((run, i) => run.runId === runId && !(forgotten && i === 0))) return workflowId;
      }
      return undefined;
    });
  }

  describe(workflowId: string, runId?: string): Promise<DescribedRun | undefined> {
    return this.answer('describe', () => {
      const runs = this.chains.get(workflowId)?.runs ?? [];
      return runId === undefined ? runs.at(-1) : runs.find((run) => run.runId === runId);
    });
  }

  open(): Promise<{ workflowId: string; runId: string }[] | undefined> {
    return this.answer('open', () =>
      [...this.chains].flatMap(([workflowId, { runs }]) =>
        runs.filter((run) => run.open).map(({ runId }) => ({ workflowId, runId })),
      ),
    );
  }

  private async answer<T>(question: string, value: () => T): Promise<T> {
    await Promise.resolve();
    this.asked(question);
    return value();
  }
}

describe('what closed runs have left behind', () => {
  let root: string;
  let server: Server;
  let lines: string[];
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'sweep-')));
    server = new Server();
    lines = [];
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const id = randomUUID();
  const part = (name = `out.csv.${id}.part`): string => {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, 'half', { mode: 0o600 });
    return path;
  };
  const swept = (
    timing: Partial<SweepTiming> = {},
    o: { roots?: StorageRoot[]; signal?: AbortSignal } = {},
  ): Promise<void> =>
    sweep(server, {
      roots: o.roots ?? [{ path: root }],
      signal: o.signal ?? new AbortController().signal,
      log: (level, message, fields) => void lines.push(`${level} ${message} ${JSON.stringify(fields)}`),
      timing: { closedForMs: 1, askAgainMs: [1, 1], ...timing },
    });
  const later = (days: number) => ({ now: () => Date.now() + days * DAY_MS });
  const run = (open: boolean, runId = id, firstRunId = id): DescribedRun => ({ runId, firstRunId, open });
  const other = randomUUID();

  it.each<[what: string, stays: boolean, chain: Chain | undefined, days: number]>([
    ['an open run', true, { runs: [run(true)] }, 400],
    ['a closed run', false, { runs: [run(false)] }, 0],
    ['a run that goes on after a reset', true, { runs: [run(false), run(true, other)] }, 400],
    ['a run that was closed after a reset', false, { runs: [run(false), run(false, other)] }, 0],
    [
      'a closed run whose ID an open one uses again',
      false,
      { runs: [run(false), run(true, other, other)] },
      0,
    ],
    [
      'a run that follows a reset and goes on after another one',
      true,
      { runs: [run(false, other, other), run(false, id, other), run(true, randomUUID(), other)] },
      400,
    ],
    [
      'a run that a server does not tell the first run of, as long as its ID is in use',
      true,
      {
        runs: [
          { runId: id, open: false },
          { runId: other, open: true },
        ],
      },
      400,
    ],
    ['a run that the server does not know', true, undefined, 6.9],
    ['a run that the server has not known for a week', false, undefined, 7.1],
    [
      'a run that the server does not keep, which goes on after a reset',
      true,
      { runs: [run(false), run(true, other)], forgotten: true },
      400,
    ],
  ])('of %s: stays %s', async (_, stays, chain, days) => {
    const path = part();
    if (chain) server.chains.set('w', chain);
    await swept(later(days));
    expect(existsSync(path)).toBe(stays);
    const removed = chain ? { file: path, runId: id, workflowId: 'w' } : { file: path, runId: id };
    expect(lines).toEqual(
      stays ? [] : [`info Removed a file that a closed run left behind ${JSON.stringify(removed)}`],
    );
  });

  it('stays where the server cannot be asked, which is said once', async () => {
    const paths = [part(), part(`b.${randomUUID()}.part`)];
    let asked = 0;
    server.asked = () => {
      asked += 1;
      throw new Error('14 UNAVAILABLE');
    };
    await swept(later(400));
    expect(paths.every((path) => existsSync(path))).toBe(true);
    expect(lines).toEqual([expect.stringMatching(/^warn .* stay, .*"reason":"14 UNAVAILABLE"/)]);
    expect(asked).toBe(3);
  });

  it('goes where the server answers after a while', async () => {
    const path = part();
    server.chains.set('w', { runs: [run(false)] });
    let asked = 0;
    server.asked = () => {
      asked += 1;
      if (asked <= 2) throw new Error('14 UNAVAILABLE');
    };
    await swept();
    expect(existsSync(path)).toBe(false);
  });

  it('stays where the run is reset while its lease is waited for', async () => {
    const path = part();
    const chain: Chain = { runs: [run(false)] };
    server.chains.set('w', chain);
    let asked = 0;
    server.asked = () => {
      asked += 1;
      // The first look takes three questions.
      if (asked === 4) chain.runs.push(run(true, other));
    };
    await swept();
    expect(existsSync(path)).toBe(true);
    expect(asked).toBe(6);
  });

  it('stays where somebody writes it while its lease is waited for', async () => {
    const path = part();
    server.chains.set('w', { runs: [run(false)] });
    let asked = 0;
    server.asked = () => {
      asked += 1;
      if (asked === 4) writeFileSync(path, 'more than half');
    };
    await swept({ closedForMs: 20 });
    expect(existsSync(path)).toBe(true);
    expect(lines).toEqual([expect.stringMatching(/^warn .* is kept: somebody has touched it meanwhile/)]);
  });

  it('is looked for as a plain file of ours: nothing else by a like name is touched', async () => {
    server.chains.set('w', { runs: [run(false)] });
    const outside = realpathSync(mkdtempSync(join(tmpdir(), 'outside-')));
    writeFileSync(join(outside, `out.csv.${id}.part`), 'theirs');
    symlinkSync(outside, join(root, 'link'));
    writeFileSync(join(root, 'data.csv'), 'data');
    symlinkSync(join(root, 'data.csv'), join(root, `link.${id}.part`));
    mkdirSync(join(root, `directory.${id}.part`));
    linkSync(part(`two.${id}.part`), join(root, 'second name'));
    const names = [
      `.${id}.part`,
      `out.csv.${id}.part.csv`,
      `out.csv.${id.toUpperCase()}.part`,
      `out.csv.${id}`,
      `out.csv.x${id}.part`,
      'out.csv.part',
      `.hidden/out.csv.${id}.part`,
      `node_modules/out.csv.${id}.part`,
    ];
    for (const name of names) part(name);
    const gone = part(`below/here/out.csv.${id}.part`);
    await swept();
    expect(existsSync(gone)).toBe(false);
    const kept = [...names, `link.${id}.part`, `directory.${id}.part`, `two.${id}.part`, 'data.csv'];
    expect(kept.filter((name) => !existsSync(join(root, name)))).toEqual([]);
    expect(existsSync(join(outside, `out.csv.${id}.part`))).toBe(true);
    expect(lines).toHaveLength(1);
    rmSync(outside, { recursive: true });
  });

  it("is not taken for ours by its name alone: what others may read is no unfinished file of a worker's", async () => {
    const path = part();
    chmodSync(path, 0o644);
    await swept(later(400));
    expect(existsSync(path)).toBe(true);
    server.chains.set('w', { runs: [run(false)] });
    await swept();
    expect(existsSync(path)).toBe(false);
  });

  it('stays below a root that may only be read, also where that lies within another one', async () => {
    server.chains.set('w', { runs: [run(false)] });
    const [read, write] = [part(`in/out.csv.${id}.part`), part(`in/deep/out.csv.${id}.part`)];
    await swept(
      {},
      {
        roots: [
          { path: root },
          { path: join(root, 'in'), access: 'read' },
          { path: join(root, 'in/deep') },
          { path: join(root, 'missing') },
        ],
      },
    );
    expect([existsSync(read), existsSync(write)]).toEqual([true, false]);
  });

  it.each([
    ['depth', { depth: 1 }],
    ['entries', { entries: 2 }],
    ['files', { files: 1 }],
    ['time', { ms: -1 }],
  ])('is looked for within bounds: %s', async (_, bound) => {
    server.chains.set('w', { runs: [run(false)] });
    const paths = ['a', 'b/b', 'c/c/c'].map((name) => part(`${name}.${id}.part`));
    await swept({ walk: { ...WALK_BOUNDS, ...bound } });
    expect(paths.some((path) => existsSync(path))).toBe(true);
    expect(lines[0]).toMatch(/^info Not all directories were searched/);
  });

  it('stays when the worker stops meanwhile, which is nothing to report', async () => {
    const path = part();
    server.chains.set('w', { runs: [run(false)] });
    const controller = new AbortController();
    const ended = swept({ closedForMs: 3_600_000 }, { signal: controller.signal });
    server.asked = () => controller.abort();
    await ended;
    expect([existsSync(path), lines]).toEqual([true, []]);
  });

  it('is named where it cannot be removed', async () => {
    const path = part(`sub/out.csv.${id}.part`);
    server.chains.set('w', { runs: [run(false)] });
    // Root may remove anything: so a directory that is another one by now stands for what cannot be.
    let asked = 0;
    server.asked = () => {
      asked += 1;
      if (asked !== 4) return;
      rmSync(dirname(path), { recursive: true });
      writeFileSync(dirname(path), 'a file');
    };
    await swept();
    expect(lines).toEqual([expect.stringMatching(/^warn .* cannot be removed: .*"reason":"ENOTDIR"/)]);
  });
});
