import { duplexPair } from 'node:stream';
import type { MailStore } from '#mailstore/api';
import { MemoryMailStore } from '#mailstore/memory';
import { messageParser } from '#protocol/message';
import { type Logger, silentLogger, systemContext } from '#stdx';
import { ImapTestClient, SimulatedClock } from '#testing';
import { streamConnection } from './connection.ts';
import type { ImapLimits } from './limits.ts';
import { ImapSession, type ImapSessionOptions } from './session.ts';

export const CONTEXT = systemContext('imap-spec');
export const ACCOUNT = { accountId: 'a1', email: 'ann@example.test', partnerId: 'p1', quotaBytes: 1_000_000 };

export interface World {
  readonly store: MailStore;
  readonly clock: SimulatedClock;
  /** Errors logged: a test that expects none finds them here. */
  readonly errors: readonly object[];
  /** A signed-in client; its greeting has been read. */
  client(options?: Partial<ImapSessionOptions>): Promise<ImapTestClient>;
}

/** One account in an empty store, and clients over it. */
export function imapWorld(limits: Partial<ImapLimits> = {}, account: typeof ACCOUNT = ACCOUNT): World {
  const clock = new SimulatedClock();
  const store = new MemoryMailStore({ parse: () => messageParser(), clock });
  const errors: object[] = [];
  const logger: Logger = { ...silentLogger, error: (fields) => errors.push(fields), child: () => logger };
  return {
    store,
    clock,
    errors,
    async client(options = {}) {
      const [near, far] = duplexPair();
      const connection = streamConnection(far);
      const session = new ImapSession({
        ...{ store, context: CONTEXT, account, clock, logger, connection, limits, greeting: 'preauth' },
        ...options,
      });
      void session.run();
      const client = new ImapTestClient(near);
      await client.response();
      return client;
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
