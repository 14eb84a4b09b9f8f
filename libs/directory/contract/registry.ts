import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { verifyPassword } from '#directory/api';
import { actingFor, type DirectoryFixture, OPERATOR, refusal, Scene, value } from './fixture.ts';

/** What is made, changed, found and refused. */
export function registryContract(open: () => DirectoryFixture): void {
  const scene = (): Scene => new Scene(open());

  describe('partners', () => {
    it('are made once, found by id and slug, and changed by version', async () => {
      const { registry } = open();
      const made = value(await registry.createPartner(OPERATOR, { slug: 'acme-hosting', name: 'Acme' }));
      assert.deepEqual(
        { ...made, id: '', createdAt: 0 },
        {
          id: '',
          slug: 'acme-hosting',
          name: 'Acme',
          state: 'active',
          currency: 'EUR',
          timeZone: 'UTC',
          createdAt: 0,
          version: 1,
        },
      );
      assert.equal(
        refusal(await registry.createPartner(OPERATOR, { slug: 'acme-hosting', name: 'Again' })),
        'conflict',
      );
      assert.deepEqual(value(await registry.findPartner(OPERATOR, 'acme-hosting')), made);
      const changed = value(
        await registry.updatePartner(OPERATOR, made.id, 1, { name: 'Acme AG', timeZone: 'Europe/Zurich' }),
      );
      assert.deepEqual([changed.name, changed.timeZone, changed.version], ['Acme AG', 'Europe/Zurich', 2]);
      assert.equal(refusal(await registry.updatePartner(OPERATOR, made.id, 1, { name: 'Lost' })), 'stale');
      assert.deepEqual(value(await registry.findPartner(OPERATOR, made.id)), changed);
    });

    const refused = [
      [{ slug: 'Acme', name: 'x' }, 'invalid slug'],
      [{ slug: '-acme', name: 'x' }, 'invalid slug'],
      [{ slug: 'a'.repeat(64), name: 'x' }, 'invalid slug'],
      [{ slug: 'b', name: ' ' }, 'invalid name'],
      [{ slug: 'b', name: 'a\nb' }, 'invalid name'],
      [{ slug: 'b', name: 'x', currency: 'XEU1' }, 'invalid currency'],
      [{ slug: 'b', name: 'x', timeZone: 'Mars/Olympus' }, 'invalid timeZone'],
      [{ slug: 'b', name: 'x', timeZone: '+02:00' }, 'invalid timeZone'],
    ] as const;
    for (const [input, reason] of refused)
      it(`refuse ${JSON.stringify(input).slice(0, 60)}`, async () =>
        assert.equal(refusal(await open().registry.createPartner(OPERATOR, input)), reason));
  });

  describe('domains', () => {
    it('are kept as A-labels in the partner’s cluster or a shared one', async () => {
      const { fixture } = scene();
      const { registry } = fixture;
      const partner = await scene().partner('acme');
      const made = await scene().domain(partner, 'Bücher.Example.');
      assert.deepEqual(
        { ...made, id: '', createdAt: 0 },
        {
          id: '',
          partnerId: partner.id,
          name: 'xn--bcher-kva.example',
          clusterId: fixture.clusterId,
          catchAll: null,
          detailSeparator: '+',
          volumeClass: 'standard',
          createdAt: 0,
          version: 1,
        },
      );
      assert.deepEqual(value(await registry.findDomain(OPERATOR, 'BÜCHER.example')), made);
      assert.deepEqual(value(await registry.findDomain(OPERATOR, made.id)), made);
      const input = { partnerId: partner.id, name: 'xn--bcher-kva.example' };
      assert.equal(refusal(await registry.createDomain(OPERATOR, input)), 'conflict');
      const elsewhere = { partnerId: partner.id, name: 'b.example', clusterId: fixture.foreignClusterId };
      assert.equal(refusal(await registry.createDomain(OPERATOR, elsewhere)), 'notFound cluster');
    });

    for (const name of [
      'localhost',
      'a..example',
      '-a.example',
      'a_b.example',
      '192.0.2.1',
      'a.example/x',
      '',
      `${'a'.repeat(64)}.example`,
    ])
      it(`refuse the name ${JSON.stringify(name).slice(0, 30)}`, async () => {
        const partner = await scene().partner('acme');
        const made = await open().registry.createDomain(OPERATOR, { partnerId: partner.id, name });
        assert.equal(refusal(made), 'invalid name');
      });

    it('change by version, and go only when no account is left', async () => {
      const { registry } = open();
      const domain = await scene().domain(await scene().partner('acme'), 'a.example');
      const changed = value(
        await registry.updateDomain(OPERATOR, domain.id, 1, { catchAll: 'All@A.Example', detailSeparator: '' }),
      );
      assert.deepEqual([changed.catchAll, changed.detailSeparator, changed.version], ['All@a.example', '', 2]);
      assert.equal(refusal(await registry.updateDomain(OPERATOR, domain.id, 1, { catchAll: null })), 'stale');
      assert.equal(
        refusal(await registry.updateDomain(OPERATOR, domain.id, 2, { detailSeparator: '++' })),
        'invalid detailSeparator',
      );
      const account = await scene().account('bob@a.example');
      await scene().alias('sales@a.example', 'bob@a.example');
      assert.equal(refusal(await registry.deleteDomain(OPERATOR, domain.id)), 'conflict');
      value(await registry.deleteAccount(OPERATOR, account.id));
      assert.equal(refusal(await registry.deleteDomain(OPERATOR, domain.id, 1)), 'stale');
      value(await registry.deleteDomain(OPERATOR, domain.id, 2));
      assert.equal(refusal(await registry.findDomain(OPERATOR, domain.id)), 'notFound domain');
      assert.equal(refusal(await registry.findAlias(OPERATOR, 'sales@a.example')), 'notFound alias');
    });
  });

  describe('accounts', () => {
    it('are made with a password, found by address in any case, changed and deleted', async () => {
      const { registry, lookup } = open();
      const partner = await scene().partner('acme');
      const domain = await scene().domain(partner, 'a.example');
      const made = await scene().account('Bob@A.example', { displayName: 'Bob', quotaBytes: 5_000 });
      assert.deepEqual(
        { ...made, id: '', volumeId: '', createdAt: 0 },
        {
          id: '',
          partnerId: partner.id,
          domainId: domain.id,
          email: 'bob@a.example',
          displayName: 'Bob',
          state: 'active',
          volumeId: '',
          quotaBytes: 5_000,
          createdAt: 0,
          version: 1,
        },
      );
      assert.deepEqual(value(await registry.findAccount(OPERATOR, 'BOB@a.example')), made);
      const login = await lookup.findLogin('bob@A.EXAMPLE');
      assert.equal(login?.route.accountId, made.id);
      assert.equal(await verifyPassword(login?.verifier ?? '', 'correct horse'), true);
      assert.equal(await verifyPassword(login?.verifier ?? '', 'Correct horse'), false);
      assert.match(login?.scramKeys ?? '', /^SCRAM-SHA-256\$4096:/);

      const change = { displayName: null, state: 'suspended', password: 'battery staple' } as const;
      const changed = value(await registry.updateAccount(OPERATOR, made.id, 1, change));
      assert.deepEqual(
        [changed.displayName, changed.state, changed.quotaBytes, changed.version],
        [null, 'suspended', 5_000, 2],
      );
      const again = await lookup.findLogin('bob@a.example');
      assert.equal(again?.route.state, 'suspended');
      assert.equal(await verifyPassword(again?.verifier ?? '', 'battery staple'), true);
      assert.notEqual(again?.scramKeys, login?.scramKeys);

      assert.equal(refusal(await registry.deleteAccount(OPERATOR, made.id, 1)), 'stale');
      value(await registry.deleteAccount(OPERATOR, made.id, 2));
      assert.equal(refusal(await registry.deleteAccount(OPERATOR, made.id)), 'notFound account');
      assert.equal(await lookup.findLogin('bob@a.example'), undefined);
    });

    it('begin and end as usage, once each', async () => {
      const { registry, usage } = open();
      const partner = await scene().partner('acme');
      await scene().domain(partner, 'a.example');
      const { id } = await scene().account('bob@a.example');
      refusal(await registry.createAccount(OPERATOR, { email: 'bob@a.example', password: 'correct horse' }));
      value(await registry.updateAccount(OPERATOR, id, undefined, { quotaBytes: 1 }));
      value(await registry.deleteAccount(OPERATOR, id));
      refusal(await registry.deleteAccount(OPERATOR, id));
      const event = { meter: 'mailbox', partnerId: partner.id, subject: id };
      assert.deepEqual(
        (await usage()).map(({ id, kind, meter, partnerId, subject }) => ({ id, kind, meter, partnerId, subject })),
        [
          { id: `mailbox~${id}~start`, kind: 'start', ...event },
          { id: `mailbox~${id}~stop`, kind: 'stop', ...event },
        ],
      );
    });

    it('go to the volume of their class with the least load for its weight', async () => {
      const { volumes, registry, foreignVolumeId } = open();
      const partner = await scene().partner('acme');
      await scene().domain(partner, 'a.example');
      await scene().domain(partner, 'p.example', { volumeClass: 'premium' });
      await scene().domain(partner, 'n.example', { volumeClass: 'none' });
      const count = new Map<string, number>();
      for (let n = 0; n < 6; n++) {
        const { volumeId } = await scene().account(`u${n}@a.example`);
        count.set(volumeId, (count.get(volumeId) ?? 0) + 1);
      }
      assert.deepEqual([count.get(volumes.light), count.get(volumes.heavy)], [2, 4]);
      assert.equal((await scene().account('p@p.example')).volumeId, volumes.premium);
      assert.equal((await scene().account('q@a.example', { volumeId: volumes.premium })).volumeId, volumes.premium);
      const input = { email: 'z@n.example', password: 'correct horse' };
      assert.equal(refusal(await registry.createAccount(OPERATOR, input)), 'noVolume');
      assert.equal(
        refusal(await registry.createAccount(OPERATOR, { ...input, volumeId: foreignVolumeId })),
        'notFound volume',
      );
    });

    it('make room again when deleted', async () => {
      const { registry } = open();
      await scene().domain(await scene().partner('acme'), 'p.example', { volumeClass: 'premium' });
      for (let n = 0; n < 3; n++)
        value(await registry.deleteAccount(OPERATOR, (await scene().account('a@p.example')).id));
    });

    const refused = [
      [{ email: 'bob' }, 'invalid email'],
      [{ email: '@a.example' }, 'invalid email'],
      [{ email: 'a..b@a.example' }, 'invalid email'],
      [{ email: '"a b"@a.example' }, 'invalid email'],
      [{ email: 'a b@a.example' }, 'invalid email'],
      [{ email: `${'a'.repeat(65)}@a.example` }, 'invalid email'],
      [{ email: 'bob@[192.0.2.1]' }, 'invalid email'],
      [{ email: 'bob@b.example' }, 'notFound domain'],
      [{ password: 'short' }, 'invalid password'],
      [{ password: 'has a\u0000 in it' }, 'invalid password'],
      [{ password: 'x'.repeat(1_025) }, 'invalid password'],
      [{ quotaBytes: -1 }, 'invalid quotaBytes'],
      [{ quotaBytes: 1.5 }, 'invalid quotaBytes'],
      [{ displayName: '' }, 'invalid displayName'],
      [{ volumeId: 'no-such-volume' }, 'notFound volume'],
    ] as const;
    for (const [input, reason] of refused)
      it(`refuse ${JSON.stringify(input).slice(0, 50)}`, async () => {
        await scene().domain(await scene().partner('acme'), 'a.example');
        const whole = { email: 'bob@a.example', password: 'correct horse', ...input };
        assert.equal(refusal(await open().registry.createAccount(OPERATOR, whole)), reason);
        assert.deepEqual(await open().usage(), []);
      });

    it('share addresses with no alias, even when both are made at once', async () => {
      const { registry } = open();
      await scene().domain(await scene().partner('acme'), 'a.example');
      const attempts = await Promise.all([
        ...[1, 2].map(() => registry.createAccount(OPERATOR, { email: 'x@a.example', password: 'correct horse' })),
        ...[1, 2].map(() => registry.createAlias(OPERATOR, { email: 'x@a.example', targets: ['y@b.example'] })),
      ]);
      assert.equal(attempts.filter((attempt) => attempt.ok).length, 1);
      for (const attempt of attempts) if (!attempt.ok) assert.equal(attempt.error.code, 'conflict');
    });

    it('are listed by address, in pages, by domain', async () => {
      const { registry } = open();
      const partner = await scene().partner('acme');
      const domain = await scene().domain(partner, 'a.example');
      await scene().domain(partner, 'b.example');
      const names = ['é@a.example', 'a@a.example', 'a.b@a.example', 'z@a.example', 'a-b@a.example'];
      for (const name of [...names, 'm@b.example']) await scene().account(name);
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const page = await registry.listAccounts(OPERATOR, {
          limit: 2,
          domain: 'A.example',
          ...(after ? { after } : {}),
        });
        seen.push(...page.items.map((account) => account.email));
        after = page.next;
      } while (after);
      assert.deepEqual(seen, [...names].sort());
      assert.equal((await registry.listAccounts(OPERATOR, { domain: domain.id })).items.length, 5);
      assert.equal((await registry.listAccounts(OPERATOR, {})).items.length, 6);
      assert.equal((await registry.listAccounts(OPERATOR, { limit: 6 })).next, undefined);
      assert.equal((await registry.listAccounts(OPERATOR, { domain: 'nowhere.example' })).items.length, 0);
    });
  });

  describe('aliases', () => {
    it('are made, changed, listed and deleted', async () => {
      const { registry } = open();
      await scene().domain(await scene().partner('acme'), 'a.example');
      const made = await scene().alias('Sales@a.example', 'Bob@Else.example', 'Bob@else.example', 'amy@a.example');
      assert.deepEqual([made.email, made.targets], ['sales@a.example', ['Bob@else.example', 'amy@a.example']]);
      const changed = value(await registry.updateAlias(OPERATOR, made.id, 1, { targets: ['amy@a.example'] }));
      assert.deepEqual([changed.targets, changed.version], [['amy@a.example'], 2]);
      assert.equal(refusal(await registry.updateAlias(OPERATOR, made.id, 1, { targets: ['b@a.example'] })), 'stale');
      assert.deepEqual((await registry.listAliases(OPERATOR, { domain: 'a.example' })).items, [changed]);
      value(await registry.deleteAlias(OPERATOR, made.id, 2));
      assert.equal(refusal(await registry.findAlias(OPERATOR, 'sales@a.example')), 'notFound alias');
    });

    const refused = [
      [{ targets: [] }, 'invalid targets'],
      [{ targets: ['bob@a.example', 'nobody'] }, 'invalid targets[1]'],
      [{ targets: Array.from({ length: 1_001 }, (_, n) => `u${n}@b.example`) }, 'limit'],
      [{ email: 'x@nowhere.example' }, 'notFound domain'],
    ] as const;
    for (const [input, reason] of refused)
      it(`refuse ${JSON.stringify(input).slice(0, 50)}`, async () => {
        await scene().domain(await scene().partner('acme'), 'a.example');
        const whole = { email: 'x@a.example', targets: ['y@a.example'], ...input };
        assert.equal(refusal(await open().registry.createAlias(OPERATOR, whole)), reason);
      });
  });

  describe('API keys', () => {
    it('show their secret once and open by it', async () => {
      const { registry } = open();
      const partner = await scene().partner('acme');
      const input = { partnerId: partner.id, name: 'panel', scopes: ['read', 'write'] as const };
      const { secret, ...made } = value(await registry.createApiKey(OPERATOR, input));
      assert.match(secret, new RegExp(`^rk_${made.prefix}_`));
      assert.equal((await registry.authenticateApiKey(secret))?.id, made.id);
      assert.equal(
        await registry.authenticateApiKey(`${secret.slice(0, -1)}${secret.endsWith('A') ? 'B' : 'A'}`),
        undefined,
      );
      assert.equal(await registry.authenticateApiKey('rk_none'), undefined);
      const [listed] = (await registry.listApiKeys(OPERATOR, {})).items;
      assert.deepEqual({ ...listed, lastUsedAt: null }, made);
      assert(listed?.lastUsedAt);
      value(await registry.updatePartner(OPERATOR, partner.id, undefined, { state: 'closed' }));
      assert.equal(await registry.authenticateApiKey(secret), undefined);
      value(await registry.updatePartner(OPERATOR, partner.id, undefined, { state: 'active' }));
      value(await registry.deleteApiKey(OPERATOR, made.id));
      assert.equal(await registry.authenticateApiKey(secret), undefined);
    });

    it('are the operator’s, or a partner’s and not the operator’s', async () => {
      const { registry } = open();
      const partner = await scene().partner('acme');
      const make = async (partnerId: string | null, ...scopes: ('read' | 'write' | 'operator')[]) =>
        registry.createApiKey(OPERATOR, { partnerId, name: 'k', scopes });
      assert.equal(value(await make(null, 'operator')).partnerId, null);
      assert.equal(refusal(await make(null, 'read')), 'invalid scopes');
      assert.equal(refusal(await make(partner.id, 'operator')), 'invalid scopes');
      assert.equal(refusal(await make(partner.id, 'read', 'read')), 'invalid scopes');
      assert.equal(refusal(await make(partner.id)), 'invalid scopes');
      const own = await registry.createApiKey(actingFor(partner), { partnerId: null, name: 'k', scopes: ['operator'] });
      assert.equal(refusal(own), 'notFound partner');
    });
  });
}
