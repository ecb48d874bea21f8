import { ABORTED, AnaplanError, NOT_ANAPLANS } from '../errors';
import { bodyErrors, MAX_JSON_BYTES, parseJson, readText } from '../http/body';
import { serverDate } from '../http/headers';
import type { Transport, WireRequest } from '../http/transport';
import { withShare } from '../limiter';
import { REMEMBER_REFUSAL_MS } from '../retry';
import { isRecord, optionalText, optionalTime } from '../parse';
import { AUTHENTICATE, loginMaker, type Credentials, type LoginMaker } from './credentials';

/** What the authentication service tells of a token (`GET /token/validate`). */
export interface TokenInfo {
  userId?: string;
  userGuid?: string;
  /** The tenant. */
  customerGuid?: string;
  /** Epoch milliseconds, by the service's clock. */
  expiresAt?: number;
}

interface Session {
  value: string;
  /** When it ends, by our monotonic clock. */
  endsAt: number;
  /** From when on it is renewed before use. */
  renewAt: number;
}

/** A token lives 35 minutes (anaplan-api: "Authentication service"); assumed where the answer does not say. */
const DEFAULT_LIFE_MS = 35 * 60_000;
const REFRESH_BEFORE_MS = 5 * 60_000;
/** For tokens shorter than usual: the last part of their life in which they are renewed. */
const REFRESH_PART = 0.15;
/** A secret that was never tried is tried at once, but not more often than this. */
const BETWEEN_SECRETS_MS = 10_000;
/** The service is quick; a log-in that hangs holds every call. */
const AUTH_TIMEOUT_MS = 60_000;
const RETRY_REFRESH_MS = 30_000;

/** A log-in that was refused, and what it was made with. */
interface Refused {
  error: AnaplanError;
  at: number;
  secret: string;
}

/**
 * The client's one token: asked for once by however many calls wait for it, refreshed 5 minutes before it ends, and
 * replaced once when Anaplan refuses it.
 *
 * Credentials that are given as a function are read again before each log-in, so that a rotated secret is found. After a
 * refusal no log-in with the same secret is made for 5 minutes, whoever asks: accounts are locked after a few wrong tries.
 */
export class Authenticator {
  private credentials: Credentials;
  private readonly reread: (() => Credentials) | undefined;
  private maker: LoginMaker | undefined;
  private session: Session | undefined;
  private renewal: Promise<Session> | undefined;
  private refusal: Refused | undefined;
  /** A new token that a call was refused with: another log-in would not help that call. */
  private doubted: { token: string; until: number } | undefined;
  private closed = false;

  /** @throws AnaplanError of kind `auth` where the credentials are unusable; see {@link loginMaker} */
  constructor(
    private readonly transport: Transport,
    private readonly authUrl: string,
    credentials: Credentials | (() => Credentials),
    private readonly name?: string,
  ) {
    this.reread = typeof credentials === 'function' ? credentials : undefined;
    this.credentials = typeof credentials === 'function' ? credentials() : credentials;
    this.maker = makerOf(this.credentials);
    this.hide(this.credentials);
    if (this.credentials.kind === 'token') this.session = given(this.credentials.value);
  }

  /** False for a token from elsewhere: when Anaplan refuses it, nothing can be done here. */
  get renewable(): boolean {
    return this.maker !== undefined || this.reread !== undefined;
  }

  /** The value of the `Authorization` header for a token. */
  authorization(token: string): string {
    const { credentials } = this;
    const scheme =
      credentials.kind === 'token' ? (credentials.scheme ?? 'AnaplanAuthToken') : 'AnaplanAuthToken';
    return `${scheme} ${token}`;
  }

  /** Texts that a server may echo. */
  private hide(credentials: Credentials): void {
    const hidden =
      credentials.kind === 'token'
        ? [credentials.value]
        : credentials.kind === 'basic'
          ? [
              credentials.password,
              Buffer.from(`${credentials.user}:${credentials.password}`, 'utf8').toString('base64'),
            ]
          : [];
    for (const secret of hidden) this.transport.hide(secret, { forEver: true });
  }

