import type { AddressInfo } from 'node:net';
import type { Sandbox } from './controls';
import { resolveOptions, type SandboxOptions } from './options';
import { TenantServer } from './server';
import { MODELS, SAMPLE, SALES_MODEL, WORKSPACES } from './tenant';
import { World } from './world';

/**
 * Starts a sandbox tenant: an HTTP server with the surface and the rules of the Anaplan API, as far as its
 * documentation tells. What it does and how sure that is: {@link BEHAVIOURS}.
 *
 * Rejects where the address cannot be bound.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const settings = resolveOptions(options);
  const world = new World(settings);
  const tenant = new TenantServer(world);
  for (const fault of options.faults ?? []) world.faults.add(fault);
  try {
    await new Promise<void>((resolve, reject) => {
      tenant.server.once('error', reject);
      tenant.server.listen(settings.port, settings.host, resolve);
    });
  } catch (error) {
    world.close();
    throw error;
  }
  const { port } = tenant.server.address() as AddressInfo;
  const host = settings.host === '0.0.0.0' || settings.host === '::' ? '127.0.0.1' : settings.host;
  world.baseUrl = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return tenant.sandbox;
}

/** One line of {@link describeTenant}. */
export interface TenantEntry {
  kind:
    'workspace' | 'model' | 'import' | 'export' | 'process' | 'action' | 'file' | 'module' | 'view' | 'list';
  id: string;
  name: string;
  /** Workspace of a model, state of a model, columns of an import and so on. */
  note?: string;
}

/** The tenant's workspaces and models, and the objects of the sample model, for printing. */
export function describeTenant(_sandbox?: Sandbox): TenantEntry[] {
  const { imports, exports, processes, actions, files, modules, views, lists } = SAMPLE;
  const plain = (kind: TenantEntry['kind'], items: readonly { id: string; name: string }[]): TenantEntry[] =>
    items.map(({ id, name }) => ({ kind, id, name }));
  return [
    ...plain('workspace', WORKSPACES),
    ...MODELS.map((model): TenantEntry => {
      const workspace = WORKSPACES.find((candidate) => candidate.id === model.workspaceId)?.name ?? '';
      const state = model.state === 'open' ? '' : `, ${model.state}`;
      const sample = model.id === SALES_MODEL ? ', the sample model' : '';
      return { kind: 'model', id: model.id, name: model.name, note: `${workspace}${state}${sample}` };
    }),
    ...imports.map(({ id, name, fileId, headerNames }): TenantEntry => ({
      kind: 'import',
      id,
      name,
      note: fileId === undefined ? 'from another model' : `file ${fileId}: ${headerNames.join(', ')}`,
    })),
    ...plain('export', exports),
    ...processes.map(({ id, name, actionIds }): TenantEntry => ({
      kind: 'process',
      id,
      name,
      note: actionIds.join(', '),
    })),
    ...actions.map(({ id, name, actionType }): TenantEntry => ({
      kind: 'action',
      id,
      name,
      note: actionType ?? 'no type',
    })),
    ...plain('file', files),
    ...plain('module', modules),
    ...views.map(({ id, fullName }): TenantEntry => ({ kind: 'view', id, name: fullName })),
    ...plain('list', lists),
  ];
}
