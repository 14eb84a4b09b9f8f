import type { Socket } from 'node:net';
import type { Endpoint } from '#cluster/api';
import { decodePrefaceReply, encodePreface, type Preface, type PrefaceReply } from '#protocol/handover';
import { type Clock, LF } from '#stdx';

/** Opens a connection that will be, or fail to be, connected: `net.connect` or its mutual-TLS sister. */
export type Connect = (endpoint: Endpoint) => Socket;

/** The node's answer line is `+OK` or one sentence. */
const REPLY_BYTES_MAX = 1_024;

/** The connection could not be made or ended before the node answered. */
export class DialError extends Error {
  override readonly name = 'DialError';
}

/**
 * Connects, says the preface and reads its answer. On `+OK` the socket is paused, has no listeners of ours and its next byte
 * is the leg's first. Rejects `DialError` when there was no answer within `timeoutMs`.
 */
export function dial(
  connect: Connect,
  endpoint: Endpoint,
  preface: Preface,
  key: Uint8Array,
  clock: Pick<Clock, 'after'>,
  timeoutMs: number,
): Promise<{ readonly socket: Socket; readonly reply: PrefaceReply }> {
  return new Promise((resolve, reject) => {
    const socket = connect(endpoint);
    let received: Buffer = Buffer.alloc(0);
    const settle = (): void => {
      timer.cancel();
      socket.off('data', onData).off('error', onError).off('close', onClose);
    };
    const fail = (message: string): void => {
      settle();
      // Errors after this are nobody's: the socket is thrown away.
      socket.on('error', () => {}).destroy();
      reject(new DialError(`${endpoint.host}:${endpoint.port}: ${message}`));
    };
    const timer = clock.after(timeoutMs, () => fail(`no answer in ${timeoutMs} ms`));
    const onError = (error: Error): void => fail(error.message);
    const onClose = (): void => fail('closed before it answered');
    const onData = (chunk: Buffer): void => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const end = received.indexOf(LF);
      if (end < 0) {
        if (received.length > REPLY_BYTES_MAX) fail('answer too long');
        return;
      }
      settle();
      socket.pause();
      const rest = received.subarray(end + 1);
      if (rest.length > 0) socket.unshift(rest);
      const reply = decodePrefaceReply(received.toString('latin1', 0, end).replace(/\r$/, ''));
      if (!reply.ok) socket.on('error', () => {}).destroy();
      resolve({ socket, reply });
    };
    socket.on('data', onData).on('error', onError).on('close', onClose);
    socket.write(encodePreface(preface, key));
  });
}