  /**
   * A token that is not about to end. Logs in or refreshes when needed, once for all who wait.
   * @throws AnaplanError: kind `auth` when the credentials were refused (remembered for 5 min), kind `network`,
   * `timeout` or `status` when the service is in trouble
   */
  async token(signal?: AbortSignal): Promise<string> {
    const { session } = this;
    if (session !== undefined && performance.now() < session.renewAt) return session.value;
    return (await waitFor(this.renew(false), signal)).value;
  }

  /**
   * A token other than the one Anaplan refused: the current one, if it was replaced meanwhile, else a new log-in,
   * once for all whose call met the refusal.
   * @throws as {@link token}; kind `auth` at once for a token from elsewhere
   */
  async replace(refused: string, signal?: AbortSignal): Promise<string> {
    if (this.session !== undefined && this.session.value !== refused) return this.token(signal);
    if (this.doubted?.token === refused && performance.now() < this.doubted.until) {
      throw new AnaplanError('Anaplan refuses the call with 401 although the token is new.', {
        kind: 'auth',
        method: 'POST',
        path: AUTHENTICATE,
        status: 401,
        sent: 'no',
      });
    }
    this.session = undefined;
    return (await waitFor(this.renew(true), signal)).value;
  }

  /** Notes that a call was refused with a token that is new: the next refusal of it is not answered by a log-in. */
  doubt(token: string): void {
    this.doubted = { token, until: performance.now() + REMEMBER_REFUSAL_MS };
  }

  /** Asks the service whether the token is good and whose it is. Logs in first where there is none. */
  async validate(signal?: AbortSignal): Promise<TokenInfo> {
    const token = await this.token(signal);
    const { body } = await this.call('GET', '/token/validate', {
      authorization: this.authorization(token),
      signal,
    });
    const root = isRecord(body) ? body : {};
    const user = isRecord(root['userInfo']) ? root['userInfo'] : {};
    const info = isRecord(root['tokenInfo']) ? root['tokenInfo'] : {};
    const result: TokenInfo = {};
    const userId = optionalText.parse(user['userId'] ?? undefined);
    const userGuid = optionalText.parse(user['userGuid'] ?? undefined);
    const customerGuid = optionalText.parse(user['customerGuid'] ?? undefined);
    const expiresAt = optionalTime.parse(info['expiresAt'] ?? undefined);
    if (userId !== undefined) result.userId = userId;
    if (userGuid !== undefined) result.userGuid = userGuid;
    if (customerGuid !== undefined) result.customerGuid = customerGuid;
    if (expiresAt !== undefined) result.expiresAt = expiresAt;
    return result;
  }

  /** Refuses further calls. The token ends by itself. */
  end(): void {
    this.closed = true;
    this.session = undefined;
  }

  /**
   * Ends the token at the service (it is dead at once) and refuses further calls. Never throws: a token that could
   * not be ended ends by itself.
   */
  async logout(signal?: AbortSignal): Promise<void> {
    this.closed = true;
    await this.renewal?.catch(() => undefined);
    const { session } = this;
    this.session = undefined;
    if (session === undefined || this.credentials.kind === 'token' || performance.now() >= session.endsAt)
      return;
    try {
      await this.call('POST', '/token/logout', { authorization: this.authorization(session.value), signal });
      this.transport.log({ event: 'logout' });
    } catch {
      // See above.
    }
  }

  /** Log-in or refresh, single flight. Nobody's signal ends it: others wait for the same one. */
  private renew(forced: boolean): Promise<Session> {
    this.renewal ??= this.obtain(forced).finally(() => {
      this.renewal = undefined;
    });
    return this.renewal;
  }

  private async obtain(forced: boolean): Promise<Session> {
    if (this.closed) throw unavailable('The client is closed.');
    const current = forced ? undefined : this.session;
    if (current !== undefined && performance.now() < current.endsAt) {
      try {
        return this.keep(await this.refresh(current));
      } catch {
        // A refresh that fails is answered by a log-in, whatever the reason.
      }
    }
    try {
      return this.keep(await this.login());
    } catch (error) {
      if (current !== undefined && performance.now() < current.endsAt && !isRefusal(error)) {
        // The service is in trouble but the token still lives: go on with it and try again shortly.
        return this.keep({
          ...current,
          renewAt: Math.min(current.endsAt, performance.now() + RETRY_REFRESH_MS),
        });
      }
      throw error;
    }
  }

