/** Failure dumps: fetched whole, stored where nothing overwrites them, and counted. */
import { activityInfo } from '@temporalio/activity';

import { isNotFound, type AnaplanClient } from '../../anaplan';
import { pathSafe } from '../../contracts/path-safe';
import { countDump, type DumpCounts } from './count-dump';
import { StorageError } from '../../storage';
import { DEFAULT_TIMING, type ActivityDeps } from '../attempt/deps';
import { alive, filled } from '../shared/bodies';
import { enterRoot } from '../shared/roots';
import { dumpDirectory } from '../shared/dump-directory';
import type { AnaplanActivities } from '../contract';
import type { FetchDumpInput, FetchDumpResult } from './contract';
import { refOf, taskSpecOf } from '../attempt/calls';
import { work, type Work, type WorkSpec } from '../attempt/work';

/** The most chunks that any attempt got whole. Each attempt begins anew, so only a higher number is progress. */
interface DumpBeat {
  got: number;
  /** Since when Anaplan does not find the dump that it promised. */
  missingSince?: number;
}

/** Builds `anaplan.fetchDump`. */
export function createDumps(deps: ActivityDeps): Pick<AnaplanActivities, 'anaplan.fetchDump'> {
  const timing = { ...DEFAULT_TIMING, ...deps.timing };
  return {
    'anaplan.fetchDump': (input) =>
      work<DumpBeat, FetchDumpResult>(dumpSpec(input, timing), async (w) => {
        const { client } = deps.connection(input.connection);
        const objectId = input.objectId ?? input.action.id;
        await enterRoot(deps, input.root, 'write', w.now());
        const directory = dumpDirectory(input.directory);
        const uri = `${directory}/${pathSafe(`${objectId}-${input.name}`)}.csv`;
        const token = activityInfo().workflowExecution?.runId ?? '';
        try {
          const store = () => deps.storage.putOnce(uri, dumpBytes(client, input, w), token);
          const stored = await whileMissing(input, w, timing, store);
          if (stored.size === 0) {
            return {
              outcome: 'gone',
              message: `Anaplan says that "${input.name}" has a failure dump, but the dump that it gives is empty`,
            };
          }
          const counts = await count(deps, stored.uri, w);
          return {
            outcome: 'stored',
            dump: {
              objectId,
              action: input.name,
              uri: stored.uri,
              host: deps.host,
              rows: counts.rejected,
              warnings: counts.warnings,
              errors: counts.errors,
              ...(counts.uncounted === undefined ? {} : { partial: true, uncounted: counts.uncounted }),
            },
          };
        } catch (error) {
          if (isNotFound(error)) {
            return {
              outcome: 'gone',
              message: `Anaplan says that "${input.name}" has a failure dump, but no longer gives it (404): it is kept only for the user's last task of the action`,
            };
          }
          throw error;
        }
      }),
  };
}

/** A 404 that passes, as while a model is loaded again, costs no dump: one that was promised is asked for as long as a task. */
async function whileMissing<T>(
  input: FetchDumpInput,
  w: Work<DumpBeat>,
  timing: WorkSpec['timing'],
  store: () => Promise<T>,
): Promise<T> {
  for (let since = w.resumed?.missingSince; ;) {
    try {
      return await store();
    } catch (error) {
      if (!isNotFound(error) || input.unsaid) throw error;
      since ??= w.now();
      if (w.now() - since >= timing.taskLostMs) throw error;
      w.remember({ got: w.resumed?.got ?? 0, missingSince: since });
      w.note('Anaplan does not find the dump for now');
      await w.sleep(timing.pollIntervalMs);
    }
  }
}

/** A dump that is not stored is lost with the next run of the action: a full disk is waited for as long as there is time. */
function dumpSpec(input: FetchDumpInput, timing: WorkSpec['timing']): WorkSpec {
  return { ...taskSpecOf(input, `Failure dump of "${input.name}"`, timing), storageMs: Infinity };
}

/** The dump's bytes, chunk after chunk; whole where Anaplan names no chunks. */
async function* dumpBytes(
  client: AnaplanClient,
  input: FetchDumpInput,
  w: Work<DumpBeat>,
): AsyncGenerator<Buffer> {
  const ref = refOf(input);
  const options = { signal: w.signal };
  const chunks = await client.dumps.chunks(ref, input.action, input.taskId, input.objectId, options);
  if (chunks.length === 0) {
    const whole = await client.dumps.getWhole(ref, input.action, input.taskId, input.objectId, options);
    yield* alive(whole.stream, () => w.assertAlive());
    return;
  }
  const { got } = w.resumed ?? { got: 0 };
  for (const [i, chunk] of chunks.entries()) {
    w.note(`dump chunk ${i + 1} of ${chunks.length}`);
    const { action, taskId, objectId } = input;
    const body = await client.dumps.getChunk(ref, action, taskId, objectId, chunk.id, options);
    yield* filled(
      alive(body.stream, () => w.assertAlive()),
      `chunk ${chunk.id} of the dump`,
    );
    if (i + 1 > got) w.at({ got: i + 1 });
  }
}

/** Counts a dump that is stored: from here on nothing may hide where it is, nor the verdict on its rows. */
async function count(deps: ActivityDeps, uri: string, w: Work<DumpBeat>): Promise<DumpCounts> {
  try {
    return await countDump(readStored(deps, uri, w));
  } catch (error) {
    if (w.signal.aborted || w.abandoned) throw error;
    const why = error instanceof StorageError ? error.said.replace(/\.$/, '') : 'it could not be read back';
    return { rejected: 0, warnings: 0, errors: [], uncounted: why };
  }
}

async function* readStored(deps: ActivityDeps, uri: string, w: Work<DumpBeat>): AsyncGenerator<Buffer> {
  const source = await deps.storage.openSource(uri);
  try {
    yield* source.read(0, Number.MAX_SAFE_INTEGER, w.signal);
  } finally {
    await source.close();
  }
}
