// x509's own container wants it loaded first.
import 'reflect-metadata';
import { createHash, createPrivateKey, KeyObject, webcrypto, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { Clock, Random } from '#stdx';
import { identityUri, type MemberIdentity, parseIdentityUri } from './identity.ts';

x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);

/** A cluster's certificate authority: PEM, the key as PKCS #8. */
export interface Authority {
  readonly certificate: string;
  readonly key: string;
}

export interface IssuedCertificate {
  /** PEM. */
  readonly certificate: string;
  /** Lower-case hex. */
  readonly serial: string;
  readonly notAfter: Date;
}

/** What a member's certificate says, once its chain is verified. */
export interface MemberCertificate extends MemberIdentity {
  readonly serial: string;
  readonly notAfter: Date;
}

/** What was asked to be certified is no request, or not signed by its own key. */
export class CertificateRequestError extends Error {
  override readonly name = 'CertificateRequestError';
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** Ten years: members trust it by its fingerprint, and a new one means joining anew. */
const AUTHORITY_LIFE_MS = 3_650 * 86_400_000;
/** Clocks differ: valid from an hour before. */
const BACKDATED_MS = 3_600_000;
const SERIAL_BYTES = 15;

/** Positive and not zero: RFC 5280 §4.1.2.2. */
const newSerial = (random: Random): string => `01${random.bytes(SERIAL_BYTES).toString('hex')}`;

export async function createAuthority(
  clusterId: string,
  clock: Pick<Clock, 'now'>,
  random: Random,
): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const now = clock.now();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(random),
    name: [{ CN: [`Rookery cluster ${clusterId}`] }],
    notBefore: new Date(now - BACKDATED_MS),
    notAfter: new Date(now + AUTHORITY_LIFE_MS),
    signingAlgorithm: ALGORITHM,
    keys: keys as never,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  return { certificate: certificate.toString('pem'), key: pemOf(keys.privateKey) };
}

/** A new member's key and its request (RFC 2986), which says nothing but the key: who it is, the authority decides. */
export async function createRequest(): Promise<{ readonly key: string; readonly request: string }> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: ['member'] }],
    keys: keys as never,
    signingAlgorithm: ALGORITHM,
  });
  return { key: pemOf(keys.privateKey), request: request.toString('pem') };
}

/** Throws `CertificateRequestError`. */
export async function issueCertificate(
  authority: Authority,
  request: string,
  identity: MemberIdentity,
  lifeMs: number,
  clock: Pick<Clock, 'now'>,
  random: Random,
): Promise<IssuedCertificate> {
  const publicKey = await requestedKey(request);
  const issuer = new x509.X509Certificate(authority.certificate);
  const der = createPrivateKey(authority.key).export({ type: 'pkcs8', format: 'der' });
  const signingKey = await webcrypto.subtle.importKey('pkcs8', new Uint8Array(der), ALGORITHM, false, ['sign']);
  const now = clock.now();
  const notAfter = new Date(now + lifeMs);
  const serial = newSerial(random);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial,
    subject: [{ CN: [`${identity.role} ${identity.memberId}`] }],
    issuer: issuer.subject,
    notBefore: new Date(Math.min(now, notAfter.getTime()) - BACKDATED_MS),
    notAfter,
    publicKey,
    signingKey: signingKey as never,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      // A node takes connections from hubs and makes them to their relay ports.
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: identityUri(identity) }], true),
    ],
  });
  return { certificate: certificate.toString('pem'), serial, notAfter };
}

/** SHA-256 of the certificate's DER, lower-case hex. */
export const fingerprintOf = (certificate: string): string =>
  createHash('sha256').update(new X509Certificate(certificate).raw).digest('hex');

/** `undefined` when it is no member's certificate. Says nothing of who signed it. */
export function memberCertificate(certificate: X509Certificate): MemberCertificate | undefined {
  const names = certificate.subjectAltName ?? '';
  const identity = names.startsWith('URI:') ? parseIdentityUri(names.slice('URI:'.length)) : undefined;
  return identity && { ...identity, serial: certificate.serialNumber.toLowerCase(), notAfter: certificate.validToDate };
}

async function requestedKey(pem: string): Promise<x509.PublicKey> {
  try {
    const request = new x509.Pkcs10CertificateRequest(pem);
    const { name, namedCurve } = request.publicKey.algorithm as { name: string; namedCurve?: string };
    if (name !== ALGORITHM.name || namedCurve !== ALGORITHM.namedCurve) throw new Error('the key is not ECDSA P-256');
    if (!(await request.verify())) throw new Error('it is not signed by its own key');
    return request.publicKey;
  } catch (error) {
    throw new CertificateRequestError((error as Error).message);
  }
}

const pemOf = (key: webcrypto.CryptoKey): string =>
  KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();
