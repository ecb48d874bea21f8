import { z } from 'zod';
import { path, type Api, type Collection } from './api';
import { compact } from './compact';
import {
  neededText,
  optionalBoolean,
  optionalNumber,
  optionalText,
  read,
  textOrEmpty,
  unwrap,
} from './parse';
import type { CallOptions, PageOptions, Workspace } from './types';

const schema = z
  .object({
    id: neededText,
    name: textOrEmpty,
    active: optionalBoolean,
    sizeAllowance: optionalNumber,
    currentSize: optionalNumber,
  })
  .transform(compact);

const memberSchema = z
  .object({
    id: optionalText,
    email: optionalText,
    firstName: optionalText,
    lastName: optionalText,
    active: optionalBoolean,
    lastLoginDate: optionalText,
  })
  .transform(compact);

/** An administrator or visitor of a workspace. Nothing of it is documented, so everything may be missing. */
export interface WorkspaceMember {
  id?: string;
  email?: string;
  firstName?: string;
  lastName?: string;
  active?: boolean;
  lastLoginDate?: string;
}

/** Options of the calls about workspaces. */
export interface WorkspaceOptions extends CallOptions {
  /** `sizeAllowance` and an estimate of `currentSize`, in bytes. */
  details?: boolean | undefined;
}

/** Reads one workspace. */
export function parseWorkspace(raw: unknown): Workspace {
  return read(schema, raw, 'a workspace');
}

/** The workspaces of the user's default tenant (anaplan-api: "Workspaces"). */
export class WorkspacesApi {
  constructor(private readonly api: Api) {}

  /** All workspaces the user can see; their sizes only with `details`. */
  list(o: WorkspaceOptions & PageOptions = {}): Promise<Workspace[]> {
    return this.api.list(workspaces(o), o);
  }

  /** As {@link list}, one after the other; `limit` is the size of a page. */
  each(o: WorkspaceOptions & PageOptions = {}): AsyncGenerator<Workspace> {
    return this.api.each(workspaces(o), o);
  }

  /**
   * One workspace, with its sizes unless `details` is false. No access is answered as 404, in live tenants also to who is no
   * administrator of the workspace.
   */
  get(id: string, o: WorkspaceOptions = {}): Promise<Workspace> {
    return this.api.get(
      { method: 'GET', path: path`/workspaces/${id}`, query: { tenantDetails: o.details ?? true } },
      (body) => parseWorkspace(unwrap(body, ['workspace', 'workspaces'], ['id'])),
      o,
    );
  }

  /** Its administrators. Not in the guide: seen in live tenants, for tenant administrators only; others get 403 or 500. */
  admins(id: string, o?: PageOptions): Promise<WorkspaceMember[]> {
    return this.api.list(members(path`/workspaces/${id}/admins`, 'admins'), o);
  }

  /** Its visitors: users of other workspaces with a role in a model of this one. As little documented as {@link admins}. */
  visitors(id: string, o?: PageOptions): Promise<WorkspaceMember[]> {
    return this.api.list(members(path`/workspaces/${id}/visitors`, 'visitors'), o);
  }
}

const workspaces = (o: WorkspaceOptions): Collection<Workspace> => ({
  path: '/workspaces',
  query: { tenantDetails: o.details },
  what: 'the list of workspaces',
  keys: ['workspaces', 'workspace'],
  item: parseWorkspace,
  idOf: (w) => w.id,
});

const members = (at: string, key: string): Collection<WorkspaceMember> => ({
  path: at,
  what: `the list of ${key} of the workspace`,
  keys: [key, 'users'],
  marks: ['id', 'email'],
  item: (raw) => read(memberSchema, raw, 'a member of the workspace'),
  idOf: (member) => member.id ?? member.email ?? JSON.stringify(member),
});
