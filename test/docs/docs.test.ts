/** The documentation says what the code does: tables, links, flags and commands. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import * as calls from '../../src/anaplan/calls';
import * as codes from '../../src/anaplan/codes';
import * as refusals from '../../src/anaplan/refusals';
import * as retry from '../../src/anaplan/retry';
import * as regions from '../../src/anaplan/regions';
import * as budget from '../../src/cli/commands/budget';
import * as integrationCommand from '../../src/cli/commands/integration';
import * as sandbox from '../../src/cli/commands/sandbox';
import * as schedules from '../../src/cli/commands/schedules';
import * as worker from '../../src/cli/commands/worker';
import * as demo from '../../src/cli/demo/command';
import * as flags from '../../src/cli/integrations';
import * as contracts from '../../src/contracts';
import * as fields from '../../src/contracts/fields';
import * as integrations from '../../src/contracts/integrations';
import * as behaviours from '../../src/sandbox/behaviours';
import * as endpoints from '../../src/sandbox/endpoints';
import * as misuse from '../../src/sandbox/misuse';

const ROOT = resolve(__dirname, '..', '..');

/** `scripts/make-docs.js`, which runs over a build; here it runs over the sources. */
interface MakeDocs {
  files(root?: string): string[];
  run(o: { check: boolean }, modules: object, root?: string): string[];
  blocks(modules: object): Record<string, string>;
  commandTree(modules: object): Command;
}
// eslint-disable-next-line @typescript-eslint/no-require-imports
const makeDocs = require('../../scripts/make-docs.js') as MakeDocs;

const MODULES = {
  contracts,
  fields,
  calls,
  codes,
  endpoints,
  retry,
  refusals,
  regions,
  behaviours,
  misuse,
  flags,
  integrations,
  budget,
  integrationCommand,
  schedules,
  worker,
  sandbox,
  demo,
};

const PAGES = makeDocs.files(ROOT).map((file) => ({ file, text: readFileSync(join(ROOT, file), 'utf8') }));
const page = (name: string): string => PAGES.find(({ file }) => file === name)?.text ?? '';

