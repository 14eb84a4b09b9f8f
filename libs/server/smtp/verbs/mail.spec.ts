import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { converse, HELLO, MAIL, type Step, talk } from '../kit.test.ts';

describe('MAIL', () => {
  const rows: readonly Step[] = [
    ['MAIL FROM:<>', '250 2.0.0 OK'],
    ['mail from:<a@x.test>', '250 2.0.0 OK'],
    ['MAIL FROM: <a@x.test>', '250 2.0.0 OK'],
    ['MAIL FROM:<a@x.test> SIZE=1000 BODY=8BITMIME RET=HDRS ENVID=x+3D', '250 2.0.0 OK'],
    ['MAIL FROM:<jürgen@x.test> SMTPUTF8', '250 2.0.0 OK'],
    ['MAIL FROM:<jürgen@x.test>', '553 5.6.7 Address needs SMTPUTF8'],
    ['MAIL FROM:a@x.test', '501 5.5.4 Syntax: MAIL FROM:<address>'],
    ['MAIL', '501 5.5.4 Syntax: MAIL FROM:<address>'],
    ['MAIL FROM:<a@x.test>extra', '501 5.5.4 Bad syntax after path'],
    ['MAIL FROM:<a@>', '501 5.1.7 Bad address syntax: domain'],
    ['MAIL FROM:<a@x.test> SIZE=52428801', '552 5.3.4 Message exceeds 52428800 bytes'],
    ['MAIL FROM:<a@x.test> SIZE=-1', '501 5.5.4 Bad value of SIZE'],
    ['MAIL FROM:<a@x.test> BODY=BINARYMIME', '501 5.5.4 Bad value of BODY'],
    ['MAIL FROM:<a@x.test> RET=ALL', '501 5.5.4 Bad value of RET'],
    ['MAIL FROM:<a@x.test> SIZE=1 SIZE=1', '501 5.5.4 Parameter SIZE given twice'],
    ['MAIL FROM:<a@x.test> NOTIFY=NEVER', '555 5.5.4 Parameter NOTIFY not recognized'],
    ['MAIL FROM:<a@x.test> ORIGIN=e30', '555 5.5.4 Parameter ORIGIN not recognized'],
    ['MAIL FROM:<a@x.test> AUTH=<>', '555 5.5.4 Parameter AUTH not recognized'],
    ['MAIL FROM:<a@x.test> CONSTRUCTOR=1', '555 5.5.4 Parameter CONSTRUCTOR not recognized'],
    ['MAIL FROM:<banned@x.test>', '550 5.7.1 Banned'],
    ['MAIL FROM:<broken@x.test>', '451 4.3.0 Local error in processing'],
  ];
  for (const row of rows)
    it(row[0], async () => {
      const refused = !String(row[1]).startsWith('250');
      await converse([HELLO, row, refused ? MAIL : ['MAIL FROM:<a@x.test>', /^503 5\.5\.1 A transaction is open/]]);
    });

  it('comes after EHLO', () => talk([['MAIL FROM:<a@x.test>', '503 5.5.1 Send EHLO first']]));

  it('comes after AUTH in submission', () =>
    talk([HELLO, ['MAIL FROM:<a@x.test>', '530 5.7.0 Authentication required']], { mode: 'submission' }));

  it('is refused when one session has sent enough', async () => {
    const backend = await converse(
      [HELLO, MAIL, ['RSET', /^250/], ['MAIL FROM:<a@x.test>', '421 4.7.0 Too many messages in one session']],
      { limits: { transactionsMax: 1 } },
    );
    assert.deepEqual(backend.asked, ['MAIL a@x.test']);
  });
});
