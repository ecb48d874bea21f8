import { randomBytes, verify, X509Certificate } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { asObject, empty, header, json, type Reply } from './http';
import type { MisuseLog } from './misuse';
import type { Settings } from './options';

interface Token {
  value: string;
  id: string;
  refreshId: string;
  expiresAt: number;
  dead: boolean;
  loggedOut: boolean;
  /** When an answer first called the token dead. */
  toldAt?: number;
}

/** Calls already under way when a token died are no misuse. */
const UNDER_WAY_MS = 250;
const STORM_WINDOW_MS = 60_000;
const STORM_LOG_INS = 3;
/** So many refused log-ins in so long are how accounts get locked (assumed). */
const REFUSED_LOG_INS = 5;
const REFUSAL_WINDOW_MS = 5 * 60_000;
/** How far the time stamp of a v2 payload may be from now (assumed; behaviour `certificate-v2`). */
const STAMP_TOLERANCE_MS = 10 * 60_000;

/** The ID of the sandbox's user, as answered by `users/me` and `validate`. */
export const USER_ID = '8a8b844a477d5da70147d150ee080b17';
/** The ID of the tenant. */
export const CUSTOMER_ID = '8b81da6f5fb6b75701604d6c950c05b1';

class AuthFailure extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

const badCredential = (message: string) => new AuthFailure(401, 'FAILURE_BAD_CREDENTIAL', message);
const badHeader = (message: string) => new AuthFailure(400, 'FAILURE_BAD_HEADER', message);

/** The authentication service: log-in, refresh, validate, log-out, and the life of tokens. */
export class Authenticator {
  private tokens = new Map<string, Token>();
  private logIns: number[] = [];
  private usedPayloads = new Set<string>();
  private refusals: number[] = [];
  private refusing = false;

  constructor(
    private readonly settings: Settings,
    private readonly misuse: MisuseLog,
    private readonly baseUrl: () => string,
    private readonly lastLogOut: () => void,
  ) {}

  /** Forgets all tokens. */
  reset(): void {
    this.tokens.clear();
    this.logIns = [];
    this.usedPayloads.clear();
    this.refusals = [];
    this.refusing = false;
  }

  /** From now on no log-in is accepted, or again those that are right. */
  refuseLogIns(refuse: boolean): void {
    this.refusing = refuse;
  }

  /** Every user has logged out (behaviour `log-out-unloads`). */
  logOutAll(): void {
    for (const token of this.tokens.values()) token.loggedOut = true;
    this.lastLogOut();
  }

  /** Ends every token, as a restart of the service would; the next call with one is answered 401. */
  expireAll(): void {
    for (const token of this.tokens.values()) token.dead = true;
  }

  /** Ends the token of a request. */
  expire(headers: IncomingHttpHeaders): void {
    const token = this.find(headers, true);
    if (token !== undefined) token.dead = true;
  }

  /** Whether a request of the Integration API carries a living token; notes the use of dead ones. */
  admits(headers: IncomingHttpHeaders, what: string): boolean {
    const token = this.find(headers, true);
    if (token === undefined) return false;
    if (this.alive(token)) return true;
    const now = this.settings.clock();
    if (token.toldAt === undefined) token.toldAt = now;
    else if (now - token.toldAt > UNDER_WAY_MS) this.misuse.note('dead-token', what);
    return false;
  }

  /** Answers a request below `/token`, or nothing for an unknown path. */
  answer(method: string, path: string, headers: IncomingHttpHeaders, body: Buffer): Reply | undefined {
    try {
      if (method === 'POST' && path === '/token/authenticate') return this.authenticate(headers, body);
      if (method === 'POST' && path === '/token/refresh') return this.refresh(headers);
      if (method === 'GET' && path === '/token/validate') return this.validate(headers);
      if (method === 'POST' && path === '/token/logout') return this.logout(headers);
      return undefined;
    } catch (error) {
      if (!(error instanceof AuthFailure)) throw error;
      if (path === '/token/authenticate') this.watchRefusals();
      return json({ status: error.code, statusMessage: error.message }, error.status);
    }
  }

  private find(headers: IncomingHttpHeaders, bearer: boolean): Token | undefined {
    const match = /^(AnaplanAuthToken|Bearer)\s+(\S+)$/.exec(header(headers, 'authorization') ?? '');
    if (match === null || (match[1] === 'Bearer' && !bearer)) return undefined;
    return this.tokens.get(match[2] ?? '');
  }

  private alive(token: Token): boolean {
    return !token.dead && !token.loggedOut && this.settings.clock() < token.expiresAt;
  }

  private authenticate(headers: IncomingHttpHeaders, body: Buffer): Reply {
    const [scheme, credential = ''] = (header(headers, 'authorization') ?? '').split(/\s+/);
    if (this.refusing) throw badCredential('Login failed');
    if (scheme === 'Basic') this.checkPassword(credential);
    else if (scheme === 'CACertificate') this.checkCertificate(credential, body);
    else throw badHeader('The Authorization header must be of type Basic or CACertificate.');
    this.watchForStorm();
    const token: Token = {
      value: randomBytes(48).toString('base64url'),
      id: randomBytes(16).toString('hex'),
      refreshId: randomBytes(16).toString('hex'),
      expiresAt: this.settings.clock() + this.settings.tokenLifeMs,
      dead: false,
      loggedOut: false,
    };
    this.tokens.set(token.value, token);
    return json(this.tokenBody(token, 'Login successful'), 201);
  }

