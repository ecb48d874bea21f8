import { AnaplanError, NOT_ANAPLANS } from '../errors';
import { bodyErrors, MAX_JSON_BYTES, parseJson, readText } from '../http/body';
import { serverDate } from '../http/headers';
import type { Transport, WireRequest } from '../http/transport';
import { withShare } from '../limiter';
import { REMEMBER_REFUSAL_MS } from '../retry';
import { AUTHENTICATE, loginMaker, type Credentials, type LoginMaker } from './credentials';
import { again, isRefusal, loggedInAs, refusalOf, secretOf, unavailable, type Refused } from './refusal';
import { given, sessionOf, tokenInfoOf, type AuthAnswer, type Session, type TokenInfo } from './session';
import { waitFor } from './wait-for';

export type { TokenInfo };

/** A secret that was never tried is tried at once, but not more often than this. */
const BETWEEN_SECRETS_MS = 10_000;
/** The service is quick; a log-in that hangs holds every call. */
const AUTH_TIMEOUT_MS = 60_000;
const RETRY_REFRESH_MS = 30_000;

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
      // Which tenant it is decides on the rate of all other calls.
      ahead: true,
    });
    return tokenInfoOf(body);
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
    options: { authorization: string; json?: unknown; signal?: AbortSignal | undefined; ahead?: true },
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
      ahead: options.ahead,
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

function makerOf(credentials: Credentials): LoginMaker | undefined {
  return credentials.kind === 'token' ? undefined : loginMaker(credentials);
}
