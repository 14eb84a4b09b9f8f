import { duplexPair } from 'node:stream';
import { streamConnection } from '#connection';
import type { MailStore } from '#mailstore/api';
import { MemoryMailStore } from '#mailstore/memory';
import type { SessionMark } from '#protocol/handover';
import { messageParser } from '#protocol/message';
import { type Logger, silentLogger, systemContext } from '#stdx';
import { hubSide, ImapTestClient, legPair, SimulatedClock } from '#testing';
import type { ImapLimits } from './limits.ts';
import { ImapSession } from './session.ts';
import type { ImapSessionOptions } from './session-options.ts';

export const CONTEXT = systemContext('imap-spec');
export const ACCOUNT = { accountId: 'a1', email: 'ann@example.test', partnerId: 'p1', quotaBytes: 1_000_000 };

export interface World {
  readonly store: MailStore;
  readonly clock: SimulatedClock;
  /** Errors logged: a test that expects none finds them here. */
  readonly errors: readonly object[];
  /** A signed-in client; its greeting has been read. */
  client(options?: Partial<ImapSessionOptions>): Promise<ImapTestClient>;
  /** A client behind a leg such as a hub's, begun or, with a mark, resumed. */
  leg(mark?: Uint8Array): Promise<Leg>;
}

export interface Leg {
  readonly client: ImapTestClient;
  /** The newest mark. */
  mark(): SessionMark;
  /** What the client was sent since the newest mark. */
  bytesSinceMark(): number;
}

/** One account in a store, by default an empty one, and clients over it. */
export function imapWorld(
  limits: Partial<ImapLimits> = {},
  account: typeof ACCOUNT = ACCOUNT,
  given?: MailStore,
): World {
  const clock = new SimulatedClock();
  const store = given ?? new MemoryMailStore({ parse: () => messageParser(), clock });
  const errors: object[] = [];
  const logger: Logger = { ...silentLogger, error: (fields) => errors.push(fields), child: () => logger };
  const base = { store, context: CONTEXT, account, clock, logger, limits };
  return {
    store,
    clock,
    errors,
    async client(options = {}) {
      const [near, far] = duplexPair();
      const connection = streamConnection(far);
      void new ImapSession({ ...base, connection, greeting: 'preauth', ...options }).run();
      const client = new ImapTestClient(near);
      await client.response();
      return client;
    },
    async leg(mark) {
      const { connection, channel } = await legPair();
      void new ImapSession({ ...base, connection, greeting: mark ? { mark } : 'preauth' }).run();
      const side = hubSide(channel, mark);
      const client = new ImapTestClient(side.client);
      if (!mark) await client.response();
      return { ...side, client };
    },
  };
}

/** A small message; `fields` are header lines. */
export const message = (subject: string, body = 'body\r\n', ...fields: string[]): string =>
  [`From: Bob <bob@example.test>`, 'To: ann@example.test', `Subject: ${subject}`, ...fields, '', body].join('\r\n');

/** A mailbox with `count` messages, subjects m1, m2 …, selected. */
export async function selectedWorld(count: number, limits: Partial<ImapLimits> = {}) {
  const world = imapWorld(limits);
  const client = await world.client();
  for (let i = 1; i <= count; i++) await client.append('INBOX', message(`m${i}`));
  await client.ok('SELECT INBOX');
  return { ...world, client };
}
