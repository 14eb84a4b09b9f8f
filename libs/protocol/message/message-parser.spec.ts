import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseMessage } from './message-parser.ts';
import type { BodyPart, MessageLimits } from './model.ts';
import { eachPart } from './sections.ts';
import { checkStructure } from './structure-check.ts';

const crlf = (text: string): Buffer => Buffer.from(text.replace(/\r?\n/g, '\r\n'));

/** Section, type, and body of every leaf and multipart: `1 text/plain "hello"`. */
function outline(bytes: Buffer, body: BodyPart): string[] {
  return [...eachPart(body)].map(({ section, part }) => {
    const text = part.parts
      ? `(${part.parts.length})`
      : JSON.stringify(bytes.subarray(part.bodyStart, part.end).toString('latin1'));
    return `${section} ${part.type}/${part.subtype} ${text}`.trim();
  });
}

const MULTI = 'Content-Type: multipart/mixed; boundary=b\n\n';

describe('structure', () => {
  const rows: [what: string, message: string, outline: string[]][] = [
    ['empty', '', ['1 text/plain ""']],
    ['header only', 'Subject: x\n', ['1 text/plain ""']],
    ['no header', '\nbody', ['1 text/plain "body"']],
    ['one part', 'Subject: x\n\nbody\n', ['1 text/plain "body\\r\\n"']],
    [
      'two parts',
      `${MULTI}--b\n\none\n--b\nContent-Type: text/html\n\ntwo\n\n--b--\n`,
      ['multipart/mixed (2)', '1 text/plain "one"', '2 text/html "two\\r\\n"'],
    ],
    [
      'preamble and epilogue',
      `${MULTI}pre\n--b\n\none\n--b--\nepi\n--b\n`,
      ['multipart/mixed (1)', '1 text/plain "one"'],
    ],
    [
      'empty parts',
      `${MULTI}--b\n--b\n\n--b\n\n\n--b--`,
      ['multipart/mixed (3)', '1 text/plain ""', '2 text/plain ""', '3 text/plain ""'],
    ],
    ['missing closing boundary', `${MULTI}--b\n\none`, ['multipart/mixed (1)', '1 text/plain "one"']],
    [
      'cut off in a boundary line',
      `${MULTI}--b\n\none\n--b`,
      ['multipart/mixed (2)', '1 text/plain "one"', '2 text/plain ""'],
    ],
    ['no boundary line', `${MULTI}text\n`, ['multipart/mixed (0)']],
    ['blanks after a boundary', `${MULTI}--b \t \n\none\n--b-- \n`, ['multipart/mixed (1)', '1 text/plain "one"']],
    ['multipart without boundary', 'Content-Type: multipart/mixed\n\n--x\n', ['1 text/plain "--x\\r\\n"']],
    ['multipart with an empty one', 'Content-Type: multipart/mixed; boundary=""\n\n--\n', ['1 text/plain "--\\r\\n"']],
    [
      'a longer boundary that begins alike',
      'Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=ab\n\n--ab\n\none\n--a\n\ntwo\n--a--\n',
      ['multipart/mixed (2)', '1 multipart/mixed (1)', '1.1 text/plain "one"', '2 text/plain "two"'],
    ],
    [
      'a shorter one within',
      'Content-Type: multipart/mixed; boundary=ab\n\n--ab\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\none\n--ab\n\ntwo\n--ab--\n',
      ['multipart/mixed (2)', '1 multipart/mixed (1)', '1.1 text/plain "one"', '2 text/plain "two"'],
    ],
    [
      'one boundary twice',
      `${MULTI}--b\n${MULTI}--b\n\none\n--b--\n--b\n\ntwo\n--b--\n`,
      ['multipart/mixed (2)', '1 multipart/mixed (1)', '1.1 text/plain "one"', '2 text/plain "two"'],
    ],
    [
      'boundary that ends in dashes',
      'Content-Type: multipart/mixed; boundary="b--"\n\n--b--\n\none\n--b----\n',
      ['multipart/mixed (1)', '1 text/plain "one"'],
    ],
    [
      'outer boundary ends the inner',
      `${MULTI}--b\nContent-Type: multipart/alternative; boundary=i\n\n--i\n\none\n--b\n\ntwo\n--b--\n`,
      ['multipart/mixed (2)', '1 multipart/alternative (1)', '1.1 text/plain "one"', '2 text/plain "two"'],
    ],
    [
      'boundary within a header',
      `${MULTI}--b\nContent-Type: text/html\n--b\n\ntwo\n--b--\n`,
      ['multipart/mixed (2)', '1 text/html ""', '2 text/plain "two"'],
    ],
    [
      'embedded message',
      'Content-Type: message/rfc822\n\nSubject: i\n\nbody\n',
      ['1 message/rfc822 "Subject: i\\r\\n\\r\\nbody\\r\\n"', '1.1 text/plain "body\\r\\n"'],
    ],
    [
      'embedded multipart',
      `${MULTI}--b\nContent-Type: message/global\n\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\none\n--i--\n--b--\n`,
      [
        'multipart/mixed (1)',
        '1 message/global "Content-Type: multipart/mixed; boundary=i\\r\\n\\r\\n--i\\r\\n\\r\\none\\r\\n--i--"',
        '1.1 text/plain "one"',
      ],
    ],
    [
      'embedded message in base64',
      'Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogeA==',
      ['1 message/rfc822 "U3ViamVjdDogeA=="'],
    ],
    [
      'digest',
      'Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: i\n\none\n--b\nContent-Type: text/plain\n\ntwo\n--b--\n',
      [
        'multipart/digest (2)',
        '1 message/rfc822 "Subject: i\\r\\n\\r\\none"',
        '1.1 text/plain "one"',
        '2 text/plain "two"',
      ],
    ],
    ['bare CR is text', 'Subject: x\n\na\rb\n', ['1 text/plain "a\\rb\\r\\n"']],
    ['NUL', 'Subject: x\0y\n\na\0b', ['1 text/plain "a\\u0000b"']],
    ['unreadable type', 'Content-Type: /;;=\n\nx', ['1 text/plain "x"']],
    ['type without subtype', 'Content-Type: text\n\nx', ['1 text/plain "x"']],
    ['line that is no field', 'Subject: x\nnonsense\nContent-Type: text/html\n\nx', ['1 text/html "x"']],
  ];
  for (const [what, message, expected] of rows) {
    it(what, () => {
      const bytes = crlf(message);
      const parsed = parseMessage(bytes);
      checkStructure(bytes, parsed);
      assert.deepEqual(
        outline(bytes, parsed.body),
        expected.map((line) => line.trim()),
      );
      assert.equal(parsed.truncated, false);
    });
    it(`${what}, bare LF`, () => {
      const bytes = Buffer.from(message);
      const parsed = parseMessage(bytes);
      checkStructure(bytes, parsed);
      assert.deepEqual(
        outline(bytes, parsed.body),
        expected.map((line) => line.replaceAll('\\r\\n', '\\n')),
      );
    });
  }

  const nested = (depth: number): string => {
    let text = '';
    for (let i = 0; i < depth; i++) text += `Content-Type: multipart/mixed; boundary=b${i}.\n\n--b${i}.\n`;
    return `${text}\nx\n--b0.\n\nlast\n--b0.--\n`;
  };
  const limited: [what: string, message: string, limits: Partial<MessageLimits>, parts: number, truncated: boolean][] =
    [
      ['nesting up to the limit', nested(3), { depthMax: 3 }, 5, false],
      ['nesting past it; the outer boundary still counts', nested(3), { depthMax: 2 }, 4, true],
      ['nesting of messages', 'Content-Type: message/rfc822\n\n'.repeat(5), { depthMax: 2 }, 3, true],
      ['nesting 1,000 deep', nested(1_000), {}, 102, true],
      ['parts', `${MULTI}${'--b\n\nx\n'.repeat(9)}--b--\n`, { partsMax: 10 }, 10, false],
      ['too many parts', `${MULTI}${'--b\n\nx\n'.repeat(10)}--b--\n`, { partsMax: 10 }, 10, true],
      ['header past the limit', `X: ${'x'.repeat(100)}\n${MULTI}--b\n\nx\n`, { headerBytesMax: 50 }, 1, true],
      [
        'headers past the limit in all',
        `${MULTI}${'--b\nContent-Type: text/html\n\nx\n'.repeat(9)}`,
        { headerBytesTotalMax: 100 },
        10,
        true,
      ],
      ['addresses', 'To: a@b, c@d\n\n', { addressesMax: 2 }, 1, false],
      ['too many addresses', 'To: a@b, c@d, e@f\n\n', { addressesMax: 2 }, 1, true],
    ];
  for (const [what, message, limits, parts, truncated] of limited) {
    it(`limit: ${what}`, () => {
      const bytes = crlf(message);
      const parsed = parseMessage(bytes, limits);
      checkStructure(bytes, parsed);
      assert.deepEqual([[...eachPart(parsed.body)].length, parsed.truncated], [parts, truncated]);
    });
  }
});

