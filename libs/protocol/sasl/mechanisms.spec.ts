import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '#stdx';
import { driveSasl, type SaslAuthority } from './drive.ts';
import type { SaslContext } from './exchange.ts';
import { SASL_MECHANISMS, saslMechanism } from './mechanisms.ts';

const context: SaslContext = {
  random: seededRandom(1),
  channelBindings: new Map([['tls-exporter', Buffer.from('b')]]),
  offeredChannelBinding: false,
  decoySecret: Buffer.from('secret'),
};

/** Accepts ann/secret and the token "good", and answers with what it was asked. */
const authority: SaslAuthority<string> = {
  password: async (username, password, authorizationId) =>
    password === 'secret' || password === 'a\u00a0b' ? `${username}/${authorizationId}` : null,
  keys: async () => null,
  proven: async () => null,
  token: async (token, authorizationId) =>
    token === 'good'
      ? { ok: true, value: authorizationId }
      : { ok: false, error: { status: 'invalid_token', scope: 'imap' } },
};

/** Runs a mechanism against a client's script; `null` cancels. Returns the outcome and what the client saw. */
async function run(
  name: string,
  initial: string | null,
  answers: readonly (string | null)[],
): Promise<[string, ...string[]]> {
  const seen: string[] = [];
  let next = 0;
  const outcome = await driveSasl(
    saslMechanism(name)!.start(context),
    initial === null ? null : Buffer.from(initial, 'latin1'),
    async (challenge) => {
      seen.push(challenge.toString());
      const answer = answers[next++];
      return answer === undefined || answer === null ? null : Buffer.from(answer, 'latin1');
    },
    authority,
  );
  const end =
    outcome.kind === 'identity' ? outcome.identity : outcome.kind === 'failed' ? outcome.reason : outcome.kind;
  return [end, ...seen];
}

describe('SASL mechanisms', () => {
  const refused = '{"status":"invalid_token","scope":"imap"}';
  const rows: [name: string, initial: string | null, answers: (string | null)[], outcome: string[]][] = [
    ['PLAIN', '\0ann\0secret', [], ['ann/']],
    ['plain', null, ['\0ann\0secret'], ['ann/', '']],
    ['PLAIN', 'boss\0ann\0secret', [], ['ann/boss']],
    ['PLAIN', '\0ann\0a\xc2\xa0b', [], ['ann/']],
    ['PLAIN', '\0ann\0wrong', [], ['invalidCredentials']],
    ['PLAIN', null, [null], ['cancelled', '']],
    ['PLAIN', 'ann\0secret', [], ['malformed']],
    ['PLAIN', '\0ann\0sec\0ret', [], ['malformed']],
    ['PLAIN', '\0\0secret', [], ['malformed']],
    ['PLAIN', '\0ann\0', [], ['malformed']],
    ['PLAIN', '\0ann\0\xff', [], ['malformed']],
    ['PLAIN', `\0ann\0${'x'.repeat(1_025)}`, [], ['malformed']],
    ['PLAIN', 'x'.repeat(10_000), [], ['tooLong']],
    ['LOGIN', null, ['ann', 'secret'], ['ann/', 'Username:', 'Password:']],
    ['LOGIN', 'ann', ['secret'], ['ann/', 'Password:']],
    ['LOGIN', '', ['secret'], ['malformed', 'Password:']],
    ['LOGIN', 'ann', [null], ['cancelled', 'Password:']],
    ['LOGIN', 'a\0b', ['secret'], ['malformed', 'Password:']],
    ['OAUTHBEARER', 'n,a=ann@example.com,\x01host=h\x01port=143\x01auth=Bearer good\x01\x01', [], ['ann@example.com']],
    ['OAUTHBEARER', 'n,a=ann,\x01auth=Bearer bad\x01\x01', ['\x01'], ['tokenRefused', refused]],
    ['OAUTHBEARER', 'n,a=ann,\x01auth=Bearer bad\x01\x01', [null], ['cancelled', refused]],
    ['OAUTHBEARER', 'n,,\x01auth=Basic good\x01\x01', [], ['malformed']],
    ['OAUTHBEARER', 'p=tls-unique,,\x01auth=Bearer good\x01\x01', [], ['malformed']],
    ['OAUTHBEARER', 'n,a=ann,\x01auth=Bearer good', [], ['malformed']],
    ['XOAUTH2', 'user=ann@example.com\x01auth=Bearer good\x01\x01', [], ['ann@example.com']],
    [
      'XOAUTH2',
      'user=ann\x01auth=Bearer bad\x01\x01',
      [''],
      ['tokenRefused', '{"status":"401","schemes":"Bearer","scope":"imap"}'],
    ],
    ['XOAUTH2', 'user=\x01auth=Bearer good\x01\x01', [], ['malformed']],
    ['SCRAM-SHA-256', null, ['n,,n=ann,r=abc', null], ['cancelled']],
  ];
  for (const [name, initial, answers, outcome] of rows) {
    it(`${name} ${JSON.stringify(initial)?.slice(0, 60)} ${JSON.stringify(answers)}`, async () => {
      const got = await run(name, initial, answers);
      assert.deepEqual(outcome[0] === 'cancelled' ? got.slice(0, outcome.length) : got, outcome);
    });
  }

  it('knows no other name', () => assert.equal(saslMechanism('CRAM-MD5'), null));

  it('answers random bytes at any step without throwing', () => {
    const random = seededRandom(42);
    const seeds = [
      'n,,n=a,r=b',
      '\0a\0b',
      'user=a\x01auth=Bearer b\x01\x01',
      'n,a=b,\x01auth=Bearer c\x01\x01',
      'c=biws,r=x,p=y',
    ];
    for (let i = 0; i < 20_000; i++) {
      const exchange = SASL_MECHANISMS[i % SASL_MECHANISMS.length]!.start(context);
      for (let turn = 0; turn < 4; turn++) {
        const bytes = Buffer.from(seeds[Math.floor(random.fraction() * seeds.length)]!);
        bytes[Math.floor(random.fraction() * bytes.length)] = Math.floor(random.fraction() * 256);
        const step = exchange.step(random.fraction() < 0.1 ? null : bytes);
        if (step.kind === 'keys') step.supply(null);
        if (step.kind === 'token') step.refuse({ status: 'invalid_token' });
      }
    }
  });
});
