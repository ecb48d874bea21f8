/** Large reads of views and lists: pages as they become available, merged into one target. */
import { AnaplanError, isNotFound, outcomeUnknown, retryRule, type AnaplanClient } from '../../anaplan';
import { compact, LIMITS } from '../../contracts';
import { DEFAULT_TIMING, type ActivityDeps, type Timing } from '../attempt/deps';
import { alive, filled } from '../shared/bodies';
import { refOf, specOf } from '../attempt/calls';
import { PageMerge, type MergeState } from './pages';
import { ReadState, type SeenState } from './read-state';
import { writeBatch, type BatchReader, type TargetWriter } from '../shared/target-writer';
import type { AnaplanActivities } from '../contract';
import type { AwaitedPages, ReadPagesInput } from './contract';
import type { DownloadPosition, DownloadResult } from '../download/contract';
import { work, type Work } from '../attempt/work';

/** Builds the activities of large reads. */
export function createReads(
  deps: ActivityDeps,
): Pick<
  AnaplanActivities,
  'anaplan.createReadRequest' | 'anaplan.readPages' | 'anaplan.awaitPages' | 'anaplan.deleteReadRequest'
> {
  const timing = { ...DEFAULT_TIMING, ...deps.timing };

  return {
    'anaplan.createReadRequest': (input) =>
      work<CreateBeat, { requestId: string; lost?: number }>(
        specOf(input, `Read of "${input.read.name}" (${input.read.id})`, timing),
        async (w) => {
          const { client } = deps.connection(input.connection);
          const options = compact({ exportType: input.exportType });
          const lost = w.resumed?.sent ?? 0;
          if (lost > 0) await untilIdle(client, input, w, timing.pollIntervalMs);
          w.assertAlive();
          try {
            // Noted before the request: where the worker dies with the answer, the next attempt knows that one was sent.
            w.remember({ sent: lost + 1 });
            // Without a signal: a request whose ID is not waited for could never be deleted.
            const { requestId } = await client.reads.create(refOf(input), input.read, options, w.fence);
            return lost === 0 ? { requestId } : { requestId, lost };
          } catch (error) {
            const unknown = error instanceof AnaplanError && outcomeUnknown(error);
            if (!unknown) w.remember({ sent: lost });
            throw error;
          }
        },
      ),

    'anaplan.readPages': (input) =>
      work<DownloadPosition, DownloadResult>(
        specOf(input, `Read of "${input.read.name}" (${input.read.id}) to ${input.target.uri}`, timing),
        async (w) => {
          const { client } = deps.connection(input.connection);
          const start = w.resumed ?? input.from;
          return writeBatch(
            deps,
            input,
            w,
            (writer) => new PageReader(client, input, w, writer, timing, start),
          );
        },
      ),

    'anaplan.awaitPages': (input) =>
      work<SeenState, AwaitedPages>(
        specOf(input, `Pages of "${input.read.name}" (${input.read.id})`, timing),
        async (w) => {
          const { client } = deps.connection(input.connection);
          const { next } = input.from;
          const start = w.resumed ?? input.from;
          const request = new ReadState(client, input, w, timing, start, (seen) => w.remember(seen));
          for (;;) {
            w.note(`waiting for page ${next}`);
            const failed = await request.poll();
            if (failed !== undefined) return { ...request.seen, failed };
            w.answered();
            if (request.seen.complete || request.seen.available > next) return request.seen;
            if (!(await request.touch(next))) return { ...request.seen, failed: 'the read request expired' };
          }
        },
      ),

    'anaplan.deleteReadRequest': (input) =>
      work(specOf(input, `Read request ${input.requestId} of "${input.read.name}"`, timing), async (w) => {
        const { client } = deps.connection(input.connection);
        try {
          const options = { ...w.fence, signal: w.signal };
          await client.reads.delete(refOf(input), input.read, input.requestId, options);
        } catch (error) {
          // Deleted by an earlier attempt whose answer was lost, or expired.
          if (!isNotFound(error)) throw error;
        }
      }),
  };
}

/** What createReadRequest remembers from attempt to attempt. */
interface CreateBeat {
  /** Requests that were sent and never answered: each may have opened a read that nobody can delete. */
  sent: number;
  /** Since when the model is waited for. */
  waitingSince?: number;
}

/** A read request that nobody uses is dropped by Anaplan after this (anaplan-api: "Delete read requests"). */
const READ_IDLE_MS = 30 * 60_000;

/**
 * Waits until the model answers at once: one that is busy holds the request open, and each that is given up leaves a read
 * behind. Not for longer than those that were left behind stay.
 */
