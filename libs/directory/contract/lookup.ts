import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DirectoryUnavailableError } from '#directory/api';
import { until } from '#testing';
import { type DirectoryFixture, OPERATOR, Scene, value } from './fixture.ts';

/** From an address to where its mail goes. */
export function lookupContract(open: () => DirectoryFixture): void {
  const populated = async (): Promise<Scene> => {
    const scene = new Scene(open());
    const partner = await scene.partner('acme');
    await scene.domain(partner, 'a.example');
    await scene.domain(partner, 'bücher.example', { detailSeparator: '-', catchAll: 'amy@a.example' });
    await scene.domain(partner, 'out.example', { catchAll: 'Box@Elsewhere.example' });
    await scene.account('amy@a.example');
    await scene.account('bob@a.example');
    await scene.account('bob+x@a.example');
    await scene.account('jörg@bücher.example');
    await scene.alias('both@a.example', 'amy@a.example', 'bob@a.example');
    await scene.alias('mixed@a.example', 'both@a.example', 'BOB@a.example', 'Far@Away.example', 'amy+n@a.example');
    await scene.alias('gone@a.example', 'nobody@a.example');
    await scene.alias('half@a.example', 'nobody@a.example', 'amy@a.example');
    await scene.alias('ping@a.example', 'pong@a.example');
    await scene.alias('pong@a.example', 'ping@a.example');
    await scene.alias('loop@a.example', 'loop@a.example', 'amy@a.example');
    return scene;
  };

  const rows: readonly (readonly [string, string, string])[] = [
    ['an account', 'amy@a.example', 'amy@a.example'],
    ['an account in capitals', 'AMY@A.EXAMPLE', 'amy@a.example'],
    ['a quoted local part that needs no quotes', '"amy"@a.example', 'amy@a.example'],
    ['a detail', 'amy+lists+x@a.example', 'amy@a.example'],
    ['an account whose name looks like a detail', 'bob+x@a.example', 'bob+x@a.example'],
    ['a detail of an alias', 'both+x@a.example', 'amy@a.example bob@a.example'],
    ['a separator at the start, which is none', '+amy@a.example', 'unknownUser'],
    ['an unknown local part', 'zoe@a.example', 'unknownUser'],
    ['an unknown local part with a detail', 'zoe+x@a.example', 'unknownUser'],
    ['a domain that is not ours', 'amy@other.example', 'notLocal'],
    ['a subdomain that is not ours', 'amy@sub.a.example', 'notLocal'],
    ['no address', 'amy', 'notLocal'],
    ['an alias of two', 'both@a.example', 'amy@a.example bob@a.example'],
    [
      'nested targets once each, those elsewhere as written',
      'mixed@a.example',
      'amy@a.example bob@a.example →Far@away.example',
    ],
    ['an alias of nobody', 'gone@a.example', 'blocked: the alias leads to no mailbox'],
    ['an alias of nobody and somebody', 'half@a.example', 'amy@a.example'],
    ['a loop', 'ping@a.example', 'blocked: the alias leads to no mailbox'],
    ['a loop with a way out', 'loop@a.example', 'amy@a.example'],
    ['an internationalised address', 'JÖRG@BÜCHER.example', 'jörg@xn--bcher-kva.example'],
    ['the same, decomposed and as A-label', 'jo\u0308rg@xn--bcher-kva.example', 'jörg@xn--bcher-kva.example'],
    ['another separator', 'jörg-news@bücher.example', 'jörg@xn--bcher-kva.example'],
    ['a catch-all', 'whoever@bücher.example', 'amy@a.example'],
    ['a catch-all of a quoted local part', '"who @ ever"@bücher.example', 'amy@a.example'],
    ['a catch-all elsewhere', 'whoever@out.example', '→Box@elsewhere.example'],
  ];
  it('resolves every kind of recipient', async () => {
    const scene = await populated();
    for (const [what, address, wanted] of rows) assert.equal(await scene.resolved(address), wanted, what);
  });

  it('gives the route of an account', async () => {
    const scene = await populated();
    const { registry, lookup, clusterId } = scene.fixture;
    const amy = value(await registry.findAccount(OPERATOR, 'amy@a.example'));
    const outcome = await lookup.resolveRecipient('amy@a.example');
    assert(outcome.kind === 'deliver');
    assert.equal(outcome.partnerId, amy.partnerId);
    assert.deepEqual(outcome.accounts, [
      {
        accountId: amy.id,
        email: 'amy@a.example',
        partnerId: amy.partnerId,
        domainId: amy.domainId,
        clusterId,
        volumeId: amy.volumeId,
        quotaBytes: 0,
        state: 'active',
      },
    ]);
  });

  it('stops a chain that is too long rather than lose its end', async () => {
    const scene = await populated();
    for (let n = 0; n < 11; n++)
      await scene.alias(`n${n}@a.example`, n === 0 ? 'amy@a.example' : `n${n - 1}@a.example`);
    assert.equal(await scene.resolved('n9@a.example'), 'amy@a.example');
    assert.equal(await scene.resolved('n10@a.example'), 'blocked: the alias is nested too deep');
  });

  it('stops what grows past all use', async () => {
    const scene = await populated();
    const names = Array.from({ length: 8 }, (_, n) => `g${n}@a.example`);
    for (const name of names) {
      const targets = Array.from({ length: 1_000 }, (_, n) => `${name.slice(0, 2)}x${n}@far.example`);
      await scene.alias(name, ...targets);
    }
    await scene.alias('all@a.example', ...names);
    assert.equal(await scene.resolved('all@a.example'), 'blocked: the alias has too many addresses');
  });

  it('applies the state of account and partner', async () => {
    const scene = await populated();
    const { registry, lookup } = scene.fixture;
    const amy = value(await registry.findAccount(OPERATOR, 'amy@a.example'));
    const loginState = async () => (await lookup.findLogin('amy@a.example'))?.route.state;
    value(await registry.updateAccount(OPERATOR, amy.id, undefined, { state: 'receiveBlocked' }));
    assert.equal(await scene.resolved('amy@a.example'), 'blocked: the mailbox does not accept mail');
    assert.equal(await scene.resolved('both@a.example'), 'bob@a.example');
    value(await registry.updateAccount(OPERATOR, amy.id, undefined, { state: 'active' }));
    value(await registry.updatePartner(OPERATOR, amy.partnerId, undefined, { state: 'suspended' }));
    assert.equal(await scene.resolved('amy@a.example'), 'amy@a.example');
    assert.equal(await loginState(), 'suspended');
    value(await registry.updatePartner(OPERATOR, amy.partnerId, undefined, { state: 'closed' }));
    assert.equal(await scene.resolved('amy@a.example'), 'blocked: the domain is no longer served');
    assert.equal(await scene.resolved('zoe@a.example'), 'blocked: the domain is no longer served');
    assert.equal(await loginState(), 'receiveBlocked');
  });

  it('signs in by account address only', async () => {
    const { lookup } = (await populated()).fixture;
    for (const name of ['both@a.example', 'amy+x@a.example', 'whoever@out.example', 'amy', 'amy@other.example'])
      assert.equal(await lookup.findLogin(name), undefined, name);
  });

  it('says what an account may send as', async () => {
    const { registry, lookup } = (await populated()).fixture;
    const { id } = value(await registry.findAccount(OPERATOR, 'amy@a.example'));
    const may = ['amy@a.example', 'Amy+anything@a.example', 'both@a.example', 'mixed@a.example', 'both+x@a.example'];
    const mayNot = [
      'bob@a.example',
      'zoe@a.example',
      'whoever@bücher.example',
      'amy@other.example',
      '',
      'gone@a.example',
    ];
    for (const address of may) assert.equal(await lookup.maySendAs(id, address), true, address);
    for (const address of mayNot) assert.equal(await lookup.maySendAs(id, address), false, address);
  });

  describe('for those who cache', () => {
    const dependsOn = async (scene: Scene, address: string) =>
      [...((await scene.fixture.lookup.resolveRecipient(address)).dependsOn ?? [])].sort();

    it('names every address and domain an answer depends on', async () => {
      const scene = await populated();
      assert.deepEqual(await dependsOn(scene, 'Zoe+x@a.example'), ['@a.example', 'zoe+x@a.example', 'zoe@a.example']);
      assert.deepEqual(await dependsOn(scene, 'both@a.example'), [
        '@a.example',
        'amy@a.example',
        'bob@a.example',
        'both@a.example',
      ]);
      assert.deepEqual(await dependsOn(scene, 'amy@other.example'), ['@other.example', 'amy@other.example']);
    });

    it('announces each change that may change an answer', async () => {
      const scene = await populated();
      const { registry, lookup } = scene.fixture;
      const heard: string[] = [];
      const stop = lookup.watch((address) => heard.push(address));
      const hears = async (what: string, act: () => Promise<unknown>) => {
        heard.length = 0;
        await act();
        await until(`news of ${what}`, () => heard.includes(what));
      };
      const { id } = value(await registry.findAccount(OPERATOR, 'amy@a.example'));
      const domain = value(await registry.findDomain(OPERATOR, 'a.example'));
      const alias = value(await registry.findAlias(OPERATOR, 'both@a.example'));
      await hears('new@a.example', () => scene.account('new@a.example'));
      await hears('amy@a.example', () => registry.updateAccount(OPERATOR, id, undefined, { password: 'new password' }));
      await hears('amy@a.example', () => registry.deleteAccount(OPERATOR, id));
      await hears('both@a.example', () =>
        registry.updateAlias(OPERATOR, alias.id, undefined, { targets: ['bob@a.example'] }),
      );
      await hears('@a.example', () =>
        registry.updateDomain(OPERATOR, domain.id, undefined, { catchAll: 'bob@a.example' }),
      );
      await hears('*', () => registry.updatePartner(OPERATOR, domain.partnerId, undefined, { state: 'suspended' }));
      stop();
      heard.length = 0;
      await scene.account('newer@a.example');
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.deepEqual(heard, []);
    });

    it('says that it cannot be asked, instead of that nobody is there', async () => {
      const scene = await populated();
      const { lookup } = scene.fixture;
      await scene.fixture.cutOff();
      await assert.rejects(lookup.resolveRecipient('amy@a.example'), DirectoryUnavailableError);
      await assert.rejects(lookup.findLogin('amy@a.example'), DirectoryUnavailableError);
      await assert.rejects(lookup.maySendAs('x', 'amy@a.example'), DirectoryUnavailableError);
    });
  });
}
