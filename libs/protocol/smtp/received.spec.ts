import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mailDate, receivedHeader, transmissionType } from './received.ts';

const peer = { address: '192.0.2.7', helo: 'mail.x.test', tls: null, transmission: 'ESMTP' };
const facts = { peer, hostname: 'mx.test', transactionId: 's1.1', at: Date.UTC(2026, 10, 3, 4, 5, 6) };

describe('Received', () => {
  it('says from whom, by whom, how, when', () =>
    assert.equal(
      receivedHeader(facts),
      'Received: from mail.x.test ([192.0.2.7])\r\n\tby mx.test with ESMTP id s1.1;\r\n\tTue, 3 Nov 2026 04:05:06 +0000\r\n',
    ));

  it('names TLS, reverse DNS and an only recipient', () =>
    assert.equal(
      receivedHeader({
        ...facts,
        peer: {
          ...peer,
          address: '2001:db8::1',
          tls: { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', channelBindings: new Map() },
        },
        clientName: 'out.x.test',
        forwardPath: 'ann@y.test',
      }),
      'Received: from mail.x.test (out.x.test [IPv6:2001:db8::1])\r\n\t(TLSv1.3 cipher TLS_AES_256_GCM_SHA384)\r\n' +
        '\tby mx.test with ESMTP id s1.1\r\n\tfor <ann@y.test>;\r\n\tTue, 3 Nov 2026 04:05:06 +0000\r\n',
    ));

  it('lets no client word break out', () => {
    const header = receivedHeader({ ...facts, peer: { ...peer, helo: 'x) by forged\r\nX-Evil: 1 (\0' } });
    assert.equal(header.split('\r\n').length, 4);
    assert.match(header, /^Received: from xbyforgedX-Evil:1 \(\[192/);
    assert.match(receivedHeader({ ...facts, peer: { ...peer, helo: '' } }), /from unknown \(/);
  });

  const ways: readonly [Parameters<typeof transmissionType>[0], string][] = [
    [{ protocol: 'smtp', tls: false, authenticated: false, smtputf8: false }, 'SMTP'],
    [{ protocol: 'esmtp', tls: true, authenticated: true, smtputf8: false }, 'ESMTPSA'],
    [{ protocol: 'esmtp', tls: false, authenticated: true, smtputf8: false }, 'ESMTPA'],
    [{ protocol: 'esmtp', tls: true, authenticated: true, smtputf8: true }, 'UTF8SMTPSA'],
    [{ protocol: 'lmtp', tls: true, authenticated: false, smtputf8: true }, 'UTF8LMTPS'],
  ];
  for (const [given, expected] of ways) it(expected, () => assert.equal(transmissionType(given), expected));

  it('writes dates', () => assert.equal(mailDate(0), 'Thu, 1 Jan 1970 00:00:00 +0000'));
});
