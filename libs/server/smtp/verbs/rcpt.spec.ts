import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { converse, HELLO, MAIL, type Step, talk } from '../kit.test.ts';

describe('RCPT', () => {
  const rows: readonly (readonly [string, string, string?])[] = [
    ['RCPT TO:<b@y.test>', '250 2.0.0 OK', 'b@y.test'],
    ['rcpt to:<b@Y.test>', '250 2.0.0 OK', 'b@Y.test'],
    ['RCPT TO:<Postmaster>', '250 2.0.0 OK', 'Postmaster'],
    ['RCPT TO:<@hop.test,@hop2.test:b@y.test>', '250 2.0.0 OK', 'b@y.test'],
    ['RCPT TO:<"a b"@y.test>', '250 2.0.0 OK', '"a b"@y.test'],
    ['RCPT TO:<b@[192.0.2.9]>', '250 2.0.0 OK', 'b@[192.0.2.9]'],
    ['RCPT TO:<b@y.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b@y.test', '250 2.0.0 OK', 'b@y.test'],
    ['RCPT TO:<nobody@y.test>', '550 5.1.1 No such user', 'nobody@y.test'],
    ['RCPT TO:<>', '501 5.1.3 Bad address syntax: local part'],
    ['RCPT TO:<b@y.test', '501 5.1.3 Bad address syntax'],
    ['RCPT TO:<b>', '501 5.1.3 Bad address syntax: local part'],
    ['RCPT TO:<b@@y.test>', '501 5.1.3 Bad address syntax: domain'],
    ['RCPT TO:<b@y_test>', '501 5.1.3 Bad address syntax'],
    ['RCPT TO:<ü@y.test>', '553 5.6.7 Address needs SMTPUTF8'],
    ['RCPT TO:<b@y.test> NOTIFY=NEVER,SUCCESS', '501 5.5.4 Bad value of NOTIFY'],
    ['RCPT TO:<b@y.test> ROUTE=e30', '555 5.5.4 Parameter ROUTE not recognized'],
    ['RCPT TO:<b@y.test> SIZE=1', '555 5.5.4 Parameter SIZE not recognized'],
    ['RCPT', '501 5.5.4 Syntax: RCPT TO:<address>'],
  ];
  for (const [client, server, asked] of rows)
    it(client, async () => {
      const backend = await converse([HELLO, MAIL, [client, server]]);
      assert.deepEqual(backend.asked.slice(1), asked === undefined ? [] : [`RCPT ${asked}`]);
    });

  it('comes after MAIL', () => talk([HELLO, ['RCPT TO:<b@y.test>', '503 5.5.1 Send MAIL first']]));

  it('takes so many and no more', () => {
    const next = (n: number, reply: string): Step => [`RCPT TO:<r${n}@y.test>`, reply];
    return talk(
      [HELLO, MAIL, next(1, '250 2.0.0 OK'), next(2, '250 2.0.0 OK'), next(3, '452 4.5.3 Too many recipients')],
      { limits: { recipientsMax: 2 } },
    );
  });
});
