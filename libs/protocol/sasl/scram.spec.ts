import assert from 'node:assert/strict';
import { createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, it } from 'node:test';
import { seededRandom } from '#stdx';
import type { SaslContext, SaslStep } from './exchange.ts';
import { isProof, scramSha256, scramSha256Plus } from './scram.ts';
import {
  deriveScramKeys,
  formatScramKeys,
  hmac,
  keysOf,
  parseScramKeys,
  type ScramKeys,
  sha256,
} from './scram-keys.ts';

const random = seededRandom(7);
const binding = Buffer.from('exported keying material');
const context = (changes: Partial<SaslContext> = {}): SaslContext => ({
  random,
  channelBindings: new Map([['tls-exporter', binding]]),
  offeredChannelBinding: true,
  decoySecret: Buffer.from('secret'),
  ...changes,
});

interface Attempt {
  readonly password?: string;
  readonly known?: ScramKeys | null;
  readonly gs2?: string;
  readonly bound?: Buffer;
  readonly spoil?: (final: string) => string;
  readonly context?: SaslContext;
}

const keys = await deriveScramKeys('pencil', random, 4_096);

/** A client of RFC 5802, run against the server's exchange; the last step is the result. */
function attempt(options: Attempt): SaslStep {
  const gs2 = options.gs2 ?? 'n,,';
  const mechanism = gs2.startsWith('p=') ? scramSha256Plus : scramSha256;
  const exchange = mechanism.start(options.context ?? context());
  const bare = 'n=us=2Cer,r=clientnonce';
  const asked = exchange.step(Buffer.from(gs2 + bare));
  if (asked.kind !== 'keys') return asked;
  assert.equal(asked.username, 'us,er');
  const first = asked.supply(options.known === undefined ? keys : options.known);
  assert.equal(first.kind, 'challenge');
  const serverFirst = first.kind === 'challenge' ? first.data.toString() : '';
  const [, nonce, salt, iterations] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(serverFirst)!;
  const cbind = Buffer.concat([Buffer.from(gs2), options.bound ?? Buffer.alloc(0)]).toString('base64');
  const withoutProof = `c=${cbind},r=${nonce}`;
  const salted = pbkdf2Sync(
    options.password ?? 'pencil',
    Buffer.from(salt!, 'base64'),
    Number(iterations),
    32,
    'sha256',
  );
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const signed = `${bare},${serverFirst},${withoutProof}`;
  const signature = hmac(sha256(clientKey), signed);
  const proof = Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]!)).toString('base64');
  const final = `${withoutProof},p=${proof}`;
  const last = exchange.step(Buffer.from(options.spoil ? options.spoil(final) : final));
  if (last.kind !== 'challenge') return last;
  assert.equal(last.data.toString(), `v=${hmac(keysOf(salted).serverKey, signed).toString('base64')}`);
  const done = exchange.step(Buffer.alloc(0));
  assert.equal(exchange.step(Buffer.alloc(0)).kind, 'failed');
  return done;
}

describe('SCRAM-SHA-256', () => {
  it('recognises the proof of RFC 7677 §3 and signs as it does', () => {
    const salted = pbkdf2Sync('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), 4_096, 32, 'sha256');
    const stored = { salt: Buffer.alloc(0), iterations: 4_096, ...keysOf(salted) };
    const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
    const signed = `n=user,r=rOprNGfwEbeRWgbNEkqO,r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=${nonce}`;
    const proof = Buffer.from('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=', 'base64');
    assert.ok(isProof(proof, stored, signed));
    assert.ok(!isProof(proof.subarray(1), stored, signed));
    assert.equal(hmac(stored.serverKey, signed).toString('base64'), '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
  });

  const known = { kind: 'authenticated', authorizationId: '', username: 'us,er' };
  const failed = (reason: string): object => ({ kind: 'failed', reason });
  const rows: [what: string, attempt: Attempt, outcome: object][] = [
    ['right password', {}, known],
    ['another identity', { gs2: 'n,a=boss,' }, { ...known, authorizationId: 'boss' }],
    ['wrong password', { password: 'pen' }, failed('invalidCredentials')],
    ['unknown account', { known: null }, failed('invalidCredentials')],
    ['keys too weak to announce', { known: { ...keys, iterations: 1 } }, failed('invalidCredentials')],
    ['nonce of another exchange', { spoil: (final) => final.replace(',r=', ',r=x') }, failed('malformed')],
    ['proof that is not base64', { spoil: (final) => `${final}!` }, failed('malformed')],
    ['bound to this connection', { gs2: 'p=tls-exporter,,', bound: binding }, known],
    ['bound to another connection', { gs2: 'p=tls-exporter,,', bound: Buffer.from('x') }, failed('channelBinding')],
    ['a binding nobody has', { gs2: 'p=tls-unique,,', bound: binding }, failed('channelBinding')],
    ['told that -PLUS was not offered', { gs2: 'y,,' }, failed('channelBinding')],
    ['-PLUS truly not offered', { gs2: 'y,,', context: context({ offeredChannelBinding: false }) }, known],
  ];
  for (const [what, options, outcome] of rows) {
    it(what, () => assert.deepEqual(attempt(options), outcome));
  }

  const malformed = [
    '',
    'n,,',
    'n,,n=,r=x',
    'n,,n=a',
    'n,,m=x,n=a,r=b',
    'n,,n=a=b,r=c',
    'n,a=,',
    'x,,n=a,r=b',
    'n,,n=\0,r=b',
    'n,,n=a,r=',
  ];
  for (const text of malformed) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.deepEqual(scramSha256.start(context()).step(Buffer.from(text)), failed('malformed'));
    });
  }

  it('shows an unknown account the same salt every time, as for a known one', () => {
    const challenges = [1, 2].map(() => {
      const step = scramSha256.start(context()).step(Buffer.from('n,,n=nobody,r=x'));
      const first = step.kind === 'keys' ? step.supply(null) : step;
      return first.kind === 'challenge' ? first.data.toString().replace(/^r=[^,]+/, '') : '';
    });
    assert.match(challenges[0]!, /^,s=.{24},i=50000$/);
    assert.equal(challenges[0], challenges[1]);
  });

  it('keeps its keys as one line of text', () => {
    const text = formatScramKeys(keys);
    assert.match(text, /^SCRAM-SHA-256\$4096:/);
    assert.deepEqual(parseScramKeys(text), keys);
    for (const wrong of [
      '',
      text.slice(1),
      text.replace('256', '1'),
      text.replace('4096', 'x'),
      `${text}=`,
      `${text}\n`,
    ])
      assert.equal(parseScramKeys(wrong), null, wrong);
  });
});
