import { ANYONE, RIGHTS } from '#mailstore/api';
import {
  type AclArguments,
  formatAString,
  parseAcl,
  parseMailbox,
  parseSetAcl,
  type SetAclArguments,
} from '#protocol/imap';
import type { CommandSession, ImapCommand } from '../command.ts';
import { ImapRefusal } from '../errors.ts';
import { formatMailboxName } from '../mailbox-text.ts';
import { type FoundMailbox, findMailbox } from '../shared-names.ts';

type MailboxArguments = ReturnType<typeof parseMailbox>;

/** RFC 4314 §3.1. */
export const setAcl: ImapCommand<SetAclArguments> = {
  name: 'SETACL',
  states: ['authenticated', 'selected'],
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 4314 §3.1',
  parse: (reader, { names }) => parseSetAcl(reader, names),
  async run(session, { mailbox, identifier, mode, rights }, reply) {
    const { ref } = await findMailbox(session, mailbox);
    refuseNegative(identifier);
    await session.store.sharing.change(session.context, ref, identifier, { mode, rights });
    reply.ok('SETACL completed');
  },
};

/** RFC 4314 §3.2. */
export const deleteAcl: ImapCommand<AclArguments> = {
  ...setAcl,
  name: 'DELETEACL',
  rfc: 'RFC 4314 §3.2',
  parse: (reader, { names }) => parseAcl(reader, names),
  async run(session, { mailbox, identifier }, reply) {
    const { ref } = await findMailbox(session, mailbox);
    refuseNegative(identifier);
    await session.store.sharing.change(session.context, ref, identifier, { mode: 'replace', rights: '' });
    reply.ok('DELETEACL completed');
  },
};

/** RFC 4314 §3.3. The owner's rights are told with the others'. */
export const getAcl: ImapCommand<MailboxArguments> = {
  ...setAcl,
  name: 'GETACL',
  rfc: 'RFC 4314 §3.3',
  parse: (reader, { names }) => parseMailbox(reader, names),
  async run(session, { mailbox }, reply) {
    const found = await findMailbox(session, mailbox);
    const grants = await session.store.sharing.grants(session.context, found.ref);
    const all = [{ grantee: await ownerOf(session, found), rights: RIGHTS }, ...grants];
    const pairs = all.map(({ grantee, rights }) => `${formatAString(grantee)} ${formatRights(rights)}`);
    session.out.untagged(`ACL ${formatMailboxName(session, found.mailbox.name)} ${pairs.join(' ')}`);
    reply.ok('GETACL completed');
  },
};

/** RFC 4314 §3.4: no two rights are tied, and owners keep theirs. */
export const listRights: ImapCommand<AclArguments> = {
  ...deleteAcl,
  name: 'LISTRIGHTS',
  rfc: 'RFC 4314 §3.4',
  async run(session, { mailbox, identifier }, reply) {
    const found = await findMailbox(session, mailbox);
    // As for SETACL, whose rights these are.
    await session.store.sharing.grants(session.context, found.ref);
    const isOwner = identifier.toLowerCase() === (await ownerOf(session, found));
    const rights = isOwner ? RIGHTS : ['""', ...RIGHTS].join(' ');
    const name = formatMailboxName(session, found.mailbox.name);
    session.out.untagged(`LISTRIGHTS ${name} ${formatAString(identifier)} ${rights}`);
    reply.ok('LISTRIGHTS completed');
  },
};

/** RFC 4314 §3.5. */
export const myRights: ImapCommand<MailboxArguments> = {
  ...getAcl,
  name: 'MYRIGHTS',
  rfc: 'RFC 4314 §3.5',
  async run(session, { mailbox }, reply) {
    const found = await findMailbox(session, mailbox);
    const rights = await session.store.sharing.rights(session.context, found.ref);
    session.out.untagged(`MYRIGHTS ${formatMailboxName(session, found.mailbox.name)} ${formatRights(rights)}`);
    reply.ok('MYRIGHTS completed');
  },
};

async function ownerOf({ store, context, accountId }: CommandSession, { ref }: FoundMailbox): Promise<string> {
  if (ref.accountId === accountId) return (await store.account(context, accountId)).email;
  const shared = await store.sharing.shared(context);
  return shared.find((each) => each.accountId === ref.accountId)?.email ?? '';
}

/** RFC 4314 §2: rights are given or not given here, not taken away from others. */
function refuseNegative(identifier: string): void {
  if (identifier.startsWith('-')) throw new ImapRefusal('CANNOT', `Only addresses and ${ANYONE} can be given rights`);
}

/** RFC 4314 §2.1.1: with the two that clients of RFC 2086 look for. */
const formatRights = (rights: string): string =>
  formatAString(`${rights}${rights.includes('k') ? 'c' : ''}${/[xte]/.test(rights) ? 'd' : ''}`);
