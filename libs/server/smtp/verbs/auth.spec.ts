import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { passwordAuthentication } from '#testing';
import { ALIVE, converse, HELLO, MAIL, RecordingBackend, type SessionSettings, type Step, talk } from '../kit.test.ts';

const b64 = (text: string): string => Buffer.from(text).toString('base64');
const OPEN: SessionSettings = { mode: 'submission', plainAuth: true };
const OK = '235 2.7.0 Authentication succeeded';
const WRONG = '535 5.7.8 Wrong name or password';

function withPasswords(): RecordingBackend {
  const backend = new RecordingBackend();
  backend.authentication = passwordAuthentication((username, password) => {
    if (username === 'down') return { code: 454, enhanced: '4.7.0', text: 'Try later' };
    return username === 'ann@x.test' && password === 'pä ss'
      ? { accountId: '1', email: username, partnerId: 'p' }
      : { code: 535, enhanced: '5.7.8', text: 'Wrong name or password' };
  });
  return backend;
}

describe('AUTH', () => {
  const rows: readonly [string, readonly Step[]][] = [
    ['PLAIN, initial response', [[`AUTH PLAIN ${b64('\0ann@x.test\0pä ss')}`, OK], MAIL]],
    ['PLAIN, asked', [['auth plain', '334'], [b64('\0ann@x.test\0pä ss'), OK], MAIL]],
    ['PLAIN, authorization identity the same', [[`AUTH PLAIN ${b64('ann@x.test\0ann@x.test\0pä ss')}`, OK]]],
    ['PLAIN, another authorization identity', [[`AUTH PLAIN ${b64('bob\0ann@x.test\0pä ss')}`, /^535 5\.7\.8 Auth/]]],
    [
      'LOGIN, asked',
      [
        ['AUTH LOGIN', '334 VXNlcm5hbWU6'],
        [b64('ann@x.test'), '334 UGFzc3dvcmQ6'],
        [b64('pä ss'), OK],
      ],
    ],
    [
      'LOGIN, initial name',
      [
        [`AUTH LOGIN ${b64('ann@x.test')}`, '334 UGFzc3dvcmQ6'],
        [b64('pä ss'), OK],
      ],
    ],
    ['a wrong password', [[`AUTH PLAIN ${b64('\0ann@x.test\0no')}`, WRONG], ['MAIL FROM:<a@x.test>', /^530/], ALIVE]],
    ['a directory that is down', [[`AUTH PLAIN ${b64('\0down\0x')}`, '454 4.7.0 Try later'], ALIVE]],
    ['cancelling', [['AUTH LOGIN', /^334/], ['*', '501 5.7.0 Authentication cancelled'], ALIVE]],
    ['not base64', [['AUTH PLAIN !', '501 5.5.2 Not base64'], ALIVE]],
    ['a response that is not base64', [['AUTH LOGIN', /^334/], ['a b', '501 5.5.2 Not base64'], ALIVE]],
    ['PLAIN without its parts', [[`AUTH PLAIN ${b64('ann')}`, '501 5.5.2 Malformed response']]],
    ['PLAIN with too many parts', [[`AUTH PLAIN ${b64('\0a\0b\0c')}`, '501 5.5.2 Malformed response']]],
    ['an unknown mechanism', [['AUTH CRAM-MD5', '504 5.5.4 Mechanism not offered'], ALIVE]],
    ['a mechanism named like an object property', [['AUTH constructor', '504 5.5.4 Mechanism not offered']]],
    ['no mechanism', [['AUTH', '501 5.5.4 Syntax: AUTH mechanism [initial-response]']]],
    [
      'a second time',
      [
        [`AUTH PLAIN ${b64('\0ann@x.test\0pä ss')}`, OK],
        ['AUTH PLAIN', /^503/],
      ],
    ],
    ['a line too long', [['AUTH PLAIN', '334'], ['A'.repeat(13_000), /^500 5\.5\.6/], ALIVE]],
  ];
  for (const [name, steps] of rows) it(name, () => talk([HELLO, ...steps], OPEN, withPasswords()));

  it('comes after EHLO', () => talk([['AUTH PLAIN', '503 5.5.1 Send EHLO first']], OPEN, withPasswords()));

  it('needs TLS', () =>
    talk(
      [HELLO, ['AUTH PLAIN', '538 5.7.11 Encryption required: use STARTTLS']],
      { mode: 'submission' },
      withPasswords(),
    ));

  it('is not of port 25', () =>
    talk([HELLO, ['AUTH PLAIN', '500 5.5.1 Command not recognized']], { plainAuth: true }, withPasswords()));

  it('ends the session after three wrong passwords', () => {
    const wrong: Step = [`AUTH PLAIN ${b64('\0ann@x.test\0no')}`, WRONG];
    return talk(
      [HELLO, wrong, wrong, [wrong[0], '421 4.7.0 Too many failed sign-ins'], ['NOOP', '<closed>']],
      OPEN,
      withPasswords(),
    );
  });

  it('shows in the Received line', async () => {
    const backend = await converse(
      [
        HELLO,
        [`AUTH PLAIN ${b64('\0ann@x.test\0pä ss')}`, OK],
        MAIL,
        ['RCPT TO:<b@y.test>', /^250/],
        ['BDAT 1 LAST\r\nx', /^250/],
      ],
      OPEN,
      withPasswords(),
    );
    assert.equal(backend.taken[0]?.transmission, 'ESMTPA');
  });
});
