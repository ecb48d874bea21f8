import type { AnaplanTemporalClient, IntegrationHandle, StartOptions } from '../client';
import { AnaplanTemporalError, documentOf } from '../client/errors';
import {
  commandOf,
  compact,
  EXIT,
  idFault,
  type InputIssue,
  type IntegrationName,
  type IntegrationResult,
  issuesText,
  tell,
} from '../contracts';
import { checkInput } from '../contracts/schemas';
import { configuredTaskQueue } from '../worker/config';
import { ConfigError } from '../worker/config-error';
import { keepSignals, type CliDeps, type Exit } from './deps';
import { documentOfError, exitOf } from './endings';
import { flagOf, inputOf, type Flags } from './integrations';
import { ProgressDisplay } from './progress';
import { renderResult } from './render';
import type { RunFlags, TemporalFlags } from './shared-flags';
import { findUi, runLink } from './ui-link';
import { waitForRun } from './wait';
import { failureText } from './words';

/** The text of a check that failed, with the flags that set the fields. */
export function usageText(issues: readonly { path: string; message: string }[]): string {
  const named = issues.map((issue) => {
    const field = issue.path.split(/[.[]/, 1)[0] ?? '';
    return field === '' ? issue : { ...issue, path: issue.path.replace(field, flagOf(field)) };
  });
  return issuesText(named);
}

/** What is wrong with the flags that say how a run is started. */
function runIssues({ id, onClosed }: RunFlags): InputIssue[] {
  const fault = id === undefined ? undefined : idFault(id);
  return [
    ...(fault === undefined ? [] : [{ path: 'id', message: fault }]),
    ...(onClosed === undefined || onClosed === 'rerun' || id !== undefined
      ? []
      : [{ path: 'onClosed', message: 'needs --id: every start without it has an ID of its own' }]),
  ];
}

/** Where Temporal is and which queue runs go to, from flags, environment and file. */
export function connectOptions(
  flags: TemporalFlags,
  deps: CliDeps,
): { address?: string; namespace?: string; profile?: string; taskQueue: string } {
  try {
    const taskQueue = configuredTaskQueue({
      env: deps.env,
      cwd: deps.cwd,
      ...compact({ configPath: flags.config, taskQueue: flags.taskQueue }),
    });
    return {
      taskQueue,
      ...compact({ address: flags.address, namespace: flags.namespace, profile: flags.profile }),
    };
  } catch (error) {
    if (error instanceof ConfigError)
      throw new AnaplanTemporalError('InvalidInput', error.message, { cause: error });
    throw error;
  }
}

/**
 * Runs one integration: starts it, waits with progress on standard error, prints its result on standard output.
 *
 * @returns the exit code (design, "CLI exit codes")
 */
export async function runIntegration(
  integration: IntegrationName,
  flags: Flags & RunFlags,
  deps: CliDeps,
): Promise<Exit> {
  const began = Date.now();
  const json = flags.output === 'json';
  const end = (result: IntegrationResult, o: Parameters<typeof renderResult>[2] = {}): Exit => {
    if (json) deps.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
    else deps.stdout.write(renderResult(integration, result, { tookMs: Date.now() - began, ...o }));
    return exitOf(result);
  };
  const check = checkInput(integration, inputOf(integration, flags));
  const issues = [...(check.ok ? [] : check.issues), ...runIssues(flags)];
  if (!check.ok || issues.length > 0) {
    const message = `The input is not valid: ${usageText(issues)}.`;
    const remedy = `See "anaplan-temporal ${commandOf(integration)} --help".`;
    const result = documentOf({ ...tell('InvalidInput', message, remedy), effects: 'none' });
    if (json) return end(result);
    deps.stderr.write(`${failureText(result.failure)}\n`);
    return exitOf(result);
  }
  let client: AnaplanTemporalClient | undefined;
  let handle: IntegrationHandle | undefined;
  let signals: ReturnType<typeof keepSignals> | undefined;
  try {
    client = await deps.connect(connectOptions(flags, deps));
    signals = keepSignals(deps);
    handle = await client.start(integration, check.input, startOptions(flags));
    return await waitOrLeave(handle, flags, { deps: signals.deps, client, json, end });
  } catch (error) {
    return end(
      documentOfError(error, handle === undefined ? 'none' : 'unknown'),
      handle === undefined ? {} : { workflowId: handle.workflowId },
    );
  } finally {
    signals?.stop();
    await client?.close().catch(() => undefined);
  }
}

function foundText({ workflowId, joined, ended }: IntegrationHandle): string {
  if (ended) return `${workflowId} had ended already; nothing was started.`;
  return `${joined ? 'Joined the open run' : 'Started'} ${workflowId}`;
}

interface Running {
  deps: CliDeps;
  client: AnaplanTemporalClient;
  json: boolean;
  end(result: IntegrationResult, o?: Parameters<typeof renderResult>[2]): Exit;
}

function startOptions({ id, onClosed, summary }: RunFlags): StartOptions {
  return {
    ...compact({ id, onClosed, summary }),
  };
}

async function waitOrLeave(
  handle: IntegrationHandle,
  flags: RunFlags,
  { deps, client, json, end }: Running,
): Promise<Exit> {
  const { workflowId, runId } = handle;
  const ids = json ? `${JSON.stringify({ workflowId, runId })}\n` : `${workflowId}\n`;
  if (flags.detach === true) {
    deps.stdout.write(ids);
    return EXIT.ok;
  }
  const ui = await findUi(client.address, deps.env);
  const link = ui === undefined ? undefined : runLink(ui, client.namespace, workflowId, runId);
  const display = new ProgressDisplay(deps.stderr);
  const waited = await waitForRun(handle, display, deps, () => {
    display.say(`${foundText(handle)}${link === undefined ? '' : `\n${link}`}`);
  });
  if (waited.kind === 'detached') {
    deps.stderr.write(`${waited.text}\n`);
    if (json) deps.stdout.write(ids);
    return EXIT.unexpected;
  }
  return end(waited.result, { workflowId, ...compact({ link }) });
}
