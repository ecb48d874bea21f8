/** What is wrong at the end of a row: judged by the sandbox's record and by SHA-256, not by what the run says. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { WorkflowNotFoundError } from '@temporalio/common';

import { isFailureType, lockId } from '../../src/contracts';
import type { LockView } from '../../src/activities';
import { MIN_POLL_MS, SCALE, type Bench, type Tenant } from './bench';
import type { Ending } from './ending';
import { scenarioOf, type Scenario } from './scenarios';
import type { Row } from './rows';

const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** Timers and the record's clock have whole milliseconds, and a server is not always at once. */
const SLACK_MS = 12;

/** Everything that is not as the row says, in sentences. */
export async function problemsOf(
  bench: Bench,
  row: Row,
  tenant: Tenant,
  end: { ending: Ending; faultIds: string[] },
): Promise<string[]> {
  const { ending, faultIds } = end;
  const { sandbox } = tenant;
  await sandbox.settle();
  const scenario = scenarioOf(row.scenario);
  const problems: string[] = [...sandbox.misuse.map((line) => `misuse: ${line}`)];
  const check = (good: boolean, sentence: string) => {
    if (!good) problems.push(sentence);
  };
  const { expected } = row;
  check(
    ending.end === expected.end,
    `ended as ${ending.end}, not as ${expected.end}: ${ending.message ?? ''} ${JSON.stringify(ending.result?.warnings ?? [])}`,
  );
  row.faults.forEach(({ hits, plan }, i) => {
    const struck = sandbox.faults.hits(faultIds[i] ?? '');
    check(
      struck >= hits,
      `the fault at ${plan.method} ${String(plan.path)} struck ${struck} times, not ${hits}`,
    );
  });
  checkTask(row, scenario, tenant, ending, check);
  checkBytes(scenario, tenant, row, ending, check);
  const open = sandbox.openReadRequests().length;
  check(open === expected.openReads, `${open} read requests are open, not ${expected.openReads}`);
  const warnings = ending.result?.warnings ?? [];
  if (expected.warning !== undefined) {
    const { warning } = expected;
    check(
      warnings.some((w) => w.includes(warning)),
      `no warning says "${warning}": ${JSON.stringify(warnings)}`,
    );
  }
  if (isFailureType(expected.end)) {
    const failure = ending.result?.failure;
    check(failure?.type === expected.end, `the result's failure is ${failure?.type}`);
    check(
      failure?.effects === expected.effects,
      `its effects are ${failure?.effects}, not ${expected.effects}`,
    );
  }
  checkWaits(row, tenant, check);
  if (scenario.locks) {
    const id = lockId(tenant.modelId);
    const lock = await lockView(bench, id);
    check(
      (lock?.holders ?? []).length === 0 && (lock?.waiting ?? []).length === 0,
      `lock ${id} is held: ${JSON.stringify(lock)}`,
    );
  }
  return problems;
}

type Check = (good: boolean, sentence: string) => void;

function checkTask(row: Row, scenario: Scenario, tenant: Tenant, ending: Ending, check: Check): void {
  const { expected } = row;
  const { sandbox } = tenant;
  const { user } = sandbox.credentials;
  const tasks =
    scenario.action === undefined ? [] : sandbox.tasks(scenario.action).filter((t) => t.user === user);
  check(tasks.length === expected.tasks, `${tasks.length} tasks of the action ran, not ${expected.tasks}`);
  const { task, failure } = ending.result ?? {};
  check((task?.adopted ?? false) === (expected.adopted ?? false), `adopted is ${task?.adopted}`);
  if (task)
    check(
      tasks.some((t) => t.taskId === task.taskId),
      `task ${task.taskId} is not one of the tenant's`,
    );
  if (expected.taskState !== undefined) {
    check(tasks[0]?.state === expected.taskState, `the task is ${tasks[0]?.state}`);
  } else if (failure === undefined) {
    for (const t of tasks) check(t.state === 'COMPLETE', `task ${t.taskId} is ${t.state}`);
  }
  // What may still run is named.
  const named = [failure?.message, ...(ending.result?.warnings ?? [])].join('\n');
  if (task && tasks.some((t) => t.taskId === task.taskId && !/^(COMPLETE|CANCELLED)$/.test(t.state))) {
    check(named.includes(task.taskId), `neither failure nor warnings name the task: ${named}`);
  }
}