  private keep(session: Session): Session {
    this.session = session;
    this.transport.hide(session.value);
    return session;
  }

  /** Reads the credentials again; where that fails, those of before are as good as any. */
  private refreshCredentials(): void {
    try {
      const credentials = this.reread?.();
      if (credentials === undefined || secretOf(credentials) === secretOf(this.credentials)) return;
      this.maker = makerOf(credentials);
      this.credentials = credentials;
      this.hide(credentials);
    } catch (error) {
      // A file that is just being replaced. Whoever waits for the log-in is told what Anaplan says to the old secret.
      if (!(error instanceof Error)) throw error;
    }
  }

  /** Whether a log-in would be one more wrong try. */
  private assertUntried(): void {
    const { refusal } = this;
    if (refusal === undefined) return;
    const changed = refusal.secret !== secretOf(this.credentials);
    const until = refusal.at + (changed ? BETWEEN_SECRETS_MS : REMEMBER_REFUSAL_MS);
    const now = performance.now();
    if (now < until) throw again(refusal.error, now - refusal.at, until - now);
  }

  private async login(): Promise<Session> {
    this.refreshCredentials();
    this.assertUntried();
    if (this.credentials.kind === 'token') {
      const { value } = this.credentials;
      if (this.session === undefined && this.reread !== undefined) return given(value);
      throw unavailable('A given token cannot be renewed.');
    }
    if (this.maker === undefined) throw unavailable('A given token cannot be renewed.');
    const secret = secretOf(this.credentials);
    const { authorization, json } = this.maker();
    try {
      const answer = await this.call('POST', AUTHENTICATE, { authorization, json });
      const session = sessionOf(answer);
      this.refusal = undefined;
      this.transport.log({ event: 'login' });
      return session;
    } catch (error) {
      const refused = refusalOf(error, `${loggedInAs(this.credentials, this.name)} at ${this.authUrl}`);
      if (refused === undefined) throw error;
      this.refusal = { error: refused, at: performance.now(), secret };
      throw refused;
    }
  }

  private async refresh(current: Session): Promise<Session> {
    const answer = await this.call('POST', '/token/refresh', {
      authorization: this.authorization(current.value),
    });
    this.transport.log({ event: 'refresh' });
    return sessionOf(answer, current.value);
  }

  private async call(
    method: 'GET' | 'POST',
    path: string,
    options: { authorization: string; json?: unknown; signal?: AbortSignal | undefined },
  ): Promise<AuthAnswer> {
    const request: WireRequest = {
      method,
      base: this.authUrl,
      path,
      headers: {
        authorization: options.authorization,
        accept: 'application/json',
        'accept-encoding': 'identity',
      },
      json: options.json,
      priority: 'light',
      signal: options.signal,
      headersTimeoutMs: AUTH_TIMEOUT_MS,
    };
    // Every run of the tenant waits for it, not only the one that happened to ask.
    const res = await withShare('log-in', () => this.transport.send(request));
    const errors = bodyErrors(res, (signal) => this.transport.aborted(request, signal, 'answered'));
    const text = await readText(res, MAX_JSON_BYTES, errors);
    try {
      return { body: parseJson(text), path, date: serverDate(res.headers), status: res.status, method };
    } catch {
      throw new AnaplanError(`${method} ${path} answered with something that is not JSON.`, {
        kind: 'protocol',
        method,
        path,
        status: res.status,
        sent: 'answered',
        code: NOT_ANAPLANS,
      });
    }
  }
}

interface AuthAnswer {
  body: unknown;
  method: string;
  path: string;
  status: number;
  date: number | undefined;
}

