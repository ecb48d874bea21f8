import { compact } from '../compact';
import { createPrivateKey, createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';
import { holdingOf, type Holding, type PemBlock } from './pem';

/** A certificate and the key that belongs to it. */
export interface KeyPair {
  key: KeyObject;
  /** PEM of this one certificate, encoded from what was parsed. */
  certificate: string;
}

/** What the user gave. Each of the two may hold more than what it is for. */
export interface KeyMaterial {
  /** PEM or DER with the certificate of the key; of a chain only that one is sent. */
  certificate: string | Uint8Array;
  /** PEM or DER of the RSA key, encrypted or not. */
  privateKey: string | Uint8Array;
  passphrase?: string | undefined;
  /** Names of the files, for messages. */
  certificateFile?: string | undefined;
  privateKeyFile?: string | undefined;
}

/** Key and certificate cannot be used, in words that hold nothing of either. */
export class Unusable extends Error {
  override readonly name = 'Unusable';
}

type Part = 'certificate' | 'private key';

/** A file in a command that a shell reads. */
function shell(file: string | undefined): string {
  if (file === undefined) return 'FILE';
  return /^[\w@%+=:,./-]+$/.test(file) ? file : `'${file.replaceAll("'", `'\\''`)}'`;
}

/** The command that converts a file which is neither PEM nor DER. */
function conversion(
  kind: Exclude<Holding['kind'], 'pem' | 'der' | 'nothing'>,
  part: Part,
  file: string,
): string {
  const out = part === 'certificate' ? 'certificate.pem' : 'key.pem';
  const take = part === 'certificate' ? '-clcerts -nokeys' : '-nocerts';
  switch (kind) {
    case 'pkcs12':
      return `is a PKCS#12 file (.p12, .pfx): take the ${part} out with "openssl pkcs12 -in ${file} ${take} -out ${out}"`;
    case 'jks':
      return (
        `is a Java key store: convert it with "keytool -importkeystore -srckeystore ${file} -deststoretype pkcs12 ` +
        `-destkeystore store.p12", then take the ${part} out with "openssl pkcs12 -in store.p12 ${take} -out ${out}"`
      );
    case 'pkcs7':
      return part === 'certificate'
        ? `is a PKCS#7 file (.p7b): take the certificates out with "openssl pkcs7 -inform der -in ${file} -print_certs -out ${out}"`
        : 'is a PKCS#7 file (.p7b), which never holds a private key';
    case 'putty':
      return part === 'certificate'
        ? 'is a PuTTY key, not a certificate'
        : `is a PuTTY key: convert it with "puttygen ${file} -O private-openssh -o ${out}"`;
  }
}

function refuse(part: Part, file: string | undefined, why: string): Unusable {
  return new Unusable(`the ${part}${file === undefined ? '' : ` in ${file}`} ${why}`);
}

/** The blocks of a file in words, where others were expected: `1 x "PRIVATE KEY", 2 x "CERTIFICATE"`. */
function listed(blocks: readonly PemBlock[]): string {
  const counts = new Map<string, number>();
  for (const { label } of blocks) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts].map(([label, count]) => `${count} x "${label}"`).join(', ');
}

const CERTIFICATE_LABELS = ['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE'];

function parseCertificate(from: string | Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(from);
  } catch {
    return undefined;
  }
}

function certificatesOf(content: string | Uint8Array, file: string | undefined): X509Certificate[] {
  const holding = holdingOf(content);
  const name = shell(file);
  if (holding.kind === 'der') {
    const certificate = parseCertificate(holding.bytes);
    if (certificate === undefined)
      throw refuse(
        'certificate',
        file,
        'is not a readable PEM certificate: it is binary (DER) of another kind',
      );
    return [certificate];
  }
  if (holding.kind === 'nothing')
    throw refuse('certificate', file, `is not a readable PEM certificate: it ${holding.why}`);
  if (holding.kind !== 'pem')
    throw refuse('certificate', file, conversion(holding.kind, 'certificate', name));
  const blocks = holding.blocks.filter(({ label }) => CERTIFICATE_LABELS.includes(label));
  if (blocks.length === 0) {
    const labels = holding.blocks.map(({ label }) => label);
    if (labels.some((label) => label.includes('CERTIFICATE REQUEST'))) {
      const why = 'is a request for a certificate (CSR): use the certificate that was issued for it';
      throw refuse('certificate', file, why);
    }
    if (labels.some((label) => label === 'PKCS7' || label === 'CMS')) {
      const command = `openssl pkcs7 -in ${name} -print_certs -out certificate.pem`;
      throw refuse('certificate', file, `is a PKCS#7 file: take the certificates out with "${command}"`);
    }
    throw refuse('certificate', file, `is missing: the file holds ${listed(holding.blocks)}`);
  }
  const certificates = blocks.map(({ pem }) => parseCertificate(pem)).filter((found) => found !== undefined);
  if (certificates.length === 0)
    throw refuse('certificate', file, 'is not a readable PEM certificate: the block is damaged');
  return certificates;
}

/** OpenSSL's own words can quote the input; only its code is passed on. */
function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

function openKey(block: PemBlock, passphrase: string | undefined, file: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key: block.pem, ...compact({ passphrase }) });
  } catch (error) {
    throw keyError(error, block.encrypted, passphrase, file);
  }
}

