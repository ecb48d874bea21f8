/** What every command does that asks Temporal something and prints the answer. */
import type { AnaplanTemporalClient } from '../client';
import { EXIT } from '../contracts';
import type { CliDeps, Exit } from './deps';
import { documentOfError, exitOf } from './endings';
import { connectOptions } from './run-integration';
import type { RunFlags } from './shared-flags';
import { failureText } from './words';

/**
 * Runs something with a client; errors become a sentence (or a document) and the exit code of their type.
 * @param said - rewrites an error in the words of the command line
 */
export async function withClient(
  flags: RunFlags,
  deps: CliDeps,
  run: (client: AnaplanTemporalClient) => Promise<string | object>,
  said: (error: unknown) => unknown = (error) => error,
): Promise<Exit> {
  const json = flags.output === 'json';
  let client: AnaplanTemporalClient | undefined;
  try {
    client = await deps.connect(connectOptions(flags, deps));
    const answer = await run(client);
    if (typeof answer !== 'string') deps.stdout.write(`${JSON.stringify(answer, undefined, 2)}\n`);
    else if (!json) deps.stdout.write(answer);
    return EXIT.ok;
  } catch (error) {
    const document = documentOfError(said(error), 'none');
    if (json) deps.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
    deps.stderr.write(`${failureText(document.failure)}\n`);
    return exitOf(document);
  } finally {
    await client?.close().catch(() => undefined);
  }
}
