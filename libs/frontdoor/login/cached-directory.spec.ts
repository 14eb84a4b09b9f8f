import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DirectoryLookup, RecipientResolution } from '#directory/api';
import { DirectoryUnavailableError } from '#directory/api';
import { deferred } from '#stdx';
import { SimulatedClock } from '#testing';
import { frontdoorWorld } from '../world.spec.ts';
import { CachedDirectory } from './cached-directory.ts';

/** Counts what reaches the source. */
async function cachedWorld() {
  const clock = new SimulatedClock();
  const world = await frontdoorWorld(clock);
  let asked = 0;
  const counted = <T>(answer: T): T => {
    asked++;
    return answer;
  };
  const source: DirectoryLookup = {
    resolveRecipient: (address) => counted(world.lookup.resolveRecipient(address)),
    findLogin: (username) => counted(world.lookup.findLogin(username)),
    findToken: (prefix) => counted(world.lookup.findToken(prefix)),
    maySendAs: (accountId, address) => counted(world.lookup.maySendAs(accountId, address)),
    keepScramKeys: (...given) => world.lookup.keepScramKeys(...given),
    watch: (listener) => world.lookup.watch(listener),
  };
  const cached = new CachedDirectory(source, clock);
  return { ...world, clock, cached, asked: () => asked };
}

describe('the cached directory', () => {
  it('asks once for ten minutes when it found something, thirty seconds when not', async () => {
    for (const { address, freshMs } of [
      { address: 'alice@acme.test', freshMs: 600_000 },
      { address: 'nobody@acme.test', freshMs: 30_000 },
      { address: 'someone@elsewhere.test', freshMs: 30_000 },
    ]) {
      const { cached, clock, asked } = await cachedWorld();
      const first = await cached.resolveRecipient(address);
      await clock.advance(freshMs - 1);
      assert.deepEqual(await cached.resolveRecipient(address.toUpperCase()), first);
      assert.equal(asked(), 1, address);
      await clock.advance(1);
      await cached.resolveRecipient(address);
      assert.equal(asked(), 2, address);
    }
  });

  it('asks again at once when a change is announced', async () => {
    const { cached, registry, system, alice, volumes, asked } = await cachedWorld();
    const before = await cached.findLogin('alice@acme.test');
    await cached.resolveRecipient('team@acme.test');
    await cached.maySendAs(alice.id, 'team+x@acme.test');
    assert.equal(asked(), 3);
    await registry.updateAccount(system, alice.id, undefined, { password: 'another pass' });
    assert.notEqual((await cached.findLogin('alice@acme.test'))?.verifier, before?.verifier);
    await cached.resolveRecipient('team@acme.test');
    assert.equal(asked(), 5, 'the alias rests on her account too');
    const alias = await registry.findAlias(system, 'team@acme.test');
    assert.ok(alias.ok);
    await registry.deleteAlias(system, alias.value.id);
    assert.equal(await cached.maySendAs(alice.id, 'team+x@acme.test'), false);
    assert.equal(volumes.length, 2);
  });

  it('asks one question at a time', async () => {
    const { cached, asked } = await cachedWorld();
    await Promise.all(Array.from({ length: 20 }, () => cached.resolveRecipient('alice@acme.test')));
    assert.equal(asked(), 1);
  });

  it('serves past the age while the source is away, but nothing known to be wrong', async () => {
    const { cached, clock, lookup, registry, system, alice } = await cachedWorld();
    const route = await cached.resolveRecipient('alice@acme.test');
    const missing = await cached.resolveRecipient('nobody@acme.test');
    assert.ok(await cached.findLogin('alice@acme.test'));
    lookup.unavailable = true;
    await clock.advance(86_400_000);
    assert.deepEqual(await cached.resolveRecipient('alice@acme.test'), route);
    assert.deepEqual(await cached.resolveRecipient('nobody@acme.test'), missing);
    assert.equal(cached.sourceAway, true);
    await assert.rejects(cached.resolveRecipient('bob@acme.test'), DirectoryUnavailableError);
    await registry.updateAccount(system, alice.id, undefined, { password: 'another pass' });
    await assert.rejects(cached.findLogin('alice@acme.test'), DirectoryUnavailableError);
    lookup.unavailable = false;
    assert.ok(await cached.findLogin('alice@acme.test'));
    assert.equal(cached.sourceAway, false);
  });

  it('does not keep an answer that was asked for before a change', async () => {
    const clock = new SimulatedClock();
    const answers = [deferred<RecipientResolution>(), deferred<RecipientResolution>()];
    let asked = 0;
    let announce: (address: string) => void = () => {};
    const cached = new CachedDirectory(
      {
        resolveRecipient: () => answers[asked++]!.promise,
        findLogin: async () => undefined,
        findToken: async () => undefined,
        keepScramKeys: async () => {},
        maySendAs: async () => false,
        watch(listener) {
          announce = listener;
          return () => {};
        },
      },
      clock,
    );
    const early = cached.resolveRecipient('a@x.test');
    announce('a@x.test');
    const late = cached.resolveRecipient('a@x.test');
    answers[1]!.resolve({ kind: 'notLocal' });
    assert.equal((await late).kind, 'notLocal');
    answers[0]!.resolve({ kind: 'unknownUser' });
    assert.equal((await early).kind, 'unknownUser');
    assert.equal((await cached.resolveRecipient('a@x.test')).kind, 'notLocal');
    assert.equal(asked, 2);
  });

  it("keeps '*' for when the source goes away again", async () => {
    const clock = new SimulatedClock();
    let announce: (address: string) => void = () => {};
    let away = false;
    let asked = 0;
    const cached = new CachedDirectory(
      {
        resolveRecipient: async () => {
          asked++;
          if (away) throw new DirectoryUnavailableError();
          return { kind: 'notLocal' };
        },
        findLogin: async () => undefined,
        findToken: async () => undefined,
        keepScramKeys: async () => {},
        maySendAs: async () => false,
        watch(listener) {
          announce = listener;
          return () => {};
        },
      },
      clock,
    );
    await cached.resolveRecipient('a@x.test');
    announce('*');
    away = true;
    assert.equal((await cached.resolveRecipient('a@x.test')).kind, 'notLocal');
    assert.equal(asked, 2);
  });
});
