import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '#stdx';
import { DEFAULT_PASSWORD_COST, hashPassword, needsRehash, verifyPassword } from './password.ts';

const CHEAP = { memoryKiB: 8, passes: 1, lanes: 1 };

describe('passwords', () => {
  it('are kept as OWASP advises, in the PHC string format', async () => {
    const verifier = await hashPassword('correct horse', seededRandom(1));
    assert.match(verifier, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    assert.equal(await verifyPassword(verifier, 'correct horse'), true);
    assert.equal(await verifyPassword(verifier, 'correct horsf'), false);
    assert.equal(needsRehash(verifier), false);
    assert.equal(needsRehash(await hashPassword('x', seededRandom(1), CHEAP)), true);
    assert.deepEqual(DEFAULT_PASSWORD_COST, { memoryKiB: 19_456, passes: 2, lanes: 1 });
  });

  it('agree with the reference implementation', async () => {
    // phc-winner-argon2, src/test.c: argon2id v=19, t=2, m=2^8, p=1 and p=2, "password", "somesalt".
    const reference = [
      '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
      '$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc',
    ];
    for (const verifier of reference) {
      assert.equal(await verifyPassword(verifier, 'password'), true);
      assert.equal(await verifyPassword(verifier, 'Password'), false);
    }
  });

  it('are the same however they are typed', async () => {
    const verifier = await hashPassword('Grüße an\u00a0alle', seededRandom(2), CHEAP);
    assert.equal(await verifyPassword(verifier, 'Gru\u0308ße an alle'), true);
    assert.equal(await verifyPassword(verifier, 'grüße an alle'), false);
  });

  const unusable = [
    '',
    'correct horse',
    '$2b$12$abcdefghijklmnopqrstuv',
    '$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    '$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    '$argon2id$v=19$m=256,t=1000,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    '$argon2id$v=19$m=8,t=2,p=2$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    '$argon2id$v=19$m=256,t=0,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
  ];
  for (const verifier of unusable)
    it(`no password fits ${JSON.stringify(verifier).slice(0, 45)}`, async () =>
      assert.equal(await verifyPassword(verifier, 'password'), false));

  it('too long to be one are refused before they cost anything', async () => {
    const verifier = await hashPassword('correct horse', seededRandom(3), CHEAP);
    assert.equal(await verifyPassword(verifier, 'x'.repeat(1_000_000)), false);
  });
});
