import { randomBytes } from 'node:crypto';
import type { TaskResult } from './results';

/** The states of a task (anaplan-api: "Get the status of an import task"). */
export type TaskState = 'NOT_STARTED' | 'IN_PROGRESS' | 'COMPLETE' | 'CANCELLING' | 'CANCELLED';

/** Which collection an action belongs to. */
export type ActionKind = 'imports' | 'exports' | 'processes' | 'actions';

/** One action that a task carries out: a process has several. */
export interface Step {
  actionId: string;
  run: () => Promise<TaskResult>;
}

/** A task. Times are epoch ms. */
export interface Task {
  taskId: string;
  kind: ActionKind;
  actionId: string;
  /** E-mail of the user who started it. */
  user: string;
  createdAt: number;
  startedAt?: number;
  endedAt?: number;
  cancelAt?: number;
  state: TaskState;
  steps: readonly Step[];
  /** The results of the steps done so far, with their times. */
  done: { result: TaskResult; startedAt: number; endedAt: number }[];
  result?: TaskResult;
  localeName: string;
  /** As it was sent: accepted and kept. */
  mappingParameters?: unknown;
  /** How often its end has been answered, for the misuse watch. */
  terminalAnswers: number;
}

/** What is known when a task is made. */
export type NewTask = Pick<Task, 'kind' | 'actionId' | 'user' | 'steps' | 'localeName'> & {
  mappingParameters?: unknown;
};

/** Durations of tasks, in ms. */
export interface TaskTiming {
  taskDurationMs: number;
  taskStartDelayMs: number;
  taskCancelMs: number;
  clock: () => number;
}

const CANCEL_CODES: Partial<Record<ActionKind, [string, string]>> = {
  imports: ['msgImportCancelled', 'Import cancelled by user'],
  exports: ['msgExportCancelled', 'Export cancelled by user'],
};

/** A task that has ended. */
export const isTerminal = (task: Task) => task.state === 'COMPLETE' || task.state === 'CANCELLED';

/**
 * Runs the tasks of one model, one at a time in the order of their starts. Time is looked at when somebody asks
 * ({@link settle}); a timer asks too, so that effects do not wait for a poll.
 */
