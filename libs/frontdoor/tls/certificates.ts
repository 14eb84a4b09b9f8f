import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext, type SecureContext, type TlsOptions } from 'node:tls';
import type { Clock, Logger, Random } from '#stdx';
import { type KeyAndCertificate, selfSignedCertificate } from './self-signed.ts';

/** Whose certificate a connection is shown. */
export interface CertificateProvider {
  /** For the name the client asked for (SNI), or for none. Called at each handshake, so that a renewed one counts at once. */
  contextFor(serverName: string | undefined): SecureContext;
  /** For clients that do not say a name: TLS servers of Node take it when they are made. */
  readonly material: KeyAndCertificate;
}

/** RFC 8996: TLS 1.0 and 1.1 are not spoken. */
const MINIMUM = 'TLSv1.2';

export const secureContext = ({ key, certificate }: KeyAndCertificate): SecureContext =>
  createSecureContext({ key, cert: certificate, minVersion: MINIMUM });

/** Options of a TLS server that asks the provider at each handshake. */
export function tlsServerOptions(certificates: CertificateProvider): TlsOptions {
  const { key, certificate } = certificates.material;
  return {
    key,
    cert: certificate,
    minVersion: MINIMUM,
    SNICallback: (serverName, done) => {
      try {
        done(null, certificates.contextFor(serverName));
      } catch (error) {
        done(error as Error);
      }
    },
  };
}

/** One certificate for every name. */
export class SingleCertificate implements CertificateProvider {
  private readonly context: SecureContext;

  constructor(readonly material: KeyAndCertificate) {
    this.context = secureContext(material);
  }

  contextFor(): SecureContext {
    return this.context;
  }
}

/** Renewed at a start when it ends within this time. */
const RENEW_MS = 30 * 86_400_000;

/** The self-signed certificate kept in `directory`; made at the first start, and anew when it ends or the names changed. */
export async function storedCertificate(
  directory: string,
  names: readonly string[],
  clock: Pick<Clock, 'now'>,
  random: Random,
  logger: Logger,
): Promise<SingleCertificate> {
  const keyPath = join(directory, 'key.pem');
  const certificatePath = join(directory, 'certificate.pem');
  const stored = await readPair(keyPath, certificatePath);
  if (stored && isUsable(stored, names, clock.now())) return new SingleCertificate(stored);
  const made = await selfSignedCertificate(names, random.bytes(15), clock.now());
  await mkdir(directory, { recursive: true, mode: 0o700 });
  // The key first: a certificate without its key is found out at the next start and replaced.
  await replace(keyPath, made.key);
  await replace(certificatePath, made.certificate);
  logger.info({ names, path: certificatePath }, 'made a self-signed certificate');
  return new SingleCertificate(made);
}

async function readPair(keyPath: string, certificatePath: string): Promise<KeyAndCertificate | undefined> {
  try {
    return { key: await readFile(keyPath, 'utf8'), certificate: await readFile(certificatePath, 'utf8') };
  } catch {
    return undefined;
  }
}

function isUsable({ key, certificate }: KeyAndCertificate, names: readonly string[], now: number): boolean {
  try {
    const parsed = new X509Certificate(certificate);
    const covered = names.every((name) => parsed.checkHost(name) !== undefined || parsed.checkIP(name) !== undefined);
    return covered && parsed.validToDate.getTime() - now > RENEW_MS && parsed.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.next`, text, { mode: 0o600 });
  await rename(`${path}.next`, path);
}
