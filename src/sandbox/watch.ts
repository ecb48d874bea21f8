import type { World } from './world';

/** How a request ended, as far as its client can know. */
export interface Outcome {
  method: string;
  pattern: string;
  path: string;
  params: Record<string, string>;
  /** When it arrived. */
  at: number;
  /** The status sent; 0 for none. */
  status: number;
  /** Whether the answer left whole, as far as the server knows. */
  delivered: boolean;
}

/** These answers say that the call was not carried out and may be repeated at once. */
const TURNED_AWAY = new Set([401, 410, 429]);

/** How often the end of a task may be answered: a worker can die with the first answer in its hands. */
const TERMINAL_ANSWERS = 2;

/** Watches what a client does with what it was (or was not) told. */
export class Watch {
  private readonly unanswered = new Map<string, number>();
  private polls = new Map<string, number>();
  private window: number[] = [];
  private floodedAt = -Infinity;

  constructor(private readonly world: World) {}

  /** Forgets everything. */
  reset(): void {
    this.unanswered.clear();
    this.polls.clear();
    this.window = [];
    this.floodedAt = -Infinity;
  }

  /** Counts a request of the Integration API against the 60 s window. */
  arrived(at: number, what: string): void {
    const limit = this.world.settings.requestsPerMinute;
    if (limit === false) return;
    this.window.push(at);
    while ((this.window[0] ?? at) <= at - 60_000) this.window.shift();
    if (this.window.length <= limit || at - this.floodedAt < 60_000) return;
    this.floodedAt = at;
    this.world.misuse.note('too-many-requests', `${this.window.length} requests, the last ${what}`);
  }

  /** Looks at a request that has ended. */
  ended(outcome: Outcome): void {
    if (TURNED_AWAY.has(outcome.status)) return;
    const key = `${outcome.method} ${outcome.pattern.replace(/\/(imports|exports|processes|actions)\//, '/{kind}/')}`;
    if (key === 'POST /models/{m}/{kind}/{a}/tasks') this.start(outcome);
    else if (key === 'GET /models/{m}/{kind}/{a}/tasks/{t}') this.poll(outcome);
  }

  private start(outcome: Outcome): void {
    const key = `${outcome.params.m}/${outcome.params.a}`;
    const before = this.unanswered.get(key);
    const what = `${outcome.method} ${outcome.path}`;
    if (outcome.delivered && outcome.status >= 400 && outcome.status < 500) return;
    if (before !== undefined && outcome.at - before < this.world.settings.startGraceMs) {
      this.world.misuse.note('repeated-start', what);
    }
    if (outcome.delivered && outcome.status < 400) this.unanswered.delete(key);
    else this.unanswered.set(key, outcome.at);
  }

  private poll(outcome: Outcome): void {
    const taskId = outcome.params.t ?? '';
    const what = `${outcome.method} ${outcome.path}`;
    const before = this.polls.get(taskId);
    this.polls.set(taskId, outcome.at);
    const { minPollMs } = this.world.settings;
    if (before !== undefined && outcome.at - before < minPollMs) {
      this.world.misuse.note('polled-too-often', `${what} after ${outcome.at - before} ms`);
    }
    const task = this.world.models.get(outcome.params.m ?? '')?.tasks.get(taskId);
    if (task === undefined || !outcome.delivered || outcome.status !== 200) return;
    if (task.endedAt === undefined || task.endedAt > outcome.at) return;
    task.terminalAnswers += 1;
    if (task.terminalAnswers > TERMINAL_ANSWERS) this.world.misuse.note('polled-after-end', what);
  }
}
