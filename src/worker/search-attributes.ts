import type { NativeConnection } from '@temporalio/worker';
import { SEARCH_ATTRIBUTES } from '../contracts';
import type { Log } from './logging';

/** temporal.api.enums.v1.IndexedValueType.KEYWORD */
const KEYWORD = 2;

/**
 * Makes our search attributes known to the namespace, where this worker may. To be called before polling: an unknown
 * attribute stops a run's workflow task (recipes, section 4).
 *
 * @returns whether all of them are there with the right type; if not, runs do without, and the log says so once
 */
export async function registerSearchAttributes(
  connection: NativeConnection,
  namespace: string,
  log: Log,
): Promise<boolean> {
  const known = async (): Promise<Record<string, number | null | undefined>> => {
    const answer = await connection.operatorService.listSearchAttributes({ namespace });
    return (answer.customAttributes ?? {}) as Record<string, number | null | undefined>;
  };
  try {
    const before = await known();
    const missing = SEARCH_ATTRIBUTES.filter((name) => before[name] === undefined);
    if (missing.length > 0) {
      await connection.operatorService.addSearchAttributes({
        namespace,
        searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
      });
    }
    // Adding a name that exists with another type succeeds and changes nothing, so look again.
    const after = missing.length > 0 ? await known() : before;
    const wrong = SEARCH_ATTRIBUTES.filter((name) => after[name] !== KEYWORD);
    if (wrong.length === 0) return true;
    log(
      'warn',
      `Runs do without search attributes: ${wrong.join(', ')} must be of type Keyword in namespace ${namespace}.`,
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
    // The worker itself is about to say so, with what to do.
    if (/^Namespace .*not found/.test(reason ?? '')) return false;
    log(
      'warn',
      `Runs do without search attributes, which this worker may not register in namespace ${namespace}: ` +
        `let an administrator add ${SEARCH_ATTRIBUTES.join(', ')} as Keyword, then restart the worker.`,
      { reason },
    );
  }
  return false;
}
