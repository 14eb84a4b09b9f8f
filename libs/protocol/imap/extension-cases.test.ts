const NOTHING = { selected: null, groups: [], status: false, unsupported: [] };
const BOTH = ['MessageNew', 'MessageExpunge'];

/** Rows of the parsers' specs: arguments of GETMETADATA, SETMETADATA, NOTIFY and the commands of ACL. */
export const EXTENSION_GOOD: readonly [parser: string, text: string, expected: object][] = [
  ['setAcl', 'team bob@x.test +cd', { mailbox: 'team', identifier: 'bob@x.test', mode: 'add', rights: 'kxte' }],
  ['setAcl', 'team anyone ""', { mailbox: 'team', identifier: 'anyone', mode: 'replace', rights: '' }],
  ['acl', 'INBOX "b c"', { mailbox: 'INBOX', identifier: 'b c' }],
  [
    'getMetadata',
    '(MAXSIZE 1024 DEPTH infinity) INBOX (/shared/comment "/private/x")',
    { mailbox: 'INBOX', entries: ['/shared/comment', '/private/x'], maxSize: 1024, depth: 'infinity' },
  ],
  ['getMetadata', '"" /shared/admin', { mailbox: '', entries: ['/shared/admin'], maxSize: null, depth: 0 }],
  [
    'setMetadata',
    'inbox (/private/a ~{3}\r\na\0b /shared/b NIL)',
    {
      mailbox: 'INBOX',
      changes: [
        { entry: '/private/a', value: Buffer.from('a\0b') },
        { entry: '/shared/b', value: null },
      ],
    },
  ],
  ['notify', 'none', NOTHING],
  [
    'notify',
    'SET STATUS (selected-delayed (MessageNew (UID) messageexpunge)) (mailboxes (inbox "a b") NONE) (subtree {1}\r\nx (MailboxName))',
    {
      status: true,
      unsupported: [],
      selected: { delayed: true, events: BOTH, fetch: [{ kind: 'uid' }] },
      groups: [
        { filter: { kind: 'mailboxes', names: ['INBOX', 'a b'] }, events: [] },
        { filter: { kind: 'subtree', names: ['x'] }, events: ['MailboxName'] },
      ],
    },
  ],
  [
    'notify',
    'SET (inboxes (MessageNew MessageExpunge AnnotationChange))',
    { ...NOTHING, groups: [{ filter: { kind: 'inboxes' }, events: BOTH }], unsupported: ['AnnotationChange'] },
  ],
];

export const EXTENSION_BAD: readonly [parser: string, text: string][] = [
  ['setAcl', 'team bob lq'],
  ['setAcl', 'team bob'],
  ['setAcl', 'team "" l'],
  ['acl', 'team'],
  ['acl', 'team bob l'],
  ['getMetadata', '(DEPTH 2) INBOX /shared/a'],
  ['getMetadata', '(SIZE 2) INBOX /shared/a'],
  ['getMetadata', 'INBOX shared/a'],
  ['getMetadata', 'INBOX /shared//a'],
  ['getMetadata', 'INBOX /shared/a*'],
  ['getMetadata', 'INBOX ()'],
  ['setMetadata', 'INBOX /shared/a x'],
  ['setMetadata', 'INBOX (/shared/a)'],
  ['setMetadata', 'INBOX (/shared/a {3}\r\na\0b)'],
  ['notify', 'SET'],
  ['notify', 'SET STATUS'],
  ['notify', 'SET (personal)'],
  ['notify', 'SET (personal (MailboxName)'],
  ['notify', 'SET (personal (MessageNew))'],
  ['notify', 'SET (selected (MailboxName))'],
  ['notify', 'SET (personal NONE)(personal NONE)'],
  ['notify', 'NONE x'],
];
