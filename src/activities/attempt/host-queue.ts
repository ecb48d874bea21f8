import type { ActivityDeps } from './deps';

/** The queue to go on with: that of this host, when the target is on a root of its own. */
export async function hostQueueOf(deps: ActivityDeps, uri: string): Promise<{ hostQueue?: string }> {
  if (deps.hostQueue === undefined) return {};
  return (await deps.storage.localityOf(uri)) === 'host' ? { hostQueue: deps.hostQueue } : {};
}
