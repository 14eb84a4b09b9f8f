import { parseCreate } from '#protocol/imap';
import type { ImapCommand } from '../command.ts';
import { ImapRefusal } from '../errors.ts';
import { tellListed } from '../list-response.ts';
import { HIERARCHY_DELIMITER, roleOfAttribute } from '../mailbox-list.ts';
import { mailboxObjectId } from '../object-ids.ts';
import { locate } from '../shared-names.ts';

/** RFC 9051 §6.3.4; `USE`, RFC 6154 §3. */
export const create: ImapCommand<ReturnType<typeof parseCreate>> = {
  name: 'CREATE',
  states: ['authenticated', 'selected'],
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 9051 §6.3.4',
  parse: (reader, { names }) => parseCreate(reader, names),
  async run(session, { mailbox, asSent, use }, reply) {
    const { store, context } = session;
    const { accountId, name } = await locate(session, withoutDelimiter(mailbox));
    if (use.length > 1) throw new ImapRefusal('USEATTR', 'A mailbox has one special use');
    const role = use[0] === undefined ? null : roleOfAttribute(use[0]);
    if (use.length > 0 && !role) throw new ImapRefusal('USEATTR', 'Unknown special use');
    if (role) {
      // RFC 6154 §3: the use that cannot be given is what the client must be told.
      const taken = (await store.mailboxes(context, accountId)).some((box) => box.role === role && box.name !== name);
      if (taken) throw new ImapRefusal('USEATTR', 'Another mailbox has this special use');
    }
    const made = await store.createMailbox(context, accountId, name, role ? { role } : {});
    const prefix = withoutDelimiter(mailbox).slice(0, -name.length);
    const created = { ...made, name: prefix + made.name };
    const ref = { accountId, mailboxId: made.id };
    const wanted = withoutDelimiter(asSent);
    if (session.enabled.has('IMAP4REV2') && created.name !== wanted) await tellListed(session, created.name, wanted);
    // RFC 8474 §4.1.
    reply.ok('CREATE completed', `MAILBOXID (${mailboxObjectId(session, { ref, mailbox: created })})`);
  },
};

/** A trailing delimiter only declares that children will follow; here every mailbox may have some. */
export const withoutDelimiter = (name: string): string =>
  name.endsWith(HIERARCHY_DELIMITER) ? name.slice(0, -HIERARCHY_DELIMITER.length) : name;
