import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..');

interface Finding {
  rule: string | null;
  file: string;
  message: string;
}

/** Lints texts as if they stood at these paths, and the tree, by the project's own configuration. */
function lint(texts: Record<string, string>, tree: string[]): Finding[] {
  // In a process of its own: ESLint loads its configuration as an ES module, which a test cannot.
  const script = `
    import { ESLint } from 'eslint';
    const { texts, tree } = JSON.parse(process.env.LINT_INPUT);
    const eslint = new ESLint({ ruleFilter: ({ ruleId }) => /no-restricted-(imports|syntax)$/.test(ruleId) });
    const results = [];
    for (const [filePath, text] of Object.entries(texts)) results.push(...(await eslint.lintText(text, { filePath })));
    if (tree.length > 0) results.push(...(await eslint.lintFiles(tree)));
    const found = results.flatMap((r) => r.messages.filter((m) => m.severity === 2).map((m) => (
      { rule: m.ruleId, file: r.filePath, message: m.message })));
    console.log(JSON.stringify(found));`;
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: ROOT,
    env: { ...process.env, LINT_INPUT: JSON.stringify({ texts, tree }) },
    encoding: 'utf8',
  });
  return JSON.parse(out) as Finding[];
}

const BAD: [room: string, statement: string][] = [
  ['contracts', "import { x } from '../anaplan';"],
  ['anaplan', "import { x } from '../contracts';"],
  ['anaplan', "import { x } from '../storage/ports';"],
  ['storage', "import { x } from '../contracts';"],
  ['sandbox', "import { x } from '../anaplan';"],
  ['activities', "import { x } from '../workflows';"],
  ['activities', "import { x } from '../worker';"],
  ['client', "import { x } from '../activities';"],
  ['worker', "import { x } from '../cli/main';"],
  ['cli', "import { x } from '../activities';"],
  ['cli', "const { x } = await import('../activities/index.js');"],
  ['workflows', "import { x } from '../anaplan';"],
  ['workflows', "import { x } from '../storage';"],
  ['workflows', "import { createActivities } from '../activities/index';"],
  ['workflows', "import { createActivities } from '../activities';"],
  ['workflows', "import { checkInput } from '../contracts/schemas';"],
  ['workflows', "import { pathSafe } from '../contracts/path-safe';"],
  ['workflows', "import type { Prepared } from '../activities/prepare/contract';"],
  ['workflows/steps', "import { createPrepare } from '../../activities/prepare/activities';"],
  ['workflows', "import { z } from 'zod';"],
  ['workflows', "import { readFileSync } from 'node:fs';"],
  ['workflows', "import { Client } from '@temporalio/client';"],
  ['activities/read', "import { x } from '../download/activities';"],
  ['activities/read', "import type { x } from '../download/targets';"],
  ['activities/read', "import { x } from '../download/contract';"],
  ['activities/attempt', "import { x } from '../task/activities';"],
];
const GOOD: [room: string, statement: string][] = [
  ['workflows/steps', "import type { Prepared } from '../../activities/prepare/contract';"],
  ['workflows', "import { LIMITS } from '../contracts';"],
  ['workflows', "import { sleep } from '@temporalio/workflow';"],
  ['activities', "import { AnaplanError } from '../anaplan';"],
  ['activities/read', "import { work } from '../attempt/work';"],
  ['activities/read', "import type { DownloadResult } from '../download/contract';"],
  ['activities/read', "import { PageMerge } from './pages';"],
  ['activities', "import { checkInput } from '../contracts/schemas';"],
];

describe('the walls between the rooms: without them zod, or a file system, ends up in the workflow sandbox', () => {
  const path = (room: string, i: number, kind: string) => `src/${room}/wall-${kind}-${i}.ts`;
  const textOf = (statement: string) => {
    const name = /\{ (\w+) \}/.exec(statement)?.[1];
    return `${statement}\nexport ${statement.startsWith('import type') ? 'type Y' : 'const y'} = ${name};\n`;
  };
  const findings = lint(
    Object.fromEntries([
      ...BAD.map(([room, statement], i) => [path(room, i, 'bad'), textOf(statement)]),
      ...GOOD.map(([room, statement], i) => [path(room, i, 'good'), textOf(statement)]),
    ]),
    ['src'],
  );
  const of = (file: string) => findings.filter((f) => f.file.endsWith(file));

  it.each(BAD.map(([room, statement], i) => [room, statement, i] as const))(
    'src/%s refuses %s',
    (room, _, i) =>
      expect(of(path(room, i, 'bad')).map((f) => f.rule)).toEqual(
        expect.arrayContaining([expect.stringMatching(/no-restricted-(imports|syntax)$/)]),
      ),
  );

  it.each(GOOD.map(([room, statement], i) => [room, statement, i] as const))(
    'src/%s allows %s',
    (room, _, i) => expect(of(path(room, i, 'good'))).toEqual([]),
  );

  it('no file of the tree breaks a wall', () =>
    expect(
      findings.filter(
        (f) => !f.file.includes('/wall-') && /no-restricted-(imports|syntax)$/.test(f.rule ?? ''),
      ),
    ).toEqual([]));
});

it('nothing in src is imported from inside of a package of the SDK: only what it documents stays', () => {
  const files = readdirSync(join(__dirname, '../src'), { recursive: true, encoding: 'utf8' });
  const inside = files
    .filter((name) => name.endsWith('.ts'))
    .filter((name) =>
      /(from|import\(|require\() ?'@temporalio\/[a-z]+\/(?!package\.json)/.test(
        readFileSync(join(__dirname, '../src', name), 'utf8'),
      ),
    );
  expect(inside).toEqual([]);
});
