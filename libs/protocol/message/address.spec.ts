import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatAddress, formatAddressList } from './address-format.ts';
import { parseAddressList } from './address-list.ts';
import type { Address } from './model.ts';

/** `name|mailbox|host`, `-` for null. */
const short = ({ name, mailbox, host }: Address): string =>
  [name, mailbox, host].map((value) => value ?? '-').join('|');

describe('parseAddressList', () => {
  const rows: [text: string, addresses: string[]][] = [
    // RFC 5322 appendix A.1, A.5, A.6.
    ['John Doe <jdoe@machine.example>', ['John Doe|jdoe|machine.example']],
    ['"Joe Q. Public" <john.q.public@example.com>', ['Joe Q. Public|john.q.public|example.com']],
    [
      'Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>',
      ['Mary Smith|mary|x.test', '-|jdoe|example.org', 'Who?|one|y.test'],
    ],
    [
      '<boss@nil.test>, "Giant; \\"Big\\" Box" <sysservices@example.net>',
      ['-|boss|nil.test', 'Giant; "Big" Box|sysservices|example.net'],
    ],
    [
      'A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;',
      ['-|A Group|-', 'Ed Jones|c|a.test', '-|joe|where.test', 'John|jdoe|one.test', '-|-|-'],
    ],
    ['Undisclosed recipients:;', ['-|Undisclosed recipients|-', '-|-|-']],
    ['Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>', ['Pete|pete|silly.test']],
    [
      "A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>,\r\n joe@example.org,\r\n  John <jdoe@one.test> (my dear friend); (the end of the group)",
      ['-|A Group|-', 'Chris Jones|c|public.example', '-|joe|example.org', 'John|jdoe|one.test', '-|-|-'],
    ],
    ['(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;', ['-|Hidden recipients|-', '-|-|-']],
    ['Joe Q. Public <john.q.public@example.com>', ['Joe Q. Public|john.q.public|example.com']],
    [
      'Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example',
      ['Mary Smith|mary|example.net', '-|jdoe|test.example'],
    ],
    ['<@a.test,@b.test:c@d.test>', ['-|c|d.test']],
    // Names in comments, literals, quoting.
    ['jdoe@example.org (John Doe)', ['John Doe|jdoe|example.org']],
    ['jdoe@[192.168.1.1], x@[IPv6:::1]', ['-|jdoe|[192.168.1.1]', '-|x|[IPv6:::1]']],
    ['"john doe"@example.org, john.doe@x', ['-|john doe|example.org', '-|john.doe|x']],
    // Encoded words and 8-bit.
    ['=?ISO-8859-1?Q?Andr=E9?= Pirard <pirard@x>', ['André Pirard|pirard|x']],
    ['"=?utf-8?q?Quoted=2C_still?=" <a@b>', ['Quoted, still|a|b']],
    ['=?utf-8?b?4oI=?= =?utf-8?b?rA==?= <a@b>', ['€|a|b']],
    ['Jörg <jörg@exämple.de>', ['Jörg|jörg|exämple.de']],
    // Garbage.
    ['', []],
    [' , ;', []],
    ['root', ['-|root|']],
    ['John Doe', ['John Doe||']],
    ['John Doe <>', ['John Doe||']],
    ['<>', []],
    ['a@b c@d', ['-|a|b', '-|c|d']],
    ['Big Bug bb@bug.com', ['Big Bug|bb|bug.com']],
    ['a@b@c', ['-|a@b|c']],
    ['a <b@c', ['a|b|c']],
    ['a <b@c, d@e', ['a|b|c', '-|d|e']],
    ['"open <b@c>, d@e', ['"open|b|c', '-|d|e']],
    ['(open <b@c>, d@e', ['(open|b|c', '-|d|e']],
    ['a@b; c@d', ['-|a|b', '-|c|d']],
    ['a <b@c> d <e@f>', ['a|b|c', '-|e|f']],
    ['x@y\0\r\nBcc: z', ['-|x@y Bcc|-', '-|z|', '-|-|-']],
  ];
  for (const [text, addresses] of rows) {
    it(JSON.stringify(text), () => assert.deepEqual(parseAddressList(text).map(short), addresses));
  }
  it('gives the name as sent where it was encoded', () => {
    assert.deepEqual(parseAddressList('"=?utf-8?q?=C3=A9?= x" <a@b>'), [
      { name: 'é x', mailbox: 'a', host: 'b', rawName: '=?utf-8?q?=C3=A9?= x' },
    ]);
  });
  it('stops at the limit', () => assert.equal(parseAddressList('a@b,'.repeat(50), 10).length, 10));
});

describe('formatAddress', () => {
  const rows: [name: string | null, mailbox: string, host: string, text: string][] = [
    [null, 'a', 'b', 'a@b'],
    ['Ann Lee', 'a', 'b', 'Ann Lee <a@b>'],
    ['Lee, Ann "x"', 'a', 'b', '"Lee, Ann \\"x\\"" <a@b>'],
    ['Jörg', 'a', 'b', '=?utf-8?b?SsO2cmc=?= <a@b>'],
    ['Dr. Jörg', 'a', 'b', '=?utf-8?b?RHIuIErDtnJn?= <a@b>'],
    [null, 'john doe', 'b', '"john doe"@b'],
    [null, 'a', 'b>, <evil@c', 'a@bevilc'],
    ['x\r\nBcc: y', 'a', 'b', '"x Bcc: y" <a@b>'],
    ['Nobody', '', '', 'Nobody <>'],
  ];
  for (const [name, mailbox, host, text] of rows) {
    it(text, () => assert.equal(formatAddress({ name, mailbox, host }), text));
  }
  it('writes groups', () => {
    const text = 'a@b, Friends: c@d, e@f;, g@h';
    assert.equal(formatAddressList(parseAddressList(text)), text);
  });
});
