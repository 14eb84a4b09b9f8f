import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLogger, systemRandom } from '#stdx';
import { SimulatedClock } from '#testing';
import { silentBulletin } from '../limits/bulletin.ts';
import { frontdoorWorld } from '../world.spec.ts';
import { Authenticator, DEFAULT_AUTHENTICATOR_LIMITS } from './authenticator.ts';
import { CachedDirectory } from './cached-directory.ts';

async function loginWorld(limits: Partial<typeof DEFAULT_AUTHENTICATOR_LIMITS> = {}) {
  const clock = new SimulatedClock();
  const world = await frontdoorWorld(clock);
  const directory = new CachedDirectory(world.lookup, clock);
  const authenticator = new Authenticator(directory, clock, systemRandom, silentLogger, silentBulletin, {
    ...DEFAULT_AUTHENTICATOR_LIMITS,
    delayMs: 0,
    ...limits,
  });
  const signIn = async (username: string, password: string, address = '192.0.2.1') => {
    const pending = authenticator.authenticate({ username, password, address, protocol: 'imap' });
    let outcome: Awaited<typeof pending> | undefined;
    void pending.then((value) => (outcome = value));
    // Argon2 runs on a thread: simulated time stands still until it is back.
    while (!outcome) await clock.advance(0).then(() => new Promise((resolve) => setTimeout(resolve, 1)));
    return outcome.kind;
  };
  return { ...world, clock, authenticator, signIn };
}

const PASSWORD = 'alice@acme.test pass';

describe('signing in', () => {
  it('takes the right password and no other', async () => {
    const { signIn, registry, system, alice } = await loginWorld();
    for (const [username, password, expected] of [
      ['alice@acme.test', PASSWORD, 'accepted'],
      ['ALICE@Acme.Test', PASSWORD, 'accepted'],
      ['alice@acme.test', `${PASSWORD} `, 'refused'],
      ['alice@acme.test', '', 'refused'],
      ['team@acme.test', PASSWORD, 'refused'],
      ['nobody@acme.test', PASSWORD, 'refused'],
      ['no address', PASSWORD, 'refused'],
      ['', '', 'refused'],
    ] as const)
      assert.equal(await signIn(username, password), expected, `${username} ${password}`);
    await registry.updateAccount(system, alice.id, undefined, { password: 'a new password' });
    assert.equal(await signIn('alice@acme.test', PASSWORD), 'refused', 'the old one is no longer remembered');
    assert.equal(await signIn('alice@acme.test', 'a new password'), 'accepted');
    await registry.updateAccount(system, alice.id, undefined, { state: 'suspended' });
    assert.equal(await signIn('alice@acme.test', 'a new password'), 'disabled');
    assert.equal(await signIn('alice@acme.test', 'wrong password'), 'refused', 'her state is hers to know');
  });

  it('goes on without the directory for those it knows', async () => {
    const { signIn, lookup, clock } = await loginWorld();
    await signIn('alice@acme.test', PASSWORD);
    lookup.unavailable = true;
    await clock.advance(86_400_000);
    assert.equal(await signIn('alice@acme.test', PASSWORD), 'accepted');
    assert.equal(await signIn('alice@acme.test', 'wrong'), 'refused');
    assert.equal(await signIn('bob@acme.test', 'bob@acme.test pass'), 'unavailable');
  });

  it('remembers a verification for its time', async () => {
    const { authenticator, clock, signIn } = await loginWorld();
    await signIn('alice@acme.test', PASSWORD);
    const started = performance.now();
    const rounds = 2_000;
    for (let i = 0; i < rounds; i++)
      await authenticator.authenticate({ username: 'alice@acme.test', password: PASSWORD, address: '', protocol: '' });
    const perSecond = rounds / ((performance.now() - started) / 1_000);
    assert.ok(perSecond > 2_000, `${perSecond.toFixed(0)} a second`);
    await clock.advance(3_600_001);
    assert.equal(await signIn('alice@acme.test', PASSWORD), 'accepted');
  });

  it('makes an address that fails wait, and one that guesses at an account', async () => {
    const { signIn, clock } = await loginWorld({ perAddressMax: 4, perAccountMax: 3 });
    await signIn('alice@acme.test', PASSWORD, '198.51.100.7');
    for (let i = 0; i < 3; i++) assert.equal(await signIn('alice@acme.test', `guess ${i}`, '192.0.2.1'), 'refused');
    assert.equal(await signIn('alice@acme.test', PASSWORD, '192.0.2.2'), 'limited', 'the account is under attack');
    assert.equal(await signIn('alice@acme.test', PASSWORD, '198.51.100.7'), 'accepted', 'but its owner comes in');
    assert.equal(await signIn('bob@acme.test', 'guess', '192.0.2.1'), 'refused');
    assert.equal(await signIn('bob@acme.test', 'bob@acme.test pass', '192.0.2.1'), 'limited', 'four from one address');
    assert.equal(await signIn('bob@acme.test', 'bob@acme.test pass', '192.0.2.3'), 'accepted');
    await clock.advance(600_000);
    assert.equal(await signIn('bob@acme.test', 'bob@acme.test pass', '192.0.2.1'), 'accepted');
  });

  it('does not count the same wrong password twice', async () => {
    const { signIn } = await loginWorld({ perAddressMax: 3, perAccountMax: 3 });
    for (let i = 0; i < 10; i++) assert.equal(await signIn('alice@acme.test', 'the old password'), 'refused');
    assert.equal(await signIn('alice@acme.test', PASSWORD), 'accepted');
  });

  it('holds a refusal back, longer each time', async () => {
    const { clock, signIn } = await loginWorld({ delayMs: 2_000 });
    const waits: number[] = [];
    // What is asked of the clock, not what passes: Argon2 takes real time.
    clock.sleep = async (delayMs) => {
      waits.push(delayMs);
    };
    for (let i = 0; i < 5; i++) assert.equal(await signIn('alice@acme.test', `guess ${i}`), 'refused');
    assert.deepEqual(waits, [2_000, 4_000, 8_000, 15_000, 15_000]);
  });
});
