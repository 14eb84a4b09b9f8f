import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLogger, systemRandom } from '#stdx';
import { ScramTestClient, SimulatedClock, until } from '#testing';
import { silentBulletin } from '../limits/bulletin.ts';
import { frontdoorWorld, granted } from '../world.spec.ts';
import { Authenticator, DEFAULT_AUTHENTICATOR_LIMITS } from './authenticator.ts';
import { CachedDirectory } from './cached-directory.ts';
import { type Ask, SaslSignIn } from './sasl-sign-in.ts';

const ALICE = 'alice@acme.test';
const PASSWORD = `${ALICE} pass`;
const BINDING = { name: 'tls-exporter', data: Buffer.from('keying material') };
const HOUR_MS = 3_600_000;

async function signInWorld(limits: Partial<typeof DEFAULT_AUTHENTICATOR_LIMITS> = {}) {
  const clock = new SimulatedClock();
  const world = await frontdoorWorld(clock);
  const directory = new CachedDirectory(world.lookup, clock);
  const authenticator = new Authenticator(directory, clock, systemRandom, silentLogger, silentBulletin, {
    ...DEFAULT_AUTHENTICATOR_LIMITS,
    delayMs: 0,
    ...limits,
  });
  const sasl = new SaslSignIn(authenticator, systemRandom, Buffer.from('decoys'));
  const bare = { address: '192.0.2.1', protocol: 'imap', channelBindings: new Map<string, Buffer>() };
  const bound = { ...bare, channelBindings: new Map([[BINDING.name, BINDING.data]]) };
  /** How it ended, in one word. */
  const ended = async (client: typeof bare, mechanism: string, initial: Buffer | null, ask: Ask): Promise<string> => {
    let outcome: Awaited<ReturnType<SaslSignIn['run']>> | undefined;
    void sasl.run(client, mechanism, initial, ask).then((value) => (outcome = value));
    // Hashes are worked out on a thread: simulated time stands still until they are there.
    while (!outcome) await clock.advance(0).then(() => new Promise((resolve) => setTimeout(resolve, 1)));
    if (outcome.kind === 'identity') return outcome.identity.kind;
    return outcome.kind === 'failed' ? outcome.reason : outcome.kind;
  };
  const scram = (client: typeof bare, scramClient: ScramTestClient, mechanism = 'SCRAM-SHA-256'): Promise<string> => {
    let asked = 0;
    return ended(client, mechanism, scramClient.first(), async (challenge) => {
      if (asked++ === 0) return scramClient.final(challenge);
      assert.ok(scramClient.isProvenBy(challenge));
      return Buffer.alloc(0);
    });
  };
  const bearer = (token: string, user = ALICE, mechanism = 'OAUTHBEARER'): Promise<string> =>
    ended(
      bare,
      mechanism,
      Buffer.from(
        mechanism === 'XOAUTH2'
          ? `user=${user}\x01auth=Bearer ${token}\x01\x01`
          : `n,${user && `a=${user}`},\x01auth=Bearer ${token}\x01\x01`,
      ),
      async () => Buffer.from([1]),
    );
  return { ...world, clock, sasl, bare, bound, ended, scram, bearer };
}

