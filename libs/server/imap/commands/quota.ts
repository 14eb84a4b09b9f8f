import { formatAString, parseGetQuotaRoot, parseQuotaRoot } from '#protocol/imap';
import type { CommandSession, ImapCommand } from '../command.ts';
import { ImapRefusal } from '../errors.ts';
import { formatMailboxName } from '../mailbox-text.ts';
import { findMailbox } from '../shared-names.ts';

/** The one quota root: the account itself. */
const ROOT = '';
/** RFC 9208 §5.1: STORAGE counts units of 1,024 octets. */
const STORAGE_UNIT_BYTES = 1_024;

/** RFC 9208 §4.1.1. */
export const getQuota: ImapCommand<ReturnType<typeof parseQuotaRoot>> = {
  name: 'GETQUOTA',
  states: ['authenticated', 'selected'],
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 9208 §4.1.1',
  parse: parseQuotaRoot,
  async run(session, { root }, reply) {
    if (root !== ROOT) throw new ImapRefusal('NONEXISTENT', 'No such quota root');
    session.out.untagged(await formatQuota(session));
    reply.ok('GETQUOTA completed');
  },
};

/** RFC 9208 §4.1.2. */
export const getQuotaRoot: ImapCommand<ReturnType<typeof parseGetQuotaRoot>> = {
  ...getQuota,
  name: 'GETQUOTAROOT',
  rfc: 'RFC 9208 §4.1.2',
  parse: (reader, { names }) => parseGetQuotaRoot(reader, names),
  async run(session, { mailbox }, reply) {
    const { ref, mailbox: found } = await findMailbox(session, mailbox);
    const name = formatMailboxName(session, found.name);
    // RFC 9208 §4.1.2: a mailbox of another's is under no root this account may see.
    if (ref.accountId !== session.accountId) {
      session.out.untagged(`QUOTAROOT ${name}`);
      return reply.ok('GETQUOTAROOT completed');
    }
    session.out.untagged(`QUOTAROOT ${name} ${formatAString(ROOT)}`);
    session.out.untagged(await formatQuota(session));
    reply.ok('GETQUOTAROOT completed');
  },
};

/** Only resources with a limit are named. RFC 9208 §4.2.1. */
async function formatQuota({ store, context, accountId }: CommandSession): Promise<string> {
  const { quotaBytes, usedBytes, messages } = await store.account(context, accountId);
  const storage =
    quotaBytes > 0
      ? `STORAGE ${Math.ceil(usedBytes / STORAGE_UNIT_BYTES)} ${Math.floor(quotaBytes / STORAGE_UNIT_BYTES)} `
      : '';
  // RFC 9208 §5.2.
  return `QUOTA ${formatAString(ROOT)} (${storage}MESSAGE ${messages} ${store.limits.messagesMax})`;
}
