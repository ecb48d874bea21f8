import { createInterface } from 'node:readline';
import type { IntegrationHandle } from '../client';
import { AnaplanTemporalError } from '../client/errors';
import type { IntegrationResult } from '../contracts';
import type { CliDeps } from './deps';
import { documentOfError } from './endings';
import type { ProgressDisplay } from './progress';
import { failureText } from './words';

/** How waiting for a run ended. */
export type Waited =
  | { kind: 'ended'; result: IntegrationResult }
  /** Left while the run goes on; `text` says so. */
  | { kind: 'detached'; text: string };

/** How often the run is looked at while it is shown. */
const LOOK_MS = 1_000;

/**
 * Waits for a run and shows its progress.
 *
 * On a terminal Ctrl-C asks whether to detach or to cancel, and a second Ctrl-C detaches at once. Elsewhere SIGINT
 * cancels the run and waits for its ending, a second one detaches. SIGTERM and SIGHUP detach: what runs this
 * command may stop it, and the run goes on.
 *
 * @param announce says that the run is waited for; called once signals are listened to
 */
export async function waitForRun(
  handle: IntegrationHandle,
  display: ProgressDisplay,
  deps: CliDeps,
  announce: () => void = () => undefined,
): Promise<Waited> {
  const { stderr } = deps;
  const ended = handle.result().then(
    (result): Waited => ({ kind: 'ended', result }),
    (error: unknown): Waited => ({ kind: 'ended', result: documentOfError(error, 'unknown') }),
  );
  const interactive = stderr.isTTY === true && deps.stdin.isTTY === true;
  const leaving = (): string => {
    const { workflowId } = handle;
    const left = `Detached: ${workflowId} goes on.`;
    if (cancelled) return `${left} It was asked to cancel, and does so by itself.`;
    return cancelling ? `${left} Temporal did not accept the cancellation.` : left;
  };
  let detach = (): void => undefined;
  const detached = new Promise<Waited>((resolve) => {
    detach = (): void => resolve({ kind: 'detached', text: leaving() });
  });
  let over = false;
  let cancelling = false;
  let cancelled = false;
  /** Asks until Temporal has taken it: a cancel that was lost while Temporal was away would let the run go on. */
  const cancel = async (): Promise<void> => {
    if (cancelling) return;
    cancelling = true;
    for (let said = false; !over;) {
      try {
        await handle.cancel();
        cancelled = true;
        return display.say(`Cancelling ${handle.workflowId}; Ctrl-C again leaves it to do so by itself.`);
      } catch (error) {
        // A run that ended meanwhile tells its own ending.
        if (over || (error instanceof AnaplanTemporalError && error.type === 'NotFound')) return;
        if (!(error instanceof AnaplanTemporalError) || error.type !== 'ServiceUnavailable') {
          cancelling = false;
          return display.say(failureText(documentOfError(error, 'unknown').failure));
        }
        if (!said) {
          said = true;
          display.say(
            `Temporal does not answer; cancelling ${handle.workflowId} is tried again until it does. ` +
              'Ctrl-C again gives that up, and the run goes on.',
          );
        }
        await Promise.race([ended, pause(LOOK_MS)]);
      }
    }
  };
  let question: { close(): void } | undefined;
  const unlisten = deps.onSignal((signal) => {
    if (signal !== 'SIGINT' || cancelling || question !== undefined) return detach();
    if (!interactive) return void cancel();
    display.clear();
    question = ask(
      deps,
      (answer) => {
        question = undefined;
        if (answer === 'cancel') void cancel();
        if (answer === 'detach') detach();
      },
      detach,
    );
  });

  // Only now: whoever reads it may answer with a signal at once.
  announce();

  const watch = async (): Promise<void> => {
    while (!over) {
      try {
        const progress = await handle.progress();
        if (!over && question === undefined && progress.closedAt === undefined) display.update(progress);
      } catch (error) {
        // The result is what is waited for; a look that fails is only worth a line.
        if (
          !over &&
          question === undefined &&
          error instanceof AnaplanTemporalError &&
          error.type === 'ServiceUnavailable'
        ) {
          display.note('Temporal does not answer; the run goes on, waiting for it');
        }
      }
      await Promise.race([ended, pause(LOOK_MS)]);
    }
  };
  const watching = watch();
  try {
    const outcome = await Promise.race([ended, detached]);
    over = true;
    if (outcome.kind === 'ended') await watching;
    return outcome;
  } finally {
    over = true;
    question?.close();
    unlisten();
    display.clear();
  }
}

/** Waits, without keeping the process for it. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

/** Asks on the terminal; `interrupted` is a Ctrl-C at the question. */
function ask(
  deps: CliDeps,
  answered: (answer: 'cancel' | 'detach' | 'go on') => void,
  interrupted: () => void,
): { close(): void } {
  const lines = createInterface({ input: deps.stdin, output: process.stderr, terminal: true });
  let done = false;
  const finish = (answer: 'cancel' | 'detach' | 'go on'): void => {
    if (done) return;
    done = true;
    lines.close();
    answered(answer);
  };
  lines.on('SIGINT', () => {
    done = true;
    lines.close();
    interrupted();
  });
  lines.on('close', () => finish('go on'));
  lines.question(
    'The run goes on without this command. [d]etach, [c]ancel the run, or Enter to keep waiting? ',
    (text) => {
      const word = text.trim().toLowerCase();
      finish(word.startsWith('c') ? 'cancel' : word.startsWith('d') ? 'detach' : 'go on');
    },
  );
  return {
    close: () => {
      done = true;
      lines.close();
    },
  };
}