describe('signing in by SASL', () => {
  it('offers -PLUS only where there is something to bind to', async () => {
    const { sasl, bare, bound } = await signInWorld();
    assert.equal(sasl.offered(bare).join(' '), 'SCRAM-SHA-256 OAUTHBEARER XOAUTH2 PLAIN LOGIN');
    assert.equal(sasl.offered(bound)[0], 'SCRAM-SHA-256-PLUS');
  });

  it('knows a password by its proof alone', async () => {
    const { scram, bare, bound } = await signInWorld();
    const plus = 'SCRAM-SHA-256-PLUS';
    const rows: readonly [string, Promise<string>, string][] = [
      ['right', scram(bare, new ScramTestClient(ALICE, PASSWORD)), 'accepted'],
      ['in capitals', scram(bare, new ScramTestClient('ALICE@Acme.test', PASSWORD)), 'accepted'],
      ['wrong', scram(bare, new ScramTestClient(ALICE, 'wrong password')), 'refused'],
      ['nobody', scram(bare, new ScramTestClient('nobody@acme.test', PASSWORD)), 'refused'],
      ['bound', scram(bound, new ScramTestClient(ALICE, PASSWORD, BINDING), plus), 'accepted'],
      [
        'bound to another connection',
        scram(bound, new ScramTestClient(ALICE, PASSWORD, { ...BINDING, data: Buffer.from('x') }), plus),
        'refused',
      ],
      [
        'told that -PLUS was not offered',
        scram(bound, new ScramTestClient(ALICE, PASSWORD, undefined, 'y')),
        'channelBinding',
      ],
      ['-PLUS without TLS', scram(bare, new ScramTestClient(ALICE, PASSWORD, BINDING), plus), 'notOffered'],
    ];
    for (const [what, outcome, wanted] of rows) assert.equal(await outcome, wanted, what);
  });

  it('counts wrong proofs like wrong passwords', async () => {
    const { scram, bare } = await signInWorld({ perAccountMax: 3 });
    for (let n = 0; n < 3; n++) assert.equal(await scram(bare, new ScramTestClient(ALICE, 'guess')), 'refused');
    assert.equal(await scram(bare, new ScramTestClient(ALICE, PASSWORD)), 'limited');
  });

  it('makes the keys of an account that has none when its password is next used', async () => {
    const { directory, lookup, alice, scram, bare, ended } = await signInWorld();
    directory.forgetScramKeys(alice.id);
    assert.equal(await scram(bare, new ScramTestClient(ALICE, PASSWORD)), 'refused');
    assert.equal(await ended(bare, 'PLAIN', Buffer.from(`\0${ALICE}\0${PASSWORD}`), async () => null), 'accepted');
    await until('its keys', async () => (await lookup.findLogin(ALICE))?.scramKeys !== null);
    assert.equal(await scram(bare, new ScramTestClient(ALICE, PASSWORD)), 'accepted');
  });

  it('goes on without the directory for those it knows', async () => {
    const { registry, system, alice, lookup, clock, scram, bearer, bare } = await signInWorld();
    const input = { accountId: alice.id, name: 'phone', lifetimeMs: 48 * HOUR_MS };
    const { secret } = granted(await registry.createAccountToken(system, input));
    assert.equal(await scram(bare, new ScramTestClient(ALICE, PASSWORD)), 'accepted');
    assert.equal(await bearer(secret), 'accepted');
    lookup.unavailable = true;
    await clock.advance(24 * HOUR_MS);
    assert.equal(await scram(bare, new ScramTestClient(ALICE, PASSWORD)), 'accepted');
    assert.equal(await bearer(secret), 'accepted');
    assert.equal(await scram(bare, new ScramTestClient('bob@acme.test', 'x')), 'unavailable');
    await clock.advance(24 * HOUR_MS);
    assert.equal(await bearer(secret), 'refused', 'it expires all the same');
  });

  it('opens by a token until it is revoked, and only its own account', async () => {
    const { registry, system, alice, bearer } = await signInWorld();
    const input = { accountId: alice.id, name: 'phone', lifetimeMs: HOUR_MS };
    const { secret, id } = granted(await registry.createAccountToken(system, input));
    for (const [what, outcome, wanted] of [
      ['its account', bearer(secret), 'accepted'],
      ['nobody named', bearer(secret, ''), 'accepted'],
      ['XOAUTH2', bearer(secret, ALICE, 'XOAUTH2'), 'accepted'],
      ['another account', bearer(secret, 'bob@acme.test'), 'refused'],
      ['another secret', bearer(`${secret.slice(0, -2)}AA`), 'refused'],
      ['no token', bearer('x'), 'refused'],
    ] as const)
      assert.equal(await outcome, wanted, what);
    granted(await registry.deleteAccountToken(system, alice.id, id));
    assert.equal(await bearer(secret), 'refused', 'revoked');
    await registry.updateAccount(system, alice.id, undefined, { state: 'suspended' });
    const again = granted(await registry.createAccountToken(system, input));
    assert.equal(await bearer(again.secret), 'disabled');
  });

  it('takes a password as it was typed, whatever way it comes', async () => {
    const { registry, system, alice, ended, scram, bare } = await signInWorld();
    // NFKC, which SASLprep asks for, makes "fi" and "2" of the first two; OpaqueString leaves them.
    const password = 'ﬁsh² und Größe';
    await registry.updateAccount(system, alice.id, undefined, { password });
    assert.equal(await ended(bare, 'PLAIN', Buffer.from(`\0${ALICE}\0${password}`), async () => null), 'accepted');
    assert.equal(await scram(bare, new ScramTestClient(ALICE, 'fish2 und Größe')), 'accepted');
  });

  it('lets nobody act as another', async () => {
    const { ended, bare } = await signInWorld();
    const initial = Buffer.from(`bob@acme.test\0${ALICE}\0${PASSWORD}`);
    assert.equal(await ended(bare, 'PLAIN', initial, async () => null), 'invalidCredentials');
  });
});
