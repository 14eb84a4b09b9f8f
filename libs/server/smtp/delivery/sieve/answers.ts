import { setImmediate as nextTurn } from 'node:timers/promises';
import { type MailboxRole, type MailStore, MailStoreError, type StagedMessage } from '#mailstore/api';
import type { SieveAnswer, SieveQuestion } from '#protocol/sieve';
import { asBuffer, type RequestContext } from '#stdx';

/** RFC 8579 §2: special uses of RFC 6154 and RFC 8457, as scripts write them. */
const USES: Readonly<Record<Exclude<MailboxRole, 'inbox'>, string>> = {
  drafts: '\\Drafts',
  sent: '\\Sent',
  junk: '\\Junk',
  trash: '\\Trash',
  archive: '\\Archive',
  all: '\\All',
  flagged: '\\Flagged',
  important: '\\Important',
};

const usesOf = (role: MailboxRole | null): readonly string[] => (role === null || role === 'inbox' ? [] : [USES[role]]);

/** Key of `duplicate` among an account's memories. */
export const duplicateKey = (key: string): string => `duplicate ${key}`;

/** What a script asks of the account's store. An account that is not there yet has nothing. */
export class StoreAnswers {
  constructor(
    private readonly store: MailStore,
    private readonly context: RequestContext,
    private readonly accountId: string,
    private readonly message: StagedMessage,
    private readonly bodyBytesMax: number,
  ) {}

  async answer(question: SieveQuestion): Promise<SieveAnswer> {
    const { store, context, accountId, message } = this;
    switch (question.ask) {
      case 'pause':
        await nextTurn();
        return true;
      case 'bytes':
        return beginning(message, this.bodyBytesMax);
      case 'mailbox': {
        const mailbox = await orNull(store.mailbox(context, accountId, question.name));
        return mailbox && { name: mailbox.name, uses: usesOf(mailbox.role) };
      }
      case 'annotation':
        return this.annotation(question.mailbox, question.entry.toLowerCase());
      case 'specialUse': {
        const mailboxes = (await orNull(store.mailboxes(context, accountId))) ?? [];
        const use = question.use.toLowerCase();
        return mailboxes.find(({ role }) => usesOf(role).some((each) => each.toLowerCase() === use))?.name ?? null;
      }
      case 'duplicate':
        return store.scripts.remembers(accountId, duplicateKey(question.key));
      case 'script': {
        // No script is everybody's: `:global` finds none.
        if (question.location === 'global') return null;
        const script = await orNull(store.scripts.get(context, accountId, question.name));
        return script && script.content.toString();
      }
    }
  }

  private async annotation(mailbox: string | null, entry: string): Promise<string | null> {
    const { store, context, accountId } = this;
    const found = mailbox === null ? null : await orNull(store.mailbox(context, accountId, mailbox));
    if (mailbox !== null && found === null) return null;
    const annotations = await orNull(store.annotations.list(context, accountId, found?.id ?? null));
    return annotations?.find((each) => each.entry === entry)?.value.toString() ?? null;
  }
}

async function orNull<T>(found: Promise<T>): Promise<T | null> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof MailStoreError && /NotFound$/.test(error.code)) return null;
    throw error;
  }
}

/** The first pieces of a message, up to `bytesMax`. */
export async function beginning(message: StagedMessage, bytesMax: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of message.bytes()) {
    pieces.push(asBuffer(piece));
    length += piece.length;
    if (length >= bytesMax) break;
  }
  return Buffer.concat(pieces).subarray(0, bytesMax);
}
