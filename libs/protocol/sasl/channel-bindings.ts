import { createHash, type X509Certificate } from 'node:crypto';

/** The server's end of a TLS connection, as `tls.TLSSocket` has it. */
export interface TlsEnd {
  getProtocol(): string | null;
  exportKeyingMaterial(length: number, label: string, context: Buffer): Buffer;
  /** Our own. */
  getX509Certificate(): X509Certificate | undefined;
}

/** RFC 9266 §2. */
const EXPORTER_LABEL = 'EXPORTER-Channel-Binding';
const EXPORTER_BYTES = 32;

/** The hash of a certificate's signature algorithm; RFC 5929 §4.1 puts SHA-256 in the place of MD5 and SHA-1. */
const SIGNATURE_HASHES: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.4': 'sha256',
  '1.2.840.113549.1.1.5': 'sha256',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.1': 'sha256',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
};

/** Bindings of a connection by name, RFC 5056: what both ends know of it and nobody in between does. */
export function channelBindings(tls: TlsEnd): ReadonlyMap<string, Buffer> {
  const bindings = new Map<string, Buffer>();
  // RFC 9266 §3: before TLS 1.3 only with the extended master secret, which cannot be asked for here.
  if (tls.getProtocol() === 'TLSv1.3')
    bindings.set('tls-exporter', tls.exportKeyingMaterial(EXPORTER_BYTES, EXPORTER_LABEL, Buffer.alloc(0)));
  const certificate = tls.getX509Certificate();
  // RFC 5929 §4.1: undefined for an algorithm without a hash of its own, such as Ed25519.
  const algorithm = certificate && SIGNATURE_HASHES[certificate.signatureAlgorithmOid ?? ''];
  if (certificate && algorithm)
    bindings.set('tls-server-end-point', createHash(algorithm).update(certificate.raw).digest());
  return bindings;
}