/** The anchor that GitHub gives a heading. */
function anchor(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

function anchorsOf(text: string): string[] {
  const prose = text.replace(/^```[\s\S]*?^```/gm, '');
  return [...prose.matchAll(/^#+\s+(.+)$/gm)].map((match) => anchor(match[1] ?? ''));
}

/** Every command by its words, such as `schedules create`. */
function commands(command: Command, path: string[] = []): Map<string, Command> {
  const all = new Map<string, Command>();
  for (const sub of command.commands) {
    const words = [...path, sub.name()];
    all.set(words.join(' '), sub);
    for (const [name, deeper] of commands(sub, words)) all.set(name, deeper);
  }
  return all;
}

const COMMANDS = commands(makeDocs.commandTree(MODULES));

test('a reader finds the tables of this version, not of an older one', () => {
  expect(makeDocs.run({ check: true }, MODULES, ROOT)).toEqual([]);
});

test('every generated table is printed somewhere', () => {
  const printed = PAGES.flatMap(({ text }) =>
    [...text.matchAll(/<!-- generated: (\S+) -->/g)].map((m) => m[1]),
  );
  expect(Object.keys(makeDocs.blocks(MODULES)).filter((name) => !printed.includes(name))).toEqual([]);
});

test.each(PAGES)('links of $file lead somewhere', ({ file, text }) => {
  const broken: string[] = [];
  const prose = text.replace(/^\s*```[\s\S]*?^\s*```/gm, '').replace(/`[^`\n]*`/g, '');
  for (const [, target = ''] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [path = '', hash] = target.split('#');
    const to = path === '' ? join(ROOT, file) : resolve(ROOT, dirname(file), path);
    if (!existsSync(to)) broken.push(target);
    else if (hash !== undefined && !anchorsOf(readFileSync(to, 'utf8')).includes(hash)) broken.push(target);
  }
  expect(broken).toEqual([]);
});

test('every command and flag that exists is documented in cli.md, and every generated table stands once', () => {
  const text = page('docs/cli.md');
  const common = /generated: cli-common -->([^]*?)<!-- end/.exec(text)?.[1] ?? '';
  const missing: string[] = [];
  for (const [name, command] of COMMANDS) {
    const from = text.search(new RegExp(`^##+ ${name}$`, 'm'));
    if (from < 0) missing.push(name);
    const rest = text.slice(from).replace(/^##+ .*\n/, '');
    const own = rest.slice(0, Math.max(0, rest.search(/^##+ /m)) || undefined);
    const section = contracts.INTEGRATIONS.some((i) => contracts.commandOf(i) === name) ? own + common : own;
    for (const option of command.options) {
      if (!section.includes(option.long ?? option.flags)) missing.push(`${name} ${option.long}`);
    }
  }
  expect(missing).toEqual([]);
  const tables = PAGES.flatMap(({ text: t }) => t.match(/<!-- generated: \S+ -->/g) ?? []);
  expect(tables.filter((name, i) => tables.indexOf(name) !== i)).toEqual([]);
});

test('every flag that a page names exists', () => {
  const known = new Set<string>(['--help', '--version']);
  for (const command of COMMANDS.values()) for (const option of command.options) known.add(option.long ?? '');
  const unknown: string[] = [];
  for (const { file, text } of PAGES) {
    // Whole commands of ours, over continued lines, and flags in running text.
    const ours = [...text.matchAll(/npx anaplan-temporal(?:[^\n]*\\\n)*[^\n]*/g)].map((m) => m[0]);
    const spans = [...text.replace(/^\s*```[\s\S]*?^\s*```/gm, '').matchAll(/`(--[^`]+)`/g)].map(
      (m) => m[1] ?? '',
    );
    for (const part of [...ours, ...spans]) {
      for (const [flag] of part.matchAll(/(?<![\w-])--[a-z][\w-]*/g)) {
        if (!known.has(flag)) unknown.push(`${file}: ${flag}`);
      }
    }
  }
  expect(unknown).toEqual([]);
});

test('every command line of ours in a page names a command that exists', () => {
  const unknown: string[] = [];
  for (const { file, text } of PAGES) {
    for (const [, name = ''] of text.matchAll(/npx anaplan-temporal ([a-z][\w-]*)/g)) {
      if (!COMMANDS.has(name)) unknown.push(`${file}: ${name}`);
    }
  }
  expect(unknown).toEqual([]);
});

test('the npm commands of README.md exist in package.json', () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const named = [...page('README.md').matchAll(/npm (?:run ([\w:-]+)|(test)\b)/g)].map(
    (m) => m[1] ?? m[2] ?? '',
  );
  expect(named.length).toBeGreaterThan(2);
  expect(named.filter((name) => manifest.scripts[name] === undefined)).toEqual([]);
});

test('the rules of Anaplan that comments cite stand in docs/anaplan-api.md', () => {
  const headings = [...page('docs/anaplan-api.md').matchAll(/^#+ (.+)$/gm)].map((m) => m[1]);
  const cited: string[] = [];
  for (const file of readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    const text = readFileSync(join(ROOT, 'src', file), 'utf8').replace(/\n\s*(?:\*|\/\/) /g, ' ');
    for (const [, list = ''] of text.matchAll(/anaplan-api: ("[^"]+"(?:, "[^"]+")*)/g)) {
      cited.push(...[...list.matchAll(/"([^"]+)"/g)].map((m) => `${file}: ${m[1]}`));
    }
    for (const [, one = ''] of text.matchAll(/'anaplan-api: ([^']+)'/g)) cited.push(`${file}: ${one}`);
  }
  expect(cited.length).toBeGreaterThan(50);
  expect(cited.filter((c) => !headings.includes(c.slice(c.indexOf(': ') + 2)))).toEqual([]);
});

test('no page names a path or a link of the machine it was written on', () => {
  const leaks = PAGES.flatMap(({ file, text }) =>
    [...text.matchAll(/\/(?:tmp|work|root|home)\/\S+/g)].map((m) => `${file}: ${m[0]}`),
  );
  expect(leaks).toEqual([]);
});

test('CONTRIBUTING.md leads to files that exist, and commands that run', () => {
  const text = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
  // Those of the integration and the store that somebody is about to add do not exist yet.
  const paths = [
    ...[...text.matchAll(/(?<=[\s`(])(?:src|test|docs|scripts)\/[\w./-]*/g)].map(([path]) => path),
    ...[...text.matchAll(/\]\(([^)#]+)/g)].map((match) => match[1] ?? ''),
  ].filter((path) => !/run-export|NAME/.test(path));
  expect(paths.length).toBeGreaterThan(30);
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  const named = [...text.matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1] ?? '');
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});
