/**
 * What Anaplan told of its objects lately. Runs of one action come one after the other, and each would read the same
 * lists: names and definitions are kept for minutes, whoever asks meanwhile waits for the same answer, and what turns out
 * to be wrong is asked for again.
 */
import type { AnaplanClient } from '../../anaplan';

/** The reads that a run is prepared with. Their answers may be some minutes old. */
export interface Definitions {
  users: Pick<AnaplanClient['users'], 'me'>;
  workspaces: Pick<AnaplanClient['workspaces'], 'get' | 'list'>;
  models: Pick<AnaplanClient['models'], 'get' | 'list'>;
  files: Pick<AnaplanClient['files'], 'list'>;
  imports: Pick<AnaplanClient['imports'], 'get' | 'list'>;
  exports: Pick<AnaplanClient['exports'], 'list'>;
  processes: Pick<AnaplanClient['processes'], 'get' | 'list'>;
  actions: Pick<AnaplanClient['actions'], 'list'>;
  modules: Pick<AnaplanClient['modules'], 'list'>;
  lists: Pick<AnaplanClient['lists'], 'list'>;
  views: Pick<AnaplanClient['views'], 'list' | 'listInModule'>;
}

const READS: { [K in keyof Definitions]: readonly (keyof Definitions[K] & string)[] } = {
  users: ['me'],
  workspaces: ['get', 'list'],
  models: ['get', 'list'],
  files: ['list'],
  imports: ['get', 'list'],
  exports: ['list'],
  processes: ['get', 'list'],
  actions: ['list'],
  modules: ['list'],
  lists: ['list'],
  views: ['list', 'listInModule'],
};

/** Items of lists that are kept, of all models of a connection together: a few MB. */
const MAX_ITEMS = 20_000;

interface Kept {
  at: number;
  answer: Promise<unknown>;
  items: number;
}

const catalogues = new WeakMap<AnaplanClient, Catalogue>();

/** What the connection of this client was told. @param keepMs - see {@link Catalogue} */
export function catalogueOf(client: AnaplanClient, keepMs: number): Catalogue {
  const catalogue = catalogues.get(client) ?? new Catalogue(client, keepMs);
  catalogues.set(client, catalogue);
  return catalogue;
}

/** Anaplan has contradicted something of a model: the next run reads it anew. */
export function forgetModel(client: AnaplanClient, modelId: string): void {
  catalogues.get(client)?.forget(modelId);
}

/** What one connection was told. */
class Catalogue {
  private readonly kept = new Map<string, Kept>();

  /** @param keepMs - how long an answer is good; 0: it is read each time */
  constructor(
    private readonly client: AnaplanClient,
    private readonly keepMs: number,
  ) {}

  /**
   * Resolves with what is known, and once more with what Anaplan says now where that fails: a name that is not found may
   * be a new one, and an object that is refused may be gone.
   */
  async resolve<T>(signal: AbortSignal, resolve: (read: Definitions) => Promise<T>): Promise<T> {
    const used: string[] = [];
    try {
      return await resolve(this.reads(signal, used));
    } catch (error) {
      if (used.length === 0 || signal.aborted) throw error;
      for (const key of used) this.kept.delete(key);
      return resolve(this.reads(signal, []));
    }
  }

  /** Drops what is known of a model, and of where it is. */
  forget(modelId: string): void {
    for (const key of this.kept.keys()) {
      if (key.includes(modelId) || /^\["(models|workspaces)"/.test(key)) this.kept.delete(key);
    }
  }

  /** @param used - gets the keys of the answers that were known before */
  private reads(signal: AbortSignal, used: string[]): Definitions {
    if (this.keepMs <= 0) return this.client;
    const areas = Object.entries(READS).map(([area, methods]) => {
      const api = this.client[area as keyof Definitions] as unknown as Record<string, Read>;
      const remembering = methods.map((method): [string, Read] => [
        method,
        (...args) => {
          const { signal: _, ...options } = optionsIn(args);
          const plain = [...args.filter((arg) => !isOptions(arg)), options];
          const read = (): Promise<unknown> => (api[method] as Read).call(api, ...plain);
          return this.remember(JSON.stringify([area, method, ...plain]), read, signal, used);
        },
      ]);
      return [area, Object.fromEntries(remembering)];
    });
    return Object.fromEntries(areas) as unknown as Definitions;
  }

  private remember(
    key: string,
    read: () => Promise<unknown>,
    signal: AbortSignal,
    used: string[],
  ): Promise<unknown> {
    const known = this.kept.get(key);
    if (known !== undefined && performance.now() - known.at < this.keepMs) {
      used.push(key);
      return unless(signal, known.answer);
    }
    // No caller's signal ends it: others wait for the same answer.
    const kept: Kept = { at: performance.now(), answer: read(), items: 1 };
    this.kept.delete(key);
    this.kept.set(key, kept);
    kept.answer.then(
      (answer) => {
        kept.items = Array.isArray(answer) ? answer.length + 1 : 1;
        this.bound();
      },
      () => {
        if (this.kept.get(key) === kept) this.kept.delete(key);
      },
    );
    return unless(signal, kept.answer);
  }

  /** The oldest go first. */
  private bound(): void {
    let items = 0;
    for (const one of this.kept.values()) items += one.items;
    for (const [key, one] of this.kept) {
      if (items <= MAX_ITEMS) return;
      this.kept.delete(key);
      items -= one.items;
    }
  }
}

type Read = (...args: unknown[]) => Promise<unknown>;

function isOptions(arg: unknown): arg is { signal?: AbortSignal } {
  return typeof arg === 'object' && arg !== null && 'signal' in arg;
}

function optionsIn(args: readonly unknown[]): { signal?: AbortSignal } {
  return args.find(isOptions) ?? {};
}

/** Waits for an answer that others may wait for, too. */
async function unless<T>(signal: AbortSignal, answer: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([answer, aborted]);
  } finally {
    if (stop) signal.removeEventListener('abort', stop);
  }
}
