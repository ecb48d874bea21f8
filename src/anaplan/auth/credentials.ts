import { constants, randomBytes, sign } from 'node:crypto';
import { AnaplanError } from '../errors';
import { keyPairOf, Unusable, type KeyMaterial } from './certificate';

/** How a client proves who it is. */
export type Credentials =
  | { kind: 'basic'; user: string; password: string }
  | ({
      kind: 'certificate';
      /** Payload format; `v2` (default) is required since 2026-06-19 (anaplan-api: "Authentication service"). */
      payload?: 'v1' | 'v2' | undefined;
      /** Unit of the v2 timestamp. Default `s`; two public clients write `ms`. */
      timestampUnit?: 's' | 'ms' | undefined;
    } & KeyMaterial)
  /** A token from elsewhere: it can't be renewed and is never logged out. */
  | { kind: 'token'; value: string; scheme?: 'AnaplanAuthToken' | 'Bearer' | undefined };

export const AUTHENTICATE = '/token/authenticate';

/** One log-in request: made anew for each log-in, because a payload must never be used twice. */
interface LoginRequest {
  authorization: string;
  json?: { encodedData: string; encodedSignedData: string; encodedDataFormat?: 'v2' };
}

/** Makes log-in requests from credentials. */
export type LoginMaker = () => LoginRequest;

const RANDOM_BYTES = 150; // at least 100 are asked for

/** An error about credentials that were never sent. */
function unusable(why: string): AnaplanError {
  return new AnaplanError(`The Anaplan credentials cannot be used: ${why}`, {
    kind: 'auth',
    method: 'POST',
    path: AUTHENTICATE,
    sent: 'no',
  });
}

/**
 * Checks credentials as far as that goes without Anaplan.
 * @throws AnaplanError of kind `auth`, `sent: 'no'`: a wrong passphrase, an unreadable key or certificate, a key of
 * another certificate
 */
export function loginMaker(credentials: Exclude<Credentials, { kind: 'token' }>): LoginMaker {
  if (credentials.kind === 'basic') {
    const { user, password } = credentials;
    if (user === '' || user.includes(':')) throw unusable('the user is empty or has a colon in it.');
    const authorization = `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
    return () => ({ authorization });
  }
  const { key, certificate } = usableKeyPair(credentials);
  // What was parsed, never the text of the file: that may hold the private key too.
  const authorization = `CACertificate ${Buffer.from(certificate, 'utf8').toString('base64')}`;
  const version = credentials.payload ?? 'v2';
  const unit = credentials.timestampUnit ?? 's';
  return () => {
    const data = version === 'v1' ? randomBytes(RANDOM_BYTES) : timestamped(randomBytes(RANDOM_BYTES), unit);
    const signed = sign('sha512', data, { key, padding: constants.RSA_PKCS1_PADDING });
    return {
      authorization,
      json: {
        encodedData: data.toString('base64'),
        encodedSignedData: signed.toString('base64'),
        ...(version === 'v2' ? { encodedDataFormat: 'v2' as const } : {}),
      },
    };
  };
}

function timestamped(random: Buffer, unit: 's' | 'ms'): Buffer {
  const stamp = Buffer.alloc(8);
  const now = Date.now();
  stamp.writeBigUInt64BE(BigInt(unit === 's' ? Math.floor(now / 1000) : now));
  return Buffer.concat([stamp, random]);
}

function usableKeyPair(material: KeyMaterial): ReturnType<typeof keyPairOf> {
  try {
    return keyPairOf(material);
  } catch (error) {
    if (error instanceof Unusable) throw unusable(`${error.message}.`);
    throw error;
  }
}
