/** The result document of a run, read off its facts. Pure. */
import type { SettledResult, SettledTask } from '../../activities/task/contract';
import {
  compact,
  LIMITS,
  shorterTold,
  type IntegrationResult,
  type NestedTaskResult,
  type ResultDetail,
  type ResultTask,
  type ResultTransfer,
  type RowCounts,
} from '../../contracts';
import { doubtful, type Fact } from './facts';
import { actionResults, rowsOf, type FinishedTask, type KeptDump } from './verdict';

/** The state of a task that no poll has seen yet: Anaplan said none. */
export const NOT_SEEN = 'not seen';

/** What can be said of a run so far; whole once it has concluded. */
export function documentOf(facts: readonly Fact[]): IntegrationResult {
  const document: IntegrationResult = { outcome: 'failed', transfers: [], dumps: [] };
  const warnings: string[] = [];
  let transfers: { file?: string; transfer: ResultTransfer }[] = [];
  let ended: FinishedTask | undefined;
  let kept: KeptDump[] = [];
  for (const fact of facts) {
    switch (fact.is) {
      case 'prepared': {
        const { filesNotUploaded = [] } = 'filesNotUploaded' in fact.prepared ? fact.prepared : {};
        if (filesNotUploaded.length > 0) document.filesNotUploaded = filesNotUploaded;
        break;
      }
      case 'warned':
        warnings.push(fact.text);
        break;
      case 'uploaded': {
        const file = fact.upload.to.file.id;
        // A file that is uploaded anew is told of once.
        transfers = [...transfers.filter((t) => t.file !== file), { file, transfer: fact.transfer }];
        break;
      }
      case 'downloaded':
        transfers.push({ transfer: fact.transfer });
        break;
      case 'uploadsExpired':
        transfers = [];
        break;
      case 'started':
        document.task = startedTask(fact.taskId, fact.adopted);
        [ended, kept] = [undefined, []];
        break;
      case 'seen':
        if (document.task) document.task = { ...document.task, state: fact.state };
        break;
      case 'ended':
        ended = fact.task;
        if (ended.truncated) document.truncated = true;
        break;
      case 'kept':
        kept.push(fact.dump);
        break;
      case 'heldModel':
        document.modelHeldMs = fact.ms;
        break;
      case 'concluded': {
        const { ending } = fact;
        document.outcome = ending.outcome;
        if ('failure' in ending) {
          const { failure } = ending;
          document.failure = { ...failure, effects: doubtful(facts, failure.effects) };
        }
      }
    }
  }
  document.transfers = transfers.map(({ transfer }) => transfer);
  if (ended) document.task = resultTask(ended, kept, ended.adopted);
  document.dumps = kept.map(({ of: _of, warnings: _warnings, ...shown }) => shown);
  if (warnings.length > 0) document.warnings = warnings;
  return fitResult(document);
}

function startedTask(taskId: string, adopted: boolean): ResultTask {
  return { taskId, state: NOT_SEEN, successful: false, details: [], ...(adopted ? { adopted } : {}) };
}

/** The task as the result document shows it. */
export function resultTask(task: SettledTask, dumps: readonly KeptDump[], adopted: boolean): ResultTask {
  const out: ResultTask = {
    taskId: task.taskId,
    state: task.state,
    successful: task.result?.successful ?? false,
    details: task.result?.details ?? [],
  };
  if (adopted) out.adopted = true;
  const { result } = task;
  if (!result) return out;
  const places = new Map(actionResults(task).map((r, i) => [r, i]));
  const rows = (r: SettledResult) => {
    const place = places.get(r);
    return rowsOf(r, place === undefined ? undefined : dumps.find((d) => d.of === place));
  };
  const own = rows(result);
  if (own) out.rows = own;
  Object.assign(out, timesOf(result));
  if (result.nested) out.nested = result.nested.map((n) => nestedTask(n, rows(n)));
  return out;
}

function timesOf({ startTime, duration }: SettledResult): { startTime?: number; duration?: number } {
  return compact({ startTime, duration });
}

function nestedTask(result: SettledResult, rows: RowCounts | undefined): NestedTaskResult {
  const { objectId = '', objectName: name, successful, details } = result;
  return { objectId, ...compact({ name }), successful, ...compact({ rows }), ...timesOf(result), details };
}

/** Keeps a result document within its bounds; what is left out is marked by `truncated`. */
export function fitResult(result: IntegrationResult): IntegrationResult {
  let out = shorten(result);
  for (const details of [20, 5, 0]) {
    if (fits(out)) return out;
    out = { ...out, truncated: true, ...compact({ task: out.task && thinned(out.task, details) }) };
  }
  // Then the lists, the first entries of which say most.
  for (let most = 500; most > 0 && !fits(out); most = Math.floor(most / 2)) {
    out = {
      ...out,
      truncated: true,
      transfers: out.transfers.slice(0, most),
      dumps: out.dumps.slice(0, most).map((d) => ({ ...d, errors: d.errors.slice(0, 3) })),
      ...compact({
        warnings: out.warnings?.slice(0, most),
        filesNotUploaded: out.filesNotUploaded?.slice(0, most),
      }),
    };
  }
  return out;
}

/** Some room is left for what Temporal wraps around the document. */
function fits(result: IntegrationResult): boolean {
  return utf8Length(JSON.stringify(result)) <= LIMITS.resultBytes * 0.9;
}

function utf8Length(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : 3;
  }
  return bytes;
}

function thinned(task: ResultTask, details: number): ResultTask {
  const cut = (all: ResultDetail[]) => all.slice(0, details);
  return {
    ...task,
    details: cut(task.details),
    ...(task.nested
      ? { nested: task.nested.slice(0, 500).map((n) => ({ ...n, details: cut(n.details) })) }
      : {}),
  };
}

function shorten(result: IntegrationResult): IntegrationResult {
  let cut = false;
  const short = (text: string) => {
    if (text.length <= LIMITS.textBytes) return text;
    cut = true;
    return `${text.slice(0, LIMITS.textBytes - 1)}…`;
  };
  const out: IntegrationResult = { ...result };
  const first = (all: string[], most: number) => {
    if (all.length > most) cut = true;
    return all.slice(0, most).map(short);
  };
  if (out.warnings) out.warnings = first(out.warnings, 50);
  if (out.filesNotUploaded) out.filesNotUploaded = first(out.filesNotUploaded, 500);
  if (out.failure) {
    const { failure } = out;
    out.failure = shorterTold(failure, LIMITS.textBytes);
    if (out.failure !== failure) cut = true;
  }
  if (cut) out.truncated = true;
  return out;
}