describe('part fields', () => {
  it('come decoded where people read them and as sent where IMAP does', () => {
    const { body } = parseMessage(
      crlf(`Content-Type: IMAGE/Png; Name="=?utf-8?q?=C3=A9.png?="
Content-Disposition: ATTACHMENT; filename*0*=utf-8''%E2%82%AC; filename*1=".png"; size=5
Content-Transfer-Encoding: Base64
Content-ID: <a@b>
Content-Description: =?utf-8?q?x?=
Content-Language: de, en-GB
Content-Location: http://example.com/a
 b
Content-MD5: Q2hlY2s=

`),
    );
    const { headerStart, bodyStart, end, lines, ...fields } = body;
    assert.deepEqual(fields, {
      type: 'image',
      subtype: 'png',
      parameters: { name: 'é.png' },
      disposition: { type: 'attachment', parameters: { filename: '€.png', size: '5' } },
      encoding: 'base64',
      contentId: '<a@b>',
      description: '=?utf-8?q?x?=',
      language: ['de', 'en-GB'],
      location: 'http://example.com/ab',
      md5: 'Q2hlY2s=',
    });
    assert.deepEqual([headerStart, bodyStart, end, lines], [0, 334, 334, 0]);
  });
});

describe('envelope', () => {
  it('of a message and of one it holds', () => {
    const { envelope, body } = parseMessage(
      crlf(`Return-Path: <x@y>
From: =?utf-8?q?J=C3=B6rg?= <joerg@example.com>
From: second@example.com
To: a@example.com
To: Group: b@example.com;
Subject:  =?utf-8?q?Gr=C3=BC=C3=9Fe?=
\t=?utf-8?q?_aus?= Ulm
Date: Fri, 21 Nov 1997 09:55:06 -0600 (CST)
In-Reply-To: <r@s>
References: <p@q>
 <r@s>
Message-ID: <a@b>
Content-Type: message/rfc822

Subject: inner\xfc

`),
    );
    const none = { sender: [], replyTo: [], cc: [], bcc: [] };
    assert.deepEqual(envelope, {
      ...none,
      date: 'Fri, 21 Nov 1997 09:55:06 -0600 (CST)',
      sentAt: Date.UTC(1997, 10, 21, 15, 55, 6),
      subject: 'Grüße aus Ulm',
      rawSubject: '=?utf-8?q?Gr=C3=BC=C3=9Fe?=\t=?utf-8?q?_aus?= Ulm',
      from: [{ name: 'Jörg', mailbox: 'joerg', host: 'example.com', rawName: '=?utf-8?q?J=C3=B6rg?=' }],
      to: [
        { name: null, mailbox: 'a', host: 'example.com' },
        { name: null, mailbox: 'Group', host: null },
        { name: null, mailbox: 'b', host: 'example.com' },
        { name: null, mailbox: null, host: null },
      ],
      inReplyTo: '<r@s>',
      messageId: '<a@b>',
      references: ['p@q', 'r@s'],
    });
    assert.equal(body.message?.envelope.subject, 'innerü');
    assert.deepEqual(body.message?.envelope.from, []);
  });

  it('keeps the first and the newest of too many references', () => {
    const ids = Array.from({ length: 300 }, (_, i) => `<${i}@x>`);
    const { references } = parseMessage(crlf(`References: ${ids.join('\n ')}\n\n`)).envelope;
    assert.deepEqual(
      [references.length, references[0], references[1], references.at(-1)],
      [100, '0@x', '201@x', '299@x'],
    );
  });
});

