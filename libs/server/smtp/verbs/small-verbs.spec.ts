import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { converse, HELLO, MAIL, RCPT, type Step, talk } from '../kit.test.ts';

describe('RSET NOOP VRFY EXPN HELP QUIT', () => {
  const rows: readonly Step[] = [
    ['NOOP', '250 2.0.0 OK'],
    ['noop anything at all', '250 2.0.0 OK'],
    ['RSET', '250 2.0.0 OK'],
    ['RSET x', '501 5.5.4 Syntax: RSET'],
    ['VRFY ann', '252 2.1.5 Cannot verify, but will take a message and try to deliver it'],
    ['VRFY', '501 5.5.4 Syntax: VRFY string'],
    ['EXPN list', '502 5.5.1 EXPN is not offered'],
    ['HELP', /^214 2\.0\.0 Commands: HELO EHLO MAIL RCPT DATA BDAT RSET NOOP VRFY EXPN QUIT STARTTLS HELP$/],
    ['HELP bdat', '214 2.0.0 Syntax: BDAT size [LAST]'],
    ['QUIT now', '501 5.5.4 Syntax: QUIT'],
    ['STARTTLS', '502 5.5.1 STARTTLS is not offered'],
    ['', '500 5.5.1 Command not recognized'],
    ['FOO', '500 5.5.1 Command not recognized'],
    ['constructor', '500 5.5.1 Command not recognized'],
    ['NO\0OP', '500 5.5.2 Control character in command'],
    ['NOOP \x1b[31m', '500 5.5.2 Control character in command'],
    ['NOOP a\rb', '500 5.5.2 Control character in command'],
    [`NOOP ${'x'.repeat(4_096)}`, '500 5.5.2 Line too long'],
    [`NOOP ${'x'.repeat(200_000)}`, '500 5.5.2 Line too long'],
    [`NOOP ${'x'.repeat(4_089)}`, '250 2.0.0 OK'],
    ['NOOP\nNOOP', '500 5.5.2 Lines end with CR LF'],
  ];
  for (const row of rows) it(JSON.stringify(row[0].slice(0, 40)), () => talk([row]));

  it('RSET ends the transaction', async () => {
    const backend = await converse([
      HELLO,
      MAIL,
      RCPT,
      ['RSET', '250 2.0.0 OK'],
      ['DATA', '503 5.5.1 Send MAIL first'],
    ]);
    assert.deepEqual(backend.aborted, ['a@x.test']);
  });

  it('QUIT ends the session', async () => {
    const backend = await converse([HELLO, MAIL, ['QUIT', '221 2.0.0 Bye'], ['NOOP', '<closed>']]);
    assert.deepEqual(backend.aborted, ['a@x.test']);
  });
});
