/** Tokens of the authentication service, and how long they live. */
import { AnaplanError } from '../errors';
import { isRecord, optionalText, optionalTime } from '../parse';

/** What the authentication service tells of a token (`GET /token/validate`). */
export interface TokenInfo {
  userId?: string;
  userGuid?: string;
  /** The tenant. */
  customerGuid?: string;
  /** Epoch milliseconds, by the service's clock. */
  expiresAt?: number;
}

/** A token, and when it is used no more. */
export interface Session {
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

/** An answer of the service. */
export interface AuthAnswer {
  body: unknown;
  method: string;
  path: string;
  status: number;
  date: number | undefined;
}

/**
 * The token that a log-in or a refresh answered with.
 * @param same - a refresh may leave the value out: it answers with the same one
 */
export function sessionOf(answer: AuthAnswer, same?: string): Session {
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

/** A token from elsewhere, which is never renewed. */
export function given(value: string): Session {
  return { value, endsAt: Infinity, renewAt: Infinity };
}

/** What `GET /token/validate` answered. */
export function tokenInfoOf(body: unknown): TokenInfo {
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
