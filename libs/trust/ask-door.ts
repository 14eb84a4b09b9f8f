import { X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import { connect, type DetailedPeerCertificate } from 'node:tls';
import { fingerprintOf, memberCertificate } from './certificates.ts';
import { serverNameOf } from './identity.ts';
import { BODY_BYTES_MAX, refusalSchema } from './wire.ts';

export interface Door {
  readonly clusterId: string;
  readonly host: string;
  readonly port: number;
}

/** The door said no, or is not the cluster's: trying again does not help. */
export class DoorRefusedError extends Error {
  override readonly name = 'DoorRefusedError';
}

/** The door could not be talked to: it may be there later. */
export class DoorAwayError extends Error {
  override readonly name = 'DoorAwayError';
}

const TIMEOUT_MS = 10_000;

/**
 * The authority behind the door, PEM. Nothing is said to the door yet, and it is believed for its fingerprint alone: throws
 * `DoorRefusedError` when that is another, `DoorAwayError`.
 */
export function authorityBehind(door: Door, fingerprint: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: door.host,
      port: door.port,
      servername: serverNameOf(door.clusterId),
      minVersion: 'TLSv1.3',
      // The chain is only looked at here; what is said later is said to a door checked against it.
      rejectUnauthorized: false,
      timeout: TIMEOUT_MS,
    });
    socket.once('secureConnect', () => {
      const authority = rootOf(socket.getPeerCertificate(true));
      socket.destroy();
      if (fingerprintOf(authority) === fingerprint) resolve(authority);
      else
        reject(
          new DoorRefusedError('the door belongs to another cluster: its authority has not the token’s fingerprint'),
        );
    });
    socket.once('timeout', () => socket.destroy(new Error('timed out')));
    socket.once('error', (error) => reject(new DoorAwayError(error.message)));
    socket.once('close', () => reject(new DoorAwayError('the door closed')));
  });
}

/** Says `body` to the door once it has proved to be the control plane of the cluster. Throws `DoorRefusedError`, `DoorAwayError`. */
export function askDoor(
  door: Door,
  path: string,
  body: unknown,
  credentials: { readonly ca: string; readonly cert?: string; readonly key?: string },
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = request({
      ...credentials,
      host: door.host,
      port: door.port,
      path,
      method: 'POST',
      servername: serverNameOf(door.clusterId),
      minVersion: 'TLSv1.3',
      agent: false,
      timeout: TIMEOUT_MS,
      headers: { 'content-type': 'application/json' },
      checkServerIdentity(_name, { raw }) {
        const peer = memberCertificate(new X509Certificate(raw));
        if (peer?.role === 'control' && peer.clusterId === door.clusterId) return undefined;
        return new DoorRefusedError('who answers is not the control plane of the cluster');
      },
    });
    asked.once('timeout', () => asked.destroy(new Error('timed out')));
    asked.once('error', (error: Error & { code?: string }) => reject(failureOf(error)));
    asked.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (text.length > BODY_BYTES_MAX) response.destroy(new Error('the answer is too long'));
      });
      response.once('error', (error) => reject(new DoorAwayError(error.message)));
      response.once('end', () => {
        const { statusCode = 0 } = response;
        if (statusCode === 200) return settle(() => resolve(JSON.parse(text)), reject);
        if (statusCode >= 500) return reject(new DoorAwayError(`the door answered ${statusCode}`));
        settle(() => reject(new DoorRefusedError(refusalSchema.parse(JSON.parse(text)).reason)), reject);
      });
    });
    asked.end(JSON.stringify(body));
  });
}

function settle(work: () => void, reject: (error: Error) => void): void {
  try {
    work();
  } catch (error) {
    reject(new DoorAwayError(`the door’s answer cannot be read: ${(error as Error).message}`));
  }
}

/** Codes with which OpenSSL says that a chain does not end in the authority. */
const UNVERIFIED = /^(SELF_SIGNED|UNABLE_TO|CERT_|DEPTH_ZERO|INVALID_)/;

const failureOf = (error: Error & { code?: string }): Error =>
  error instanceof DoorRefusedError || UNVERIFIED.test(error.code ?? '')
    ? new DoorRefusedError(error.message)
    : new DoorAwayError(error.message);

/** The last certificate of the chain that was sent. */
function rootOf(leaf: DetailedPeerCertificate): string {
  let certificate = leaf;
  while (certificate.issuerCertificate && certificate.issuerCertificate !== certificate)
    certificate = certificate.issuerCertificate;
  return new X509Certificate(certificate.raw).toString();
}
