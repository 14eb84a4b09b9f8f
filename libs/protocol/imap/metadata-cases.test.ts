/** Rows of the parsers' specs: arguments of GETMETADATA, SETMETADATA and the commands of ACL. */
export const METADATA_GOOD: readonly [parser: string, text: string, expected: object][] = [
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
];

export const METADATA_BAD: readonly [parser: string, text: string][] = [
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
];
