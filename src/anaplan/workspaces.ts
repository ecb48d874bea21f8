import { z } from 'zod';
import { path, type Api } from './api';
import { compact } from './compact';
import { neededText, optionalBoolean, optionalNumber, read, textOrEmpty, unwrap } from './parse';
import type { CallOptions, Workspace } from './types';

const schema = z
  .object({
    id: neededText,
    name: textOrEmpty,
    active: optionalBoolean,
    sizeAllowance: optionalNumber,
    currentSize: optionalNumber,
  })
  .transform(compact);

/** Reads one workspace. */
export function parseWorkspace(raw: unknown): Workspace {
  return read(schema, raw, 'a workspace');
}

/** The workspaces of the user's default tenant (anaplan-api: "Workspaces"). */
export class WorkspacesApi {
  constructor(private readonly api: Api) {}

  /** All workspaces the user can see, without their sizes. */
  list(o?: CallOptions): Promise<Workspace[]> {
    return this.api.list(
      {
        path: '/workspaces',
        what: 'the list of workspaces',
        keys: ['workspaces', 'workspace'],
        item: parseWorkspace,
        idOf: (w) => w.id,
      },
      o,
    );
  }

  /** One workspace with its sizes. No access is answered as 404. */
  get(id: string, o?: CallOptions): Promise<Workspace> {
    return this.api.get(
      { method: 'GET', path: path`/workspaces/${id}`, query: { tenantDetails: true } },
      (body) => parseWorkspace(unwrap(body, ['workspace', 'workspaces'], ['id'])),
      o,
    );
  }
}
