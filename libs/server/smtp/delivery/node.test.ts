import { MemoryMailStore } from '#mailstore/memory';
import { encodeRouteParameter, type MessageOrigin, type RecipientRoute } from '#protocol/handover';
import { messageParser } from '#protocol/message';
import { formatReply } from '#protocol/smtp';
import { LmtpPool, type RelayMessage } from '#relay';
import { type Clock, collect, seededRandom, silentLogger, systemClock, systemContext } from '#stdx';
import { connectTo, listen } from '../kit.test.ts';
import { serveLmtp } from './lmtp.ts';
import { NodeDelivery } from './node-delivery.ts';

export const context = systemContext('test');
export const route = (name: string, override: Partial<RecipientRoute> = {}): RecipientRoute => ({
  accountId: `id-${name}`,
  email: `${name}@a.test`,
  partnerId: 'p1',
  quotaBytes: 0,
  volumeId: 'v1',
  epoch: 7,
  ...override,
});
export const origin: MessageOrigin = {
  transactionId: 't',
  volumeId: 'v1',
  epoch: 7,
  partnerId: 'p1',
  clientAddress: '::1',
};
export const parameters = (name: string, value: RecipientRoute | MessageOrigin): ReadonlyMap<string, string> =>
  new Map([[name, encodeRouteParameter(value)]]);
export const BODY = Buffer.from('Subject: hi\r\n\r\n.dot\r\nbody\r\n');

/** A node's delivery behind LMTP, over a store in memory. */
export async function node(clock: Clock = systemClock) {
  const store = new MemoryMailStore({ parse: messageParser, clock, volumeId: 'v1', epoch: 7 });
  const backend = new NodeDelivery({
    volumes: (id) => (id === 'v1' ? store : undefined),
    clock,
    logger: silentLogger,
    receipts: { hostname: 'node.test', random: seededRandom(1) },
    sieve: { hostname: 'node.test', random: seededRandom(2), version: '1' },
  });
  const server = await listen((socket) =>
    serveLmtp(socket, {
      backend,
      hostname: 'node.test',
      clock: systemClock,
      logger: silentLogger,
      peer: { sessionId: `n${socket.remotePort}`, address: '127.0.0.1', port: 1 },
    }),
  );
  const pool = new LmtpPool({ connect: () => connectTo(server.port), clientName: 'hub.test', clock: systemClock });
  return {
    store,
    pool,
    send: async (message: Partial<RelayMessage>) => {
      const { recipients } = await pool.send({ reversePath: 's@x.test', recipients: [], body: BODY, ...message });
      return recipients.map(({ rcpt, final }) => formatReply(final ?? rcpt));
    },
    async [Symbol.asyncDispose]() {
      pool.close();
      await server.close();
    },
  };
}

/** Texts of an account's mailbox, in order. */
export async function inbox(store: MemoryMailStore, name: string, mailbox = 'INBOX'): Promise<string[]> {
  const accountId = `id-${name}`;
  const { id: mailboxId } = await store.mailbox(context, accountId, mailbox);
  const out: string[] = [];
  for await (const batch of store.messages(context, { accountId, mailboxId }, [{ first: 1, last: Infinity }], {}))
    for (const { blobId } of batch) out.push((await collect(store.read(blobId), 1 << 26)).toString());
  return out;
}
