import { type AccountId, type Annotation, type MailboxId, MailStoreError } from '#mailstore/api';
import {
  formatAString,
  type GetMetadataArguments,
  parseGetMetadata,
  parseSetMetadata,
  type SetMetadataArguments,
} from '#protocol/imap';
import type { CommandSession, ImapCommand } from '../command.ts';
import { ImapRefusal } from '../errors.ts';
import { formatMailboxName } from '../mailbox-text.ts';
import { findMailbox } from '../shared-names.ts';

/** RFC 5464 §4.2. The server's own entries, of mailbox "", are each account's own here. */
export const getMetadata: ImapCommand<GetMetadataArguments> = {
  name: 'GETMETADATA',
  states: ['authenticated', 'selected'],
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 5464 §4.2',
  parse: (reader, { names }) => parseGetMetadata(reader, names),
  async run(session, { mailbox, entries, maxSize, depth }, reply) {
    const { accountId, mailboxId } = await annotated(session, mailbox);
    const all = await session.store.annotations.list(session.context, accountId, mailboxId);
    const wanted = entries.map((entry) => entry.toLowerCase());
    const found = all.filter(({ entry }) => wanted.some((each) => isWithin(entry, each, depth)));
    const shown = found.filter(({ value }) => maxSize === null || value.length <= maxSize);
    if (shown.length > 0) tellValues(session, mailbox, shown);
    const longest = Math.max(0, ...found.map(({ value }) => value.length));
    // RFC 5464 §4.2.1.
    const code = shown.length < found.length ? `METADATA LONGENTRIES ${longest}` : undefined;
    reply.ok('GETMETADATA completed', code);
  },
};

/** RFC 5464 §4.3. */
export const setMetadata: ImapCommand<SetMetadataArguments> = {
  ...getMetadata,
  name: 'SETMETADATA',
  rfc: 'RFC 5464 §4.3',
  parse: (reader, { names }) => parseSetMetadata(reader, names),
  async run(session, { mailbox, changes }, reply) {
    const { accountId, mailboxId } = await annotated(session, mailbox);
    const explain = refusalsOf(session.limits.annotationBytesMax);
    await session.store.annotations.set(session.context, accountId, mailboxId, changes).catch(explain);
    reply.ok('SETMETADATA completed');
  },
};

async function annotated(
  session: CommandSession,
  mailbox: string,
): Promise<{ readonly accountId: AccountId; readonly mailboxId: MailboxId | null }> {
  if (mailbox === '') return { accountId: session.accountId, mailboxId: null };
  return (await findMailbox(session, mailbox)).ref;
}

/** RFC 5464 §4.2.2: 0 is the entry itself, 1 what lies directly beneath it too, infinity all of that. */
function isWithin(entry: string, wanted: string, depth: GetMetadataArguments['depth']): boolean {
  if (entry === wanted) return true;
  if (depth === 0 || !entry.startsWith(`${wanted}/`)) return false;
  return depth === 'infinity' || !entry.includes('/', wanted.length + 1);
}

function tellValues(session: CommandSession, mailbox: string, annotations: readonly Annotation[]): void {
  const { out } = session;
  const name = mailbox === '' ? '""' : formatMailboxName(session, mailbox);
  out.raw(`* METADATA ${name} (`);
  for (const [i, { entry, value }] of annotations.entries()) {
    out.raw(`${i > 0 ? ' ' : ''}${formatAString(entry)} `);
    // RFC 5464 §5: a literal8 where a string cannot hold it.
    out.raw(`${value.includes(0) ? '~' : ''}{${value.length}}\r\n`);
    out.bytes(value);
  }
  out.raw(')\r\n');
}

/** RFC 5464 §4.3's codes. */
const refusalsOf =
  (bytesMax: number) =>
  (error: unknown): never => {
    if (!(error instanceof MailStoreError)) throw error;
    if (error.code === 'limitExceeded') throw new ImapRefusal('METADATA TOOMANY', 'Too many annotations');
    if (error.code === 'annotationTooLarge')
      throw new ImapRefusal(`METADATA MAXSIZE ${bytesMax}`, 'The value is too large');
    throw error;
  };
