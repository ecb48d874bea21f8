import { Api } from './api';
import { Authenticator } from './auth/authenticator';
import type { Credentials } from './auth/credentials';
import { CellsApi } from './cells';
import { ActionsApi, ExportsApi, ImportsApi, ProcessesApi } from './definitions';
import { DimensionsApi } from './dimensions';
import { DumpsApi } from './dumps';
import { FilesApi } from './files';
import { DEFAULT_TIMEOUTS, type Timeouts } from './http/dispatcher';
import { Transport, type LogEvent } from './http/transport';
import { DEFAULT_REQUESTS_PER_MINUTE, shareLimiter, type RateLimiter } from './limiter';
import { ModelsApi } from './models';
import { LineItemsApi } from './line-items';
import { ListsApi } from './lists';
import { ModulesApi } from './objects';
import { ReadsApi } from './reads';
import { TasksApi } from './tasks';
import { CalendarApi, VersionsApi } from './time';
import { UsersApi } from './users';
import { ViewsApi } from './views';
import { WorkspacesApi } from './workspaces';

/** What a client needs to know. */
export interface AnaplanClientOptions {
  /** E.g. `https://api.anaplan.com`; `/2/0` is appended unless the URL ends with it. See `REGIONS`. */
  apiUrl: string;
  /** E.g. `https://auth.anaplan.com`. */
  authUrl: string;
  /** A function is called again before each log-in: where the secret can be rotated, it reads it from its place. */
  credentials: Credentials | (() => Credentials);
  /** What messages call this log-in, such as the name of a connection. */
  name?: string | undefined;
  /** Calls in any 60 s, log-ins included. Default 540. Not used where `limiter` is given. */
  requestsPerMinute?: number | undefined;
  /** Milliseconds. Defaults: `DEFAULT_TIMEOUTS`. */
  timeouts?: Partial<Timeouts> | undefined;
  userAgent?: string | undefined;
  /**
   * The tenant's limiter, to be shared by all clients of one tenant. Without it, clients of this process with the same
   * API host share one: which tenant a user belongs to is not known before the log-in, and Anaplan counts a tenant's
   * users together.
   */
  limiter?: RateLimiter | undefined;
  /** Called for every request, log-in and pause. Holds no secret and no data. */
  onLog?: ((event: LogEvent) => void) | undefined;
}

const LOGOUT_MS = 5_000;

/**
 * A client of the Anaplan Integration API v2: one method per call of the API, grouped by area. It logs in when first
 * needed, keeps one token, and holds the tenant's rate limit. Every failure is an `AnaplanError`; apart from a second
 * try after 401 and 410 it repeats nothing (see `retryRule` for what a caller may repeat, and when).
 *
 * Proxies come from HTTPS_PROXY, HTTP_PROXY and NO_PROXY, a private CA from NODE_EXTRA_CA_CERTS.
 */
export class AnaplanClient {
  readonly auth: Authenticator;
  readonly limiter: RateLimiter;
  readonly users: UsersApi;
  readonly workspaces: WorkspacesApi;
  readonly models: ModelsApi;
  readonly files: FilesApi;
  readonly imports: ImportsApi;
  readonly exports: ExportsApi;
  readonly processes: ProcessesApi;
  readonly actions: ActionsApi;
  readonly tasks: TasksApi;
  readonly dumps: DumpsApi;
  readonly modules: ModulesApi;
  readonly views: ViewsApi;
  readonly lineItems: LineItemsApi;
  readonly cells: CellsApi;
  readonly dimensions: DimensionsApi;
  readonly lists: ListsApi;
  readonly versions: VersionsApi;
  readonly calendar: CalendarApi;
  readonly reads: ReadsApi;
  private readonly transport: Transport;
  private readonly releaseLimiter: () => void;
  private closing: Promise<void> | undefined;

  /**
   * @throws AnaplanError of kind `auth`, `sent: 'no'`, where the credentials are unusable
   * @throws TypeError where a URL is none
   */
  constructor(options: AnaplanClientOptions) {
    const apiUrl = baseUrl(options.apiUrl, 'apiUrl').replace(/\/2\/0$/, '') + '/2/0';
    const authUrl = baseUrl(options.authUrl, 'authUrl');
    const own =
      options.limiter === undefined
        ? sharedLimiter(apiUrl, options)
        : { limiter: options.limiter, release: () => undefined };
    this.limiter = own.limiter;
    this.releaseLimiter = own.release;
    const timeouts = { ...DEFAULT_TIMEOUTS, ...defined(options.timeouts ?? {}) };
    this.transport = new Transport({
      limiter: this.limiter,
      timeouts,
      userAgent: options.userAgent ?? 'anaplan-temporal',
      onLog: options.onLog,
    });
    try {
      this.auth = new Authenticator(this.transport, authUrl, options.credentials, options.name);
    } catch (error) {
      this.releaseLimiter();
      void this.transport.close();
      throw error;
    }
    const api = new Api(this.transport, this.auth, apiUrl);
    this.users = new UsersApi(api);
    this.workspaces = new WorkspacesApi(api);
    this.models = new ModelsApi(api);
    this.files = new FilesApi(api, timeouts.completeMs);
    this.imports = new ImportsApi(api);
    this.exports = new ExportsApi(api);
    this.processes = new ProcessesApi(api);
    this.actions = new ActionsApi(api);
    this.tasks = new TasksApi(api);
    this.dumps = new DumpsApi(api);
    this.modules = new ModulesApi(api);
    this.views = new ViewsApi(api);
    this.lineItems = new LineItemsApi(api);
    this.cells = new CellsApi(api, timeouts.completeMs);
    this.dimensions = new DimensionsApi(api);
    this.lists = new ListsApi(api, timeouts.completeMs);
    this.versions = new VersionsApi(api);
    this.calendar = new CalendarApi(api);
    this.reads = new ReadsApi(api, timeouts.completeMs);
  }

  /**
   * Closes all connections; calls under way fail. Never throws.
   * @param o.logOut - ends the token, too (5 s at most). Not while tasks run that somebody follows: when the last user of
   * a model has logged out, Anaplan may unload it and forget its tasks. Default false: a token ends by itself after 35 min
   */
  close(o: { logOut?: boolean } = {}): Promise<void> {
    this.closing ??= this.shutDown(o.logOut ?? false);
    return this.closing;
  }

  private async shutDown(logOut: boolean): Promise<void> {
    if (logOut) await this.auth.logout(AbortSignal.timeout(LOGOUT_MS));
    else this.auth.end();
    await this.transport.close();
    this.releaseLimiter();
  }
}

function sharedLimiter(
  apiUrl: string,
  options: AnaplanClientOptions,
): { limiter: RateLimiter; release(): void } {
  return shareLimiter(new URL(apiUrl).origin, options.requestsPerMinute ?? DEFAULT_REQUESTS_PER_MINUTE);
}

function baseUrl(url: string, name: string): string {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new TypeError(`${name} must be an http or https URL`);
  }
  const { origin, pathname } = new URL(url);
  return origin + pathname.replace(/\/+$/, '');
}

function defined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as Partial<T>;
}