  private checkPassword(credential: string): void {
    const text = Buffer.from(credential, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    if (colon < 0) throw badHeader('The Basic credential must be base64 of user:password.');
    const same = text.slice(0, colon).toLowerCase() === this.settings.user.toLowerCase();
    if (!same || text.slice(colon + 1) !== this.settings.password) throw badCredential('Login failed');
  }

  /** anaplan-api: "Authentication service", certificate v1 and v2. */
  private checkCertificate(credential: string, body: Buffer): void {
    this.watchCredential(Buffer.from(credential, 'base64').toString('latin1'));
    let certificate: X509Certificate;
    let payload: Record<string, unknown> | undefined;
    try {
      certificate = new X509Certificate(Buffer.from(credential, 'base64'));
    } catch {
      throw badHeader('The CACertificate credential must be base64 of a PEM certificate.');
    }
    try {
      payload = asObject(JSON.parse(body.toString('utf8')));
    } catch {
      payload = undefined;
    }
    const { encodedData, encodedSignedData, encodedDataFormat } = payload ?? {};
    if (typeof encodedData !== 'string' || typeof encodedSignedData !== 'string') {
      throw new AuthFailure(400, 'FAILURE_BAD_REQUEST', 'encodedData and encodedSignedData are required.');
    }
    const format = encodedDataFormat === undefined ? 'v1' : encodedDataFormat;
    if ((format !== 'v1' && format !== 'v2') || !this.settings.certificateFormats.includes(format)) {
      throw new AuthFailure(
        400,
        'FAILURE_BAD_REQUEST',
        `The payload format ${String(format)} is not accepted.`,
      );
    }
    const data = Buffer.from(encodedData, 'base64');
    if (data.length < 100) throw badCredential('encodedData must hold at least 100 bytes.');
    if (format === 'v2') this.checkStamp(data);
    const trusted = this.settings.certificates;
    if (trusted !== undefined) {
      const known = trusted.map((pem) => new X509Certificate(pem).fingerprint256);
      if (!known.includes(certificate.fingerprint256))
        throw badCredential('The certificate is not registered.');
    }
    const now = this.settings.clock();
    if (now < Date.parse(certificate.validFrom) || now > Date.parse(certificate.validTo)) {
      throw badCredential('The certificate is not valid at this time.');
    }
    const signature = Buffer.from(encodedSignedData, 'base64');
    if (!verify('RSA-SHA512', data, certificate.publicKey, signature)) {
      throw badCredential('The signature does not fit the data and the certificate.');
    }
    if (format === 'v2') {
      if (this.usedPayloads.has(encodedData)) throw badCredential('The payload has been used before.');
      this.usedPayloads.add(encodedData);
    }
  }

  private checkStamp(data: Buffer): void {
    const stamp = Number(data.readBigUInt64BE(0));
    const at = this.settings.certificateTimestamp === 'seconds' ? stamp * 1_000 : stamp;
    if (Math.abs(at - this.settings.clock()) > STAMP_TOLERANCE_MS) {
      throw badCredential('The time stamp of the payload is too far from the present.');
    }
  }

  /** The credential is base64 of one PEM certificate. What a client takes from its disk may be more. */
  private watchCredential(text: string): void {
    if (/^\s*-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\s*$/.test(text)) return;
    // Nothing of it is repeated: only what kind of thing it was.
    const what = text.includes('PRIVATE KEY') ? 'a private key' : 'other text';
    this.misuse.note('more-than-certificate', what);
  }

  private watchRefusals(): void {
    const now = this.settings.clock();
    this.refusals = [...this.refusals.filter((at) => now - at < REFUSAL_WINDOW_MS), now];
    if (this.refusals.length > REFUSED_LOG_INS) {
      this.misuse.note('refused-log-ins', `${this.refusals.length} log-ins of ${this.settings.user}`);
    }
  }

  private watchForStorm(): void {
    const now = this.settings.clock();
    this.logIns = this.logIns.filter((at) => now - at < STORM_WINDOW_MS);
    const holding = [...this.tokens.values()].some((token) => this.alive(token));
    this.logIns = holding ? [...this.logIns, now] : [now];
    if (this.logIns.length > STORM_LOG_INS) {
      this.misuse.note('log-in-storm', `${this.logIns.length} log-ins of ${this.settings.user}`);
    }
  }

  private refresh(headers: IncomingHttpHeaders): Reply {
    const token = this.require(headers);
    // anaplan-api: "Authentication service": a refresh answers the same tokenValue with a later expiresAt.
    token.expiresAt = this.settings.clock() + this.settings.tokenLifeMs;
    return json(this.tokenBody(token, 'Token refreshed'));
  }

  private validate(headers: IncomingHttpHeaders): Reply {
    const token = this.require(headers);
    return json({
      ...this.tokenBody(token, 'Token validated'),
      userInfo: { userGuid: USER_ID, userId: this.settings.user, customerGuid: CUSTOMER_ID },
    });
  }

  private logout(headers: IncomingHttpHeaders): Reply {
    this.require(headers).loggedOut = true;
    const others = [...this.tokens.values()].some((token) => this.alive(token));
    if (!others && this.settings.unloadOnLogOut) this.lastLogOut();
    return empty();
  }

  /** anaplan-api: "Authentication service": it rejects `Bearer`. */
  private require(headers: IncomingHttpHeaders): Token {
    const token = this.find(headers, false);
    if (token === undefined || !this.alive(token)) {
      throw new AuthFailure(401, 'FAILURE_INVALID_TOKEN', 'The token is not valid.');
    }
    return token;
  }

  private tokenBody(token: Token, statusMessage: string): Record<string, unknown> {
    return {
      meta: { validationUrl: `${this.baseUrl()}/token/validate` },
      status: 'SUCCESS',
      statusMessage,
      tokenInfo: {
        expiresAt: token.expiresAt,
        tokenId: token.id,
        tokenValue: token.value,
        refreshTokenId: token.refreshId,
      },
    };
  }
}