/** @param same - a refresh may leave the value out: it answers with the same one */
function sessionOf(answer: AuthAnswer, same?: string): Session {
  const root = isRecord(answer.body) ? answer.body : {};
  const info = isRecord(root['tokenInfo']) ? root['tokenInfo'] : root;
  const value = optionalText.parse(info['tokenValue'] ?? undefined) ?? same;
  if (value === undefined || value === '') {
    throw new AnaplanError(`${answer.method} ${answer.path} answered without a token.`, {
      kind: 'protocol',
      method: answer.method,
      path: answer.path,
      status: answer.status,
      sent: 'answered',
    });
  }
  const life = lifeMs(optionalTime.parse(info['expiresAt'] ?? undefined), answer.date);
  const now = performance.now();
  return {
    value,
    endsAt: now + life,
    renewAt: now + life - Math.min(REFRESH_BEFORE_MS, life * REFRESH_PART),
  };
}

/** Life of a token from its end by the service's clock, measured against the service's own `Date`. */
function lifeMs(expiresAt: number | undefined, date: number | undefined): number {
  if (expiresAt === undefined) return DEFAULT_LIFE_MS;
  const epochMs = expiresAt < 1e11 ? expiresAt * 1000 : expiresAt;
  const life = epochMs - (date ?? Date.now());
  if (life <= 0 || life > 24 * 60 * 60_000) return DEFAULT_LIFE_MS;
  // `Date` has whole seconds, so the service's clock may be up to one ahead of it.
  return date === undefined ? life : Math.max(life - 1000, life / 2);
}

function isRefusal(error: unknown): boolean {
  return error instanceof AnaplanError && error.kind === 'auth';
}

/** Whose log-in it is, for messages: the secret never is. */
function loggedInAs(credentials: Credentials, name: string | undefined): string {
  const who = credentials.kind === 'basic' ? `user "${credentials.user}"` : `the ${credentials.kind}`;
  return name === undefined ? who : `${who} (connection "${name}")`;
}

/** The auth error of a log-in that was refused; undefined for any other trouble. */
function refusalOf(error: unknown, who: string): AnaplanError | undefined {
  if (!(error instanceof AnaplanError) || error.kind !== 'status') return undefined;
  if (error.status !== 401 && error.status !== 400 && error.status !== 403) return undefined;
  const said = error.anaplanMessage;
  return new AnaplanError(
    `Anaplan refused the log-in of ${who} with ${error.status}${said === undefined ? '' : ` "${said.replace(/\.$/, '')}"`}.`,
    {
      remedy:
        'Check the user and password or the certificate; under single sign-on, basic authentication needs an exception user.',
      kind: 'auth',
      method: error.method,
      path: error.path,
      status: error.status,
      sent: 'answered',
      anaplanMessage: said,
      serverDate: error.serverDate,
    },
  );
}

/** The same refusal for another call: each has an error of its own, nothing was sent for it. */
function again(error: AnaplanError, agoMs: number, leftMs: number): AnaplanError {
  const seconds = (ms: number): string => `${Math.ceil(ms / 1000)} s`;
  const when = `That was ${seconds(agoMs)} ago; so that the account is not locked, the next log-in waits ${seconds(leftMs)}.`;
  return new AnaplanError(`${error.message} ${when}`, {
    kind: 'auth',
    method: error.method,
    path: error.path,
    status: error.status,
    sent: 'no',
    anaplanMessage: error.anaplanMessage,
    remedy: error.remedy,
  });
}

/** What tells one secret from another. Never leaves this file. */
function secretOf(credentials: Credentials): string {
  return JSON.stringify(credentials);
}

function makerOf(credentials: Credentials): LoginMaker | undefined {
  return credentials.kind === 'token' ? undefined : loginMaker(credentials);
}

function given(value: string): Session {
  return { value, endsAt: Infinity, renewAt: Infinity };
}

function unavailable(why: string): AnaplanError {
  return new AnaplanError(why, { kind: 'auth', method: 'POST', path: AUTHENTICATE, sent: 'no' });
}

/** Waits for something shared, but no longer than the caller wants. */
async function waitFor<T>(shared: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return shared;
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () =>
      reject(
        new AnaplanError('The call was aborted while it waited for the log-in; nothing was sent.', {
          kind: 'network',
          method: 'POST',
          path: AUTHENTICATE,
          sent: 'no',
          code: ABORTED,
          cause: signal.reason as unknown,
        }),
      );
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  shared.catch(() => undefined);
  try {
    return await Promise.race([shared, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