function checkBytes(scenario: Scenario, tenant: Tenant, row: Row, ending: Ending, check: Check): void {
  const good = ending.end === scenario.end;
  const { sandbox, directory } = tenant;
  for (const name of readdirSync(directory, { recursive: true }) as string[]) {
    check(!name.includes('.part'), `${name} is left`);
  }
  if (good) {
    for (const [id, bytes] of Object.entries(scenario.uploaded ?? {})) {
      const file = sandbox.files(id);
      check(file?.completed === true && file.sha256 === sha(bytes), `file ${id} holds other bytes`);
    }
    const sources = Object.entries(scenario.sources ?? {});
    for (const [i, [name, bytes]] of sources.entries()) {
      const transfer = ending.result?.transfers[i];
      check(
        transfer?.sha256 === sha(bytes) && transfer.bytes === bytes.length,
        `the transfer of ${name} lies`,
      );
    }
  }
  const { target } = scenario;
  if (target) {
    const path = join(directory, target.name);
    if (!good) {
      check(row.expected.exportsAnyway === true || !existsSync(path), 'the target of a failed run appeared');
    } else {
      const { holds } = target;
      const wanted = Buffer.isBuffer(holds) ? sha(holds) : sandbox.files(holds.file)?.sha256;
      const found = existsSync(path) ? sha(readFileSync(path)) : 'nothing';
      check(found === wanted, `the target holds ${found}, not ${wanted}`);
      check(ending.result?.transfers.at(-1)?.sha256 === wanted, 'the transfer of the target lies');
    }
  }
  checkDumps(scenario, row, ending, good, check);
}

function checkDumps(scenario: Scenario, row: Row, ending: Ending, good: boolean, check: Check): void {
  const stored = ending.result?.dumps ?? [];
  if (!good || row.expected.noDumps) {
    // What is named is there whole, whatever came after it.
    for (const dump of stored) check(scenario.dumps?.[dump.objectId] !== undefined, `dump ${dump.uri}`);
    if (row.expected.noDumps) check(stored.length === 0, 'there is a dump');
    return;
  }
  for (const [objectId, text] of Object.entries(scenario.dumps ?? {})) {
    const dump = stored.find((d) => d.objectId === objectId);
    const found = dump && readFileSync(fileURLToPath(dump.uri), 'utf8');
    check(found === text, `the dump of ${objectId} holds other bytes: ${found}`);
    check(dump?.rows === 2, `the dump of ${objectId} counts ${dump?.rows} rows`);
  }
}

/** A request that was refused for now is not repeated too soon, and a read's state is not asked for too often. */
function checkWaits(row: Row, tenant: Tenant, check: Check): void {
  const { record } = tenant.sandbox;
  if (row.wait) {
    const { ms, tenant: all } = row.wait;
    record.forEach((struck, i) => {
      if (struck.fault !== 'status' || struck.status === 401 || struck.status < 400) return;
      const next = record
        .slice(i + 1)
        .find((r) => all || (r.method === struck.method && r.path === struck.path));
      if (!next) return;
      const waited = next.at - struck.at;
      check(
        waited >= ms * SCALE - SLACK_MS,
        `${next.method} ${next.path} came ${waited} ms after a ${struck.status}, sooner than ${ms * SCALE} ms`,
      );
    });
  }
  const polled = new Map<string, number>();
  for (const { method, path, pattern, status, at } of record) {
    if (method !== 'GET' || !/\/readRequests\/\{r\}$/.test(pattern) || [401, 410, 429].includes(status))
      continue;
    const since = at - (polled.get(path) ?? -Infinity);
    check(since >= MIN_POLL_MS, `the state of a read was asked for again after ${since} ms`);
    polled.set(path, at);
  }
}

async function lockView(bench: Bench, id: string): Promise<LockView | undefined> {
  try {
    return await bench.client.workflow.getHandle(id).query<LockView>('state');
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
