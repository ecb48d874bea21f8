import type { ActivityProgress, ProgressWait, RunProgress } from '../client';
import { bytes, clean, count, span } from './render';
import type { Output } from './deps';

/** What a running activity is about, for namespaces without our search attributes. */
const DOING: Readonly<Record<string, string>> = {
  'anaplan.prepare': 'looking up names',
  'anaplan.openSource': 'opening the source',
  'anaplan.uploadChunks': 'uploading',
  'anaplan.completeUpload': 'completing the upload',
  'anaplan.startTask': 'starting the task',
  'anaplan.reconcileStart': 'finding out whether the task started',
  'anaplan.followTask': 'following the task',
  'anaplan.cancelTask': 'cancelling the task',
  'anaplan.fetchDump': 'storing rejected rows',
  'anaplan.fileChunks': 'listing the chunks',
  'anaplan.newerTasks': 'checking for newer tasks',
  'anaplan.downloadChunks': 'downloading',
  'anaplan.commitTarget': 'verifying the target',
  'anaplan.discardTarget': 'removing the unfinished target',
  'anaplan.createReadRequest': 'asking for the read',
  'anaplan.readPages': 'reading pages',
  'anaplan.awaitPages': 'waiting for pages',
  'anaplan.deleteReadRequest': 'ending the read',
  'anaplan.askLock': 'waiting for its turn',
};

/** A run without a worker this long is worth a word. */
const UNCLAIMED_MS = 5_000;

/** Bytes a second, measured over the last seconds. */
export class Rate {
  private points: { at: number; offset: number }[] = [];

  /** Adds a reading; answers bytes a second once two readings differ. */
  add(offset: number, at: number): number | undefined {
    const last = this.points.at(-1);
    if (last !== undefined && offset < last.offset) this.points = [];
    this.points.push({ at, offset });
    this.points = this.points.filter((p) => at - p.at <= 10_000);
    const first = this.points[0];
    if (first === undefined || at - first.at < 500 || offset === first.offset) return undefined;
    return ((offset - first.offset) * 1000) / (at - first.at);
  }
}

/** The activity worth showing: the one that runs, else the one that waits for its next attempt. */
function foremost(progress: RunProgress): ActivityProgress | undefined {
  return progress.activities.find((a) => a.running) ?? progress.activities[0];
}

/** Where in line a run stands, and behind whom. */
function waitText({ place, behind }: ProgressWait): string {
  const first = behind[0];
  const more = behind.length > 1 ? ` and ${count(behind.length - 1)} more` : '';
  const who =
    first === undefined
      ? ''
      : ` behind ${first.workflowId}, which ${first.holds ? 'holds' : 'waits for'} it since ${first.since.toISOString()}${more}`;
  return `place ${count(place)}${who}`;
}

/** What the run does, without figures that change all the time: a change of it is worth a line in a log. */
export function stepOf(progress: RunProgress, now: number): string {
  const activity = foremost(progress);
  const state = progress.state ?? (activity && (DOING[activity.type] ?? activity.type)) ?? 'running';
  const parts = [state];
  if (progress.unclaimed && now - progress.startedAt.getTime() > UNCLAIMED_MS) {
    parts.push(`no worker has taken it yet: is one running on task queue ${progress.taskQueue}?`);
  }
  // Nothing goes on by itself then: who looks has to know before anything else.
  if (progress.status === 'PAUSED') parts.push('paused in Temporal: it goes on once it is unpaused there');
  else if (activity?.paused === true)
    parts.push(`${activity.type} is paused in Temporal: it goes on once it is unpaused there`);
  if (progress.waiting !== undefined) parts.push(waitText(progress.waiting));
  if (activity?.outage?.message !== undefined) parts.push(activity.outage.message);
  else if (activity !== undefined && activity.attempt > 1 && !activity.paused) {
    // A hand-over from worker to worker is no failure; the number tells it.
    parts.push(`attempt ${activity.attempt}${activity.lastFailure ? ` after: ${activity.lastFailure}` : ''}`);
  }
  return clean(parts.join(' · '));
}

/** One line of where a run stands: step, chunks, bytes, rate, what is waited for. */
export function progressText(progress: RunProgress, now: number, rate?: number): string {
  const activity = foremost(progress);
  const parts = [stepOf(progress, now)];
  const { position, note, outage } = activity ?? {};
  if (position !== undefined) {
    const pages = activity?.type === 'anaplan.readPages';
    const unit = (pages ? 'page' : 'chunk') + (position.next === 1 ? '' : 's');
    parts.push(`${count(position.next)} ${unit}`, bytes(position.offset));
    if (rate !== undefined) parts.push(`${bytes(rate)}/s`);
  }
  if (note !== undefined) parts.push(note);
  if (outage?.since !== undefined) parts.push(`for ${span(now - outage.since)}`);
  return clean(parts.join(' · '));
}

/** Shows progress on standard error: one live line on a terminal, a line for each new step elsewhere. */
export class ProgressDisplay {
  private readonly rate = new Rate();
  private lastStep: string | undefined;
  private shown = false;

  constructor(
    private readonly out: Output,
    private readonly now: () => number = Date.now,
  ) {}

  /** Shows where the run stands now. */
  update(progress: RunProgress): void {
    const now = this.now();
    const position = foremost(progress)?.position;
    const rate = position === undefined ? undefined : this.rate.add(position.offset, now);
    this.show(
      stepOf(progress, now),
      `${span(now - progress.startedAt.getTime())} · ${progressText(progress, now, rate)}`,
    );
  }

  /** Shows something that is not the run's own word, such as that Temporal does not answer. */
  note(text: string): void {
    this.show(text, text);
  }

  /** Writes a line that stays: never behind what stands on the terminal's line. */
  say(text: string): void {
    this.clear();
    this.out.write(`${text}\n`);
  }

  private show(step: string, text: string): void {
    if (this.out.isTTY) {
      const width = Math.max(20, (this.out.columns ?? 80) - 1);
      const cut = text.length > width ? `${text.slice(0, width - 1)}…` : text;
      this.out.write(`\r\u001b[2K${cut}`);
      this.shown = true;
    } else if (step !== this.lastStep) {
      this.out.write(`${new Date(this.now()).toISOString()} ${text}\n`);
    }
    this.lastStep = step;
  }

  /** Leaves the terminal's line free for what comes. */
  clear(): void {
    if (this.shown) this.out.write('\r\u001b[2K');
    this.shown = false;
  }
}
