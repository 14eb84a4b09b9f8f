import assert from 'node:assert/strict';
import {
  type AccountSpec,
  type Mailbox,
  type MailStore,
  MailStoreError,
  type MailStoreErrorCode,
  type MailStoreLimits,
  type StagedMessage,
  type StoredMessage,
  type Uid,
  type UidRange,
} from '#mailstore/api';
import { collect, type RequestContext, systemContext } from '#stdx';
import { SimulatedClock } from '#testing';

export interface ContractOptions {
  readonly clock: SimulatedClock;
  readonly limits: Partial<MailStoreLimits>;
}

/** Makes an empty store. The suite closes it; what else it needs to be rid of, `dispose` does. */
export type OpenStore = (options: ContractOptions) => Promise<{ readonly store: MailStore; dispose?(): Promise<void> }>;

export const context: RequestContext = systemContext('contract');
export const ALL: readonly UidRange[] = [{ first: 1, last: Infinity }];

export const spec = (accountId: string, more: Partial<AccountSpec> = {}): AccountSpec => ({
  ...{ accountId, email: `${accountId}@example.com`, partnerId: 'partner-1', quotaBytes: 0 },
  ...more,
});

/** A store under test, with the few moves most tests share. */
export class Bench {
  constructor(
    readonly store: MailStore,
    readonly clock: SimulatedClock,
  ) {}

  /** An account, with its INBOX. */
  async account(accountId: string, more: Partial<AccountSpec> = {}): Promise<Mailbox> {
    await this.store.ensureAccount(context, spec(accountId, more));
    return this.store.mailbox(context, accountId, 'INBOX');
  }

  stage(text: string): Promise<StagedMessage> {
    return this.store.stage(Buffer.from(text));
  }

  /** Appends one message of that text; returns its uid. */
  async append(mailbox: Mailbox, accountId: string, text: string, keywords: readonly string[] = []): Promise<Uid> {
    const message = await this.stage(text);
    const item = { message, keywords, internalDate: this.clock.now() };
    const [added] = await this.store.append(context, { accountId, mailboxId: mailbox.id }, [item]);
    assert(added);
    return added.uid;
  }

  mailbox(accountId: string, nameOrId: string | number): Promise<Mailbox> {
    return this.store.mailbox(context, accountId, nameOrId);
  }

  async uids(accountId: string, mailboxId: number): Promise<number[]> {
    return [...(await this.store.uids(context, { accountId, mailboxId }))];
  }

  async messages(accountId: string, mailboxId: number, ranges = ALL): Promise<StoredMessage[]> {
    const found: StoredMessage[] = [];
    const fields = { envelope: true, body: true };
    for await (const batch of this.store.messages(context, { accountId, mailboxId }, ranges, fields))
      found.push(...batch);
    return found;
  }

  async text(blobId: string, start?: number, end?: number): Promise<string> {
    return (await collect(this.store.read(blobId, start, end), 100_000_000)).toString('latin1');
  }
}

export async function rejects(what: Promise<unknown>, code: MailStoreErrorCode): Promise<void> {
  await assert.rejects(what, (error) => {
    assert(error instanceof MailStoreError, `not an operating error: ${String(error)}`);
    assert.equal(error.code, code);
    return true;
  });
}

export const simple = (subject: string, body = 'Hello.', more = ''): string =>
  `From: Ann <ann@example.com>\r\nTo: bob@example.com\r\nSubject: ${subject}\r\n${more}\r\n${body}\r\n`;

/** Runs `test` on a fresh store and closes it, whatever comes of it. */
export async function withStore(
  open: OpenStore,
  test: (bench: Bench) => Promise<void>,
  limits: Partial<MailStoreLimits> = {},
): Promise<void> {
  const clock = new SimulatedClock();
  const { store, dispose } = await open({ clock, limits });
  try {
    await test(new Bench(store, clock));
  } finally {
    await store.close();
    await dispose?.();
  }
}

/** Reads an async iterable of batches into one list. */
export async function flat<T>(batches: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const batch of batches) all.push(...batch);
  return all;
}
