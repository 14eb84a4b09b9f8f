import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '#stdx';
import { parseMessage } from './message-parser.ts';
import { buildReport, type DeliveryReport } from './report.ts';
import { eachPart } from './sections.ts';
import { checkStructure } from './structure-check.ts';

const original = Buffer.from('From: a@example.com\r\nSubject: x\r\n\r\nbody\r\n');
const report: DeliveryReport = {
  from: 'Mail Delivery System <mailer-daemon@example.com>',
  to: 'a@example.com',
  subject: 'Unzustellbar: Grüße',
  messageId: '<1@example.com>',
  inReplyTo: '<0@example.com>',
  date: Date.UTC(2024, 0, 1),
  text: 'Entschuldigung: nicht zustellbar.\n',
  reportingMta: 'mx.example.com',
  envelopeId: 'QQ314159',
  arrivalDate: Date.UTC(2023, 11, 31),
  recipients: [
    {
      finalRecipient: 'b@example.net',
      originalRecipient: 'rfc822;b@example.org',
      action: 'failed',
      status: '5.1.1',
      remoteMta: 'mx.example.net',
      diagnostic: '550 5.1.1 no such user\r\nAction: delivered',
      lastAttemptAt: Date.UTC(2024, 0, 1),
    },
    { finalRecipient: 'c@example.net', action: 'delayed', status: '4.4.1', willRetryUntil: Date.UTC(2024, 0, 5) },
  ],
  original: { kind: 'header', bytes: original },
};
const types = (bytes: Buffer): string[] =>
  [...eachPart(parseMessage(bytes).body)].map(({ part }) => `${part.type}/${part.subtype} ${part.encoding}`);

describe('buildReport', () => {
  it('writes a multipart/report that reads back', () => {
    const bytes = buildReport(report, seededRandom(1));
    const parsed = parseMessage(bytes);
    checkStructure(bytes, parsed);
    assert.deepEqual(types(bytes), [
      'multipart/report 7bit',
      'text/plain 7bit',
      'message/delivery-status 7bit',
      'text/rfc822-headers 7bit',
    ]);
    assert.equal(parsed.envelope.subject, report.subject);
    assert.equal(parsed.envelope.sentAt, report.date);
    assert.equal(parsed.preview, report.text.trim());
    const [, status, header] = parsed.body.parts!.map((part) => bytes.toString('utf8', part.bodyStart, part.end));
    assert.equal(header, 'From: a@example.com\r\nSubject: x\r\n');
    assert.equal(
      status,
      `Original-Envelope-Id: QQ314159
Reporting-MTA: dns; mx.example.com
Arrival-Date: Sun, 31 Dec 2023 00:00:00 +0000

Original-Recipient: rfc822; b@example.org
Final-Recipient: rfc822; b@example.net
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.example.net
Diagnostic-Code: smtp; 550 5.1.1 no such user Action: delivered
Last-Attempt-Date: Mon, 1 Jan 2024 00:00:00 +0000

Final-Recipient: rfc822; c@example.net
Action: delayed
Status: 4.4.1
Will-Retry-Until: Fri, 5 Jan 2024 00:00:00 +0000
`.replace(/\n/g, '\r\n'),
    );
  });
  const rows: [what: string, changes: Partial<DeliveryReport>, types: string[]][] = [
    ['whole message', { original: { kind: 'message', bytes: original } }, ['message/rfc822 7bit', 'text/plain 7bit']],
    [
      '8-bit body',
      { original: { kind: 'message', bytes: Buffer.from('A: b\r\n\r\né') } },
      ['message/rfc822 8bit', 'text/plain 7bit'],
    ],
    [
      'UTF-8 header',
      { original: { kind: 'header', bytes: Buffer.from('A: é\r\n\r\n') } },
      ['message/global-headers 8bit'],
    ],
    ['no original', { original: null }, []],
  ];
  for (const [what, changes, tail] of rows) {
    it(what, () => assert.deepEqual(types(buildReport({ ...report, ...changes }, seededRandom(1))).slice(3), tail));
  }
  it('names UTF-8 recipients by RFC 6533', () => {
    const bytes = buildReport(
      { ...report, recipients: [{ finalRecipient: 'é@example.net', action: 'failed', status: '5.1.1' }] },
      seededRandom(1),
    );
    assert.equal(types(bytes)[2], 'message/global-delivery-status 8bit');
    assert.ok(bytes.includes('Final-Recipient: utf-8; é@example.net\r\n'));
  });
});