export class TaskQueue {
  private tasks: Task[] = [];
  private lastEnd = 0;
  private settling: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly timing: TaskTiming) {}

  /** All tasks, oldest first. */
  list(): readonly Task[] {
    return this.tasks;
  }

  /** A task by its ID. */
  get(taskId: string): Task | undefined {
    return this.tasks.find((task) => task.taskId === taskId);
  }

  /** The task that holds the model now. */
  running(): Task | undefined {
    return this.tasks.find((task) => task.state === 'IN_PROGRESS' || task.state === 'CANCELLING');
  }

  /** Adds a task at the end of the queue. */
  start(parts: NewTask): Task {
    const task: Task = {
      ...parts,
      taskId: randomBytes(16).toString('hex').toUpperCase(),
      // Creation times are distinct, so that lists have one order.
      createdAt: Math.max(this.timing.clock(), (this.tasks.at(-1)?.createdAt ?? 0) + 1),
      state: 'NOT_STARTED',
      done: [],
      terminalAnswers: 0,
    };
    this.tasks.push(task);
    this.wake();
    return task;
  }

  /** DELETE of a task: a waiting one is cancelled at once, a running one after a while, or it ends first. */
  cancel(task: Task): void {
    if (task.state === 'NOT_STARTED') this.end(task, 'CANCELLED', this.timing.clock());
    if (task.state !== 'IN_PROGRESS') return;
    task.state = 'CANCELLING';
    task.cancelAt = this.timing.clock() + this.timing.taskCancelMs;
    this.wake();
  }

  /** The model is unloaded: its tasks are forgotten, running ones never end. */
  unload(): void {
    clearTimeout(this.timer);
    this.tasks = [];
  }

  /** Stops the timer. */
  close(): void {
    clearTimeout(this.timer);
  }

  /** How far a task is, from 0 to 1. */
  progress(task: Task): number {
    if (isTerminal(task)) return 1;
    if (task.startedAt === undefined || this.timing.taskDurationMs === 0) return 0;
    return Math.min(0.99, Math.max(0, (this.timing.clock() - task.startedAt) / this.timing.taskDurationMs));
  }

  /** Brings every task to where it should be now. */
  settle(): Promise<void> {
    this.settling = this.settling.then(() => this.advance()).finally(() => this.wake());
    return this.settling;
  }

  private async advance(): Promise<void> {
    for (;;) {
      const now = this.timing.clock();
      const task = this.running();
      if (task === undefined) {
        const next = this.tasks.find((waiting) => waiting.state === 'NOT_STARTED');
        if (next === undefined) return;
        const from = Math.max(next.createdAt + this.timing.taskStartDelayMs, this.lastEnd);
        if (from > now) return;
        next.state = 'IN_PROGRESS';
        next.startedAt = from;
        continue;
      }
      const due = this.nextStepAt(task);
      if (task.cancelAt !== undefined && task.cancelAt < due) {
        if (task.cancelAt > now) return;
        this.end(task, 'CANCELLED', task.cancelAt);
        continue;
      }
      if (due > now) return;
      await this.step(task, due);
    }
  }

  private nextStepAt(task: Task): number {
    const share = (task.done.length + 1) / Math.max(1, task.steps.length);
    return (task.startedAt ?? task.createdAt) + this.timing.taskDurationMs * Math.min(1, share);
  }

  private async step(task: Task, due: number): Promise<void> {
    const step = task.steps[task.done.length];
    if (step !== undefined) {
      const startedAt = task.done.at(-1)?.endedAt ?? task.startedAt ?? due;
      const result = await step.run();
      if (!this.tasks.includes(task)) return;
      task.done.push({ result, startedAt, endedAt: due });
      // A process stops at the action that failed (behaviour `process-stops`).
      if (result.successful && task.done.length < task.steps.length) return;
    }
    this.end(task, 'COMPLETE', due);
  }

  private end(task: Task, state: 'COMPLETE' | 'CANCELLED', at: number): void {
    task.state = state;
    task.endedAt = at;
    this.lastEnd = Math.max(this.lastEnd, at);
    task.result = state === 'COMPLETE' ? completed(task) : cancelled(task);
  }

  /** Sets the timer to the next moment at which something is due. */
  private wake(): void {
    clearTimeout(this.timer);
    const task = this.running();
    const waiting = this.tasks.find((next) => next.state === 'NOT_STARTED');
    let at: number | undefined;
    if (task !== undefined) at = Math.min(this.nextStepAt(task), task.cancelAt ?? Infinity);
    else if (waiting !== undefined)
      at = Math.max(waiting.createdAt + this.timing.taskStartDelayMs, this.lastEnd);
    if (at === undefined) return;
    // At least a little later: with a clock that stands still the timer must not spin.
    const wait = Math.min(60_000, Math.max(20, at - this.timing.clock()));
    this.timer = setTimeout(() => void this.settle(), wait);
    this.timer.unref();
  }
}

function completed(task: Task): TaskResult {
  const results = task.done.map((step) => step.result);
  const [only] = results;
  if (task.kind !== 'processes')
    return only ?? { failureDumpAvailable: false, objectId: task.actionId, successful: true };
  return {
    failureDumpAvailable: results.some((result) => result.failureDumpAvailable),
    nestedResults: results,
    objectId: task.actionId,
    successful: results.every((result) => result.successful),
  };
}

function cancelled(task: Task): TaskResult {
  const [type, localMessageText] = CANCEL_CODES[task.kind] ?? [];
  const results = task.done.map((step) => step.result);
  return {
    ...(type === undefined || localMessageText === undefined
      ? {}
      : { details: [{ localMessageText, occurrences: 0, type, values: [] }] }),
    failureDumpAvailable: results.some((result) => result.failureDumpAvailable),
    ...(task.kind === 'processes' ? { nestedResults: results } : {}),
    objectId: task.actionId,
    successful: false,
  };
}
