import type { MailStore } from '#mailstore/api';
import { createVolume, openVolume } from '#mailstore/volume';
import { messageParser } from '#protocol/message';
import { ImapSession } from '#server/imap';
import { collect, type Logger, silentLogger, systemClock, systemContext } from '#stdx';
import { type HubSide, hubSide, ImapTestClient, legPair, temporaryDirectory } from '#testing';
import { plainFlags } from './beliefs.ts';

/** A session as a hub has it: its client, and the mark from which another node would go on. */
export interface Leg extends Omit<HubSide, 'client'> {
  readonly client: ImapTestClient;
}

const CONTEXT = systemContext('soak');
const ACCOUNT = { accountId: 'soak', email: 'soak@example.test', partnerId: 'p1', quotaBytes: 0 };
const ALL = [{ first: 1, last: Number.POSITIVE_INFINITY }];

/** One account on a volume on disk, and sessions on it such as a hub opens. */
export async function soakWorld() {
  const disk = temporaryDirectory();
  const identity = { volumeId: 'v1', clusterId: 'c1' };
  await createVolume(disk.path, identity);
  const store = await openVolume({
    ...{ ...identity, path: disk.path, epoch: 1, clock: systemClock, logger: silentLogger },
    parse: () => messageParser(),
  });
  await store.ensureAccount(CONTEXT, ACCOUNT);
  const errors: object[] = [];
  const logger: Logger = { ...silentLogger, error: (fields) => errors.push(fields), child: () => logger };
  return {
    /** Errors the sessions logged. */
    errors,
    open: (mark?: Uint8Array): Promise<Leg> => openLeg(store, logger, mark),
    /** What the store holds: as a client that has been told everything believes it, and the text of each. */
    truth: () => readMailbox(store, 'INBOX'),
    async count(mailbox: string): Promise<number> {
      return (await store.mailbox(CONTEXT, ACCOUNT.accountId, mailbox)).messages;
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      disk[Symbol.dispose]();
    },
  };
}

async function openLeg(store: MailStore, logger: Logger, mark?: Uint8Array): Promise<Leg> {
  const { connection, channel } = await legPair();
  const base = { store, context: CONTEXT, account: ACCOUNT, clock: systemClock, logger };
  const greeting = mark ? { mark } : ('preauth' as const);
  void new ImapSession({ ...base, connection, greeting }).run();
  const side = hubSide(channel, mark);
  const client = new ImapTestClient(side.client);
  if (!mark) await client.response();
  return { ...side, client };
}

const FLAG: Readonly<Record<string, string>> = { $seen: '\\Seen', $deleted: '\\Deleted', $flagged: '\\Flagged' };

async function readMailbox(store: MailStore, name: string) {
  const { accountId } = ACCOUNT;
  const { id } = await store.mailbox(CONTEXT, accountId, name);
  const lines: string[] = [];
  const texts = new Map<number, string>();
  for await (const batch of store.messages(CONTEXT, { accountId, mailboxId: id }, ALL, {}))
    for (const { uid, keywords, blobId, size } of batch) {
      lines.push(`${uid}: ${plainFlags(keywords.map((keyword) => FLAG[keyword] ?? keyword).join(' '))}`);
      texts.set(uid, (await collect(store.read(blobId), size)).toString('latin1'));
    }
  return { lines, texts };
}
