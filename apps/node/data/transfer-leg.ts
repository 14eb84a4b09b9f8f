import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type MailStore, MailStoreError } from '#mailstore/api';
import { encodeTransferEnd, type TransferEnd, type TransferPreface } from '#protocol/handover';
import { type ByteStream, type Logger, systemContext } from '#stdx';
import type { LegServer, OpenLeg } from './data-server.ts';
import { admission, type FindStore } from './session-leg.ts';

/** An account's stream from here, or to here; a hub stands between the two nodes and passes it on. */
export function transferLeg(find: FindStore, logger: Logger): LegServer<TransferPreface> {
  return {
    admit: ({ volumeId, epoch }) => admission(find(volumeId, epoch), volumeId, epoch),
    serve(leg) {
      const { direction, volumeId, epoch, accountId } = leg.preface;
      const store = find(volumeId, epoch);
      if (typeof store === 'string') {
        leg.socket.destroy();
        return;
      }
      const work = direction === 'export' ? send(store, leg) : take(store, leg);
      work.catch((error: Error) => {
        // Half a stream must not look like a whole one.
        leg.socket.destroy();
        logger.warn({ direction, volumeId, accountId, error: error.message }, 'an account’s stream broke off');
      });
    },
  };
}

async function send(store: MailStore, { socket, preface }: OpenLeg<TransferPreface>): Promise<void> {
  const stream = store.transfer.exportAccount(systemContext('move'), preface.accountId, preface.since);
  await pipeline(Readable.from(stream, { objectMode: false }), socket);
}

async function take(store: MailStore, { socket, first }: OpenLeg<TransferPreface>): Promise<void> {
  // The hub ends its side with the stream, and hears what came of it.
  socket.allowHalfOpen = true;
  const end = await importResult(store, arriving(socket, first));
  if (socket.writable) socket.end(encodeTransferEnd(end));
}

async function importResult(store: MailStore, stream: ByteStream): Promise<TransferEnd> {
  try {
    return { ok: true, cursor: await store.transfer.importAccount(systemContext('move'), stream) };
  } catch (error) {
    if (error instanceof MailStoreError) return { ok: false, code: error.code, text: error.message };
    throw error;
  }
}

/** Reading no further leaves the connection open for the answer. */
async function* arriving(socket: Socket, first: Buffer): ByteStream {
  if (first.length > 0) yield first;
  yield* socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
}