function keyError(
  error: unknown,
  encrypted: boolean,
  passphrase: string | undefined,
  file: string | undefined,
): Unusable {
  const code = codeOf(error);
  const suffix = code === '' ? '' : ` (${code})`;
  if (!encrypted) return refuse('private key', file, `is not a readable PEM key${suffix}`);
  if (passphrase === undefined)
    return refuse('private key', file, 'is encrypted and there is no passphrase for it');
  if (code.includes('UNSUPPORTED')) {
    const command = `openssl pkcs8 -topk8 -v2 aes-256-cbc -provider legacy -provider default -in ${shell(file)} -out key.pem`;
    return refuse('private key', file, `is encrypted in an outdated way: encrypt it anew with "${command}"`);
  }
  return new Unusable(
    `the passphrase does not open the private key${file === undefined ? '' : ` in ${file}`}${suffix}`,
  );
}

function openDer(bytes: Uint8Array, passphrase: string | undefined, file: string | undefined): KeyObject {
  const key = Buffer.from(bytes);
  let encrypted = false;
  for (const type of ['pkcs8', 'pkcs1', 'sec1'] as const) {
    const secret = passphrase === undefined ? {} : { passphrase };
    try {
      return createPrivateKey({ key, format: 'der', type, ...secret });
    } catch (error) {
      const code = codeOf(error);
      encrypted ||=
        code === 'ERR_MISSING_PASSPHRASE' || code.includes('DECRYPT') || code.includes('UNSUPPORTED');
      // Only PKCS#8 can be encrypted in DER; the other two would hide what was wrong.
      if (encrypted && code !== 'ERR_OSSL_UNSUPPORTED') throw keyError(error, true, passphrase, file);
    }
  }
  const why = 'is not a readable PEM key: it is binary (DER), but no private key';
  throw refuse(
    'private key',
    file,
    parseCertificate(key) === undefined ? why : `${why}; it is a certificate`,
  );
}

/** All keys of a file, opened; those that do not open are errors that count only if no other key fits. */
function keysOf(material: KeyMaterial): { keys: KeyObject[]; errors: Unusable[] } {
  const { privateKey, passphrase, privateKeyFile: file } = material;
  const holding = holdingOf(privateKey);
  const name = shell(file);
  if (holding.kind === 'der') return { keys: [openDer(holding.bytes, passphrase, file)], errors: [] };
  if (holding.kind === 'nothing')
    throw refuse('private key', file, `is not a readable PEM key: it ${holding.why}`);
  if (holding.kind !== 'pem')
    throw refuse('private key', file, conversion(holding.kind, 'private key', name));
  const blocks = holding.blocks.filter(({ label }) => label.endsWith('PRIVATE KEY'));
  if (blocks.length === 0)
    throw refuse('private key', file, `is missing: the file holds ${listed(holding.blocks)}`);
  const keys: KeyObject[] = [];
  const errors: Unusable[] = [];
  for (const block of blocks) {
    if (block.label === 'OPENSSH PRIVATE KEY') {
      const command = 'ssh-keygen -p -m PKCS8 -f COPY';
      errors.push(
        refuse(
          'private key',
          file,
          `is in OpenSSH's own format: make a copy and convert it with "${command}"`,
        ),
      );
      continue;
    }
    try {
      keys.push(openKey(block, passphrase, file));
    } catch (error) {
      if (!(error instanceof Unusable)) throw error;
      errors.push(error);
    }
  }
  return { keys, errors };
}

function belongs(certificate: X509Certificate, key: KeyObject): boolean {
  const spki = { type: 'spki', format: 'der' } as const;
  try {
    return createPublicKey(key).export(spki).equals(certificate.publicKey.export(spki));
  } catch {
    // A public key of a kind that is not known here is not this one.
    return false;
  }
}

/** Valid now before others, then the one that ends last: of a renewed certificate the new one. */
function better(a: X509Certificate, b: X509Certificate): number {
  const now = Date.now();
  const rank = (of: X509Certificate): number =>
    (Date.parse(of.validFrom) <= now && now < Date.parse(of.validTo) ? 1 : 0) * 1e15 + Date.parse(of.validTo);
  return rank(b) - rank(a);
}

/**
 * The RSA key and the one certificate that belongs to it, whatever else stands in the two files: chains in any order,
 * the bag attributes of `openssl pkcs12`, the key itself beside its certificate.
 *
 * @throws Unusable that says what the files hold and how to convert it
 */
export function keyPairOf(material: KeyMaterial): KeyPair {
  const { keys, errors } = keysOf(material);
  const [firstError] = errors;
  if (keys.length === 0 && firstError !== undefined) throw firstError;
  const rsa = keys.filter((key) => key.asymmetricKeyType === 'rsa');
  if (rsa.length === 0) {
    const kind = keys[0]?.asymmetricKeyType?.toUpperCase() ?? 'unknown';
    throw refuse(
      'private key',
      material.privateKeyFile,
      `is not an RSA key but ${kind}: Anaplan takes RSA only`,
    );
  }
  const certificates = certificatesOf(material.certificate, material.certificateFile);
  for (const key of rsa) {
    const [leaf] = certificates.filter((certificate) => belongs(certificate, key)).sort(better);
    if (leaf !== undefined) return { key, certificate: leaf.toString() };
  }
  if (firstError !== undefined) throw firstError;
  const of =
    certificates.length === 1 ? 'the certificate' : `the certificate: none of ${certificates.length} fits`;
  throw new Unusable(`the private key does not belong to ${of}`);
}
