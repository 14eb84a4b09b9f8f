import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isSecretOf, readTokenSecret } from '#directory/api';
import { present } from '#stdx';
import { until } from '#testing';
import { type DirectoryFixture, OPERATOR, refusal, Scene, value } from './fixture.ts';

/** What a hub signs people in with, besides the password's hash. */
export function signInContract(open: () => DirectoryFixture): void {
  const amy = async () => {
    const scene = new Scene(open());
    await scene.domain(await scene.partner('acme'), 'a.example');
    return { ...scene.fixture, account: await scene.account('amy@a.example') };
  };
  const HOUR_MS = 3_600_000;

  describe('tokens of an account', () => {
    it('show their secret once and are found by its prefix', async () => {
      const { registry, lookup, account } = await amy();
      const input = { accountId: account.id, name: 'phone', lifetimeMs: HOUR_MS };
      const { secret, ...made } = value(await registry.createAccountToken(OPERATOR, input));
      assert.equal(made.expiresAt.getTime() - made.createdAt.getTime(), HOUR_MS);
      const read = present(readTokenSecret(secret), 'a token of ours');
      const found = present(await lookup.findToken(read.prefix), 'a token');
      assert.equal(found.route.email, 'amy@a.example');
      assert.equal(found.expiresAt, made.expiresAt.getTime());
      assert(isSecretOf(read, found.hash));
      assert.equal(await lookup.findToken('000000000000'), undefined);
      assert.deepEqual((await registry.listAccountTokens(OPERATOR, account.id, {})).items, [made]);
      value(await registry.deleteAccountToken(OPERATOR, account.id, made.id));
      assert.equal(refusal(await registry.deleteAccountToken(OPERATOR, account.id, made.id)), 'notFound accountToken');
      assert.equal(await lookup.findToken(read.prefix), undefined);
    });

    it('end with the password, and with the account', async () => {
      const { registry, lookup, account } = await amy();
      const make = async (): Promise<string> =>
        value(await registry.createAccountToken(OPERATOR, { accountId: account.id, name: 'x', lifetimeMs: HOUR_MS }))
          .prefix;
      const first = await make();
      value(await registry.updateAccount(OPERATOR, account.id, undefined, { displayName: 'Amy' }));
      assert(await lookup.findToken(first));
      value(await registry.updateAccount(OPERATOR, account.id, undefined, { password: 'battery staple' }));
      assert.equal(await lookup.findToken(first), undefined);
      const second = await make();
      value(await registry.deleteAccount(OPERATOR, account.id));
      assert.equal(await lookup.findToken(second), undefined);
    });

    it('are announced as their account when they come and go', async () => {
      const { registry, lookup, account } = await amy();
      await new Promise((resolve) => setTimeout(resolve, 50));
      const heard: string[] = [];
      const stop = lookup.watch((address) => heard.push(address));
      const input = { accountId: account.id, name: 'x', lifetimeMs: HOUR_MS };
      const { id } = value(await registry.createAccountToken(OPERATOR, input));
      await until('news of it', () => heard.includes('amy@a.example'));
      heard.length = 0;
      value(await registry.deleteAccountToken(OPERATOR, account.id, id));
      await until('news of its end', () => heard.includes('amy@a.example'));
      stop();
    });

    it('have bounds', async () => {
      const { registry, account } = await amy();
      const make = (more: object) =>
        registry.createAccountToken(OPERATOR, { accountId: account.id, name: 'x', lifetimeMs: HOUR_MS, ...more });
      assert.equal(refusal(await make({ name: '' })), 'invalid name');
      assert.equal(refusal(await make({ lifetimeMs: 59_999 })), 'invalid lifetimeSeconds');
      assert.equal(refusal(await make({ lifetimeMs: 367 * 86_400_000 })), 'invalid lifetimeSeconds');
      assert.equal(refusal(await make({ accountId: 'nobody' })), 'notFound account');
      for (let n = 0; n < 50; n++) value(await make({}));
      assert.equal(refusal(await make({})), 'limit');
    });
  });

  it('SCRAM keys are kept only with the verifier they were made for, and only once', async () => {
    const { registry, lookup, account } = await amy();
    const before = present(await lookup.findLogin('amy@a.example'), 'a login');
    const keys = present(before.scramKeys, 'keys made with the password');
    await lookup.keepScramKeys(account.id, before.verifier, keys.replace('4096', '4097'));
    assert.equal((await lookup.findLogin('amy@a.example'))?.scramKeys, keys);
    value(await registry.updateAccount(OPERATOR, account.id, undefined, { password: 'pass\u0378word\ue000' }));
    const without = present(await lookup.findLogin('amy@a.example'), 'a login');
    assert.equal(without.scramKeys, null, 'SASLprep prohibits private use characters');
    await lookup.keepScramKeys(account.id, before.verifier, keys);
    assert.equal((await lookup.findLogin('amy@a.example'))?.scramKeys, null);
    await lookup.keepScramKeys(account.id, without.verifier, keys);
    assert.equal((await lookup.findLogin('amy@a.example'))?.scramKeys, keys);
  });
}
