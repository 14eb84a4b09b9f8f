import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseMessage } from '#protocol/message';
import { buildDsn, type DsnFacts, needsSmtputf8 } from './dsn.ts';

const facts: DsnFacts = {
  action: 'failed',
  recipients: [
    { forwardPath: 'b@y.test', status: '5.1.1', diagnostic: '550 5.1.1 No such user', remoteMta: 'mx.y.test' },
    {
      forwardPath: 'c@z.test',
      originalRecipient: 'rfc822;cc+2B@z.test',
      status: '5.4.4',
      diagnostic: 'no such domain',
    },
  ],
  to: 'a@x.test',
  hostname: 'mx.test',
  messageId: 'id1@mx.test',
  boundary: 'b1',
  envelopeId: 'e+1',
  at: Date.UTC(2026, 0, 2),
  arrivedAt: Date.UTC(2026, 0, 1),
  original: { bytes: Buffer.from('Subject: hi\r\nFrom: a@x.test\r\n\r\n'), whole: false },
};

const types = (bytes: Buffer): readonly string[] =>
  (parseMessage(bytes).body.parts ?? []).map(({ type, subtype }) => `${type}/${subtype}`);

describe('delivery status notifications', () => {
  it('are a multipart/report of three parts', () => {
    const bytes = buildDsn(facts);
    const { body, envelope } = parseMessage(bytes);
    assert.deepEqual(
      [body.type, body.subtype, body.parameters['report-type']],
      ['multipart', 'report', 'delivery-status'],
    );
    assert.deepEqual(types(bytes), ['text/plain', 'message/delivery-status', 'text/rfc822-headers']);
    assert.deepEqual([envelope.subject, envelope.to[0]?.host], ['Your message could not be delivered', 'x.test']);
  });

  it('say what happened to each recipient', () => {
    const text = buildDsn(facts).toString();
    const at = text.indexOf('Reporting-MTA');
    assert.equal(
      text.slice(at, text.indexOf('\r\n\r\n--b1', at)).replaceAll('\r\n', '\n'),
      [
        'Reporting-MTA: dns; mx.test',
        'Original-Envelope-Id: e+1',
        'Arrival-Date: Thu, 1 Jan 2026 00:00:00 +0000',
        '',
        'Final-Recipient: rfc822; b@y.test',
        'Action: failed',
        'Status: 5.1.1',
        'Remote-MTA: dns; mx.y.test',
        'Diagnostic-Code: smtp; 550 5.1.1 No such user',
        'Last-Attempt-Date: Fri, 2 Jan 2026 00:00:00 +0000',
        '',
        'Original-Recipient: rfc822; cc+@z.test',
        'Final-Recipient: rfc822; c@z.test',
        'Action: failed',
        'Status: 5.4.4',
        'Diagnostic-Code: x-rookery; no such domain',
        'Last-Attempt-Date: Fri, 2 Jan 2026 00:00:00 +0000',
      ].join('\n'),
    );
  });

  it('let no server write fields of its own', () => {
    const [recipient] = facts.recipients;
    const text = buildDsn({
      ...facts,
      recipients: [{ ...recipient!, diagnostic: '550 no\r\nAction: delivered\r\n\r\n--b1--' }],
    }).toString();
    assert.doesNotMatch(text, /^Action: delivered/m);
    assert.equal(text.match(/^--b1--/gm)?.length, 1);
  });

  it('use the international types where a header or an address asks for them', () => {
    const addressed = { ...facts, to: 'jürgen@x.test' };
    assert.deepEqual(types(buildDsn(addressed)), [
      'text/plain',
      'message/global-delivery-status',
      'message/global-headers',
    ]);
    assert.ok(needsSmtputf8({ ...facts, original: { bytes: Buffer.from('Subject: ü\r\n\r\n'), whole: false } }));
    assert.ok(!needsSmtputf8({ ...facts, original: { bytes: Buffer.from('Subject: u\r\n\r\nü\r\n'), whole: true } }));
  });

  it('return the whole message when told to', () => {
    const bytes = buildDsn({ ...facts, original: { bytes: Buffer.from('Subject: hi\r\n\r\nbody\r\n'), whole: true } });
    assert.equal(types(bytes)[2], 'message/rfc822');
  });
});
