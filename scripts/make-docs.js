#!/usr/bin/env node
/**
 * Writes the generated tables of README.md and docs/: what stands between `<!-- generated: NAME -->` and `<!-- end -->`.
 *
 *   npm run build && node scripts/make-docs.js            writes them
 *   npm run build && node scripts/make-docs.js --check    exits 1 when one is stale
 */
const { readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { join, relative, resolve } = require('node:path');

const ROOT = resolve(__dirname, '..');

/** What the tables are made of: the built modules, or in the tests the sources. */
function fromBuild() {
  const lib = (name) => require(join(ROOT, 'lib', name));
  return {
    contracts: lib('contracts'),
    fields: lib('contracts/fields'),
    integrations: lib('contracts/integrations'),
    codes: lib('anaplan/codes'),
    calls: lib('anaplan/calls'),
    endpoints: lib('sandbox/endpoints'),
    retry: lib('anaplan/retry'),
    refusals: lib('anaplan/refusals'),
    regions: lib('anaplan/regions'),
    behaviours: lib('sandbox/behaviours'),
    misuse: lib('sandbox/misuse'),
    flags: lib('cli/integrations'),
    integrationCommand: lib('cli/commands/integration'),
    budget: lib('cli/commands/budget'),
    schedules: lib('cli/commands/schedules'),
    worker: lib('cli/commands/worker'),
    sandbox: lib('cli/commands/sandbox'),
    demo: lib('cli/demo/command'),
  };
}

const EXIT_MEANING = {
  ok: 'success',
  unexpected: 'unexpected, or detached by a signal',
  usage: 'usage or invalid input: nothing was sent to Anaplan that has an effect',
  actionFailed: 'the Anaplan action failed, or its outcome cannot be known',
  refused: 'refused: authentication, permission, not found, conflict, archived, deployed',
  cancelled: 'cancelled',
  unavailable: 'unavailable or out of time: Temporal or Anaplan, locked, offline',
  rowsRejected: 'rows were rejected; the rest is loaded',
  transfer: 'source, target or transfer',
};

/** A Markdown table, aligned as prettier does it. */
function table(head, rows) {
  const cell = (text) =>
    String(text)
      .replace(/\s+/g, ' ')
      .replace(/(?<!\\)\|/g, '\\|')
      .trim();
  const all = [head, ...rows].map((row) => row.map(cell));
  const widths = head.map((_, i) => Math.max(3, ...all.map((row) => [...row[i]].length)));
  const line = (row) =>
    `| ${row.map((text, i) => text + ' '.repeat(widths[i] - [...text].length)).join(' | ')} |`;
  return [
    line(all[0]),
    `| ${widths.map((w) => '-'.repeat(w)).join(' | ')} |`,
    ...all.slice(1).map(line),
  ].join('\n');
}

const code = (text) => `\`${text}\``;
/** Text of the code, as Markdown: angle brackets and stars are meant. */
const plain = (text) => text.replace(/\\/g, '\\\\').replace(/[<>*[\]]/g, (c) => `\\${c}`);

function span(ms) {
  for (const [unit, size] of [
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000],
  ])
    if (ms >= size && ms % size === 0) return `${ms / size} ${unit}`;
  return `${ms} ms`;
}

