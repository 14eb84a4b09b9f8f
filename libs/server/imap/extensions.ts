import type { ImapLimits } from './limits.ts';

/** One capability. The list and docs/imap.md are made of these rows; a spec checks that each row's commands are in the table. */
export interface ImapExtension {
  readonly capability: string;
  readonly rfc: string;
  readonly title: string;
  /** Commands it brings, by name in the command table. */
  readonly commands: readonly string[];
  readonly needsHub?: boolean;
}

const row = (capability: string, rfc: string, title: string, ...commands: string[]): ImapExtension => ({
  capability,
  rfc,
  title,
  commands,
});

/** Only for connections through a hub, which does it. */
const atHub = (extension: ImapExtension): ImapExtension => ({ ...extension, needsHub: true });

/** Every capability this server has once somebody is signed in, complete. */
export const EXTENSIONS: readonly ImapExtension[] = [
  row('IMAP4rev1', 'RFC 3501', 'The protocol, first revision'),
  row('IMAP4rev2', 'RFC 9051', 'The protocol, second revision, once enabled'),
  row('LITERAL+', 'RFC 7888', 'Literals sent without waiting'),
  row('SASL-IR', 'RFC 4959', 'Initial response with AUTHENTICATE; served at the hub'),
  row('ID', 'RFC 2971', 'Who speaks', 'ID'),
  row('ENABLE', 'RFC 5161', 'Switching extensions on', 'ENABLE'),
  row('UTF8=ACCEPT', 'RFC 9755', 'UTF-8 in names and headers, once enabled'),
  row('IDLE', 'RFC 2177', 'News as it happens', 'IDLE'),
  row('NOTIFY', 'RFC 5465', 'News of any mailbox, without asking', 'NOTIFY'),
  row('MULTIAPPEND', 'RFC 3502', 'Several messages with one APPEND'),
  row('BINARY', 'RFC 3516', 'Parts without their transfer encoding, messages with NUL'),
  row('NAMESPACE', 'RFC 2342', 'Where mailboxes are', 'NAMESPACE'),
  row('CHILDREN', 'RFC 3348', 'Which mailboxes have children'),
  row('UIDPLUS', 'RFC 4315', 'UIDs of what was appended and copied', 'UID EXPUNGE'),
  row('UNSELECT', 'RFC 3691', 'Closing without expunging', 'UNSELECT'),
  row('MOVE', 'RFC 6851', 'Moving in one step', 'MOVE', 'UID MOVE'),
  row('ESEARCH', 'RFC 4731', 'Compact search results'),
  row('PARTIAL', 'RFC 9394', 'Results page by page'),
  row('SORT', 'RFC 5256', 'Messages in order', 'SORT', 'UID SORT'),
  row('SORT=DISPLAY', 'RFC 5957', 'Order by the names people see'),
  row('ESORT', 'RFC 5267', 'Compact and partial results of SORT'),
  row('THREAD=ORDEREDSUBJECT', 'RFC 5256', 'Threads by subject', 'THREAD', 'UID THREAD'),
  row('THREAD=REFERENCES', 'RFC 5256', 'Threads by who answers whom', 'THREAD', 'UID THREAD'),
  row('WITHIN', 'RFC 5032', 'Search by age'),
  row('LIST-EXTENDED', 'RFC 5258', 'LIST with selection and return options'),
  row('LIST-STATUS', 'RFC 5819', 'STATUS with LIST'),
  row('STATUS=SIZE', 'RFC 8438', 'Size of a mailbox'),
  row('SPECIAL-USE', 'RFC 6154', 'What a mailbox is for'),
  row('CREATE-SPECIAL-USE', 'RFC 6154', 'Making mailboxes for a use'),
  row('CONDSTORE', 'RFC 7162', 'Conditional STORE and quick resynchronization of flags'),
  row('QRESYNC', 'RFC 7162', 'Quick resynchronization of a mailbox'),
  row('SEARCHRES', 'RFC 5182', 'Using the last search by $'),
  row('OBJECTID', 'RFC 8474', 'Names for good, of mailboxes, messages and threads'),
  row('UIDONLY', 'RFC 9586', 'Doing without message numbers, once enabled'),
  row('REPLACE', 'RFC 8508', 'One message for another in one step', 'REPLACE', 'UID REPLACE'),
  row('CATENATE', 'RFC 4469', 'Messages put together of parts that are here'),
  row('URL-PARTIAL', 'RFC 5550', 'Pieces of such parts'),
  row('INPROGRESS', 'RFC 9585', 'Word from commands that take long'),
  row('SAVEDATE', 'RFC 8514', 'When a message came into its mailbox'),
  row('PREVIEW', 'RFC 8970', 'The beginning of a message'),
  row('APPENDLIMIT', 'RFC 7889', 'Largest message'),
  row('QUOTA', 'RFC 9208', 'Quotas', 'GETQUOTA', 'GETQUOTAROOT'),
  row('QUOTA=RES-STORAGE', 'RFC 9208', 'Quota of bytes'),
  row('QUOTA=RES-MESSAGE', 'RFC 9208', 'Quota of messages'),
  row(
    'ACL',
    'RFC 4314',
    'Sharing mailboxes, held to rights',
    'SETACL',
    'DELETEACL',
    'GETACL',
    'LISTRIGHTS',
    'MYRIGHTS',
  ),
  row('RIGHTS=texk', 'RFC 4314', 'Rights of their own for \\Deleted, expunging, deleting and making mailboxes'),
  row('METADATA', 'RFC 5464', 'Annotations of mailboxes and of the account', 'GETMETADATA', 'SETMETADATA'),
  atHub(row('COMPRESS=DEFLATE', 'RFC 4978', 'Compression; served at the hub', 'COMPRESS')),
  atHub(row('UNAUTHENTICATE', 'RFC 8437', 'Signing in anew on the same connection', 'UNAUTHENTICATE')),
];

/** The capability list of a signed-in session. */
export function capabilityList(limits: ImapLimits, behindHub: boolean): string {
  return EXTENSIONS.filter(({ needsHub }) => behindHub || !needsHub)
    .map(({ capability }) => (capability === 'APPENDLIMIT' ? `APPENDLIMIT=${limits.appendBytesMax}` : capability))
    .join(' ');
}
