/** Base of the Temporal UI: as told by `TEMPORAL_UI_URL`, Temporal Cloud's, or a dev server's that answers. */
export async function findUi(
  address: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const told = env.TEMPORAL_UI_URL;
  if (told !== undefined && told !== '') return told.replace(/\/+$/, '');
  if (address === undefined) return undefined;
  if (/\.(tmprl\.cloud|api\.temporal\.io)(:\d+)?$/.test(address)) return 'https://cloud.temporal.io';
  // "temporal server start-dev" puts its UI 1,000 ports above; a server in containers does not, so look.
  const local = /^(localhost|127\.0\.0\.1):(\d+)$/.exec(address);
  if (!local) return undefined;
  const url = `http://${local[1]}:${Number(local[2]) + 1000}`;
  try {
    // The UI answers 405 to HEAD.
    const answer = await fetch(url, { signal: AbortSignal.timeout(500) });
    await answer.body?.cancel();
    return answer.ok ? url : undefined;
  } catch {
    return undefined;
  }
}

/** The page of a run. */
export function runLink(base: string, namespace: string, workflowId: string, runId?: string): string {
  const run = runId === undefined ? '' : `/${encodeURIComponent(runId)}`;
  return `${base}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}${run}`;
}
