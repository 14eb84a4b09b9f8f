// x509's own container wants it loaded first.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

/** A key with its certificate, PEM. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly certificate: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** 397 days: the longest that clients accept of a certificate that ends (CA/Browser Forum ballot SC-22). */
const LIFE_MS = 397 * 86_400_000;
/** Clocks differ: valid from a day before. */
const BACKDATED_MS = 86_400_000;

/**
 * A self-signed server certificate, ECDSA P-256, for `names` (DNS names and IP addresses; the first DNS name is the
 * subject). `now` in milliseconds since the epoch.
 */
export async function selfSignedCertificate(
  names: readonly string[],
  serialNumber: Uint8Array,
  now: number,
): Promise<KeyAndCertificate> {
  const crypto = webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0];
  x509.cryptoProvider.set(crypto);
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const subject = names.find((name) => isIP(name) === 0) ?? 'localhost';
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    // Positive and not zero: RFC 5280 §4.1.2.2.
    serialNumber: `01${Buffer.from(serialNumber).toString('hex')}`,
    name: [{ CN: [subject] }],
    notBefore: new Date(now - BACKDATED_MS),
    notAfter: new Date(now + LIFE_MS - BACKDATED_MS),
    signingAlgorithm: ALGORITHM,
    keys: keys as never,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
      ),
    ],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const lines = pkcs8.match(/.{1,64}/g) ?? [];
  return {
    key: `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`,
    certificate: certificate.toString('pem'),
  };
}