/** A path whose parameters have no names, below the model where there is one. */
const unnamed = (path) =>
  path
    .replace(/\?.*$/, '')
    .replace(/^\/workspaces\/\{\w+\}(?=\/models\/\{)/, '')
    .replace(/\{\w+\}/g, '{}');

/** How sure the sandbox's answer to a call is. */
function sandboxMark({ endpoints: { ENDPOINTS } }, call) {
  const same = (e) => e.method === call.method && unnamed(e.pattern) === unnamed(call.path);
  return ENDPOINTS.find(same)?.mark;
}

/** The steps of integrations, and other rooms, whose code makes a call: by the method's name behind the client's. */
function usedIn(method) {
  const src = join(ROOT, 'src');
  const called = new RegExp(`\\b${method.replace('.', '\\s*\\.')}\\(`);
  const rooms = ['activities', 'worker', 'cli', 'client'].flatMap((room) =>
    readdirSync(join(src, room), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && called.test(readFileSync(join(src, room, file), 'utf8')))
      .map((file) => (room === 'activities' ? file.split(/[\\/]/)[0] : room)),
  );
  return [...new Set(rooms)].sort().join(', ');
}

function coverage(m, calls) {
  return table(
    ['Call', 'In the guide', 'Client', 'Sandbox', 'Used by'],
    calls.map((call) => [
      code(`${call.method} ${call.path}`),
      call.heading ?? '',
      code(call.client),
      sandboxMark(m, call) ?? '',
      usedIn(call.client),
    ]),
  );
}

function coverageCount(m) {
  const { CALLS } = m.calls;
  const marks = CALLS.map((call) => sandboxMark(m, call));
  const of = (mark) => marks.filter((one) => one === mark).length;
  const answered = marks.filter(Boolean).length;
  return (
    `The guide has ${CALLS.length} calls; the client makes all of them, the sandbox answers ${answered}: ` +
    `${of('verified')} verified, ${of('documented')} documented, ${of('assumed')} assumed.`
  );
}

/** The delays before each try of an answer that never changes, and the words at the end: as the clock answers them. */
function waits({ refusals: { nextTry, inWords }, contracts }, rule) {
  const limits = { bounds: contracts.DEFAULT_TIMEOUTS, random: () => 1 };
  const delays = [];
  let now = 0;
  let next = nextTry(rule, undefined, now, limits);
  while (next.again) {
    delays.push(next.delayMs);
    now += next.delayMs;
    next = nextTry(rule, next.refusals, now, limits);
  }
  const longest = Math.max(...delays);
  const growing = delays.slice(0, delays.indexOf(longest)).map(inWords);
  const then = `${growing.length > 0 ? 'then ' : ''}${inWords(longest)} each`;
  return [[...growing, then].join(', '), `"${next.words}"`];
}

/** The whole command line, as commander has it. */
function commandTree(m) {
  const { Command } = require('commander');
  const nothing = async () => undefined;
  const program = new Command('anaplan-temporal');
  for (const integration of m.contracts.INTEGRATIONS)
    program.addCommand(m.integrationCommand.integrationCommand(integration, nothing));
  m.schedules.schedulesCommand(program.command('schedules'), nothing);
  m.budget.budgetCommand(program.command('budget'), nothing);
  m.worker.workerCommand(program.command('worker'), nothing);
  m.sandbox.sandboxCommand(program.command('sandbox'), nothing);
  m.demo.demoCommand(program.command('demo'), nothing);
  return program;
}

function flagRows(options) {
  return options.map((o) => {
    const more = [
      o.argChoices && `one of ${o.argChoices.map(code).join(', ')}`,
      o.defaultValue !== undefined &&
        typeof o.defaultValue !== 'boolean' &&
        `default ${code(o.defaultValue)}`,
      o.mandatory && 'required',
    ].filter(Boolean);
    const text = plain(o.description) + (more.length > 0 ? ` (${more.join('; ')})` : '');
    return [code(o.flags), text.charAt(0).toUpperCase() + text.slice(1)];
  });
}

/** The tables, by name. */
function blocks(m) {
  const { FAILURES, EXIT, DEFAULT_TIMEOUTS, INTEGRATIONS, commandOf } = m.contracts;
  const out = {};
  out.failures = table(
    ['Failure type', 'Exit code', 'What to do'],
    Object.entries(FAILURES).map(([type, f]) => [code(type), f.exit, plain(f.remedy)]),
  );
  out['exit-codes'] = table(
    ['Exit code', 'Meaning', 'Failure types'],
    Object.entries(EXIT).map(([name, exit]) => [
      exit,
      EXIT_MEANING[name],
      Object.entries(FAILURES)
        .filter(([, f]) => f.exit === exit)
        .map(([type]) => code(type))
        .join(', '),
    ]),
  );
  out.retries = table(
    ['Answer', 'Tried again after', 'Given up', 'What happens'],
    Object.values(m.retry.RETRY_TABLE).map((r) => [
      plain(r.answers),
      ...(r.class === 'refused' ? ['', 'at once'] : waits(m, r)),
      plain(r.note),
    ]),
  );
  const { CATALOGUE } = m.codes;
  for (const kind of ['completion', 'failure', 'data']) {
    const of = Object.entries(CATALOGUE).filter(([, entry]) => entry.kind === kind);
    out[`codes-${kind}`] = table(
      [
        'Code',
        'Message',
        ...(kind === 'data' ? ['Class'] : []),
        ...(kind === 'completion' ? [] : ['What to do']),
      ],
      of.map(([name, e]) => [
        code(name),
        code(e.template.replace(/`/g, "'")),
        ...(kind === 'data' ? [e.class] : []),
        ...(kind === 'completion' ? [] : [plain(e.remedy ?? '')]),
      ]),
    );
  }
  const count = Object.values(CATALOGUE).length;
  out['codes-count'] = `The catalogue has ${count} codes.`;
  const marks = ['verified', 'documented', 'assumed'];
  const { BEHAVIOURS } = m.behaviours;
  out['behaviours-count'] = table(
    ['Mark', 'Behaviours'],
    marks.map((mark) => [mark, BEHAVIOURS.filter((b) => b.mark === mark).length]),
  );
  out.behaviours = table(
    ['Behaviour', 'What the sandbox does', 'Mark'],
    BEHAVIOURS.map((b) => [code(b.id), plain(b.sentence), b.mark]),
  );
  out['api-coverage'] = coverage(m, m.calls.CALLS);
  out['api-coverage-beyond'] = coverage(m, m.calls.UNDOCUMENTED_CALLS);
  out['api-coverage-count'] = coverageCount(m);
  out.misuses = table(
    ['Misuse', 'Meaning'],
    Object.entries(m.misuse.MISUSES).map(([kind, text]) => [
      code(kind),
      plain(text.replace(/ \(anaplan-api: [^)]*\)/, '')),
    ]),
  );
  out.timeouts = table(
    ['Time-out', 'Default', 'Bounds', 'Then'],
    Object.entries(DEFAULT_TIMEOUTS).map(([name, ms]) => [code(name), span(ms), ...TIMEOUTS[name]]),
  );
  out.regions = table(
    ['Region', 'API', 'Authentication'],
    Object.entries(m.regions.REGIONS).map(([name, r]) => [code(name), code(r.apiUrl), code(r.authUrl)]),
  );
  for (const name of INTEGRATIONS) out[`input-${commandOf(name)}`] = inputTable(m, name);
  const tree = commandTree(m);
  // What all integrations have is printed once.
  const row = (o) => JSON.stringify(flagRows([o]));
  const [first, ...others] = INTEGRATIONS.map((name) =>
    tree.commands.find((c) => c.name() === commandOf(name)),
  );
  const common = first.options.filter((o) => others.every((c) => c.options.some((p) => row(p) === row(o))));
  const shared = new Set(common.map(row));
  out['cli-common'] = table(['Flag', 'Meaning'], flagRows(common));
  const walk = (command, path) => {
    const integration = command === first || others.includes(command);
    const own = command.options.filter((o) => !o.hidden && !(integration && shared.has(row(o))));
    if (own.length > 0) out[`cli-${path.join('-')}`] = table(['Flag', 'Meaning'], flagRows(own));
    for (const sub of command.commands) walk(sub, [...path, sub.name()]);
  };
  for (const sub of tree.commands) walk(sub, [sub.name()]);
  return out;
}

const TIMEOUTS = {
  lock: ['waiting for another run that holds the model or the file', '`ModelLocked`'],
  modelUnavailable: ['Anaplan answers 423 (locked) or 424 (offline)', '`ModelLocked` or `ModelOffline`'],
  unavailable: [
    '5xx, resets and time-outs without a good answer between them; 24 h in a first step, unless it is set',
    '`ServiceUnavailable` or `NetworkError`',
  ],
  task: ['one task, from its start to its end', 'the task is cancelled, `DeadlineExceeded`'],
  transfer: ['one upload, download or large read', '`DeadlineExceeded`'],
  cancel: ['waiting for a cancelled task to end', 'the run ends and names the task'],
};

function inputTable(m, name) {
  const fields = Object.entries(m.integrations.fieldsOf(name));
  const order = [...fields.filter(([, f]) => f.required), ...fields.filter(([, f]) => !f.required)];
  return table(
    ['Field', 'Flag', 'Type', 'Meaning'],
    order.map(([key, { kind, required, meaning }]) => [
      required ? `**${code(key)}**` : code(key),
      code(m.flags.flagOf(key)),
      m.fields.KIND_NAMES[kind],
      meaning,
    ]),
  );
}

/** The Markdown files with generated tables. */
function files(root = ROOT) {
  const docs = join(root, 'docs');
  return [
    'README.md',
    ...readdirSync(docs)
      .filter((f) => f.endsWith('.md'))
      .sort()
      .map((f) => `docs/${f}`),
  ];
}

/** A page with its tables renewed. @throws Error for a table nobody makes */
function renew(text, made) {
  return text.replace(/(<!-- generated: (\S+) -->)[\s\S]*?(<!-- end -->)/g, (_all, begin, name, end) => {
    if (made[name] === undefined) throw new Error(`There is no generated table "${name}"`);
    return `${begin}\n\n${made[name]}\n\n${end}`;
  });
}

/** Names of the pages whose tables are stale; with `write` they are renewed. */
function run({ check }, m = fromBuild(), root = ROOT) {
  const made = blocks(m);
  const stale = [];
  for (const file of files(root)) {
    const path = join(root, file);
    const before = readFileSync(path, 'utf8');
    const after = renew(before, made);
    if (after === before) continue;
    stale.push(relative(root, path));
    if (!check) writeFileSync(path, after);
  }
  return stale;
}

module.exports = { blocks, commandTree, files, renew, run };

if (require.main === module) {
  const check = process.argv.includes('--check');
  const stale = run({ check });
  for (const file of stale) process.stdout.write(`${check ? 'stale' : 'written'}: ${file}\n`);
  if (check && stale.length > 0) {
    process.stderr.write('Run "npm run build && node scripts/make-docs.js".\n');
    process.exitCode = 1;
  }
}
