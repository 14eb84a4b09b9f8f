import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseMessage } from './message-parser.ts';

const crlf = (text: string): Buffer => Buffer.from(text.replace(/\n/g, '\r\n'));

describe('parseMessage', () => {
  it('reads a simple message', () => {
    const bytes = crlf(
      'From: Ann <ann@example.com>\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nDate: Fri, 21 Nov 1997 09:55:06 -0600\n\nHello,\nworld\n',
    );
    const parsed = parseMessage(bytes);
    assert.equal(parsed.envelope.subject, 'Grüße');
    assert.equal(parsed.envelope.sentAt, Date.UTC(1997, 10, 21, 15, 55, 6));
    assert.deepEqual(parsed.envelope.from, [{ name: 'Ann', mailbox: 'ann', host: 'example.com' }]);
    assert.equal(parsed.preview, 'Hello, world');
    assert.equal(parsed.body.lines, 2);
    assert.equal(bytes.subarray(parsed.body.bodyStart, parsed.body.end).toString(), 'Hello,\r\nworld\r\n');
  });
});
