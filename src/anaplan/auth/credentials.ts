import {
  constants,
  createPrivateKey,
  createPublicKey,
  randomBytes,
  sign,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';
import { AnaplanError } from '../errors';

/** How a client proves who it is. */
export type Credentials =
  | { kind: 'basic'; user: string; password: string }
  | {
      kind: 'certificate';
      /** The PEM text, whole chain as it was issued. */
      certificate: string;
      /** The PEM text of the RSA key, encrypted or not. */
      privateKey: string;
      passphrase?: string | undefined;
      /** Payload format; `v2` (default) is required since 2026-06-19 (anaplan-facts.md). */
      payload?: 'v1' | 'v2' | undefined;
      /** Unit of the v2 timestamp. Default `s`; two public clients write `ms`. */
      timestampUnit?: 's' | 'ms' | undefined;
    }
  /** A token from elsewhere: it can't be renewed and is never logged out. */
  | { kind: 'token'; value: string; scheme?: 'AnaplanAuthToken' | 'Bearer' | undefined };

export const AUTHENTICATE = '/token/authenticate';

/** One log-in request: made anew for each log-in, because a payload must never be used twice. */
export interface LoginRequest {
  authorization: string;
  json?: { encodedData: string; encodedSignedData: string; encodedDataFormat?: 'v2' };
}

/** Makes log-in requests from credentials. */
export type LoginMaker = () => LoginRequest;

const RANDOM_BYTES = 150; // at least 100 are asked for

/** An error about credentials that were never sent. */
export function unusable(why: string): AnaplanError {
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
  const key = privateKey(credentials.privateKey, credentials.passphrase);
  const certificate = parseCertificate(credentials.certificate);
  if (!samePublicKey(certificate, key)) throw unusable('the private key does not belong to the certificate.');
  const authorization = `CACertificate ${Buffer.from(credentials.certificate, 'utf8').toString('base64')}`;
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

function privateKey(pem: string, passphrase: string | undefined): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (error) {
    // OpenSSL's own words can quote the input; only its code is passed on.
    const code = (error as { code?: unknown }).code;
    const suffix = typeof code === 'string' ? ` (${code})` : '';
    if (!/ENCRYPTED/.test(pem)) throw unusable(`the private key is not a readable PEM key${suffix}.`);
    throw unusable(
      passphrase === undefined
        ? 'the private key is encrypted and there is no passphrase for it.'
        : `the passphrase does not open the private key${suffix}.`,
    );
  }
  if (key.asymmetricKeyType !== 'rsa') throw unusable('the private key is not an RSA key.');
  return key;
}

function parseCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw unusable('the certificate is not a readable PEM certificate.');
  }
}

function samePublicKey(certificate: X509Certificate, key: KeyObject): boolean {
  const spki = { type: 'spki', format: 'der' } as const;
  return createPublicKey(key).export(spki).equals(certificate.publicKey.export(spki));
}