async function untilIdle(
  client: AnaplanClient,
  input: Parameters<AnaplanActivities['anaplan.createReadRequest']>[0],
  w: Work<CreateBeat>,
  everyMs: number,
): Promise<void> {
  const sent = w.resumed?.sent ?? 0;
  const waitingSince = w.resumed?.waitingSince ?? w.now();
  w.remember({ sent, waitingSince });
  while (w.now() - waitingSince < READ_IDLE_MS) {
    try {
      const { idle, currentStep } = await client.models.status(refOf(input), { signal: w.signal });
      if (idle) return;
      w.note(`the model is busy${currentStep === undefined ? '' : ` (${currentStep.slice(0, 100)})`}`);
    } catch (error) {
      // A user who may not see the model's state cannot wait for it.
      if (error instanceof AnaplanError && retryRule(error).class === 'refused' && error.kind === 'status')
        return;
      throw error;
    }
    await w.sleep(everyMs);
  }
}

/** While no page comes for longer than this, another activity waits for the next one. */
const PAGES_SOON_MS = 30_000;

/** Reads one batch of pages. */
class PageReader implements BatchReader {
  private readonly request: ReadState;

  constructor(
    private readonly client: AnaplanClient,
    private readonly input: ReadPagesInput,
    private readonly w: Work<DownloadPosition>,
    private readonly writer: TargetWriter,
    private readonly timing: Timing,
    start: DownloadPosition | undefined,
  ) {
    this.request = new ReadState(client, input, w, timing, start, (seen) =>
      w.remember({ ...writer.durable, ...seen }),
    );
  }

  /** What the state of the request said last. */
  get seen(): SeenState {
    return this.request.seen;
  }

  async read(): Promise<DownloadResult> {
    const { w, writer, input, request, timing } = this;
    const from = writer.durable;
    const state: MergeState = { rows: from.rows };
    if (from.header !== undefined) state.header = from.header;
    if (from.crlf !== undefined) state.crlf = from.crlf;
    if (from.lineOpen !== undefined) state.lineOpen = from.lineOpen;
    const merge = new PageMerge(state, input.verbatim);
    const until = (input.from?.next ?? 0) + LIMITS.chunksPerActivity;
    let next = from.next;
    let moved = w.now();
    for (;;) {
      if (next >= this.seen.available && !this.seen.complete) {
        // What waits must not heartbeat like what moves bytes.
        if (w.now() - moved > (timing.pagesSoonMs ?? PAGES_SOON_MS))
          return this.ended(next, state, { waiting: true });
        const failed = await request.poll();
        if (failed !== undefined) return this.ended(next, state, { failed });
        // Only where no page is due: while one never comes, the state's answer is not the end of the trouble.
        if (next >= this.seen.available) w.answered();
      }
      const { available, complete } = this.seen;
      while (next < Math.min(available, until)) {
        if (!(await this.page(next, merge)))
          return this.ended(next, state, { failed: `page ${next} is gone` });
        next += 1;
        moved = w.now();
        w.note(`page ${next}${complete ? ` of ${available}` : ''}, ${state.rows} rows`);
        if (await writer.reached(next, { ...state })) w.at({ ...writer.durable, ...this.seen });
        else w.answered();
        if (!(await request.touch(next)))
          return this.ended(next, state, { failed: 'the read request expired' });
      }
      if (complete && available === 0) {
        return this.ended(next, state, { failed: 'Anaplan finished the read without a page' });
      }
      if (complete && next >= available) return this.ended(next, state, { done: true });
      if (next >= until) return this.ended(next, state, {});
      if (!(await request.touch(next)))
        return this.ended(next, state, { failed: 'the read request expired' });
    }
  }

  /** False when the page is gone. */
  private async page(index: number, merge: PageMerge): Promise<boolean> {
    const { client, input, w, writer } = this;
    w.assertInTime();
    w.assertAlive();
    try {
      const body = await client.reads.page(refOf(input), input.read, input.requestId, index, {
        signal: w.signal,
      });
      const bytes = alive(body.stream, () => w.assertAlive());
      await writer.writeUnit(merge.page(index, filled(bytes, `page ${index}`)));
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
    this.request.asked(index);
    return true;
  }

  private async ended(
    next: number,
    state: MergeState,
    end: { done?: true; failed?: string; waiting?: true },
  ): Promise<DownloadResult> {
    await this.writer.reached(next, { ...state }, true);
    return {
      ...this.writer.durable,
      ...this.seen,
      done: end.done ?? false,
      ...compact({ failed: end.failed }),
      ...(end.waiting ? { waiting: true } : {}),
    };
  }
}
