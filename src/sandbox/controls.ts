import type { Rows } from './data';
import type { Fault } from './faults';
import type { FileInfo } from './files';
import { Refusal } from './http';
import type { Misuse } from './misuse';
import type { ModelStatus } from './model';
import type { LiveOptions } from './options';
import type { TenantServer } from './server';
import { exportById, readInfo, taskInfo, type ReadInfo, type TaskInfo } from './state';
import type { RequestRecord, World } from './world';

/** The user whose tasks `otherUserStarts` starts. */
const OTHER_USER = 'other.user@example.com';

/** A running sandbox tenant. `modelId` is everywhere the sample model `Sales Planning` unless given. */
export interface Sandbox {
  /** Base URL without a trailing slash: both the API URL (`/2/0/...`) and the authentication URL (`/token/...`). */
  readonly url: string;
  /** The user who can log in, with the password of now. */
  readonly credentials: { user: string; password: string };
  /** Planned faults; see {@link Fault}. */
  readonly faults: {
    /** The planned faults, and how often each was met and has struck. */
    list(): readonly { id: string; fault: Fault; seen: number; hits: number }[];
    /** Plans a fault; answers its ID. */
    add(fault: Fault): string;
    /** Takes a fault back; answers whether it was there. */
    remove(id: string): boolean;
    /** Takes all faults back. */
    clear(): void;
    /** Lets requests go on that a fault holds (a `stall`), or that any fault does. */
    release(id?: string): void;
    /** How often a fault has struck. */
    hits(id: string): number;
  };
  /** Every request so far, oldest first. */
  readonly record: readonly RequestRecord[];
  /** What a careful client would not have done, one line `kind: sentence [request]` each. */
  readonly misuse: readonly string[];
  /** The same, structured. */
  readonly misuses: readonly Misuse[];
  /** The tasks of the model, oldest first, of one action or of all; those of other users too. */
  tasks(actionId?: string, modelId?: string): TaskInfo[];
  /** What a file holds: an upload, or an export's output. Nothing for an unknown ID. */
  files(fileId: string, modelId?: string): FileInfo | undefined;
  /** Large reads that nobody has deleted and that have not expired. */
  openReadRequests(modelId?: string): ReadInfo[];
  /** A copy of the model's rows. */
  rows(modelId?: string): Rows;
  /** Puts the model into a state, for a time or for good. */
  setModelState(state: { status: ModelStatus; forMs?: number; modelId?: string }): void;
  /** Unloads the model: its task lists are empty, its tasks answer 404. */
  unloadModel(modelId?: string): void;
  /** Another user starts an action; the task takes its time but changes no rows. Answers its ID. */
  otherUserStarts(actionId: string, options?: { user?: string; modelId?: string }): string;
  /** Writes an export's file anew behind the client's back, as a second run would. */
  replaceExport(exportId: string, options?: { bytes?: number; modelId?: string }): FileInfo;
  /** The next large reads end COMPLETE with `successful: false`. */
  failNextReads(count?: number, modelId?: string): void;
  /** All open large reads expire now (404). */
  expireReads(modelId?: string): void;
  /** All tokens die now (401). */
  expireTokens(): void;
  /** The user gets another password. Tokens live on unless `expireTokens` says otherwise. */
  setPassword(password: string, options?: { expireTokens?: boolean }): void;
  /** Refuses every log-in, right or wrong, or no longer. Tokens live on. */
  refuseLogIns(refuse?: boolean): void;
  /** All users have logged out: tokens die, models are unloaded, task IDs are gone. */
  logOutAll(): void;
  /** A private file, or all of them, expires: imports and downloads then get the default file, or nothing. */
  expireFiles(fileId?: string, modelId?: string): void;
  /** Sets or (`null`) removes the default file of an import's or export's file. */
  setDefaultFile(fileId: string, content: string | Uint8Array | null, modelId?: string): void;
  /** Changes durations and the like while it runs; what runs follows. */
  configure(options: LiveOptions): void;
  /** Brings the tasks to where they should be now; resolves when their effects have happened. */
  settle(): Promise<void>;
  /** Back to the beginning: rows, files, tasks, tokens, faults, record, misuse. */
  reset(): void;
  /** Ends every connection, removes what is on disk. */
  close(): Promise<void>;
}

/** What steers a tenant: in this process, and over HTTP below `/sandbox` (see `control.ts`). */
export function sandboxOf(tenant: TenantServer, world: World): Sandbox {
  const model = (modelId?: string) => world.model(modelId);
  return {
    get url() {
      return world.baseUrl;
    },
    get credentials() {
      return { user: world.settings.user, password: world.settings.password };
    },
    faults: {
      list: () => world.faults.list(),
      add: (fault) => world.faults.add(fault),
      remove: (id) => world.faults.remove(id),
      clear: () => world.faults.clear(),
      release: (id) => world.faults.release(id),
      hits: (id) => world.faults.hits(id),
    },
    record: world.record,
    get misuse() {
      return world.misuse.lines();
    },
    get misuses() {
      return world.misuse.list();
    },
    tasks: (actionId, modelId) =>
      model(modelId)
        .tasks.list()
        .filter((task) => actionId === undefined || task.actionId === actionId)
        .map((task) => taskInfo(model(modelId), task)),
    files: (fileId, modelId) => model(modelId).files.info(fileId),
    openReadRequests: (modelId) => model(modelId).reads.open().map(readInfo),
    rows: (modelId) => model(modelId).data.rows(),
    setModelState: ({ status, forMs, modelId }) => model(modelId).setStatus(status, forMs),
    unloadModel: (modelId) => model(modelId).tasks.unload(),
    otherUserStarts: (actionId, { user = OTHER_USER, modelId } = {}) => {
      const task = model(modelId).start(actionId, user, { localeName: 'en_US' }, false);
      if (task === undefined) throw new Refusal(404, `There is no action ${actionId}.`);
      return task.taskId;
    },
    replaceExport: (exportId, { bytes, modelId } = {}) => {
      model(modelId).writeExport(exportById(model(modelId), exportId), bytes);
      const info = model(modelId).files.info(exportId);
      if (info === undefined) throw new Refusal(404, `There is no file ${exportId}.`);
      return info;
    },
    failNextReads: (count = 1, modelId) => model(modelId).reads.failNextReads(count),
    expireReads: (modelId) => model(modelId).reads.expireAll(),
    expireTokens: () => world.auth.expireAll(),
    setPassword: (password, o) => world.setPassword(password, o),
    refuseLogIns: (refuse = true) => world.auth.refuseLogIns(refuse),
    logOutAll: () => world.auth.logOutAll(),
    expireFiles: (fileId, modelId) => model(modelId).files.expire(fileId),
    setDefaultFile: (fileId, content, modelId) => model(modelId).files.setDefault(fileId, content),
    configure: (changes) => world.configure({ ...changes }),
    settle: async () => {
      await Promise.all([...world.models.values()].map((each) => each.tasks.settle()));
    },
    reset: () => tenant.reset(),
    close: async () => {
      const closed = new Promise<void>((resolve) => tenant.server.close(() => resolve()));
      tenant.server.closeAllConnections();
      await closed;
      world.close();
    },
  };
}