describe('preview and attachments', () => {
  const alternative = 'Content-Type: multipart/alternative; boundary=b\n\n';
  const html = '--b\nContent-Type: text/html\n\n<p>rich</p>\n';
  const rows: [what: string, message: string, preview: string, hasAttachments: boolean][] = [
    ['blanks collapse', '\n a \n\n\tb\u00a0c ', 'a b c', false],
    ['cut at 200', `\n${'x'.repeat(150)} ${'y'.repeat(150)}`, `${'x'.repeat(150)} ${'y'.repeat(49)}`, false],
    ['no half characters', `\n${'x'.repeat(199)}😀`, 'x'.repeat(199), false],
    [
      'after much padding',
      `Content-Type: text/html\n\n<style>${'x'.repeat(20_000)}</style>${'&zwnj;&nbsp;'.repeat(150)}text`,
      'text',
      false,
    ],
    ['joiners within words stay', '\n👩\u200d💻 \u200d \u200cx', '👩\u200d💻 x', false],
    [
      'base64 and charset',
      'Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: base64\n\nR3L832U=',
      'Grüße',
      false,
    ],
    ['plain before HTML', `${alternative}--b\n\nplain\n${html}--b--`, 'plain', false],
    ['plain after HTML', `${alternative}${html}--b\n\nplain\n--b--`, 'plain', false],
    ['footer after HTML', `${MULTI}${html}--b\n\nlist footer\n--b--`, 'rich', false],
    ['empty plain', `${alternative}--b\n\n \n${html}--b--`, 'rich', false],
    ['attached text is not shown', `${MULTI}--b\nContent-Disposition: attachment\n\nlog\n${html}--b--`, 'rich', true],
    ['nor is an embedded message', `${MULTI}--b\nContent-Type: message/rfc822\n\n\ninner\n--b--`, '', true],
    ['image beside text', `${MULTI}--b\n\nx\n--b\nContent-Type: image/png\n\n\n--b--`, 'x', true],
    [
      'image within text',
      'Content-Type: multipart/related; boundary=b\n\n--b\n\nx\n--b\nContent-Type: image/png\nContent-ID: <a>\n\n\n--b--',
      'x',
      false,
    ],
    ['signature', `${MULTI}--b\n\nx\n--b\nContent-Type: application/pgp-signature; name=s.asc\n\n\n--b--`, 'x', false],
    [
      'report',
      'Content-Type: multipart/report; boundary=b\n\n--b\n\nx\n--b\nContent-Type: message/delivery-status\n\n--b\nContent-Type: message/rfc822\n\n--b--',
      'x',
      false,
    ],
    ['nothing but a file', 'Content-Type: application/pdf\n\n%PDF', '', true],
  ];
  for (const [what, message, preview, hasAttachments] of rows) {
    it(what, () => {
      const parsed = parseMessage(crlf(message));
      assert.deepEqual([parsed.preview, parsed.hasAttachments], [preview, hasAttachments]);
    });
  }
});
