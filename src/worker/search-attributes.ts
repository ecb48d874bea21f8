import type { NativeConnection } from '@temporalio/worker';
import { SEARCH_ATTRIBUTES } from '../contracts';
import type { Log } from './logging';

/** temporal.api.enums.v1.IndexedValueType.KEYWORD */
const KEYWORD = 2;

/** gRPC status codes of a server that does not answer now: CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE. */
const PASSING: readonly unknown[] = [1, 4, 8, 14];

/** How often a worker looks whether its search attributes are still there. */
const EVERY_MS = 60_000;

/** The part of a connection that this file needs. */
export type SearchAttributesConnection = Pick<NativeConnection, 'operatorService'>;

/**
 * Our search attributes in a namespace, kept registered while a worker runs, where it may. An attribute that is gone
 * fails the workflow task of a run that sets it, which workflow code cannot catch; Temporal tries the task again, and
 * the run goes on once the attribute is back.
 */
export class SearchAttributes {
  private state: boolean | undefined;
  private said: string | undefined;

  constructor(
    private readonly connection: SearchAttributesConnection,
    private readonly namespace: string,
    private readonly log: Log,
  ) {}

  /** Whether all of them are there with the right type. If not, new runs do without. */
  get registered(): boolean {
    return this.state === true;
  }

  /** Looks, and registers what is missing. Never throws: what is wrong is in the log, once, with what to do. */
  async check(): Promise<void> {
    const { namespace } = this;
    try {
      const before = await this.known();
      const missing = SEARCH_ATTRIBUTES.filter((name) => before[name] === undefined);
      if (missing.length > 0) {
        await this.connection.operatorService.addSearchAttributes({
          namespace,
          searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
        });
      }
      // Adding a name that exists with another type succeeds and changes nothing, so look again.
      const after = missing.length > 0 ? await this.known() : before;
      const wrong = SEARCH_ATTRIBUTES.filter((name) => after[name] !== KEYWORD);
      if (wrong.length > 0) return this.without(missing, wrong);
      if (this.state === true && missing.length > 0) {
        this.log('warn', `Search attributes were gone and are registered again: ${missing.join(', ')}.`);
      }
      if (this.state === false) this.log('info', 'The search attributes are there now; new runs set them.');
      this.state = true;
      this.said = undefined;
    } catch (error) {
      const reason = error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error);
      // The worker itself is about to say so, with what to do.
      if (/^Namespace .*not found/.test(reason)) return;
      // A server that does not answer says nothing about them.
      if (this.state !== undefined && PASSING.includes((error as { code?: unknown }).code)) return;
      this.without(await this.missing(), [], reason);
    }
  }

  /** Checks again and again. @returns how to stop */
  watch(everyMs: number = EVERY_MS): () => void {
    let stopped = false;
    let timer: NodeJS.Timeout | undefined;
    const next = (): void => {
      if (stopped) return;
      timer = setTimeout(() => void this.check().then(next), everyMs);
      timer.unref();
    };
    next();
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }

  /** New runs do without; the log says why and how to change that, again only when that changes. */
  private without(missing: readonly string[], wrong: readonly string[], reason?: string): void {
    const { namespace } = this;
    const why =
      wrong.length > 0
        ? `${wrong.join(', ')} must be of type Keyword in namespace ${namespace}.`
        : `this worker may not register them in namespace ${namespace}.`;
    const halted = this.state === true ? ' Runs that set them before cannot go on until they are back.' : '';
    const commands = [
      ...wrong.map((name) => command('remove --yes', namespace, name)),
      ...(wrong.length > 0 ? wrong : missing).map((name) =>
        command('create --type Keyword', namespace, name),
      ),
    ];
    const text = `New runs do without search attributes: ${why}${halted} Let an administrator run: ${commands.join(' && ')}`;
    this.state = false;
    if (text === this.said) return;
    this.said = text;
    this.log('warn', text, reason === undefined ? {} : { reason });
  }

  private async known(): Promise<Record<string, number | null | undefined>> {
    const answer = await this.connection.operatorService.listSearchAttributes({ namespace: this.namespace });
    return (answer.customAttributes ?? {}) as Record<string, number | null | undefined>;
  }

  /** Those to be added; all of them where that cannot be seen. */
  private async missing(): Promise<readonly string[]> {
    try {
      const known = await this.known();
      const missing = SEARCH_ATTRIBUTES.filter((name) => known[name] === undefined);
      return missing.length > 0 ? missing : SEARCH_ATTRIBUTES;
    } catch {
      return SEARCH_ATTRIBUTES;
    }
  }
}

/** The Temporal CLI's command for one attribute: of several names it creates only the first. */
function command(action: string, namespace: string, name: string): string {
  return `temporal operator search-attribute ${action} --namespace ${namespace} --name ${name}`;
}
