import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { converse, HELLO, MAIL, RCPT, talk } from '../kit.test.ts';

describe('HELO', () => {
  const rows: readonly [string, string][] = [
    ['HELO c.test', '250 mx.test'],
    ['helo [192.0.2.1]', '250 mx.test'],
    ['HELO under_score', '250 mx.test'],
    ['HELO', '501 5.5.4 Syntax: EHLO hostname'],
    ['HELO two words', '501 5.5.4 Syntax: EHLO hostname'],
    [`HELO ${'x'.repeat(256)}`, '501 5.5.4 Syntax: EHLO hostname'],
  ];
  for (const [client, server] of rows)
    it(`${client.slice(0, 30)} → ${server.slice(0, 3)}`, () => talk([[client, server]]));

  it('turns the extensions off', () =>
    talk([
      ['HELO c.test', '250 mx.test'],
      ['MAIL FROM:<a@x.test> SMTPUTF8', '555 5.5.4 Parameter SMTPUTF8 not recognized'],
    ]));

  it('ends the transaction', async () => {
    const backend = await converse([
      HELLO,
      MAIL,
      RCPT,
      ['HELO c.test', '250 mx.test'],
      ['DATA', '503 5.5.1 Send MAIL first'],
    ]);
    assert.deepEqual(backend.aborted, ['a@x.test']);
  });

  it('is not of LMTP', () => talk([['HELO c.test', '500 5.5.1 Command not recognized']], { mode: 'lmtp' }));
});
