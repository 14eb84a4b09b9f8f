import { duplexPair } from 'node:stream';
import { streamConnection } from '#connection';
import type { MailStore } from '#mailstore/api';
import { MemoryMailStore } from '#mailstore/memory';
import { messageParser } from '#protocol/message';
import { type Logger, silentLogger, systemContext } from '#stdx';
import { type HubSide, hubSide, legPair, Pop3TestClient, SimulatedClock } from '#testing';
import type { Pop3Limits } from './limits.ts';
import { MaildropLocks } from './maildrop-locks.ts';
import { Pop3Session, type Pop3SessionOptions } from './session.ts';

export const CONTEXT = systemContext('pop3-spec');
const ACCOUNT = { accountId: 'a1', email: 'ann@example.test', partnerId: 'p1', quotaBytes: 100_000_000 };

/** A maildrop with these messages, and clients of it. */
export async function pop3World(texts: readonly string[], limits: Partial<Pop3Limits> = {}) {
  const clock = new SimulatedClock();
  const store: MailStore = new MemoryMailStore({ parse: () => messageParser(), clock });
  const errors: object[] = [];
  const logger: Logger = { ...silentLogger, error: (fields) => errors.push(fields), child: () => logger };
  const base: Omit<Pop3SessionOptions, 'connection'> = {
    ...{ store, locks: new MaildropLocks(clock), context: CONTEXT, account: ACCOUNT, clock, logger, limits },
  };
  await store.ensureAccount(CONTEXT, ACCOUNT);
  const inbox = await store.mailbox(CONTEXT, ACCOUNT.accountId, 'INBOX');
  const ref = { accountId: ACCOUNT.accountId, mailboxId: inbox.id };
  const append = async (text: string): Promise<void> => {
    const message = await store.stage(Buffer.from(text, 'latin1'));
    await store.append(CONTEXT, ref, [{ message, keywords: [], internalDate: 0 }]);
    message.discard();
  };
  for (const text of texts) await append(text);
  const begin = (options: Partial<Pop3SessionOptions> = {}): Pop3TestClient => {
    const [near, far] = duplexPair();
    void new Pop3Session({ ...base, connection: streamConnection(far), ...options }).run();
    return new Pop3TestClient(near);
  };
  return {
    ...{ store, clock, errors, ref, append, begin },
    uids: async (): Promise<number[]> => [...(await store.uids(CONTEXT, ref))],
    /** A signed-in client; its `+OK` has been read. */
    async client(options: Partial<Pop3SessionOptions> = {}): Promise<Pop3TestClient> {
      const client = begin(options);
      await client.line();
      return client;
    },
    /** A client behind a leg such as a hub's, begun or, with a mark, resumed. */
    async leg(mark?: Uint8Array): Promise<Omit<HubSide, 'client'> & { client: Pop3TestClient; session: Pop3Session }> {
      const { connection, channel } = await legPair();
      const session = new Pop3Session({ ...base, connection, mark });
      void session.run();
      const side = hubSide(channel, mark);
      const client = new Pop3TestClient(side.client);
      if (!mark) await client.line();
      return { ...side, client, session };
    },
  };
}

/** A small message. */
export const message = (subject: string, body = 'body\r\n'): string =>
  `From: Bob <bob@example.test>\r\nSubject: ${subject}\r\n\r\n${body}`;
