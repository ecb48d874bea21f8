/**
 * What a log-in by certificate sends is what was parsed: the one certificate that belongs to the key. A file's text goes
 * nowhere, for it may hold the private key. What cannot be used is named, with the command that converts it.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keyPairOf, type KeyMaterial } from '../../src/anaplan/auth/certificate';
import { loginMaker } from '../../src/anaplan/auth/credentials';

const openssl = spawnSync('openssl', ['version']).status === 0;
if (!openssl) console.warn('certificate tests are skipped: there is no openssl command to make one');

(openssl ? describe : describe.skip)('key and certificate as people have them', () => {
  let dir: string;
  const path = (name: string): string => join(dir, name);
  const run = (...args: string[]): Buffer =>
    execFileSync('openssl', args, { cwd: dir, stdio: ['ignore', 'pipe', 'ignore'] });
  const bytes = (name: string): Buffer => readFileSync(path(name));
  const text = (name: string): string => bytes(name).toString('utf8');
  let leaf: string;

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'anaplan-certificates-'));
    const rsa = ['-newkey', 'rsa:2048', '-nodes'];
    run('req', '-x509', ...rsa, '-subj', '/CN=root', '-days', '2', '-keyout', 'root.key', '-out', 'root.pem');
    run('req', ...rsa, '-subj', '/CN=mid', '-keyout', 'mid.key', '-out', 'mid.csr');
    run(
      'x509',
      '-req',
      '-in',
      'mid.csr',
      '-CA',
      'root.pem',
      '-CAkey',
      'root.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-out',
      'mid.pem',
    );
    run('req', ...rsa, '-subj', '/CN=leaf', '-keyout', 'leaf.key', '-out', 'leaf.csr');
    for (const [days, name] of [
      ['1', 'old.pem'],
      ['2', 'leaf.pem'],
    ] as const) {
      run(
        'x509',
        '-req',
        '-in',
        'leaf.csr',
        '-CA',
        'mid.pem',
        '-CAkey',
        'mid.key',
        '-CAcreateserial',
        '-days',
        days,
        '-out',
        name,
      );
    }
    const p12 = [
      'pkcs12',
      '-export',
      '-inkey',
      'leaf.key',
      '-in',
      'leaf.pem',
      '-name',
      'friendly',
      '-passout',
      'pass:x',
    ];
    run(...p12, '-certfile', 'mid.pem', '-out', 'all.p12');
    run('pkcs12', '-in', 'all.p12', '-passin', 'pass:x', '-nodes', '-out', 'nodes.pem');
    run('rsa', '-in', 'leaf.key', '-traditional', '-out', 'pkcs1.key');
    run(
      'rsa',
      '-in',
      'leaf.key',
      '-traditional',
      '-aes128',
      '-passout',
      'pass:x',
      '-out',
      'pkcs1-encrypted.key',
    );
    run(
      'pkcs8',
      '-topk8',
      '-in',
      'leaf.key',
      '-v2',
      'aes-256-cbc',
      '-passout',
      'pass:x',
      '-out',
      'pkcs8-encrypted.key',
    );
    run('pkcs8', '-topk8', '-in', 'leaf.key', '-nocrypt', '-outform', 'der', '-out', 'key.der');
    run('rsa', '-in', 'leaf.key', '-traditional', '-outform', 'der', '-out', 'pkcs1.der');
    run(
      'pkcs8',
      '-topk8',
      '-in',
      'leaf.key',
      '-v2',
      'aes-256-cbc',
      '-passout',
      'pass:x',
      '-outform',
      'der',
      '-out',
      'encrypted.der',
    );
    run('x509', '-in', 'leaf.pem', '-outform', 'der', '-out', 'leaf.der');
    run('x509', '-in', 'leaf.pem', '-trustout', '-addtrust', 'clientAuth', '-out', 'trusted.pem');
    run('x509', '-in', 'leaf.pem', '-text', '-out', 'text.pem');
    run('crl2pkcs7', '-nocrl', '-certfile', 'leaf.pem', '-out', 'leaf.p7b');
    run('crl2pkcs7', '-nocrl', '-certfile', 'leaf.pem', '-outform', 'der', '-out', 'leaf-der.p7b');
    run('rsa', '-in', 'leaf.key', '-pubout', '-out', 'public.pem');
    run('ecparam', '-name', 'prime256v1', '-genkey', '-out', 'ec.key');
    run('genpkey', '-algorithm', 'rsa-pss', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', 'pss.key');
    leaf = new X509Certificate(bytes('leaf.pem')).toString();
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  /** What is sent for two files, and that nothing of the key is. */
  function sent(material: KeyMaterial): string {
    const { authorization } = loginMaker({ kind: 'certificate', ...material })();
    const pem = Buffer.from(authorization.replace('CACertificate ', ''), 'base64').toString('utf8');
    // The whole shape: a word like "Bag", looked for, is found in the base64 of one certificate in some hundreds.
    expect(pem).toMatch(/^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n$/);
    return pem;
  }

  const pair = (certificate: string | Uint8Array, privateKey: string | Uint8Array = text('leaf.key')) => ({
    certificate,
    privateKey,
  });

  test.each<[string, () => KeyMaterial]>([
    [
      'the key before the certificate in one file, given as both',
      () => {
        const both = text('leaf.key') + text('leaf.pem');
        return pair(both, both);
      },
    ],
    [
      'the certificate before the key',
      () => {
        const both = text('leaf.pem') + text('leaf.key');
        return pair(both, both);
      },
    ],
    [
      'all that openssl pkcs12 -nodes prints, bag attributes and chain',
      () => pair(text('nodes.pem'), text('nodes.pem')),
    ],
    ['a chain, the root first', () => pair(text('root.pem') + text('mid.pem') + text('leaf.pem'))],
    ['a chain, the leaf in the middle', () => pair(text('mid.pem') + text('leaf.pem') + text('root.pem'))],
    ['a renewed certificate after the old one', () => pair(text('old.pem') + text('leaf.pem'))],
    ['a renewed certificate before the old one', () => pair(text('leaf.pem') + text('old.pem'))],
    [
      'two keys, the first of another certificate',
      () => pair(text('leaf.pem'), text('mid.key') + text('leaf.key')),
    ],
    [
      'CRLF',
      () => pair(text('leaf.pem').replaceAll('\n', '\r\n'), text('leaf.key').replaceAll('\n', '\r\n')),
    ],
    [
      'CR alone',
      () => pair(text('leaf.pem').replaceAll('\n', '\r'), text('leaf.key').replaceAll('\n', '\r')),
    ],
    ['a byte-order mark', () => pair(`\uFEFF${text('leaf.pem')}`, Buffer.from(`\uFEFF${text('leaf.key')}`))],
    [
      'trailing blanks and no last line end',
      () => pair(text('leaf.pem').replaceAll('\n', ' \n').trim(), text('leaf.key').trim()),
    ],
    [
      'line ends spelled out, as in a JSON secret',
      () => pair(text('leaf.pem').replaceAll('\n', '\\n'), text('leaf.key').replaceAll('\n', '\\n')),
    ],
    [
      'indented, as in YAML',
      () => pair(text('leaf.pem').replace(/^/gm, '  '), text('leaf.key').replace(/^/gm, '  ')),
    ],
    ['a certificate with its text before it', () => pair(text('text.pem'))],
    ['a trusted certificate', () => pair(text('trusted.pem'))],
    ['DER files', () => pair(bytes('leaf.der'), bytes('key.der'))],
    ['a DER certificate as base64 without its BEGIN line', () => pair(bytes('leaf.der').toString('base64'))],
    ['a PKCS#1 key', () => pair(text('leaf.pem'), text('pkcs1.key'))],
    ['a PKCS#1 key in DER', () => pair(text('leaf.pem'), bytes('pkcs1.der'))],
    [
      'an encrypted PKCS#1 key',
      () => ({ ...pair(text('leaf.pem'), text('pkcs1-encrypted.key')), passphrase: 'x' }),
    ],
    [
      'an encrypted PKCS#8 key',
      () => ({ ...pair(text('leaf.pem'), text('pkcs8-encrypted.key')), passphrase: 'x' }),
    ],
    [
      'an encrypted key in DER',
      () => ({ ...pair(text('leaf.pem'), bytes('encrypted.der')), passphrase: 'x' }),
    ],
    [
      'an encrypted key with CRLF',
      () => ({
        ...pair(text('leaf.pem'), text('pkcs1-encrypted.key').replaceAll('\n', '\r\n')),
        passphrase: 'x',
      }),
    ],
    ['a passphrase for a key that needs none', () => ({ ...pair(text('leaf.pem')), passphrase: 'x' })],
  ])('%s: the leaf alone is sent', (_, material) => {
    expect(sent(material())).toBe(leaf);
  });

  /** The refusal of two files; it must hold no more than words. */
  function refusal(material: KeyMaterial): string {
    try {
      loginMaker({ kind: 'certificate', ...material });
    } catch (error) {
      const shown = String((error as Error).stack);
      expect(shown).not.toMatch(/BEGIN [A-Z]+ ?[A-Z]*-----\s*\w|open sesame/);
      expect(shown).not.toContain(text('leaf.key').split('\n')[3] ?? '?');
      return (error as Error).message;
    }
    throw new Error('these files were accepted');
  }

  test.each<[string, () => KeyMaterial, RegExp]>([
    [
      'PKCS#12 as certificate',
      () => ({ ...pair(bytes('all.p12')), certificateFile: '/s/my store.p12' }),
      /the certificate in \/s\/my store\.p12 is a PKCS#12 file.*"openssl pkcs12 -in '\/s\/my store\.p12' -clcerts -nokeys -out certificate\.pem"/,
    ],
    [
      'PKCS#12 as key',
      () => ({ ...pair(text('leaf.pem'), bytes('all.p12')), privateKeyFile: '/s/all.p12' }),
      /the private key in \/s\/all\.p12 is a PKCS#12 file.*"openssl pkcs12 -in \/s\/all\.p12 -nocerts -out key\.pem"/,
    ],
    ['PKCS#7', () => pair(text('leaf.p7b')), /PKCS#7 file.*openssl pkcs7 -in FILE -print_certs/],
    ['PKCS#7 in DER', () => pair(bytes('leaf-der.p7b')), /PKCS#7 file.*openssl pkcs7 -inform der -in FILE/],
    [
      'a Java key store',
      () => pair(Buffer.from([0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2])),
      /Java key store.*keytool -importkeystore/,
    ],
    ['a certificate request', () => pair(text('leaf.csr')), /request for a certificate \(CSR\)/],
    [
      'the key as certificate',
      () => pair(text('leaf.key')),
      /the certificate is missing: the file holds 1 x "PRIVATE KEY"/,
    ],
    [
      'the certificate as key',
      () => pair(text('leaf.pem'), text('leaf.pem')),
      /the private key is missing: the file holds 1 x "CERTIFICATE"/,
    ],
    [
      'a DER certificate as key',
      () => pair(text('leaf.pem'), bytes('leaf.der')),
      /no private key; it is a certificate/,
    ],
    ['a public key as key', () => pair(text('leaf.pem'), text('public.pem')), /holds 1 x "PUBLIC KEY"/],
    [
      'an OpenSSH key',
      () =>
        pair(
          text('leaf.pem'),
          '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n',
        ),
      /OpenSSH's own format.*ssh-keygen -p -m PKCS8/,
    ],
    [
      'a PuTTY key',
      () => pair(text('leaf.pem'), 'PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\n'),
      /PuTTY key.*puttygen/,
    ],
    ['an EC key', () => pair(text('leaf.pem'), text('ec.key')), /not an RSA key but EC/],
    ['an RSA-PSS key', () => pair(text('leaf.pem'), text('pss.key')), /not an RSA key but RSA-PSS/],
    [
      'a chain without the leaf',
      () => pair(text('mid.pem') + text('root.pem')),
      /does not belong to the certificate: none of 2 fits/,
    ],
    [
      'UTF-16',
      () => pair(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text('leaf.pem'), 'utf16le')])),
      /is UTF-16 text.*iconv/,
    ],
    [
      'an encrypted key without a passphrase',
      () => pair(text('leaf.pem'), bytes('encrypted.der')),
      /encrypted and there is no passphrase/,
    ],
    [
      'a wrong passphrase for DER',
      () => ({ ...pair(text('leaf.pem'), bytes('encrypted.der')), passphrase: 'open sesame' }),
      /the passphrase does not open the private key/,
    ],
    [
      'a damaged certificate',
      () => pair(text('leaf.pem').replace(/\n(.{30})/, '\n')),
      /the block is damaged/,
    ],
    [
      'a damaged key',
      () => pair(text('leaf.pem'), text('leaf.key').replace(/\n(.{30})/, '\n')),
      /not a readable PEM key/,
    ],
    ['an empty file', () => pair(''), /the certificate is not a readable PEM certificate: it is empty/],
  ])('%s is refused by its name', (_, material, message) => {
    expect(refusal(material())).toMatch(message);
  });

  test('an outdated encryption is refused with the command that renews it', () => {
    const legacy = ['-provider', 'legacy', '-provider', 'default'];
    const made = spawnSync(
      'openssl',
      [
        'pkcs8',
        '-topk8',
        '-v1',
        'PBE-MD5-DES',
        ...legacy,
        '-passout',
        'pass:x',
        '-in',
        'leaf.key',
        '-out',
        'des.key',
      ],
      { cwd: dir },
    );
    if (made.status !== 0) return;
    const material = {
      ...pair(text('leaf.pem'), text('des.key')),
      passphrase: 'x',
      privateKeyFile: 'des.key',
    };
    expect(refusal(material)).toMatch(/outdated way.*openssl pkcs8 -topk8 .*-provider legacy .*-in des\.key/);
    // The command does what it says.
    run(
      'pkcs8',
      '-topk8',
      '-v2',
      'aes-256-cbc',
      ...legacy,
      '-passin',
      'pass:x',
      '-passout',
      'pass:x',
      '-in',
      'des.key',
      '-out',
      'new.key',
    );
    expect(keyPairOf({ ...material, privateKey: text('new.key') }).certificate).toBe(leaf);
  });

  test('the commands for a PKCS#12 file give what logs in', () => {
    run('pkcs12', '-in', 'all.p12', '-passin', 'pass:x', '-clcerts', '-nokeys', '-out', 'certificate.pem');
    run('pkcs12', '-in', 'all.p12', '-passin', 'pass:x', '-nocerts', '-passout', 'pass:x', '-out', 'key.pem');
    expect(sent({ ...pair(text('certificate.pem'), text('key.pem')), passphrase: 'x' })).toBe(leaf);
  });
});
