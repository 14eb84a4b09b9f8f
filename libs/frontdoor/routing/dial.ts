import type { OnReadOpts, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ReadSlabs } from '#carrier';
import type { Endpoint } from '#cluster/api';
import { decodePrefaceReply, encodePreface, type Preface, type PrefaceReply } from '#protocol/handover';
import { type Clock, LF } from '#stdx';

/** A node, and where it takes hand-overs. */
export interface DialedNode {
  readonly nodeId: string;
  readonly endpoint: Endpoint;
}

/** Opens a connection on which `secureConnect` says that the node is who it must be. */
export type Connect = (node: DialedNode, onread?: OnReadOpts) => TLSSocket;

/** Who this hub is to the nodes. */
export interface HubCredentials {
  readonly name: string;
  /** Signs prefaces; the cluster's own. */
  readonly key: Uint8Array;
  readonly connect: Connect;
}

/** The node's answer line is `+OK` or one sentence. */
const REPLY_BYTES_MAX = 1_024;
const NO_BYTES = Buffer.alloc(0);

/** The connection could not be made or ended before the node answered. */
export class DialError extends Error {
  override readonly name = 'DialError';
}

/**
 * Connects, says the preface to the node once it has proved itself, and reads its answer. On `+OK` the socket is paused, has no listeners of ours and its next byte
 * is the first behind the answer; with `reads`, bytes come through
 * those, and what came behind the answer is `first`. Rejects `DialError` when there was no answer within `timeoutMs`.
 */
export function dial(
  hub: HubCredentials,
  node: DialedNode,
  preface: Preface,
  clock: Pick<Clock, 'after'>,
  timeoutMs: number,
  reads?: ReadSlabs,
): Promise<{ readonly socket: Socket; readonly reply: PrefaceReply; readonly first: Buffer }> {
  return new Promise((resolve, reject) => {
    let received: Buffer = Buffer.alloc(0);
    const settle = (): void => {
      timer.cancel();
      socket.off('data', onData).off('error', onError).off('close', onClose);
    };
    const fail = (message: string): void => {
      settle();
      // Errors after this are nobody's: the socket is thrown away.
      socket.on('error', () => {}).destroy();
      reject(new DialError(`${node.endpoint.host}:${node.endpoint.port}: ${message}`));
    };
    const onError = (error: Error): void => fail(error.message);
    const onClose = (): void => fail('closed before it answered');
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf(LF);
      if (end < 0) {
        if (received.length > REPLY_BYTES_MAX) fail('answer too long');
        return;
      }
      settle();
      socket.pause();
      const rest = received.subarray(end + 1);
      if (!reads && rest.length > 0) socket.unshift(rest);
      const reply = decodePrefaceReply(received.toString('latin1', 0, end).replace(/\r$/, ''));
      if (!reply.ok) socket.on('error', () => {}).destroy();
      resolve({ socket, reply, first: reads ? rest : NO_BYTES });
    };
    if (reads)
      reads.reader = (bytes) => {
        onData(bytes);
        return !socket.isPaused();
      };
    const socket = hub.connect(node, reads?.options);
    const timer = clock.after(timeoutMs, () => fail(`no answer in ${timeoutMs} ms`));
    socket.on('error', onError).on('close', onClose);
    if (!reads) socket.on('data', onData);
    socket.once('secureConnect', () => socket.write(encodePreface(preface, hub.key)));
  });
}
